"""Where calibrations are kept, and which one holds for a pair of language model and embedder.

One feature is the language model's, another the embedder's, so a calibration belongs to both.  A pair has, the first of
these that there is: one that was fitted to a person's own questions, one that was fitted to questions which the model
wrote about the person's documents, one that is shipped, and the general one, which was fitted to another pair and asks
for more.  The first two stand in ``calibration.json`` of the data folder, with the identities of both models; the other
two in the file of that name in this package, by the names of model packs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args

from ragapp import file_permissions
from ragapp.answer.calibration import NAMES, Bounds, Calibration, Origin
from ragapp.contract import CAUTIONS
from ragapp.errors import StoreError
from ragapp.plain_words import reason_of

FILE_NAME = "calibration.json"
#: the language model's name in the entry of the general calibration
GENERAL = "general"
_VERSION = 2
# what an earlier ragapp weighed; the raw cosine means something else with each embedder
_RAW_COSINE = {"probe", "score", "dense"}
_ORIGINS: tuple[Origin, ...] = get_args(Origin)


@dataclass(frozen=True, slots=True)
class ModelPair:
    """A language model and an embedder.

    Attributes:
        model: name of the language model, for people and for what is shipped.
        embedder: name of the embedder, likewise.
        model_id: :attr:`ragapp.llm.interface.LanguageModel.identity`.
        embedder_id: hash of the embedder's weights; its precision moves a cosine too little to count.
    """

    model: str
    embedder: str = ""
    model_id: str = ""
    embedder_id: str = ""

    @property
    def key(self) -> str:
        """What is kept of a pair is kept under this."""
        return f"{self.model_id or self.model}/{self.embedder_id or self.embedder}"

    def __str__(self) -> str:
        return f"{self.model} with {self.embedder}" if self.embedder else self.model


@dataclass(frozen=True, slots=True)
class KeptCalibration:
    """A calibration with the models that it holds for."""

    pair: ModelPair
    calibration: Calibration


@dataclass(frozen=True, slots=True)
class OwnCalibrations:
    """A person's calibrations.

    Attributes:
        kept: those that can be used.
        former: names of language models whose calibration, by an earlier ragapp, cannot be used: it weighs other
            features, or does not say with which embedder it was made and that is not known otherwise.
        told: keys of pairs of models of which the person was told that they have only the general one.
    """

    kept: tuple[KeptCalibration, ...] = ()
    former: tuple[str, ...] = ()
    told: tuple[str, ...] = ()


def calibration_for(pair: ModelPair, own: Path | None = None, former_embedder: str = "") -> Calibration:
    """The calibration of a pair of models; see the head of this module.

    Args:
        own: the person's file, which need not exist.
        former_embedder: see :func:`read_own`.

    Raises:
        StoreError: the person's file is damaged.
    """
    mine = read_own(own, former_embedder).kept if own else ()
    found = [one.calibration for one in mine if _same(one.pair, pair)]
    if found:
        return min(found, key=lambda calibration: _ORIGINS.index(calibration.origin))
    shipped = {(one.pair.model, one.pair.embedder): one.calibration for one in _shipped()}
    return shipped.get((pair.model, pair.embedder)) or shipped[GENERAL, ""]


def described(pair: ModelPair, calibration: Calibration) -> str:
    """Which calibration holds for a pair of models, in words."""
    told = {
        "questions": f"fitted to {calibration.questions} questions of your own",
        "documents": f"fitted to {calibration.questions} questions that the model wrote about your documents",
        "shipped": f"fitted to {calibration.questions} public questions",
        "general": "a general and careful one: these two models were not measured together yet",
    }
    return f"{pair}: {told[calibration.origin]}"


def general_calibration() -> Calibration:
    """The one of a pair of models that has none of its own."""
    return calibration_for(ModelPair(GENERAL))


def read_own(file: Path, former_embedder: str = "") -> OwnCalibrations:
    """The calibrations in a person's file; nothing where there is no file.

    Args:
        former_embedder: hash of the weights of the only embedder that the store ever had, empty where it had several;
            files of an earlier ragapp have calibrations by the language model's name alone.

    Raises:
        StoreError: it is damaged.
    """
    if not file.is_file():
        return OwnCalibrations()
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
        if "version" in values:
            return OwnCalibrations(tuple(_parse(values)), told=tuple(map(str, values.get("told", ()))))
        return _former(values, former_embedder)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        hint = "Delete it, or make it anew: ragapp calibrate"
        raise StoreError(f"The calibration {file} cannot be read: {reason_of(error)}.", hint) from None


def save_calibration(file: Path, pair: ModelPair, calibration: Calibration, former_embedder: str = "") -> None:
    """Save a calibration of a pair in a file beside others, in place of an earlier one of the same origin.

    What cannot be used of the file any more is replaced.

    Raises:
        StoreError: the file cannot be written.
    """
    try:
        own = read_own(file, former_embedder)
    except StoreError:  # damaged
        own = OwnCalibrations()
    others = [one for one in own.kept if not (_same(one.pair, pair) and one.calibration.origin == calibration.origin)]
    _write(file, replace(own, kept=(*others, KeptCalibration(pair, calibration))))


def told_of(file: Path, pair: ModelPair) -> bool:
    """Whether the person was told that a pair of models has only the general calibration.

    Raises StoreError: the person's file is damaged.
    """
    own = read_own(file)
    return pair.key in (read_own(_beside(file)) if own.former else own).told


def note_told(file: Path, pair: ModelPair) -> None:
    """Note that the person was told so; beside a file of an earlier ragapp, which is left as it is.

    Raises StoreError: the file is damaged, or cannot be written.
    """
    if read_own(file).former:
        file = _beside(file)
    own = read_own(file)
    _write(file, replace(own, told=(*own.told, pair.key)))


def _beside(file: Path) -> Path:
    return file.with_name(f"{file.stem}-told{file.suffix}")


def _write(file: Path, own: OwnCalibrations) -> None:
    values = {"version": _VERSION, "calibrations": list(map(_entry, own.kept))}
    values |= {"told": own.told} if own.told else {}
    try:
        file_permissions.make_private_folder(file.parent)
        file_permissions.write_atomically(file, json.dumps(values, indent=2) + "\n")
    except OSError as error:
        raise StoreError(f"The calibration {file} cannot be written: {error.strerror}.", "Check paths.data.") from None


def _same(one: ModelPair, other: ModelPair) -> bool:
    """Whether two pairs are the same models, whatever people call them; one without an identity goes by its name."""
    model = one.model_id == other.model_id if one.model_id and other.model_id else one.model == other.model
    by_id = one.embedder_id and other.embedder_id
    return model and (one.embedder_id == other.embedder_id if by_id else one.embedder == other.embedder)


def _entry(one: KeptCalibration) -> dict[str, Any]:
    pair, calibration = one.pair, one.calibration
    return {
        "model": pair.model,
        "model_id": pair.model_id,
        "embedder": pair.embedder,
        "embedder_id": pair.embedder_id,
        "origin": calibration.origin,
        "questions": calibration.questions,
        "weights": dict(zip(NAMES, calibration.weights, strict=True)),
        "intercept": calibration.intercept,
        "thresholds": calibration.thresholds,
        "sure": calibration.sure_bounds,
        "languages": {
            code: {"thresholds": own.thresholds, "sure": own.sure_bounds} for code, own in calibration.languages.items()
        },
    }


def _parse(values: Mapping[str, Any]) -> list[KeptCalibration]:
    if values["version"] != _VERSION:
        raise ValueError("another version of ragapp made it")
    kept = []
    for entry in values["calibrations"]:
        pair = ModelPair(*(str(entry[name]) for name in ("model", "embedder", "model_id", "embedder_id")))
        if entry["origin"] not in _ORIGINS:
            raise ValueError(f"{entry['origin']!r} is no origin")
        calibration = replace(_calibration(entry), sure_bounds=_sure(entry), origin=entry["origin"])
        languages = {
            code: Bounds(_bounds(own["thresholds"]), _sure(own)) for code, own in entry.get("languages", {}).items()
        }
        kept.append(KeptCalibration(pair, replace(calibration, languages=languages)))
    return kept


def _former(values: Mapping[str, Any], embedder_id: str) -> OwnCalibrations:
    """Calibrations as an earlier ragapp kept them: by the name of the language model."""
    kept, former = [], []
    for model, entry in values.items():
        if entry["weights"].keys() == _RAW_COSINE:
            former.append(model)
            continue
        calibration = replace(_calibration(entry), origin="questions")
        if embedder_id:
            kept.append(KeptCalibration(ModelPair(model, embedder_id=embedder_id), calibration))
        else:
            former.append(model)
    return OwnCalibrations(tuple(kept), tuple(sorted(former)))


def _calibration(entry: Mapping[str, Any]) -> Calibration:
    if entry["weights"].keys() != set(NAMES):
        raise ValueError("another version of ragapp made it")
    weights = tuple(float(entry["weights"][name]) for name in NAMES)
    return Calibration(weights, float(entry["intercept"]), _bounds(entry["thresholds"]), int(entry["questions"]))


def _bounds(values: Mapping[str, Any]) -> dict[str, float]:
    return {name: float(values[name]) for name in CAUTIONS}


def _sure(entry: Mapping[str, Any]) -> dict[str, float]:
    return _bounds(entry["sure"]) if entry["sure"] else {}


@cache
def _shipped() -> Sequence[KeptCalibration]:
    return _parse(json.loads(files("ragapp.answer").joinpath(FILE_NAME).read_text(encoding="utf-8")))
