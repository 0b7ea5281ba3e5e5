"""The sample documents keep what they promise."""

import json
import subprocess
import sys


def questions(root):
    lines = (root / "sample_docs" / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_the_questions_are_enough_and_of_each_kind(request):
    asked = questions(request.config.rootpath)
    assert len(asked) >= 40
    assert sum(not question["answerable"] for question in asked) >= 10
    assert sum(question["language"] == "fr" for question in asked) >= 12
    assert len({question["id"] for question in asked}) == len(asked)


def test_every_answer_stands_on_its_page(request):
    script = request.config.rootpath / "scripts" / "make_sample_docs.py"
    result = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
