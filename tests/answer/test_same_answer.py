"""The default model gives the same question the same answer: cold, warm, after ten others, and after a restart."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from ragapp.app import App
from ragapp.contract.codec import to_values
from ragapp.llm.prompt_store import FOLDER_NAME, usage
from ragapp.settings import load_settings

pytestmark = [pytest.mark.real, pytest.mark.timeout(900)]

QUESTION = "What is the hotel limit for London in the 2025 travel policy?"
OTHERS = (
    "Who approves a trip to Austria?",
    "How long is the warranty of the HM-200?",
    "When does the summer closure begin?",
    "What does a new battery cost?",
    "How many days of leave are there?",
    "Where do people meet in a fire?",
    "What is the hotel limit for Paris?",
    "Who runs the travel desk?",
    "How is the device cleaned?",
    "What was sold in 2024?",
)
# what the same question must have in common with itself
SAME = ("answer", "grade", "confidence", "sentences", "citations", "judged", "signals", "doubt")
SETTINGS = {
    "EMBEDDING__MODEL": "all-minilm-l6-v2",
    "LLM__CONTEXT": 2048,
    "ANSWER__MAX_TOKENS": 40,
    "RETRIEVAL__PASSAGES": 1,
    "RETRIEVAL__CONTEXT_TOKENS": 900,
}


def shown(values):
    return {name: json.loads(json.dumps(values[name])) for name in SAME}


def test_the_same_question_gives_the_same_grade_and_the_same_words(
    default_llm, models_dir, sample_store, tmp_path, request, monkeypatch
):
    data = shutil.copytree(sample_store, tmp_path / "data")
    paths = {"PATHS__DATA": data, "PATHS__MODELS": models_dir, "PATHS__INGEST": tmp_path / "drop"}
    for name, value in {**SETTINGS, **paths}.items():
        monkeypatch.setenv(f"RAGAPP_{name}", str(value))
    settings = load_settings(request.config.rootpath / "settings.yaml")

    def told(app, question=QUESTION):
        return shown(to_values(app.ask(question)))

    with App(settings) as app:
        cold = told(app)
        assert cold["grade"] in ("answered", "likely")
        assert told(app) == cold
        for question in OTHERS:
            told(app, question)
        assert told(app) == cold
        app.engine().close()
    # what was read is on disk by now, and another process takes it from there
    assert usage(data / FOLDER_NAME).readings > len(OTHERS) / 2
    command = [sys.executable, "-m", "ragapp", "ask", QUESTION, "--json"]
    done = subprocess.run(command, cwd=tmp_path, env=os.environ, capture_output=True, text=True, check=True)
    assert shown(json.loads(done.stdout)) == cold
