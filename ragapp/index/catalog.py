"""The catalog: one SQLite file that is the truth about documents, units, chunks and vectors."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from ragapp.errors import StoreError
from ragapp.index import lexical
from ragapp.index.migrations import migrate
from ragapp.reading.document import BLOCK_BREAK, Block, Document, Unit

VECTOR_DTYPE = np.float16
# SQLite's limit on `?` in one statement was 999 for a long time
_IDS_A_QUERY = 900
# how long to wait for another process's transaction
BUSY_S = 30


@dataclass(frozen=True, slots=True)
class Identity:
    """What made the vectors of a store; vectors of two identities are never compared.

    Attributes:
        embedder: name of the model, for people.
        dimension: length of a vector.
        normalised: whether vectors have length one.
        weights_sha256: hash of the model's weights.
        chunker: version and parameters of the chunker.
    """

    embedder: str
    dimension: int
    normalised: bool
    weights_sha256: str
    chunker: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """The stored piece of a unit.

    Attributes:
        unit: number of the unit that it lies in.
        headings: heading path, outermost first.
        text: what is shown; a table's header is repeated in front of its rows.
        start: offset of its first character in the unit's text.
        end: offset behind its last character in the unit's text.
    """

    unit: int
    headings: tuple[str, ...]
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class StoredChunk(Chunk):
    """A chunk with the names of its document, as the catalog returns it."""

    id: int
    document_id: int
    document: str
    title: str
    path: str
    language: str
    label: str


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A document as the catalog lists it."""

    id: int
    identity_id: int
    path: str
    name: str
    title: str
    language: str
    size: int
    mtime_ns: int
    sha256: str
    warnings: tuple[str, ...]
    ingested_at: str
    units: int
    units_without_text: int
    chunks: int


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that could not be taken in at the last try."""

    path: str
    reason: str
    hint: str
    failed_at: str


class Catalog:
    """The SQLite catalog.  Safe to use from several threads; close it when done.

    Args:
        path: the database file; it and its folder are made when missing.

    Raises:
        StoreError: the file is no catalog, or cannot be written.
    """

    def __init__(self, path: Path):
        self.path = path
        self._lock = threading.RLock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=BUSY_S)
            _use_wal(self._connection)
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.execute("PRAGMA foreign_keys = ON")
            migrate(self._connection)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(
                f"The catalog {path} cannot be opened: {error}.", "Check paths.data, or move the damaged file away."
            ) from None

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing: commits at the end, rolls back on any exception.

        Raises:
            StoreError: SQLite refused (disk full, file damaged).
        """
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    yield self._connection
                except BaseException:
                    self._connection.execute("ROLLBACK")
                    raise
                self._connection.execute("COMMIT")
            except sqlite3.Error as error:
                raise StoreError(
                    f"The catalog {self.path} could not be written: {error}.", "Check the disk's free space."
                ) from None

    def _rows(self, query: str, parameters: Sequence = ()) -> list[tuple]:
        with self._lock:
            try:
                return self._connection.execute(query, parameters).fetchall()
            except sqlite3.Error as error:
                raise StoreError(f"The catalog {self.path} could not be read: {error}.") from None

    # state and identities

    def get_state(self, key: str) -> str | None:
        """A remembered value, None when there is none."""
        rows = self._rows("SELECT value FROM state WHERE key = ?", (key,))
        return rows[0][0] if rows else None

    def set_state(self, key: str, value: str) -> None:
        """Remember a value."""
        with self.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (key, value))

    def identity_id(self, identity: Identity) -> int:
        """The id of an identity, added when new."""
        key = (identity.dimension, int(identity.normalised), identity.weights_sha256, identity.chunker)
        with self.transaction() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO identities (dimension, normalised, weights_sha256, chunker, embedder)"
                " VALUES (?, ?, ?, ?, ?)",
                (*key, identity.embedder),
            )
            return connection.execute(
                "SELECT id FROM identities"
                " WHERE dimension = ? AND normalised = ? AND weights_sha256 = ? AND chunker = ?",
                key,
            ).fetchone()[0]

    def stored_identities(self) -> dict[int, Identity]:
        """The identities that documents were stored with, by id."""
        rows = self._rows(
            "SELECT id, embedder, dimension, normalised, weights_sha256, chunker FROM identities"
            " WHERE id IN (SELECT DISTINCT identity_id FROM documents)"
        )
        return {row[0]: Identity(row[1], row[2], bool(row[3]), row[4], row[5]) for row in rows}

    # documents

    def documents(self) -> list[DocumentRow]:
        """All documents, by path."""
        return [_document_row(row) for row in self._rows(f"{_DOCUMENTS} ORDER BY d.path")]

    def document(self, document_id: int) -> DocumentRow | None:
        """One document, None when there is none with this id."""
        rows = self._rows(f"{_DOCUMENTS} WHERE d.id = ?", (document_id,))
        return _document_row(rows[0]) if rows else None

    def languages(self) -> list[str]:
        """Languages that the documents are in, the most frequent first."""
        rows = self._rows("SELECT language FROM documents WHERE language != '' GROUP BY 1 ORDER BY COUNT(*) DESC, 1")
        return [row[0] for row in rows]

    def units(self, document_id: int) -> list[tuple[Unit, str]]:
        """The units of a document in order, each with its stored text."""
        rows = self._rows(
            "SELECT number, kind, label, text, blocks FROM units WHERE document_id = ? ORDER BY number", (document_id,)
        )
        units = []
        for number, kind, label, text, blocks in rows:
            parts = [Block(text[start:end], k, tuple(headings)) for k, start, end, headings in json.loads(blocks)]
            units.append((Unit(number, kind, label, parts), text))
        return units

    def unit_text(self, document_id: int, number: int) -> str:
        """The stored text of one unit; empty when there is no such unit."""
        rows = self._rows("SELECT text FROM units WHERE document_id = ? AND number = ?", (document_id, number))
        return rows[0][0] if rows else ""

    def put_document(
        self,
        path: Path,
        document: Document,
        chunks: Sequence[Chunk],
        vectors: np.ndarray,
        identity_id: int,
        size: int,
        mtime_ns: int,
        sha256: str,
    ) -> tuple[int, list[int], list[int]]:
        """Store a document in one transaction, in place of an earlier version of the same path.

        Args:
            path: absolute path of the file.
            document: what was read.
            chunks: its chunks.
            vectors: float array of shape (chunks, dimension).
            identity_id: what made the vectors.
            size: of the file, in bytes.
            mtime_ns: of the file, nanoseconds since the epoch.
            sha256: of the file's content.

        Returns:
            The document's id, the new chunk ids in the order of ``chunks``, and the chunk ids that went.
        """
        if len(chunks) != len(vectors):
            raise ValueError(f"{len(chunks)} chunks, but {len(vectors)} vectors")
        with self.transaction() as connection:
            row = connection.execute("SELECT id FROM documents WHERE path = ?", (str(path),)).fetchone()
            gone = _delete_chunks(connection, row[0]) if row else []
            values = (
                identity_id, path.name, document.title, document.language, size, mtime_ns, sha256,
                json.dumps(document.warnings), datetime.now(UTC).isoformat(timespec="seconds"), str(path),
            )  # fmt: skip
            if row:
                document_id = row[0]
                connection.execute(
                    "UPDATE documents SET identity_id = ?, name = ?, title = ?, language = ?, size = ?, mtime_ns = ?,"
                    " sha256 = ?, warnings = ?, ingested_at = ? WHERE path = ?",
                    values,
                )
                connection.execute("DELETE FROM units WHERE document_id = ?", (document_id,))
            else:
                document_id = connection.execute(
                    "INSERT INTO documents (identity_id, name, title, language, size, mtime_ns, sha256, warnings,"
                    " ingested_at, path) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    values,
                ).lastrowid
            connection.executemany(
                "INSERT INTO units VALUES (?, ?, ?, ?, ?, ?)",
                [(document_id, u.number, u.kind, u.label, u.text, _blocks_json(u)) for u in document.units],
            )
            added = []
            for chunk, vector in zip(chunks, vectors, strict=True):
                cursor = connection.execute(
                    'INSERT INTO chunks (document_id, unit, headings, text, start, "end", vector)'
                    " VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (document_id, chunk.unit, json.dumps(chunk.headings), chunk.text, chunk.start, chunk.end,
                     np.asarray(vector, VECTOR_DTYPE).tobytes()),
                )  # fmt: skip
                added.append(cursor.lastrowid)
                context = context_line(path.name, document.title, chunk.headings)
                lexical.add(connection, cursor.lastrowid, context, chunk.text, document.language)
            connection.execute("DELETE FROM failures WHERE path = ?", (str(path),))
        return document_id, added, gone

    def touch_document(self, document_id: int, size: int, mtime_ns: int) -> None:
        """Note that a file was found to have the stored content."""
        with self.transaction() as connection:
            connection.execute(
                "UPDATE documents SET size = ?, mtime_ns = ? WHERE id = ?", (size, mtime_ns, document_id)
            )

    def remove_document(self, document_id: int) -> list[int]:
        """Remove a document, its units, chunks and index entries in one transaction.

        Returns:
            The chunk ids that went.
        """
        with self.transaction() as connection:
            gone = _delete_chunks(connection, document_id)
            connection.execute("DELETE FROM documents WHERE id = ?", (document_id,))
        return gone

    def put_failure(self, path: str, reason: str, hint: str) -> None:
        """Remember that a file could not be taken in."""
        stamp = datetime.now(UTC).isoformat(timespec="seconds")
        with self.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO failures VALUES (?, ?, ?, ?)", (path, reason, hint, stamp))

    def remove_failure(self, path: str) -> None:
        """Forget a failure, because the file is gone or was taken in."""
        with self.transaction() as connection:
            connection.execute("DELETE FROM failures WHERE path = ?", (path,))

    def failures(self) -> list[Failure]:
        """All files that failed at their last try, by path."""
        return [Failure(*row) for row in self._rows("SELECT path, reason, hint, failed_at FROM failures ORDER BY path")]

    # chunks

    def chunk_count(self) -> int:
        """How many chunks there are."""
        return self._rows("SELECT COUNT(*) FROM chunks")[0][0]

    def chunk_ids(self, document_ids: Iterable[int] | None = None) -> list[int]:
        """Ids of all chunks, or of those of some documents, ascending."""
        if document_ids is None:
            return [row[0] for row in self._rows("SELECT id FROM chunks ORDER BY id")]
        query = "SELECT id FROM chunks WHERE document_id IN ({})"
        return sorted(row[0] for row in self._in(query, document_ids))

    def chunks(self, ids: Sequence[int]) -> dict[int, StoredChunk]:
        """Chunks by id; ids that do not exist are left out."""
        query = (
            'SELECT c.unit, c.headings, c.text, c.start, c."end", c.id, c.document_id, d.name, d.title, d.path,'
            " d.language, u.label FROM chunks c JOIN documents d ON d.id = c.document_id"
            " JOIN units u ON u.document_id = c.document_id AND u.number = c.unit WHERE c.id IN ({})"
        )
        found = (StoredChunk(row[0], tuple(json.loads(row[1])), *row[2:]) for row in self._in(query, ids))
        return {chunk.id: chunk for chunk in found}

    def vectors(self, ids: Sequence[int] | None = None) -> tuple[list[int], np.ndarray]:
        """Vectors of some or all chunks.

        Returns:
            The ids, and a float32 array of shape (len(ids), dimension).
        """
        if ids is None:
            rows = self._rows("SELECT id, vector FROM chunks ORDER BY id")
        else:
            rows = self._in("SELECT id, vector FROM chunks WHERE id IN ({})", ids)
        if not rows:
            return [], np.zeros((0, 0), np.float32)
        flat = np.frombuffer(b"".join(row[1] for row in rows), VECTOR_DTYPE).astype(np.float32)
        return [row[0] for row in rows], flat.reshape(len(rows), -1)

    def match(self, terms: Sequence[str], limit: int, within: Sequence[int] | None = None) -> dict[int, float]:
        """BM25 scores of the chunks that hold any of the terms; see :func:`ragapp.index.lexical.match`."""
        with self._lock:
            try:
                return lexical.match(self._connection, terms, limit, within)
            except sqlite3.Error as error:
                raise StoreError(f"The catalog {self.path} could not be searched: {error}.") from None

    def _in(self, query: str, values: Iterable[int]) -> list[tuple]:
        every = list(values)
        rows: list[tuple] = []
        for begin in range(0, len(every), _IDS_A_QUERY):
            part = every[begin : begin + _IDS_A_QUERY]
            rows.extend(self._rows(query.format(",".join("?" * len(part))), part))
        return rows


