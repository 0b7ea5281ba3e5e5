"""The library: catalog and vector index kept in step, and owned by one process at a time."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path

import numpy as np

from ragapp import private
from ragapp.errors import IdentityError, StoreError
from ragapp.index.catalog import Catalog
from ragapp.index.records import Chunk, DocumentRow, Identity
from ragapp.index.vectors import ChromaIndex, ExactIndex, VectorIndex, reconcile
from ragapp.reading.document import Document

CATALOG_NAME = "catalog.sqlite3"
CHROMA_NAME = "chroma"
LOCK_NAME = "store.lock"
OWNER_NAME = "store.owner"
# what the names in a data folder begin with: the store's, the demo's, and what other parts of ragapp keep there
OWN_NAMES = (CATALOG_NAME, CHROMA_NAME, "store.", "refused.log", "server.json", "calibration.json", "demo", "uploads")
# set in the catalog while Chroma may lag behind it
_BEHIND = "chroma_behind"
# Chroma pays for every call, so that many small documents are given to it together; the catalog has them already
FLUSH_CHUNKS = 1000
FLUSH_S = 30.0


class Library:
    """All that is stored in one data folder.

    Args:
        folder: the data folder; made when missing.
        identity: what the embedder in use makes, None to look at documents only.
        write: whether documents will be added or removed; needs to own the store.
        wait_s: how long to wait for another process that owns the store, when writing.

    Attributes:
        mended: what was wrong with the vector index when it was opened, and what was done, one sentence each.

    Raises:
        StoreError: another process owns the store, or it cannot be opened.
    """

    def __init__(self, folder: Path, identity: Identity | None = None, *, write: bool = False, wait_s: float = 10.0):
        from filelock import FileLock, Timeout

        try:
            private.make_folder(folder)
        except OSError as error:
            raise StoreError(
                f"The data folder {folder} cannot be made: {error.strerror}.", "Check paths.data."
            ) from None
        self.folder = folder
        self.identity = identity
        self._lock = FileLock(folder / LOCK_NAME, mode=private.FILE_MODE)
        self.mended: list[str] = []
        self._vectors: VectorIndex | None = None
        self._opening = threading.Lock()
        self._pending = _Pending()
        try:
            self._lock.acquire(timeout=wait_s if write else 0)
            self.owner = True
            private.restrict_own(folder, OWN_NAMES)
            private.replace_text(folder / OWNER_NAME, str(os.getpid()))
        except Timeout:
            self.owner = False
            if write:
                raise StoreError(
                    f"Another ragapp process{_owner(folder)} is using the store in {folder}.",
                    "Let it finish or stop it, then try again. A running page takes in the drop folder itself.",
                ) from None
        except OSError as error:
            raise StoreError(
                f"The data folder {folder} cannot be written: {error.strerror}.", "Check paths.data."
            ) from None
        try:
            self.catalog = Catalog(folder / CATALOG_NAME)
        except StoreError:
            self._lock.release()
            raise

    def __enter__(self) -> Library:
        return self

    def __exit__(self, *exception) -> None:
        self.close()

    def close(self) -> None:
        """Close the files and let another process own the store."""
        with suppress(StoreError):  # the catalog has it all; what Chroma lacks is made good at the next start
            self.flush()
        if isinstance(self._vectors, ChromaIndex):
            self._vectors.close()
            private.restrict(self.folder / CHROMA_NAME)
        self._vectors = None
        self.catalog.close()
        self._lock.release()

    @property
    def vectors(self) -> VectorIndex:
        """The vector index, in step with the catalog.

        It is Chroma, mended if it lagged, or an exact scan where another process owns Chroma.
        """
        index = self._index()
        if self.owner:
            self.flush()
        return index

    def _index(self) -> VectorIndex:
        with self._opening:
            if self._vectors is None:
                self._vectors = self._open_chroma() if self.owner else ExactIndex(self.catalog)
        return self._vectors

    def _open_chroma(self) -> ChromaIndex:
        index = ChromaIndex(self.folder / CHROMA_NAME, self.identity_id)
        private.restrict(self.folder / CHROMA_NAME)
        self.mended += [index.emptied] if index.emptied else []
        if self.catalog.get_state(_BEHIND) != "0" or index.count() != self.catalog.chunk_count():
            reconcile(self.catalog, index)
            self.catalog.set_state(_BEHIND, "0")
        return index

    @cached_property
    def identity_id(self) -> int:
        """Id of the identity in use, looked up once: every document that is stored needs it.

        Raises:
            IdentityError: documents were stored with another one.
        """
        if self.identity is None:
            raise ValueError("this library was opened without an identity")
        self.check_identity()
        return self.catalog.identity_id(self.identity)

    def check_identity(self) -> None:
        """Refuse a store that another embedder or chunker made.

        Raises:
            IdentityError: names both and the command that rebuilds.
        """
        for stored in self.catalog.stored_identities().values():
            if self.identity is None or _key(stored) == _key(self.identity):
                continue
            made, wanted = stored.weights_sha256.partition("+"), self.identity.weights_sha256.partition("+")
            if made[0] != wanted[0]:
                what = f"with the embedder {stored.embedder}, but settings say {self.identity.embedder}"
            elif made != wanted:
                what = f"with {made[2] or 'fp32'} vectors, but settings and processor make {wanted[2] or 'fp32'} ones"
            else:
                what = f"in chunks of {stored.chunker}, but settings say {self.identity.chunker}"
            raise IdentityError(
                f"The documents in {self.folder} were stored {what}.",
                "Rebuild them with: ragapp doctor --fix, or set it back in settings.yaml.",
            )

    def put(
        self,
        path: Path,
        document: Document,
        chunks: Sequence[Chunk],
        vectors: np.ndarray,
        *,
        size: int,
        mtime_ns: int,
        sha256: str,
        fingerprints: Sequence[bytes] | None = None,
        conditions: str = "",
    ) -> int:
        """Store a document; see :meth:`Catalog.put_document`.

        The catalog has it when this returns; Chroma gets it together with others, see :meth:`flush`.

        Returns:
            The document's id.
        """
        self._begin_change()
        document_id, added, gone = self.catalog.put_document(
            path, document, chunks, vectors, self.identity_id, size, mtime_ns, sha256, fingerprints, conditions
        )
        # what the catalog rounds to half precision, Chroma gets too: a rebuilt index is the same as the first
        self._change_vectors(added, np.asarray(vectors, np.float16).astype(np.float32), gone)
        return document_id

    def copy(self, source: DocumentRow, path: Path, *, size: int, mtime_ns: int) -> bool:
        """Store a second file with the content of a stored document; see :meth:`Catalog.copy_document`.

        Returns:
            False where the document does not hold that content any more; nothing was stored then.
        """
        self._begin_change()
        copied = self.catalog.copy_document(source.id, source.sha256, path, size, mtime_ns)
        if copied is None:
            return False
        _, added, gone = copied
        self._change_vectors(added, self.catalog.vectors(added)[1], gone)
        return True

    def remove(self, document_id: int) -> DocumentRow:
        """Remove a document from catalog and index.

        Raises:
            StoreError: there is none with this id.
        """
        self._require_owner()
        row = self.catalog.document(document_id)
        if row is None:
            raise StoreError(f"There is no document {document_id}.", "See: ragapp documents list")
        if self.identity is None:  # nothing is known of the vectors; they are mended when somebody needs them
            self.mark_behind()
            self.catalog.remove_document(document_id)
        else:
            self._begin_change()
            self._change_vectors([], None, self.catalog.remove_document(document_id))
        return row

    def purge(self) -> None:
        """Leave no trace of removed documents in any file of the store; it takes as long as copying the catalog.

        Chroma is deleted and filled again from the catalog when the vectors are next needed.

        Raises:
            StoreError: another process reads the store.
        """
        self._require_owner()
        self._drop_vectors()
        self.catalog.purge()

    def flush(self) -> None:
        """Give Chroma what the catalog has got since the last time."""
        with self._pending.lock:
            added, vectors, gone = self._pending.take()
            if added or gone:
                index = self._chroma()
                index.remove(gone)
                if added:
                    index.add(added, vectors)

    def settle(self) -> None:
        """Bring Chroma in step and note it; call it when a run of changes has ended."""
        self.flush()
        if isinstance(self._vectors, ChromaIndex):
            self._vectors.save()
            private.restrict(self.folder / CHROMA_NAME)
            self.catalog.set_state(_BEHIND, "0")

    def _begin_change(self) -> None:
        self._chroma()  # opened, and mended if need be, before it is marked as behind for what is to come
        self.mark_behind()

    def _change_vectors(self, added: Sequence[int], vectors: np.ndarray | None, gone: Sequence[int]) -> None:
        if self._pending.put(added, vectors, gone):
            self.flush()

    def rebuild_vectors(self) -> int:
        """Delete Chroma and fill it anew from the catalog, without embedding.

        Returns:
            The number of vectors.
        """
        self._require_owner()
        self._drop_vectors()
        return self._chroma().count()

    def _drop_vectors(self) -> None:
        with self._pending.lock:
            self._pending.take()  # the catalog has it
        if isinstance(self._vectors, ChromaIndex):
            self._vectors.close()
        self._vectors = None
        ChromaIndex.delete(self.folder / CHROMA_NAME)
        self.mark_behind()

    def mark_behind(self) -> None:
        """Note that Chroma may not hold what the catalog holds; it is mended when the vectors are next needed."""
        if self.catalog.get_state(_BEHIND) != "1":
            self.catalog.set_state(_BEHIND, "1")

    def _chroma(self) -> ChromaIndex:
        self._require_owner()
        return self._index()

    def _require_owner(self) -> None:
        if not self.owner:
            raise StoreError(f"The store in {self.folder} is not open for writing.")


class _Pending:
    """Changes that the catalog has and Chroma does not have yet."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._since = time.monotonic()
        self._vectors: dict[int, np.ndarray] = {}
        self._gone: list[int] = []

    def put(self, added: Sequence[int], vectors: np.ndarray | None, gone: Sequence[int]) -> bool:
        """Add changes; returns whether it is time to flush."""
        with self.lock:
            if not self._vectors and not self._gone:
                self._since = time.monotonic()
            if vectors is not None:
                self._vectors.update(zip(added, vectors, strict=True))
            for chunk_id in gone:
                if self._vectors.pop(chunk_id, None) is None:
                    self._gone.append(chunk_id)
            return len(self._vectors) + len(self._gone) >= FLUSH_CHUNKS or time.monotonic() - self._since > FLUSH_S

    def take(self) -> tuple[list[int], np.ndarray | None, list[int]]:
        """All changes, which are forgotten here: ids to add, their vectors, ids to remove."""
        with self.lock:
            ids, vectors, gone = list(self._vectors), list(self._vectors.values()), self._gone
            self._vectors, self._gone = {}, []
            return ids, np.stack(vectors) if vectors else None, gone


def _key(identity: Identity) -> tuple:
    return identity.dimension, identity.normalised, identity.weights_sha256, identity.chunker


def _owner(folder: Path) -> str:
    try:
        return f" (id {int((folder / OWNER_NAME).read_text(encoding='ascii'))})"
    except (OSError, ValueError):
        return ""
