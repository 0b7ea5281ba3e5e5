"""Sheets of an OpenDocument spreadsheet: hidden rows and columns left out, merged cells spread, what stands beside.

Source: OpenDocument 1.3 part 3, chapter 9.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ragapp.reading.blocks import BlockBuilder
from ragapp.reading.numerals import numeral
from ragapp.reading.odf.cells import CellReader
from ragapp.reading.odf.context import OdfContext
from ragapp.reading.odf.drawing import read_drawing
from ragapp.reading.odf.names import DRAW, OFFICE, TABLE, count, elements
from ragapp.reading.odf.text import TextReader
from ragapp.reading.sheets.grid import Area, Cells, Grid, Spans, joined_ranges
from ragapp.reading.sheets.units import SheetUnits
from ragapp.reading.text import clean

_ENDLESS = 10_000_000
_LAST_ROW = 1_048_576
_MAX_COLUMNS = 16_384
_MAX_REPEATS = 1000
_MAX_AREAS = 100_000  # merged cells of one sheet
_MAX_GROUPS = 50  # in each other; programs know seven
_ROW_GROUPS = frozenset(f"{TABLE}{name}" for name in ("table-header-rows", "table-rows", "table-row-group"))
_COLUMN_GROUPS = frozenset(f"{TABLE}{name}" for name in ("table-header-columns", "table-columns", "table-column-group"))
_CELLS = frozenset((f"{TABLE}table-cell", f"{TABLE}covered-table-cell"))
_HIDDEN = frozenset(("collapse", "filter"))
_TIMES = f"{TABLE}number-columns-repeated"
_DOWN, _ACROSS = f"{TABLE}number-rows-spanned", f"{TABLE}number-columns-spanned"
_UNHIDE = "Show them in its own program and save the file if they are to be read."


def add_sheets(context: OdfContext, sheets: SheetUnits, furniture: tuple[list[str], list[str]]) -> None:
    """Add the sheets of a spreadsheet that are shown, the first with the headers and footers of the pages."""
    headers, footers = furniture
    body = context.parts.body("spreadsheet")
    cells = CellReader(context)
    for table in body.iterchildren(f"{TABLE}table") if body is not None else ():
        name = clean(table.get(f"{TABLE}name", ""))
        style = table.get(f"{TABLE}style-name")
        if context.styles.property("table", style, f"{TABLE}display") == "false":
            sheets.sheet(name, (), hidden=True)
            continue
        context.place = lambda name=name: f"sheet {name}"  # type: ignore[misc]
        sheet = _Sheet(context, cells, table, sheets.room)
        grid = sheet.grid()
        sheets.grid(name, grid, before=headers, after=[*sheet.beside(), *footers], unread=sheet.unread)
        headers, footers = [], []


class _Sheet:
    """Reads one sheet; ``room`` is how many filled cells it may have."""

    def __init__(self, context: OdfContext, cells: CellReader, table: Any, room: int) -> None:
        self._context = context
        self._cells = cells
        self._table = table
        self._room = room
        self._columns = _Columns(table)
        self._areas: list[Area] = []
        self._drawings: list[Any] = []
        self._remarks: dict[int, list[str]] = {}
        self.unread = 0  # rows that are missing because there are too many cells

    def grid(self) -> Grid:
        """The cells that are seen."""
        self._cells.is_protected = self._table.get(f"{TABLE}protected") == "true"
        grid = Grid()
        hidden: list[tuple[int, int]] = []
        for number, repeats, row, is_hidden in _rows(self._table):
            if is_hidden:
                hidden.append((number, min(number + repeats - 1, _LAST_ROW)))
            if self._room < 0:
                self.unread += min(repeats, _MAX_REPEATS) if any(map(len, row)) else 0
                continue
            cells = self._row(row, number, is_hidden)
            # a format that reaches to the sheet's end repeats a blank row a million times
            for offset in range(min(repeats, _MAX_REPEATS) if cells else 0):
                self._room -= len(cells)
                if self._room < 0:
                    self.unread += min(repeats, _MAX_REPEATS) - offset
                    break
                grid.rows[number + offset] = dict(cells) if offset else cells
        hidden_rows = Spans(hidden)
        place, left_out = self._context.place(), self._context.left_out
        if self._areas and not grid.merge(self._areas, hidden_rows, self._columns.hidden):
            note = f"There are more merged cells in {place} than are followed; some hold for one row only."
            self._context.parts.warnings.append(note)
        rows, columns = grid.hide(hidden_rows, self._columns.hidden)
        left_out.add("hidden row", "hidden rows", place, rows, _UNHIDE)
        left_out.add("hidden column", "hidden columns", place, columns, _UNHIDE)
        # the rows above and below hidden ones follow on each other
        grid.together = joined_ranges([*grid.together, *((first - 1, last + 1) for first, last in hidden)])
        grid.remarks = self._remarks
        return grid

    def beside(self) -> list[str]:
        """Texts and tables of what is drawn on the sheet."""
        out = BlockBuilder()
        reader = TextReader(self._context, out)
        on_sheet = [child for shapes in self._table.iterchildren(f"{TABLE}shapes") for child in elements(shapes)]
        for drawing in (*on_sheet, *self._drawings):
            read_drawing(drawing, reader)
        out.end_list()
        return [block.text for block in out.blocks] + self._context.take_comments()

    def _row(self, row: Any, number: int, is_hidden: bool) -> Cells:
        cells: Cells = {}
        column = 0
        columns, shown = self._columns, self._cells.shown
        default = row.get(f"{TABLE}default-cell-style-name", "")
        for cell in row:
            if cell.tag not in _CELLS:
                continue
            times = cell.get(_TIMES)
            repeats = 1 if times is None else count(cell, _TIMES, _MAX_COLUMNS)
            if len(cell) or len(cell.attrib) > (times is not None):
                text = shown(cell, default or columns.style(column))
                if text:
                    cells[column] = text
                    for offset in range(1, min(repeats, _MAX_REPEATS)):
                        cells[column + offset] = text
                if len(cell) > 1 or (len(cell) and not text):
                    self._attached(cell, number, column, is_hidden or column in columns.hidden)
                if (cell.get(_DOWN) or cell.get(_ACROSS)) and len(self._areas) < _MAX_AREAS:
                    down, across = count(cell, _DOWN, _LAST_ROW), count(cell, _ACROSS, _MAX_COLUMNS)
                    if down > 1 or across > 1:
                        self._areas.append((number, column, number + down - 1, column + across - 1))
            column += repeats
            if column > _MAX_COLUMNS:
                break
        return cells

    def _attached(self, cell: Any, number: int, column: int, is_hidden: bool) -> None:
        """Take the comments and drawings that are anchored to a cell."""
        if is_hidden:
            return
        for child in elements(cell):
            if child.tag == f"{OFFICE}annotation":
                name = numeral(column + 1, "upper-letter", repeat_letters=False)
                self._context.comment(child, f"{name}{number}")
                self._remarks.setdefault(number, []).extend(self._context.take_comments())
            elif child.tag.startswith(DRAW):
                self._drawings.append(child)


class _Columns:
    """Which columns of a sheet are hidden, and the default styles of their cells."""

    def __init__(self, table: Any) -> None:
        self._ranges: list[tuple[int, int]] = []
        self._styles: list[tuple[int, str]] = []  # first column, style
        self._found: dict[int, str] = {}
        self._column = 0
        self._collect(table, False, 0)
        self.hidden = Spans(self._ranges)

    def _collect(self, container: Any, is_hidden: bool, depth: int) -> None:
        for child in elements(container):
            if child.tag == f"{TABLE}table-column":
                last = min(self._column + count(child, _TIMES, _MAX_COLUMNS), _MAX_COLUMNS)
                if last > self._column and (is_hidden or child.get(f"{TABLE}visibility") in _HIDDEN):
                    self._ranges.append((self._column, last - 1))
                self._styles.append((self._column, child.get(f"{TABLE}default-cell-style-name", "")))
                self._column = last
            elif child.tag in _COLUMN_GROUPS and depth < _MAX_GROUPS:
                self._collect(child, is_hidden or child.get(f"{TABLE}display") == "false", depth + 1)

    def style(self, column: int) -> str:
        """The default style of the cells of a column, 0 the first."""
        if column not in self._found:
            self._found[column] = next((style for first, style in reversed(self._styles) if first <= column), "")
        return self._found[column]


def _rows(table: Any, is_hidden: bool = False, depth: int = 0, start: int = 1) -> Iterator[tuple[int, int, Any, bool]]:
    """Number, repeats, element, and whether it is hidden, of each row of a sheet."""
    number = start
    for child in elements(table):
        if child.tag == f"{TABLE}table-row":
            repeats = count(child, f"{TABLE}number-rows-repeated", _ENDLESS)
            yield number, repeats, child, is_hidden or child.get(f"{TABLE}visibility") in _HIDDEN
            number += repeats
        elif child.tag in _ROW_GROUPS and depth < _MAX_GROUPS:
            inner = is_hidden or child.get(f"{TABLE}display") == "false"
            for found in _rows(child, inner, depth + 1, number):
                yield found
                number = found[0] + found[1]
        if number > _LAST_ROW:
            return
