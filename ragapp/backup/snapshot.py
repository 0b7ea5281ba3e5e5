"""A copy of the catalog as it is at one moment, while others use it, and what is wrong with a damaged one."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from ragapp.errors import StoreError
from ragapp.index import bm25
from ragapp.index.migrations import MIGRATIONS
from ragapp.index.sqlite import BUSY_S, connect
from ragapp.plain_words import counted, reason_of

# pages that are copied before others may go on: 4 MiB
_PAGES = 1024
# faults of a database that are named
_MOST_FAULTS = 3
# documents that cannot be read any more and are named
MOST_NAMED = 10


# what SQLite says of a file that is not as it was written
_DAMAGE = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_IOERR_READ", "SQLITE_IOERR_SHORT_READ")


class DamagedError(StoreError):
    """The catalog is damaged; see :func:`describe_damage`."""


@contextmanager
def raw_connection(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection to a database that is nobody else's, as it is: no log, nothing migrated."""
    # mode=rw: one that is not there is not made
    quoted = path.resolve().as_uri()
    with closing(sqlite3.connect(f"{quoted}?mode=rw", uri=True, isolation_level=None, timeout=BUSY_S)) as connection:
        yield connection


def schema_of(connection: sqlite3.Connection) -> int:
    """Version of the schema that a catalog has."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def refuse_newer(version: int, what: str) -> None:
    """Raises StoreError: ``what`` has a schema of a later ragapp."""
    if version > len(MIGRATIONS):
        raise StoreError(
            f"{what} has schema {version}; this ragapp knows {len(MIGRATIONS)}.", "Install the newer ragapp."
        )


def copy_catalog(source: Path, target: Path, listen: Callable[[int, int], None]) -> None:
    """Copy a catalog by SQLite's online backup, as it was when this began; nobody who writes is waited for, or waits.

    Args:
        source: the catalog in use.
        target: the copy, which is not there yet.
        listen: gets bytes that are copied, and all; what it raises stops the copy.

    Raises:
        StoreError: the catalog was written by a later ragapp.
        sqlite3.Error: it is damaged (:func:`is_damage`), or the disk is full.
    """
    with closing(connect(source)) as live, closing(sqlite3.connect(target, isolation_level=None)) as copy:
        refuse_newer(schema_of(live), f"The catalog {source}")
        page = int(live.execute("PRAGMA page_size").fetchone()[0])
        # With a transaction that reads, all steps are of one moment; without it SQLite begins again whenever another
        # process has written, which an ingestion does several times a second.
        live.execute("BEGIN")
        live.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
        try:
            live.backup(
                copy, pages=_PAGES, progress=lambda status, left, pages: listen((pages - left) * page, pages * page)
            )
        finally:
            live.execute("ROLLBACK")
        copy.execute("PRAGMA journal_mode = DELETE").fetchall()


def check_whole(copy: Path, source: Path) -> None:
    """Have SQLite look at all of a copy. Raises DamagedError: it finds faults; the copy is as the source."""
    try:
        with raw_connection(copy) as connection:
            faults = [str(row[0]) for row in connection.execute(f"PRAGMA integrity_check({_MOST_FAULTS})")]
    except sqlite3.DatabaseError as error:
        faults = [reason_of(error)]
    if faults != ["ok"]:
        raise damaged(source, "; ".join(" ".join(fault.split()) for fault in faults))


def is_damage(error: BaseException) -> bool:
    """Whether SQLite met a damaged file, not a full disk or one that others keep locked."""
    return getattr(error, "sqlite_errorname", "").startswith(_DAMAGE)


def damaged(source: Path, faults: str) -> DamagedError:
    """The error that says what is wrong with a catalog, what can be saved of it, and how."""
    return DamagedError(
        f"The catalog {source} is damaged: {faults.rstrip('.')}. No backup was written. {describe_damage(source)}",
        "Look at the disk. Use an earlier backup, or move the catalog away and ingest the files anew;"
        " ragapp backup OUT --salvage takes what can be read.",
    )


def describe_damage(source: Path) -> str:
    """What of a damaged catalog can be read still, in a sentence or two."""
    try:
        with raw_connection(source) as connection:
            names = dict(connection.execute("SELECT id, path FROM documents"))
            lost = [path for document, path in names.items() if not readable(connection, document)]
    except sqlite3.DatabaseError:
        return "Not even its list of documents can be read."
    if not lost:
        return f"All {counted(len(names), 'document')} in it can be read."
    told = f"{len(names) - len(lost)} of {counted(len(names), 'document')} in it can be read; these cannot"
    return f"{told}: {listed(lost)}."


def listed(paths: Sequence[str]) -> str:
    """The first of some paths, and how many more there are."""
    more = len(paths) - MOST_NAMED
    return ", ".join(paths[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def readable(connection: sqlite3.Connection, document: int) -> bool:
    """Whether all that is stored of a document can be read."""
    try:
        for table in ("units", "chunks"):
            connection.execute(f"SELECT * FROM {table} WHERE document_id = ?", (document,)).fetchall()
    except (sqlite3.DatabaseError, UnicodeDecodeError):
        return False
    return True


def strip(copy: Path, compact: Path, *, conversations: bool) -> None:
    """Write a copy anew with nothing in it that was removed, and without conversations unless they are wanted.

    A database keeps what was deleted until something else is written over it, so the copy of its pages has it, too.
    """
    with raw_connection(copy) as connection:
        connection.execute("PRAGMA journal_mode = OFF")  # a copy that breaks is made anew
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA foreign_keys = ON")
        tables = tables_of(connection)
        if not conversations and "conversations" in tables:
            connection.execute("DELETE FROM conversations")
        for table in (*bm25.TABLES, *(f"{table}{bm25.NEXT}" for table in bm25.TABLES)):
            if table in tables:  # FTS5 keeps the words of deleted rows until its segments are merged
                connection.execute(f"INSERT INTO {table}({table}) VALUES ('optimize')")
        connection.execute("VACUUM INTO ?", (str(compact),))


def tables_of(connection: sqlite3.Connection) -> set[str]:
    """Names of the tables of a database."""
    return {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
