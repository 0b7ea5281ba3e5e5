"""From a passage's signals to the probability that it states the answer: a small logistic model, one for each language
model.

The figures in ``calibration.json`` were fitted by ``benchmarks/answers.py`` to what came of questions of SQuAD 2.0 and
PIAF and about the sample documents (``benchmarks/outcomes/``); a person's own refit them (``ragapp eval --calibrate``).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Literal

import numpy as np

from ragapp import private
from ragapp.answer.signals import NAMES, Signals
from ragapp.contract import CAUTIONS, Caution
from ragapp.errors import StoreError, UsageError

FILE_NAME = "calibration.json"
#: what serves a model that was never calibrated
GENERAL = "general"
# how strongly the weights are held back towards what they were fitted to before, or to none
PENALTY = 3.0
# of an intercept that nothing is known of
FREE = 1e-3
# fewer questions of either kind teach nothing
LEAST_OF_A_KIND = 8
ROUNDS = 50


@dataclass(frozen=True, slots=True)
class Calibration:
    """A logistic model over the :class:`Signals` of a passage.

    Attributes:
        weights: one for each signal, in their order.
        intercept: the log-odds where all signals are zero.
        thresholds: probability below which nothing is answered, by caution.
        questions: how many it was fitted on.
    """

    weights: tuple[float, ...]
    intercept: float
    thresholds: dict[str, float]
    questions: int = 0

    def probability(self, signals: Signals) -> float:
        """That this passage states the answer, 0 to 1."""
        log_odds = float(np.dot(self.weights, signals.values())) + self.intercept
        return float(1 / (1 + np.exp(-log_odds)))

    def likeliest(self, signals: Sequence[Signals]) -> float:
        """The probability of the likeliest of some passages; at least one."""
        return max(map(self.probability, signals))

    def caution_for(self, probability: float) -> Caution | Literal[""]:
        """The highest caution with which so likely a passage is answered from; empty where it is none."""
        met = [caution for caution in CAUTIONS if self.thresholds[caution] <= probability]
        return met[-1] if met else ""


@dataclass(frozen=True, slots=True)
class Example:
    """A question that was answered whatever the confidence, and whose right answer is known.

    Attributes:
        signals: of each passage that was read, one at least.
        states: whether each of them states an expected answer.
        right: whether the answer that was given holds one.
    """

    signals: tuple[Signals, ...]
    states: tuple[bool, ...]
    right: bool


def calibration_for(model: str, own: Path | None = None) -> Calibration:
    """The calibration of a language model: the person's own, else that of the pack, else a general one.

    Args:
        model: its name.
        own: file that ``ragapp eval --calibrate`` writes; it may not exist.

    Raises:
        StoreError: the file is damaged.
    """
    if own and own.is_file():
        try:
            known = _parse(json.loads(own.read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise StoreError(
                f"The calibration {own} cannot be read: {error}.", "Delete it, or make it anew: ragapp eval --calibrate"
            ) from None
        if model in known:
            return known[model]
    shipped = _shipped()
    return shipped.get(model) or shipped[GENERAL]


def save_calibration(own: Path, model: str, calibration: Calibration) -> None:
    """Keep a person's own calibration of a model beside those of others.

    Raises:
        StoreError: the file cannot be written.
    """
    try:
        kept = json.loads(own.read_text(encoding="utf-8")) if own.is_file() else {}
        _parse(kept)
    except (ValueError, KeyError, TypeError, AttributeError):  # damaged, or of another version: it is replaced
        kept = {}
    values = asdict(calibration)
    kept[model] = {**values, "weights": dict(zip(NAMES, values["weights"], strict=True))}
    try:
        private.make_folder(own.parent)
        private.replace_text(own, json.dumps(kept, indent=2) + "\n")
    except OSError as error:
        raise StoreError(f"The calibration {own} cannot be written: {error.strerror}.", "Check paths.data.") from None


def fit(examples: Sequence[Example], start: Calibration | None = None) -> Calibration:
    """Fit a calibration.

    The weights tell passages that state an expected answer from others: logistic regression with a ridge penalty on
    standardised signals, by Newton's method.  The thresholds tell right answers from others.

    Args:
        examples: answered questions.
        start: what to stay near where there are few questions.

    Returns:
        A calibration whose ``normal`` threshold gives the best balance between answering what is right and refusing
        what is not (Youden's J); ``low`` and ``high`` lie a factor of two in odds below and above.

    Raises:
        UsageError: there are too few questions of either kind.
    """
    right = np.array([example.right for example in examples], bool)
    if min(right.sum(), (~right).sum()) < LEAST_OF_A_KIND:
        raise UsageError(
            f"{int(right.sum())} answers were right and {int((~right).sum())} were not; at least"
            f" {LEAST_OF_A_KIND} of each are needed to calibrate.",
            "Add questions, some of which the documents do not answer.",
        )
    values = np.array([signals.values() for example in examples for signals in example.signals], float)
    states = np.array([stated for example in examples for stated in example.states], float)
    mean, spread = values.mean(axis=0), np.maximum(values.std(axis=0), 1e-6)
    rows = np.column_stack([(values - mean) / spread, np.ones(len(values))])
    centre = np.zeros(rows.shape[1])
    if start:
        centre[:-1] = np.multiply(start.weights, spread)
        centre[-1] = start.intercept + float(np.dot(start.weights, mean))
    pull = np.full(rows.shape[1], PENALTY)
    pull[-1] = PENALTY if start else FREE
    found = centre.copy()
    for _ in range(ROUNDS):
        p = 1 / (1 + np.exp(-rows @ found))
        gradient = rows.T @ (p - states) + pull * (found - centre)
        step = np.linalg.solve(rows.T @ (rows * (p * (1 - p))[:, None]) + np.diag(pull), gradient)
        found -= step
        if np.abs(step).max() < 1e-8:
            break
    weights = found[:-1] / spread
    fitted = Calibration(tuple(weights.tolist()), float(found[-1] - np.dot(weights, mean)), {}, len(examples))
    given = np.array([fitted.likeliest(example.signals) for example in examples])
    return replace(fitted, thresholds=_thresholds(given, right))


def _thresholds(p: np.ndarray, right: np.ndarray) -> dict[str, float]:
    cuts = np.unique(p)
    gain = [(p[right] >= cut).mean() - (p[~right] >= cut).mean() for cut in cuts]
    normal = float(cuts[int(np.argmax(gain))])
    return thresholds_around(normal)


def thresholds_around(normal: float) -> dict[str, float]:
    """Thresholds by caution: half and twice the odds of the normal one."""
    return {"low": _moved(normal, 0.5), "normal": round(normal, 4), "high": _moved(normal, 2.0)}


def _moved(p: float, factor: float) -> float:
    """A probability with its odds multiplied."""
    odds = factor * p / max(1e-9, 1 - p)
    return round(odds / (1 + odds), 4)


def _parse(values: dict) -> dict[str, Calibration]:
    for model, entry in values.items():
        if entry["weights"].keys() != set(NAMES):
            raise ValueError(f"that of {model} was made by another version of ragapp")
    return {
        model: Calibration(
            tuple(float(entry["weights"][name]) for name in NAMES),
            float(entry["intercept"]),
            {name: float(entry["thresholds"][name]) for name in CAUTIONS},
            int(entry["questions"]),
        )
        for model, entry in values.items()
    }


@cache
def _shipped() -> dict[str, Calibration]:
    return _parse(json.loads(files("ragapp.answer").joinpath(FILE_NAME).read_text(encoding="utf-8")))
