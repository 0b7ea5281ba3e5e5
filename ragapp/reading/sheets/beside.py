"""Tables that stand beside each other in a sheet, parted by columns that nothing is in.

A blank column may also be a gap within one table. What tells tables apart is that the one on the right begins in
another row, has a title or the same names of its own, is longer or shorter and names its own rows, or is a list of
labels (``Date:``) with their values.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from ragapp.reading.sheets.grid import Cells, Grid
from ragapp.reading.sheets.headers import is_name, is_value

Rows = Sequence[tuple[int, Cells]]  # numbers of rows, and their cells

MAX_ROWS = 20_000  # longer runs of rows are one table
_MAX_GAPS = 20
_WIDEST = 50  # columns of a gap that are counted
_FAR = 2  # blank columns between a table and a remark beside it


def parted(rows: Rows, grid: Grid) -> list[Rows]:
    """Rows without a blank one between them, as the tables that stand beside each other in them, from left to right."""
    gaps = _gaps(rows, grid) if len(rows) <= MAX_ROWS else []
    if not gaps or len(gaps) > _MAX_GAPS:
        return [rows]
    found: list[Rows] = []
    left = 0
    ends = [first for first, _ in gaps[1:]] + [1 << 31]
    for (first, last), end in zip(gaps, ends, strict=True):
        here, there = _within(rows, left, first), _within(rows, last, end)
        if here and there and _are_apart(here, there, last - first):
            found.append(here)
            left = last
    return [*found, _within(rows, left, 1 << 31)] if found else [rows]


def _gaps(rows: Rows, grid: Grid) -> list[tuple[int, int]]:
    """Runs of blank columns that are seen, as their first column and the one behind their last."""
    used = {column for _, cells in rows for column in cells}
    between = [(a + 1, b) for a, b in pairwise(sorted(used)) if b - a > 1]
    if between:
        used.update(column for number, _ in rows for column in grid.across.get(number, ()))
    gaps = []
    for first, last in between:
        blank = range(first, min(last, first + _WIDEST))
        free = sum(column not in used and column not in grid.hidden_columns for column in blank)
        if free:
            gaps.append((last - free, last))
    return gaps


def _within(rows: Rows, first: int, behind: int) -> Rows:
    cut = [(number, {c: text for c, text in cells.items() if first <= c < behind}) for number, cells in rows]
    return [(number, cells) for number, cells in cut if cells]


def _are_apart(left: Rows, right: Rows, gap: int) -> bool:
    if _is_labelled(right):
        return True  # as numbers and dates stand beside the address of a letter
    if not _is_table(left):
        return False
    if not _is_table(right):
        # a remark of its own, not one behind each of some rows
        texts = [text for _, cells in right for text in cells.values()]
        return gap > _FAR and len(texts) == 1 and not is_value(texts[0])
    if left[0][0] != right[0][0]:
        return _has_header(right)
    if _has_title(left) and _has_title(right):
        return True
    names = _texts(right[0])
    if len(names) > 1 and names == _texts(left[0])[: len(names)] and all(map(is_name, names)):
        return True
    return left[-1][0] != right[-1][0] and _has_header(right) and _has_row_names(right)


def _is_labelled(rows: Rows) -> bool:
    texts = [_texts(row) for row in rows]
    return len(rows) > 1 and all(len(row) == 2 and row[0].endswith(":") for row in texts)


def _is_table(rows: Rows) -> bool:
    return len(rows) > 1 and max(len(cells) for _, cells in rows) > 1


def _has_title(rows: Rows) -> bool:
    """Whether a row of one cell stands above one of several, all of them names."""
    columns = min(min(cells) for _, cells in rows)
    return len(rows) > 2 and list(rows[0][1]) == [columns] and len(rows[1][1]) > 1 and _has_header(rows[1:])


def _has_header(rows: Rows) -> bool:
    """Whether the first row is as wide as the others, and all of it names."""
    first = _texts(rows[0])
    return len(first) > 1 and len(first) >= max(len(cells) for _, cells in rows) and all(map(is_name, first))


def _has_row_names(rows: Rows) -> bool:
    """Whether the first column names the rows: filled all through, with other words in each."""
    first = min(rows[0][1])
    names = [cells.get(first, "") for _, cells in rows[1:]]
    return all(name and not is_value(name) for name in names) and len(set(names)) == len(names)


def _texts(row: tuple[int, Cells]) -> list[str]:
    return [text for _, text in sorted(row[1].items())]
