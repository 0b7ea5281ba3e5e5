"""Words on a page of a PDF: where a quote stands, where words that are looked for stand, and the text over its picture.

Runs in the process of :mod:`ragapp.web.pdf_process`.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ragapp.reading.tables import row_cells
from ragapp.web.highlight import occurrences, quote_spans

if TYPE_CHECKING:
    from pypdfium2 import PdfPage, PdfTextPage

    from ragapp.reading.pdf.objects import PageSpace

# by this share of their height boxes are larger than the glyphs
_ROOM = 0.15
# a page may have more characters than anybody could select
_MOST_CHARACTERS = 100_000
# a gap this wide, as a share of the line's height, parts two runs of text
_GAP = 1.0

Rectangle = tuple[float, float, float, float]  # left, top, right, bottom, in points; y runs downward


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on a page, each number a share of the page's width or height, from its upper left corner."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Run:
    """Characters that stand next to each other on one line of a page."""

    text: str
    box: Box
    line: bool  # whether a new line of the text begins with it


@contextmanager
def text_of(page: PdfPage) -> Iterator[tuple[PdfTextPage, str]]:
    """pdfium's text of a page, and the same as a string with a character for each of its own."""
    from pypdfium2 import raw as pdfium

    text_page = page.get_textpage()
    try:
        count = min(text_page.count_chars(), _MOST_CHARACTERS)
        yield text_page, "".join(_character(pdfium.FPDFText_GetUnicode(text_page.raw, index)) for index in range(count))
    finally:
        text_page.close()


def quote_boxes(page: PdfPage, space: PageSpace, quote: str, near: float) -> tuple[Box, ...]:
    """Boxes around the words of a quote, one a line; ``near`` (0 to 1) is where on the page they are expected.

    A row of a table whose cells are drawn one column after the other is marked in its own line only.
    """
    with text_of(page) as (text_page, text):
        spans = quote_spans(text, quote, near)
        cells = [cell for line in quote.splitlines() for cell in row_cells(line)] if "|" in quote else []
        if len(spans) != 1 and len(cells) > 1 and "\n" not in quote.strip():
            row = _row(text_page, space, text, cells, near)
            if row:
                return _boxes(row, space)
        found = [box for start, end in spans for box in _rectangles(text_page, space, start, end)]
    return _boxes(found, space)


def word_boxes(page: PdfPage, space: PageSpace, words: str) -> tuple[tuple[Box, ...], ...]:
    """Boxes around each place of a page where some words stand."""
    with text_of(page) as (text_page, text):
        spans = occurrences(text, words)
        return tuple(_boxes(_rectangles(text_page, space, start, end), space) for start, end in spans)


def count_words(page: PdfPage, words: str) -> int:
    """At how many places of a page some words stand."""
    with text_of(page) as (_, text):
        return len(occurrences(text, words))


def page_runs(page: PdfPage, space: PageSpace) -> tuple[Run, ...]:
    """The text of a page, as runs in the order of the text."""
    from pypdfium2 import raw as pdfium

    runs: list[tuple[list[str], list[float], bool]] = []
    box = pdfium.FS_RECTF()
    broken = True
    with text_of(page) as (text_page, text):
        raw = text_page.raw
        for index, character in enumerate(text):
            if character in "\r\n":
                broken = True
                continue
            if not pdfium.FPDFText_GetLooseCharBox(raw, index, box):
                continue
            x0, y0, x1, y1 = space.box(box.left, box.top, box.right, box.bottom)
            if character.isspace() or x1 <= x0 or y1 <= y0:
                # pdfium's own spaces have no extent; the next character says how wide they are
                if runs and not broken and runs[-1][0][-1] != " ":
                    runs[-1][0].append(" ")
                continue
            if runs and not broken:
                letters, (a0, b0, a1, b1), _ = runs[-1]
                height = max(b1 - b0, y1 - y0)
                on_line = min(b1, y1) - max(b0, y0) > 0.5 * min(b1 - b0, y1 - y0)
                if on_line and -0.5 * height < x0 - a1 < _GAP * height:
                    letters.append(_shown(character))
                    runs[-1][1][:] = min(a0, x0), min(b0, y0), max(a1, x1), max(b1, y1)
                    continue
                broken = not on_line
            runs.append(([_shown(character)], [x0, y0, x1, y1], broken))
            broken = False
    width, height = space.size
    return tuple(
        Run("".join(letters), Box(x0 / width, y0 / height, (x1 - x0) / width, (y1 - y0) / height), line)
        for letters, (x0, y0, x1, y1), line in runs
    )


def _row(text_page: PdfTextPage, space: PageSpace, text: str, cells: Sequence[str], near: float) -> list[Rectangle]:
    """Rectangles of a row's cells, where at least half of them are on one line; none where they are not."""
    places: list[tuple[float, int, Rectangle]] = []  # middle of the line, number of the cell, rectangle
    for number, cell in enumerate(cells):
        for start, end in occurrences(text, cell):
            for place in _rectangles(text_page, space, start, end):
                places.append(((place[1] + place[3]) / 2, number, place))
    best: tuple[int, float, list[Rectangle]] = (0, 0.0, [])
    for middle, _, (_, top, _, bottom) in places:
        here = [(number, place) for y, number, place in places if abs(y - middle) < 0.5 * (bottom - top)]
        score = len({number for number, _ in here}), -abs(middle / max(space.size[1], 1.0) - near)
        if score > best[:2]:
            best = *score, [place for _, place in here]
    wanted = len([cell for cell in cells if cell.strip()])
    return best[2] if best[0] > 1 and 2 * best[0] >= wanted else []


def _rectangles(text_page: PdfTextPage, space: PageSpace, start: int, end: int) -> list[Rectangle]:
    from pypdfium2 import raw as pdfium

    edges = [ctypes.c_double() for _ in range(4)]
    left, top, right, bottom = edges
    refs = [ctypes.byref(edge) for edge in edges]
    found = []
    for index in range(pdfium.FPDFText_CountRects(text_page.raw, start, end - start)):
        pdfium.FPDFText_GetRect(text_page.raw, index, *refs)
        found.append(space.box(left.value, top.value, right.value, bottom.value))
    return found


def _boxes(rectangles: Sequence[Rectangle], space: PageSpace) -> tuple[Box, ...]:
    """Rectangles as shares of the page, with the room that type leaves above and below."""
    width, height = space.size
    made = []
    for x0, y0, x1, y1 in _lines(rectangles):
        room = _ROOM * (y1 - y0)
        made.append(
            Box((x0 - room) / width, (y0 - room) / height, (x1 - x0 + 2 * room) / width, (y1 - y0 + 2 * room) / height)
        )
    return tuple(made)


def _character(code: int) -> str:
    return chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else " "


def _shown(character: str) -> str:
    """A character as it is copied: pdfium's sign for a hyphen at a line's end is a hyphen."""
    return "-" if character in "\x02\ufffe\xad" else character


def _lines(boxes: Sequence[Rectangle]) -> list[Rectangle]:
    """Boxes of one line that follow each other closely, as one."""
    merged: list[Rectangle] = []
    for x0, y0, x1, y1 in boxes:
        if merged:
            a0, b0, a1, b1 = merged[-1]
            height = max(b1 - b0, y1 - y0)
            if min(b1, y1) - max(b0, y0) > 0.4 * min(b1 - b0, y1 - y0) and -height < x0 - a1 < height:
                merged[-1] = min(a0, x0), min(b0, y0), max(a1, x1), max(b1, y1)
                continue
        merged.append((x0, y0, x1, y1))
    return merged
