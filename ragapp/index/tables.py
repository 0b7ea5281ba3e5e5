"""Typed tables in the catalog, looked up for a question."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from ragapp.index.catalog import Catalog
from ragapp.reading.typed.records import Column, Doubt

_TABLES = (
    "SELECT t.id, t.document_id, d.name, d.title, d.path, t.title, t.sheet, t.kind, t.first_column, t.rows, t.left_out,"
    " t.columns FROM tables t JOIN documents d ON d.id = t.document_id"
)


@dataclass(frozen=True, slots=True)
class StoredTable:
    """A table as the catalog has it, without its rows.

    Attributes:
        title: heading or caption that it stands below, else its sheet's name; may be empty.
        sheet: name of its sheet; empty where it is in none.
        kind: of the units that it is in.
        first_column: place of its first column in the sheet, 0-based; negative where cells have no names.
        rows: how many it has, totals not counted.
        left_out: rows that are not kept.
    """

    id: int
    document_id: int
    document: str
    document_title: str
    path: str
    title: str
    sheet: str
    kind: str
    first_column: int
    rows: int
    left_out: int
    columns: tuple[Column, ...]

    def row_place(self, unit: int, line: int) -> str:
        """Where a row stands: ``Orders!A12:F12``, ``row 88``, ``page 3, row 4``."""
        if self.kind != "sheet":
            return f"{self.kind} {unit}, row {line}" if self.kind != "document" else f"row {line}"
        if self.sheet and self.first_column >= 0:
            first, last = (_letters(self.first_column + more) for more in (0, len(self.columns) - 1))
            return f"{self.sheet}!{first}{line}:{last}{line}"
        return f"{self.sheet}, row {line}" if self.sheet else f"row {line}"


def tables_in(catalog: Catalog, document_ids: Iterable[int] | None = None) -> list[StoredTable]:
    """All tables, or those of some documents, in the order in which they were stored."""
    if document_ids is None:
        rows = catalog.rows(f"{_TABLES} ORDER BY t.id")
    else:
        rows = catalog.rows_among(f"{_TABLES} WHERE t.document_id IN ({{}}) ORDER BY t.id", document_ids)
    return [StoredTable(*(*row[:-1], _columns_of(row[-1]))) for row in rows]


def has_tables(catalog: Catalog) -> bool:
    """Whether any table is stored."""
    return bool(catalog.rows("SELECT 1 FROM tables LIMIT 1"))


def _columns_of(text: str) -> tuple[Column, ...]:
    return tuple(
        Column(one["name"], one["type"], one["unit"], one["digits"], Doubt(**one["doubt"]) if one["doubt"] else None)
        for one in json.loads(text)
    )


def _letters(column: int) -> str:
    """The name of a column by its place, 0-based: A, B, … AA."""
    name, column = "", column + 1
    while column:
        column, place = divmod(column - 1, 26)
        name = chr(65 + place) + name
    return name
