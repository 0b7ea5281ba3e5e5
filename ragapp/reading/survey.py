"""How much there is to read in a file, by a quick look at some of its pages, before it is read."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ragapp.reading.document import DEFAULT_OPTIONS, ReadOptions

#: suffixes of files whose size says little of how much there is to read in them
SURVEYED = (".pdf",)
# pages that are looked at, spread over the file; each takes about a millisecond
_PAGES = 6
# characters: a page with fewer and a picture is a scan; so many are recognised on one
_LITTLE_TEXT, _RECOGNISED = 50, 1_500
_DEEPEST = 3  # forms within forms


@dataclass(frozen=True, slots=True)
class Survey:
    """What there is to read in a file, as far as some of its pages tell.

    Attributes:
        pages: of the file.
        characters: of text, together with those that will be recognised.
        pictures: scanned pages and large pictures whose text will be recognised.
    """

    pages: int
    characters: int
    pictures: int


def survey(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Survey:
    """Look at some pages of a PDF.

    Raises:
        ReadingError: it is protected by a password that is not known.
        PdfiumError: it cannot be opened.
    """
    from pypdfium2 import PdfDocument, PdfPage
    from pypdfium2 import raw as pdfium

    from ragapp.reading.pages.pictures import MOST_PICTURES, is_large
    from ragapp.reading.pdf.opening import open_pdf

    def look(pdf: PdfDocument, index: int) -> tuple[int, int, int]:
        """Characters, large pictures on a page with text, and whether it is a scan."""
        page: PdfPage
        with closing(pdf[index]) as page:
            with closing(page.get_textpage()) as text:
                characters = text.count_chars()
            images = page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE], max_depth=_DEEPEST)
            sizes = [image.get_px_size() for image in images] if options.ocr != "off" else []
        if sizes and characters < _LITTLE_TEXT:
            return _RECOGNISED, 0, 1
        return characters, sum(is_large(*size) for size in sizes), 0

    with closing(open_pdf(path, options.passwords)) as pdf:
        pages = len(pdf)
        seen = [look(pdf, index) for index in _spread(pages)] or [(0, 0, 0)]
    characters, large, scans = (round(sum(some) * pages / len(seen)) for some in zip(*seen, strict=True))
    return Survey(pages, characters, scans + min(large, MOST_PICTURES))


def _spread(pages: int) -> list[int]:
    """Indices of pages that stand for all of them: right and left ones, since backs of sheets may differ."""
    if pages <= 2 * _PAGES:
        return list(range(pages))
    spread = (int((place + 0.5) * pages / _PAGES) for place in range(_PAGES))
    return [index - index % 2 + place % 2 for place, index in enumerate(spread)]
