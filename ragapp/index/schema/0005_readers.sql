-- Which version of the readers a document was read with: one that is older is read again from its file.
ALTER TABLE documents ADD COLUMN readers INTEGER NOT NULL DEFAULT 2;
