"""The catalog: one SQLite file that is the truth about documents, units, chunks and vectors."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ragapp.errors import StoreError
from ragapp.index import bm25, catalog_writes, listing
from ragapp.index.analysis import question_words
from ragapp.index.catalog_writes import UNIT_COLUMNS, VECTOR_DTYPE, Changed
from ragapp.index.facts import fill_in
from ragapp.index.labels import Labels
from ragapp.index.migrations import migrate
from ragapp.index.records import Chunk, DocumentRow, EmbedderIdentity, StoredChunk, UnitOutline, UnreadRow
from ragapp.index.sqlite import TOO_LARGE, connect, purge, shrink
from ragapp.plain_words import reason_of
from ragapp.reading.document import READERS_VERSION, Block, Document, Unit

# SQLite's limit on `?` in one statement was 999 for a long time
_IDS_A_QUERY = 900
# columns are named as the fields of their records
_DOCUMENT = [field.name for field in fields(DocumentRow) if field.name not in ("tags", "collections")]
_DOCUMENTS = f"SELECT {', '.join(_DOCUMENT)} FROM documents"
_UNREAD = ", ".join(field.name for field in fields(UnreadRow))
_CHUNKS = (
    'SELECT c.unit, c.headings, c.text, c.start, c."end", c.id, c.document_id, d.name, d.title, d.path, d.language,'
    " u.label, u.kind FROM chunks c JOIN documents d ON d.id = c.document_id"
    " JOIN units u ON u.document_id = c.document_id AND u.number = c.unit"
)

_IDENTITIES = "SELECT id, embedder, dimension, normalised, weights_sha256, chunker FROM identities"
_UNITS = f"SELECT {UNIT_COLUMNS} FROM units"


class Catalog:
    """The SQLite catalog in a file that is made when missing.  Threads may share it; close it when done.

    Raises:
        StoreError: the file is no catalog, or cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        try:
            self._connection = connect(path)
            migrate(self._connection)
            fill_in(self._connection)
            listing.add_functions(self._connection)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(
                f"The catalog {path} cannot be opened: {reason_of(error)}.",
                "Check paths.data, or move the damaged file away.",
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
                    if self._connection.in_transaction:  # SQLite has rolled back itself where the disk is full
                        self._connection.execute("ROLLBACK")
                    raise
                self._connection.execute("COMMIT")
            except sqlite3.Error as error:
                raise StoreError(
                    f"The catalog {self.path} could not be written: {reason_of(error)}.", "Check the disk's free space."
                ) from None

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """What a query finds, as the catalog is now; nobody who writes is waited for."""
        with self._lock:
            try:
                return self._connection.execute(query, parameters).fetchall()
            except sqlite3.Error as error:
                raise StoreError(f"The catalog {self.path} could not be read: {reason_of(error)}.") from None

    @property
    def version(self) -> int:
        """Another number whenever another connection, of this process or another, has written since."""
        return int(self.rows("PRAGMA data_version")[0][0])

    # state and identities

    def get_state(self, key: str) -> str | None:
        """A remembered value, None when there is none."""
        rows = self.rows("SELECT value FROM state WHERE key = ?", (key,))
        return rows[0][0] if rows else None

    def set_state(self, key: str, value: str) -> None:
        """Remember a value."""
        with self.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (key, value))

    def identity_id(self, identity: EmbedderIdentity) -> int:
        """The id of an identity, added when new."""
        known = self.known_identity(identity)
        if known is None:
            with self.transaction() as connection:
                connection.execute(
                    "INSERT OR IGNORE INTO identities (dimension, normalised, weights_sha256, chunker, embedder)"
                    " VALUES (?, ?, ?, ?, ?)",
                    (*_identity_key(identity), identity.embedder),
                )
            known = self.known_identity(identity)
        assert known is not None
        return known

    def known_identity(self, identity: EmbedderIdentity) -> int | None:
        """The id of an identity, None where nothing was ever stored with it."""
        rows = self.rows(
            "SELECT id FROM identities WHERE dimension = ? AND normalised = ? AND weights_sha256 = ? AND chunker = ?",
            _identity_key(identity),
        )
        return rows[0][0] if rows else None

    def stored_identities(self) -> dict[int, EmbedderIdentity]:
        """The identities that documents were stored with, by id."""
        rows = self.rows(f"{_IDENTITIES} WHERE id IN (SELECT DISTINCT identity_id FROM documents)")
        return {row[0]: EmbedderIdentity(row[1], row[2], bool(row[3]), row[4], row[5]) for row in rows}

    def ever_stored(self) -> list[EmbedderIdentity]:
        """The identities that documents were ever stored with, the first one first."""
        rows = self.rows(f"{_IDENTITIES} ORDER BY id")
        return [EmbedderIdentity(row[1], row[2], bool(row[3]), row[4], row[5]) for row in rows]

    # documents

    def documents(self) -> list[DocumentRow]:
        """All documents, by path."""
        return self._documents("ORDER BY path")

    def document_count(self) -> int:
        """How many documents there are."""
        return int(self.rows("SELECT COUNT(*) FROM documents")[0][0])

    def document(self, document_id: int) -> DocumentRow | None:
        """One document, None when there is none with this id."""
        if abs(document_id) >= TOO_LARGE:
            return None
        return next(iter(self._documents("WHERE id = ?", document_id)), None)

    def document_at(self, path: str) -> DocumentRow | None:
        """The document that was ingested from a path, None when there is none."""
        return next(iter(self._documents("WHERE path = ?", path)), None)

    def has_sources(self, sources: Iterable[str]) -> bool:
        """Whether all these documents are here, as :attr:`~ragapp.index.records.DocumentRow.reading_source` names."""
        named = [source.partition(" ") for source in sources]
        rows = [(sha256, self.document_at(path)) for sha256, _, path in named]
        return all(row is not None and row.sha256 == sha256 for sha256, row in rows)

    def unit(self, document_id: int, number: int) -> Unit | None:
        """One unit with its blocks, None when there is no such unit."""
        if max(abs(document_id), abs(number)) >= TOO_LARGE:
            return None
        rows = self.rows(f"{_UNITS} WHERE document_id = ? AND number = ?", (document_id, number))
        return _unit_of(rows[0])[0] if rows else None

    def document_with_content(self, sha256: str, suffix: str) -> DocumentRow | None:
        """A document with this content and a file name that ends like this, None when there is none."""
        found = self._documents("WHERE sha256 = ? ORDER BY id", sha256)
        return next((row for row in found if row.name.lower().endswith(suffix.lower())), None)

    def _documents(self, which: str, *parameters: int | str) -> list[DocumentRow]:
        rows = [_document_of(row) for row in self.rows(f"{_DOCUMENTS} {which}", parameters)]
        tags = self.labels.of_documents([row.id for row in rows])
        collections = self.labels.collections_of(row.path for row in rows)
        if not tags and not collections:
            return rows
        return [replace(row, tags=tags.get(row.id, ()), collections=collections.get(row.path, ())) for row in rows]

    @property
    def labels(self) -> Labels:
        """Its collections and tags."""
        return Labels(self)

    def languages(self) -> list[str]:
        """Languages that the documents are in, the most frequent first."""
        rows = self.rows("SELECT language FROM documents WHERE language != '' GROUP BY 1 ORDER BY COUNT(*) DESC, 1")
        return [row[0] for row in rows]

    def units(self, document_id: int) -> list[tuple[Unit, str]]:
        """The units of a document in order, each with its stored text."""
        rows = self.rows(f"{_UNITS} WHERE document_id = ? ORDER BY number", (document_id,))
        return list(map(_unit_of, rows))

    def outline(self, document_id: int) -> list[UnitOutline]:
        """What the units of a document are called and how long they are, in order; their texts are not read."""
        query = "SELECT number, kind, label, length(text) FROM units WHERE document_id = ? ORDER BY number"
        return [UnitOutline(*row) for row in self.rows(query, (document_id,))]

    def unit_text(self, document_id: int, number: int) -> str:
        """The stored text of one unit; empty when there is no such unit."""
        rows = self.rows("SELECT text FROM units WHERE document_id = ? AND number = ?", (document_id, number))
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
        fingerprints: Sequence[bytes] | None = None,
        conditions: str = "",
        readers: int = READERS_VERSION,
    ) -> Changed:
        """Store a document in one transaction, in place of an earlier version of the same path.

        ``vectors`` has the shape (chunks, dimension); size (bytes), time and hash are the file's.  By the
        ``fingerprints`` of the chunks' embedded texts :meth:`known_vectors` finds their vectors again.  ``conditions``
        is what the reading depended on besides the file, ``readers`` the version of the readers.

        Returns:
            The document's id, the new chunk ids in the order of ``chunks``, and the chunk ids that went.
        """
        if len(chunks) != len(vectors):
            raise ValueError(f"{len(chunks)} chunks, but {len(vectors)} vectors")
        facts = dict(identity_id=identity_id, size=size, mtime_ns=mtime_ns, sha256=sha256)
        facts |= dict(conditions=conditions, readers=readers)
        prints: Sequence[bytes | None] = fingerprints or [None] * len(chunks)
        with self.transaction() as connection:
            return catalog_writes.put(connection, path, document, chunks, vectors, prints, facts)

    def known_vectors(self, fingerprints: Sequence[bytes], identity_id: int) -> dict[bytes, np.ndarray]:
        """Half-precision vectors, by fingerprint, of texts that were embedded before with an identity."""
        query = (
            "SELECT c.fingerprint, c.vector FROM chunks c JOIN documents d ON d.id = c.document_id"
            f" WHERE d.identity_id = {int(identity_id)} AND c.fingerprint IN ({{}})"
        )
        return {
            row[0]: np.frombuffer(row[1], VECTOR_DTYPE) for row in self.rows_among(query, dict.fromkeys(fingerprints))
        }

    def rename_document(self, document_id: int, path: Path, size: int, mtime_ns: int) -> None:
        """Note that a file has moved or has another name; its chunks and vectors stay, its name in the index changes.

        A title that was only the file's name follows the name.
        """
        with self.transaction() as connection:
            catalog_writes.rename(connection, document_id, path, size, mtime_ns)

    def copy_document(self, document_id: int, sha256: str, path: Path, size: int, mtime_ns: int) -> Changed | None:
        """Store a second file with the content of a stored one: nothing is read or embedded again.

        Returns:
            As :meth:`put_document`; None where the stored document has gone or has another hash than ``sha256`` by now.
        """
        with self.transaction() as connection:
            return catalog_writes.copy(connection, document_id, sha256, path, size, mtime_ns)

    def touch_document(self, document_id: int, size: int, mtime_ns: int) -> None:
        """Note that a file was found to have the stored content."""
        with self.transaction() as connection:
            connection.execute(
                "UPDATE documents SET size = ?, mtime_ns = ? WHERE id = ?", (size, mtime_ns, document_id)
            )

    def remove_document(self, document_id: int) -> list[int]:
        """Remove a document, its units, chunks and index entries in one transaction; returns the ids of its chunks."""
        with self.transaction() as connection:
            return catalog_writes.delete_document(connection, document_id)

    def put_unread(self, file: UnreadRow) -> None:
        """Remember that a file was not read, and why; ``tried_at`` is set to now where it is empty."""
        values = astuple(replace(file, tried_at=file.tried_at or catalog_writes.now()))
        marks = ", ".join("?" * len(values))
        with self.transaction() as connection:
            connection.execute(f"INSERT OR REPLACE INTO unread ({_UNREAD}) VALUES ({marks})", values)

    def remove_unread(self, path: str) -> None:
        """Forget that a file was not read, because it is gone."""
        with self.transaction() as connection:
            connection.execute("DELETE FROM unread WHERE path = ?", (path,))

    def unread(self) -> list[UnreadRow]:
        """All files that were not read at their last try, by path."""
        return [UnreadRow(*row) for row in self.rows(f"SELECT {_UNREAD} FROM unread ORDER BY path")]

    def purge(self) -> None:
        """Leave no trace of what was removed; see :func:`ragapp.index.sqlite.purge`."""
        with self._searched() as connection:
            purge(connection)

    def shrink(self) -> None:
        """Give back the room that deleted rows leave in the file, where it is worth while and the disk has room."""
        with self._lock:
            shrink(self._connection)

    # chunks

    def chunk_count(self) -> int:
        """How many chunks there are."""
        # counted with each document: counting a million rows takes longer than the search
        return int(self.rows("SELECT COALESCE(SUM(chunks), 0) FROM documents")[0][0])

    def chunk_ids(self, document_ids: Iterable[int] | None = None) -> list[int]:
        """Ids of all chunks, or of those of some documents, ascending."""
        if document_ids is None:
            return [row[0] for row in self.rows("SELECT id FROM chunks ORDER BY id")]
        query = "SELECT id FROM chunks WHERE document_id IN ({})"
        return sorted(row[0] for row in self.rows_among(query, document_ids))

    def chunks(self, ids: Sequence[int]) -> dict[int, StoredChunk]:
        """Chunks by id; ids that do not exist are left out."""
        found = map(_chunk_of, self.rows_among(f"{_CHUNKS} WHERE c.id IN ({{}})", ids))
        return {chunk.id: chunk for chunk in found}

    def unit_chunks(self, document_id: int, number: int) -> list[StoredChunk]:
        """The chunks of one unit in the order of its text."""
        rows = self.rows(
            f"{_CHUNKS} WHERE c.document_id = ? AND c.unit = ? ORDER BY c.start, c.id", (document_id, number)
        )
        return list(map(_chunk_of, rows))

    def unit_chunk_counts(self, document_id: int) -> list[tuple[int, int]]:
        """The numbers of a document's units that have chunks, each with how many, in order."""
        query = "SELECT unit, COUNT(*) FROM chunks WHERE document_id = ? GROUP BY unit ORDER BY unit"
        return [(row[0], row[1]) for row in self.rows(query, (document_id,))]

    def vectors(self, ids: Sequence[int] | None = None) -> tuple[list[int], np.ndarray]:
        """Some or all chunks' ids and vectors, a float32 array of shape (ids, dimension)."""
        if ids is None:
            rows = self.rows("SELECT id, vector FROM chunks ORDER BY id")
        else:
            rows = self.rows_among("SELECT id, vector FROM chunks WHERE id IN ({})", ids)
        if not rows:
            return [], np.zeros((0, 0), np.float32)
        flat = np.frombuffer(b"".join(row[1] for row in rows), VECTOR_DTYPE).astype(np.float32)
        return [row[0] for row in rows], flat.reshape(len(rows), -1)

    def question_words(self, question: str, written_in: Iterable[str] = ()) -> list[tuple[str, ...]]:
        """The words of a question as this index has them; see :func:`ragapp.index.analysis.question_words`.

        ``written_in`` are languages (ISO 639-1 codes) of the question itself, which no document need have.
        """
        languages = [*self.languages(), *written_in]
        with self._searched() as connection:
            return question_words(question, languages, partial(bm25.alike, connection))

    def match(self, words: Iterable[bm25.Word], limit: int, within: Sequence[int] | None = None) -> dict[int, float]:
        """BM25 scores of the chunks that hold any of the words; see :func:`ragapp.index.bm25.match`."""
        with self._searched() as connection:
            return bm25.match(connection, words, limit, within)

    def term_frequencies(self, terms: Sequence[str]) -> dict[str, int]:
        """How many chunks hold each of some index terms; see :func:`ragapp.index.bm25.frequencies`."""
        with self._searched() as connection:
            return bm25.frequencies(connection, terms)

    def lexical_scale(self) -> bm25.Bm25Statistics:
        """What BM25 measures a chunk by; see :func:`ragapp.index.bm25.scale`."""
        with self._searched() as connection:
            return bm25.scale(connection)

    def indexed_terms(self, ids: Sequence[int]) -> dict[int, tuple[list[str], list[str]]]:
        """The index terms of chunks, of context and text; see :func:`ragapp.index.bm25.indexed`."""
        with self._searched() as connection:
            return bm25.indexed(connection, ids)

    @contextmanager
    def _searched(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                yield self._connection
            except sqlite3.Error as error:
                raise StoreError(f"The catalog {self.path} could not be searched: {reason_of(error)}.") from None

    def rows_among(self, query: str, values: Iterable[Any]) -> list[tuple[Any, ...]]:
        """What a query with ``IN ({})`` finds for any number of values."""
        every = list(values)
        rows: list[tuple[Any, ...]] = []
        for begin in range(0, len(every), _IDS_A_QUERY):
            part = every[begin : begin + _IDS_A_QUERY]
            rows.extend(self.rows(query.format(",".join("?" * len(part))), part))
        return rows


def _identity_key(identity: EmbedderIdentity) -> tuple[int, int, str, str]:
    return identity.dimension, int(identity.normalised), identity.weights_sha256, identity.chunker


def _unit_of(row: tuple[Any, ...]) -> tuple[Unit, str]:
    number, kind, label, text, blocks, coverage, confidence = row
    parts = [Block(text[start:end], k, tuple(headings)) for k, start, end, headings in json.loads(blocks)]
    return Unit(number, kind, label, parts, coverage, confidence), text


def _chunk_of(row: tuple[Any, ...]) -> StoredChunk:
    headings = row[1]
    return StoredChunk(row[0], () if headings == "[]" else tuple(json.loads(headings)), *row[2:])


def _document_of(row: tuple[Any, ...]) -> DocumentRow:
    values = list(row)
    values[9] = tuple(json.loads(values[9]))  # warnings
    return DocumentRow(*values)
