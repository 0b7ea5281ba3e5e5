"""What the embedded and the server implementation of the vector store share: operations on one Chroma collection."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from ragapp.errors import StoreError
from ragapp.index.vector_store import Floats

if TYPE_CHECKING:
    from chromadb.api.models.Collection import Collection
    from chromadb.config import Settings

T = TypeVar("T")

# parameters of the HNSW graph; Chroma keeps those that a collection was made with
HNSW: dict[str, Any] = {"space": "cosine", "max_neighbors": 16, "ef_construction": 200, "ef_search": 400}


def chroma_settings(**values: Any) -> Settings:
    """Chroma's settings without telemetry, and with nothing from the environment or a ``.env`` of the working folder,
    which its constructor would read."""
    from chromadb.config import Settings

    return Settings.model_construct(anonymized_telemetry=False, **values)


# what Chroma says of a query for ids of which it does not hold one
_UNKNOWN_ID = "Error finding id"
# so often a search among some chunks is tried while these are being replaced
_TRIES = 5


class CollectionStore:
    """A vector store in one Chroma collection; ids of chunks are decimal numbers there."""

    _collection: Collection
    batch: int

    def _call(self, what: str, operation: Callable[..., T], **arguments: Any) -> T:
        """Call Chroma and translate its errors; ``what`` says what cannot be done then ("searched", "read")."""
        raise NotImplementedError

    def _write(self, operation: Callable[..., Any], ids: list[str], **arguments: Any) -> None:
        self._call("written", operation, ids=ids, **arguments)

    def nearest(self, vector: Floats, k: int, within: Sequence[int] | None = None) -> list[int]:
        """See :class:`ragapp.index.vector_store.VectorIndex`."""
        names = None if within is None else [str(chunk_id) for chunk_id in within]
        for _ in range(_TRIES):
            if names is not None and not names:
                return []
            found = self._query(vector, k, names)
            if found is not None:
                return [int(chunk_id) for chunk_id in found["ids"][0]]
            # what is gone was replaced or removed since it was looked up
            names = self._call("read", self._collection.get, ids=names, include=[])["ids"]
        raise StoreError("The documents that are searched are being changed all the time.", "Ask again in a moment.")

    def _query(self, vector: Floats, k: int, names: list[str] | None) -> Any:
        """What Chroma finds; None where it does not hold all ids that may be found, an internal error to it."""

        def query(**arguments: Any) -> Any:
            try:
                return self._collection.query(**arguments)
            except Exception as error:  # see EmbeddedStore
                if names is not None and _UNKNOWN_ID in str(error):
                    return None
                raise

        return self._call(
            "searched",
            query,
            query_embeddings=[np.asarray(vector, np.float32)],
            n_results=k,
            ids=names,
            include=["distances"],
        )

    def count(self) -> int:
        """How many vectors it holds."""
        return self._call("read", self._collection.count)

    def ids(self) -> set[int]:
        """Ids of all vectors that it holds."""
        return {int(chunk_id) for chunk_id in self._call("read", self._collection.get, include=[])["ids"]}

    def add(self, ids: Sequence[int], vectors: Floats) -> None:
        """Add vectors, an array of shape (len(ids), dimension); ids that are there are replaced."""
        for part in self._batches(ids):
            names = [str(chunk_id) for chunk_id in ids[part]]
            self._write(self._collection.upsert, names, embeddings=np.asarray(vectors[part], np.float32))

    def remove(self, ids: Sequence[int]) -> None:
        """Remove vectors; ids that are not there are passed over."""
        for part in self._batches(ids):
            self._write(self._collection.delete, [str(chunk_id) for chunk_id in ids[part]])

    def _batches(self, ids: Sequence[int]) -> Iterator[slice]:
        return (slice(begin, begin + self.batch) for begin in range(0, len(ids), self.batch))
