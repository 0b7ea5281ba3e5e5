"""Draws pages of PDFs and finds words on them; runs in the process of :mod:`ragapp.web.pdf_process`."""

from __future__ import annotations

import io
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ragapp.errors import ReadingError
from ragapp.web.highlight import quote_spans

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage

    from ragapp.reading.pdf.objects import PageSpace

# pixels across, enough for a page beside the chat on a screen of double density
WIDTH = 1000
# a page that is very long is made smaller, so that no file can ask for a picture of any size
_MOST_PIXELS = 6_000_000
_QUALITY = 85
# by this share of their height boxes are larger than the glyphs
_ROOM = 0.15
_KEPT_FILES = 4


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on a page, each number a share of the page's width or height, from its upper left corner."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class PlacedQuote:
    """Where a quote stands on a page."""

    boxes: tuple[Box, ...]  # around its words, one a line; empty where they were not found
    ratio: float  # height of the page by its width
    pages: int  # of the file


class PdfPages:
    """Draws pages and finds words on them; pdfium may be used by one thread at a time only.

    ``passwords`` are tried on protected files, after no password at all.
    """

    def __init__(self, passwords: Sequence[str] = ()):
        self._passwords = (None, *passwords)
        self._files: OrderedDict[tuple[str, int, int], PdfDocument] = OrderedDict()

    def draw(self, path: Path, page: int) -> bytes:
        """A page as JPEG; see :meth:`ragapp.web.pdf_view.PdfView.picture`."""
        with _readable(path):
            shown = self._page(path, page)
            try:
                width, height = shown.get_size()
                scale = min(WIDTH / max(width, 1.0), (_MOST_PIXELS / max(width * height, 1.0)) ** 0.5)
                picture = shown.render(scale=scale, may_draw_forms=True).to_pil().convert("RGB")
            finally:
                shown.close()
        stream = io.BytesIO()
        picture.save(stream, "JPEG", quality=_QUALITY)
        return stream.getvalue()

    def find(self, path: Path, page: int, quote: str, near: float) -> PlacedQuote:
        """Where words stand; see :meth:`ragapp.web.pdf_view.PdfView.place`."""
        from ragapp.reading.pdf.objects import PageSpace

        with _readable(path):
            shown = self._page(path, page)
            try:
                ruler = PageSpace(shown)
                boxes = _boxes(shown, ruler, quote, near) if quote.strip() else ()
            finally:
                shown.close()
            width, height = (max(side, 1.0) for side in ruler.size)
            return PlacedQuote(boxes, height / width, len(self._file(path)))

    def _page(self, path: Path, page: int) -> PdfPage:
        pdf = self._file(path)
        if not 1 <= page <= len(pdf):
            raise ReadingError(f"{path.name} has no page {page}")
        return pdf[page - 1]

    def _file(self, path: Path) -> PdfDocument:
        import pypdfium2

        key = identity(path)
        if key not in self._files:
            for password in self._passwords:
                with suppress(pypdfium2.PdfiumError):
                    pdf = self._files[key] = pypdfium2.PdfDocument(path, password=password)
                    if pdf.get_formtype():
                        pdf.init_forms()
                    break
            else:
                raise ReadingError(f"{path.name} cannot be opened")
        self._files.move_to_end(key)
        while len(self._files) > _KEPT_FILES:
            self._files.popitem(last=False)[1].close()
        return self._files[key]


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turns what pdfium and the system say of a file into an error of that file."""
    import pypdfium2

    try:
        yield
    except (pypdfium2.PdfiumError, OSError, ValueError, MemoryError) as error:
        raise ReadingError(f"{path.name} cannot be shown ({error})") from None


def identity(path: Path) -> tuple[str, int, int]:
    """A key for the present state of a file: path, size and time of change. Raises ReadingError: it cannot be read."""
    try:
        state = path.stat()
    except OSError as error:
        raise ReadingError(f"{path.name} cannot be read ({error.strerror})") from None
    return str(path), state.st_size, state.st_mtime_ns


def _boxes(page: PdfPage, ruler: PageSpace, quote: str, near: float) -> tuple[Box, ...]:
    import ctypes

    from pypdfium2 import raw as pdfium

    text_page = page.get_textpage()
    try:
        count = text_page.count_chars()
        text = "".join(_character(pdfium.FPDFText_GetUnicode(text_page.raw, index)) for index in range(count))
        edges = [ctypes.c_double() for _ in range(4)]
        left, top, right, bottom = edges
        refs = [ctypes.byref(edge) for edge in edges]
        width, height = ruler.size
        found = []
        for start, end in quote_spans(text, quote, near):
            for index in range(pdfium.FPDFText_CountRects(text_page.raw, start, end - start)):
                pdfium.FPDFText_GetRect(text_page.raw, index, *refs)
                x0, y0, x1, y1 = ruler.box(left.value, top.value, right.value, bottom.value)
                found.append((x0, y0, x1, y1))
    finally:
        text_page.close()
    return tuple(_box(*line, width, height) for line in _lines(found))


def _box(x0: float, y0: float, x1: float, y1: float, width: float, height: float) -> Box:
    """A rectangle around glyphs, with the room that type leaves above and below them."""
    room = _ROOM * (y1 - y0)
    return Box((x0 - room) / width, (y0 - room) / height, (x1 - x0 + 2 * room) / width, (y1 - y0 + 2 * room) / height)


def _character(code: int) -> str:
    return chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else " "


def _lines(boxes: Sequence[tuple[float, float, float, float]]) -> list[tuple[float, float, float, float]]:
    """Boxes of one line that follow each other closely, as one."""
    merged: list[tuple[float, float, float, float]] = []
    for x0, y0, x1, y1 in boxes:
        if merged:
            a0, b0, a1, b1 = merged[-1]
            height = max(b1 - b0, y1 - y0)
            if min(b1, y1) - max(b0, y0) > 0.4 * min(b1 - b0, y1 - y0) and -height < x0 - a1 < height:
                merged[-1] = min(a0, x0), min(b0, y0), max(a1, x1), max(b1, y1)
                continue
        merged.append((x0, y0, x1, y1))
    return merged
