import pytest
from answerkit import passage

from ragapp.answer.signals import NAMES, read_signals

LEAVE = passage("Annual leave is 25 days.", "leave.pdf", title="Leave 2025", score=0.7)
OTHER = passage("Sheffield has a canteen.", "canteen.pdf")


def read(question, yes=0.8, of=LEAVE, language="en"):
    return read_signals(question, of, yes, language)


def test_what_the_model_and_the_search_say():
    signals = read("How many days?")
    assert signals.probe > 0 > read("How many days?", 0.2).probe
    assert (signals.score, signals.dense) == (0.7, 0.5)
    assert len(signals.values()) == len(NAMES)


def test_certainty_is_bounded():
    assert read("Why?", 1.0).probe == pytest.approx(-read("Why?", 0.0).probe)
    assert read("Why?", 1.0).probe < 10
    assert read("Why?", 0.5).probe == 0


@pytest.mark.parametrize(
    ("question", "missing"),
    [
        ("How many days in 2025?", 0), ("How many days in 2024?", 1), ("How much leave in Sheffield?", 1),
        ("Annual leave?", 0),
    ],
)  # fmt: skip
def test_what_the_question_names_should_be_in_the_passage(question, missing):
    assert read(question).figures == missing


def test_a_question_for_a_figure_wants_a_passage_with_one():
    assert read("How many canteens?").wanted == 0
    assert read("How many canteens?", of=OTHER).wanted == 1
    assert read("Who has a canteen?", of=OTHER).wanted == 0
