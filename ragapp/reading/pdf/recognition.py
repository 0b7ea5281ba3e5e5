"""Text recognition (OCR) on pages of a PDF: of whole pages, and of the pictures on pages that have text."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from pypdfium2 import PdfPage
from pypdfium2 import raw as pdfium

from ragapp.errors import ReadingError
from ragapp.reading.document import ReadOptions
from ragapp.reading.left_out import LeftOut
from ragapp.reading.pages import ocr
from ragapp.reading.pages.layout import Line, in_reading_order, median_line_height
from ragapp.reading.pages.pictures import PictureReader, is_large
from ragapp.reading.pdf.objects import Box, Picture, garbled, looks_scanned
from ragapp.reading.pdf.page import Page
from ragapp.reading.pdf.scans import agrees, bare, has_many_odd_words, is_latin, with_stamps

if TYPE_CHECKING:
    from PIL.Image import Image

_COMPARED_PAGES = 3  # of a document whose layers are compared with what they lie on; and as long as one is wrong
_LAYER = 30  # letters and figures: a layer of fewer is not compared
_SAMPLE = 3  # lines of a layer that are compared
_LEAST_SAMPLE = 8  # letters and figures in a line that can be compared
_SURE = 0.8  # confidence from which what is recognised counts more than what a layer says
_LEAST_TEXT, _LEAST_CONFIDENCE = 8, 0.6  # letters and figures on a page behind a stamp: photographs have less
_PICTURE_DPI = 150  # in which the size of a picture is measured
_MOST_PARTS = 200  # pictures of a page that may be parts of others
_DEEPEST_FORM = 6


class PageRecogniser:
    """Recognises what one document's pages show in pictures, where that can be done; else it is told."""

    def __init__(self, pages: int, options: ReadOptions, left_out: LeftOut, warnings: list[str]) -> None:
        self._pages, self._options, self._warnings = pages, options, warnings
        self._pictures = PictureReader(options, left_out)
        self._can = options.ocr != "off" and bool(ocr.chosen_engine(options)[0])
        self._to_compare = _COMPARED_PAGES

    def read(self, page: PdfPage, index: int, found: Page) -> bool:
        """Recognise the page if it is a scan, or its pictures; whether its lines are recognised ones, in order."""
        scanned = looks_scanned(page, _all(found))
        if self._options.ocr == "always" or scanned or found.stamped:
            found.pictured, found.coverage = True, "needs_ocr"
            if self._can and self._recognise(page, index, found):
                return True
            if found.coverage == "needs_ocr" and self._can and found.lines and not (scanned or found.stamped):
                found.coverage = "text"  # no engine worked where there is text
            return False
        if self._can and found.layer and self._is_wrong(page, found) and self._recognise(page, index, found):
            return True
        self._read_pictures(page, index, found)
        return False

    def _recognise(self, page: PdfPage, index: int, found: Page) -> bool:
        """Recognise the page's picture; whether there was text in it that is better than what the page has."""
        self._options.tick(index + 1, self._pages, True)
        inkless = [line for line in found.lines if _in_layer(line, found.layer)]
        stamps: list[Line] = []
        if self._options.ocr != "always" and not garbled(_all(found)):
            stamps = [line for line in found.lines if line not in inkless]
        if stamps or found.turned:
            _blank_text(page)
        image, scale = _draw(page, self._options, marks=not stamps)
        try:
            text = ocr.recognise(image, self._options)
        except ReadingError as error:
            self._warnings.append(f"Page {index + 1} could not be recognised ({error.message}).")
            return False
        shown = "\n".join(line.text for line in text.lines)
        if found.stamped and (text.confidence < _LEAST_CONFIDENCE or len(bare(shown)) < _LEAST_TEXT):
            found.coverage = "text"  # a photograph
            return False
        if found.coverage == "text" and (text.confidence < _SURE or agrees(_text(found.layer), shown)):
            return False
        if not text.lines:
            found.coverage = "text" if found.lines and not garbled(_all(found)) else "empty"
            return False
        found.height = image.width if text.turn in (90, 270) else image.height
        found.coverage, found.confidence, found.rules, found.grids = "ocr", text.confidence, [], []
        if stamps and found.upright and not text.turn:
            found.lines = with_stamps(text.lines, stamps, scale)
        else:
            found.lines = in_reading_order(text.lines, median_line_height(text.lines))
            found.turned += [stamps] if stamps else []
        return True

    def _is_wrong(self, page: PdfPage, found: Page) -> bool:
        """Whether a layer that was recognised by another program says something else than the picture shows."""
        text = _text(found.layer)
        if len(bare(text)) < _LAYER or (self._to_compare <= 0 and not has_many_odd_words(text)):
            return False
        wrong = not self._says_the_same(page, found.layer)
        self._to_compare = _COMPARED_PAGES if wrong else self._to_compare - 1
        return wrong

    def _says_the_same(self, page: PdfPage, layer: Sequence[tuple[str, Box]]) -> bool:
        """Whether the picture shows what a layer says, by its longest lines; so it is where that cannot be told."""
        fit = [(text, box) for text, box in layer if len(bare(text)) >= _LEAST_SAMPLE and is_latin(text)]
        said, shown = [], []
        for text, (x0, y0, x1, y1) in sorted(fit, key=lambda one: -len(one[0]))[:_SAMPLE]:
            room = 0.6 * min(y1 - y0, x1 - x0)
            image, _ = _draw(page, self._options, (x0 - room, y0 - room, x1 + room, y1 + room), marks=False)
            try:
                found = ocr.recognise(image, self._options)
            except ReadingError:
                return True
            if found.confidence >= _SURE or not (found.lines or found.dropped):
                said.append(text)
                shown += [line.text for line in found.lines]
        return agrees("\n".join(said), "\n".join(shown))

    def _read_pictures(self, page: PdfPage, index: int, found: Page) -> None:
        """Recognise the large pictures on a page that has text, each once in the document."""
        width, height = page.get_size()
        blank = False
        for parts in _joined(found.pictures):
            boxes = [one.box for one in parts]
            x0, y0 = max(0.0, min(box[0] for box in boxes)), max(0.0, min(box[1] for box in boxes))
            x1, y1 = min(width, max(box[2] for box in boxes)), min(height, max(box[3] for box in boxes))
            pixels = _PICTURE_DPI / 72
            if not is_large((x1 - x0) * pixels, (y1 - y0) * pixels) or not _is_fine(parts):
                continue
            if self._pictures.is_known(b"".join(map(_stream, parts))):
                continue
            if self._can and not blank:
                _blank_text(page)
                blank = True
            draw = partial(_region, page, self._options, (x0, y0, x1, y1))
            text = self._pictures.drawn_text(draw, f"p. {index + 1}")
            if text:
                found.in_pictures.append(text)


