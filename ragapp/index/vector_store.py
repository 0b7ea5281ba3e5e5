"""The port to a vector store, and the exact scan that stands in for one.

A vector store holds the vectors of the catalog's chunks by chunk id and finds the nearest of them. It is derived: the
catalog has every vector, so a store that is empty, lost or behind is filled again by :func:`reconcile`. There are two
implementations, :mod:`ragapp.index.chroma_embedded` and :mod:`ragapp.index.chroma_server`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ragapp.index.catalog import Catalog

# a search waits for the addition before it, so this is not as large as it could be
ADD_BATCH = 1000
_READ_BATCH = 20_000

Floats = NDArray[np.floating[Any]]


class VectorIndex(Protocol):
    """Nearest-neighbour search by cosine."""

    def nearest(self, vector: Floats, k: int, within: Sequence[int] | None = None) -> list[int]:
        """Ids of the ``k`` nearest chunks, the nearest first; only those of ``within`` unless None."""


class VectorStore(VectorIndex, Protocol):
    """The vectors of one embedder identity.

    Attributes:
        notice: what a person should know of it, such as why the vectors it held were dropped at opening; may be empty.

    Raises:
        VectorsUnavailableError: by every method, where a server has not done it; try again later.
        StoreError: by every method, where it cannot be done.
    """

    notice: str

    def add(self, ids: Sequence[int], vectors: Floats) -> None:
        """Add vectors, an array of shape (len(ids), dimension); ids that are there are replaced."""

    def remove(self, ids: Sequence[int]) -> None:
        """Remove vectors; ids that are not there are passed over."""

    def count(self) -> int:
        """How many vectors it holds."""

    def ids(self) -> set[int]:
        """Ids of all vectors that it holds."""

    def save(self) -> None:
        """Write what is only in a log so far; cheap when there is nothing to do."""

    def close(self) -> None:
        """Save and let go of files and connections."""


class VectorBackend(Protocol):
    """Where vector stores are kept: opens and deletes them.

    The ``library_id`` tells apart the data folders that share a place; one place may know of a single one only.

    Attributes:
        place: the server's address, empty for files of this data folder.
    """

    place: str

    def open(self, library_id: str, identity_id: int, dimension: int) -> VectorStore:
        """The store of one embedder identity, made when missing.

        Raises:
            VectorsUnavailableError: the server cannot be used now.
            StoreError: it cannot be opened.
        """

    def remove(self, library_id: str, ids: Sequence[int]) -> None:
        """Remove vectors whatever their identity; files do nothing here, as they are mended at opening."""

    def delete(self, library_id: str) -> None:
        """Delete all stores of a data folder; they are filled again from the catalog."""


class ExactScan:
    """Cosine against every vector of the catalog, read once."""

    def __init__(self, catalog: Catalog) -> None:
        wanted = catalog.chunk_ids()
        found: list[int] = []
        self._vectors = np.zeros((0, 0), np.float32)
        for begin in range(0, len(wanted), _READ_BATCH):
            ids, vectors = catalog.vectors(wanted[begin : begin + _READ_BATCH])
            if not ids:
                continue
            if not found:
                # filled part by part: all at once would need twice the memory
                self._vectors = np.empty((len(wanted), vectors.shape[1]), np.float32)
            self._vectors[len(found) : len(found) + len(ids)] = vectors
            found += ids
        self._ids = np.array(found, np.int64)
        self._vectors = self._vectors[: len(found)]

    def nearest(self, vector: Floats, k: int, within: Sequence[int] | None = None) -> list[int]:
        ids, vectors = self._ids, self._vectors
        if within is not None:
            chosen = np.flatnonzero(np.isin(ids, np.fromiter(within, np.int64)))
            ids, vectors = ids[chosen], vectors[chosen]
        return _nearest(ids, vectors, vector, k)


def nearest_exactly(catalog: Catalog, vector: Floats, k: int, within: Sequence[int]) -> list[int]:
    """As :meth:`VectorIndex.nearest`, by the catalog's own vectors, which are read for it."""
    ids, vectors = catalog.vectors(within)
    return _nearest(np.array(ids, np.int64), vectors, vector, k)


def _nearest(ids: NDArray[np.int64], vectors: NDArray[np.float32], vector: Floats, k: int) -> list[int]:
    k = min(k, len(ids))
    if k == 0:
        return []
    scores = vectors @ np.asarray(vector, np.float32)
    # all that reach the score of the last place, so that equal ones come by id
    best = np.flatnonzero(scores >= np.partition(scores, -k)[-k])
    order = best[np.lexsort((ids[best], -scores[best]))][:k]
    return [int(chunk_id) for chunk_id in ids[order]]


def reconcile(catalog: Catalog, store: VectorStore, progress: Callable[[int, int], None] | None = None) -> int:
    """Make a vector store hold exactly what the catalog holds, and save it; returns how many vectors came or went.

    ``progress`` is called with (done, all) chunks.
    """
    wanted, held = set(catalog.chunk_ids()), store.ids()
    store.remove(sorted(held - wanted))
    # an HNSW graph is better when neighbours do not come one after the other, as the chunks of a document do
    missing = np.random.default_rng(0).permutation(np.array(sorted(wanted - held), np.int64)).tolist()
    for begin in range(0, len(missing), ADD_BATCH):
        ids, vectors = catalog.vectors(missing[begin : begin + ADD_BATCH])
        store.add(ids, vectors)
        if progress:
            progress(begin + len(ids), len(missing))
    store.save()
    return len(held - wanted) + len(missing)
