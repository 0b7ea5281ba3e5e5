"""The order in which a person reads the boxes of a slide.

Boxes are cut along white gaps as the lines of a page are (see ``layout``), but a slide is no page: two boxes side by
side may be a label with its value, or the heads of two columns. What they say, and how far apart they stand, decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from ragapp.reading.blocks import BlockBuilder

_MAX_BOXES = 300  # of more, which nobody lays out by hand, rows are read
_MAX_DEPTH = 12
_SHORT = 40  # characters; a cell of a row at the most
_LONG = 60  # a text from here on is prose, not a cell
_SHRINK = 0.1  # frames are larger than their text, and may overlap by this part at each side
_INSIDE = 0.9  # of a box that is inside of another
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
# 42 %, 3.5 M€, 12/2024, € 500: a figure with a short unit
_FIGURE = re.compile(r"[^\w\s]{0,2}\s?\d[\d\s.,:/%+\-−–]*\s?\S{0,7}")


@dataclass(slots=True)
class Box:
    """Something on a slide with its place, in any unit; y runs downward."""

    left: float
    top: float
    right: float
    bottom: float
    text: str = ""  # what it says, where that is text alone
    write: Callable[[BlockBuilder], None] | None = None  # adds what it shows; None for a group
    inside: list[Box] = field(default_factory=list)  # boxes that stand in it, or are grouped by it
    rank: int = 0  # the place in the order in which the boxes were drawn

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top


def mirror_right_to_left(boxes: Sequence[Box]) -> None:
    """Turn the places of boxes round, left and right, where most of what they say is Hebrew or Arabic."""
    pending, found, letters, signs = list(boxes), [], 0, 0
    while pending:
        box = pending.pop()
        found.append(box)
        pending += box.inside
        letters += sum(map(str.isalpha, box.text)) if not box.text.isascii() else len(box.text)
        signs += len(_RIGHT_TO_LEFT.findall(box.text)) if not box.text.isascii() else 0
    if signs * 2 > letters:
        for box in found:
            box.left, box.right = -box.right, -box.left


def write_in_order(boxes: Sequence[Box], out: BlockBuilder) -> None:
    """Add what the boxes show, in reading order; short texts in one row stand on one line."""
    rows: list[str] = []
    for unit in reading_order(boxes):
        if len(unit) > 1:
            rows.append("  ".join(box.text for box in unit))
            continue
        out.text("\n".join(rows))
        rows = []
        box = unit[0]
        if box.write is not None:
            box.write(out)
        write_in_order(box.inside, out)
    out.text("\n".join(rows))


def reading_order(boxes: Sequence[Box]) -> list[list[Box]]:
    """The boxes in the order in which they are read: each alone, or with those that it makes a row of cells with."""
    listed = list(boxes)
    for rank, box in enumerate(listed):
        box.rank = rank
    if len(listed) < 2:
        return [[box] for box in listed]
    if len(listed) > _MAX_BOXES:
        return [[box] for row in _rows_by_middle(listed) for box in row]
    return _ordered(_nested(_without_torn_groups(listed)), 0)


def bounds(boxes: Sequence[Box]) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of at least one box."""
    return (
        min(box.left for box in boxes),
        min(box.top for box in boxes),
        max(box.right for box in boxes),
        max(box.bottom for box in boxes),
    )


def is_figure(text: str) -> bool:
    """Whether a text is a figure, with a short unit at the most."""
    return _FIGURE.fullmatch(text.strip()) is not None


def _without_torn_groups(boxes: list[Box]) -> list[Box]:
    """The boxes, those of groups that others stand between in place of the group."""
    found = []
    for box in boxes:
        grouped = box.write is None and box.inside
        if grouped and any(other is not box and _shared(box, other) > 0.1 * _area(other) for other in boxes):
            found += _without_torn_groups(box.inside)
        else:
            found.append(box)
    return found


def _nested(boxes: list[Box]) -> list[Box]:
    """The boxes that stand in no other one; those that do become part of the smallest around them."""
    outer = []
    holders = [(_area(other), other) for other in boxes if other.write is not None]
    for box in boxes:
        area = _area(box)
        around = [other for size, other in holders if size > 1.2 * area and _shared(box, other) >= _INSIDE * area]
        if around:
            min(around, key=_area).inside.append(box)
        else:
            outer.append(box)
    return outer


def _ordered(boxes: list[Box], depth: int) -> list[list[Box]]:
    if len(boxes) < 2:
        return [[box] for box in boxes]
    rows = _groups(boxes, lambda box: _shrunk(box.top, box.bottom))
    columns = _groups(boxes, lambda box: _shrunk(box.left, box.right))
    if depth > _MAX_DEPTH or len(rows) == len(columns) == 1:
        return [[box] for row in _rows_by_middle(boxes) for box in row]
    if len(rows) == 1:
        return _row(columns, depth)
    found: list[list[Box]] = []
    for band in _bands(rows):
        parts = _groups([box for row in band for box in row], lambda box: _shrunk(box.left, box.right))
        if len(band) == 1 or len(parts) == 1:
            for row in band:
                found += _ordered(row, depth + 1)
        elif _are_records(band, parts):
            for row in band:
                found += _row(_groups(row, lambda box: _shrunk(box.left, box.right)), depth)
        else:
            for part in parts:
                found += _ordered(part, depth + 1)
    return found


