"""What came of the questions that a self-calibration asked, kept beside the catalog until their documents are purged.

The file holds words of documents, so it is for its owner alone, and each line names the documents that its words are
from, by the hash of their content.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from ragapp import file_permissions
from ragapp.answer.calibration import Example, Features
from ragapp.contract import Answer
from ragapp.errors import StoreError

FILE_NAME = "calibration-questions.jsonl"

#: a question whose passage is there; the same with all passages hidden that may answer; a near miss
Variant = Literal["answerable", "hidden", "near_miss"]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A passage that a question was written about.

    Attributes:
        pair: key of the models, see :class:`ragapp.answer.calibration_file.ModelPair`.
        chunk: hash of the passage's document and words.
        documents: hashes of the documents whose words stand here.
        fault: why the question is not used; empty where it is.
    """

    pair: str
    chunk: str
    documents: tuple[str, ...]
    question: str
    answer: str
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A question that was answered whatever the confidence.

    Attributes:
        pair, chunk, documents: as of :class:`Drawn`.
        question: as it was asked.
        answer: what was written.
        signals: features of each passage that was judged, as :class:`ragapp.answer.calibration.Features`.
        states: whether each states the expected answer.
        right: whether the documents answer the question and the expected answer was given.
        written: features of the written answer; see :func:`written_features`.
    """

    pair: str
    chunk: str
    documents: tuple[str, ...]
    variant: Variant
    question: str
    answer: str
    signals: tuple[dict[str, float], ...]
    states: tuple[bool, ...]
    right: bool
    written: dict[str, float] = field(default_factory=dict)

    @property
    def example(self) -> Example:
        """What a calibration learns from it."""
        return Example(tuple(Features(**values) for values in self.signals), self.states, self.right)


def written_features(answer: Answer) -> dict[str, float]:
    """What a written answer says of itself, each 0 to 1 but for the number of sentences."""
    supported = [sentence.supported for sentence in answer.sentences]
    return {
        "withdrawn": float(answer.abstained),
        "sentences": float(len(supported)),
        "supported": sum(supported) / len(supported) if supported else 0.0,
        "likely": float(answer.grade == "likely"),
    }


class OutcomeFile:
    """The lines of a data folder's file; a line that was cut off while it was written does not count.

    Raises:
        StoreError: by every method, where the file cannot be read or written.
    """

    def __init__(self, data: Path) -> None:
        self.path = data / FILE_NAME

    def read(self, pair: str) -> tuple[list[Drawn], list[Outcome]]:
        """What is known of a pair of models, in the order in which it came."""
        drawn, outcomes = [], []
        for values in self._lines():
            if values.get("pair") != pair:
                continue
            values["documents"] = tuple(values["documents"])
            if "variant" in values:
                values |= {"signals": tuple(values["signals"]), "states": tuple(values["states"])}
                outcomes.append(Outcome(**values))
            else:
                drawn.append(Drawn(**values))
        return drawn, outcomes

    def add(self, line: Drawn | Outcome) -> None:
        """Write a line behind the others; it is on the disk when this returns."""
        try:
            file_permissions.make_private_folder(self.path.parent)
            file_permissions.make_private_file(self.path)
            text = json.dumps(asdict(line), ensure_ascii=False)
            with self.path.open("r+b") as file:
                # what an interrupted run has left of a line is closed first
                end = file.seek(0, 2)
                cut = False
                if end:
                    file.seek(end - 1)
                    cut = file.read(1) != b"\n"
                file.write(("\n" * cut + text + "\n").encode("utf-8"))
        except OSError as error:
            raise self._problem("written", error) from None

    def keep(self, documents: Iterable[str]) -> int:
        """Forget each line with words of a document that is not among these (hashes); returns how many went."""
        if not self.path.is_file():
            return 0
        there = set(documents)
        every = self._lines()
        kept = [values for values in every if there.issuperset(values["documents"])]
        self._replace(kept)
        return len(every) - len(kept)

    def forget(self, pair: str) -> None:
        """Forget all lines of a pair of models."""
        if self.path.is_file():
            self._replace([values for values in self._lines() if values["pair"] != pair])

    def _replace(self, lines: Sequence[dict[str, Any]]) -> None:
        try:
            if lines:
                text = "".join(json.dumps(values, ensure_ascii=False) + "\n" for values in lines)
                file_permissions.write_atomically(self.path, text)
            else:
                self.path.unlink(missing_ok=True)
        except OSError as error:
            raise self._problem("written", error) from None

    def _lines(self) -> list[dict[str, Any]]:
        try:
            text = self.path.read_bytes().decode("utf-8", "replace") if self.path.is_file() else ""
        except OSError as error:
            raise self._problem("read", error) from None
        lines = []
        for line in text.split("\n"):
            try:
                values = json.loads(line)
            except ValueError:
                continue
            if isinstance(values, dict) and {"pair", "documents"} <= values.keys():
                lines.append(values)
        return lines

    def _problem(self, done: str, error: OSError) -> StoreError:
        return StoreError(f"{self.path} cannot be {done}: {error.strerror}.", "Check paths.data.")
