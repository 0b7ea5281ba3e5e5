-- What is known of a document besides its text: its own day (ISO 8601; empty where none is known, so that the file's
-- holds), where that is from (properties or text), and who wrote it.  NULL: not looked for yet; see index/facts.py.
ALTER TABLE documents ADD COLUMN written TEXT;
ALTER TABLE documents ADD COLUMN dated_by TEXT NOT NULL DEFAULT '';
ALTER TABLE documents ADD COLUMN author TEXT NOT NULL DEFAULT '';
-- whether there are any is asked whenever the catalog is opened
CREATE INDEX documents_not_looked_at ON documents (id) WHERE written IS NULL;
-- Words that people put on documents.
CREATE TABLE tags (
    document_id INTEGER NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
    tag TEXT NOT NULL COLLATE NOCASE,
    PRIMARY KEY (document_id, tag)
);
-- Named sets of folders and documents: patterns as a search takes them, so that what comes into a folder later belongs.
CREATE TABLE collections (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE COLLATE NOCASE);
CREATE TABLE collection_members (
    collection_id INTEGER NOT NULL REFERENCES collections(id) ON DELETE CASCADE,
    pattern TEXT NOT NULL,
    PRIMARY KEY (collection_id, pattern)
);
