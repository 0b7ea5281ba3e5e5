-- What is counted is kept beside the document, since counting reads every page of text; a chunk's fingerprint finds the
-- vector of a text that was embedded before; a failure keeps what it depends on, so it is tried again only then.
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
