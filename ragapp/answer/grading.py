"""What an answer is worth, by the confidence in its passage and by how its words were found there."""

from __future__ import annotations

from ragapp.answer.calibration import Calibration
from ragapp.contract import Caution, Grade


def grade_of(calibration: Calibration, caution: Caution, confidence: float, own_words: bool) -> Grade:
    """The grade of a question.

    Args:
        confidence: probability, 0 to 1, that the likeliest passage states the answer.
        own_words: whether the answer is the passage's own sentences, since what the model wrote is not stated there.
    """
    if confidence < calibration.thresholds[caution]:
        return "not_found"
    return "answered" if confidence >= calibration.sure[caution] and not own_words else "likely"
