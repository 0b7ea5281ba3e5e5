"""The stored text of a unit, cut into parts that a browser shows one by one, with marks on words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ragapp.reading.document import BLOCK_BREAK, Unit
from ragapp.reading.tables import row_cells
from ragapp.web.highlight import occurrences

# characters of a part: some screens of text
PART = 12_000
# a part ends at a line's end where there is one so soon behind its own end
_OVERLONG = PART // 2

Span = tuple[int, int]  # from, and behind the last


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text with the same marks."""

    text: str
    cited: bool = False  # whether it belongs to the quote
    hit: int | None = None  # number of the place that was looked for, within the part


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table."""

    cells: tuple[tuple[Piece, ...], ...]
    head: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """A block of a part: its pieces, or a table's rows."""

    kind: str
    level: int  # of headings that it stands below, its own included
    pieces: tuple[Piece, ...] = ()
    rows: tuple[Row, ...] = ()


def part_count(length: int) -> int:
    """How many parts a text of so many characters has, at least one."""
    return max(1, -(-length // PART))


def part_at(text: str, offset: int) -> int:
    """The number of the part, from 0, that the character at an offset lies in."""
    last = part_count(len(text)) - 1
    number = min(max(offset, 0) // PART, last)
    return number - 1 if number and offset < _cut(text, number) else number


def shown_part(unit: Unit, number: int, cited: Iterable[Span] = (), words: str = "") -> tuple[tuple[Shown, ...], int]:
    """What a part of a unit, counted from 0, shows, and at how many places of it some words stand.

    ``cited`` are spans of the unit's text to be marked; of a table the rows that one of them touches.
    """
    text, cited = unit.text, tuple(cited)
    low, high = _cut(text, number), _cut(text, number + 1)
    shown: list[Shown] = []
    hits = begin = 0
    for block in unit.blocks:
        end = begin + len(block.text)
        first, last = max(low, begin), min(high, end)
        if first < last:
            marker = _Marker(cited, words, hits)
            level = len(block.headings)
            if block.kind == "table":
                rows = _rows(block.text, begin, first, last, marker)
                shown.append(Shown("table", level, rows=tuple(rows)))
            else:
                shown.append(Shown(block.kind, level, marker.pieces(text[first:last], first)))
            hits = marker.hits
        begin = end + len(BLOCK_BREAK)
    return tuple(shown), hits


class _Marker:
    """Cuts texts where marks begin and end; ``hits`` counts on over texts."""

    def __init__(self, cited: Sequence[Span], words: str, hits: int):
        self._cited, self._words, self.hits = cited, words, hits

    def touches(self, begin: int, end: int) -> bool:
        """Whether a quote has some of the text between two offsets."""
        return any(start < end and begin < stop for start, stop in self._cited)

    def pieces(self, text: str, begin: int | None, cited: bool = False) -> tuple[Piece, ...]:
        """A text that stands at an offset of the unit's, in pieces; with no offset it is ``cited`` whole, or not."""
        found = occurrences(text, self._words) if self._words else []
        quotes = [(start - begin, stop - begin) for start, stop in self._cited] if begin is not None else []
        edges = {0, len(text)} | {min(max(edge, 0), len(text)) for span in (*quotes, *found) for edge in span}
        made = []
        cuts = sorted(edges)
        for start, stop in pairwise(cuts):
            hit = next((self.hits + n for n, (a, b) in enumerate(found) if a <= start < b), None)
            marked = cited or any(a <= start < b for a, b in quotes)
            made.append(Piece(text[start:stop], marked, hit))
        self.hits += len(found)
        return tuple(made)


def _rows(table: str, begin: int, first: int, last: int, marker: _Marker) -> list[Row]:
    """Markdown rows between two offsets of the unit's text; their header, though it stands before, heads them."""
    rows: list[Row] = []
    at = begin
    for number, line in enumerate(table.split("\n")):
        end = at + len(line)
        cells = row_cells(line) if line.strip() else []
        here = at < last and end > first
        if cells and (here or not number) and not all(set(cell) <= set("-: ") for cell in cells):
            # a quote's end often takes the bar of the next row along, or only its line's end
            inner = at + len(line) - len(line.lstrip(" |")), at + len(line.rstrip(" |"))
            cited = here and marker.touches(*inner)
            if here:
                pieces = tuple(marker.pieces(cell, None, cited) for cell in cells)
            else:
                pieces = tuple((Piece(cell),) if cell else () for cell in cells)
            rows.append(Row(pieces, head=not number))
        at = end + 1
        if at >= last:
            break
    return rows


def _cut(text: str, number: int) -> int:
    """Where a part begins: behind a line's end, or in the midst of a line that goes on for long."""
    at = number * PART
    if at <= 0 or at >= len(text):
        return max(0, min(at, len(text)))
    end = text.find("\n", at - 1, at + _OVERLONG)
    return end + 1 if end >= 0 else at
