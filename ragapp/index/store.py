"""The library: catalog and vector store kept in step, and owned by one process at a time."""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ragapp import file_permissions
from ragapp.errors import StoreError, VectorsUnavailableError
from ragapp.index import rebuilds, replacement
from ragapp.index.catalog import Catalog
from ragapp.index.chroma_embedded import EmbeddedChroma
from ragapp.index.records import Chunk, DocumentRow, EmbedderIdentity
from ragapp.index.vector_store import ExactScan, Floats, VectorBackend, VectorIndex, VectorStore, reconcile
from ragapp.reading.document import Document

if TYPE_CHECKING:
    from filelock import BaseFileLock

CATALOG_NAME = replacement.CATALOG_NAME
CHROMA_NAME = replacement.CHROMA_NAME
LOCK_NAME = "store.lock"
OWNER_NAME = "store.owner"
# what the names in a data folder begin with: the store's, the demo's, and what other parts of ragapp keep there
OWN_NAMES = (
    *(CATALOG_NAME, CHROMA_NAME, "store.", "refused.log", "server.json", "tokens.", "demo", "uploads"),
    *(*replacement.SIDE_FILES, "calibration.lock"),
)
# state in the catalog: documents that were restored from a backup while their files were not there (JSON)
RESTORED_WITHOUT_FILE = "restored_without_file"
# state in the catalog: "1" while the vector store may lag behind it, else "0" and the server's address, if it is one.
BEHIND = "chroma_behind"
# this data folder's id on servers, the servers that may hold vectors of it, and that which must still delete some
LIBRARY_ID, SERVERS, UNPURGED = "library_id", "vector_servers", "unpurged_server"
# every call of a vector store costs time, so many small documents are given to it together
FLUSH_CHUNKS = 1000
FLUSH_S = 30.0
# how long a server that failed is left alone
AGAIN_S = 30.0
# with so many chunks at the most, who only reads compares with every vector of the catalog
SCAN_CHUNKS = 50_000


