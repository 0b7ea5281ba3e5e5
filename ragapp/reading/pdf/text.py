"""Lines of the text layer of a PDF page, by pdfium, each in the direction in which it is written.

pdfium gives text in the order in which it is drawn, with line ends.  Boxes of whole runs are cheap, boxes of single
characters are not (three times the price of the text), so those are asked for only in lines with wide gaps, and sizes
and baselines only in lines whose runs differ in height.
"""

from __future__ import annotations

import ctypes
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from pypdfium2 import PdfPage, PdfTextPage
from pypdfium2 import raw as pdfium

from ragapp.reading.pages import bidi
from ragapp.reading.pages.layout import Line, Piece
from ragapp.reading.pages.paragraphs import HYPHEN
from ragapp.reading.pdf.marks import Marks
from ragapp.reading.pdf.objects import COVERED, Box, Drawn, PageSpace, covered
from ragapp.reading.pdf.scripts import Chars, Run, differs, mark_scripts, odd_runs
from ragapp.reading.pdf.strikes import strike_out
from ragapp.reading.pdf.visibility import drop_unseen, mark_covered
from ragapp.reading.text import clean

_GAP_EM = 1.0
_GLUE_EM = 0.6  # a raised figure and what follows it stand no farther from each other
_BOLD = re.compile(r"bold|black|heavy|demi|cmbx|sfbx", re.IGNORECASE)
_NOTHING = "\x01"  # stands for a character that is not written, in a line whose characters keep their places
_NO_SPACE = re.compile(r"[^\s\x00]+")


@dataclass(slots=True)
class Direction:
    """The lines that are written in one direction, in the space in which they run from left to right."""

    space: PageSpace
    lines: list[Line]  # in the order in which they are drawn


@dataclass(slots=True)
class TextLayer:
    """The text of a page, and how much of it is left out."""

    directions: list[Direction]  # that of most of the text first
    outside: int = 0  # lines beyond the crop box
    struck: int = 0  # passages with a line through them
    unseen: int = 0  # passages without ink, in the colour of the paper, or covered
    layer: list[Run] = field(default_factory=list)  # runs without ink that stand on a picture or a drawing


def read_lines(page: PdfPage, text_page: PdfTextPage, space: PageSpace, drawn: Drawn, marks: Marks) -> TextLayer:
    """The text that is seen on a page, with what else is ``drawn`` on it in ``space``, and its annotations."""
    handle = text_page.raw
    found: dict[int, tuple[PageSpace, Chars, list[Run]]] = {}
    for start, line in _physical_lines(_text(handle)):
        if line and not line.isspace():
            turn = _turn(handle, start, line, space.turn)
            if turn not in found:
                frame = space if turn == space.turn else PageSpace(page, turn)
                found[turn] = frame, Chars(handle, frame), []
            frame, chars, runs = found[turn]
            for run in _runs(handle, start, line, frame, chars):
                if not (runs and _goes_on(runs[-1], run)):
                    runs.append(run)
                else:
                    _append(runs[-1], run)
    layer = TextLayer([])
    for frame, chars, runs in found.values():
        if frame is space:
            layer.unseen = drop_unseen(page, handle, chars, runs, drawn, marks.over)
            if drawn.pictures and covered((one.box for one in drawn.pictures), space.size) >= COVERED:
                mark_covered(page, handle, runs, drawn.pictures)
            layer.layer = [run for run in runs if run.inkless]
            layer.struck = strike_out(chars, runs, [*marks.struck, *drawn.strokes])
        lines, outside = _lines(handle, runs, frame, chars)
        layer.outside += outside
        if lines:
            layer.directions.append(Direction(frame, lines))
    layer.directions.sort(key=lambda one: -sum(len(line.text) for line in one.lines))
    return layer


def _turn(handle: Any, start: int, line: str, usual: int) -> int:
    """By how many degrees the page must be turned, clockwise, for a line to run from left to right."""
    first = start + len(line) - len(line.lstrip())
    radians = pdfium.FPDFText_GetCharAngle(handle, first)
    if radians == 0.0:
        return 0
    angle = -math.degrees(radians) % 360
    near = round(angle / 90) * 90
    return near % 360 if abs(angle - near) < 15 else usual


