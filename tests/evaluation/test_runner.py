import json

import pytest

from ragapp.app import App
from ragapp.contract import Answer, Citation
from ragapp.errors import PathError, UsageError
from ragapp.evaluation.runner import Question, QuestionResult, aggregate, read_questions, run_questions


def write(folder, *lines):
    file = folder / "questions.jsonl"
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


def test_reading_fills_in_what_is_missing(tmp_path):
    file = write(tmp_path, '{"question": "A?"}', "", '{"id": "x", "question": "B?", "answerable": false}')
    first, second = read_questions(file)
    assert (first.id, first.text, first.answerable) == ("1", "A?", True)
    assert (second.id, second.answerable) == ("x", False)


@pytest.mark.parametrize("line", ["{", "[]", '"text"', '{"answers": ["a"]}', '{"question": "a", "pages": ["x"]}', "7"])
def test_a_bad_line_is_named(tmp_path, line):
    with pytest.raises(UsageError, match="line 2"):
        read_questions(write(tmp_path, '{"question": "A?"}', line))


def test_no_file_and_no_questions(tmp_path):
    with pytest.raises(PathError, match=r"nowhere\.jsonl"):
        read_questions(tmp_path / "nowhere.jsonl")
    with pytest.raises(UsageError, match="no questions"):
        read_questions(write(tmp_path, ""))


def answer(text="", abstained=False, citations=()):
    cited = tuple(Citation(d, d, p, n=n, quote=q, start=0, end=len(q)) for n, (d, p, q) in enumerate(citations, 1))
    return Answer("q", text, abstained, 1.0, citations=cited)


def test_summary_counts_what_it_says():
    known = Question("1", "A?", ("25 days",), "a.pdf", (2,))
    other = Question("2", "B?", ("red",), "b.pdf", (1,))
    none = Question("3", "C?", answerable=False)
    results = [
        QuestionResult(
            known,
            [("b.pdf", 1), ("a.pdf", 1), ("a.pdf", 2)],
            answer("25 days [1]", citations=[("a.pdf", 2, "is 25 days.")]),
        ),
        QuestionResult(other, [("b.pdf", 1)], answer("Not said.", abstained=True)),
        QuestionResult(none, [("a.pdf", 1)], answer("Not said.", abstained=True)),
    ]
    summary = aggregate([known, other, none], results, with_llm=True)
    assert summary["questions"] == 3
    assert summary["retrieval"] == {"document@5": 1.0, "page@1": 0.5, "page@5": 1.0, "mrr@10": 0.6667}
    assert summary["answers"] == {"exact": 0.5, "contains": 0.5, "recall": 0.5, "f1": 0.5}
    assert summary["citations"] == {"page_hit": 1.0, "quote_found": 1.0}
    assert summary["abstention"] == {"refused_unanswerable": 1.0, "answered_answerable": 0.5}


def test_summary_without_a_model_has_no_answers():
    question = Question("1", "A?")
    summary = aggregate([question], [QuestionResult(question, [("a.pdf", 1)])], with_llm=False)
    assert "answers" not in summary
    assert summary["retrieval"]["page@1"] is None


@pytest.mark.real
def test_the_sample_questions_find_their_pages(sample_settings, request, tmp_path):
    questions = read_questions(request.config.rootpath / "sample_docs" / "questions.jsonl")
    out = tmp_path / "out.jsonl"
    with App(sample_settings) as app:
        results = list(run_questions(app, questions, with_llm=False, out=out))
    summary = aggregate(questions, results, with_llm=False)
    assert len(questions) >= 40
    assert summary["retrieval"]["page@5"] >= 0.9
    assert summary["retrieval"]["page@1"] >= 0.8
    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [line["id"] for line in lines] == [question.id for question in questions]
    for line, result in zip(lines, results, strict=True):
        assert [(passage["document"], passage["page"]) for passage in line["passages"]] == result.places
        assert [passage["n"] for passage in line["passages"]] == [*range(1, len(result.places) + 1)]
        assert all(passage["text"] for passage in line["passages"])
