"""The dense side: Chroma, derived from the catalog and rebuilt from it at any time.

One process owns Chroma at a time.  A reader that finds it owned scans the catalog's own vectors instead, which is
exact and quick enough for what one laptop holds.

Chroma keeps changes in a log (SQLite, whole after any crash) and a graph of the vectors (plain files that are changed
in place).  When the graph is written is decided here, because a process that is killed while it is written leaves files
that raise at the next start, or end the process, or do so at some later change.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

import numpy as np

from ragapp.errors import StoreError
from ragapp.index.catalog import Catalog
from ragapp.index.collection import LOG_RECORDS, UnfitError, connect, opens_elsewhere
from ragapp.index.filestate import FileState, Seal

# a search waits for the addition before it, so this is not as large as it could be
ADD_BATCH = 1000
# Ids of no vector: deleting them lengthens the log, which is the only way to have the graph written now.
_NO_VECTOR = "none-{}"
STATE_NAME = "ragapp.state"
SEAL_NAME = "ragapp.seal"
# how the files of a graph are named; what else is there is SQLite's, which looks after itself
_GRAPH_FILES = "*/*"
_READ_BATCH = 20_000


class VectorIndex(Protocol):
    """Nearest chunks of a vector."""

    def nearest(self, vector: np.ndarray, k: int, within: Sequence[int] | None = None) -> list[int]:
        """Ids of the ``k`` nearest chunks by cosine, the nearest first; only those of ``within`` unless None."""
        ...


class ChromaIndex:
    """The Chroma collection of one embedder identity.

    What cannot be trusted or used any more (a crash while the graph was written, damaged files, other parameters,
    mostly deleted vectors) is deleted at opening; the index is empty then, and :func:`reconcile` fills it.

    Args:
        folder: Chroma's own folder; it can be deleted at any moment.
        identity_id: names the collection, so vectors of two embedders never mix.

    Attributes:
        emptied: why the vectors that it held were dropped at opening, empty when they were not.

    Raises:
        StoreError: Chroma cannot open its folder, not even an empty one.
    """

    def __init__(self, folder: Path, identity_id: int):
        self.folder = folder
        self.emptied = ""
        self._lock = threading.RLock()
        self._logged = 0
        self._state = FileState(folder / STATE_NAME)
        self._seal = Seal(folder / SEAL_NAME)
        state = self._state.get()
        if why := self._distrust(state, identity_id):
            self._empty(why)
            state = FileState.SAVED
        try:
            self._open(identity_id)
        except OSError as error:
            raise StoreError(
                f"The vector index in {folder} cannot be opened: {error}.",
                "Check the disk's free space and paths.data.",
            ) from None
        except UnfitError as error:
            self._begin_anew(identity_id, str(error))
        except Exception as error:  # Chroma has no common base for its own and its Rust core's errors
            self._begin_anew(identity_id, f"it cannot be opened ({error})")
        else:
            if state != FileState.SAVED:
                # how long the log is, is not known; a whole one more makes it long enough
                self._save(LOG_RECORDS)

    def _distrust(self, state: str, identity_id: int) -> str:
        """Why the files must not be opened, empty when they may be."""
        if state == FileState.SAVING:
            return "a process ended while it was written"
        if state == FileState.DAMAGED:
            return "it was damaged"
        if name := self._seal.broken():
            return f"the file {name} is damaged"
        if state == FileState.OPENING and not opens_elsewhere(self.folder, identity_id):
            return "it cannot be opened"
        return ""

    def _open(self, identity_id: int) -> None:
        self._client = None
        before = self._state.get()
        self._state.set(FileState.OPENING)
        try:
            self._client, self._collection = connect(self.folder, identity_id)
        finally:
            # an exception is told and dealt with; only the end of the process leaves the mark
            self._state.set(before)

    def _begin_anew(self, identity_id: int, why: str) -> None:
        self.close()
        self._empty(why)
        with self._told("opened"):
            self._open(identity_id)

    def _empty(self, why: str) -> None:
        self.emptied = f"The vector index in {self.folder} is built anew: {why}."
        self.delete(self.folder)

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # see above
            from chromadb.errors import InternalError

            if isinstance(error, InternalError):
                self._logged = 0  # it shall not be called saved any more
                with suppress(OSError):
                    self._state.set(FileState.DAMAGED)
            raise StoreError(
                f"The vector index in {self.folder} cannot be {what}: {error}.", "Rebuild it: ragapp doctor --fix"
            ) from None

    def nearest(self, vector: np.ndarray, k: int, within: Sequence[int] | None = None) -> list[int]:
        """See :class:`VectorIndex`."""
        if within is not None and not within:
            return []
        ids = None if within is None else [str(chunk_id) for chunk_id in within]
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
            names = [str(chunk_id) for chunk_id in ids[part]]
            with self._logging(len(names)):
                self._collection.upsert(ids=names, embeddings=np.asarray(vectors[part], np.float32))

    def remove(self, ids: Sequence[int]) -> None:
        """Remove vectors; ids that are not there are passed over."""
        for begin in range(0, len(ids), ADD_BATCH):
            names = [str(chunk_id) for chunk_id in ids[begin : begin + ADD_BATCH]]
            with self._logging(len(names)):
                self._collection.delete(ids=names)

    def save(self) -> None:
        """Have the graph written, so that the next start need not add the log to it; cheap when there is no log."""
        with self._lock:
            if self._logged:
                self._save(LOG_RECORDS - self._logged)

    def close(self) -> None:
        """Save, and let go of the files, so that they can be deleted."""
        from chromadb.api.shared_system_client import SharedSystemClient

        with suppress(StoreError):  # what is not saved is in the log
            self.save()
        if self._client is not None:
            self._client.close()
        SharedSystemClient.clear_system_cache()

    @staticmethod
    def delete(folder: Path) -> None:
        """Delete Chroma's folder; nothing is lost, since it is rebuilt from the catalog."""
        shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def _logging(self, records: int) -> Iterator[None]:
        """Around a change of so many records, so that none makes the log long enough for the graph to be written."""
        with self._lock:
            if self._logged + records >= LOG_RECORDS:
                self.save()
            with self._told("written"):
                if not self._logged:
                    self._state.set(FileState.LOGGED)
                self._logged += records
                yield

    def _save(self, records: int) -> None:
        with self._told("written"):
            self._state.set(FileState.SAVING, lasting=True)
            self._collection.delete(ids=[_NO_VECTOR.format(n) for n in range(records)])
            self._seal.write(file for file in self.folder.glob(_GRAPH_FILES) if file.is_file())
            self._state.set(FileState.SAVED, lasting=True)
            self._logged = 0


