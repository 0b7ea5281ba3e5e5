"""Paragraphs and tables of a page, and tables that go on over pages: their rest gets the header of its beginning."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ragapp.reading.document import Block
from ragapp.reading.pages.grids import Grid, Rule, grid_cells
from ragapp.reading.pages.layout import Line, Piece
from ragapp.reading.pages.paragraphs import paragraphs
from ragapp.reading.pages.table_detection import (
    VALUE,
    Columns,
    cells_of,
    columns_of,
    find_tables,
    headed_table,
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
    lines: Sequence[Line],
    rules: Sequence[Rule],
    em: float,
    path: tuple[str, ...] = (),
    flow: Flow | None = None,
    grids: Sequence[Grid] = (),
) -> Iterator[Block]:
    """Paragraphs and tables of lines in reading order, below a path of headings.

    With ``flow``, what was open before goes on at the first line, and what is open after the last is put there. Lines
    within one of the ``grids`` stand together (:func:`ragapp.reading.pages.grids.gathered`).
    """
    table = flow.table if flow and lines else None
    drawn = list(_drawn(lines, grids, table))
    rest = None
    if table and not (drawn and drawn[0].goes_on):
        rest = _rest(lines[: drawn[0].first] if drawn else lines, rules, em, table)
    found = [rest] if rest else []
    done = rest[1] if rest else 0
    for one in [*drawn, None]:
        last = one.first if one else len(lines)
        if done < last:
            found += [(a + done, b + done, rows) for a, b, rows in find_tables(lines[done:last], rules, em)]
        if one:
            found.append((one.first, one.last, one.rows))
            done = one.last
    if flow is not None and lines:
        flow.table = None
        if found:
            columns = next((one.columns for one in drawn if one.first == found[-1][0]), None)
            before = table if len(found) == 1 and (rest or (drawn and drawn[0].goes_on)) else None
            flow.table = _open(lines, found[-1], em, before, columns)
    done = 0
    for first, last, rows in [*found, (len(lines), len(lines), [])]:
        yield from (Block(text, "text", path) for text in paragraphs(lines[done:first], em))
        if rows:
            yield Block(markdown_table(rows), "table", path)
        done = last


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A table whose cells are drawn: its first line and the one after its last, its rows, its columns' edges."""

    first: int
    last: int
    rows: list[list[str]]
    columns: Columns
    goes_on: bool  # whether it is the rest of the open table


def _drawn(lines: Sequence[Line], grids: Sequence[Grid], table: OpenTable | None) -> Iterator[_Drawn]:
    done = 0
    for grid in grids:
        inside = [index for index in range(done, len(lines)) if grid.has(lines[index])]
        if not inside or inside[-1] - inside[0] + 1 != len(inside):
            continue
        first, last = inside[0], inside[-1] + 1
        cells, bold = grid_cells(grid, lines[first:last])
        columns = list(pairwise(grid.xs))
        rows = _drawn_rest(grid, cells, bold, table) if table and first <= _LINES_BETWEEN and not done else []
        goes_on = bool(rows)
        rows = rows or headed_table(cells, bold)
        if rows:
            yield _Drawn(first, last, rows, columns if len(columns) == len(rows[0]) else [], goes_on)
            done = last


def _drawn_rest(grid: Grid, cells: list[list[str]], bold: list[bool], table: OpenTable) -> list[list[str]]:
    """The header and rows of the rest of a table at the top of a page; empty where the grid is another table."""
    if not cells or len(cells[0]) != len(table.head) or len(grid.xs) - 1 != len(table.head):
        return []
    width = grid.xs[-1] - grid.xs[0]
    if abs(width - (table.columns[-1][1] - table.columns[0][0])) > 0.1 * width:
        return []
    if _same(cells[0], table.head):
        cells = cells[1:]
    elif bold[0]:
        return []
    return [table.head, *cells] if cells and _goes_on(cells, table) else []


def _open(
    lines: Sequence[Line],
    last: tuple[int, int, list[list[str]]],
    em: float,
    before: OpenTable | None,
    drawn: Columns | None,
) -> OpenTable | None:
    """The last table of a page, if nothing but short lines stands below it; ``drawn`` are its columns where known."""
    first, end, rows = last
    below = lines[end:]
    if len(below) > _LINES_BETWEEN or any(len(line.text) > _BETWEEN or len(line.pieces) > 1 for line in below):
        return None
    if before is not None:
        return before
    head, body = rows[0], rows[1:]
    columns = drawn or columns_of(lines[first + 1 : end], em, lone=False)
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
