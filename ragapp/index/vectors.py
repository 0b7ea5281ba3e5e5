"""The dense side: Chroma, derived from the catalog and rebuilt from it at any time.

One process owns Chroma at a time.  A reader that finds it owned scans the catalog's own vectors instead, which is
exact and quick enough for what one laptop holds.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import numpy as np

from ragapp.errors import StoreError
from ragapp.index.catalog import Catalog

ADD_BATCH = 2000
# Chroma's defaults (16 neighbours, 100 candidates) found 57 % of the true ten nearest of 100,000 clustered vectors
HNSW = {"space": "cosine", "max_neighbors": 32, "ef_construction": 200, "ef_search": 400}


class VectorIndex(Protocol):
    """Nearest chunks of a vector."""

    def nearest(self, vector: np.ndarray, k: int, within: Sequence[int] | None = None) -> list[int]:
        """Ids of the ``k`` nearest chunks by cosine, the nearest first; only those of ``within`` unless None."""
        ...


class ChromaIndex:
    """The Chroma collection of one embedder identity.

    Args:
        folder: Chroma's own folder; it can be deleted at any moment.
        identity_id: names the collection, so vectors of two embedders never mix.

    Raises:
        StoreError: Chroma cannot open its folder.
    """

    def __init__(self, folder: Path, identity_id: int):
        import chromadb
        from chromadb.config import Settings as ChromaSettings

        self.folder = folder
        with self._told("opened"):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._client = chromadb.PersistentClient(
                str(folder), settings=ChromaSettings(anonymized_telemetry=False, is_persistent=True)
            )
            self._collection = self._client.get_or_create_collection(
                f"chunks-{identity_id}", configuration={"hnsw": HNSW}, embedding_function=None
            )

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # Chroma has no common base for its own and its Rust core's errors
            raise StoreError(
                f"The vector index in {self.folder} cannot be {what}: {error}.", "Rebuild it: ragapp doctor --fix"
            ) from None

    def nearest(self, vector: np.ndarray, k: int, within: Sequence[int] | None = None) -> list[int]:
        """See :class:`VectorIndex`."""
        count = self.count()
        if count == 0 or (within is not None and not within):
            return []
        ids = None if within is None else [str(chunk_id) for chunk_id in within]
        k = min(k, count if ids is None else len(ids))
        with self._told("searched"):
            found = self._collection.query(
                query_embeddings=[np.asarray(vector, np.float32)], n_results=k, ids=ids, include=["distances"]
            )
        return [int(chunk_id) for chunk_id in found["ids"][0]]

    def count(self) -> int:
        """How many vectors it holds."""
        with self._told("read"):
            return self._collection.count()

    def ids(self) -> set[int]:
        """Ids of all vectors that it holds."""
        with self._told("read"):
            return {int(chunk_id) for chunk_id in self._collection.get(include=[])["ids"]}

    def add(self, ids: Sequence[int], vectors: np.ndarray) -> None:
        """Add vectors, float array of shape (len(ids), dimension); ids that are there are replaced."""
        for begin in range(0, len(ids), ADD_BATCH):
            part = slice(begin, begin + ADD_BATCH)
            with self._told("written"):
                self._collection.upsert(
                    ids=[str(chunk_id) for chunk_id in ids[part]], embeddings=np.asarray(vectors[part], np.float32)
                )

    def remove(self, ids: Sequence[int]) -> None:
        """Remove vectors; ids that are not there are passed over."""
        for begin in range(0, len(ids), ADD_BATCH):
            with self._told("written"):
                self._collection.delete(ids=[str(chunk_id) for chunk_id in ids[begin : begin + ADD_BATCH]])

    def close(self) -> None:
        """Let go of the files, so that they can be deleted."""
        from chromadb.api.shared_system_client import SharedSystemClient

        self._client.close()
        SharedSystemClient.clear_system_cache()

    @staticmethod
    def delete(folder: Path) -> None:
        """Delete Chroma's folder; nothing is lost, since it is rebuilt from the catalog."""
        shutil.rmtree(folder, ignore_errors=True)


class ExactIndex:
    """Cosine against every vector of the catalog, read once.

    Args:
        catalog: where the vectors are.
    """

    def __init__(self, catalog: Catalog):
        self._ids, self._vectors = catalog.vectors()

    def nearest(self, vector: np.ndarray, k: int, within: Sequence[int] | None = None) -> list[int]:
        """See :class:`VectorIndex`."""
        if not self._ids:
            return []
        scores = self._vectors @ np.asarray(vector, np.float32)
        if within is not None:
            scores = np.where(np.isin(self._ids, list(within)), scores, -np.inf)
        order = np.argsort(-scores, kind="stable")[:k]
        return [self._ids[i] for i in order if scores[i] > -np.inf]


def reconcile(catalog: Catalog, index: ChromaIndex, progress: Callable[[int, int], None] | None = None) -> int:
    """Make Chroma hold exactly what the catalog holds.

    Args:
        catalog: the truth.
        index: what is mended.
        progress: called with (done, all) chunks.

    Returns:
        How many vectors were added or removed.
    """
    wanted, held = set(catalog.chunk_ids()), index.ids()
    index.remove(sorted(held - wanted))
    missing = sorted(wanted - held)
    for begin in range(0, len(missing), ADD_BATCH):
        ids, vectors = catalog.vectors(missing[begin : begin + ADD_BATCH])
        index.add(ids, vectors)
        if progress:
            progress(begin + len(ids), len(missing))
    return len(held - wanted) + len(missing)
