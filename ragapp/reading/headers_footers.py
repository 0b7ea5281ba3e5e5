"""Headers and footers: lines at the edge of most pages, which are no part of the text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from ragapp.reading.layout import Line

_MIN_PAGES = 3
_EDGE = 0.2  # part of the page's height that headers and footers lie in
_NUMBER = re.compile(r"(?<!\d)\d{1,6}(?!\d)")
_MAX_LINES = 8  # at each edge of a page


def remove_headers_footers(
    pages: Sequence[list[Line]], heights: Sequence[float], labels: dict[int, str]
) -> list[list[Line]]:
    """Remove the header and footer lines that most pages, or most left or right ones, share.

    They may differ in one number that counts the pages, or in the page's printed label.  The header of a table that is
    repeated on each page is kept.  Lines are in reading order; ``labels`` are by page index, where they differ from the
    number.
    """
    kept = [list(lines) for lines in pages]
    if len(pages) < _MIN_PAGES:
        return kept
    for from_top in (True, False):
        edges = [_edge_lines(lines, height, from_top) for lines, height in zip(kept, heights, strict=True)]
        depth = [0] * len(pages)
        for _ in range(_MAX_LINES):
            shapes = [
                _shapes(edge[depth[index]].text, index, labels.get(index, ""))
                if depth[index] < len(edge) and not _heads_a_table(edge, depth[index], from_top)
                else set()
                for index, edge in enumerate(edges)
            ]
            shared = _most_shared(shapes)
            if not shared:
                break
            depth = [deep + bool(shapes[index] & shared[index % 2]) for index, deep in enumerate(depth)]
        for index, edge in enumerate(edges):
            gone = {id(line) for line in edge[: depth[index]]}
            kept[index] = [line for line in kept[index] if id(line) not in gone]
    return kept


def _edge_lines(lines: list[Line], height: float, from_top: bool) -> list[Line]:
    ordered = sorted(lines, key=lambda line: line.top if from_top else -line.bottom)[:_MAX_LINES]
    if from_top:
        return [line for line in ordered if line.bottom < _EDGE * height]
    return [line for line in ordered if line.top > (1 - _EDGE) * height]


def _shapes(text: str, index: int, label: str) -> set[str]:
    """The line as it is, and with each number in it written relative to the page's index."""
    shapes = {text}
    for number in _NUMBER.finditer(text):
        shapes.add(f"{text[: number.start()]}\0{int(number[0]) - index}\0{text[number.end() :]}")
    if label and text.endswith(label):
        shapes.add(f"{text.removesuffix(label)}\0label")
    if label and text.startswith(label):
        shapes.add(f"\0label{text.removeprefix(label)}")
    return shapes


def _most_shared(shapes: list[set[str]]) -> tuple[set[str], set[str]] | None:
    """What is shared by more than half of the pages, or by more than half of the even or the odd ones."""
    every = _majority(shapes)
    sides = (side if len(side) >= _MIN_PAGES else [] for side in (shapes[::2], shapes[1::2]))
    even, odd = (every | _majority(side) for side in sides)
    return (even, odd) if even or odd else None


def _majority(shapes: list[set[str]]) -> set[str]:
    counts = Counter(shape for own in shapes for shape in own)
    return {shape for shape, count in counts.items() if count > len(shapes) / 2 and count >= 2}


def _heads_a_table(edge: list[Line], depth: int, from_top: bool) -> bool:
    """Whether a row's cells stand above those of the next row."""
    if not from_top or depth + 1 >= len(edge):
        return False
    row, following = edge[depth], edge[depth + 1]
    if len(row.pieces) < 2 or len(following.pieces) < 2:
        return False
    slack = 0.5 * row.height
    aligned = sum(
        any(abs(cell.x0 - other.x0) < slack or abs(cell.x1 - other.x1) < slack for other in following.pieces)
        for cell in row.pieces
    )
    return aligned >= 2 and aligned >= len(row.pieces) / 2
