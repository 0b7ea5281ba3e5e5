"""Grids of rules on a page: tables whose cells are drawn, so that no gap between words has to tell where one ends.

Rules that touch each other are one grid.  Its levels are its rows and columns; where the rule between two cells is
missing, they are one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ragapp.reading.pages.layout import Line, Piece

#: a horizontal rule: y, left, right; or a vertical one: x, top, bottom; in points, y downward
Rule = tuple[float, float, float]

# points: rules nearer than this are one level, and rules this near touch
_NEAR = 3.0
# points: rows and columns are at least this high and wide
_LEAST_ROW, _LEAST_COLUMN = 5.0, 8.0
_MOST_LEVELS = 400
# cells with text for each column of a table at least
_CELLS_FOR_A_COLUMN = 1.5


@dataclass(frozen=True, slots=True)
class Grid:
    """The cells of a drawn table.

    Attributes:
        xs: where its columns begin and end, left to right, one more than columns.
        ys: where its rows begin and end, top to bottom.
        walls: (row, column) of cells that have a rule on their right side, but for the last column.
        floors: (row, column) of cells that have a rule below, but for the last row.
    """

    xs: tuple[float, ...]
    ys: tuple[float, ...]
    walls: frozenset[tuple[int, int]]
    floors: frozenset[tuple[int, int]]

    def holds(self, piece: Piece) -> bool:
        """Whether the middle of a piece lies in the grid."""
        x, y = (piece.x0 + piece.x1) / 2, (piece.top + piece.bottom) / 2
        return self.xs[0] < x < self.xs[-1] and self.ys[0] < y < self.ys[-1]

    def has(self, line: Line) -> bool:
        """Whether all of a line lies in the grid."""
        return all(map(self.holds, line.pieces))

    def regions(self) -> dict[tuple[int, int], tuple[int, int]]:
        """For each (row, column) the first of the cell that it is part of, where rules between cells are missing."""
        first = {(row, column): (row, column) for row in range(len(self.ys) - 1) for column in range(len(self.xs) - 1)}

        def root(cell: tuple[int, int]) -> tuple[int, int]:
            while first[cell] != cell:
                cell = first[cell]
            return cell

        for row, column in list(first):
            for other, between in (((row, column + 1), self.walls), ((row + 1, column), self.floors)):
                if other in first and (row, column) not in between:
                    a, b = sorted((root((row, column)), root(other)))
                    first[b] = a
        return {cell: root(cell) for cell in first}


def find_grids(across: Sequence[Rule], upright: Sequence[Rule]) -> list[Grid]:
    """The grids of at least two columns and two rows among a page's horizontal and vertical rules, top to bottom."""
    lying, standing = _merged(across), _merged(upright)
    if len(standing) < 1 or len(lying) < 2 or len(standing) + len(lying) > 4 * _MOST_LEVELS:
        return []
    grids = (_grid(h, v) for h, v in _touching(lying, standing))
    return sorted((grid for grid in grids if grid), key=lambda grid: (grid.ys[0], grid.xs[0]))


def _merged(rules: Iterable[Rule]) -> list[Rule]:
    """Rules of one level that go on in each other as one."""
    merged: list[Rule] = []
    for level in _levels(rules):
        y = sum(rule[0] for rule in level) / len(level)
        begin, end = level[0][1:]
        for _, a, b in level[1:]:
            if a > end + _NEAR:
                merged.append((y, begin, end))
                begin = a
                end = b
            end = max(end, b)
        merged.append((y, begin, end))
    return merged


def _levels(rules: Iterable[Rule]) -> Iterator[list[Rule]]:
    """Rules at nearly the same height, each level by where they begin."""
    level: list[Rule] = []
    for rule in sorted(rules):
        if level and rule[0] - level[0][0] > _NEAR:
            yield sorted(level, key=lambda one: one[1:])
            level = []
        level.append(rule)
    if level:
        yield sorted(level, key=lambda one: one[1:])


def _touching(lying: Sequence[Rule], standing: Sequence[Rule]) -> Iterator[tuple[list[Rule], list[Rule]]]:
    """The rules that hang together by touching each other."""
    left, right = set(range(len(lying))), set(range(len(standing)))
    while right:
        begin = right.pop()
        mine, theirs, open_ = set[int](), {begin}, [(False, begin)]
        while open_:
            is_lying, index = open_.pop()
            if is_lying:
                found = {other for other in right if _meet(lying[index], standing[other])}
                right -= found
                theirs |= found
                open_ += [(False, other) for other in found]
            else:
                found = {other for other in left if _meet(lying[other], standing[index])}
                left -= found
                mine |= found
                open_ += [(True, other) for other in found]
        yield [lying[index] for index in mine], [standing[index] for index in theirs]


def _meet(lying: Rule, standing: Rule) -> bool:
    y, left, right = lying
    x, top, bottom = standing
    return left - _NEAR <= x <= right + _NEAR and top - _NEAR <= y <= bottom + _NEAR


def _grid(lying: Sequence[Rule], standing: Sequence[Rule]) -> Grid | None:
    if len(lying) < 2 or not standing:
        return None
    ys = _spread(
        [rule[0] for rule in lying], min(rule[1] for rule in standing), max(rule[2] for rule in standing), _LEAST_ROW
    )
    xs = _spread(
        [rule[0] for rule in standing], min(rule[1] for rule in lying), max(rule[2] for rule in lying), _LEAST_COLUMN
    )
    if not (3 <= len(ys) <= _MOST_LEVELS and 3 <= len(xs) <= _MOST_LEVELS):
        return None
    rows, columns = list(pairwise(ys)), list(pairwise(xs))
    walls = frozenset(
        (row, column)
        for row, (top, bottom) in enumerate(rows)
        for column, (_, edge) in enumerate(columns[:-1])
        if _covered(standing, edge, (top + bottom) / 2)
    )
    floors = frozenset(
        (row, column)
        for row, (_, edge) in enumerate(rows[:-1])
        for column, (left, right) in enumerate(columns)
        if _covered(lying, edge, (left + right) / 2)
    )
    return Grid(tuple(xs), tuple(ys), walls, floors)


