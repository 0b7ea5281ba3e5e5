"""How replies to chat programs are sent: where they end early, as JSON, and to clients that are slow or have gone."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Sequence
from contextlib import aclosing, closing
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from starlette.concurrency import run_in_threadpool

from ragapp.contract import Answer, Event
from ragapp.errors import RagappError
from ragapp.index.sentences import sentence_spans
from ragapp.web.openai_errors import openai_error
from ragapp.web.places import Place

Reason = Literal["stop", "length"]
# what belongs to the sentence before it: its marks, and that no passage states it
_MARKS = re.compile(r"(?:\s*(?:\[\d+\]|\([^()\n]*\)))*")
# quotes, rows of tables and doubts are sent whole
_WHOLE = ("[", "|", "⚠")


Lines = AsyncGenerator[str, None]


@dataclass(slots=True)
class Noted:
    """What came of some events."""

    answers: list[Answer] = field(default_factory=list)
    errors: list[RagappError] = field(default_factory=list)

    def listening(self, events: Iterator[Event], place: Place) -> Generator[Event, None, None]:
        """The events, noted when they pass; the place is given back behind them."""
        try:
            with closing(place.until_end(events)) as told:
                for event in told:
                    if isinstance(event, Answer):
                        self.answers.append(event)
                    yield event
        except RagappError as error:
            self.errors.append(error)
            raise


class ReplyLimits:
    """Where one reply ends: at a number of tokens, after a whole sentence, or before a stop sequence.

    Args:
        most: tokens at the most; None for any number.
        stops: where one of these begins, the reply ends.
        count: tokens of a text.
    """

    def __init__(self, most: int | None, stops: Sequence[str], count: Callable[[str], int]):
        self._most, self._stops, self._count = most, [stop for stop in stops if stop], count
        self._told = self._held = ""
        self._ended = False
        self.reason: Reason = "stop"

    def __bool__(self) -> bool:
        return self._most is not None or bool(self._stops)

    def passed(self, piece: str) -> str:
        """What may be sent of the next piece, which is a sentence or more; some of it may be held back for now."""
        if self._ended:
            return ""
        piece = self._whole_sentences(piece)
        pending = self._held + piece
        places = [place for place in map(pending.find, self._stops) if place >= 0]
        if places:
            self._ended, self.reason, self._held = True, "stop", ""
            return pending[: min(places)]
        kept = 0 if self._ended else max(map(lambda stop: _begun(pending, stop), self._stops), default=0)
        self._held = pending[len(pending) - kept :]
        return pending[: len(pending) - kept]

    def rest(self) -> str:
        """What was held back and proved to be no stop sequence, at the end."""
        held, self._held = self._held, ""
        return held

    def _whole_sentences(self, piece: str) -> str:
        if self._most is not None and self._count(self._told + piece) > self._most:
            fits = [end for end in _ends(piece) if self._count(self._told + piece[:end]) <= self._most]
            self._ended, self.reason = True, "length"
            piece = piece[: max(fits, default=0)]
        self._told += piece
        return piece


async def limited(lines: Lines, limits: ReplyLimits) -> Lines:
    """A stream of completion chunks, as server-sent events, with the limits of its reply."""
    async with aclosing(lines):
        async for line in lines:
            chunk, choice = _chunk(line)
            text, ends = choice.get("delta", {}).get("content"), choice.get("finish_reason")
            if text:
                choice["delta"]["content"] = await run_in_threadpool(limits.passed, text)
                if choice["delta"]["content"] or ends:
                    yield _event(chunk)
            elif ends:
                if rest := limits.rest():
                    yield _event(_with_text(chunk, rest))
                choice["finish_reason"] = limits.reason
                yield _event(chunk)
            else:
                yield line


async def as_json(lines: Lines, noted: Noted, written: Callable[[Answer], tuple[str, Reason]]) -> Lines:
    """The stream with the answer's JSON instead of its text, whole before the end."""
    async with aclosing(lines):
        async for line in lines:
            chunk, choice = _chunk(line)
            if choice.get("finish_reason"):
                text, choice["finish_reason"] = await run_in_threadpool(written, noted.answers[-1])
                yield _event(_with_text(chunk, text))
                yield _event(chunk)
            elif choice.get("delta", {}).get("content"):
                yield ": \n\n"
            else:
                yield line


async def with_errors(lines: Lines, noted: Noted) -> Lines:
    """The stream with errors in OpenAI's form."""
    async with aclosing(lines):
        async for line in lines:
            if noted.errors and line.startswith('data: {"error"'):
                yield _event(openai_error(noted.errors[-1]).json())
            else:
                yield line


def fitting_json(
    answer: Answer, write: Callable[[Answer], str], most: int | None, count: Callable[[str], int]
) -> tuple[str, Reason]:
    """An answer's JSON with as many whole sentences as fit, and why it ends; empty where nothing fits."""
    text = write(answer)
    if most is None or count(text) <= most:
        return text, "stop"
    for n in range(len(answer.sentences) - 1, -1, -1):
        kept = answer.sentences[:n]
        cited = {number for one in kept for number in one.citations}
        citations = tuple(one for one in answer.citations if one.n in cited)
        words = " ".join(one.text for one in kept)
        text = write(replace(answer, answer=words, sentences=kept, citations=citations))
        if count(text) <= most:
            return text, "length"
    return "", "length"


def _chunk(line: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A chunk and its choice, both empty where the line is none."""
    chunk = json.loads(line[6:]) if line.startswith("data: {") else {}
    return chunk, next(iter(chunk.get("choices") or ()), {})


def _with_text(chunk: dict[str, Any], text: str) -> dict[str, Any]:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": None, "logprobs": None}
    return {**{key: chunk[key] for key in ("id", "object", "created", "model")}, "choices": [choice]}


def _event(chunk: dict[str, Any]) -> str:
    return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n"


def _ends(piece: str) -> Iterator[int]:
    """Where a piece may end: behind its sentences with their marks, and behind its lines."""
    begin = 0
    for line in piece.splitlines(keepends=True):
        if not line.startswith(_WHOLE):
            for _, end in sentence_spans(line):
                marks = _MARKS.match(line, end)
                yield begin + (marks.end() if marks else end)
        begin += len(line)
        yield begin


def _begun(text: str, stop: str) -> int:
    """Characters at the end of a text with which a stop sequence begins."""
    return next((n for n in range(min(len(stop) - 1, len(text)), 0, -1) if text.endswith(stop[:n])), 0)