def _use_wal(connection: sqlite3.Connection) -> None:
    """SQLite's busy timeout does not cover the switch to WAL, which a second process may be making just now."""
    deadline = time.monotonic() + BUSY_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def context_line(name: str, title: str, headings: Sequence[str]) -> str:
    """What is indexed in front of a chunk, so that it says whose it is: name, title and heading path."""
    return " > ".join(dict.fromkeys(part for part in (Path(name).stem, title, *headings) if part))


_DOCUMENTS = """
    SELECT d.id, d.identity_id, d.path, d.name, d.title, d.language, d.size, d.mtime_ns, d.sha256, d.warnings,
           d.ingested_at, (SELECT COUNT(*) FROM units u WHERE u.document_id = d.id),
           (SELECT COUNT(*) FROM units u WHERE u.document_id = d.id AND u.text = ''),
           (SELECT COUNT(*) FROM chunks c WHERE c.document_id = d.id)
    FROM documents d"""


def _document_row(row: tuple) -> DocumentRow:
    return DocumentRow(*row[:9], tuple(json.loads(row[9])), *row[10:])


def _blocks_json(unit: Unit) -> str:
    spans = []
    start = 0
    for block in unit.blocks:
        spans.append((block.kind, start, start + len(block.text), block.headings))
        start += len(block.text) + len(BLOCK_BREAK)
    return json.dumps(spans)


def _delete_chunks(connection: sqlite3.Connection, document_id: int) -> list[int]:
    ids = [row[0] for row in connection.execute("SELECT id FROM chunks WHERE document_id = ?", (document_id,))]
    lexical.remove(connection, ids)
    connection.execute("DELETE FROM chunks WHERE document_id = ?", (document_id,))
    return ids
