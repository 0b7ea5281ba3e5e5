"""Writing one turn: token after token, until the model ends it or a limit does."""

from __future__ import annotations

import codecs
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ragapp.llm.interface import GenerationStats
from ragapp.llm.prefix import PrefixCache
from ragapp.llm.reasoning import Piece, Tags, ThinkingSplitter
from ragapp.llm.stopping import AbortFlag, Cancelled
from ragapp.llm.stops import StopTexts
from ragapp.llm.templates import ChatTemplate
from ragapp.llm.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a turn may be.

    Attributes:
        tokens: of the answer; of the thinking, too, where that has no limit of its own.
        seconds: that writing may take, reading the prompt not counted; 0 for no limit.
        thinking: tokens of thinking, after which it is closed and the answer begins; 0 for no limit of its own.
    """

    tokens: int
    seconds: float = 0.0
    thinking: int = 0


class TurnWriter:
    """Writes turns with one loaded model, whose cache holds the prompt.

    Args:
        llama: of llama-cpp-python.
        vocabulary: its tokens.
        template: says what ends a turn, and what is around the thinking.
        prefix: its cache.
        abort: stops it in the middle of a token.
    """

    def __init__(self, llama, vocabulary: Vocabulary, template: ChatTemplate, prefix: PrefixCache, abort: AbortFlag):
        self._llama, self._vocabulary, self._template = llama, vocabulary, template
        self._prefix, self._abort = prefix, abort
        # stop texts that are one token of the vocabulary: control tokens never show up as text
        self._stop_tokens = frozenset(t[0] for t in map(vocabulary.tokens, template.stop) if len(t) == 1)
        tags = template.tags
        marks = (tags.open, tags.close, *tags.answer) if tags else ()
        self._tag_tokens = frozenset(token for tokens in map(vocabulary.tokens, marks) for token in tokens)

    def write(
        self,
        prompt: str,
        limits: Limits,
        temperature: float,
        stats: GenerationStats,
        cancelled: Cancelled | None,
        started: float,
    ) -> Iterator[Piece]:
        """Stream the turn that follows what is in the cache.

        Args:
            prompt: as text; it may have opened the thinking.
            limits: how long it may be; it is ended where the window is full, too.
            temperature: 0 always takes the likeliest token.
            stats: filled in meanwhile.
            cancelled: asked after each token.
            started: when the person began to wait, by the monotonic clock.

        Yields:
            Pieces of text, never half a character.
        """
        stats.ended = "stopped"  # what it is when nobody wants the rest
        text = _Text(self._template, prompt)
        room = self._llama.n_ctx() - self._llama.n_tokens
        deadline = time.monotonic() + limits.seconds if limits.seconds else float("inf")
        left, thinking_left = limits.tokens, limits.thinking
        pick = self._picker(temperature)
        while True:
            token = pick()
            if not stats.answer_tokens:
                stats.first_token_s = time.monotonic() - started
            if self._vocabulary.ends(token) or token in self._stop_tokens:
                stats.ended = "end"
                break
            stats.answer_tokens += 1
            room -= 1
            yield from text.feed(self._vocabulary.piece(token, special=token in self._tag_tokens))
            if text.stopped:
                stats.ended = "end"
                break
            stats.thinking_tokens += text.thinking
            if text.thinking and limits.thinking:
                thinking_left -= 1
            else:
                left -= 1
            if left <= 0 or room <= 0:
                stats.ended = "limit"
                break
            if time.monotonic() > deadline:
                stats.ended = "time"
                break
            if self._abort.raised or (cancelled and cancelled()):
                break
            unread = [token]
            if text.thinking and limits.thinking and thinking_left <= 0:
                unread += self._vocabulary.tokens(text.closing)
                room -= len(unread) - 1
                if room <= 0:
                    stats.ended = "limit"
                    break
                yield from text.close_thinking()
            if not self._read(unread):
                break
        yield from text.finish()

    def _picker(self, temperature: float) -> Callable[[], int]:
        """What chooses the next token."""
        if not temperature:
            return lambda: int(self._prefix.logits().argmax())
        llama = self._llama
        sampler = llama._init_sampler(temp=temperature, top_k=40, top_p=0.95, min_p=0.05)
        return lambda: sampler.sample(llama._ctx, -1)

    def _read(self, tokens: list[int]) -> bool:
        """Whether they were read; False where somebody stopped it."""
        try:
            self._llama.eval(tokens)
        except RuntimeError:
            if not self._abort.raised:
                raise
        return not self._abort.raised


class _Text:
    """Bytes of tokens to pieces of thinking and answer, what ends a turn cut off."""

    def __init__(self, template: ChatTemplate, prompt: str):
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._stops = StopTexts(template.stop)
        self._tags: Tags | None = template.tags
        self._splitter = None
        if self._tags:
            self._splitter = ThinkingSplitter(opened=template.opens_thinking(prompt), tags=self._tags)

    @property
    def stopped(self) -> bool:
        """Whether a text has come that ends the turn."""
        return self._stops.reached

    @property
    def thinking(self) -> bool:
        """Whether the model is thinking now."""
        return bool(self._splitter and self._splitter.unfinished)

    @property
    def closing(self) -> str:
        """What ends the thinking and begins the answer."""
        assert self._tags
        return "\n" + self._tags.close + (self._tags.answer[0] if self._tags.answer else "\n\n")

    def feed(self, raw: bytes) -> list[Piece]:
        """Pieces that are certain with the next token."""
        return self._split(self._stops.feed(self._decoder.decode(raw)))

    def close_thinking(self) -> list[Piece]:
        """As if the model had ended its thinking here."""
        return self._split(self._held() + self.closing)

    def finish(self) -> list[Piece]:
        """What was held back."""
        return [*self._split(self._held()), *(self._splitter.finish() if self._splitter else ())]

    def _held(self) -> str:
        rest = self._stops.feed(self._decoder.decode(b"", final=True)) + self._stops.finish()
        self._decoder.reset()
        return rest

    def _split(self, text: str) -> list[Piece]:
        if self._splitter:
            return self._splitter.feed(text)
        return [Piece("answer", text)] if text else []
