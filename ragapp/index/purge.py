"""Taking what was removed out of the files themselves.

A database only marks what is deleted as free: the bytes stay until something else is written over them. Here they go.
What the disk itself keeps of files that were shortened or deleted is not in any program's hands; that takes an
encrypted disk.
"""

from __future__ import annotations

import sqlite3

from ragapp.errors import StoreError


def purge(connection: sqlite3.Connection) -> None:
    """Write the catalog anew with nothing but what it holds; takes as long as copying it.

    Args:
        connection: of the catalog, in no transaction; nobody else may be reading.

    Raises:
        StoreError: another process reads the catalog; what it may still see was kept.
        sqlite3.Error: the disk is full, or the file damaged.
    """
    connection.execute("PRAGMA secure_delete = ON")
    # the index keeps the words of deleted rows, marked as deleted, until its parts are merged
    connection.execute("INSERT INTO lexical(lexical) VALUES ('rebuild')")
    connection.execute("VACUUM")
    busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise StoreError(
            "What was removed is still in the write-ahead log: another ragapp process reads the store.",
            "Let it finish or stop it, then run: ragapp documents remove --purge",
        )
