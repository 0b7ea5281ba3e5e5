"""Tables of OpenDocument texts and slides as rows of cells: spans, rows of headers, tables in cells.

Source: OpenDocument 1.3 part 3, chapter 9.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from ragapp.reading.odf.names import TABLE, TEXT, count, elements
from ragapp.reading.tables import Cell, spread_cells

_ROWS, _COLUMNS = f"{TABLE}number-rows-spanned", f"{TABLE}number-columns-spanned"
_GROUPS = frozenset(f"{TABLE}{name}" for name in ("table-header-rows", "table-rows", "table-row-group"))
# rows of one cell that is repeated; a damaged file may name any number
_MAX_REPEATS = 64
# of a header that is joined; more are not the header of anything
_MAX_HEADER = 8
_MAX_SPAN = 64


@dataclass(slots=True)
class TablePart:
    """The rows of a table on one page."""

    rows: list[list[Cell]] = field(default_factory=list)
    header: int = 0  # how many of them are rows of the header


def table_rows(table: Any) -> Iterator[tuple[Any, bool, bool]]:
    """Rows of a table, not those of tables inside it.

    Each comes with whether it is one of the header, and whether a page begins at it.
    """
    begins = False
    for child in elements(table):
        if child.tag == f"{TEXT}soft-page-break":
            begins = True
        elif child.tag == f"{TABLE}table-row":
            yield child, False, begins
            begins = False
        elif child.tag in _GROUPS:
            for row, is_header, breaks in table_rows(child):
                yield row, is_header or child.tag == f"{TABLE}table-header-rows", begins or breaks
                begins = False


def cells_of(row: Any) -> list[Any]:
    """The cells of a row without those that a span covers."""
    return [cell for cell in elements(row) if cell.tag == f"{TABLE}table-cell"]


def table_parts(table: Any, text_of: Callable[[Any], str], most: int | None = None) -> list[TablePart]:
    """The rows of a table, a part for each page that it reaches over.

    Args:
        table: the element.
        text_of: reads a cell.
        most: how many rows are read; all of them without it.
    """
    parts = [TablePart()]
    for row, is_header, breaks in islice(table_rows(table), most):
        if row.get(f"{TABLE}visibility") in ("collapse", "filter"):
            continue
        if breaks and parts[-1].rows:
            parts.append(TablePart())
        lines = _lines(row, text_of)
        repeats = count(row, f"{TABLE}number-rows-repeated", _MAX_REPEATS)
        parts[-1].rows += lines * repeats
        if is_header and parts[-1].header + len(lines) == len(parts[-1].rows):
            parts[-1].header += len(lines)
    return parts


def grid_of(part: TablePart) -> list[list[str]]:
    """The cells of a part on a grid, the rows of its header joined into one that names each column."""
    if not 1 < part.header <= _MAX_HEADER:
        return spread_cells(part.rows)
    grid = spread_cells(_split(part.rows[: part.header]))
    width = max(map(len, grid), default=0)
    header = [_joined([line[column] if column < len(line) else "" for line in grid]) for column in range(width)]
    return [header, *spread_cells([[(text, 1, 1) for text in header], *part.rows[part.header :]])[1:]]


def _split(rows: list[list[Cell]]) -> list[list[Cell]]:
    """Rows whose cells over several columns are a cell for each."""
    return [
        [(text, down, 1) for text, down, across in cells for _ in range(max(1, min(across, _MAX_SPAN)))]
        for cells in rows
    ]


def _joined(names: list[str]) -> str:
    """The names of one column in all rows of the header, each once."""
    return " / ".join(dict.fromkeys(name.strip() for name in names if name.strip()))


def _lines(row: Any, text_of: Callable[[Any], str]) -> list[list[Cell]]:
    """The cells of a row; a table that divides a cell (9.1.2, ``is-sub-table``) makes it several lines."""
    cells = cells_of(row)
    divided = [_sub_table(cell) for cell in cells]
    if not any(table is not None for table in divided):
        return [_cells(cells, text_of)]
    parts: list[list[list[Cell]]] = [
        [[(text_of(cell), 1, count(cell, _COLUMNS, _MAX_SPAN))]]
        if table is None
        else [_cells(cells_of(inner), text_of) for inner, _, _ in table_rows(table)] or [[("", 1, 1)]]
        for cell, table in zip(cells, divided, strict=True)
    ]
    height = max(map(len, parts))
    widths = [max(sum(across for _, _, across in line) for line in part) for part in parts]
    lines: list[list[Cell]] = []
    for place in range(height):
        line: list[Cell] = []
        for part, width in zip(parts, widths, strict=True):
            # a cell that is not divided stands beside all lines of one that is
            found = part[min(place, len(part) - 1)] if len(part) == 1 else part[place] if place < len(part) else []
            line += [(text, 1, across) for text, _, across in found]
            line += [("", 1, 1)] * (width - sum(across for _, _, across in found))
        lines.append(line)
    return lines


def _cells(cells: list[Any], text_of: Callable[[Any], str]) -> list[Cell]:
    found: list[Cell] = []
    for cell in cells:
        repeats = count(cell, f"{TABLE}number-columns-repeated", _MAX_REPEATS)
        found += [(text_of(cell), count(cell, _ROWS), count(cell, _COLUMNS))] * repeats
    return found


def _sub_table(cell: Any) -> Any:
    inner = next(cell.iterchildren(f"{TABLE}table"), None)
    return inner if inner is not None and inner.get(f"{TABLE}is-sub-table") == "true" else None
