"""One page of a PDF: its lines with their boxes, form values and comments, by pdfium.

pdfium gives text in the order in which it is drawn, with line ends.  Boxes of whole runs are cheap, boxes of single
characters are not (three times the price of the text), so those are asked for only in lines with wide gaps.
"""

from __future__ import annotations

import ctypes
import functools
import re
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from pypdfium2 import PdfPage
from pypdfium2 import raw as pdfium

from ragapp.reading.document import Coverage
from ragapp.reading.layout import Line, Piece, median_line_height
from ragapp.reading.pdf_objects import PageSpace, find_rules
from ragapp.reading.pdf_text import read_lines
from ragapp.reading.table_detection import Rule
from ragapp.reading.text import one_line

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
    turned: list[list[Line]] = field(default_factory=list)  # lines that run in other directions, each by itself
    outside: int = 0  # lines beyond the crop box
    pictured: bool = False  # whether the page is a scan


def read_page(page: PdfPage, forms: bool) -> Page:
    """The text of a page, with the values of form fields if it has ``forms``; PdfiumError if it is damaged."""
    ruler = PageSpace(page)
    with closing(page.get_textpage()) as text_page:
        directions, outside = read_lines(page, text_page, ruler)
    ruler = directions[0].space if directions else ruler
    found = Page(ruler.size[1], outside=outside)
    if directions:
        found.lines = directions[0].lines
        found.turned = [direction.lines for direction in directions[1:]]
    found.notes = _add_marks(page, ruler, found.lines, forms)
    if any(len(line.pieces) > 1 for line in found.lines):
        found.rules = find_rules(page, ruler)
    found.coverage = "text" if found.lines else "empty"
    return found


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
