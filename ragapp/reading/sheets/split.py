"""The tables of a sheet: runs of rows without a blank one between them, with the lines above each and its header."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ragapp.reading.sheets.beside import Rows, parted
from ragapp.reading.sheets.grid import Cells, Grid
from ragapp.reading.sheets.headers import (
    goes_on,
    header_rows,
    is_headless,
    is_pairs,
    is_value,
    joined_header,
    lines_above,
    pair_line,
)
from ragapp.reading.tables import cell_text

# beyond this, rows of which most cells are empty keep what is filled only: a few far cells must not lengthen a million
# rows
MAX_GRID = 5_000_000
_LEAST_FILLED = 0.4
TOTALS = "Totals row"


@dataclass(slots=True)
class Line:
    """A row above or beside tables, as text."""

    text: str
    number: int
    is_title: bool = False


@dataclass(slots=True)
class Table:
    """A table with one line of names; ``numbers`` are those of its rows in the file, the header's last one first."""

    rows: list[list[str]]
    numbers: list[int]
    columns: list[int]  # their places in the file


@dataclass(slots=True)
class _Group:
    """Rows that follow on each other, on the columns that are used."""

    rows: list[list[str]]
    numbers: list[int]
    columns: list[int]
    across: list[dict[int, str]]
    is_ragged: bool = False  # too wide for a grid

    def below(self, count: int) -> _Group:
        """The rows below the first ``count``, without the columns that are used by those only."""
        rows, across = self.rows[count:], self.across[count:]
        width = len(rows[0]) if rows else 0
        used = [column for column in range(width) if any(row[column] for row in rows)]
        if len(used) == width:
            return _Group(rows, self.numbers[count:], self.columns, across)
        places = {column: place for place, column in enumerate(used)}
        return _Group(
            [[row[column] for column in used] for row in rows],
            self.numbers[count:],
            [self.columns[column] for column in used],
            [{places[column]: text for column, text in spread.items() if column in places} for spread in across],
        )


def sheet_parts(grid: Grid, joins: bool = False) -> Iterator[Line | Table]:
    """Lines and tables of a sheet in reading order.

    ``joins`` takes rows below a blank one that begin with figures for rows of the table above, as in files that are
    data only.
    """
    groups = list(_groups(grid, joins))
    before: Table | None = None
    for index, group in enumerate(groups):
        if group.is_ragged:
            yield Table([[""], *group.rows], [group.numbers[0], *group.numbers], group.columns)
            continue
        following = groups[index + 1 :]
        above = lines_above(group.rows, group.across)
        rest = group.below(above)
        width = max(map(len, rest.rows))
        if width == 1 and len(rest.rows) == 1 and following:
            above, rest = above + 1, rest.below(1)  # its table follows after blank rows
        for place in range(above):
            filled = [text for text in group.rows[place] if text]
            text = pair_line(group.rows[place]) if len(filled) == 2 else " ".join(filled)
            yield Line(text, group.numbers[place], is_title=place == 0 and len(filled) == 1)
        if not rest.rows:
            continue
        if before and (
            goes_on(rest.rows, rest.columns, before.rows, before.columns)
            or (joins and not above and len(rest.rows) == 1 and rest.columns == before.columns)
        ):
            places = {column: place for place, column in enumerate(rest.columns)}
            rows = [[row[places[c]] if c in places else "" for c in before.columns] for row in rest.rows]
            yield Table([before.rows[0], *rows], [rest.numbers[0], *rest.numbers], before.columns)
            continue
        wider = any(max(map(len, later.rows)) > 2 for later in following)
        is_pair = wider if before is None else len(rest.rows) == 1
        if width == 1 and len(groups) > 1:
            yield from (Line(row[0], number) for row, number in zip(rest.rows, rest.numbers, strict=True))
        elif width == 2 and is_pairs(rest.rows) and (_is_labelled(rest.rows) or is_pair):
            yield from (Line(pair_line(row), number) for row, number in zip(rest.rows, rest.numbers, strict=True))
        else:
            before = _table(rest, grid)
            yield before


def _is_labelled(rows: Sequence[Sequence[str]]) -> bool:
    return all(row[0].endswith(":") for row in rows)


