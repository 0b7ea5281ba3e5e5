"""Typed tables of documents, written to the catalog inside the caller's transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict

from ragapp.reading.typed.builder import MOST_COLUMNS
from ragapp.reading.typed.records import TypedTable

_COPIED = "title, sheet, kind, first_column, columns, rows, left_out"
_ROW = 'n, unit, start, "end", line, is_total'
_CELLS = [f"c{place}" for place in range(MOST_COLUMNS)]


def put_tables(connection: sqlite3.Connection, document_id: int, tables: Sequence[TypedTable]) -> None:
    """Store the tables of a document in place of those that it has."""
    connection.execute("DELETE FROM tables WHERE document_id = ?", (document_id,))
    for table in tables:
        columns = json.dumps([asdict(column) for column in table.columns], ensure_ascii=False)
        data = sum(not row.is_total for row in table.rows)
        table_id = connection.execute(
            f"INSERT INTO tables (document_id, {_COPIED}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (document_id, table.title, table.sheet, table.kind, table.first_column, columns, data, table.left_out),
        ).lastrowid
        cells = _CELLS[: len(table.columns)]
        marks = ", ".join("?" * (7 + len(cells)))
        connection.executemany(
            f"INSERT INTO table_rows (table_id, {_ROW}, {', '.join(cells)}) VALUES ({marks})",
            ((table_id, n, *row[:4], int(row.is_total), *row.values) for n, row in enumerate(table.rows)),
        )


def copy_tables(connection: sqlite3.Connection, document_id: int, new_id: int) -> None:
    """Give a document the tables of another one with the same content."""
    cells = f"{_ROW}, {', '.join(_CELLS)}"
    found = connection.execute("SELECT id FROM tables WHERE document_id = ? ORDER BY id", (document_id,)).fetchall()
    for (table_id,) in found:
        query = f"INSERT INTO tables (document_id, {_COPIED}) SELECT ?, {_COPIED} FROM tables WHERE id = ?"
        copied = connection.execute(query, (new_id, table_id)).lastrowid
        query = f"INSERT INTO table_rows (table_id, {cells}) SELECT ?, {cells} FROM table_rows WHERE table_id = ?"
        connection.execute(query, (copied, table_id))
