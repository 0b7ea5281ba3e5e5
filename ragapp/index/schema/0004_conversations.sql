-- The whole answer stands last: what lists and searches conversations need not read it.
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
