"""Draws pages of PDFs and finds words on them; runs in the process of :mod:`ragapp.web.pdf_process`."""

from __future__ import annotations

import io
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ragapp.errors import ReadingError
from ragapp.plain_words import reason_of
from ragapp.web.pdf_links import Link, page_links
from ragapp.web.pdf_text import Box, Run, count_words, page_runs, quote_boxes, word_boxes

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage

    from ragapp.reading.pdf.objects import PageSpace

# pixels across that a page is drawn in; the narrowest is for lists of pages, the usual is enough for a page beside the
# talk on a screen of double density, the others are for those who look closer
WIDTHS = (240, 1000, 1600, 2400)
WIDTH = WIDTHS[1]
# a page that is very long is made smaller, so that no file can ask for a picture of any size
_MOST_PIXELS = 6_000_000
_QUALITY = 85
_KEPT_FILES = 4
# what pdfium has parsed of a file it keeps until the file is closed, so a file is opened anew after so many pages
_MOST_PARSED = 400


@dataclass(frozen=True, slots=True)
class PlacedQuote:
    """Where a quote stands on a page."""

    boxes: tuple[Box, ...]  # around its words, one a line; empty where they were not found
    ratio: float  # height of the page by its width
    pages: int  # of the file


@dataclass(frozen=True, slots=True)
class Layer:
    """What lies over the picture of a page, unseen: its text, and where it leads."""

    runs: tuple[Run, ...]
    links: tuple[Link, ...]


class PdfPages:
    """Draws pages and finds words on them; pdfium may be used by one thread at a time only.

    ``passwords`` are tried on protected files, after no password at all.  Pages are counted from 1.
    """

    def __init__(self, passwords: Sequence[str] = ()):
        self._passwords = tuple(passwords)
        self._files: OrderedDict[tuple[str, int, int], PdfDocument] = OrderedDict()
        self._parsed: dict[tuple[str, int, int], int] = {}

    def draw(self, path: Path, page: int, width: int = WIDTH) -> bytes:
        """A page as JPEG; see :meth:`ragapp.web.pdf_view.PdfView.picture`."""
        with self._page(path, page) as shown:
            across, down = shown.get_size()
            scale = min(width / max(across, 1.0), (_MOST_PIXELS / max(across * down, 1.0)) ** 0.5)
            picture = shown.render(scale=scale, may_draw_forms=True).to_pil().convert("RGB")
        stream = io.BytesIO()
        picture.save(stream, "JPEG", quality=_QUALITY)
        return stream.getvalue()

    def find(self, path: Path, page: int, quote: str, near: float) -> PlacedQuote:
        """Where the words of a quote stand; see :meth:`ragapp.web.pdf_view.PdfView.place`."""
        with self._page(path, page) as shown:
            space = _space(shown)
            boxes = quote_boxes(shown, space, quote, near) if quote.strip() else ()
            width, height = space.size
            return PlacedQuote(boxes, height / width, len(self._file(path)))

    def sizes(self, path: Path) -> tuple[tuple[float, float], ...]:
        """Width and height of each page in points, as it is shown."""
        with _readable(path):
            pdf = self._file(path)
            sizes = (pdf.get_page_size(index) for index in range(len(pdf)))
            return tuple((max(width, 1.0), max(height, 1.0)) for width, height in sizes)

    def layer(self, path: Path, page: int) -> Layer:
        """What lies over a page's picture; see :meth:`ragapp.web.pdf_view.PdfView.layer`."""
        with self._page(path, page) as shown:
            space = _space(shown)
            return Layer(page_runs(shown, space), page_links(self._file(path), shown, space))

    def words(self, path: Path, page: int, words: str) -> tuple[tuple[Box, ...], ...]:
        """Where some words stand on a page; see :meth:`ragapp.web.pdf_view.PdfView.words`."""
        with self._page(path, page) as shown:
            return word_boxes(shown, _space(shown), words)

    def count(self, path: Path, first: int, last: int, words: str) -> tuple[int, ...]:
        """How often some words stand on each of some pages; see :meth:`ragapp.web.pdf_view.PdfView.count`."""
        counts = []
        for page in range(first, last + 1):
            with self._page(path, page) as shown:
                counts.append(count_words(shown, words))
        return tuple(counts)

    @contextmanager
    def _page(self, path: Path, page: int) -> Iterator[PdfPage]:
        with _readable(path):
            pdf = self._file(path)
            if not 1 <= page <= len(pdf):
                raise ReadingError(f"{path.name} has no page {page}")
            key = identity(path)
            self._parsed[key] = self._parsed.get(key, 0) + 1
            shown = pdf[page - 1]
            try:
                yield shown
            finally:
                shown.close()
            if self._parsed[key] >= _MOST_PARSED:
                self._close(key)

    def _close(self, key: tuple[str, int, int]) -> None:
        self._files.pop(key).close()
        self._parsed.pop(key, None)

    def _file(self, path: Path) -> PdfDocument:
        from pypdfium2 import PdfiumError

        from ragapp.reading.pdf.opening import open_pdf

        key = identity(path)
        if key not in self._files:
            try:
                pdf = self._files[key] = open_pdf(path, self._passwords)
            except (PdfiumError, ReadingError):
                raise ReadingError(f"{path.name} cannot be opened") from None
            if pdf.get_formtype():
                pdf.init_forms()
        self._files.move_to_end(key)
        while len(self._files) > _KEPT_FILES:
            self._close(next(iter(self._files)))
        return self._files[key]


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turns what pdfium and the system say of a file into an error of that file."""
    import pypdfium2

    try:
        yield
    except (pypdfium2.PdfiumError, OSError, ValueError, MemoryError) as error:
        raise ReadingError(f"{path.name} cannot be shown ({reason_of(error)})") from None


def identity(path: Path) -> tuple[str, int, int]:
    """A key for the present state of a file: path, size and time of change. Raises ReadingError: it cannot be read."""
    try:
        state = path.stat()
    except OSError as error:
        raise ReadingError(f"{path.name} cannot be read ({error.strerror})") from None
    return str(path), state.st_size, state.st_mtime_ns


def _space(page: PdfPage) -> PageSpace:
    from ragapp.reading.pdf.objects import PageSpace

    space = PageSpace(page)
    across, down = space.size
    space.size = (max(across, 1.0), max(down, 1.0))
    return space
