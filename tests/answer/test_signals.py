import pytest
from answerkit import passage

from ragapp.answer.calibration import NAMES, read_signals

LEAVE = passage("Annual leave is 25 days.", "leave.pdf", title="Leave 2025", score=0.7)


def test_what_the_model_and_the_search_say():
    signals = read_signals(LEAVE, 0.8)
    assert signals.probe > 0 > read_signals(LEAVE, 0.2).probe
    assert read_signals(LEAVE, 0.5).probe == 0
    assert (signals.score, signals.dense) == (0.7, 0.5)
    assert len(signals.values()) == len(NAMES)


def test_certainty_is_bounded():
    assert read_signals(LEAVE, 1.0).probe == pytest.approx(-read_signals(LEAVE, 0.0).probe)
    assert read_signals(LEAVE, 1.0).probe < 10
