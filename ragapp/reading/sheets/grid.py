"""A sheet's cells by row and column: merged cells spread over what they cover, hidden rows and columns taken out."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field

Cells = dict[int, str]  # column, 0-based -> text, never blank
Area = tuple[int, int, int, int]  # first row and column, last row and column; rows 1-based, columns 0-based

# cells under merged areas that are looked at in one sheet: hostile files name a million areas, or the whole sheet
MAX_COVERED = 1_000_000


class Spans:
    """Numbers in ranges, of which there may be a few that are long."""

    def __init__(self, ranges: Iterable[tuple[int, int]] = (), numbers: Iterable[int] = ()) -> None:
        self._ranges = joined_ranges(ranges)
        self._numbers = set(numbers)

    def __contains__(self, number: int) -> bool:
        if number in self._numbers:
            return True
        place = bisect_right(self._ranges, (number, 1 << 62)) - 1
        return place >= 0 and self._ranges[place][1] >= number

    def __bool__(self) -> bool:
        return bool(self._ranges or self._numbers)


@dataclass(slots=True)
class Grid:
    """The cells of one sheet, sparse, and what its file says about its tables."""

    rows: dict[int, Cells] = field(default_factory=dict)  # by number, 1-based
    # what a merged cell shows right of its first column, by row and column: it holds there, but is written once
    across: dict[int, Cells] = field(default_factory=dict)
    hidden_rows: Spans = field(default_factory=Spans)
    hidden_columns: Spans = field(default_factory=Spans)
    # rows (first, last) that merged cells hold together; apart, in order
    together: list[tuple[int, int]] = field(default_factory=list)
    down: dict[int, int] = field(default_factory=dict)  # the last row that a merged cell reaches which begins in a row
    # rows that are known to be the last row of a table's header, by filters, frozen panes and defined tables
    header_ends: set[int] = field(default_factory=set)
    headless: set[int] = field(default_factory=set)  # first rows of tables that are known to have no header
    totals: set[int] = field(default_factory=set)  # rows that are known to be totals
    remarks: dict[int, list[str]] = field(default_factory=dict)  # lines to be read after a row: notes at its cells
    # numbers that are shown rounded, by row and column
    exact: dict[int, dict[int, float]] = field(default_factory=dict)

    def merge(self, areas: Iterable[Area], hidden_rows: Spans, hidden_columns: Spans) -> bool:
        """Write the text of each merged area into every row of it that is seen; False where there are too many.

        A cell under a merged one is not seen, whatever it holds, so it is overwritten. Where areas overlap, which no
        program writes, the first holds. Rows that the file does not have stay missing.
        """
        numbers = sorted(self.rows)
        if not numbers:
            return True
        columns = max(max(cells, default=0) for cells in self.rows.values())
        taken: set[tuple[int, int]] = set()
        repeated: dict[int, int] = {}
        covered = 0
        for top, left, bottom, right in areas:
            text = self.rows.get(top, {}).get(left, "")
            under = range(left, min(right, columns) + 1)
            seen_from = next((column for column in range(left, right + 1) if column not in hidden_columns), left)
            if text and seen_from >= under.stop:
                under = range(left, seen_from + 1)  # right of all other cells
            if bottom > top and text:
                self.down[top] = max(bottom, self.down.get(top, 0))
            for number in numbers[bisect_left(numbers, top) : bisect_right(numbers, bottom)]:
                covered += len(under)
                if covered > MAX_COVERED:
                    break
                if number not in hidden_rows:
                    free = [column for column in under if (number, column) not in taken]
                    taken.update((number, column) for column in free)
                    self._cover(number, free, text, seen_from, hidden_columns)
                    if number > top and seen_from in free and text:
                        repeated[number] = repeated.get(number, 0) + 1
        self.together = joined_ranges(self.down.items())
        for number, count in repeated.items():
            if count == len(self.rows[number]) and number - 1 not in hidden_rows:
                self.rows[number] = {}  # nothing of its own: the lower half of a title, of a tall row
                self.across.pop(number, None)
        return covered <= MAX_COVERED

    def _cover(self, number: int, columns: list[int], text: str, seen_from: int, hidden: Spans) -> None:
        cells = self.rows[number]
        for column in columns:
            cells.pop(column, None)
            if text and column == seen_from:
                cells[column] = text
            elif text and column not in hidden:
                self.across.setdefault(number, {})[column] = text

    def hide(self, hidden_rows: Spans, hidden_columns: Spans) -> tuple[int, int]:
        """Take out what is hidden; how many rows and columns that held something."""
        self.hidden_rows, self.hidden_columns = hidden_rows, hidden_columns
        gone = [number for number, cells in self.rows.items() if number in hidden_rows and cells]
        for number in gone:
            del self.rows[number]
            self.across.pop(number, None)
        lost: set[int] = set()
        if hidden_columns:
            for cells in self.rows.values():
                for column in [column for column in cells if column in hidden_columns]:
                    del cells[column]
                    lost.add(column)
        return len(gone), len(lost)

    def holds_together(self, before: int, after: int) -> bool:
        """Whether no blank row is seen between two rows, or a merged cell reaches from the first to the second."""
        if all(number in self.hidden_rows for number in range(before + 1, after)):
            return True
        place = bisect_right(self.together, (before, 1 << 62)) - 1
        return place >= 0 and self.together[place][1] >= after


def joined_ranges(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ranges in order, those that share a number as one."""
    found: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return found
