"""Prompts that a model has read, so that what they share with the next ones need not be read again.

Each passage is judged in a prompt of its own; the answer, another version and the next question come back to one of
them. Restoring its keys and values costs milliseconds, reading it costs seconds.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from ragapp.llm.interface import TIMED_TOKENS
from ragapp.llm.llamacpp import Context

#: tokens; a shorter prompt is read as quickly as it is found
LEAST_TOKENS = 48
#: memory that all saved prompts together may take
MOST_BYTES = 192 << 20
# tokens that bring the weights into memory before the time is taken
_WARM_TOKENS = 32


class _Saved(NamedTuple):
    tokens: list[int]
    state: bytes


class PromptCache:
    """Reads prompts in one context of llama.cpp, and keeps those that others displace.

    The kept ones take ``most_bytes`` at the most; what was used longest ago goes first.
    """

    def __init__(self, context: Context, most_bytes: int = MOST_BYTES):
        self._context = context
        self._most_bytes = most_bytes
        self._saved: deque[_Saved] = deque()

    def __len__(self) -> int:
        return len(self._saved)

    def read(self, tokens: list[int]) -> tuple[int, float]:
        """Bring a prompt, shorter than the window, into the context; what it shares with an earlier one is not read.

        Returns how many tokens were there already, and how many of the others are read a second, 0 where they are too
        few to tell. Raises as :meth:`Context.decode`.
        """
        context = self._context
        keep = shared_prefix(context.tokens, tokens)
        if len(context.tokens) - keep >= LEAST_TOKENS:
            self.save()
            keep = self.restore(tokens, keep)
        # the last token is always read anew, for its logits
        keep = context.truncate(min(keep, len(tokens) - 1))
        started = time.monotonic()
        context.decode(tokens[keep:])
        if (read := len(tokens) - keep) < TIMED_TOKENS:
            return keep, 0.0
        context.wait()
        return keep, read / (time.monotonic() - started)

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
        """Keep what the context holds now; to be called before something else takes its place."""
        tokens = list(self._context.tokens)
        known = len(tokens) < LEAST_TOKENS or any(saved.tokens == tokens for saved in self._saved)
        if not known and (state := self._context.state(self._most_bytes)):
            # a longer prompt with the same beginning serves for both
            self._saved = deque(saved for saved in self._saved if tokens[: len(saved.tokens)] != saved.tokens)
            self._saved.append(_Saved(tokens, state))
            while sum(len(saved.state) for saved in self._saved) > self._most_bytes:
                self._saved.popleft()

    def restore(self, tokens: list[int], held: int) -> int:
        """Put back a saved prompt that shares clearly more than ``held`` tokens with this one; how many it has then."""
        latest = reversed(self._saved)
        best = max(latest, key=lambda saved: shared_prefix(saved.tokens, tokens), default=_Saved([], b""))
        shared = shared_prefix(best.tokens, tokens)
        if shared < held + LEAST_TOKENS:
            return held
        self._saved.remove(best)
        if not self._context.restore(best.tokens, best.state):
            return 0
        self._saved.append(best)  # what was used last goes last
        return shared


def shared_prefix(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens two prompts begin with in common."""
    pairs = zip(one, other, strict=False)
    return next((place for place, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
