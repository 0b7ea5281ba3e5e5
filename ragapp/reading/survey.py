"""How much there is to read in a file, by a quick look at some of its pages, before it is read."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ragapp.reading.document import DEFAULT_OPTIONS, ReadOptions

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage

#: suffixes of files whose size says little of how much there is to read in them
SURVEYED = (".pdf",)
# pages that are looked at, spread over the file; each takes about a millisecond
_PAGES = 6
# characters that are recognised on a page
_RECOGNISED = 1_500
_DEEPEST = 3  # forms within forms
# pictures are as large as they are shown, at so many dots an inch
_PIXELS_A_POINT = 150 / 72


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
    from ragapp.reading.pages import ocr
    from ragapp.reading.pages.pictures import MOST_PICTURES
    from ragapp.reading.pdf.opening import open_pdf

    recognised = options.ocr != "off" and bool(ocr.chosen_engine(options)[0])
    with closing(open_pdf(path, options.passwords)) as pdf:
        pages = len(pdf)
        looks = [_look(pdf, index, recognised, options.ocr == "always") for index in _spread(pages)]
    # a picture of several pages, such as a letterhead, is recognised once
    seen = Counter(picture for look in looks for picture in look.pictures)
    of_one_page = sum(count for count in seen.values() if count == 1)
    each = pages / max(1, len(looks))
    large = min(round(of_one_page * each) + len(seen) - of_one_page, MOST_PICTURES)
    scans = round(sum(look.scanned for look in looks) * each)
    return Survey(pages, round(sum(look.characters for look in looks) * each), scans + large)


@dataclass(frozen=True, slots=True)
class _Look:
    """A page: characters, whether all of it will be recognised, and its large pictures by size in pixels and place."""

    characters: int
    scanned: bool
    pictures: frozenset[tuple[int, ...]] = frozenset()


def _look(pdf: PdfDocument, index: int, recognised: bool, always: bool) -> _Look:
    from pypdfium2 import raw as pdfium

    from ragapp.reading.pages.pictures import is_large
    from ragapp.reading.pdf.objects import looks_scanned

    page: PdfPage
    with closing(pdf[index]) as page:
        with closing(page.get_textpage()) as text_page:
            text = text_page.get_text_range()
        if not recognised:
            return _Look(len(text), False)
        if always or looks_scanned(page, text):
            return _Look(_RECOGNISED, True)
        pictures = set()
        for image in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE], max_depth=_DEEPEST):
            left, bottom, right, top = image.get_bounds()
            if is_large((right - left) * _PIXELS_A_POINT, (top - bottom) * _PIXELS_A_POINT):
                pictures.add((*image.get_px_size(), round(left), round(bottom), round(right), round(top)))
        return _Look(len(text), False, frozenset(pictures))


def _spread(pages: int) -> list[int]:
    """Indices of pages that stand for all of them: right and left ones, since backs of sheets may differ."""
    if pages <= 2 * _PAGES:
        return list(range(pages))
    spread = (int((place + 0.5) * pages / _PAGES) for place in range(_PAGES))
    return [index - index % 2 + place % 2 for place, index in enumerate(spread)]
