"""One page of a PDF: its lines with their boxes, form values and comments, by pdfium.

pdfium gives text in the order in which it is drawn, with line ends.  Boxes of whole runs are cheap, boxes of single
characters are not (three times the price of the text), so those are asked for only in lines with wide gaps.
"""

from __future__ import annotations

import ctypes
import functools
import re
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from pypdfium2 import PdfPage, PdfTextPage
from pypdfium2 import raw as pdfium

from ragapp.reading.document import Coverage
from ragapp.reading.layout import Line, Piece, median_line_height
from ragapp.reading.paragraphs import HYPHEN
from ragapp.reading.pdf_objects import Box, PageSpace, find_rules
from ragapp.reading.table_detection import Rule
from ragapp.reading.text import clean, one_line

_GAP_EM = 1.0
_LAST_COMMENT = 15  # kinds of annotations up to this number (ink) can carry a remark
_BOLD = re.compile(r"bold|black|heavy|demi|cmbx|sfbx", re.IGNORECASE)
_NO_SPACE = re.compile(r"[^\s\x00]+")


@dataclass(slots=True)
class Page:
    """What was found on a page."""

    height: float  # as it is shown (turned by its /Rotate); in points, or in pixels where it was recognised
    lines: list[Line] = field(default_factory=list)  # in the order in which they are drawn, or in reading order
    notes: list[str] = field(default_factory=list)  # text of comments, one each
    rules: list[Rule] = field(default_factory=list)  # horizontal rules and edges of shaded bars
    coverage: Coverage = "empty"
    confidence: float | None = None  # of OCR, 0 to 1
    pictured: bool = False  # whether the page is a scan


def read_page(page: PdfPage, forms: bool) -> Page:
    """The text of a page, with the values of form fields if it has ``forms``; PdfiumError if it is damaged."""
    ruler = PageSpace(page)
    found = Page(ruler.size[1])
    with closing(page.get_textpage()) as text_page:
        found.lines = _lines(text_page, ruler)
    found.notes = _add_marks(page, ruler, found.lines, forms)
    if any(len(line.pieces) > 1 for line in found.lines):
        found.rules = find_rules(page, ruler)
    found.coverage = "text" if found.lines else "empty"
    return found


# --- text


