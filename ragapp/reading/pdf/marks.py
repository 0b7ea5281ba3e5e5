"""Annotations on a page of a PDF: form fields as they show their values, comments, stamps, and text struck out."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pypdfium2 import PdfPage
from pypdfium2 import raw as pdfium

from ragapp.reading.left_out import LeftOut
from ragapp.reading.pages.layout import Line, Piece, median_line_height
from ragapp.reading.pdf.objects import Box, PageSpace
from ragapp.reading.text import one_line

_LAST_COMMENT = 15  # kinds of annotations up to this number (ink) can carry a remark
_UNSEEN = 1 << 1 | 1 << 5  # flags of annotations: hidden, and not viewed but printed (ISO 32000-1, table 165)
_PASSWORD = 1 << 13  # flag of a text field that shows only stars (table 228)
_MOST_OPTIONS = 2000


@dataclass(slots=True)
class Marks:
    """What the annotations of a page show."""

    values: list[tuple[str, Box]] = field(default_factory=list)  # of form fields
    notes: list[str] = field(default_factory=list)  # text of comments and stamps
    struck: list[Box] = field(default_factory=list)  # places of text that is struck out, as shown
    over: list[Box] = field(default_factory=list)  # opaque shapes


def read_marks(page: PdfPage, space: PageSpace, forms: bool, place: str, left_out: LeftOut) -> Marks:
    """The annotations of a page that are seen; what is not is noted in ``left_out``."""
    found = Marks()
    for index in range(pdfium.FPDFPage_GetAnnotCount(page)):
        annotation = pdfium.FPDFPage_GetAnnot(page, index)
        if not annotation:
            continue
        try:
            kind = pdfium.FPDFAnnot_GetSubtype(annotation)
            unseen = pdfium.FPDFAnnot_GetFlags(annotation) & _UNSEEN
            if kind == pdfium.FPDF_ANNOT_WIDGET:
                text = _field_value(page, annotation) if forms and page.formenv else ""
                box = _box(annotation, space)
                if text and unseen:
                    filled = text not in ("☐", "☒")
                    left_out.add("hidden form field", "hidden form fields", place, int(filled))
                elif text and box:
                    found.values.append((text, box))
            elif kind <= _LAST_COMMENT and kind != pdfium.FPDF_ANNOT_LINK and not unseen:
                text = one_line(_string(annotation, b"Contents"))
                if kind == pdfium.FPDF_ANNOT_STAMP and not text:
                    text = one_line(_string(annotation, b"Name")).removeprefix("SB").removeprefix("#")
                if kind == pdfium.FPDF_ANNOT_SQUARE and _is_opaque(annotation) and (box := _box(annotation, space)):
                    found.over.append(box)
                if kind == pdfium.FPDF_ANNOT_STRIKEOUT:
                    found.struck += _quads(annotation, space)
                if text:
                    found.notes.append(text)
        finally:
            pdfium.FPDFPage_CloseAnnot(annotation)
    return found


def add_values(lines: list[Line], values: list[tuple[str, Box]]) -> None:
    """Insert the values of form fields into the lines where they are shown."""
    em = median_line_height(lines)
    for text, (x0, y0, x1, y1) in values:
        middle = (y0 + y1) / 2
        slim = min(y1 - y0, 1.2 * em) / 2
        value = Line([Piece(text, x0, middle - slim, x1, middle + slim)])
        lines.insert(_place_of(value, lines), value)


def _box(annotation: Any, space: PageSpace) -> Box | None:
    rect = pdfium.FS_RECTF()
    if not pdfium.FPDFAnnot_GetRect(annotation, rect):
        return None
    return space.box(rect.left, rect.top, rect.right, rect.bottom)


def _is_opaque(annotation: Any) -> bool:
    """Whether a shape is filled, and nothing shows through."""
    colours = [ctypes.c_uint() for _ in range(4)]
    kind = pdfium.FPDFANNOT_COLORTYPE_InteriorColor
    if not pdfium.FPDFAnnot_HasKey(annotation, b"IC") or not pdfium.FPDFAnnot_GetColor(annotation, kind, *colours):
        return False
    return colours[3].value == 255


def _quads(annotation: Any, space: PageSpace) -> list[Box]:
    """A thin box through the middle of each run of text that an annotation marks."""
    points = pdfium.FS_QUADPOINTSF()
    boxes = []
    for index in range(pdfium.FPDFAnnot_CountAttachmentPoints(annotation)):
        if pdfium.FPDFAnnot_GetAttachmentPoints(annotation, index, points):
            across = points.x1, points.x2, points.x3, points.x4
            up = points.y1, points.y2, points.y3, points.y4
            x0, y0, x1, y1 = space.box(min(across), max(up), max(across), min(up))
            if x1 - x0 >= y1 - y0:
                boxes.append((x0, y0 + 0.5 * (y1 - y0), x1, y0 + 0.55 * (y1 - y0)))
    return boxes


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
    if kind in (pdfium.FPDF_FORMFIELD_COMBOBOX, pdfium.FPDF_FORMFIELD_LISTBOX):
        chosen = _chosen(page, annotation)
        if chosen:
            return ", ".join(chosen)
    elif kind != pdfium.FPDF_FORMFIELD_TEXTFIELD:
        return ""
    if pdfium.FPDFAnnot_GetFormFieldFlags(page.formenv, annotation) & _PASSWORD and (
        kind == pdfium.FPDF_FORMFIELD_TEXTFIELD
    ):
        return ""
    return one_line(_wide(functools.partial(pdfium.FPDFAnnot_GetFormFieldValue, page.formenv, annotation)))


def _chosen(page: PdfPage, annotation: Any) -> list[str]:
    """What is shown of the chosen options of a choice field, which may be stored by other names (12.7.4.4)."""
    count = min(pdfium.FPDFAnnot_GetOptionCount(page.formenv, annotation), _MOST_OPTIONS)
    labels = [
        one_line(_wide(functools.partial(pdfium.FPDFAnnot_GetOptionLabel, page.formenv, annotation, index)))
        for index in range(count)
        if pdfium.FPDFAnnot_IsOptionSelected(page.formenv, annotation, index)
    ]
    return [label for label in labels if label]


def _string(annotation: Any, key: bytes) -> str:
    return _wide(functools.partial(pdfium.FPDFAnnot_GetStringValue, annotation, key))


def _wide(fill: Callable[[Any, int], int]) -> str:
    """A UTF-16 string of pdfium, which is asked for its size first."""
    size = fill(None, 0)
    if size <= 2:
        return ""
    buffer = (ctypes.c_ushort * (size // 2))()
    fill(buffer, size)
    return bytes(memoryview(buffer).cast("B")[: size - 2]).decode("utf-16-le", errors="replace")
