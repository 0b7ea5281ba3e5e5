"""A table of the lexical side as the catalog makes it, in memory."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import cache

from ragapp.index.migrations import migrate


def lexical_table() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute(_statement())
    return connection


@cache
def _statement() -> str:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        migrate(connection)
        return connection.execute("SELECT sql FROM sqlite_master WHERE name = 'lexical'").fetchone()[0]
