-- A rebuild for another embedder prepares documents here, beside the chunks in use, and puts all in their place at once.
-- Until a document is complete, its rows only serve to find vectors again.
CREATE TABLE prepared_documents (
    document_id INTEGER PRIMARY KEY REFERENCES documents(id) ON DELETE CASCADE,
    identity_id INTEGER NOT NULL REFERENCES identities(id),
    complete INTEGER NOT NULL
);
CREATE TABLE prepared_chunks (
    id INTEGER PRIMARY KEY,
    document_id INTEGER NOT NULL REFERENCES prepared_documents(document_id) ON DELETE CASCADE,
    unit INTEGER NOT NULL, headings TEXT NOT NULL, text TEXT NOT NULL,
    start INTEGER NOT NULL, "end" INTEGER NOT NULL, vector BLOB NOT NULL, fingerprint BLOB NOT NULL
);
CREATE INDEX prepared_chunks_by_document ON prepared_chunks(document_id);
CREATE INDEX prepared_chunks_by_fingerprint ON prepared_chunks(fingerprint);
