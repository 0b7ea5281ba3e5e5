"""What can be read of a damaged catalog, in a new one: document by document, conversation by conversation."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from ragapp.backup.snapshot import listed, raw_connection, tables_of
from ragapp.errors import StoreError
from ragapp.index.catalog import Catalog
from ragapp.index.migrations import MIGRATIONS
from ragapp.plain_words import counted

# state of the catalog that holds for it wherever it is; the index of words is made anew from the texts, as it knows
# when it has none of this state
_STATE = "SELECT key, value FROM state WHERE key NOT LIKE 'migration-%' AND key NOT LIKE 'lexical_analysis%'"


def salvage(source: Path, target: Path, *, conversations: bool) -> list[str]:
    """Copy what can be read of a damaged catalog into a new one, and return what could not, one sentence each.

    Vectors come with their texts, so nothing has to be embedded again; the index of words is made anew later.

    Raises:
        StoreError: not even the list of documents can be read, or its schema is that of an earlier ragapp.
    """
    with closing(Catalog(target)) as catalog, raw_connection(source) as old:
        try:
            version = old.execute("PRAGMA user_version").fetchone()[0]
            documents = old.execute("SELECT id, path FROM documents ORDER BY id").fetchall()
            identities = old.execute("SELECT * FROM identities").fetchall()
        except sqlite3.DatabaseError:
            raise StoreError(
                f"Nothing can be saved of {source}: not even its list of documents can be read.",
                "Use an earlier backup, or move the file away and ingest the files anew.",
            ) from None
        if version != len(MIGRATIONS):
            raise StoreError(
                f"Nothing can be saved of {source}: an earlier ragapp made it.", "Use the ragapp that made it."
            )
        with catalog.transaction() as new:
            _insert(new, "identities", identities)
            with suppress(sqlite3.DatabaseError):
                new.executemany("INSERT OR REPLACE INTO state VALUES (?, ?)", old.execute(_STATE).fetchall())
        lost = [path for document, path in documents if not _take_document(old, catalog, document)]
        told = []
        if lost:
            told.append(f"{counted(len(lost), 'document')} could not be read: {listed(lost)}.")
        with suppress(sqlite3.DatabaseError), catalog.transaction() as new:
            for table in ("collections", "collection_members"):
                _insert(new, table, old.execute(f"SELECT * FROM {table}").fetchall())
        if conversations and "conversations" in tables_of(old):
            gone = _take_conversations(old, catalog)
            told += [f"{counted(gone, 'conversation')} could not be read."] if gone else []
    with raw_connection(target) as connection:
        connection.execute("PRAGMA journal_mode = DELETE").fetchall()
    return told


# what is kept of a document, and the column that holds its id
def _take_document(old: sqlite3.Connection, catalog: Catalog, document: int) -> bool:
    wanted = {"documents": "id = ?", "units": "document_id = ?", "chunks": "document_id = ?"}
    # a store of an earlier version has neither
    if "tags" in tables_of(old):
        wanted["tags"] = "document_id = ?"
    if "table_rows" in tables_of(old):
        wanted["tables"] = "document_id = ?"
        wanted["table_rows"] = "table_id IN (SELECT id FROM tables WHERE document_id = ?)"
    try:
        rows = {
            table: old.execute(f"SELECT * FROM {table} WHERE {which}", (document,)).fetchall()
            for table, which in wanted.items()
        }
    except (sqlite3.DatabaseError, UnicodeDecodeError):
        return False
    with catalog.transaction() as new:
        for table, found in rows.items():
            _insert(new, table, found)
    return True


def _take_conversations(old: sqlite3.Connection, catalog: Catalog) -> int:
    """Copy the conversations that can be read; returns how many cannot."""
    lost = 0
    try:
        ids = [row[0] for row in old.execute("SELECT id FROM conversations")]
    except sqlite3.DatabaseError:
        return 1
    for conversation in ids:
        try:
            row = old.execute("SELECT * FROM conversations WHERE id = ?", (conversation,)).fetchall()
            turns = old.execute("SELECT * FROM turns WHERE conversation_id = ?", (conversation,)).fetchall()
        except (sqlite3.DatabaseError, UnicodeDecodeError):
            lost += 1
            continue
        with catalog.transaction() as new:
            _insert(new, "conversations", row)
            _insert(new, "turns", turns)
    return lost


def _insert(connection: sqlite3.Connection, table: str, rows: list[tuple[object, ...]]) -> None:
    if rows:
        connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)
