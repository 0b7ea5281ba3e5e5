"""The tables of the lexical side as the catalog makes them, in memory."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import cache

from ragapp.index.migrations import migrate


def lexical_table() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for statement in _statements():
        connection.execute(statement)
    return connection


@cache
def _statements() -> list[str]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        migrate(connection)
        tables = ("lexical", "plain_stems")
        rows = (connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,)) for table in tables)
        return [row.fetchone()[0] for row in rows]
