"""What is told while a question is being answered, in this order: understood, stages and text, the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ragapp.contract.answers import Answer


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
        passages: how many are read, or written from.
        ahead: how many questions are answered before this one.
        part: which part of a document is summarised, 1-based.
        parts: how many there are.
    """

    name: Literal["searching", "waiting", "reading", "writing", "comparing", "summarising"]
    passages: int = 0
    ahead: int = 0
    part: int = 0
    parts: int = 0


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of the answer as the model writes it, not checked yet."""

    text: str


@dataclass(frozen=True, slots=True)
class Thought:
    """A piece of what a reasoning model thinks before it answers; never grounded, cited or kept."""

    text: str


Event = Understood | Stage | Thought | Delta | Answer
