"""The answerability classifier: logistic regression on features of a passage, fitted for each language model.

``calibration.json`` was fitted by ``benchmarks/answers.py`` on questions of SQuAD 2.0, of PIAF and about the sample
documents (``benchmarks/outcomes/``).  ``ragapp eval --calibrate`` refits it on a person's own questions.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ragapp import file_permissions
from ragapp.contract import CAUTIONS, Caution
from ragapp.errors import StoreError, UsageError
from ragapp.retrieval.passage import ScoredChunk

FILE_NAME = "calibration.json"
#: the calibration of a language model that has none of its own
GENERAL = "general"
# ridge penalties: of the weights, and of an intercept without a start
PENALTY, FREE = 3.0, 1e-3
# right answers and others that are needed at least
LEAST_OF_A_KIND = 8
ROUNDS = 50
# probabilities are clipped to this, so that the log-odds of one never outweigh all other features
_LEAST = 0.002


@dataclass(frozen=True, slots=True)
class Features:
    """Features of a question and a passage."""

    probe: float  #: log-odds that the passage states the answer, by the language model
    score: float  #: fused score of the search, 0 to 1
    similarity: float  #: cosine with the question, on the embedder's own scale


NAMES = tuple(Features.__dataclass_fields__)
#: what earlier versions weighed; the raw cosine means something else with each embedder
FORMER_NAMES = ("probe", "score", "dense")


def features_of(passage: ScoredChunk, yes: float) -> Features:
    """The features of a passage, for which the model's probability of yes to the probe is ``yes``, 0 to 1."""
    p = min(max(yes, _LEAST), 1 - _LEAST)
    return Features(probe=math.log(p / (1 - p)), score=min(1.0, passage.score), similarity=passage.similarity)


@dataclass(frozen=True, slots=True)
class Calibration:
    """A fitted classifier."""

    weights: tuple[float, ...]  #: in the order of :data:`NAMES`
    intercept: float  #: log-odds where all features are zero
    thresholds: dict[str, float]  #: probability below which nothing is answered, by caution
    questions: int = 0  #: number that it was fitted on

    def probability(self, signals: Features) -> float:
        """Probability that a passage states the answer, 0 to 1."""
        log_odds = float(np.dot(self.weights, astuple(signals))) + self.intercept
        return float(1 / (1 + np.exp(-log_odds)))

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


def calibration_for(model: str, own: Path | None = None) -> Calibration:
    """The calibration of a model: that in the person's ``own`` file, else the shipped one, else the general one.

    One of the person's own that weighs other features, as an earlier ragapp made it, does not count.

    Raises:
        StoreError: the person's file, which need not exist, is damaged.
    """
    if own and own.is_file():
        try:
            values = json.loads(own.read_text(encoding="utf-8"))
            known = _parse({name: values[name] for name in values.keys() - former_models(values)})
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            hint = "Delete it, or make it anew: ragapp eval --calibrate"
            raise StoreError(f"The calibration {own} cannot be read: {error}.", hint) from None
        if model in known:
            return known[model]
    return _shipped().get(model) or _shipped()[GENERAL]


def former_models(values: Mapping[str, Any]) -> set[str]:
    """The models whose calibration, as a file holds them, is one of an earlier ragapp."""
    return {name for name, entry in values.items() if entry["weights"].keys() == set(FORMER_NAMES)}


def save_calibration(own: Path, model: str, calibration: Calibration) -> None:
    """Save a person's own calibration of a model beside those of other models.

    Raises:
        StoreError: the file cannot be written.
    """
    try:
        kept = json.loads(own.read_text(encoding="utf-8")) if own.is_file() else {}
        kept = {name: kept[name] for name in kept.keys() - former_models(kept)}
        _parse(kept)
    except (ValueError, KeyError, TypeError, AttributeError):  # damaged, or of another version: it is replaced
        kept = {}
    kept[model] = asdict(calibration) | {"weights": dict(zip(NAMES, calibration.weights, strict=True))}
    try:
        file_permissions.make_private_folder(own.parent)
        file_permissions.write_atomically(own, json.dumps(kept, indent=2) + "\n")
    except OSError as error:
        raise StoreError(f"The calibration {own} cannot be written: {error.strerror}.", "Check paths.data.") from None


def fit(examples: Sequence[Example], start: Calibration | None = None) -> Calibration:
    """Fit a calibration.

    The weights separate passages that state an expected answer from others: logistic regression with a ridge penalty on
    standardised features, by Newton's method; with few examples they stay near those of ``start``.  The thresholds
    separate right answers from others: ``normal`` has the highest Youden's J (the share of right answers that are given
    less that of others), ``low`` and ``high`` have half and twice its odds.

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
    p = np.array([fitted.max_probability(example.signals) for example in examples])
    cuts = np.unique(p)
    youden = [(p[right] >= cut).mean() - (p[~right] >= cut).mean() for cut in cuts]
    return replace(fitted, thresholds=thresholds_around(float(cuts[int(np.argmax(youden))])))


def thresholds_around(normal: float) -> dict[str, float]:
    """Thresholds by caution: the normal one, and those with half and twice its odds."""
    odds = normal / max(1e-9, 1 - normal)
    low, high = (round(factor * odds / (1 + factor * odds), 4) for factor in (0.5, 2.0))
    return {"low": low, "normal": round(normal, 4), "high": high}


def _parse(values: dict[str, Any]) -> dict[str, Calibration]:
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
