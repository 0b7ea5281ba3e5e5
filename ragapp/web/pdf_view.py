"""Pages of PDFs as pictures, and where words stand on them; the latest are kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from ragapp.web.pdf_pages import WIDTH, Layer, PlacedQuote, identity
from ragapp.web.pdf_process import PdfProcess
from ragapp.web.pdf_text import Box

# pictures are kept up to so many bytes, which is about sixty pages of text
_KEPT_BYTES = 12_000_000
_KEPT_PLACES, _KEPT_SIZES = 256, 8

Made = TypeVar("Made")


class PdfView:
    """Shows pages of PDFs; ``passwords`` are tried on protected ones, after no password at all."""

    def __init__(self, passwords: Sequence[str] = ()):
        self._process = PdfProcess(passwords)
        self._thread = ThreadPoolExecutor(1, "ragapp-pdf")
        self._pictures: OrderedDict[Hashable, bytes] = OrderedDict()
        self._bytes = 0
        self._sizes: OrderedDict[Hashable, tuple[tuple[float, float], ...]] = OrderedDict()
        self._places: OrderedDict[Hashable, PlacedQuote] = OrderedDict()

    def close(self) -> None:
        """End the process."""
        self._thread.submit(self._process.close).result()
        self._thread.shutdown()

    def prepare(self) -> None:
        """Have the process started in the background, so that the first page need not wait for it."""
        self._thread.submit(self._process.start)

    def picture(self, path: Path, page: int, width: int = WIDTH) -> bytes:
        """A page, counted from 1, as JPEG, so many pixels wide.

        Raises ReadingError: the file or the page cannot be shown.
        """
        key = (*identity(path), page, width)

        def look_up() -> bytes:
            if key not in self._pictures:
                self._pictures[key] = made = bytes(self._process.ask("draw", path, page, width))
                self._bytes += len(made)
            self._pictures.move_to_end(key)
            while self._bytes > _KEPT_BYTES and len(self._pictures) > 1:
                self._bytes -= len(self._pictures.popitem(last=False)[1])
            return self._pictures[key]

        return self._thread.submit(look_up).result()

    def sizes(self, path: Path) -> tuple[tuple[float, float], ...]:
        """Width and height of each page in points. Raises ReadingError: the file cannot be shown."""
        return self._kept(self._sizes, _KEPT_SIZES, identity(path), lambda: self._process.ask("sizes", path))

    def layer(self, path: Path, page: int) -> Layer:
        """The text of a page, counted from 1, and its links, and where they stand.

        Raises ReadingError: it cannot be shown.
        """
        layer: Layer = self._thread.submit(self._process.ask, "layer", path, page).result()
        return layer

    def words(self, path: Path, page: int, words: str) -> tuple[tuple[Box, ...], ...]:
        """Where some words stand on a page, counted from 1: boxes for each place, one a line.

        Raises ReadingError: the file or the page cannot be shown.
        """
        boxes: tuple[tuple[Box, ...], ...] = self._thread.submit(self._process.ask, "words", path, page, words).result()
        return boxes

    def count(self, path: Path, first: int, last: int, words: str) -> tuple[int, ...]:
        """At how many places some words stand, for each of the pages ``first`` to ``last``, counted from 1.

        Raises ReadingError: the file or one of the pages cannot be shown.
        """
        counts: tuple[int, ...] = self._thread.submit(self._process.ask, "count", path, first, last, words).result()
        return counts

    def place(self, path: Path, page: int, quote: str, near: float = 0.0) -> PlacedQuote:
        """Where the words of a quote stand on a page, counted from 1; ``near`` (0 to 1) is where they are expected.

        None are looked for where the quote is empty. Raises ReadingError: the file or the page cannot be shown.
        """
        key = (*identity(path), page, quote, round(near, 2))
        return self._kept(self._places, _KEPT_PLACES, key, lambda: self._process.ask("find", path, page, quote, near))

    def _kept(self, kept: OrderedDict[Hashable, Made], most: int, key: Hashable, make: Callable[[], Made]) -> Made:
        """What was made before, or is made now, on the one thread that may use the process."""

        def look_up() -> Made:
            if key not in kept:
                kept[key] = make()
            kept.move_to_end(key)
            while len(kept) > most:
                kept.popitem(last=False)
            return kept[key]

        return self._thread.submit(look_up).result()
