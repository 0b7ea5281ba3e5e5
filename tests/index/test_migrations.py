from __future__ import annotations

import sqlite3

import pytest

from ragapp.errors import StoreError
from ragapp.index import migrations
from ragapp.index.migrations import MIGRATIONS, SCRIPTS, migrate


@pytest.fixture
def connection():
    connection = sqlite3.connect(":memory:", isolation_level=None)
    yield connection
    connection.close()


def _version(connection) -> int:
    return connection.execute("PRAGMA user_version").fetchone()[0]


def _recorded(connection) -> list[str]:
    order = "CAST(substr(key, 11) AS INTEGER)"
    return [
        row[0] for row in connection.execute(f"SELECT key FROM state WHERE key LIKE 'migration-%' ORDER BY {order}")
    ]


def test_every_step_is_applied_once_and_recorded(connection) -> None:
    migrate(connection)
    assert _version(connection) == len(MIGRATIONS)
    assert _recorded(connection) == [f"migration-{n}" for n in range(1, len(MIGRATIONS) + 1)]
    before = connection.execute("SELECT * FROM state ORDER BY key").fetchall()
    migrate(connection)
    assert connection.execute("SELECT * FROM state ORDER BY key").fetchall() == before


def test_the_scripts_are_numbered_without_a_gap() -> None:
    assert [int(script.name.partition("_")[0]) for script in SCRIPTS] == list(range(1, len(MIGRATIONS) + 1))


def test_a_later_step_keeps_what_is_there(connection, monkeypatch) -> None:
    migrate(connection)
    connection.execute("INSERT INTO unread VALUES ('/a', 'failed', 'bad', '', 'now', 1, 1, '')")
    monkeypatch.setattr(migrations, "MIGRATIONS", (*MIGRATIONS, "ALTER TABLE unread ADD COLUMN tries INTEGER;"))
    migrate(connection)
    assert _version(connection) == len(MIGRATIONS) + 1
    assert connection.execute("SELECT path, tries FROM unread").fetchall() == [("/a", None)]


def test_a_step_that_breaks_changes_nothing(connection, monkeypatch) -> None:
    migrate(connection)
    monkeypatch.setattr(migrations, "MIGRATIONS", (*MIGRATIONS, "CREATE TABLE more (a); CREATE TABLE unread (a);"))
    with pytest.raises(sqlite3.OperationalError, match="already exists"):
        migrate(connection)
    if connection.in_transaction:
        connection.execute("ROLLBACK")
    assert _version(connection) == len(MIGRATIONS)
    assert connection.execute("SELECT name FROM sqlite_master WHERE name = 'more'").fetchall() == []


def test_a_newer_schema_is_refused_and_left_alone(connection) -> None:
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    with pytest.raises(StoreError, match=r"Install the newer ragapp\."):
        migrate(connection)
    assert connection.execute("SELECT name FROM sqlite_master").fetchall() == []


def test_ids_are_given_by_autoincrement(connection) -> None:
    migrate(connection)
    for table in ("identities", "documents", "chunks"):
        (sql,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,)).fetchone()
        assert "AUTOINCREMENT" in sql
