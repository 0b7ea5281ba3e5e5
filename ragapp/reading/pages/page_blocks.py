"""Paragraphs and tables of a page, and tables that go on over pages: their rest gets the header of its beginning."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ragapp.reading.document import Block
from ragapp.reading.pages.layout import Line, Piece
from ragapp.reading.pages.paragraphs import paragraphs
from ragapp.reading.pages.table_detection import (
    VALUE,
    Columns,
    Rule,
    cells_of,
    columns_of,
    find_tables,
    rows_in,
    run_end,
)
from ragapp.reading.tables import markdown_table

_LINES_BETWEEN = 2  # short lines between the parts of a table: "continued", "carried forward"
_BETWEEN = 60  # characters of such a line
_CELL = 200  # characters: more is prose in columns
_SHIFT = 72.0  # points: left and right pages differ by no more


@dataclass(slots=True)
class OpenTable:
    """A table at the end of a page."""

    columns: Columns
    head: list[str]
    values: list[bool]  # whether a column has mostly numbers


@dataclass(slots=True)
class Flow:
    """What goes on from one page to the next."""

    table: OpenTable | None = None


def page_blocks(
    lines: Sequence[Line], rules: Sequence[Rule], em: float, path: tuple[str, ...] = (), flow: Flow | None = None
) -> Iterator[Block]:
    """Paragraphs and tables of lines in reading order, below a path of headings.

    With ``flow``, what was open before goes on at the first line, and what is open after the last is put there.
    """
    done = 0
    rest = _rest(lines, rules, em, flow.table) if flow and flow.table and lines else None
    skipped = rest[1] if rest else 0
    tables = [(a + skipped, b + skipped, rows) for a, b, rows in find_tables(lines[skipped:], rules, em)]
    found = [*([rest] if rest else []), *tables]
    if flow is not None and lines:
        flow.table = _open(lines, found[-1], em, flow.table if rest and len(found) == 1 else None) if found else None
    for first, last, rows in [*found, (len(lines), len(lines), [])]:
        yield from (Block(text, "text", path) for text in paragraphs(lines[done:first], em))
        if rows:
            yield Block(markdown_table(rows), "table", path)
        done = last


def _open(
    lines: Sequence[Line], last: tuple[int, int, list[list[str]]], em: float, before: OpenTable | None
) -> OpenTable | None:
    """The last table of a page, if nothing but short lines stands below it."""
    first, end, rows = last
    below = lines[end:]
    if len(below) > _LINES_BETWEEN or any(len(line.text) > _BETWEEN or len(line.pieces) > 1 for line in below):
        return None
    if before is not None:
        return before
    head, body = rows[0], rows[1:]
    columns = columns_of(lines[first + 1 : end], em, lone=False)
    if len(columns) != len(head):
        columns = columns_of(lines[first:end], em, lone=False)
    if len(columns) != len(head) or not body:
        return None
    values = [_are_values([row[column] for row in body]) for column in range(len(head))]
    return OpenTable(columns, head, values)


def _rest(
    lines: Sequence[Line], rules: Sequence[Rule], em: float, table: OpenTable
) -> tuple[int, int, list[list[str]]] | None:
    """(first line, line after the last, header and rows) of the rest of a table at the top of a page."""
    for start in range(min(_LINES_BETWEEN + 1, len(lines))):
        if len(lines[start].pieces) > 1:
            break
        if len(lines[start].text) > _BETWEEN:
            return None
    else:
        return None
    end = run_end(lines, start, em)
    part = lines[start:end]
    columns = _fitting(part, table.columns, em)
    if not columns:
        return None
    cells = [cells_of(row, columns, em) for row in rows_in(part, columns, rules, em)[0]]
    if _same(cells[0], table.head):
        cells = cells[1:]
    elif all(piece.bold for piece in part[0].pieces):
        return None
    if not cells or not _goes_on(cells, table):
        return None
    return start, end, [table.head, *cells]


def _fitting(lines: Sequence[Line], columns: Columns, em: float) -> Columns:
    """The columns, moved to where the lines stand, if each piece lies in one of them; else empty."""
    pieces = [piece for line in lines for piece in line.pieces]
    own = columns_of(lines, em, lone=False)
    for shift in (0.0, own[0][0] - columns[0][0], own[-1][1] - columns[-1][1]) if own else ():
        moved = [(left + shift, right + shift) for left, right in columns]
        places = [_place(piece, moved, em) for piece in pieces]
        if abs(shift) <= _SHIFT and -1 not in places and len(set(places)) >= max(2, len(columns) - 1):
            return moved
    return []


def _place(piece: Piece, columns: Columns, em: float) -> int:
    touched = [
        index
        for index, (left, right) in enumerate(columns)
        if min(piece.x1, right) - max(piece.x0, left) > 0 or abs(piece.x0 - left) < em or abs(piece.x1 - right) < em
    ]
    return touched[0] if len(touched) == 1 else -1


def _goes_on(cells: list[list[str]], table: OpenTable) -> bool:
    """Whether rows have numbers where the table has them, from the first row on, so that this is no new header."""
    wanted = [column for column, is_value in enumerate(table.values) if is_value]
    if not wanted:
        return len(cells) > 1 and all(len(cell) < _CELL for row in cells for cell in row)
    first = [cells[0][column] for column in wanted if cells[0][column]]
    below = [[row[column] for row in cells] for column in wanted]
    return bool(first) and all(VALUE.match(cell) for cell in first) and all(map(_are_values, below))


def _are_values(cells: list[str]) -> bool:
    filled = [cell for cell in cells if cell]
    return 2 * sum(bool(VALUE.match(cell)) for cell in filled) >= len(filled) if filled else True


def _same(row: list[str], head: list[str]) -> bool:
    return [re.sub(r"\W+", "", cell).casefold() for cell in row] == [
        re.sub(r"\W+", "", cell).casefold() for cell in head
    ]