def _runs(handle: Any, start: int, line: str, space: PageSpace, chars: Chars) -> Iterator[Run]:
    """The line as one run, or as several where pdfium takes characters below each other, drawn one by one, for one."""
    left, top, right, bottom = chars.edges
    refs = chars.refs
    rects = []
    for index in range(pdfium.FPDFText_CountRects(handle, start, len(line))):
        pdfium.FPDFText_GetRect(handle, index, *refs)
        rects.append((left.value, top.value, right.value, bottom.value))
    boxes = [space.box(*rect) for rect in rects] or _loose_boxes(handle, start, len(line), space)
    if not boxes:
        return
    if len(boxes) == 1:
        yield Run(start, list(line), boxes[0], _wide_gaps(line, boxes[0], boxes), False)
        return
    whole = _around(boxes)
    if any(b[1] > a[3] + (a[3] - a[1]) / 4 and a[1] < b[1] for a, b in pairwise(boxes)):
        parts = list(_stacked(chars, start, line))
        if len(parts) > 1:
            for first, part in parts:
                yield from _runs(handle, first, part, space, chars)
            return
    odd = odd_runs(boxes) if rects else []
    yield Run(start, list(line), whole, _wide_gaps(line, whole, boxes), bool(odd) and differs(chars, rects, odd))


def _stacked(chars: Chars, start: int, line: str) -> Iterator[tuple[int, str]]:
    """A line cut where its baseline falls by most of the size of the type."""
    first, before = 0, None
    for place, char in enumerate(line):
        if char.isspace():
            continue
        baseline = chars.baseline(start + place)
        if before is not None and baseline - before > 0.8 * chars.size(start + place):
            yield start + first, line[first:place]
            first = place
        before = baseline
    yield start + first, line[first:]


def _goes_on(before: Run, run: Run) -> bool:
    """Whether a run goes on where the one before it ends, in other type: a raised figure, or the text behind one."""
    a, b = before.box, run.box
    em = max(a[3] - a[1], b[3] - b[1])
    shared = min(a[3], b[3]) - max(a[1], b[1])
    beside = -0.3 * em < b[0] - a[2] < _GLUE_EM * em and shared > 0.15 * min(a[3] - a[1], b[3] - b[1])
    return beside and (before.uneven or run.uneven or bool(odd_runs([a, b])))


def _append(before: Run, run: Run) -> None:
    """Make two runs one; what stands between them is a space where there is room for one."""
    gap = run.box[0] - before.box[2]
    em = max(before.box[3] - before.box[1], run.box[3] - run.box[1])
    between = run.start - before.start - len(before.chars)
    spaced = before.chars[-1].isspace() or run.chars[0].isspace()
    before.chars += ["" if spaced or gap < 0.27 * em else " "] + [""] * (between - 1) if between else []
    before.chars += run.chars
    before.box = _around([before.box, run.box])
    before.gaps = max(before.gaps, run.gaps)
    before.uneven = True


