"""The answerability classifier: logistic regression on features of a passage.

It holds for a language model together with an embedder (:mod:`ragapp.answer.calibration_file`).  It is fitted to
questions whose right answers are known (``benchmarks/answers.py`` and ``ragapp eval --calibrate``), or to questions
that the model wrote itself (``ragapp calibrate``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass, field, replace
from typing import Literal

import numpy as np

from ragapp.contract import CAUTIONS, Caution
from ragapp.errors import UsageError
from ragapp.retrieval.passage import ScoredChunk

#: what a calibration was fitted to: a person's own questions, questions that the model wrote about a person's own
#: documents, or public questions, asked of this pair of models or of another one
Origin = Literal["questions", "documents", "shipped", "general"]
# ridge penalties: of the weights, and of an intercept without a start
PENALTY, FREE = 3.0, 1e-3
# right answers and others that are needed at least
LEAST_OF_A_KIND = 8
ROUNDS, TOLERANCE = 50, 1e-8
# odds of an answer that counts as answered, in those of one that is shown at all
SURE_ODDS = 4.0
# probabilities are clipped to this, so that the log-odds of one never outweigh all other features
_LEAST = 0.002


@dataclass(frozen=True, slots=True)
class Features:
    """Features of a question and a passage."""

    probe: float  #: log-odds that the passage states the answer, by the language model
    score: float  #: fused score of the search, 0 to 1
    similarity: float  #: cosine with the question, on the embedder's own scale


NAMES = tuple(Features.__dataclass_fields__)


def features_of(passage: ScoredChunk, yes: float) -> Features:
    """The features of a passage, for which the model's probability of yes to the probe is ``yes``, 0 to 1."""
    p = min(max(yes, _LEAST), 1 - _LEAST)
    return Features(probe=math.log(p / (1 - p)), score=min(1.0, passage.score), similarity=passage.similarity)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What makes the grades, as probabilities by caution; see :class:`Calibration`."""

    thresholds: dict[str, float]
    sure_bounds: dict[str, float]


@dataclass(frozen=True, slots=True)
class Calibration:
    """A fitted classifier."""

    weights: tuple[float, ...]  #: in the order of :data:`NAMES`
    intercept: float  #: log-odds where all features are zero
    thresholds: dict[str, float]  #: probability below which nothing is answered, by caution
    questions: int = 0  #: number that it was fitted on
    #: probability from which an answer counts as answered, by caution, where that was fitted, too; else empty
    sure_bounds: dict[str, float] = field(default_factory=dict)
    origin: Origin = "shipped"
    #: bounds for questions in a language (ISO 639-1) in which others were measured
    languages: dict[str, Bounds] = field(default_factory=dict)

    def for_language(self, code: str) -> Calibration:
        """The one for questions in a language; itself where nothing else was measured."""
        own = self.languages.get(code)
        return replace(self, thresholds=own.thresholds, sure_bounds=own.sure_bounds) if own else self

    def probability(self, signals: Features) -> float:
        """Probability that a passage states the answer, 0 to 1."""
        log_odds = float(np.dot(self.weights, astuple(signals))) + self.intercept
        return float(1 / (1 + np.exp(-log_odds)))

    @property
    def sure(self) -> dict[str, float]:
        """Probability from which an answer counts as answered, by caution."""
        return self.sure_bounds or {caution: with_odds(self.thresholds[caution], SURE_ODDS) for caution in CAUTIONS}

    def max_probability(self, signals: Sequence[Features]) -> float:
        """The highest probability of several passages; at least one."""
        return max(map(self.probability, signals))

    def caution_for(self, probability: float) -> Caution | Literal[""]:
        """The highest caution at which a passage of this probability is answered from; empty where there is none."""
        met = [caution for caution in CAUTIONS if self.thresholds[caution] <= probability]
        return met[-1] if met else ""


@dataclass(frozen=True, slots=True)
class Example:
    """A question that was answered whatever the confidence, and whose right answer is known."""

    signals: tuple[Features, ...]  #: of each passage that was judged, at least one
    states: tuple[bool, ...]  #: whether each states an expected answer
    right: bool  #: whether the answer has an expected answer


def fit(examples: Sequence[Example], start: Calibration | None = None) -> Calibration:
    """Fit a calibration.

    The weights separate passages that state an expected answer from others; with few examples they stay near those of
    ``start``.  The thresholds separate right answers from others: ``normal`` has the highest Youden's J (the share of
    right answers that are given less that of others), ``low`` and ``high`` have half and twice its odds.

    Raises:
        UsageError: there are too few questions of either kind.
    """
    right = np.array([example.right for example in examples], bool)
    good, bad = int(right.sum()), int((~right).sum())
    if min(good, bad) < LEAST_OF_A_KIND:
        told = (
            f"{good} answers were right and {bad} were not; at least {LEAST_OF_A_KIND} of each are needed to calibrate."
        )
        raise UsageError(told, "Add questions, some of which the documents do not answer.")
    values = np.array([astuple(signals) for example in examples for signals in example.signals], float)
    states = np.array([stated for example in examples for stated in example.states], float)
    before = (start.weights, start.intercept) if start else None
    fitted = Calibration(*fit_logistic(values, states, before), {}, len(examples))
    p = np.array([fitted.max_probability(example.signals) for example in examples])
    return replace(fitted, thresholds=bounds_around(best_cut(p, right)))


def fit_logistic(
    values: np.ndarray, labels: np.ndarray, start: tuple[Sequence[float], float] | None = None
) -> tuple[tuple[float, ...], float]:
    """Logistic regression with a ridge penalty on standardised features, by Newton's method.

    Args:
        values: of shape (examples, features).
        labels: 0 or 1, of shape (examples,).
        start: weights and intercept that the fit is drawn to, instead of to zero.

    Returns:
        The weights and the intercept.
    """
    mean, spread = values.mean(axis=0), np.maximum(values.std(axis=0), 1e-6)
    rows = np.column_stack([(values - mean) / spread, np.ones(len(values))])
    centre = np.zeros(rows.shape[1])
    if start:
        centre[:-1] = np.multiply(start[0], spread)
        centre[-1] = start[1] + float(np.dot(start[0], mean))
    pull = np.full(rows.shape[1], PENALTY)
    pull[-1] = PENALTY if start else FREE

    def loss(at: np.ndarray) -> float:
        scores = rows @ at
        return float((np.logaddexp(0, scores) - labels * scores).sum() + 0.5 * (pull * (at - centre) ** 2).sum())

    found = centre.copy()
    for _ in range(ROUNDS):
        p = 1 / (1 + np.exp(-np.clip(rows @ found, -500, 500)))
        gradient = rows.T @ (p - labels) + pull * (found - centre)
        step = np.linalg.solve(rows.T @ (rows * (p * (1 - p))[:, None]) + np.diag(pull), gradient)
        # a start that is far off sends Newton's method too far
        before = loss(found)
        while loss(found - step) > before and np.abs(step).max() > TOLERANCE:
            step /= 2
        found -= step
        if np.abs(step).max() < TOLERANCE:
            break
    weights = found[:-1] / spread
    return tuple(weights.tolist()), float(found[-1] - np.dot(weights, mean))


def best_cut(probabilities: np.ndarray, right: np.ndarray) -> float:
    """The probability with the highest Youden's J as a bound: of several as good, the lowest."""
    cuts = np.unique(probabilities)
    youden = [(probabilities[right] >= cut).mean() - (probabilities[~right] >= cut).mean() for cut in cuts]
    return float(cuts[int(np.argmax(youden))])


def area_under_curve(scores: Sequence[float], right: Sequence[bool]) -> float:
    """Probability that a right answer has a higher score than another one, ties counting half; .5 is chance."""
    values, known = np.array(scores, float), np.array(right, bool)
    good, bad = values[known][:, None], values[~known]
    return float((good > bad).mean() + 0.5 * (good == bad).mean())


def conservative(calibration: Calibration) -> Calibration:
    """A calibration for models that nobody has measured: one caution higher than the calibration itself.

    What counts as answered was measured for one pair of models; here it needs :data:`SURE_ODDS`.
    """
    thresholds = bounds_around(calibration.thresholds["high"])
    return replace(calibration, thresholds=thresholds, sure_bounds={}, languages={}, origin="general")


def bounds_around(normal: float) -> dict[str, float]:
    """Bounds by caution: the normal one, and those with half and twice its odds."""
    low, high = (round(with_odds(normal, factor), 4) for factor in (0.5, 2.0))
    return {"low": low, "normal": round(normal, 4), "high": high}


def with_odds(probability: float, factor: float) -> float:
    """The probability with so many times the odds."""
    odds = factor * probability / max(1e-9, 1 - probability)
    return odds / (1 + odds)
