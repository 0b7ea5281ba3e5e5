"""How much there is to read in a file, by a quick look at some of its pages or parts, before it is read."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ragapp.reading.document import DEFAULT_OPTIONS, ReadOptions
from ragapp.reading.formats import FORMATS

if TYPE_CHECKING:
    from PIL.Image import Image as PillowImage
    from pypdfium2 import PdfDocument, PdfPage

_IMAGES = tuple(suffix for one in FORMATS if one.reader == "pages.image:read_image" for suffix in one.suffixes)
# the text of a book stands in parts of any name
_PACKAGES = tuple(suffix for one in FORMATS if one.package and one.suffix != ".epub" for suffix in one.suffixes)
#: suffixes of files whose size says little of how much there is to read in them
SURVEYED = (".pdf", *_PACKAGES, *_IMAGES)
# pages of a PDF that are looked at, spread over the file; each takes about a millisecond
_PAGES = 6
# parts of a package that hold its text, and those that are pictures
_TEXT_PARTS = re.compile(
    r"word/(?:document|footnotes|endnotes)\.xml|ppt/(?:slides|notesSlides)/[^/]+\.xml"
    r"|xl/(?:worksheets/[^/]+|sharedStrings)\.xml|content\.xml"
)
_PICTURES = re.compile(
    rf"(?:(?:word|ppt|xl)/media|Pictures)/[^/]+(?:{'|'.join(map(re.escape, _IMAGES))})", re.IGNORECASE
)
_TEXT = re.compile(rb">\s*([^<\s][^<]*)")
# bytes that are looked at: of a part with text, and of a picture, whose size in pixels stands near its beginning
_PART_BYTES, _PICTURE_BYTES = 1 << 20, 1 << 18
# so many parts of each kind at the most; what the others hold is reckoned by these
_PARTS = 30
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
    """Look at some pages of a PDF, at the parts of a package of Office or OpenDocument, at the size of a picture.

    Raises:
        ReadingError: it is protected by a password that is not known.
        PdfiumError, BadZipFile, OSError: it cannot be opened.
    """
    from ragapp.reading.pages import ocr

    recognised = options.ocr != "off" and bool(ocr.chosen_engine(options)[0])
    suffix = path.suffix.lower()
    if suffix in _IMAGES:
        return _survey_image(path, recognised)
    if suffix in _PACKAGES:
        return _survey_package(path, recognised)
    return _survey_pdf(path, options, recognised)


@contextmanager
def _opened(picture: Path | io.BytesIO) -> Iterator[PillowImage]:
    """A picture of which nothing but its header was read."""
    from PIL import Image

    from ragapp.reading.pages.image import FORMATS

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Image.open(picture, formats=FORMATS) as image:
            yield image


def _survey_image(path: Path, recognised: bool) -> Survey:
    from ragapp.reading.pages.image import pages_of

    with _opened(path) as image:
        pages = pages_of(image)
    return Survey(pages, _RECOGNISED * pages, pages) if recognised else Survey(pages, 0, 0)


def _survey_package(path: Path, recognised: bool) -> Survey:
    from ragapp.reading.pages.pictures import MOST_PICTURES

    with zipfile.ZipFile(path) as package:
        members = package.infolist()
        texts = [member for member in members if _TEXT_PARTS.fullmatch(member.filename)]
        some = [_text_in(package, member) for member in _some(texts)]
        characters = _reckoned(sum(some), len(some), len(texts))
        if not recognised:
            return Survey(len(texts), characters, 0)
        # the same picture is recognised once
        distinct = {(one.CRC, one.file_size): one for one in members if _PICTURES.fullmatch(one.filename)}
        pictures = list(distinct.values())
        looks = [_is_large_picture(package, member) for member in _some(pictures)]
        large = _reckoned(sum(looks), len(looks), len(pictures))
    return Survey(len(texts), characters, min(large, MOST_PICTURES))


def _some(members: list[zipfile.ZipInfo]) -> list[zipfile.ZipInfo]:
    """Members that stand for all of them."""
    return members[:: -(-len(members) // _PARTS) or 1]


def _reckoned(found: float, looked: int, count: int) -> int:
    """What there is in ``count`` pages or parts, by what was found in those that were looked at."""
    return round(found * count / max(1, looked))


def _text_in(package: zipfile.ZipFile, member: zipfile.ZipInfo) -> float:
    """Characters of text in a part of XML, by its beginning."""
    with package.open(member) as stream:
        begin = stream.read(_PART_BYTES)
    found = sum(len(text.decode("utf-8", "ignore")) for text in _TEXT.findall(begin))
    return found * max(1.0, member.file_size / max(1, len(begin)))


def _is_large_picture(package: zipfile.ZipFile, member: zipfile.ZipInfo) -> bool:
    """Whether a picture is one whose text will be recognised; one that cannot be opened is none."""
    from PIL import Image

    from ragapp.reading.pages.pictures import is_large

    with package.open(member) as stream:
        begin = io.BytesIO(stream.read(_PICTURE_BYTES))
    try:
        with _opened(begin) as image:
            return is_large(image.width, image.height)
    except (Image.DecompressionBombError, OSError, SyntaxError, ValueError):
        return False


def _survey_pdf(path: Path, options: ReadOptions, recognised: bool) -> Survey:
    from ragapp.reading.pages.pictures import MOST_PICTURES
    from ragapp.reading.pdf.opening import open_pdf

    with closing(open_pdf(path, options.passwords)) as pdf:
        pages = len(pdf)
        looks = [_look(pdf, index, recognised, options.ocr == "always") for index in _spread(pages)]
    # a picture of several pages, such as a letterhead, is recognised once
    seen = Counter(picture for look in looks for picture in look.pictures)
    of_one_page = sum(count for count in seen.values() if count == 1)
    large = min(_reckoned(of_one_page, len(looks), pages) + len(seen) - of_one_page, MOST_PICTURES)
    scans = _reckoned(sum(look.scanned for look in looks), len(looks), pages)
    return Survey(pages, _reckoned(sum(look.characters for look in looks), len(looks), pages), scans + large)


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
