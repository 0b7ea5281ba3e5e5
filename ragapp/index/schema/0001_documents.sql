-- Ids are never used twice (AUTOINCREMENT), so that comparing ids is enough to tell what Chroma lacks or holds too
-- much.
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