class ExactIndex:
    """Cosine against every vector of the catalog, read once.

    Args:
        catalog: where the vectors are.
    """

    def __init__(self, catalog: Catalog):
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

    def nearest(self, vector: np.ndarray, k: int, within: Sequence[int] | None = None) -> list[int]:
        """See :class:`VectorIndex`."""
        ids, vectors = self._ids, self._vectors
        if within is not None:
            chosen = np.flatnonzero(np.isin(ids, np.fromiter(within, np.int64)))
            ids, vectors = ids[chosen], vectors[chosen]
        return _nearest(ids, vectors, vector, k)


def nearest_exactly(catalog: Catalog, vector: np.ndarray, k: int, within: Sequence[int]) -> list[int]:
    """As :meth:`VectorIndex.nearest`, by the catalog's own vectors, which are read for it."""
    ids, vectors = catalog.vectors(within)
    return _nearest(np.array(ids, np.int64), vectors, vector, k)


def _nearest(ids: np.ndarray, vectors: np.ndarray, vector: np.ndarray, k: int) -> list[int]:
    k = min(k, len(ids))
    if k == 0:
        return []
    scores = vectors @ np.asarray(vector, np.float32)
    # all that reach the score of the last place, so that equal ones come by id
    best = np.flatnonzero(scores >= np.partition(scores, -k)[-k])
    order = best[np.lexsort((ids[best], -scores[best]))][:k]
    return ids[order].tolist()


def reconcile(catalog: Catalog, index: ChromaIndex, progress: Callable[[int, int], None] | None = None) -> int:
    """Make Chroma hold exactly what the catalog holds, and save it.

    Args:
        catalog: the truth.
        index: what is mended.
        progress: called with (done, all) chunks.

    Returns:
        How many vectors were added or removed.
    """
    wanted, held = set(catalog.chunk_ids()), index.ids()
    index.remove(sorted(held - wanted))
    # The graph is better when neighbours do not come one after the other, as the chunks of a document do.
    missing = np.random.default_rng(0).permutation(sorted(wanted - held)).tolist()
    for begin in range(0, len(missing), ADD_BATCH):
        ids, vectors = catalog.vectors(missing[begin : begin + ADD_BATCH])
        index.add(ids, vectors)
        if progress:
            progress(begin + len(ids), len(missing))
    index.save()
    return len(held - wanted) + len(missing)
