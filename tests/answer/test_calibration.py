import random
from dataclasses import astuple

import pytest
from answerkit import passage

from ragapp.answer.calibration import NAMES, Calibration, Example, Features, area_under_curve, features_of, fit
from ragapp.answer.calibration_file import GENERAL, ModelPair, calibration_for
from ragapp.errors import UsageError


def signals(**values):
    return Features(**{name: float(values.get(name, 0)) for name in NAMES})


def sample(count, seed=0):
    """Questions of which a passage states the answer where the probe says so, mostly; one passage was read of each."""
    rng = random.Random(seed)
    given = [signals(probe=rng.gauss(0, 2), score=rng.random()) for _ in range(count)]
    states = [one.probe + rng.gauss(0, 1) > 0 for one in given]
    return [Example((one,), (stated,), stated) for one, stated in zip(given, states, strict=True)]


def test_what_tells_right_from_wrong_gets_the_weight():
    fitted = fit(sample(400))
    weights = dict(zip(NAMES, fitted.weights, strict=True))
    assert weights["probe"] > 0.8
    assert abs(weights["score"]) < 0.8
    assert weights["similarity"] == pytest.approx(0, abs=1e-6)
    agreeing = [
        (fitted.max_probability(one.signals) >= fitted.thresholds["normal"]) == one.right for one in sample(400, seed=1)
    ]
    assert sum(agreeing) / 400 > 0.8


def test_probabilities_are_about_right():
    fitted = fit(sample(2000))
    sure = [one.right for one in sample(2000, seed=2) if fitted.max_probability(one.signals) > 0.9]
    assert sum(sure) / len(sure) > 0.88


def test_every_passage_that_was_read_teaches():
    # one of four states the answer, and what tells is in which it is; the questions themselves are all alike
    rng = random.Random(0)
    examples = []
    for number in range(200):
        states = tuple(place == number % 4 for place in range(4))
        read = tuple(signals(probe=rng.gauss(0, 1), score=0.5 + 0.4 * stated) for stated in states)
        examples.append(Example(read, states, number % 2 == 0))
    weights = dict(zip(NAMES, fit(examples).weights, strict=True))
    assert weights["score"] > 5
    assert abs(weights["probe"]) < 0.5


def test_more_caution_asks_for_more():
    thresholds = fit(sample(200)).thresholds
    assert thresholds["low"] < thresholds["normal"] < thresholds["high"]


@pytest.mark.parametrize(
    ("probability", "caution"), [(0.1, ""), (0.2, "low"), (0.39, "low"), (0.4, "normal"), (0.6, "high"), (1.0, "high")]
)
def test_the_highest_caution_that_lets_an_answer_through(probability, caution):
    known = Calibration((1.0,) * len(NAMES), 0.0, {"low": 0.2, "normal": 0.4, "high": 0.6})
    assert known.caution_for(probability) == caution


def test_few_questions_stay_near_what_was_known():
    known = Calibration((5.0,) + (0.0,) * (len(NAMES) - 1), 0.0, {"low": 0.2, "normal": 0.4, "high": 0.6}, 300)
    few = sample(20)
    assert fit(few, known).weights[0] > fit(few).weights[0]


def test_a_start_that_is_far_off_does_not_mislead_many_questions():
    wrong = Calibration((-8.0, 9.0, 0.0), 20.0, {"low": 0.2, "normal": 0.4, "high": 0.6}, 300)
    fitted, free = fit(sample(2000), wrong), fit(sample(2000))
    # it is no more than pulled a little, where an unchecked step would have gone to a hundred
    assert fitted.weights[0] == pytest.approx(free.weights[0], abs=0.5)
    assert all(abs(one - other) < 1.5 for one, other in zip(fitted.weights, free.weights, strict=True))


@pytest.mark.parametrize("right", [[True] * 40, [False] * 40, [True] * 3 + [False] * 37])
def test_one_kind_of_question_teaches_nothing(right):
    with pytest.raises(UsageError, match="at least 8 of each"):
        fit([Example((signals(probe=n),), (label,), label) for n, label in enumerate(right)])


def test_the_shipped_ones_are_sound():
    for pair in (ModelPair(GENERAL), ModelPair("qwen2.5-coder-1.5b-instruct", "multilingual-e5-small")):
        shipped = calibration_for(pair)
        assert 0 < shipped.thresholds["low"] < shipped.thresholds["normal"] < shipped.thresholds["high"] < 1
        assert shipped.probability(signals(probe=3, score=1)) > shipped.probability(signals(probe=-3))


def test_the_area_under_the_curve():
    assert area_under_curve([0.9, 0.8, 0.1], [True, True, False]) == 1
    assert area_under_curve([0.9, 0.5, 0.5, 0.1], [True, False, True, False]) == pytest.approx(0.875)


LEAVE = passage("Annual leave is 25 days.", "leave.pdf", title="Leave 2025", score=0.7)


def test_what_the_model_and_the_search_say():
    signals = features_of(LEAVE, 0.8)
    assert signals.probe > 0 > features_of(LEAVE, 0.2).probe
    assert features_of(LEAVE, 0.5).probe == 0
    assert (signals.score, signals.similarity) == (0.7, 0.4)
    assert len(astuple(signals)) == len(NAMES)


def test_certainty_is_bounded():
    assert features_of(LEAVE, 1.0).probe == pytest.approx(-features_of(LEAVE, 0.0).probe)
    assert features_of(LEAVE, 1.0).probe < 10
