"""Pages of PDFs as pictures, and where words stand on them; the latest are kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from ragapp.web.pdf_pages import PlacedQuote, identity
from ragapp.web.pdf_process import PdfProcess

_KEPT_PICTURES, _KEPT_PLACES = 64, 256

Made = TypeVar("Made")


class PdfView:
    """Shows pages of PDFs; ``passwords`` are tried on protected ones, after no password at all."""

    def __init__(self, passwords: Sequence[str] = ()):
        self._process = PdfProcess(passwords)
        self._thread = ThreadPoolExecutor(1, "ragapp-pdf")
        self._pictures: OrderedDict[Hashable, bytes] = OrderedDict()
        self._places: OrderedDict[Hashable, PlacedQuote] = OrderedDict()

    def close(self) -> None:
        """End the process."""
        self._thread.submit(self._process.close).result()
        self._thread.shutdown()

    def prepare(self) -> None:
        """Have the process started in the background, so that the first page need not wait for it."""
        self._thread.submit(self._process.start)

    def picture(self, path: Path, page: int) -> bytes:
        """A page, counted from 1, as JPEG. Raises ReadingError: the file or the page cannot be shown."""
        key = (*identity(path), page)
        return self._kept(self._pictures, _KEPT_PICTURES, key, lambda: self._process.ask("draw", path, page))

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
