"""The tokens that a model has read, kept from one prompt to the next."""

from __future__ import annotations

import time
from typing import NamedTuple

import numpy as np

from ragapp.errors import CancelledError
from ragapp.llm.interface import TIMED_TOKENS
from ragapp.llm.shelf import LEAST_TOKENS, Shelf
from ragapp.llm.stopping import AbortFlag

# tokens that bring the weights into memory before the time is taken
WARM_TOKENS = 32


class Reading(NamedTuple):
    """What reading a prompt took.

    Attributes:
        kept: tokens that were there already.
        speed: tokens a second of the others; 0 where there were too few to tell.
    """

    kept: int
    speed: float


class PrefixCache:
    """What one context of llama.cpp has read.

    Args:
        llama: of llama-cpp-python.
        abort: stops it in the middle of a batch.
        batch: tokens that are read at a time.
    """

    def __init__(self, llama, abort: AbortFlag, batch: int):
        self._llama = llama
        self._abort = abort
        self._batch = batch
        self._shelf = Shelf(llama)

    def feed(self, tokens: list[int]) -> Reading:
        """Bring a prompt into the cache; what it shares with an earlier one is not read again.

        Args:
            tokens: fewer than the window has.

        Raises:
            CancelledError: it was stopped; what had been read whole stays in the cache.
        """
        llama = self._llama
        keep = llama.longest_token_prefix(llama._input_ids.tolist(), tokens)
        if llama.n_tokens - keep >= LEAST_TOKENS:
            self._shelf.put_aside()
            keep = self._shelf.take_back(tokens, keep)
        # the last token is always read anew, for its logits
        keep = min(keep, len(tokens) - 1)
        if keep == 0 or not llama._ctx.kv_cache_seq_rm(-1, keep, -1):
            keep = 0
            llama.reset()
        llama.n_tokens = keep
        started = time.monotonic()
        for begin in range(keep, len(tokens), self._batch):
            try:
                llama.eval(tokens[begin : begin + self._batch])
            except RuntimeError:
                if not self._abort.raised:
                    raise
            if self._abort.raised:
                raise CancelledError("Stopped.")
        read = len(tokens) - keep
        return Reading(keep, read / (time.monotonic() - started) if read >= TIMED_TOKENS else 0.0)

    def logits(self) -> np.ndarray:
        """Of the token that comes next: one number for each of the vocabulary, float32; valid until the next token."""
        llama = self._llama
        return np.ctypeslib.as_array(llama._ctx.get_logits_ith(-1), shape=(llama.n_vocab(),))

    def measure(self) -> float:
        """Tokens that are read a second; what was in the cache stays there, where it has room for the trial."""
        llama = self._llama
        tokens = llama.tokenize(b"word " * (WARM_TOKENS + TIMED_TOKENS), add_bos=False)
        tokens = tokens[: min(WARM_TOKENS + TIMED_TOKENS, llama.n_ctx() - 1)]
        kept = llama.n_tokens
        if kept + len(tokens) > llama.n_ctx():
            kept = 0
            llama.reset()
        llama.eval(tokens[:WARM_TOKENS])
        started = time.monotonic()
        llama.eval(tokens[WARM_TOKENS:])
        speed = len(tokens[WARM_TOKENS:]) / (time.monotonic() - started)
        if kept and llama._ctx.kv_cache_seq_rm(-1, kept, -1):
            llama.n_tokens = kept
        else:
            llama.reset()
        return speed
