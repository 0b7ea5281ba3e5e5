"""Spreadsheets of any format: numbered rows become units, a whole sheet or a range of its rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ragapp.reading.blocks import BlockBuilder
from ragapp.reading.document import Block, Document, Unit
from ragapp.reading.tables import cell_text, markdown_table, split_titles, tidy_rows

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

    def skip(self) -> None:
        """Count a sheet that is not read, so that the others keep their numbers."""
        self._next += 1

    def sheet(self, name: str, rows: Iterable[Row], hidden: bool = False) -> None:
        """Add a sheet of titles, tables and remarks, separated by blank or missing rows; ``name`` labels its units."""
        if hidden:
            self._hidden.append(f'The hidden sheet "{name}" was skipped.')
            self.skip()
            return
        cutter = _Cutter(name)
        groups = [group for group in map(_tidy, _groups(self._bounded(rows))) if group[1]]
        for index, (numbers, group) in enumerate(groups):
            titles, table = split_titles(group)
            if len(table) == 1 and len(table[0]) == 1 and index + 1 < len(groups):
                titles, table = [*titles, table[0][0]], []  # its table follows after blank rows
            for place, title in enumerate(titles):
                is_heading = place == 0 and len(title) <= _LONGEST_TITLE and any(map(str.isalpha, title))
                cutter.line(title, numbers[place], is_heading)
            numbers = numbers[len(titles) :]
            if len(groups) > 1 and table and len(table[0]) == 1:
                cutter.remarks(table, numbers)  # beside the tables
            else:
                cutter.table(table, numbers)
        self._add(cutter)

    def table(self, name: str, rows: Iterable[Row]) -> None:
        """Add a sheet that is one table, its first row the header; ``name``, which may be empty, labels its units."""
        cutter = _Cutter(name)
        numbers, table = _tidy(list(self._bounded(rows)))
        cutter.table(table, numbers)
        self._add(cutter)

    def document(self, title: str, notes: Sequence[str] = ()) -> Document:
        """The document of these sheets, with its other warnings."""
        warnings = [*self._hidden, *notes]
        if self._truncated:
            warnings.append(f"The file has more than {MAX_CELLS:,} filled cells; the rows after them were not read.")
        return Document(title, self.units or [Unit(1, "sheet")], warnings=warnings)

    def _bounded(self, rows: Iterable[Row]) -> Iterator[Row]:
        for number, cells in rows:
            self._cells += len(cells) - cells.count("")
            if self._cells > MAX_CELLS:
                self._truncated = True
                return
            yield number, cells

    def _add(self, cutter: _Cutter) -> None:
        for label, blocks in cutter.pieces():
            self.units.append(Unit(self._next, "sheet", label, blocks))
            self._next += 1


class _Cutter:
    """Cuts one sheet's content into pieces of bounded size."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._out = BlockBuilder()
        self._pieces: list[tuple[int, int, list[Block]]] = []
        self._rows: list[int] = []
        self._length = 0

    def line(self, text: str, number: int, is_heading: bool = False) -> None:
        """Add a row that is a title or a remark."""
        self._make_room(len(text))
        self._out.heading(1, text) if is_heading else self._out.text(text)
        self._count([number], len(text))

    def remarks(self, rows: list[list[str]], numbers: list[int]) -> None:
        """Add rows of one cell as text."""
        for first, last in self._ranges(rows, 0, 0):
            text = "\n".join(row[0] for row in rows[first:last])
            self._out.text(text)
            self._count(numbers[first:last], len(text))

    def table(self, rows: list[list[str]], numbers: list[int]) -> None:
        """Add a table, its first row the header, which is repeated in each piece that the table reaches into."""
        if len(rows) == 1 and len(rows[0]) == 1:
            self.line(rows[0][0], numbers[0])
            return
        header = sum(map(len, rows[0])) if rows else 0
        for first, last in self._ranges(rows, 1, header):
            text = markdown_table([rows[0], *rows[first:last]])
            self._out.add_table(text)
            # the header's own row counts only where it stands alone
            self._count(numbers[first:last] or numbers[:1], len(text))

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

    def _make_room(self, length: int) -> None:
        if self._rows and (len(self._rows) >= UNIT_ROWS or self._length + length > UNIT_CHARACTERS):
            self._end()

    def _count(self, numbers: list[int], length: int) -> None:
        self._rows += numbers
        self._length += length

    def _end(self) -> None:
        if self._out.blocks:
            self._pieces.append((min(self._rows), max(self._rows), self._out.take()))
        self._rows, self._length = [], 0


def _groups(rows: Iterable[Row]) -> Iterator[list[Row]]:
    group: list[Row] = []
    before = 0
    for number, cells in rows:
        blank = not any(cells)
        if group and (blank or number > before + 1):
            yield group
            group = []
        if not blank:
            group.append((number, cells))
        before = number
    if group:
        yield group


def _tidy(rows: list[Row]) -> tuple[list[int], list[list[str]]]:
    filled = [(number, cells) for number, cells in rows if any(map(cell_text, cells))]
    return [number for number, _ in filled], tidy_rows([cells for _, cells in filled])