def _row(columns: list[list[Box]], depth: int) -> list[list[Box]]:
    """Columns of one row, left to right; on one line where each is one short text."""
    cells = [column[0] for column in columns if len(column) == 1]
    if len(cells) == len(columns) > 1 and all(_is_cell(box) for box in cells):
        return [cells]
    return [unit for column in columns for unit in _ordered(column, depth + 1)]


def _is_cell(box: Box) -> bool:
    return 0 < len(box.text) <= _SHORT and "\n" not in box.text and not box.inside


def _bands(rows: list[list[Box]]) -> list[list[list[Box]]]:
    """Runs of rows that share a vertical gap, and the rows between."""
    bands: list[list[list[Box]]] = []
    start = 0
    while start < len(rows):
        end = start + 1
        together = list(rows[start])
        while end < len(rows):
            together += rows[end]
            if len(_groups(together, lambda box: _shrunk(box.left, box.right))) < 2:
                break
            end += 1
        bands.append(rows[start:end])
        start = end
    return bands


def _are_records(rows: list[list[Box]], columns: list[list[Box]]) -> bool:
    """Whether boxes in a grid belong together by rows, as labels and their values do, and not by columns.

    What is of one kind stands in one direction, and what belongs together in the other: figures below figures are
    values of rows, figures beside figures are values of columns. The first row may be a header, the first column
    labels. Where all boxes are of one kind, columns are read, unless the rows stand apart and were drawn one by one.
    """
    first = columns[0]
    if sum(box.text.rstrip().endswith(":") for box in first) * 2 > len(first):
        return True
    by_rows = all(_alike(column) or _alike(column[1:]) for column in columns) and not all(map(_alike, rows[1:]))
    by_columns = all(_alike(row) or _alike(row[1:]) for row in rows) and not all(map(_alike, columns))
    if by_rows != by_columns:
        return by_rows
    apart = _gap(rows, lambda box: (box.top, box.bottom)) > _gap(columns, lambda box: (box.left, box.right))
    return apart and all(max(box.rank for box in a) < min(box.rank for box in b) for a, b in pairwise(rows))


def _alike(boxes: Sequence[Box]) -> bool:
    return len(set(map(_kind, boxes))) < 2


def _kind(box: Box) -> str:
    if not box.text or box.inside:
        return "picture, table or group"
    if is_figure(box.text):
        return "figure"
    return "prose" if len(box.text) > _LONG or box.text.count("\n") > 1 else "words"


def _gap(groups: list[list[Box]], span: Callable[[Box], tuple[float, float]]) -> float:
    """The mean distance between neighbouring groups."""
    ends = [max(span(box)[1] for box in group) for group in groups[:-1]]
    starts = [min(span(box)[0] for box in group) for group in groups[1:]]
    return sum(start - end for start, end in zip(starts, ends, strict=True)) / max(len(ends), 1)


def _groups(boxes: Sequence[Box], span: Callable[[Box], tuple[float, float]]) -> list[list[Box]]:
    """The boxes in groups with white gaps between them along one direction."""
    groups: list[list[Box]] = []
    reached = 0.0
    for box in sorted(boxes, key=lambda box: span(box)[0]):
        start, end = span(box)
        if groups and start < reached:
            groups[-1].append(box)
            reached = max(reached, end)
        else:
            groups.append([box])
            reached = end
    return groups


def _rows_by_middle(boxes: Sequence[Box]) -> list[list[Box]]:
    """Boxes that overlap in every direction, by rows: those whose middle is at the height of the row's first."""
    rows: list[list[Box]] = []
    for box in sorted(boxes, key=lambda box: (box.top + box.bottom) / 2):
        first = rows[-1][0] if rows else None
        if first is not None and (box.top + box.bottom) / 2 <= first.top + 0.75 * first.height:
            rows[-1].append(box)
        else:
            rows.append([box])
    return [sorted(row, key=lambda box: box.left) for row in rows]


def _shrunk(start: float, end: float) -> tuple[float, float]:
    less = _SHRINK * (end - start)
    return start + less, end - less


def _area(box: Box) -> float:
    return max(box.width, 1.0) * max(box.height, 1.0)


def _shared(box: Box, other: Box) -> float:
    across = min(box.right, other.right) - max(box.left, other.left)
    down = min(box.bottom, other.bottom) - max(box.top, other.top)
    return max(across, 0.0) * max(down, 0.0)
