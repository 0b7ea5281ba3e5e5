-- What a person thinks of an answer (JSON, empty for nothing), and what a question and a conversation are restricted to:
-- patterns of documents, one a line, empty for all documents.
ALTER TABLE turns ADD COLUMN scope TEXT NOT NULL DEFAULT '';
ALTER TABLE turns ADD COLUMN feedback TEXT NOT NULL DEFAULT '';
ALTER TABLE conversations ADD COLUMN scope TEXT NOT NULL DEFAULT '';