def _groups(grid: Grid, joins: bool) -> Iterator[_Group]:
    for rows in _runs(grid, joins):
        beside = parted(rows, grid)
        if len(beside) == 1:
            yield _group(rows, grid)
        for part in beside if len(beside) > 1 else ():
            # what was one run of rows beside another table may have blank rows of its own
            yield from (_group(run, grid) for run in _apart(part, grid))


def _apart(rows: Rows, grid: Grid) -> Iterator[list[tuple[int, Cells]]]:
    run: list[tuple[int, Cells]] = []
    for row in rows:
        if run and not grid.holds_together(run[-1][0], row[0]):
            yield run
            run = []
        run.append(row)
    yield run


def _runs(grid: Grid, joins: bool) -> Iterator[list[tuple[int, Cells]]]:
    rows: list[tuple[int, Cells]] = []
    for number in sorted(grid.rows):
        cells = {column: text for column, cell in grid.rows[number].items() if (text := cell_text(cell))}
        if not cells:
            continue
        is_apart = rows and not grid.holds_together(rows[-1][0], number)
        if is_apart and not (joins and _continues([above for _, above in rows], cells)):
            yield rows
            rows = []
        rows.append((number, cells))
    if rows:
        yield rows


def _continues(rows: list[Cells], cells: Cells) -> bool:
    """Whether a row below a blank line is data, and what stands above are not only lines that name one value each."""
    if len(cells) < 2 or not any(map(is_value, cells.values())):
        return False
    widest = max(max(above) for above in rows) + 1
    return not is_pairs([[above.get(column, "") for column in range(min(widest, 3))] for above in rows])


def _group(rows: Rows, grid: Grid) -> _Group:
    numbers = [number for number, _ in rows]
    columns = sorted({column for _, cells in rows for column in cells})
    size = len(columns) * len(rows)
    if size > MAX_GRID and sum(len(cells) for _, cells in rows) < _LEAST_FILLED * size:
        return _Group([list(cells.values()) for _, cells in rows], numbers, columns, [], is_ragged=True)
    places = {column: place for place, column in enumerate(columns)}
    across = [
        {places[column]: cell_text(text) for column, text in grid.across.get(number, {}).items() if column in places}
        for number in numbers
    ]
    return _Group([[cells.get(column, "") for column in columns] for _, cells in rows], numbers, columns, across)


def _table(group: _Group, grid: Grid) -> Table:
    rows, numbers = group.rows, group.numbers
    if numbers[0] in grid.headless or (
        not grid.header_ends & set(numbers[:10]) and not any(group.across[:2]) and is_headless(rows)
    ):
        body, header = 0, [""] * len(rows[0])
    else:
        known = max((place for place, number in enumerate(numbers[:10]) if number in grid.header_ends), default=-1)
        reach = grid.down.get(numbers[0], 0)
        down = sum(number <= reach for number in numbers[:10])
        body = header_rows(rows, group.across, down, known)
        header = joined_header(rows[:body], group.across[:body])
    for place in range(body, len(rows)):
        if group.across[place]:
            rows[place] = _spread(rows[place], group.across[place])
        if numbers[place] in grid.totals:
            rows[place] = _marked(rows[place])
    return Table([header, *rows[body:]], [numbers[max(body - 1, 0)], *numbers[body:]], group.columns)


def _spread(row: list[str], across: dict[int, str]) -> list[str]:
    """A row with the text of a merged cell in each column that it holds for; that of a row's own name stays once."""
    if sum(map(bool, row)) < 2:
        return row  # a line of its own within the table
    name = 0
    while name + 1 in across:
        name += 1
    return [text or (across.get(column, "") if column > name else "") for column, text in enumerate(row)]


def _marked(row: list[str]) -> list[str]:
    """A row of totals, named as such unless it has a name."""
    if any(text and not is_value(text) for text in row) or all(row):
        return row
    place = row.index("")
    return [*row[:place], TOTALS, *row[place + 1 :]]


def filled_cells(rows: Iterable[tuple[int, Sequence[str]]]) -> dict[int, Cells]:
    """Rows of texts as the rows of a :class:`Grid`."""
    return {number: {column: text for column, text in enumerate(cells) if text} for number, cells in rows}
