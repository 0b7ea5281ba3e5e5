"""Lines with boxes, and their reading order.

A PDF is nearly always drawn in reading order, which is kept unless it climbs back up a column, or one line runs across
two columns of prose.  Such pages, and recognised scans, which have no order, are cut recursively along white gaps:
XY-cut, G. Nagy and S. Seth, "Hierarchical representation of optically scanned documents" (1984); J. Ha, R. Haralick and
I. Phillips, "Recursive X-Y cut using bounding boxes of connected components" (1995).  A vertical gap is a cut only
between columns of prose, not between the cells of a table, so rows stay rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

_MIN_GUTTER_EM = 0.8
_MIN_COLUMN_LINES = 4
_LONE_ROWS = 4  # rows of one column above the point where the other begins
_PROSE_CHARS = 18  # half of the pieces of a column of prose are at least this long
_PROSE_FILL = 0.55  # and take this part of its width


@dataclass(slots=True)
class Piece:
    """Text without a wide gap in it, a line or a cell of one, with its box in points or pixels; y runs downward."""

    text: str
    x0: float
    top: float
    x1: float
    bottom: float
    bold: bool = False
    words: list[tuple[str, float, float]] = field(default_factory=list)  # (text, left, right) of each, where known
    size: float = 0.0  # of its type in points, as it is shown; 0 where it is not known

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def spans(self) -> list[tuple[str, float, float]]:
        """Its words, or itself as one where they are not known."""
        return self.words or [(self.text, self.x0, self.x1)]

    def add_word(self, text: str, x0: float, top: float, x1: float, bottom: float) -> None:
        """Append a word that stands to the right."""
        self.text += " " + text
        self.x1, self.top, self.bottom = max(self.x1, x1), min(self.top, top), max(self.bottom, bottom)
        self.words.append((text, x0, x1))


@dataclass(slots=True)
class Line:
    """Pieces side by side."""

    pieces: list[Piece]  # at least one, left to right
    gaps: list[str] = field(default_factory=list)  # the space before each but the first; a superscript has none
    x0: float = 0.0
    top: float = 0.0
    x1: float = 0.0
    bottom: float = 0.0

    def __post_init__(self) -> None:
        self.gaps = self.gaps or [" "] * (len(self.pieces) - 1)
        self.x0 = min(piece.x0 for piece in self.pieces)
        self.x1 = max(piece.x1 for piece in self.pieces)
        self.top = min(piece.top for piece in self.pieces)
        self.bottom = max(piece.bottom for piece in self.pieces)

    @property
    def text(self) -> str:
        """The pieces, with a space between them where there is one."""
        return "".join(gap + piece.text for gap, piece in zip(["", *self.gaps], self.pieces, strict=True))

    @property
    def height(self) -> float:
        return self.bottom - self.top


def median_line_height(boxes: Iterable[Line | Piece]) -> float:
    """The median height of lines, which stands for the font size; 1 where there are none."""
    heights = [box.height for box in boxes if box.height > 0]
    return median(heights) if heights else 1.0


def merge_rows(lines: Sequence[Line], em: float) -> list[Line]:
    """Join lines that continue each other at the same height: superscripts, cells drawn one by one."""
    merged: list[Line] = []
    for line in lines:
        before = merged[-1] if merged else None
        if before is not None and _continues(before, line, em):
            gap = line.x0 - before.x1
            gaps = [*before.gaps, " " if gap > 0.25 * em else "", *line.gaps]
            last, first = before.pieces[-1], line.pieces[0]
            if gap < em:
                joined = _joined(last, first, gaps.pop(len(before.pieces) - 1))
                merged[-1] = Line([*before.pieces[:-1], joined, *line.pieces[1:]], gaps)
            else:
                merged[-1] = Line([*before.pieces, *line.pieces], gaps)
        else:
            merged.append(line)
    return merged


def _joined(last: Piece, first: Piece, space: str) -> Piece:
    words = []
    if last.words or first.words:
        left, right = last.spans, first.spans
        if not space:
            (start, x0, _), (end, _, x1) = left[-1], right[0]
            left, right = [*left[:-1], (start + end, x0, x1)], right[1:]
        words = [*left, *right]
    top, x1, bottom = min(last.top, first.top), max(last.x1, first.x1), max(last.bottom, first.bottom)
    return Piece(last.text + space + first.text, last.x0, top, x1, bottom, last.bold, words, last.size)


def _continues(before: Line, line: Line, em: float) -> bool:
    shared = min(before.bottom, line.bottom) - max(before.top, line.top)
    return shared > 0.4 * min(before.height, line.height) and line.x0 > before.x1 - 0.3 * em


def climbs(lines: Sequence[Line]) -> int:
    """How often the order goes back up within a column."""
    return sum(
        line.bottom < before.top + 0.3 * before.height and min(before.x1, line.x1) > max(before.x0, line.x0)
        for before, line in pairwise(lines)
    )


def in_reading_order(lines: Sequence[Line], em: float) -> list[Line]:
    """The lines of a page in reading order; a line that runs across two columns of prose is split."""
    rank = {id(piece): index for index, line in enumerate(lines) for piece in line.pieces}
    return _cut([piece for line in lines for piece in line.pieces], rank, em, 0)


def spans_columns(lines: Sequence[Line], em: float) -> bool:
    """Whether lines run across two columns of prose."""
    if beside_prose(lines) < _MIN_COLUMN_LINES:
        return False
    bands = _bands([line.pieces for line in lines], em)
    return any(_columns_of_prose(rows, gutters, {}, em) for rows, gutters in bands)


def beside_prose(lines: Iterable[Line]) -> int:
    """How many lines have long pieces side by side, as columns of prose have."""
    return sum(sum(len(piece.text) >= _PROSE_CHARS for piece in line.pieces) > 1 for line in lines)


def drawn_by_columns(lines: Sequence[Line], em: float) -> bool:
    """Whether the columns of a table are drawn one after the other: short lines that stand in the rows of the first."""
    columns: list[list[Line]] = [[]]
    for line in lines:
        before = columns[-1][-1] if columns[-1] else None
        if before is not None and line.bottom < before.top and line.x0 > before.x0:
            columns.append([])
        columns[-1].append(line)
    if len(columns) < 2 or len(lines) < 2 * _MIN_COLUMN_LINES or any(len(column) < 2 for column in columns[1:]):
        return False
    later = [line for column in columns[1:] for line in column]
    middles = [(line.top + line.bottom) / 2 for line in columns[0]]
    level = sum(any(abs((line.top + line.bottom) / 2 - middle) < 0.3 * em for middle in middles) for line in later)
    return level >= 0.8 * len(later) and not any(_is_prose(_pieces(column)) for column in columns)


def _pieces(lines: Iterable[Line]) -> list[Piece]:
    return [piece for line in lines for piece in line.pieces]


def _cut(pieces: list[Piece], rank: dict[int, int], em: float, depth: int) -> list[Line]:
    """XY-cut: columns of prose within a band of rows that share vertical gaps are read one after the other."""
    lines: list[Line] = []
    for rows, gutters in _bands(rows_of(pieces), em):
        columns = _columns_of_prose(rows, gutters, rank, em) if depth < 4 else []
        if columns:
            for column in columns:
                lines.extend(_cut(column, rank, em, depth + 1))
        else:
            lines.extend(Line(row) for row in rows)
    return lines


def rows_of(pieces: Iterable[Piece]) -> list[list[Piece]]:
    """Pieces that stand at the same height, each row from left to right."""
    rows: list[list[Piece]] = []
    top = bottom = 0.0
    for piece in sorted(pieces, key=lambda piece: (piece.top + piece.bottom) / 2):
        shared = min(bottom, piece.bottom) - max(top, piece.top)
        if rows and shared > 0.5 * min(bottom - top, piece.height):
            rows[-1].append(piece)
        else:
            rows.append([piece])
            top, bottom = piece.top, piece.bottom
    return [sorted(row, key=lambda piece: piece.x0) for row in rows]


_Gutters = list[tuple[float, float]]


def _bands(rows: list[list[Piece]], em: float) -> list[tuple[list[list[Piece]], _Gutters]]:
    """Runs of rows below each other that share a vertical gap with text on both sides, and the rows between."""
    bands: list[tuple[list[list[Piece]], _Gutters]] = []
    start = 0
    while start < len(rows):
        end, gutters = _longest_run(rows, start, em)
        bands.append((rows[start:end], gutters))
        start = end
    return bands


def _longest_run(rows: list[list[Piece]], start: int, em: float) -> tuple[int, _Gutters]:
    free: _Gutters = [(float("-inf"), float("inf"))]
    best_end, best = start + 1, []
    left, right = float("inf"), float("-inf")
    for end in range(start, len(rows)):
        free = _less(free, rows[end])
        left = min(left, *(piece.x0 for piece in rows[end]))
        right = max(right, *(piece.x1 for piece in rows[end]))
        inner = [(a, b) for a, b in free if a > left and b < right and b - a >= _MIN_GUTTER_EM * em]
        if inner:
            best_end, best = end + 1, inner
        elif best or end - start >= _LONE_ROWS:
            break
    return best_end, best


def _less(free: _Gutters, row: list[Piece]) -> _Gutters:
    """The gutters without what the pieces of a row cover."""
    for piece in row:
        cut: _Gutters = []
        for a, b in free:
            if piece.x1 <= a or piece.x0 >= b:
                cut.append((a, b))
                continue
            if piece.x0 > a:
                cut.append((a, piece.x0))
            if piece.x1 < b:
                cut.append((piece.x1, b))
        free = cut
    return free


def _columns_of_prose(rows: list[list[Piece]], gutters: _Gutters, rank: dict[int, int], em: float) -> list[list[Piece]]:
    """The columns of a band, left to right; empty where it is a table or a row of labels."""
    if not gutters or len(rows) < _MIN_COLUMN_LINES:
        return []
    edges = [(a + b) / 2 for a, b in gutters]
    columns: list[list[Piece]] = [[] for _ in range(len(edges) + 1)]
    for row in rows:
        for piece in row:
            columns[sum(edge < (piece.x0 + piece.x1) / 2 for edge in edges)].append(piece)
    if any(len(column) < 3 for column in columns):
        return []
    prose = [_is_prose(column) for column in columns]
    if all(prose):
        return columns
    # columns drawn one after the other are columns, unless their lines are short and stand in rows like cells
    drawn = all(
        max(rank.get(id(piece), 0) for piece in a) < min(rank.get(id(piece), 0) for piece in b)
        for a, b in pairwise(columns)
    )
    return columns if rank and drawn and any(prose) else []


def _is_prose(column: list[Piece]) -> bool:
    width = max(piece.x1 for piece in column) - min(piece.x0 for piece in column)
    letters = median(len(piece.text) for piece in column)
    fill = median(piece.x1 - piece.x0 for piece in column) / max(width, 1e-9)
    words = median(piece.text.count(" ") + 1 for piece in column)
    return letters >= _PROSE_CHARS and fill >= _PROSE_FILL and words >= 3
