"""The connection to the catalog's database: for its owner alone, with a write-ahead log; and purging it."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import suppress
from pathlib import Path

from ragapp import file_permissions
from ragapp.errors import StoreError

# how long to wait for another process's transaction
BUSY_S = 30
# SQLite's own 2 MiB are less than what one question reads of a large index
CACHE_KIB = 32 * 1024
# with this share of it unused, a file is written anew
WASTE = 0.25
# SQLite's integers are smaller, so this is the id of nothing
TOO_LARGE = 2**63
# SQLite's name for a database that is no file
IN_MEMORY = ":memory:"


def connect(path: Path) -> sqlite3.Connection:
    """A connection that any thread may use, one at a time; transactions are begun by hand.

    Raises:
        OSError: the folder or the file cannot be made.
        sqlite3.Error: the file is no database.
    """
    if str(path) != IN_MEMORY:
        file_permissions.make_private_folder(path.parent)
        file_permissions.make_private_file(path)  # its log and its index get the same rights
    connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=BUSY_S)
    if str(path) != IN_MEMORY:
        _sort_in(path.parent, connection)
    _use_wal(connection)
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    return connection


def _sort_in(folder: Path, connection: sqlite3.Connection) -> None:
    """Have what SQLite sorts or rewrites on disk beside the catalog, not in a folder that all share.

    The environment is for Chroma's own SQLite. Python's has read it when it was imported; it takes only the pragma,
    which holds for the whole process and is not set again while other threads may be reading it.
    """
    os.environ["SQLITE_TMPDIR"] = str(folder)
    with suppress(sqlite3.OperationalError):  # the folder may only be read; then nothing is sorted in it
        if connection.execute("PRAGMA temp_store_directory").fetchone() != (str(folder),):
            quoted = str(folder).replace("'", "''")
            connection.execute(f"PRAGMA temp_store_directory = '{quoted}'")


def _use_wal(connection: sqlite3.Connection) -> None:
    """SQLite's busy timeout does not cover the switch to WAL, which a second process may be making just now."""
    deadline = time.monotonic() + BUSY_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def purge(connection: sqlite3.Connection) -> None:
    """Write the catalog anew with nothing but what it holds; takes as long as copying it.

    A database only marks what is deleted as free: the bytes stay until something else is written over them. What the
    disk itself keeps of files that were shortened is not in any program's hands; that takes an encrypted disk.

    Args:
        connection: of the catalog, in no transaction; nobody else may be reading.

    Raises:
        StoreError: another process reads the catalog; what it may still see was kept.
        sqlite3.Error: the disk is full, or the file damaged.
    """
    connection.execute("PRAGMA secure_delete = ON")
    # FTS5 keeps the words of deleted rows, marked as deleted, until its segments are merged
    for table in ("lexical", "plain_stems"):
        connection.execute(f"INSERT INTO {table}({table}) VALUES ('rebuild')")
    connection.execute("VACUUM")
    busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise StoreError(
            "What was removed is still in the write-ahead log: another ragapp process reads the store.",
            "Let it finish or stop it, then run: ragapp documents remove --purge",
        )


def shrink(connection: sqlite3.Connection) -> None:
    """Write the catalog anew without its unused pages, where these are many; it stays as it is where that cannot be.

    It takes as long as copying the file, and as much room meanwhile. ``connection`` is in no transaction.
    """
    with suppress(sqlite3.Error):
        # FTS5 keeps the words of deleted rows until its segments are merged
        connection.execute("INSERT INTO lexical(lexical) VALUES ('optimize')")
        unused, pages = (
            connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("freelist_count", "page_count")
        )
        if unused > WASTE * pages:
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
