"""Forward passes side by side: each has cores of its own, since threads that share one wait for each other."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, as_completed

import numpy as np

from ragapp.llm.options import physical_cores

MAX_LANES = 16


def lane_count() -> int:
    """How many texts are embedded at a time: one a physical core, less where OpenMP is told to take fewer."""
    told = os.environ.get("OMP_NUM_THREADS", "")
    limits = [MAX_LANES, physical_cores()]
    return max(1, min([*limits, int(told)] if told.isdigit() else limits))


def embed_in_lanes(
    lanes: Executor,
    encode: Callable[[list[int]], np.ndarray],
    parts: Iterable[list[int]],
    vectors: np.ndarray,
    progress: Callable[[int], None],
) -> None:
    """Embed parts of some texts, several at a time.

    Args:
        encode: vectors of the texts of a part, of shape (len(part), dimension).
        parts: indices of texts, which are those of the rows of ``vectors``, too.
        vectors: filled in.
        progress: gets the number of texts done so far; what it raises gives up the parts that have not begun.
    """
    futures = {lanes.submit(encode, part): part for part in parts}
    done = 0
    try:
        for future in as_completed(futures):
            vectors[futures[future]] = future.result()
            done += len(futures[future])
            progress(done)
    finally:  # an error, or the caller's wish to stop
        for future in futures:
            future.cancel()
