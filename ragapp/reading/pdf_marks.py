"""What people added to a page of a PDF: values of form fields, and comments."""

from __future__ import annotations

import ctypes

from ragapp.reading.layout import Line, Piece, em_of
from ragapp.reading.pdf_objects import Ruler
from ragapp.reading.text import clean

_LAST_COMMENT = 15  # kinds of annotations up to this number (ink) can carry a remark


def add_marks(page, ruler: Ruler, lines: list[Line], forms: bool) -> list[str]:
    """Put the values of form fields among the lines, where they are shown.

    Returns:
        The text of the comments.
    """
    from pypdfium2 import raw as pdfium

    values = []
    notes = []
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
                text = _one_line(_annotation_string(annotation, b"Contents"))
                if text:
                    notes.append(text)
        finally:
            pdfium.FPDFPage_CloseAnnot(annotation)
    em = em_of(lines)
    for text, x0, y0, x1, y1 in values:
        middle = (y0 + y1) / 2
        slim = min(y1 - y0, 1.2 * em) / 2
        value = Line([Piece(text, x0, middle - slim, x1, middle + slim)])
        lines.insert(_place_of(value, lines), value)
    return notes


def _place_of(value: Line, lines: list[Line]) -> int:
    """Where a form's value goes among the lines: behind what stands left of it, before what stands right of it."""
    middle = (value.top + value.bottom) / 2
    row = [index for index, line in enumerate(lines) if line.top <= middle <= line.bottom]
    left = [index for index in row if lines[index].x0 <= value.x0]
    if left:
        return max(left, key=lambda index: lines[index].x0) + 1
    if row:
        return min(row, key=lambda index: lines[index].x0)
    return next((index for index, line in enumerate(lines) if line.top > value.bottom), len(lines))


def _field_value(page, annotation) -> str:
    from pypdfium2 import raw as pdfium

    kind = pdfium.FPDFAnnot_GetFormFieldType(page.formenv, annotation)
    if kind in (pdfium.FPDF_FORMFIELD_CHECKBOX, pdfium.FPDF_FORMFIELD_RADIOBUTTON):
        return "☒" if pdfium.FPDFAnnot_IsChecked(page.formenv, annotation) else "☐"
    if kind in (pdfium.FPDF_FORMFIELD_TEXTFIELD, pdfium.FPDF_FORMFIELD_COMBOBOX, pdfium.FPDF_FORMFIELD_LISTBOX):
        return _one_line(
            _wide(lambda buffer, size: pdfium.FPDFAnnot_GetFormFieldValue(page.formenv, annotation, buffer, size))
        )
    return ""


def _annotation_string(annotation, key: bytes) -> str:
    from pypdfium2 import raw as pdfium

    return _wide(lambda buffer, size: pdfium.FPDFAnnot_GetStringValue(annotation, key, buffer, size))


def _wide(fill) -> str:
    """A UTF-16 string of pdfium, which is asked for its size first."""
    size = fill(None, 0)
    if size <= 2:
        return ""
    buffer = (ctypes.c_ushort * (size // 2))()
    fill(buffer, size)
    return bytes(memoryview(buffer).cast("B")[: size - 2]).decode("utf-16-le", errors="replace")


def _one_line(text: str) -> str:
    return " ".join(clean(text).split())
