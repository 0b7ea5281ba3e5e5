"""The library: catalog and vector index kept in step, and owned by one process at a time."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from ragapp.errors import IdentityError, StoreError
from ragapp.index.catalog import Catalog, Chunk, DocumentRow, Identity
from ragapp.index.vectors import ChromaIndex, ExactIndex, VectorIndex, reconcile
from ragapp.reading.document import Document

CATALOG_NAME = "catalog.sqlite3"
CHROMA_NAME = "chroma"
LOCK_NAME = "store.lock"
OWNER_NAME = "store.owner"
# set in the catalog while Chroma may lag behind it
_BEHIND = "chroma_behind"


class Library:
    """All that is stored in one data folder.

    Args:
        folder: the data folder; made when missing.
        identity: what the embedder in use makes, None to look at documents only.
        write: whether documents will be added or removed; needs to own the store.
        wait_s: how long to wait for another process that owns the store, when writing.

    Raises:
        StoreError: another process owns the store, or it cannot be opened.
    """

    def __init__(self, folder: Path, identity: Identity | None = None, *, write: bool = False, wait_s: float = 10.0):
        from filelock import FileLock, Timeout

        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise StoreError(
                f"The data folder {folder} cannot be made: {error.strerror}.", "Check paths.data."
            ) from None
        self.folder = folder
        self.identity = identity
        self._lock = FileLock(folder / LOCK_NAME)
        self._vectors: VectorIndex | None = None
        try:
            self._lock.acquire(timeout=wait_s if write else 0)
            self.owner = True
            (folder / OWNER_NAME).write_text(str(os.getpid()), encoding="ascii")
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
        if isinstance(self._vectors, ChromaIndex):
            self._vectors.close()
        self._vectors = None
        self.catalog.close()
        self._lock.release()

    @property
    def vectors(self) -> VectorIndex:
        """The vector index: Chroma, mended if it lagged, or an exact scan where another process owns Chroma."""
        if self._vectors is None:
            if self.owner:
                self._vectors = ChromaIndex(self.folder / CHROMA_NAME, self.identity_id)
                behind = self.catalog.get_state(_BEHIND) != "0"
                if behind or self._vectors.count() != self.catalog.chunk_count():
                    reconcile(self.catalog, self._vectors)
                    self.catalog.set_state(_BEHIND, "0")
            else:
                self._vectors = ExactIndex(self.catalog)
        return self._vectors

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
            if stored.weights_sha256 != self.identity.weights_sha256:
                what = f"with the embedder {stored.embedder}, but settings say {self.identity.embedder}"
            else:
                what = f"in chunks of {stored.chunker}, but settings say {self.identity.chunker}"
            raise IdentityError(
                f"The documents in {self.folder} were stored {what}.",
                "Rebuild them with: ragapp doctor --fix, or set it back in settings.yaml.",
            )

    def put(
        self, path: Path, document: Document, chunks: Sequence[Chunk], vectors: np.ndarray,
        *, size: int, mtime_ns: int, sha256: str,
    ) -> int:  # fmt: skip
        """Store a document; see :meth:`Catalog.put_document`.

        Returns:
            The document's id.
        """
        index = self._chroma()
        self.mark_behind()
        document_id, added, gone = self.catalog.put_document(
            path, document, chunks, vectors, self.identity_id, size, mtime_ns, sha256
        )
        index.remove(gone)
        # what the catalog rounds to half precision, Chroma gets too: a rebuilt index is the same as the first
        index.add(added, np.asarray(vectors, np.float16).astype(np.float32))
        return document_id

    def remove(self, document_id: int) -> DocumentRow:
        """Remove a document from catalog and index.

        Raises:
            StoreError: there is none with this id.
        """
        self._require_owner()
        row = self.catalog.document(document_id)
        if row is None:
            raise StoreError(f"There is no document {document_id}.", "See: ragapp documents list")
        self.mark_behind()
        gone = self.catalog.remove_document(document_id)
        if self.identity is not None:
            self._chroma().remove(gone)
        return row

    def settle(self) -> None:
        """Note that Chroma holds what the catalog holds; call it when a run of changes has ended."""
        if isinstance(self._vectors, ChromaIndex):
            self.catalog.set_state(_BEHIND, "0")

    def rebuild_vectors(self) -> int:
        """Delete Chroma and fill it anew from the catalog, without embedding.

        Returns:
            The number of vectors.
        """
        self._require_owner()
        if isinstance(self._vectors, ChromaIndex):
            self._vectors.close()
        self._vectors = None
        ChromaIndex.delete(self.folder / CHROMA_NAME)
        self.mark_behind()
        return self._chroma().count()

    def mark_behind(self) -> None:
        """Note that Chroma may not hold what the catalog holds; it is mended when the vectors are next needed."""
        if self.catalog.get_state(_BEHIND) != "1":
            self.catalog.set_state(_BEHIND, "1")

    def _chroma(self) -> ChromaIndex:
        self._require_owner()
        return self.vectors

    def _require_owner(self) -> None:
        if not self.owner:
            raise StoreError(f"The store in {self.folder} is not open for writing.")


def _key(identity: Identity) -> tuple:
    return identity.dimension, identity.normalised, identity.weights_sha256, identity.chunker


def _owner(folder: Path) -> str:
    try:
        return f" (id {int((folder / OWNER_NAME).read_text(encoding='ascii'))})"
    except (OSError, ValueError):
        return ""