def _lines(handle: Any, runs: list[Run], space: PageSpace, chars: Chars) -> tuple[list[Line], int]:
    heights = sorted(run.box[3] - run.box[1] for run in runs)
    em = heights[len(heights) // 2] if heights else 1.0
    width, height = space.size
    lines: list[Line] = []
    outside = 0
    wide = [0, *(run.gaps for run in runs), 0]
    for index, run in enumerate(runs, start=1):
        x0, y0, x1, y1 = run.box
        if x1 < 0 or y1 < 0 or x0 > width or y0 > height:
            outside += 1  # beyond the crop box
            continue
        if run.uneven:
            mark_scripts(chars, run.start, run.chars)
        # the neighbours of a line with gaps may be the head of a table, drawn in one run; a superscript is a line too
        near = run.gaps or max(wide[max(0, index - 3) : index + 4]) > 1
        text = run.text
        if not text.isascii() and bidi.has_rtl(text):
            shown = _shown(bidi.logical(chars.placed(run.start, run.chars)))
            lines += [Line([Piece(shown, x0, y0, x1, y1)])] if shown else []
            continue
        pieces = _pieces(handle, run, space, _GAP_EM * max(y1 - y0, 0.8 * em)) if near else []
        if not pieces:
            shown = _shown(text)
            pieces = [Piece(shown, x0, y0, x1, y1, _all_bold(handle, run))] if shown else []
        if pieces:
            size = chars.size(run.start + _first(run))
            for piece in pieces:
                piece.size = size
            lines.append(Line(pieces))
    return lines, outside


def _around(boxes: list[Box]) -> Box:
    left, top, right, bottom = zip(*boxes, strict=True)
    return min(left), min(top), max(right), max(bottom)


def _wide_gaps(line: str, whole: Box, boxes: list[Box]) -> int:
    """The number of wide gaps between the runs of a line; 2 where a run is too wide for its characters."""
    gap = _GAP_EM * (whole[3] - whole[1])
    gaps = sum(abs(b[0] - a[2]) > gap for a, b in pairwise(boxes)) if len(boxes) > 1 else 0
    return gaps or 2 * (whole[2] - whole[0] > 0.75 * (whole[3] - whole[1]) * len(line) and len(line) > 2)


def _physical_lines(text: str) -> Iterator[tuple[int, str]]:
    """(index of its first character, text) of each line; a hyphen at its end stays with it."""
    start = 0
    for line in text.split("\r\n"):
        *broken, last = line.split(HYPHEN)
        for part in broken:
            yield start, part + HYPHEN
            start += len(part) + 1
        yield start, last
        start += len(last) + 2


def _text(handle: Any) -> str:
    """All characters by their index; where pdfium leaves some out (beyond UCS-2, unmapped), asked one by one."""
    count = pdfium.FPDFText_CountChars(handle)
    if count <= 0:
        return ""
    buffer = (ctypes.c_ushort * (count + 1))()
    written = pdfium.FPDFText_GetText(handle, 0, count, buffer)
    text = bytes(memoryview(buffer).cast("B")[: 2 * max(written - 1, 0)]).decode("utf-16-le", errors="replace")
    if len(text) == count:
        return text
    codes = (pdfium.FPDFText_GetUnicode(handle, index) for index in range(count))
    # 2 is what a hyphen at the end of a line is called here
    return "".join(HYPHEN if code == 2 else chr(code) if code < 0x110000 else "\ufffd" for code in codes)


def _loose_boxes(handle: Any, start: int, count: int, space: PageSpace) -> list[Box]:
    """Boxes of the first and last character by the font's metrics, for glyphs without extent (invisible text)."""
    rect = pdfium.FS_RECTF()
    boxes = []
    for index in (start, start + count - 1):
        if pdfium.FPDFText_GetLooseCharBox(handle, index, rect):
            boxes.append(space.box(rect.left, rect.top, rect.right, rect.bottom))
    return boxes


def _pieces(handle: Any, run: Run, space: PageSpace, gap: float) -> list[Piece]:
    """A line cut at its wide gaps; empty where it does not run from left to right."""
    start, chars = run.start, run.chars
    line = "".join(char[:1] or _NOTHING for char in chars) if run.uneven else run.text
    words = [
        (first, "".join(chars[first - start : end - start]), space.box(*box))
        for first, end, box in _word_boxes(handle, start, line, space, gap)
    ]
    pieces: list[Piece] = []
    for first, text, (x0, y0, x1, y1) in words:
        text = _shown(text)
        if not text:
            continue
        last = pieces[-1] if pieces else None
        if last is not None and x0 < last.x1 - gap:
            return []
        if last is not None and x0 - last.x1 <= gap:
            last.add_word(text, x0, y0, x1, y1)
        else:
            pieces.append(Piece(text, x0, y0, x1, y1, _is_bold(handle, first), [(text, x0, x1)]))
    return pieces


def _word_boxes(handle: Any, start: int, line: str, space: PageSpace, gap: float) -> Iterator[tuple[int, int, Box]]:
    """(first character, character after the last, left, top, right, bottom in page space) of each word."""
    left, right, bottom, top = edges = [ctypes.c_double() for _ in range(4)]
    a, b, c, d = (ctypes.byref(edge) for edge in edges)
    get_box = pdfium.FPDFText_GetCharBox
    uneven = _NOTHING in line
    along = space.turn in (0, 180)  # a gap within a word is only looked for where text runs along x
    for match in _NO_SPACE.finditer(line):
        first = start + match.start()
        x0 = y0 = float("inf")
        x1 = y1 = float("-inf")
        for index in range(first, start + match.end()):
            if uneven and line[index - start] == _NOTHING:
                continue
            get_box(handle, index, a, b, c, d)
            x, right_edge, low, high = left.value, right.value, bottom.value, top.value
            if along and index > first and abs(x - x1) > gap:
                yield first, index, (x0, y1, x1, y0)
                first, x0, y0, x1, y1 = index, x, low, right_edge, high
                continue
            if x < x0:
                x0 = x
            if right_edge > x1:
                x1 = right_edge
            if low < y0:
                y0 = low
            if high > y1:
                y1 = high
        yield first, start + match.end(), (x0, y1, x1, y0)


def _first(run: Run) -> int:
    """The place of a run's first character that is no space."""
    return next((place for place, char in enumerate(run.chars) if char.strip()), 0)


def _all_bold(handle: Any, run: Run) -> bool:
    """Whether a line is bold from its first character to its last."""
    last = next((place for place in range(len(run.chars) - 1, -1, -1) if run.chars[place].strip()), 0)
    return _is_bold(handle, run.start + _first(run)) and _is_bold(handle, run.start + last)


def _is_bold(handle: Any, index: int) -> bool:
    buffer = ctypes.create_string_buffer(128)
    flags = ctypes.c_int()
    size = pdfium.FPDFText_GetFontInfo(handle, index, buffer, 128, ctypes.byref(flags))
    return 0 < size <= 128 and bool(_BOLD.search(buffer.value.decode("utf-8", errors="replace")))


def _shown(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text.strip()
    parts = text.replace("\x02", HYPHEN).replace("\n", " ").replace("\r", " ").split(HYPHEN)
    return HYPHEN.join(clean(part) for part in parts).strip()
