"""Pictures inside documents: the text of those that are large enough to hold some is recognised, or they are told."""

from __future__ import annotations

import hashlib
import io
import warnings as python_warnings
from collections.abc import Callable
from typing import TYPE_CHECKING

from ragapp.errors import ReadingError
from ragapp.plain_words import reason_of
from ragapp.reading.document import ReadOptions
from ragapp.reading.left_out import LeftOut
from ragapp.reading.pages import ocr

if TYPE_CHECKING:
    from PIL.Image import Image as PillowImage

# pixels; smaller pictures are icons, logos and lines
_LEAST_WIDTH, _LEAST_HEIGHT, _LEAST_AREA = 200, 40, 30_000
# pictures of one document whose text is recognised, since each takes seconds; the others are told
MOST_PICTURES = 40
# letters and figures; what is found in photographs is shorter
_LEAST_TEXT = 8
_LEAST_CONFIDENCE = 0.75
_OFF = "There may be text in them. Recognition is off: set ingest.ocr to auto."


class PictureReader:
    """Recognises the text of one document's pictures, the same picture once.

    Args:
        left_out: where pictures are noted that may hold text and are not read.
    """

    def __init__(self, options: ReadOptions, left_out: LeftOut) -> None:
        self._options = options
        self._left_out = left_out
        self._seen: set[bytes] = set()
        self._read = 0

    def text(self, data: bytes, place: str = "") -> str:
        """The text in a picture; empty where there is none, or where the same picture was read before.

        Args:
            data: the bytes of its file: PNG, JPEG, TIFF, BMP, WebP or GIF; others, such as drawings in EMF, are noted
                as left out.
            place: where it stands, as a citation names it.
        """
        if self.is_known(data):
            return ""
        from PIL import Image

        from ragapp.reading.pages.image import FORMATS, on_white

        try:
            with python_warnings.catch_warnings():
                python_warnings.simplefilter("ignore")
                python_warnings.simplefilter("error", Image.DecompressionBombWarning)
                with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                    if not is_large(image.width, image.height):
                        return ""
                    return self.drawn_text(lambda: on_white(image), place)
        except (
            Image.DecompressionBombError,
            Image.DecompressionBombWarning,
            OSError,
            SyntaxError,
            ValueError,
        ) as error:
            self._note(place, f"They could not be opened ({reason_of(error)}); there may be text in them.")
            return ""

    def is_known(self, data: bytes) -> bool:
        """Whether a picture of the same bytes was met before; it is known from now on."""
        digest = hashlib.sha256(data).digest()
        known = digest in self._seen
        self._seen.add(digest)
        return known

    def drawn_text(self, draw: Callable[[], PillowImage], place: str = "") -> str:
        """The text in a picture that is large enough, in RGB, which is only drawn if it is read."""
        from ragapp.reading.pages.image import picture_text

        if reason := self._unable():
            self._note(place, reason)
            return ""
        self._read += 1
        self._options.tick(0, 0, True)
        try:
            text, confidence = picture_text(draw(), self._options)
        except ReadingError as error:
            self._note(place, f"Their text was not recognised ({error.message}).")
            return ""
        return text if sum(map(str.isalnum, text)) >= _LEAST_TEXT and confidence >= _LEAST_CONFIDENCE else ""

    def _unable(self) -> str:
        """Why no picture is read now; empty where one can be."""
        if self._options.ocr == "off":
            return _OFF
        if self._read >= MOST_PICTURES:
            return f"There may be text in them. {MOST_PICTURES} pictures of a document are read."
        engine, reason = ocr.chosen_engine(self._options)
        return "" if engine else f"There may be text in them. {reason}"

    def _note(self, place: str, hint: str) -> None:
        self._left_out.add("picture", "pictures", place, hint=hint)


def is_large(width: float, height: float) -> bool:
    """Whether a picture of this size in pixels may hold text that matters."""
    return width >= _LEAST_WIDTH and height >= _LEAST_HEIGHT and width * height >= _LEAST_AREA
