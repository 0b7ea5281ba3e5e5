"""Spreadsheets of any format: numbered rows become units, a whole sheet or a range of its rows."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from ragapp.reading.blocks import BlockBuilder
from ragapp.reading.document import Block, Document, SheetRows, Unit
from ragapp.reading.sheets.grid import Grid
from ragapp.reading.sheets.split import Line, Table, filled_cells, sheet_parts
from ragapp.reading.tables import cell_text, markdown_table, tidy_rows

Row = tuple[int, list[str]]  # its number in the file, 1-based, and its cells as text

# what a unit holds at the most; a sheet that is longer is cut into ranges of rows
UNIT_ROWS = 200
UNIT_CHARACTERS = 20_000
# filled cells of one file that are read; beyond this it is a database
MAX_CELLS = 5_000_000
_LONGEST_TITLE = 120


class SheetUnits:
    """The units of one file, numbered through all its sheets."""

    def __init__(self) -> None:
        self.units: list[Unit] = []
        self._truncated = False  # at :data:`MAX_CELLS` filled cells
        self._next = 1
        self._hidden: list[str] = []
        self._cells = 0
        self._tables = 0

    def skip(self) -> None:
        """Count a sheet that is not read, so that the others keep their numbers."""
        self._next += 1

    @property
    def room(self) -> int:
        """How many more filled cells are read."""
        return max(MAX_CELLS - self._cells, 0)

    def sheet(self, name: str, rows: Iterable[Row], hidden: bool = False) -> None:
        """Add a sheet of titles, tables and remarks, separated by blank or missing rows; ``name`` labels its units."""
        if hidden:
            self._hidden.append(f'The hidden sheet "{name}" was skipped.')
            self.skip()
            return
        given = _Bounded(rows, self.room)
        self._add_grid(name, Grid(filled_cells(given)), unread=self._after(given))

    def data(self, rows: Iterable[Row]) -> None:
        """Add a file of rows without a sheet's name: tables, and lines of text above and below them."""
        given = _Bounded(rows, self.room)
        self._add_grid("", Grid(filled_cells(given)), joins=True, unread=self._after(given))

    def grid(
        self, name: str, grid: Grid, before: Sequence[str] = (), after: Sequence[str] = (), unread: int = 0
    ) -> None:
        """Add a sheet by its cells and what is known of them.

        Args:
            name: labels its units.
            grid: its cells as they are seen.
            before: text that stands before them, such as a page header.
            after: text that stands after them, of boxes and charts; one that is a table is Markdown.
            unread: how many of its rows are missing because there are too many cells.
        """
        self._cells += sum(map(len, grid.rows.values()))
        self._truncated = self._truncated or unread > 0
        self._add_grid(name, grid, before, after, is_workbook=True, unread=unread)

    def table(self, name: str, rows: Iterable[Row]) -> None:
        """Add a sheet that is one table, its first row the header; ``name``, which may be empty, labels its units."""
        cutter, given = _Cutter(name, tables=self._tables), _Bounded(rows, self.room)
        numbers, table = _tidy(list(given))
        cutter.table(table, numbers)
        self._add(cutter, self._after(given))

    def document(self, title: str, notes: Sequence[str] = ()) -> Document:
        """The document of these sheets, with its other warnings."""
        warnings = [*self._hidden, *notes]
        if self._truncated:
            warnings.append(f"The file has more than {MAX_CELLS:,} filled cells; the rows after them were not read.")
        return Document(title, self.units or [Unit(1, "sheet")], warnings=warnings)

    def _after(self, given: _Bounded) -> int:
        """Note the cells of rows that were given; how many rows were not."""
        self._cells += given.cells
        self._truncated = self._truncated or given.unread > 0
        return given.unread

    def _add_grid(
        self,
        name: str,
        grid: Grid,
        before: Sequence[str] = (),
        after: Sequence[str] = (),
        joins: bool = False,
        is_workbook: bool = False,
        unread: int = 0,
    ) -> None:
        cutter = _Cutter(name, grid.remarks, grid.exact, self._tables, is_workbook)
        for text in before:
            cutter.beside(text)
        lines: list[Line] = []
        for part in sheet_parts(grid, joins):
            if isinstance(part, Line) and not part.is_title:
                lines.append(part)
                continue
            cutter.lines(lines)
            lines = []
            if isinstance(part, Table):
                cutter.table(part.rows, part.numbers, part.columns)
            else:
                is_heading = len(part.text) <= _LONGEST_TITLE and any(map(str.isalpha, part.text))
                cutter.line(part.text, part.number, is_heading)
        cutter.lines(lines)
        cutter.rest()
        for text in after:
            cutter.beside(text)
        self._add(cutter, unread)

    def _add(self, cutter: _Cutter, unread: int) -> None:
        self._tables = cutter.tables
        pieces = cutter.pieces()
        if unread:
            _note_unread([blocks for _, blocks in pieces], unread)
        for label, blocks in pieces:
            self.units.append(Unit(self._next, "sheet", label, blocks))
            self._next += 1


class _Bounded:
    """Rows with at most so many filled cells; those behind them are counted."""

    def __init__(self, rows: Iterable[Row], room: int) -> None:
        self._rows = rows
        self._room = room
        self.cells = self.unread = 0

    def __iter__(self) -> Iterator[Row]:
        for number, cells in self._rows:
            filled = len(cells) - cells.count("")
            if self.unread or self.cells + filled > self._room:
                self.unread += filled > 0
            else:
                self.cells += filled
                yield number, cells


def _note_unread(pieces: Sequence[list[Block]], unread: int) -> None:
    """Have the last table of a sheet know that the sheet has more rows, which belong to it as far as is known."""
    for blocks in reversed(pieces):
        for place in range(len(blocks) - 1, -1, -1):
            if rows := blocks[place].rows:
                blocks[place] = replace(blocks[place], rows=replace(rows, unread=unread))
                return


