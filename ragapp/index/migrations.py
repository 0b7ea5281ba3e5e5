"""The catalog's schema, as numbered steps that are applied once each and recorded."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime

from ragapp.errors import StoreError

# Ids are never used twice (AUTOINCREMENT), so that comparing ids is enough to tell what Chroma lacks or holds too much.
MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE state (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE identities (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        embedder TEXT NOT NULL, dimension INTEGER NOT NULL, normalised INTEGER NOT NULL,
        weights_sha256 TEXT NOT NULL, chunker TEXT NOT NULL,
        UNIQUE (dimension, normalised, weights_sha256, chunker)
    );
    CREATE TABLE documents (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        identity_id INTEGER NOT NULL REFERENCES identities(id),
        path TEXT NOT NULL UNIQUE, name TEXT NOT NULL, title TEXT NOT NULL, language TEXT NOT NULL,
        size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, sha256 TEXT NOT NULL,
        warnings TEXT NOT NULL, ingested_at TEXT NOT NULL
    );
    CREATE TABLE units (
        document_id INTEGER NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
        number INTEGER NOT NULL, kind TEXT NOT NULL, label TEXT NOT NULL, text TEXT NOT NULL, blocks TEXT NOT NULL,
        PRIMARY KEY (document_id, number)
    ) WITHOUT ROWID;
    CREATE TABLE chunks (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        document_id INTEGER NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
        unit INTEGER NOT NULL, headings TEXT NOT NULL, text TEXT NOT NULL,
        start INTEGER NOT NULL, "end" INTEGER NOT NULL, vector BLOB NOT NULL
    );
    CREATE INDEX chunks_by_document ON chunks(document_id);
    CREATE TABLE failures (
        path TEXT PRIMARY KEY, reason TEXT NOT NULL, hint TEXT NOT NULL, failed_at TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE VIRTUAL TABLE lexical USING fts5(context, body, tokenize = "unicode61 remove_diacritics 0");
    """,
    # what is counted is kept beside the document, since counting reads every page of text; a chunk's fingerprint finds
    # the vector of a text that was embedded before; a failure keeps what it depends on, so it is tried again only then
    """
    ALTER TABLE units ADD COLUMN coverage TEXT NOT NULL DEFAULT 'text';
    ALTER TABLE units ADD COLUMN confidence REAL;
    UPDATE units SET coverage = 'empty' WHERE text = '';
    ALTER TABLE documents ADD COLUMN units INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE documents ADD COLUMN units_without_text INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE documents ADD COLUMN units_ocr INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE documents ADD COLUMN units_needing_ocr INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE documents ADD COLUMN chunks INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE documents ADD COLUMN conditions TEXT NOT NULL DEFAULT '';
    UPDATE documents SET
        units = (SELECT COUNT(*) FROM units WHERE document_id = id),
        units_without_text = (SELECT COUNT(*) FROM units WHERE document_id = id AND text = ''),
        chunks = (SELECT COUNT(*) FROM chunks WHERE document_id = documents.id);
    CREATE INDEX documents_by_content ON documents(sha256);
    ALTER TABLE chunks ADD COLUMN fingerprint BLOB;
    CREATE INDEX chunks_by_fingerprint ON chunks(fingerprint) WHERE fingerprint IS NOT NULL;
    DROP TABLE failures;
    CREATE TABLE unread (
        path TEXT PRIMARY KEY, status TEXT NOT NULL, reason TEXT NOT NULL, hint TEXT NOT NULL, tried_at TEXT NOT NULL,
        size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, conditions TEXT NOT NULL
    ) WITHOUT ROWID;
    """,
    # vowel signs are part of a word; what stood here is made anew by the rebuild that the new chunker asks for
    """
    DROP TABLE lexical;
    CREATE VIRTUAL TABLE lexical USING fts5(
        context, body, tokenize = "unicode61 remove_diacritics 0 categories 'L* N* Co M*'"
    );
    """,
    # the whole answer stands last: what lists and searches conversations need not read it
    """
    CREATE TABLE conversations (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        title TEXT NOT NULL, created_at TEXT NOT NULL, changed_at TEXT NOT NULL
    );
    CREATE TABLE turns (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        conversation_id INTEGER NOT NULL REFERENCES conversations(id) ON DELETE CASCADE,
        question TEXT NOT NULL, standalone TEXT NOT NULL, asked_at TEXT NOT NULL, reply TEXT NOT NULL,
        answer TEXT NOT NULL
    );
    CREATE INDEX turns_by_conversation ON turns(conversation_id);
    """,
)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the catalog to the newest schema, one transaction a step.

    Raises:
        StoreError: the catalog was written by a newer ragapp.
    """
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(MIGRATIONS):
        raise StoreError(
            f"The catalog has schema {version}; this ragapp knows {len(MIGRATIONS)}.", "Install the newer ragapp."
        )
    for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
        connection.execute("BEGIN IMMEDIATE")
        try:
            # another process that opened the catalog at the same time may have taken the step meanwhile
            if connection.execute("PRAGMA user_version").fetchone()[0] < number:
                for statement in _statements(script):
                    connection.execute(statement)
                stamp = datetime.now(UTC).isoformat(timespec="seconds")
                connection.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (f"migration-{number}", stamp))
                connection.execute(f"PRAGMA user_version = {number}")
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise


def _statements(script: str) -> Iterator[str]:
    """The statements of a script; ``executescript`` would end the transaction."""
    statement = ""
    for part in script.split(";"):
        statement += f"{part};"
        if sqlite3.complete_statement(statement):  # a semicolon may stand within a string
            if statement.strip(" \n;"):
                yield statement
            statement = ""
