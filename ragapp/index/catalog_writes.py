"""Changes to the catalog's documents, each inside the caller's transaction: rows and index entries together."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from ragapp.index import bm25
from ragapp.index.analysis import analysis_version
from ragapp.index.catalog_tables import copy_tables, put_tables
from ragapp.index.facts import facts_of
from ragapp.index.records import Chunk
from ragapp.reading.document import BLOCK_BREAK, Document, Unit

VECTOR_DTYPE = np.float16
CHUNK_COLUMNS = 'unit, headings, text, start, "end", vector, fingerprint'
UNIT_COLUMNS = "number, kind, label, text, blocks, coverage, confidence"
# what a document has in common with another of the same content
_COPIED = (
    "identity_id, language, sha256, warnings, units, units_without_text, units_ocr, units_needing_ocr, chunks,"
    " conditions, readers, written, dated_by, author"
)

# state in the catalog: the analysis that the terms of the lexical index were made by
LEXICAL_ANALYSIS = "lexical_analysis"

# a document's id, the ids of the chunks that were added, in order, and of those that went
Changed = tuple[int, list[int], list[int]]


def put(
    connection: sqlite3.Connection,
    path: Path,
    document: Document,
    chunks: Sequence[Chunk],
    vectors: np.ndarray,
    fingerprints: Sequence[bytes | None],
    facts: dict[str, Any],
) -> Changed:
    """Store a document in place of an earlier version of the same path; ``facts`` are further columns of its row."""
    first = document.units[0] if document.units else Unit(1)
    values = {
        "path": str(path),
        "name": path.name,
        "title": document.title,
        "language": document.language,
        "warnings": json.dumps(document.warnings),
        "ingested_at": now(),
        "units": len(document.units),
        "units_without_text": document.units_without_text,
        "units_ocr": document.units_covered("ocr"),
        "units_needing_ocr": document.units_covered("needs_ocr"),
        "chunks": len(chunks),
        **facts_of(first.kind, first.text, document.day, document.author),
        **facts,
    }
    if not connection.execute("SELECT 1 FROM documents LIMIT 1").fetchone():
        connection.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (LEXICAL_ANALYSIS, analysis_version()))
    row = connection.execute("SELECT id FROM documents WHERE path = ?", (str(path),)).fetchone()
    gone = delete_chunks(connection, row[0]) if row else []
    if row:
        document_id = row[0]
        assignments = ", ".join(f"{column} = :{column}" for column in values)
        connection.execute(f"UPDATE documents SET {assignments} WHERE path = :path", values)
        connection.execute("DELETE FROM units WHERE document_id = ?", (document_id,))
        # what a rebuild has prepared is of another text
        connection.execute("DELETE FROM prepared_documents WHERE document_id = ?", (document_id,))
    else:
        columns, marks = ", ".join(values), ", ".join(f":{column}" for column in values)
        document_id = _new_id(connection, f"INSERT INTO documents ({columns}) VALUES ({marks})", values)
    connection.executemany(
        f"INSERT INTO units (document_id, {UNIT_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (document_id, u.number, u.kind, u.label, u.text, _blocks_json(u), u.coverage, u.confidence)
            for u in document.units
        ],
    )
    put_tables(connection, document_id, document.tables)
    added = []
    for chunk, vector, fingerprint in zip(chunks, vectors, fingerprints, strict=True):
        stored = np.asarray(vector, VECTOR_DTYPE).tobytes()
        place = chunk.unit, json.dumps(chunk.headings), chunk.text, chunk.start, chunk.end
        chunk_id = _new_id(
            connection,
            f"INSERT INTO chunks (document_id, {CHUNK_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (document_id, *place, stored, fingerprint),
        )
        added.append(chunk_id)
        context = context_line(path.name, document.title, chunk.headings)
        bm25.add(connection, chunk_id, context, chunk.text, document.language)
    connection.execute("DELETE FROM unread WHERE path = ?", (str(path),))
    return document_id, added, gone


def rename(connection: sqlite3.Connection, document_id: int, path: Path, size: int, mtime_ns: int) -> None:
    """Give a document another path; see :meth:`Catalog.rename_document`."""
    title = _title_under(connection, document_id, path)
    connection.execute(
        "UPDATE documents SET path = ?, name = ?, title = ?, size = ?, mtime_ns = ? WHERE id = ?",
        (str(path), path.name, title, size, mtime_ns, document_id),
    )
    for chunk_id, headings, language in connection.execute(
        "SELECT c.id, c.headings, d.language FROM chunks c JOIN documents d ON d.id = c.document_id WHERE d.id = ?",
        (document_id,),
    ).fetchall():
        context = context_line(path.name, title, json.loads(headings))
        bm25.set_context(connection, chunk_id, context, language)
    connection.execute("DELETE FROM unread WHERE path = ?", (str(path),))


def copy(
    connection: sqlite3.Connection, document_id: int, sha256: str, path: Path, size: int, mtime_ns: int
) -> Changed | None:
    """Store a second file with the content of a stored one; see :meth:`Catalog.copy_document`."""
    wanted = connection.execute("SELECT 1 FROM documents WHERE id = ? AND sha256 = ?", (document_id, sha256)).fetchone()
    if not wanted:
        return None
    title = _title_under(connection, document_id, path)
    old = connection.execute("SELECT id FROM documents WHERE path = ?", (str(path),)).fetchone()
    gone = delete_document(connection, old[0]) if old else []
    new_id = _new_id(
        connection,
        f"INSERT INTO documents (path, name, title, size, mtime_ns, ingested_at, {_COPIED})"
        f" SELECT ?, ?, ?, ?, ?, ?, {_COPIED} FROM documents WHERE id = ?",
        (str(path), path.name, title, size, mtime_ns, now(), document_id),
    )
    connection.execute(
        f"INSERT INTO units (document_id, {UNIT_COLUMNS}) SELECT ?, {UNIT_COLUMNS} FROM units WHERE document_id = ?",
        (new_id, document_id),
    )
    copy_tables(connection, document_id, new_id)
    language = connection.execute("SELECT language FROM documents WHERE id = ?", (new_id,)).fetchone()[0]
    copy_chunk = f"INSERT INTO chunks (document_id, {CHUNK_COLUMNS}) SELECT ?, {CHUNK_COLUMNS} FROM chunks WHERE id = ?"
    added = []
    for chunk_id, headings, text in connection.execute(
        "SELECT id, headings, text FROM chunks WHERE document_id = ? ORDER BY id", (document_id,)
    ).fetchall():
        added.append(_new_id(connection, copy_chunk, (new_id, chunk_id)))
        bm25.add(connection, added[-1], context_line(path.name, title, json.loads(headings)), text, language)
    connection.execute("DELETE FROM unread WHERE path = ?", (str(path),))
    return new_id, added, gone


def delete_chunks(connection: sqlite3.Connection, document_id: int) -> list[int]:
    """Remove a document's chunks and their index entries; returns their ids."""
    ids = [row[0] for row in connection.execute("SELECT id FROM chunks WHERE document_id = ?", (document_id,))]
    bm25.remove(connection, ids)
    connection.execute("DELETE FROM chunks WHERE document_id = ?", (document_id,))
    return ids


