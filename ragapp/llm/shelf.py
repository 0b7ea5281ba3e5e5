"""Prompts that a model has read, put aside with their keys and values, so that they need not be read again.

Each passage is judged in a prompt of its own; the answer, another version and the next question come back to one of
them.  Taking a prompt back costs milliseconds, reading it costs seconds.
"""

from __future__ import annotations

import ctypes
from collections import deque
from dataclasses import dataclass

# a shorter prompt is read as quickly as it is found
LEAST_TOKENS = 48
# memory that all together may take
MOST_BYTES = 192 << 20


@dataclass(frozen=True, slots=True)
class _Kept:
    tokens: tuple[int, ...]
    state: bytes


class Shelf:
    """What was read in one context of llama.cpp and displaced since.

    Args:
        llama: of llama-cpp-python.
        most_bytes: memory that it may take; what was used longest ago goes first.
    """

    def __init__(self, llama, most_bytes: int = MOST_BYTES):
        self._llama = llama
        self._most_bytes = most_bytes
        self._kept: deque[_Kept] = deque()

    def __len__(self) -> int:
        return len(self._kept)

    def put_aside(self) -> None:
        """Keep what the context holds now; to be called before something else takes its place."""
        import llama_cpp

        tokens = tuple(self._llama._input_ids.tolist())
        if len(tokens) < LEAST_TOKENS or any(kept.tokens == tokens for kept in self._kept):
            return
        context = self._llama._ctx.ctx
        size = llama_cpp.llama_state_seq_get_size(context, 0)
        if not 0 < size <= self._most_bytes:
            return
        buffer = (ctypes.c_uint8 * size)()
        written = llama_cpp.llama_state_seq_get_data(context, buffer, size, 0)
        if not written:
            return
        # a longer reading of the same beginning serves for both
        self._kept = deque(kept for kept in self._kept if tokens[: len(kept.tokens)] != kept.tokens)
        # a slice of the buffer would be a list of numbers, one for each of some millions of bytes
        self._kept.append(_Kept(tokens, ctypes.string_at(buffer, written)))
        while sum(len(kept.state) for kept in self._kept) > self._most_bytes:
            self._kept.popleft()

    def take_back(self, tokens: list[int], held: int) -> int:
        """Put back what shares the longest beginning with a prompt, if that is longer than what the context holds.

        Args:
            tokens: of the prompt.
            held: how many of its first tokens the context holds.

        Returns:
            How many of its first tokens the context holds now.
        """
        import llama_cpp

        llama = self._llama
        shared = [(llama.longest_token_prefix(kept.tokens, tokens), n) for n, kept in enumerate(self._kept)]
        best, place = max(shared, default=(0, -1))
        if best < held + LEAST_TOKENS:
            return held
        kept = self._kept[place]
        llama._ctx.kv_cache_clear()
        state = (ctypes.c_uint8 * len(kept.state)).from_buffer_copy(kept.state)
        if not llama_cpp.llama_state_seq_set_data(llama._ctx.ctx, state, len(kept.state), 0):
            llama.reset()
            del self._kept[place]
            return 0
        llama.input_ids[: len(kept.tokens)] = kept.tokens
        llama.n_tokens = len(kept.tokens)
        # what was used last goes last
        del self._kept[place]
        self._kept.append(kept)
        return best
