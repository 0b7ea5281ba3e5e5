"""Two bounds for each caution: below the first nothing is shown, from the second on it counts as answered."""

import pytest

from ragapp.answer.calibration_file import general_calibration
from ragapp.answer.grading import grade_of
from ragapp.contract import CAUTIONS

CALIBRATION = general_calibration()


@pytest.mark.parametrize("caution", CAUTIONS)
def test_the_bounds_of_a_caution_part_the_grades(caution):
    shown, sure = CALIBRATION.thresholds[caution], CALIBRATION.sure[caution]
    assert 0 < shown < sure < 1
    confidences = (0.0, shown - 1e-6, shown, sure - 1e-6, sure, 1.0)
    grades = [grade_of(CALIBRATION, caution, confidence, own_words=False) for confidence in confidences]
    assert grades == ["not_found", "not_found", "likely", "likely", "answered", "answered"]


def test_more_caution_moves_both_bounds_up():
    for bounds in (CALIBRATION.thresholds, CALIBRATION.sure):
        assert bounds["low"] < bounds["normal"] < bounds["high"]


def test_the_passages_own_words_are_for_the_person_to_judge():
    assert grade_of(CALIBRATION, "normal", 1.0, own_words=True) == "likely"
    assert grade_of(CALIBRATION, "normal", 0.0, own_words=True) == "not_found"
