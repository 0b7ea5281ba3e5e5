"""What is told while a question is being answered: how it is understood, stages, sentences, and the answer at last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ragapp.contract.answers import Answer, Citation, Place, Sentence
from ragapp.contract.terms import Grade


@dataclass(frozen=True, slots=True)
class Understood:
    """A question as it is searched for and answered.

    Attributes:
        question: stands alone.
        how: ``unchanged``: it stands alone as it was asked; ``model``: the language model rewrote it; ``appended``: it
            was put behind the question before it.
        turns_dropped: how many of the oldest turns the model could not be shown.
    """

    question: str
    how: Literal["unchanged", "model", "appended"] = "unchanged"
    turns_dropped: int = 0


@dataclass(frozen=True, slots=True)
class Stage:
    """What the person is waiting for.

    Attributes:
        passages: how many are read at the most, or written from.
        ahead: how many questions are answered before this one.
        part: which part of a document is summarised, or which change is put into words, 1-based.
        parts: how many there are.
        number: which of the passages is read, 1-based; 0 where none is yet.
        place: where that passage, or the first that is written from, stands.
    """

    name: Literal["searching", "waiting", "reading", "writing", "comparing", "summarising", "explaining"]
    passages: int = 0
    ahead: int = 0
    part: int = 0
    parts: int = 0
    number: int = 0
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Proved:
    """A sentence that a passage states, told as soon as that is known.

    It stands in the answer at the end, in this order and word for word. What is not checked is never told.

    Attributes:
        sentence: with its marks and quotes.
        citations: of the passages that it is the first to cite.
        grade: what the answer is worth so far: ``likely`` stays, ``answered`` may become ``likely`` by a further part.
        doubt: why a likely answer is to be checked, as :attr:`Answer.doubt`; else empty.
        lines: whether each sentence is a line of its own.
        language: of the answer, ISO 639-1; empty where it is unknown.
    """

    sentence: Sentence
    citations: tuple[Citation, ...] = ()
    grade: Grade = "answered"
    doubt: str = ""
    lines: bool = False
    language: str = ""


@dataclass(frozen=True, slots=True)
class Thought:
    """A piece of what a reasoning model thinks before it answers; never grounded, cited or kept."""

    text: str


Event = Understood | Stage | Thought | Proved | Answer