def delete_document(connection: sqlite3.Connection, document_id: int) -> list[int]:
    """Remove a document with its units, chunks and index entries; returns the ids of its chunks."""
    gone = delete_chunks(connection, document_id)
    connection.execute("DELETE FROM documents WHERE id = ?", (document_id,))
    return gone


def context_line(name: str, title: str, headings: Sequence[str]) -> str:
    """What is indexed in front of a chunk, so that it says whose it is: name, title and heading path."""
    return " > ".join(dict.fromkeys(part for part in (Path(name).stem, title, *headings) if part))


def now() -> str:
    """The time of this moment, as the catalog keeps it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _new_id(connection: sqlite3.Connection, insertion: str, values: tuple[Any, ...] | dict[str, Any]) -> int:
    return connection.execute(insertion, values).lastrowid or 0  # None only where nothing was inserted


def _title_under(connection: sqlite3.Connection, document_id: int, path: Path) -> str:
    """A document's title under another path: a title that was only the file's name follows it."""
    name, title = connection.execute("SELECT name, title FROM documents WHERE id = ?", (document_id,)).fetchone()
    return path.stem if title == Path(name).stem else title


def _blocks_json(unit: Unit) -> str:
    spans = []
    start = 0
    for block in unit.blocks:
        spans.append((block.kind, start, start + len(block.text), block.headings))
        start += len(block.text) + len(BLOCK_BREAK)
    return json.dumps(spans)
