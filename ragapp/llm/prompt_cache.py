"""Prompts that a model has read, so that what they share with the next ones need not be read again.

Each passage is judged in a prompt of its own; the answer, another version and the next question come back to one of
them. Restoring its keys and values costs milliseconds, reading it costs seconds. What is taken from an earlier reading
never changes the result (:mod:`ragapp.llm.batches`), whether it comes from memory or from disk
(:mod:`ragapp.llm.prompt_store`).
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from ragapp.llm.batches import shared_prefix
from ragapp.llm.interface import TIMED_TOKENS
from ragapp.llm.llamacpp import Context
from ragapp.llm.prompt_store import PromptStore

#: tokens; a shorter prompt is read as quickly as it is found
LEAST_TOKENS = 48
#: memory that all saved prompts together may take
MOST_BYTES = 192 << 20
# tokens that bring the weights into memory before the time is taken
_WARM_TOKENS = 32


class _Saved(NamedTuple):
    tokens: list[int]
    state: bytes
    ends: tuple[int, ...] = ()  # of the batches in which it was read, where it cannot be cut


class PromptCache:
    """Reads prompts in one context of llama.cpp, and keeps those that others displace.

    The kept ones take ``most_bytes`` of memory at the most; what was used longest ago goes first. Where there is a
    ``store``, what it holds need not be read either; :meth:`export` gives what is worth keeping there.
    """

    def __init__(self, context: Context, most_bytes: int = MOST_BYTES, store: PromptStore | None = None):
        self._context = context
        self._store = store if context.can_cut else None
        self._cutting = context.cutting
        self._most_bytes = most_bytes
        self._saved: deque[_Saved] = deque()
        # of the tokens in the context, how many were read in whole groups
        self._solid = 0

    def __len__(self) -> int:
        return len(self._saved)

    def read(self, tokens: list[int], marks: Iterable[int] = ()) -> tuple[int, float]:
        """Bring a prompt, shorter than the window, into the context; what it shares with an earlier one is not read.

        ``marks`` are the numbers of tokens after which prompts of its kind may part; they matter only to a memory that
        cannot be cut back, as all else is shared up to any place.

        Returns how many tokens were there already, and how many of the others are read a second, 0 where they are too
        few to tell. Raises as :meth:`Context.decode`.
        """
        context = self._context
        if context.can_cut:
            keep, ends = self._keep_shared(tokens)
            stops: frozenset[int] = frozenset()
        else:
            keep, ends, stops = self._keep_state(tokens, marks)
        started = time.monotonic()
        self._solid, tail = keep, self._cutting.tail(len(tokens))
        for place, end in enumerate(ends):
            context.decode(tokens[len(context.tokens) : end])
            self._solid = min(end, tail)
            if end in stops:
                self._save_state(tuple(ends[: place + 1]))
        if (read := len(tokens) - keep) < TIMED_TOKENS:
            return keep, 0.0
        context.wait()
        return keep, read / (time.monotonic() - started)

    def begin(self, tokens: list[int]) -> None:
        """Bring the beginning of prompts to come into the context: whole groups, which none of them reads again.

        See :attr:`ragapp.llm.batches.Cutting.grain`. Raises as :meth:`Context.decode`.
        """
        context = self._context
        self._solid = context.truncate(self._found(tokens))
        for end in self._cutting.wholes(self._solid, len(tokens)):
            context.decode(tokens[self._solid : end])
            self._solid = end

    def _keep_shared(self, tokens: list[int]) -> tuple[int, list[int]]:
        """Leave in the context what a prompt shares with an earlier one; how much, and where its batches then end."""
        keep = self._context.truncate(self._cutting.kept(self._found(tokens), len(tokens)))
        return keep, self._cutting.ends(keep, len(tokens))

    def _found(self, tokens: list[int]) -> int:
        """Bring what an earlier prompt shares with this one into the context; how many tokens in whole groups."""
        context = self._context
        held = min(self._solid, len(context.tokens))
        keep = min(held, shared_prefix(context.tokens, tokens))
        if held - keep >= LEAST_TOKENS:
            self.save()
            keep = self.restore(tokens, keep)
        keep = self._take_from_disk(tokens, keep)
        return keep // self._cutting.grain * self._cutting.grain

    def _take_from_disk(self, tokens: list[int], held: int) -> int:
        """Put in a reading on disk that has clearly more than the ``held`` first tokens; how many are there then."""
        if self._store is None:
            return held
        length = self._store.longest(tokens)
        if length < held + LEAST_TOKENS or not (reading := self._store.find(tokens[:length])):
            return held
        self.save()
        return length if self._context.restore(tokens[:length], reading.state) else 0

    def export(self, tokens: list[int]) -> bytes:
        """Keys and values of a prompt's beginning that was read not long ago; empty where they are no longer here.

        Of the tokens, those in whole groups count; see :attr:`ragapp.llm.batches.Cutting.grain`.
        """
        context = self._context
        if context.tokens[: self._solid][: len(tokens)] != tokens:
            self.save()
            if self.restore(tokens, 0) < len(tokens):
                return b""
        self.save()
        self._solid = context.truncate(len(tokens))
        return context.state(self._most_bytes)

    def measure(self) -> float:
        """Tokens that are read a second; what the context holds stays there, where it has room for the trial."""
        context = self._context
        tokens = context.model.tokenize("word " * (_WARM_TOKENS + TIMED_TOKENS))
        tokens = tokens[: min(_WARM_TOKENS + TIMED_TOKENS, context.window - 1)]
        held = len(context.tokens)
        if held + len(tokens) > context.window:
            held = context.truncate(0)
        context.decode(tokens[:_WARM_TOKENS])
        context.wait()
        started = time.monotonic()
        context.decode(tokens[_WARM_TOKENS:])
        context.wait()
        seconds = time.monotonic() - started
        context.truncate(held)
        return len(tokens[_WARM_TOKENS:]) / seconds

    def save(self) -> None:
        """Keep what the context holds now; to be called before something else takes its place.

        What cannot be used again is forgotten: the last batch of the prompt, and what was written after it.
        """
        context = self._context
        tokens = context.tokens[: self._solid]
        known = len(tokens) < LEAST_TOKENS or any(saved.tokens == tokens for saved in self._saved)
        if known:
            return
        context.truncate(len(tokens))
        if state := context.state(self._most_bytes):
            # a longer prompt with the same beginning serves for both
            self._saved = deque(saved for saved in self._saved if tokens[: len(saved.tokens)] != saved.tokens)
            self._keep(_Saved(tokens, state))

    def _keep(self, saved: _Saved) -> None:
        self._saved.append(saved)
        while sum(len(one.state) for one in self._saved) > self._most_bytes:
            self._saved.popleft()

    def restore(self, tokens: list[int], held: int) -> int:
        """Put back a saved prompt that shares clearly more than ``held`` tokens with this one; how many it has then."""
        latest = reversed(self._saved)
        best = max(latest, key=lambda saved: shared_prefix(saved.tokens, tokens), default=_Saved([], b""))
        shared = shared_prefix(best.tokens, tokens)
        if shared < held + LEAST_TOKENS:
            return held
        if not self._put_back(best):
            return 0
        self._solid = len(best.tokens)
        return shared

    def _put_back(self, saved: _Saved) -> bool:
        self._saved.remove(saved)
        if not self._context.restore(saved.tokens, saved.state):
            return False
        self._saved.append(saved)  # what was used last goes last
        return True

    def _keep_state(self, tokens: list[int], marks: Iterable[int]) -> tuple[int, list[int], frozenset[int]]:
        """For a memory that cannot be cut: put back the longest reading that this prompt goes on from.

        The states that are kept are those at the marks and before the last batch. A reading is the same only where
        the batches were, too. Returns how many tokens are there then, where its batches end, and which of these ends
        are to be kept.
        """
        cutting = self._cutting
        tail = cutting.tail(len(tokens))
        stops = frozenset(place for place in (*(cutting.kept(mark, len(tokens)) for mark in marks), tail) if place)
        ends = cutting.ends(0, len(tokens), stops)

        def fits(saved: _Saved) -> bool:
            return saved.ends == tuple(ends[: len(saved.ends)]) and saved.tokens == tokens[: len(saved.tokens)]

        best = max(filter(fits, self._saved), key=lambda saved: len(saved.tokens), default=None)
        if best is None or not self._put_back(best):
            self._context.truncate(0)
        keep = len(self._context.tokens)
        # the ends before it count for what is saved later, so they stay in the list, with nothing left to read
        return keep, ends, frozenset(place for place in stops if place > keep)

    def _save_state(self, ends: tuple[int, ...]) -> None:
        if len(self._context.tokens) >= LEAST_TOKENS and (state := self._context.state(self._most_bytes)):
            self._keep(_Saved(list(self._context.tokens), state, ends))
