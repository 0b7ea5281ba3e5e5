"""The catalog's schema: the numbered scripts in ``schema/``, applied once each and recorded."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from ragapp.errors import StoreError

SCRIPTS = sorted(Path(__file__).with_name("schema").glob("*.sql"))
MIGRATIONS = tuple(script.read_text(encoding="utf-8") for script in SCRIPTS)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the catalog to the newest schema, one transaction a step.

    Raises:
        StoreError: the catalog was written by a newer ragapp.
    """
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(MIGRATIONS):
        raise StoreError(
            f"The catalog has schema {version}; this ragapp knows {len(MIGRATIONS)}.", "Install the newer ragapp."
        )
    for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
        connection.execute("BEGIN IMMEDIATE")
        try:
            # another process that opened the catalog at the same time may have taken the step meanwhile
            if connection.execute("PRAGMA user_version").fetchone()[0] < number:
                for statement in _statements(script):
                    connection.execute(statement)
                stamp = datetime.now(UTC).isoformat(timespec="seconds")
                connection.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (f"migration-{number}", stamp))
                connection.execute(f"PRAGMA user_version = {number}")
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise


def _statements(script: str) -> Iterator[str]:
    """The statements of a script; ``executescript`` would end the transaction."""
    statement = ""
    for part in script.split(";"):
        statement += f"{part};"
        if sqlite3.complete_statement(statement):  # a semicolon may stand within a string
            if statement.strip(" \n;"):
                yield statement
            statement = ""
