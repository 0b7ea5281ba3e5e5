"""The vector store in files of this process: Chroma, embedded.

Chroma keeps changes in a log (SQLite, whole after any crash) and a graph of the vectors (plain files that are changed
in place). When the graph is written is decided here, because a process that is killed while it is written leaves files
that raise at the next start, or end the process, or do so at some later change.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ragapp import file_permissions
from ragapp.errors import StoreError
from ragapp.index.chroma import HNSW, CollectionStore, T, chroma_settings
from ragapp.index.vector_store import ADD_BATCH
from ragapp.plain_words import reason_of

if TYPE_CHECKING:
    from chromadb.api.client import Client
    from chromadb.api.models.Collection import Collection

# With the log this long Chroma writes the graph. Every addition reads the log again, and so does every start, which
# also adds what is in it to the graph; but each time that the graph is written, all ids are written with it.
LOG_RECORDS = 5000
PARAMETERS = {**HNSW, "sync_threshold": LOG_RECORDS}
# Deleted vectors stay in the graph, found by none but in the way of all. So many times as many slots as vectors are
# too many, unless there are few; what it costs to build the graph anew is spread over the deletions that led to it.
WORN_TIMES = 3
WORN_SLOTS = 10_000
# ids of no vector: deleting them lengthens the log, which is the only way to have the graph written now
_NO_VECTOR = "none-{}"
STATE_NAME = "ragapp.state"
SEAL_NAME = "ragapp.seal"
# how the files of a graph are named; what else is there is SQLite's, which looks after itself
_GRAPH_FILES = "*/*"
# what is larger is sealed by its size alone: reading it would take as long as opening it
SEALED_WHOLE_BYTES = 32 * 2**20
# how long reading a graph in another process may take, in seconds
_CHECK_S = 120


class EmbeddedChroma:
    """Chroma in a folder of its own, which can be deleted at any moment."""

    place = ""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def open(self, library_id: str, identity_id: int, dimension: int) -> EmbeddedStore:
        """See :class:`ragapp.index.vector_store.VectorBackend`; the folder knows of one library only."""
        return EmbeddedStore(self.folder, identity_id)

    def remove(self, library_id: str, ids: Sequence[int]) -> None:
        """Nothing: what a store holds too much goes when it is opened."""

    def delete(self, library_id: str = "") -> None:
        """Delete the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)


class EmbeddedStore(CollectionStore):
    """The collection of one embedder identity in Chroma's own folder.

    What cannot be trusted or used any more (a crash while the graph was written, damaged files, other parameters,
    mostly deleted vectors) is deleted at opening; the store is empty then, and is filled again from the catalog.

    Raises:
        StoreError: Chroma cannot open its folder, not even an empty one.
    """

    def __init__(self, folder: Path, identity_id: int) -> None:
        self.folder = folder
        self.batch = ADD_BATCH
        self.notice = ""
        self._lock = threading.RLock()
        self._logged = 0
        self._client: Client | None = None
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
                f"The vector index in {folder} cannot be opened: {reason_of(error)}.",
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
        file_permissions.restrict(folder)

    def save(self) -> None:
        """Have the graph written, so that the next start need not add the log to it."""
        with self._lock:
            if self._logged:
                self._save(LOG_RECORDS - self._logged)
        file_permissions.restrict(self.folder)

    def close(self) -> None:
        """Save, and let go of the files, so that they can be deleted."""
        from chromadb.api.shared_system_client import SharedSystemClient

        with suppress(StoreError):  # what is not saved is in the log
            self.save()
        if self._client is not None:
            self._client.close()
        SharedSystemClient.clear_system_cache()
        file_permissions.restrict(self.folder)

    def _distrust(self, state: str, identity_id: int) -> str:
        """Why the files must not be opened, empty when they may be."""
        if state == FileState.SAVING:
            return "a process ended while it was written"
        if state == FileState.DAMAGED:
            return "it was damaged"
        if name := self._seal.broken():
            return f"the file {name} is damaged"
        if state == FileState.OPENING and not _opens_elsewhere(self.folder, identity_id):
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
        self.notice = f"The vector index in {self.folder} is built anew: {why}."
        shutil.rmtree(self.folder, ignore_errors=True)

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
                f"The vector index in {self.folder} cannot be {what}: {reason_of(error)}.",
                "Rebuild it: ragapp doctor --fix",
            ) from None

    def _call(self, what: str, operation: Callable[..., T], **arguments: Any) -> T:
        with self._told(what):
            return operation(**arguments)

    def _write(self, operation: Callable[..., Any], ids: list[str], **arguments: Any) -> None:
        """Change the collection so that no change makes the log long enough for the graph to be written."""
        with self._lock:
            if self._logged + len(ids) >= LOG_RECORDS:
                self.save()
            with self._told("written"):
                if not self._logged:
                    self._state.set(FileState.LOGGED)
                self._logged += len(ids)
                operation(ids=ids, **arguments)

    def _save(self, records: int) -> None:
        with self._told("written"):
            self._state.set(FileState.SAVING, lasting=True)
            self._collection.delete(ids=[_NO_VECTOR.format(n) for n in range(records)])
            self._seal.write(file for file in self.folder.glob(_GRAPH_FILES) if file.is_file())
            self._state.set(FileState.SAVED, lasting=True)
            self._logged = 0


