"""What ratings say about questions, in the form that calibration reads."""

import json

import pytest

from ragapp.answer.grounding import MARK
from ragapp.contract import Answer, Citation, Feedback, Sentence, Turn
from ragapp.evaluation.rated_answers import rated_questions
from ragapp.evaluation.runner import read_questions

PASSAGE = "Hotels in London are paid up to £175 per night; the head of finance decides."


def turn(written, feedback, question="What is paid in London?", *, abstained=False, n=1):
    cited = Citation("policy.pdf", "/policy.pdf", 3, n=1, quote=PASSAGE, start=0, end=len(PASSAGE))
    sentences = () if abstained else (Sentence(f"{written} [1]", True, (1,), (PASSAGE,)),)
    made = Answer(question, written, abstained, 0.9, sentences, () if abstained else (cited,), standalone=question)
    return Turn(question, made, question, n, feedback=feedback)


@pytest.mark.parametrize(
    ("rated", "line"),
    [
        (turn("It is £175 per night.", Feedback("up")), {"answers": ["£175"], "document": "policy.pdf", "pages": [3]}),
        (turn("The head of finance.", Feedback("up")), {"answers": ["The head of finance"], "answerable": True}),
        (turn("It is £215.", Feedback("down", expected="£175")), {"answers": ["£175"], "pages": [3]}),
        (turn("It is £215.", Feedback("down", unanswerable=True)), {"answers": [], "answerable": False}),
        (turn("Not said.", Feedback("up"), abstained=True), {"answers": [], "answerable": False}),
        (
            turn("Not said.", Feedback("down", expected="£175"), abstained=True),
            {"answers": ["£175"], "answerable": True},
        ),
    ],
)
def test_a_rating_says_what_is_right(rated, line):
    (written,) = rated_questions([rated]).lines
    assert {name: written[name] for name in line} == line


@pytest.mark.parametrize("feedback", [Feedback("down"), Feedback("", "only a note")])
def test_where_nothing_is_known_of_the_right_answer_it_is_counted(feedback):
    assert rated_questions([turn("It is £215.", feedback)]) == rated_questions([]).__class__((), 1)


def test_the_last_word_on_a_question_holds_and_the_file_is_read(tmp_path):
    first = turn("It is £175.", Feedback("up"))
    second = turn("It is £175.", Feedback("down", "old", "£190"), n=2)
    path = tmp_path / "rated.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in rated_questions([first, second]).lines))
    (question,) = read_questions(path)
    assert (question.id, question.answers, question.document) == ("turn-2", ("£190",), "")
    assert not MARK.search(question.text)
