"""Writing one turn: token after token, until the model ends it or a limit does."""

from __future__ import annotations

import codecs
import time
from collections.abc import Iterator
from typing import NamedTuple

from ragapp.errors import CancelledError
from ragapp.llm.fair_lock import Cancelled
from ragapp.llm.interface import GenerationStats
from ragapp.llm.llamacpp import Context
from ragapp.llm.reasoning import FRAMES, Piece, StopTexts, ThinkingSplitter
from ragapp.llm.templates import ChatTemplate


class Sampling(NamedTuple):
    """How a turn is written, and how long it may be."""

    max_tokens: int  # of the answer; of the thinking, too, where that has no limit of its own
    max_seconds: float  # that writing may take, reading the prompt not counted; 0 for no limit
    max_thinking: int  # tokens of thinking, after which it is closed and the answer begins; 0 for no limit of its own
    temperature: float  # 0 always takes the likeliest token
    seed: int  # for temperatures above zero


class TurnWriter:
    """Writes turns with a loaded model, whose context holds the prompt."""

    def __init__(self, context: Context, template: ChatTemplate):
        self._context, self._template = context, template
        tokens = [context.model.tokenize(stop, special=True) for stop in template.stop]
        # stop texts that are one token of the vocabulary: control tokens never show up as text
        self._stop_tokens = frozenset(one[0] for one in tokens if len(one) == 1)
        tags = template.tags
        marks = (tags.open, tags.close, *tags.answer) if tags else ()
        self._tag_tokens = frozenset(token for mark in marks for token in context.model.tokenize(mark, special=True))

    def write(
        self, prompt: str, sampling: Sampling, stats: GenerationStats, cancelled: Cancelled | None, started: float
    ) -> Iterator[Piece]:
        """Stream the turn that follows what is in the context, in pieces that never end in half a character.

        ``prompt`` is what the context holds, as text; ``stats`` is filled in meanwhile; the person has waited since
        ``started``, by the monotonic clock. The turn ends where the window is full, too.
        """
        stats.ended = "stopped"  # what it is when nobody wants the rest
        text = _TurnText(self._template, prompt)
        with self._context.sampler(sampling.temperature, sampling.seed) as pick:
            deadline = time.monotonic() + sampling.max_seconds if sampling.max_seconds else float("inf")
            room = self._context.window - len(self._context.tokens)
            left, thinking_left = sampling.max_tokens, sampling.max_thinking
            model = self._context.model
            while True:
                token = pick()
                if not stats.answer_tokens:
                    stats.first_token_s = time.monotonic() - started
                ends = model.ends(token) or token in self._stop_tokens
                if not ends:
                    stats.answer_tokens += 1
                    room -= 1
                    yield from text.feed(model.piece(token, special=token in self._tag_tokens))
                if ends or text.stopped:
                    stats.ended = "end"
                    break
                stats.thinking_tokens += text.thinking
                if text.thinking and sampling.max_thinking:
                    thinking_left -= 1
                else:
                    left -= 1
                unread = [token]
                closes = text.thinking and sampling.max_thinking and thinking_left <= 0
                if closes and left > 0 and room > 0:
                    unread += model.tokenize(text.closing, special=True)
                    room -= len(unread) - 1
                if left <= 0 or room <= 0:
                    stats.ended = "limit"
                    break
                if time.monotonic() > deadline:
                    stats.ended = "time"
                    break
                if self._context.abort.raised or (cancelled and cancelled()):
                    break
                if closes:
                    yield from text.close_thinking()
                try:
                    self._context.decode(unread)
                except CancelledError:
                    break
        yield from text.finish()


class _TurnText:
    """Bytes of tokens to pieces of thinking and answer, what ends a turn cut off."""

    def __init__(self, template: ChatTemplate, prompt: str):
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        ends = [template.answer_end] if template.begins_answer(prompt) else []
        ends += [end for mark, end in FRAMES.items() if prompt.rstrip().endswith(mark)]
        self._stops = StopTexts((*template.stop, *ends))
        tags = template.tags
        self._splitter = ThinkingSplitter(opened=template.opens_thinking(prompt), tags=tags) if tags else None
        #: what ends the thinking and begins the answer
        self.closing = "\n" + tags.close + (tags.answer[0] if tags.answer else "\n\n") if tags else ""

    @property
    def stopped(self) -> bool:
        return self._stops.reached

    @property
    def thinking(self) -> bool:
        return bool(self._splitter and self._splitter.unfinished)

    def feed(self, raw: bytes) -> list[Piece]:
        """Pieces that are certain with the next token."""
        return self._split(self._stops.feed(self._decoder.decode(raw)))

    def close_thinking(self) -> list[Piece]:
        """As if the model had ended its thinking here."""
        return self._split(self._held() + self.closing)

    def finish(self) -> list[Piece]:
        return [*self._split(self._held()), *(self._splitter.finish() if self._splitter else ())]

    def _held(self) -> str:
        rest = self._stops.feed(self._decoder.decode(b"", final=True)) + self._stops.finish()
        self._decoder.reset()
        return rest

    def _split(self, text: str) -> list[Piece]:
        if self._splitter:
            return self._splitter.feed(text)
        return [Piece("answer", text)] if text else []
