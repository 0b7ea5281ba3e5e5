"""Images, read by text recognition (OCR)."""

from __future__ import annotations

import warnings as python_warnings
from pathlib import Path
from typing import cast

from PIL import Image, ImageOps, UnidentifiedImageError

from ragapp.errors import ReadingError
from ragapp.reading.document import DEFAULT_OPTIONS, Block, Document, ReadOptions, Unit
from ragapp.reading.pages import ocr
from ragapp.reading.pages.layout import in_reading_order, median_line_height
from ragapp.reading.pages.page_blocks import page_blocks
from ragapp.reading.pages.paragraphs import dehyphenate, known_words

_MAX_PAGES = 2000
# how much longer the pixels of a picture may be than wide; more is a mistake in the file
_ODDEST_PIXELS = 4.0
_SQUARE = 1.1  # a difference that no reader minds
FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "WEBP", "GIF")


def read_image(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """Read an image: one unit a page of a TIFF, one for all else (the first frame of an animation)."""
    units: list[Unit] = []
    notes: list[str] = []
    can = options.ocr != "off" and bool(ocr.chosen_engine(options)[0])
    try:
        with python_warnings.catch_warnings():
            python_warnings.simplefilter("ignore")  # remarks on odd metadata, meant for programmers
            python_warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=FORMATS) as image:
                pages = pages_of(image)
                for index in range(pages):
                    options.tick(index + 1, pages, can)
                    image.seek(index)
                    units.append(_unit(on_white(image), index + 1, options, can, notes))
    except UnidentifiedImageError:
        raise ReadingError("not a readable picture", "Open it in a viewer and save it again.") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ReadingError(f"the picture is too large ({error})", "Save it in a smaller size.") from None
    except (OSError, SyntaxError, ValueError, EOFError, OverflowError, KeyError, IndexError, TypeError) as error:
        raise ReadingError(f"the picture is damaged ({error})", "Open it in a viewer and save it again.") from None
    notes += ocr.coverage_warnings(units, options)
    return Document(path.stem, units, warnings=notes)


def pages_of(image: Image.Image) -> int:
    """How many pages a picture is read as: those of a TIFF, one of all else."""
    return min(getattr(image, "n_frames", 1), _MAX_PAGES) if image.format == "TIFF" else 1


def on_white(image: Image.Image) -> Image.Image:
    """The picture in RGB, with square pixels, turned as its EXIF data say, on a white background."""
    wide, high = _density(image)
    image = ImageOps.exif_transpose(_squared(image, wide, high))
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        low, high = cast("tuple[float, float]", image.getextrema())  # of one band
        scale = 255 / (high - low) if high > low else 1.0
        image = image.convert("F").point(lambda value: value * scale - low * scale).convert("L")
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
    return image.convert("RGB")


def _density(image: Image.Image) -> tuple[float, float]:
    """Pixels across and down in the same length, as the file says; equal where it says nothing."""
    for name in ("dpi", "resolution", "aspect", "jfif_density"):
        stated = image.info.get(name)
        if isinstance(stated, tuple) and len(stated) == 2:
            try:
                across, down = float(stated[0]), float(stated[1])
            except (TypeError, ValueError, ZeroDivisionError):
                continue
            if across > 0 and down > 0:
                return across, down
    return 1.0, 1.0


def _squared(image: Image.Image, across: float, down: float) -> Image.Image:
    """The picture with as many pixels in a length across as down: a fax has 204 by 98 in an inch."""
    ratio = across / down
    if not 1 / _ODDEST_PIXELS <= ratio <= _ODDEST_PIXELS or 1 / _SQUARE <= ratio <= _SQUARE:
        return image
    exif = image.getexif()
    size = (image.width, round(image.height * ratio)) if ratio > 1 else (round(image.width / ratio), image.height)
    squared = image.convert("L" if image.mode == "1" else image.mode).resize(size)
    squared.info, squared._exif = dict(image.info), exif
    return squared


def picture_text(image: Image.Image, options: ReadOptions) -> tuple[str, float]:
    """The text in a picture, paragraphs and tables separated by blank lines, and its confidence, 0 to 1.

    Raises:
        ReadingError: no engine works.
    """
    found = ocr.recognise(image, options)
    return "\n\n".join(block.text for block in _blocks(found)), found.confidence


def _blocks(found: ocr.RecognisedText) -> list[Block]:
    em = median_line_height(found.lines)
    lines = in_reading_order(found.lines, em)
    known = known_words(line.text for line in lines)
    return [Block(dehyphenate(block.text, known), block.kind) for block in page_blocks(lines, (), em)]


def _unit(image: Image.Image, number: int, options: ReadOptions, can: bool, notes: list[str]) -> Unit:
    if not can:
        return Unit(number, "page", coverage="needs_ocr")
    try:
        found = ocr.recognise(image, options)
    except ReadingError as error:
        notes.append(f"Page {number} could not be recognised ({error.message}).")
        return Unit(number, "page", coverage="needs_ocr")
    if not found.lines:
        return Unit(number, "page", coverage="empty")
    return Unit(number, "page", blocks=_blocks(found), coverage="ocr", confidence=found.confidence)
