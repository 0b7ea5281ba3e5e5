"""Tables of RTF documents: cells laid on the grid of all rows' edges, merged ones repeated where they hold.

Source: Microsoft, Rich Text Format Specification 1.9.1, "Table Definitions" and "Nested Tables".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ragapp.reading.blocks import BlockBuilder
from ragapp.reading.tables import cell_text
from ragapp.reading.word.tables import Grid, row_lines, table_rows

_NEAR = 20  # twips (a point) that edges of different rows may differ and still be one
_MAX_SPAN = 64
_MAX_DEPTH = 12  # of tables inside cells; deeper ones are read at this depth
_LAYOUT = 3  # paragraphs; in a table of one row, a cell of more is a column of text


@dataclass(slots=True)
class CellFormat:
    """The definition of a cell: its right edge in twips, and whether it goes on with the one to its left or above."""

    right: int = 0
    joins_left: bool = False
    joins_above: bool = False


@dataclass(slots=True)
class Row:
    """A row: its left edge in twips, the definitions of its cells, and what stands in them."""

    left: int = 0
    formats: list[CellFormat] = field(default_factory=list)
    cells: list[list[str | list[Row]]] = field(default_factory=list)  # paragraphs, and the rows of tables inside
    is_header: bool = False
    _format: CellFormat = field(default_factory=CellFormat)  # of the cell that is being defined

    def word(self, word: str, number: int | None) -> None:
        """Take what is said of the row and its cells."""
        if word == "cellx":
            self._format.right = number or 0
            self.formats.append(self._format)
            self._format = CellFormat()
        elif word == "trowd":
            self.formats, self.left, self._format, self.is_header = [], 0, CellFormat(), False
        elif word == "trleft":
            self.left = number or 0
        elif word == "trhdr":
            self.is_header = True
        elif word == "clmrg":
            self._format.joins_left = True
        elif word == "clvmrg":
            self._format.joins_above = True

    def next(self) -> Row:
        """The row behind, which has the same cells until it is defined."""
        return Row(self.left, self.formats)


@dataclass(slots=True)
class _Open:
    """A table that is being read: its rows, the one that is not ended, and its cell."""

    rows: list[Row] = field(default_factory=list)
    row: Row = field(default_factory=Row)
    cell: list[str | list[Row]] = field(default_factory=list)


class TableBuilder:
    """Collects the table at the place that is read, and those inside its cells (``\\itap``)."""

    def __init__(self) -> None:
        self._tables = [_Open()]

    @property
    def is_between_rows(self) -> bool:
        """Whether there is no row that has begun."""
        top = self._tables[0]
        return len(self._tables) == 1 and not top.row.cells and not top.cell

    def word(self, word: str, number: int | None, depth: int) -> None:
        """Take what is said of the row at a depth."""
        self._at(depth, closes=False).row.word(word, number)

    def add(self, text: str, depth: int) -> None:
        """Add a paragraph to the cell at a depth."""
        self._at(depth).cell.append(text)

    def end_cell(self, depth: int) -> None:
        """End the cell at a depth."""
        table = self._at(depth)
        table.row.cells.append(table.cell)
        table.cell = []

    def end_row(self, depth: int) -> None:
        """End the row at a depth."""
        table = self._at(depth)
        if table.row.cells:
            table.rows.append(table.row)
        table.row, table.cell = table.row.next(), []

    def take(self) -> list[Row]:
        """The rows of the outer table so far; the next ones are another table."""
        table = self._at(1)
        if table.row.cells:
            table.rows.append(table.row)
        self._tables = [_Open()]
        return table.rows

    def _at(self, depth: int, *, closes: bool = True) -> _Open:
        """The table at a depth; those that are deeper are put into the cells that they stand in."""
        if depth == len(self._tables) == 1:
            return self._tables[0]
        depth = max(1, min(depth, _MAX_DEPTH))
        while len(self._tables) < depth:
            self._tables.append(_Open())
        while closes and len(self._tables) > depth:
            inner = self._tables.pop()
            if inner.row.cells:
                inner.rows.append(inner.row)
            if inner.rows:
                self._tables[-1].cell.append(inner.rows)
        return self._tables[depth - 1]


def add_table(out: BlockBuilder, rows: list[Row]) -> None:
    """Add a table; one of one row that only places its cells' paragraphs and tables becomes these."""
    if len(rows) == 1 and _is_layout(rows[0]):
        for cell in rows[0].cells:
            for part in cell:
                if isinstance(part, str):
                    out.text(part)
                else:
                    add_table(out, part)
        return
    titles, lines, _ = table_rows(_grid(rows, _text))
    for title in titles:
        out.text(title)
    out.table(lines)


def _is_layout(row: Row) -> bool:
    if len(row.cells) == 1:
        return True
    return any(len(cell) > _LAYOUT or any(not isinstance(part, str) for part in cell) for cell in row.cells)


def _text(cell: list[str | list[Row]]) -> str:
    """What a cell says; a row of a table inside it is one line."""
    if len(cell) == 1 and isinstance(cell[0], str):
        return cell[0]
    return "\n".join(part if isinstance(part, str) else "\n".join(row_lines(_grid(part, _text))) for part in cell)


def _grid(rows: list[Row], text_of: Callable[[list[str | list[Row]]], str]) -> Grid:
    grid = Grid()
    if any(len(row.formats) < len(row.cells) for row in rows):  # without definitions there are no places
        for row in rows:
            grid.rows.append([cell_text(text_of(cell)) for cell in row.cells])
            grid.across.append({})
        return grid
    columns = _columns(rows)
    above: dict[int, tuple[str, int]] = {}
    goes_on = any(shape.joins_above for row in rows for shape in row.formats)
    for place, row in enumerate(rows):
        if row.is_header and grid.headers == place:
            grid.headers += 1
        left = columns[row.left]
        line: dict[int, str] = {}
        across: dict[int, str] = {}
        shown, first = "", place
        for cell, shape in zip(row.cells, row.formats, strict=False):
            text, right = cell_text(text_of(cell)), columns[shape.right]
            if right == left + 1 and not goes_on and not shape.joins_left:  # most cells
                line[left] = shown = text
                left = right
                continue
            if shape.joins_left and line:
                shown = shown or text
            elif shape.joins_above and left in above:
                shown, first = above[left]
                grid.down = max(grid.down, place + 1) if first == 0 else grid.down
            else:
                shown, first = text, place
            begins = left if not (shape.joins_left and line) else max(line)
            line[begins] = shown
            over = range(begins + 1, min(max(right, left + 1), begins + _MAX_SPAN))
            across.update((column, shown) for column in over)
            above.update((column, (shown, first)) for column in (begins, *over))
            left = max(right, left + 1)
        grid.rows.append([line.get(number, "") for number in range(left)])
        grid.across.append(across)
    return grid


def _columns(rows: list[Row]) -> dict[int, int]:
    """The number of the column that begins at each edge."""
    edges = {frozenset((row.left, *[shape.right for shape in row.formats])) for row in rows}
    together = sorted(set().union(*edges))
    columns: dict[int, int] = {}
    first = None
    number = -1
    for edge in together:
        apart = first is None or edge - first > _NEAR or any({first, edge} <= own for own in edges)
        if apart:
            number, first = number + 1, edge
        columns[edge] = number
    return columns