def _lines(text_page: PdfTextPage, ruler: PageSpace) -> list[Line]:
    handle = text_page.raw
    text = _text(handle)
    edges = [ctypes.c_double() for _ in range(4)]
    left, top, right, bottom = edges
    refs = [ctypes.byref(edge) for edge in edges]
    count_rects, get_rect = pdfium.FPDFText_CountRects, pdfium.FPDFText_GetRect
    box = ruler.box
    found: list[tuple[int, str, Box, int]] = []
    position = 0
    for line, end in _physical_lines(text):
        if line and not line.isspace():
            boxes = []
            for index in range(count_rects(handle, position, len(line))):
                get_rect(handle, index, *refs)
                boxes.append(box(left.value, top.value, right.value, bottom.value))
            boxes = boxes or _loose_boxes(handle, position, len(line), ruler)
            if boxes:
                whole = boxes[0] if len(boxes) == 1 else _around(boxes)
                found.append((position, line, whole, _wide_gaps(line, whole, boxes)))
        position += len(line) + end
    heights = sorted(whole[3] - whole[1] for _, _, whole, _ in found)
    em = heights[len(heights) // 2] if heights else 1.0
    width, height = ruler.size
    lines: list[Line] = []
    wide = [0, *(gaps for _, _, _, gaps in found), 0]
    for index, (start, line, (x0, y0, x1, y1), gaps) in enumerate(found, start=1):
        if x1 < 0 or y1 < 0 or x0 > width or y0 > height:
            continue  # crop marks and the like, outside of what is shown
        # the neighbours of a line with gaps may be the head of a table, drawn in one run; a superscript is a line too
        near = gaps or max(wide[max(0, index - 3) : index + 4]) > 1
        pieces = _pieces(handle, start, line, ruler, _GAP_EM * max(y1 - y0, 0.8 * em)) if near else []
        if not pieces:
            shown = _shown(line)
            pieces = [Piece(shown, x0, y0, x1, y1)] if shown else []
        if pieces:
            lines.append(Line(pieces))
    return lines


def _around(boxes: list[Box]) -> Box:
    left, top, right, bottom = zip(*boxes, strict=True)
    return min(left), min(top), max(right), max(bottom)


def _wide_gaps(line: str, whole: Box, boxes: list[Box]) -> int:
    """The number of wide gaps between the runs of a line; 2 where a run is too wide for its characters."""
    gap = _GAP_EM * (whole[3] - whole[1])
    gaps = sum(abs(b[0] - a[2]) > gap for a, b in pairwise(boxes)) if len(boxes) > 1 else 0
    return gaps or 2 * (whole[2] - whole[0] > 0.75 * (whole[3] - whole[1]) * len(line) and len(line) > 2)


def _physical_lines(text: str) -> Iterator[tuple[str, int]]:
    """(line, characters of its end) of each line; a hyphen at its end stays with it."""
    for line in text.split("\r\n"):
        *broken, last = line.split(HYPHEN)
        for part in broken:
            yield part + HYPHEN, 0
        yield last, 2


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


def _loose_boxes(handle: Any, start: int, count: int, ruler: PageSpace) -> list[Box]:
    """Boxes of the first and last character by the font's metrics, for glyphs without extent (invisible text)."""
    rect = pdfium.FS_RECTF()
    boxes = []
    for index in (start, start + count - 1):
        if pdfium.FPDFText_GetLooseCharBox(handle, index, rect):
            boxes.append(ruler.box(rect.left, rect.top, rect.right, rect.bottom))
    return boxes


def _pieces(handle: Any, start: int, line: str, ruler: PageSpace, gap: float) -> list[Piece]:
    """A line cut at its wide gaps; empty where it does not run from left to right."""
    if not line.isascii() and any(unicodedata.bidirectional(char) in ("R", "AL") for char in line):
        return []
    words = [
        (first, line[first - start : end - start], ruler.box(*box))
        for first, end, box in _word_boxes(handle, start, line, ruler, gap)
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


def _word_boxes(handle: Any, start: int, line: str, ruler: PageSpace, gap: float) -> Iterator[tuple[int, int, Box]]:
    """(first character, character after the last, left, top, right, bottom in page space) of each word."""
    left, right, bottom, top = edges = [ctypes.c_double() for _ in range(4)]
    a, b, c, d = (ctypes.byref(edge) for edge in edges)
    get_box = pdfium.FPDFText_GetCharBox
    along = ruler.turn in (0, 180)  # a gap within a word is only looked for where text runs along x
    for match in _NO_SPACE.finditer(line):
        first = start + match.start()
        x0 = y0 = float("inf")
        x1 = y1 = float("-inf")
        for index in range(first, start + match.end()):
            get_box(handle, index, a, b, c, d)
            if along and index > first and abs(left.value - x1) > gap:
                yield first, index, (x0, y1, x1, y0)
                first, x0, y0, x1, y1 = index, left.value, bottom.value, right.value, top.value
                continue
            if left.value < x0:
                x0 = left.value
            if right.value > x1:
                x1 = right.value
            if bottom.value < y0:
                y0 = bottom.value
            if top.value > y1:
                y1 = top.value
        yield first, start + match.end(), (x0, y1, x1, y0)


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


# --- form fields and comments


def _add_marks(page: PdfPage, ruler: PageSpace, lines: list[Line], forms: bool) -> list[str]:
    """Insert the values of form fields into the lines where they are shown; the text of the comments."""
    values: list[tuple[str, float, float, float, float]] = []
    notes: list[str] = []
    for index in range(pdfium.FPDFPage_GetAnnotCount(page)):
        annotation = pdfium.FPDFPage_GetAnnot(page, index)
        if not annotation:
            continue
        try:
            kind = pdfium.FPDFAnnot_GetSubtype(annotation)
            if kind == pdfium.FPDF_ANNOT_WIDGET and forms and page.formenv:
                text = _field_value(page, annotation)
                rect = pdfium.FS_RECTF()
                if text and pdfium.FPDFAnnot_GetRect(annotation, rect):
                    x0, y0, x1, y1 = ruler.box(rect.left, rect.top, rect.right, rect.bottom)
                    values.append((text, x0, y0, x1, y1))
            elif kind <= _LAST_COMMENT and kind != pdfium.FPDF_ANNOT_LINK:
                read = functools.partial(pdfium.FPDFAnnot_GetStringValue, annotation, b"Contents")
                if text := one_line(_wide(read)):
                    notes.append(text)
        finally:
            pdfium.FPDFPage_CloseAnnot(annotation)
    em = median_line_height(lines)
    for text, x0, y0, x1, y1 in values:
        middle = (y0 + y1) / 2
        slim = min(y1 - y0, 1.2 * em) / 2
        value = Line([Piece(text, x0, middle - slim, x1, middle + slim)])
        lines.insert(_place_of(value, lines), value)
    return notes


def _place_of(value: Line, lines: list[Line]) -> int:
    """The index to insert a form's value at: behind what stands left of it, before what stands right of it."""
    middle = (value.top + value.bottom) / 2
    row = [index for index, line in enumerate(lines) if line.top <= middle <= line.bottom]
    left = [index for index in row if lines[index].x0 <= value.x0]
    if left:
        return max(left, key=lambda index: lines[index].x0) + 1
    if row:
        return min(row, key=lambda index: lines[index].x0)
    return next((index for index, line in enumerate(lines) if line.top > value.bottom), len(lines))


def _field_value(page: PdfPage, annotation: Any) -> str:
    kind = pdfium.FPDFAnnot_GetFormFieldType(page.formenv, annotation)
    if kind in (pdfium.FPDF_FORMFIELD_CHECKBOX, pdfium.FPDF_FORMFIELD_RADIOBUTTON):
        return "☒" if pdfium.FPDFAnnot_IsChecked(page.formenv, annotation) else "☐"
    if kind in (pdfium.FPDF_FORMFIELD_TEXTFIELD, pdfium.FPDF_FORMFIELD_COMBOBOX, pdfium.FPDF_FORMFIELD_LISTBOX):
        return one_line(_wide(functools.partial(pdfium.FPDFAnnot_GetFormFieldValue, page.formenv, annotation)))
    return ""


def _wide(fill: Callable[[Any, int], int]) -> str:
    """A UTF-16 string of pdfium, which is asked for its size first."""
    size = fill(None, 0)
    if size <= 2:
        return ""
    buffer = (ctypes.c_ushort * (size // 2))()
    fill(buffer, size)
    return bytes(memoryview(buffer).cast("B")[: size - 2]).decode("utf-16-le", errors="replace")
