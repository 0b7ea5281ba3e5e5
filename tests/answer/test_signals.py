import pytest
from answerkit import passage

from ragapp.answer.judging import Judged
from ragapp.answer.signals import NAMES, read_signals

LEAVE = passage("Annual leave is 25 days.", "leave.pdf", title="Leave 2025")
OTHER = passage("Sheffield has a canteen.", "canteen.pdf")


def read(question, judged=(0.8, 0.2), passages=(LEAVE, OTHER), language="en"):
    return read_signals(question, list(map(Judged, passages, judged)), language)


def test_the_likeliest_passage_speaks():
    first, second = read("How many days?"), read("How many days?", (0.2, 0.8))
    assert first.probe == second.probe > 0
    assert len(first.values()) == len(NAMES)


def test_certainty_is_bounded():
    assert read("Why?", (1.0, 0.0)).probe == pytest.approx(-read("Why?", (0.0, 0.0)).probe)
    assert read("Why?", (1.0, 0.0)).probe < 10


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
    assert read("How many canteens?", (0.8, 0.2)).wanted == 0
    assert read("How many canteens?", (0.2, 0.8)).wanted == 1
    assert read("Who has a canteen?", (0.2, 0.8)).wanted == 0


def test_one_passage_is_enough():
    assert read("Why?", (0.5,), (LEAVE,)).probe == 0