class Store:
    """All that is stored in one data folder, which is made when missing.

    ``notices`` says what was or is wrong with the vector store, and what was done, a sentence or two each.

    Args:
        identity: what the embedder in use makes, None to look at documents only.
        write: whether documents will be added or removed; needs to own the store.
        own: whether to own the store where no other process does; who only reads, and for hours, leaves it to others.
        wait_s: how long to wait for another process that owns the store, when writing.
        backend: where the vectors are kept, None for files in the data folder.

    Raises:
        StoreError: another process owns the store, or it cannot be opened.
    """

    def __init__(
        self,
        folder: Path,
        identity: EmbedderIdentity | None = None,
        *,
        write: bool = False,
        own: bool = True,
        wait_s: float = 10.0,
        backend: VectorBackend | None = None,
    ) -> None:
        self.folder = folder
        self.identity = identity
        self.notices: list[str] = []
        self._write = write
        self._backend = backend or EmbeddedChroma(folder / CHROMA_NAME)
        self._store: VectorStore | None = None
        self._scan: ExactScan | None = None
        self._scanned = 0  # the catalog's version that the scan is of
        self._away = ""
        self._again_at = 0.0
        # held around each change of catalog and vector store together, and while the store is opened
        self._changing = threading.RLock()
        # what the catalog has and the vector store does not have yet: vectors by id, ids to remove, since when
        self._added: dict[int, Floats] = {}
        self._gone: list[int] = []
        self._since = 0.0
        self._lock = own_folder(folder, wait_s if write else 0, must=write) if own or write else None
        self.owner = self._lock is not None
        try:
            self.catalog = Catalog(folder / CATALOG_NAME)
        except StoreError:
            self._release()
            raise

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the files and let another process own the store."""
        with suppress(StoreError):  # the catalog has it all; what the vector store lacks is made good at the next start
            self.flush()
        self._close_store()
        self.catalog.close()
        self._release()

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.release()

    @property
    def vectors(self) -> VectorIndex:
        """The vector store, in step with the catalog.

        It is an exact scan where another process owns the store, or its server cannot be used.
        """
        with self._changing:
            if self.owner and self._opened():
                self.flush()
            return self._store or self._exact()

    def nearest(self, vector: Floats, k: int, within: Sequence[int] | None = None) -> list[int]:
        """As :meth:`VectorIndex.nearest`.

        It is by the catalog's own vectors where the store's server cannot be used, and where that takes less time than
        opening the vector store, which is for one question, mostly.
        """
        if self._scanning_is_quicker():
            return self._exact().nearest(vector, k, within)
        try:
            return self.vectors.nearest(vector, k, within)
        except VectorsUnavailableError as error:
            self._lose(error)
            return self._exact().nearest(vector, k, within)

    def _scanning_is_quicker(self) -> bool:
        opened, elsewhere = self._store is not None, bool(self._backend.place)
        return not (self._write or opened or elsewhere) and self.catalog.chunk_count() <= SCAN_CHUNKS

    def _exact(self) -> ExactScan:
        with self._changing:
            version = 0 if self.owner else self.catalog.version  # another process may have changed it
            if self._scan is None or version != self._scanned:
                self._scan, self._scanned = ExactScan(self.catalog), version
            return self._scan

    def _opened(self) -> VectorStore | None:
        """The vector store, in step with the catalog but for what is pending; None while its server cannot be used."""
        self._require_owner()
        with self._changing:
            if self._store is None and time.monotonic() >= self._again_at:
                try:
                    self._store = self._open()
                except VectorsUnavailableError as error:
                    self._lose(error)
            return self._store

    def _open(self) -> VectorStore:
        identity_id = self.identity_id
        assert self.identity is not None, "or identity_id would have raised"
        place = self._backend.place
        if place and self.catalog.get_state(UNPURGED) == place:
            self._backend.delete(self.library_id)
            self.catalog.set_state(UNPURGED, "")
        store = self._backend.open(self.library_id, identity_id, self.identity.dimension)
        try:
            if place and place not in self._servers():
                self.catalog.set_state(SERVERS, " ".join([*self._servers(), place]))
            self.notices += [store.notice] if store.notice and store.notice not in self.notices else []
            if self.catalog.get_state(BEHIND) != self._in_step or store.count() != self.catalog.chunk_count():
                reconcile(self.catalog, store)
                self.catalog.set_state(BEHIND, self._in_step)
        except BaseException:
            store.close()
            raise
        if self._away in self.notices:
            self.notices.remove(self._away)
            self.notices.append(f"The Chroma server at {place} could be used again, and has all vectors.")
        return store

    def _lose(self, error: VectorsUnavailableError) -> None:
        """Go on without the vector store's server for a while; what it lacks then is made good when it is opened."""
        with self._changing:
            self._close_store()
            self._again_at = time.monotonic() + (0 if error.again_at_once else AGAIN_S)
            if self._away in self.notices:
                self.notices.remove(self._away)
            self._away = f"{error} Meanwhile the catalog's own vectors are searched; nothing is lost."
            self.notices.append(self._away)

    def _close_store(self) -> None:
        if self._store is not None:
            self._store.close()
        self._store = None

    @property
    def _in_step(self) -> str:
        """What the catalog's flag says when this place has what the catalog has."""
        return f"0 {self._backend.place}".strip()

    @cached_property
    def library_id(self) -> str:
        """Tells this data folder's collections from those of others on one server."""
        if not (known := self.catalog.get_state(LIBRARY_ID)):
            known = uuid.uuid4().hex
            self.catalog.set_state(LIBRARY_ID, known)
        return known

    def _servers(self) -> list[str]:
        """Servers that may hold vectors of this library."""
        return (self.catalog.get_state(SERVERS) or "").split()

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
            IdentityError: names both, the command that rebuilds, and how to keep the documents as they are.
        """
        if self.identity is not None:
            rebuilds.check_identity(self.catalog, self.identity, self.folder)

    def _fits(self) -> bool:
        """Whether there is an identity, and all documents were stored with it."""
        return self.identity is not None and not rebuilds.stale_identities(self.catalog, self.identity)

    def put(
        self,
        path: Path,
        document: Document,
        chunks: Sequence[Chunk],
        vectors: Floats,
        *,
        size: int,
        mtime_ns: int,
        sha256: str,
        fingerprints: Sequence[bytes] | None = None,
        conditions: str = "",
    ) -> int:
        """Store a document; see :meth:`Catalog.put_document`.  Returns its id.

        The catalog has it when this returns; the vector store gets it together with others, see :meth:`flush`.
        """
        with self._changing:
            self._begin_change()
            document_id, added, gone = self.catalog.put_document(
                path, document, chunks, vectors, self.identity_id, size, mtime_ns, sha256, fingerprints, conditions
            )
            # what the catalog rounds to half precision, the vector store gets too: filled again, it is the same
            self._change_vectors(added, np.asarray(vectors, np.float16).astype(np.float32), gone)
        return document_id

    def copy(self, source: DocumentRow, path: Path, *, size: int, mtime_ns: int) -> bool:
        """Store a second file with the content of a stored document; False where that has gone, or has other content by
        now."""
        with self._changing:
            self._begin_change()
            copied = self.catalog.copy_document(source.id, source.sha256, path, size, mtime_ns)
            if copied is None:
                return False
            _, added, gone = copied
            self._change_vectors(added, self.catalog.vectors(added)[1], gone)
        return True

    def remove(self, document_id: int) -> DocumentRow:
        """Remove a document from catalog and vector store.

        Raises:
            StoreError: there is none with this id.
        """
        self._require_owner()
        row = self.catalog.document(document_id)
        if row is None:
            raise StoreError(f"There is no document {document_id}.", "See: ragapp documents list")
        with self._changing:
            if self._fits():
                self._begin_change()
            else:  # the store of the vectors is not opened; what it lacks is made good when it is
                self.mark_behind()
            self._change_vectors([], None, self.catalog.remove_document(document_id))
        return row

    def purge(self) -> None:
        """Leave no trace of removed documents in any file of the store; it takes as long as copying the catalog.

        The vector store is deleted and filled again from the catalog when the vectors are next needed.

        Raises:
            StoreError: another process reads the store, or a server may still hold vectors of what was removed.
        """
        self._require_owner()
        with self._changing:
            self._drop_vectors()
            EmbeddedChroma(self.folder / CHROMA_NAME).delete()  # of a time before the server
            self.catalog.purge()
            elsewhere = [place for place in self._servers() if place != self._backend.place]
            self.catalog.set_state(SERVERS, self._backend.place)
            try:
                self._backend.delete(self.library_id)
            except VectorsUnavailableError as error:
                self.catalog.set_state(UNPURGED, self._backend.place)
                raise StoreError(
                    "What was removed is gone from the files here, but its vectors may still be on the Chroma server:"
                    f" {error.message}",
                    f"{error.hint} They are deleted when it is next used, or by: ragapp documents remove --purge",
                ) from None
            self.catalog.set_state(SERVERS, "")
        if elsewhere:
            raise StoreError(
                "What was removed is gone from the files here, but its vectors may still be on a Chroma server that"
                f" settings do not name any more: {', '.join(elsewhere)}.",
                f"Delete the collections ragapp-{self.library_id}-… there. This is told once.",
            )

    def flush(self) -> None:
        """Give the vector store what the catalog has got since the last time."""
        with self._changing:
            added, gone = self._added, self._gone
            self._added, self._gone = {}, []
            if not added and not gone:
                return
            try:
                if not self._fits():
                    self._backend.remove(self.library_id, gone)
                elif store := self._opened():
                    store.remove(gone)
                    if added:
                        store.add(list(added), np.stack(list(added.values())))
            except VectorsUnavailableError as error:
                self._lose(error)

    def settle(self) -> None:
        """Bring the vector store in step and note it; call it when a run of changes has ended."""
        with self._changing:
            self.flush()
            if self._store is not None:
                self._store.save()
                self.catalog.set_state(BEHIND, self._in_step)

    def _begin_change(self) -> None:
        self._opened()  # and mended if need be, before it is marked as behind for what is to come
        self.mark_behind()

    def _change_vectors(self, added: Sequence[int], vectors: Floats | None, gone: Sequence[int]) -> None:
        self._scan = None
        if not self._added and not self._gone:
            self._since = time.monotonic()
        if vectors is not None:
            self._added.update(zip(added, vectors, strict=True))
        self._gone += [chunk_id for chunk_id in gone if self._added.pop(chunk_id, None) is None]
        if len(self._added) + len(self._gone) >= FLUSH_CHUNKS or time.monotonic() - self._since > FLUSH_S:
            self.flush()

    def adopt_prepared(self) -> int:
        """Put what a rebuild has prepared in the place of the documents, and return of how many.

        Vectors of the identity before are deleted wherever they were, and the room they took is given back.
        """
        self._require_owner()
        identity = self.identity
        if identity is None:
            raise ValueError("this library was opened without an identity")
        with self._changing:
            self._drop_vectors()
            if place := self._backend.place:
                self.catalog.set_state(UNPURGED, place)  # its collections are deleted when it is opened next
            adopted = rebuilds.adopt(self.catalog, identity)
            if not self._backend.place:
                self._backend.delete(self.library_id)
            self.catalog.shrink()
        return adopted

    def rebuild_vectors(self) -> int:
        """Delete the vector store, fill it anew from the catalog without embedding, and return the number of vectors.

        Raises:
            VectorsUnavailableError: its server cannot be used.
        """
        self._require_owner()
        with self._changing:
            self._drop_vectors()
            self._backend.delete(self.library_id)
            self._store = self._open()
            return self._store.count()

    def _drop_vectors(self) -> None:
        self._added, self._gone = {}, []  # the catalog has it
        self._scan = None
        self._close_store()
        self.mark_behind()

    def mark_behind(self) -> None:
        """Note that the vector store may not hold what the catalog holds; it is mended when next needed."""
        if self.catalog.get_state(BEHIND) != "1":
            self.catalog.set_state(BEHIND, "1")

    def _require_owner(self) -> None:
        if not self.owner:
            raise StoreError(f"The store in {self.folder} is not open for writing.")


def own_folder(folder: Path, wait_s: float = 10.0, *, must: bool = True) -> BaseFileLock | None:
    """Own a data folder, which is made when missing, until the lock is released; what a restore that was killed has
    begun there is brought to its end.

    Returns None where another process owns it and it need not be.

    Raises:
        StoreError: another process owns it and it ``must`` be, or it cannot be made or written.
    """
    from filelock import FileLock, Timeout

    try:
        file_permissions.make_private_folder(folder)
    except OSError as error:
        raise StoreError(f"The data folder {folder} cannot be made: {error.strerror}.", "Check paths.data.") from None
    lock = FileLock(folder / LOCK_NAME, mode=file_permissions.FILE_MODE)
    try:
        lock.acquire(timeout=wait_s)
        replacement.finish(folder)
        file_permissions.restrict_files(folder, OWN_NAMES)
        file_permissions.write_atomically(folder / OWNER_NAME, str(os.getpid()))
    except Timeout:
        if not must:
            return None
        raise StoreError(
            f"Another ragapp process{_owner(folder)} is using the store in {folder}.",
            "Let it finish or stop it, then try again. A running page ingests the drop folder itself.",
        ) from None
    except OSError as error:
        lock.release()
        raise StoreError(
            f"The data folder {folder} cannot be written: {error.strerror}.", "Check paths.data."
        ) from None
    return lock


def _owner(folder: Path) -> str:
    try:
        return f" (id {int((folder / OWNER_NAME).read_text(encoding='ascii'))})"
    except (OSError, ValueError):
        return ""
