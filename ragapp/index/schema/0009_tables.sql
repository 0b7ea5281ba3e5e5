-- Tables with types, for questions that count and add up. A row's cells stand in c0, c1, … by the place of its column;
-- `columns` is JSON. What a question may read is shown to it by views, one a table.
CREATE TABLE tables (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    document_id INTEGER NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
    title TEXT NOT NULL, sheet TEXT NOT NULL, kind TEXT NOT NULL, first_column INTEGER NOT NULL,
    columns TEXT NOT NULL, rows INTEGER NOT NULL, left_out INTEGER NOT NULL
);
CREATE INDEX tables_by_document ON tables(document_id);
CREATE TABLE table_rows (
    table_id INTEGER NOT NULL REFERENCES tables(id) ON DELETE CASCADE,
    n INTEGER NOT NULL, unit INTEGER NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL,
    line INTEGER NOT NULL, is_total INTEGER NOT NULL,
    c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14, c15, c16, c17, c18, c19,
    c20, c21, c22, c23, c24, c25, c26, c27, c28, c29, c30, c31, c32, c33, c34, c35, c36, c37, c38, c39,
    PRIMARY KEY (table_id, n)
) WITHOUT ROWID;