class _Cutter:
    """Cuts one sheet's content into pieces of bounded size."""

    def __init__(
        self,
        name: str,
        remarks: dict[int, list[str]] | None = None,
        exact: dict[int, dict[int, float]] | None = None,
        tables: int = 0,
        is_workbook: bool = False,
    ) -> None:
        self._name = name
        self._exact = exact or {}  # values that are shown rounded, by row and column of the sheet
        self.tables = tables  # of the file so far
        self._is_workbook = is_workbook
        self._remarks = sorted((remarks or {}).items())  # lines to be added behind a row
        self._out = BlockBuilder()
        self._pieces: list[tuple[int, int, list[Block]]] = []
        self._rows: list[int] = []
        self._length = 0

    def line(self, text: str, number: int, is_heading: bool = False) -> None:
        """Add a row that is a title or a remark."""
        self._make_room(len(text))
        self._out.heading(1, text) if is_heading else self._out.text(text)
        self._count([number], len(text))

    def lines(self, lines: Sequence[Line]) -> None:
        """Add rows that are remarks, as one run of text."""
        rows = [[line.text] for line in lines]
        numbers = [line.number for line in lines]
        for first, last in self._ranges(rows, 0, 0):
            text = "\n".join(row[0] for row in rows[first:last])
            self._out.text(text)
            self._count(numbers[first:last], len(text))
            self._remark(numbers[last - 1])

    def beside(self, text: str) -> None:
        """Add text that belongs to no row; one that is a table is Markdown."""
        self._make_room(len(text))
        if text.startswith("| "):
            self._out.add_table(text)
        else:
            self._out.text(text)
        self._length += len(text)

    def rest(self) -> None:
        """Add the remarks that are behind all rows."""
        if self._remarks:
            self._remark(self._remarks[-1][0])

    def table(self, rows: list[list[str]], numbers: list[int], columns: Sequence[int] = ()) -> None:
        """Add a table, its first row the header, which is repeated in each piece that the table reaches into.

        ``columns`` are the places of its columns in the sheet.
        """
        if len(rows) == 1 and len(rows[0]) == 1:
            self.line(rows[0][0], numbers[0])
            return
        header = sum(map(len, rows[0])) if rows else 0
        self.tables += 1
        for first, last in self._ranges(rows, 1, header):
            text = markdown_table([rows[0], *rows[first:last]])
            self._out.add_table(text, self._known(numbers[first:last], columns))
            # the header's own row counts only where it stands alone
            self._count(numbers[first:last] or numbers[:1], len(text))
            self._remark(numbers[last - 1])

    def _known(self, numbers: list[int], columns: Sequence[int]) -> SheetRows:
        """What is known of the rows of the table that is being added, beside their text."""
        places = {column: place for place, column in enumerate(columns)}
        exact = {
            n: {places[column]: value for column, value in self._exact[number].items() if column in places}
            for n, number in enumerate(numbers)
            if number in self._exact
        }
        return SheetRows(self.tables, self._name, tuple(numbers), tuple(columns), exact, self._is_workbook)

    def pieces(self) -> list[tuple[str, list[Block]]]:
        """Label and blocks of each piece; at least one."""
        self._end()
        if len(self._pieces) < 2:
            return [(self._name, self._pieces[0][2] if self._pieces else [])]
        front = f"{self._name}, " if self._name else ""
        return [
            (f"{front}row{'s' if last > first else ''} {first}" + (f"-{last}" if last > first else ""), blocks)
            for first, last, blocks in self._pieces
        ]

    def _ranges(self, rows: list[list[str]], first: int, header: int) -> Iterator[tuple[int, int]]:
        """Ranges of rows that fit into a piece each; ends the piece before one that does not fit into it."""
        if rows and first >= len(rows):
            yield first, first  # a header alone
        while first < len(rows):
            size = sum(map(len, rows[first])) + 3 * len(rows[first])
            self._make_room(header + size)
            last, length = first, self._length + header
            while last < len(rows) and len(self._rows) + last - first < UNIT_ROWS:
                length += sum(map(len, rows[last])) + 3 * len(rows[last])
                if length > UNIT_CHARACTERS and last > first:
                    break
                last += 1
            yield first, last
            first = last

    def _remark(self, last: int) -> None:
        """Add the remarks up to a row."""
        count = bisect_right(self._remarks, last, key=lambda remark: remark[0])
        due, self._remarks = self._remarks[:count], self._remarks[count:]
        lines = [line for _, remarks in due for line in remarks]
        if lines:
            self._out.text("\n".join(lines))
            self._length += sum(map(len, lines))

    def _make_room(self, length: int) -> None:
        if self._rows and (len(self._rows) >= UNIT_ROWS or self._length + length > UNIT_CHARACTERS):
            self._end()

    def _count(self, numbers: list[int], length: int) -> None:
        self._rows += numbers
        self._length += length

    def _end(self) -> None:
        if self._out.blocks:
            if not self._rows and self._pieces:  # text that belongs to no row goes with the rows before it
                first, last, blocks = self._pieces.pop()
                self._pieces.append((first, last, [*blocks, *self._out.take()]))
            else:
                self._pieces.append((min(self._rows, default=1), max(self._rows, default=1), self._out.take()))
        self._rows, self._length = [], 0


def _tidy(rows: list[Row]) -> tuple[list[int], list[list[str]]]:
    filled = [(number, cells) for number, cells in rows if any(map(cell_text, cells))]
    return [number for number, _ in filled], tidy_rows([cells for _, cells in filled])