def _spread(levels: Iterable[float], first: float, last: float, least: float) -> list[float]:
    """The levels, with the ends of the rules across them, where a grid has no border; too near ones are one."""
    spread: list[float] = []
    for level in sorted([*levels, first, last]):
        if not spread or level - spread[-1] >= least:
            spread.append(level)
    return spread


def _covered(rules: Sequence[Rule], level: float, at: float) -> bool:
    # two levels may have become one that is a little off
    return any(abs(rule[0] - level) <= 2 * _NEAR and rule[1] - _NEAR <= at <= rule[2] + _NEAR for rule in rules)


def gathered(lines: Sequence[Line], grids: Sequence[Grid]) -> list[Line]:
    """Lines in reading order with those in a grid together, row by row, where the first of them stands.

    A line that is in part outside of the grid is cut.
    """
    if not grids:
        return list(lines)
    inside: dict[int, list[Piece]] = {}
    order: list[Line | int] = []
    for line in lines:
        for number, pieces in _by_grid(line, grids):
            if number is None:
                order.append(line if len(pieces) == len(line.pieces) else Line(pieces))
            else:
                if number not in inside:
                    order.append(number)
                inside.setdefault(number, []).extend(pieces)
    return [line for one in order for line in ([one] if isinstance(one, Line) else _lines_of(grids[one], inside[one]))]


def _by_grid(line: Line, grids: Sequence[Grid]) -> Iterator[tuple[int | None, list[Piece]]]:
    """The pieces of a line in runs that are in the same grid, or in none."""
    run: list[Piece] = []
    at: int | None = None
    for piece in line.pieces:
        number = next((index for index, grid in enumerate(grids) if grid.holds(piece)), None)
        if run and number != at:
            yield at, run
            run = []
        at = number
        run.append(piece)
    yield at, run


def _lines_of(grid: Grid, pieces: Sequence[Piece]) -> list[Line]:
    """One line for each height of each row of a grid, its pieces left to right."""
    rows: dict[int, list[Piece]] = {}
    for piece in pieces:
        rows.setdefault(_index(grid.ys, (piece.top + piece.bottom) / 2), []).append(piece)
    lines = []
    for row in sorted(rows):
        level: list[Piece] = []
        for piece in sorted(rows[row], key=lambda one: (one.top + one.bottom) / 2):
            middle = (piece.top + piece.bottom) / 2
            if level and middle > level[0].bottom:
                lines.append(Line(sorted(level, key=lambda one: one.x0)))
                level = []
            level.append(piece)
        lines.append(Line(sorted(level, key=lambda one: one.x0)))
    return lines


def _index(edges: Sequence[float], at: float) -> int:
    """The row or column in which a place lies."""
    return max(0, min(sum(edge <= at for edge in edges) - 1, len(edges) - 2))


def grid_cells(grid: Grid, lines: Sequence[Line]) -> tuple[list[list[str]], list[bool]]:
    """The texts of a grid's cells, row by row, and whether all that stands in a row is bold.

    What is said once for several rows or columns stands in each of them, but for what begins in the first column, which
    stands there alone, below the first row. Rows and columns without any text are left out; so is all where few cells
    have any.
    """
    regions = grid.regions()
    parts: dict[tuple[int, int], list[tuple[float, float, float, str]]] = {}
    bold: dict[int, bool] = {}
    for line in lines:
        for piece in line.pieces:
            row = _index(grid.ys, (piece.top + piece.bottom) / 2)
            bold[row] = bold.get(row, True) and piece.bold
            for text, left, right in _words(piece, grid):
                cell = regions[row, _index(grid.xs, (left + right) / 2)]
                parts.setdefault(cell, []).append((piece.top, piece.bottom, left, text))
    if len(parts) < _CELLS_FOR_A_COLUMN * (len(grid.xs) - 1):
        return [], []
    texts = {cell: _text(words) for cell, words in parts.items()}
    rows, are_bold = [], []
    for row in range(len(grid.ys) - 1):
        cells = []
        for column in range(len(grid.xs) - 1):
            first = regions[row, column]
            # a label over several columns, as of a total or a part of the table, is told once
            label = first[1] == 0 != column and first[0] != 0
            cells.append("" if label else texts.get(first, ""))
        rows.append(cells)
        are_bold.append(bold.get(row, False))
    kept = [row for row, cells in enumerate(rows) if any(cells)]
    columns = [column for column in range(len(grid.xs) - 1) if any(row[column] for row in rows)]
    return [[rows[row][column] for column in columns] for row in kept], [are_bold[row] for row in kept]


def _words(piece: Piece, grid: Grid) -> list[tuple[str, float, float]]:
    """The words of a piece that runs over the side of a column, else the whole piece."""
    crossed = any(piece.x0 + 1 < edge < piece.x1 - 1 for edge in grid.xs[1:-1])
    return piece.spans if crossed else [(piece.text, piece.x0, piece.x1)]


def _text(parts: list[tuple[float, float, float, str]]) -> str:
    lines: list[list[tuple[float, float, float, str]]] = []
    for part in sorted(parts, key=lambda part: part[0] + part[1]):
        if lines and (part[0] + part[1]) / 2 < lines[-1][0][1]:
            lines[-1].append(part)
        else:
            lines.append([part])
    return " ".join(text for line in lines for _, _, _, text in sorted(line, key=lambda part: part[2]))
