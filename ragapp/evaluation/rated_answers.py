"""Rated answers as a question file, from which ``ragapp eval --calibrate`` learns."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ragapp.answer.grounding import MARK
from ragapp.contract import Answer, Turn
from ragapp.evaluation.metrics import contains_answer, normalise

# a figure with what stands right before and behind it: £175, 25 days, 14:00, 3.2 %
_FIGURE = re.compile(r"[£$€]?\s?\d[\d.,:/]*\d|[£$€]?\s?\d")
# an answer of more words is not given again word by word
_FEW_WORDS = 6


@dataclass(frozen=True, slots=True)
class RatedQuestions:
    """Lines of a question file.

    Attributes:
        lines: objects with ``id``, ``question``, ``answers``, ``document``, ``pages``, ``answerable`` and ``note``.
        left_out: rated answers from which nothing can be learnt, as what would be right is not known.
    """

    lines: tuple[dict[str, Any], ...]
    left_out: int


def rated_questions(turns: Iterable[Turn]) -> RatedQuestions:
    """What rated answers say about their questions; the last word on a question holds."""
    lines: dict[str, dict[str, Any]] = {}
    left_out = 0
    for turn in turns:
        if turn.answer.basis != "documents":
            left_out += 1
            continue
        known = _known(turn)
        if known is None:
            left_out += 1
            continue
        question = turn.standalone or turn.question
        line = {"id": f"turn-{turn.id}", "question": question, **known}
        if turn.feedback.note:
            line["note"] = turn.feedback.note
        lines[normalise(question)] = line
    return RatedQuestions(tuple(lines.values()), left_out)


def _known(turn: Turn) -> dict[str, Any] | None:
    """What is known of the right answer; None where that is nothing."""
    feedback, answer = turn.feedback, turn.answer
    if feedback.unanswerable or (answer.abstained and feedback.rating == "up"):
        return {"answers": [], "answerable": False}
    if feedback.expected:
        place = _place(answer, feedback.expected)
        return {"answers": [feedback.expected], **place, "answerable": True}
    if feedback.rating == "up":
        keys = _keys(answer)
        return {"answers": keys, **_place(answer, *keys), "answerable": True} if keys else None
    return None


def _keys(answer: Answer) -> list[str]:
    """By what the same answer in other words is known again: its figures that the question lacks, or its few words."""
    first = next((one for one in answer.sentences if one.supported), None)
    text = MARK.sub("", first.text if first else answer.answer).strip()
    quotes = [quote for one in answer.sentences if one.supported for quote in one.quotes] or [
        citation.quote for citation in answer.citations
    ]
    asked = normalise(answer.standalone or answer.question).split()
    for figure in _FIGURE.findall(text):
        figure = figure.strip()
        if not set(normalise(figure).split()) <= set(asked) and contains_answer(" ".join(quotes), [figure]):
            return [figure]
    if len(text.split()) <= _FEW_WORDS:
        return [text.rstrip(".")]
    # what the passage says, so that the passage is known again, and the words of the answer, where they are given again
    return [quote for quote in (" ".join(one.split()) for one in quotes[:1]) if quote]


def _place(answer: Answer, *keys: str) -> dict[str, Any]:
    """Document and page that answer, where they are known."""
    shown = [*answer.citations, *answer.passages]
    for one in shown:
        words = getattr(one, "quote", "") or getattr(one, "text", "")
        if contains_answer(words, keys):
            return {"document": one.document, "pages": [one.page]}
    return {}