def _in_layer(line: Line, layer: Sequence[tuple[str, Box]]) -> bool:
    x, y = (line.x0 + line.x1) / 2, (line.top + line.bottom) / 2
    return any(x0 <= x <= x1 and y0 <= y <= y1 for _, (x0, y0, x1, y1) in layer)


def _all(found: Page) -> str:
    return "\n".join(line.text for line in found.lines)


def _text(layer: Sequence[tuple[str, Box]]) -> str:
    return "\n".join(text for text, _ in layer)


def _joined(pictures: Sequence[Picture]) -> list[list[Picture]]:
    """Pictures that lie above each other without a gap, as scanners store one in strips, together; others alone."""
    joined: list[list[Picture]] = []
    for one in pictures[:_MOST_PARTS]:
        x0, y0, x1, _ = one.box
        for parts in joined:
            a, _, b, bottom = parts[-1].box
            if abs(a - x0) < 1 and abs(b - x1) < 1 and abs(bottom - y0) < 1:
                parts.append(one)
                break
        else:
            joined.append([one])
    return joined + [[one] for one in pictures[_MOST_PARTS:]]


def _is_fine(parts: Sequence[Picture]) -> bool:
    """Whether a picture has pixels enough to hold text; a ground of few pixels may be drawn large."""
    width, height = ctypes.c_uint(), ctypes.c_uint()
    sizes = []
    for part in parts:
        if not pdfium.FPDFImageObj_GetImagePixelSize(part.item, width, height):
            return True
        sizes.append((width.value, height.value))
    return is_large(max(across for across, _ in sizes), sum(down for _, down in sizes))


def _stream(picture: Picture) -> bytes:
    size = pdfium.FPDFImageObj_GetImageDataRaw(picture.item, None, 0)
    buffer = ctypes.create_string_buffer(size)
    pdfium.FPDFImageObj_GetImageDataRaw(picture.item, buffer, size)
    return buffer.raw


def _draw(page: PdfPage, options: ReadOptions, box: Box | None = None, marks: bool = True) -> tuple[Image, float]:
    """(a page, or the part of it in a box as shown, as a picture, pixels a point); with its annotations or without."""
    width, height = page.get_size()
    x0, y0, x1, y1 = box or (0.0, 0.0, width, height)
    x0, y0, x1, y1 = max(x0, 0.0), max(y0, 0.0), min(x1, width), min(y1, height)
    scale: float = min(ocr.dpi(options) / 72, (ocr.MAX_PIXELS / max((x1 - x0) * (y1 - y0), 1.0)) ** 0.5)
    bitmap = page.render(scale=scale, crop=(x0, height - y1, width - x1, y0), may_draw_forms=marks, draw_annots=marks)
    try:
        return bitmap.to_pil().convert("RGB"), scale
    finally:
        bitmap.close()


def _region(page: PdfPage, options: ReadOptions, box: Box) -> Image:
    return _draw(page, options, box, marks=False)[0]


def _blank_text(page: PdfPage) -> None:
    """Draw the page without its text from now on, so that only pictures and drawings are recognised."""
    count = pdfium.FPDFPage_CountObjects(page)
    for item in _texts((pdfium.FPDFPage_GetObject(page, index) for index in range(count)), 0):
        pdfium.FPDFTextObj_SetTextRenderMode(item, pdfium.FPDF_TEXTRENDERMODE_INVISIBLE)


def _texts(items: Iterable[Any], depth: int) -> Iterator[Any]:
    for item in items:
        kind = pdfium.FPDFPageObj_GetType(item)
        if kind == pdfium.FPDF_PAGEOBJ_TEXT:
            yield item
        elif kind == pdfium.FPDF_PAGEOBJ_FORM and depth < _DEEPEST_FORM:
            count = pdfium.FPDFFormObj_CountObjects(item)
            yield from _texts((pdfium.FPDFFormObj_GetObject(item, index) for index in range(count)), depth + 1)