class UnfitError(Exception):
    """What the folder holds is whole, but not to be used."""


def connect(folder: Path, identity_id: int) -> tuple[Client, Collection]:
    """Open the collection, made when missing, and use its graph once.

    Raises:
        UnfitError: it must be built anew.
        Exception: Chroma has no common base for its errors; damaged files may end the process instead.
    """
    import chromadb

    file_permissions.make_private_folder(folder)
    # declared as an interface that has no close()
    client = cast("Client", chromadb.PersistentClient(str(folder), settings=chroma_settings(is_persistent=True)))
    try:
        name = f"chunks-{identity_id}"
        for collection in client.list_collections():
            held = collection.configuration_json["hnsw"]
            if collection.name != name or any(held.get(key) != value for key, value in PARAMETERS.items()):
                # Chroma would keep them, and there is one log for all
                raise UnfitError("it was made by another embedder or with other parameters")
        configuration: Any = {"hnsw": PARAMETERS}  # a TypedDict, whose keys these are
        collection = client.get_or_create_collection(name, configuration=configuration, embedding_function=None)
        # the graph is read when it is first needed, and walking it shows more than reading it
        some = collection.get(limit=1, include=["embeddings"])["embeddings"]
        vectors = [] if some is None else list(some)
        if vectors:
            collection.query(query_embeddings=[vectors[0]], n_results=1, include=["distances"])
        slots = _slots(folder, len(vectors[0]) if vectors else 0)
        if slots > max(WORN_SLOTS, WORN_TIMES * collection.count()):
            raise UnfitError("most of its vectors are deleted ones")
    except BaseException:
        client.close()
        raise
    return client, collection


def _slots(folder: Path, dimension: int) -> int:
    """How many vectors the written graph has place for, deleted ones among them."""
    bytes_each = 4 * (2 * int(HNSW["max_neighbors"]) + 1) + 4 * dimension + 8  # links, vector, label
    return sum(path.stat().st_size for path in folder.glob("*/data_level0.bin")) // bytes_each


def _opens_elsewhere(folder: Path, identity_id: int) -> bool:
    """Whether another process can open it: the last one ended while it did, and this one shall not."""
    command = [sys.executable, "-m", __name__, str(folder), str(identity_id)]
    with suppress(subprocess.TimeoutExpired, OSError):
        return subprocess.run(command, capture_output=True, timeout=_CHECK_S, check=False).returncode == 0
    return False


class FileState:
    """One word in a small file: what the last process was doing with the others."""

    SAVED = ""
    LOGGED = "logged"
    SAVING = "saving"
    OPENING = "opening"
    DAMAGED = "damaged"

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self) -> str:
        """The word; ``SAVED`` where there is none."""
        with suppress(OSError, ValueError):
            return self._path.read_text(encoding="ascii")
        return self.SAVED

    def set(self, state: str, lasting: bool = False) -> None:
        """Replace the word, if ``lasting`` to outlast a loss of power; ``DAMAGED`` stays until the file is deleted."""
        if self.get() not in (state, self.DAMAGED):
            _replace(self._path, state, lasting)


class Seal:
    """Sizes and checksums (CRC-32) of files as they were saved, kept in a file of their own.

    Chroma trusts its files, and does worse than fail when they are damaged: from a cut list of links it has been seen
    to write until the disk was full.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, files: Iterable[Path]) -> None:
        """Seal the files as they are now, which is on the disk when this returns."""
        sealed = {}
        for file in files:
            _sync(file)
            _sync(file.parent)
            sealed[file.relative_to(self._path.parent).as_posix()] = _signature(file)
        _replace(self._path, json.dumps(sealed), lasting=True)

    def broken(self) -> str:
        """Name of the first file that is not as it was sealed, empty when all are or none was."""
        try:
            sealed = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return ""
        except (OSError, ValueError):
            return self._path.name
        for name, signature in sealed.items():
            try:
                if _signature(self._path.parent / name) != signature:
                    return str(name)
            except OSError:
                return str(name)
        return ""


def _signature(file: Path) -> list[int]:
    size = file.stat().st_size
    return [size] if size > SEALED_WHOLE_BYTES else [size, zlib.crc32(file.read_bytes())]


def _replace(path: Path, text: str, lasting: bool) -> None:
    file_permissions.make_private_folder(path.parent)
    file_permissions.write_atomically(path, text, lasting=lasting)
    if lasting:
        _sync(path.parent)


def _sync(path: Path) -> None:
    if path.is_dir() and os.name == "nt":
        return  # Windows opens no folders
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


if __name__ == "__main__":
    connect(Path(sys.argv[1]), int(sys.argv[2]))
