"""Objects on a page of a PDF: rules of tables, pictures and outlines, and whether the page is a scan."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from pypdfium2 import PdfPage
from pypdfium2 import raw as pdfium

_LITTLE_TEXT = 50  # characters: a page with no more may be a scan with a stamp or a page number
_PICTURE_SHARE = 0.5  # part of the page that a picture of its text covers at least
_MANY_PATHS = 150  # text that was turned into outlines
_FULL_OF_PATHS = 0.1  # part of the page that they cover
# private use, controls, noncharacters, the replacement character
_ODD = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\uf8ff\ufdd0-\ufdef\ufffd\uffff\U000f0000-\U0010ffff]")

Box = tuple[float, float, float, float]  # left, top, right, bottom; y runs downward


class PageSpace:
    """Converts boxes from page space (y upward, not rotated) to the page as shown (y downward, turned by /Rotate)."""

    def __init__(self, page: PdfPage, turn: int | None = None) -> None:
        """By how many degrees the page is turned, clockwise; by its /Rotate if not given."""
        self.left, self.bottom, self.right, self.top = page.get_bbox()
        self.turn = page.get_rotation() if turn is None else turn
        across = self.turn in (90, 270)
        width, height = self.right - self.left, self.top - self.bottom
        self.size = (height, width) if across else (width, height)

    def box(self, x0: float, y1: float, x1: float, y0: float) -> Box:
        """The box as shown of left, top, right and bottom in page space."""
        if self.turn == 0:
            return x0 - self.left, self.top - y1, x1 - self.left, self.top - y0
        if self.turn == 90:
            return y0 - self.bottom, x0 - self.left, y1 - self.bottom, x1 - self.left
        if self.turn == 180:
            return self.right - x1, y0 - self.bottom, self.right - x0, y1 - self.bottom
        return self.top - y1, self.right - x1, self.top - y0, self.right - x0


@dataclass(slots=True)
class Drawn:
    """What is drawn on a page besides text; boxes are as shown."""

    rules: list[tuple[float, float, float]] = field(default_factory=list)  # y, left and right end
    strokes: list[Box] = field(default_factory=list)  # thin horizontal lines, which may strike out text
    pictures: list[Box] = field(default_factory=list)
    grounds: list[tuple[int, Box]] = field(default_factory=list)  # (place in drawing order) what text can stand on
    late: list[tuple[int, Box]] = field(default_factory=list)  # those that are paths drawn after some text


def find_objects(page: PdfPage, space: PageSpace) -> Drawn:
    """The horizontal rules and edges of shaded bars, the pictures, and all other areas of a page."""
    found = Drawn()
    tall = 0.25 * space.size[1]
    text = False
    for index, kind, box in _objects(page, space):
        if box is None:
            text = text or kind == pdfium.FPDF_PAGEOBJ_TEXT
            continue
        x0, y0, x1, y1 = box
        if kind == pdfium.FPDF_PAGEOBJ_PATH:
            if y1 - y0 < 3:
                if x1 - x0 > 3:
                    found.strokes.append(box)
                if x1 - x0 > 10:
                    found.rules.append(((y0 + y1) / 2, x0, x1))
                continue
            if x1 - x0 > 10 and y1 - y0 < tall:
                found.rules.extend([(y0, x0, x1), (y1, x0, x1)])
            if text and y1 - y0 > 5 and x1 - x0 > 5:
                found.late.append((index, box))
        elif kind == pdfium.FPDF_PAGEOBJ_IMAGE:
            found.pictures.append(box)
        found.grounds.append((index, box))
    return found


def _objects(page: PdfPage, space: PageSpace) -> Iterator[tuple[int, int, Box | None]]:
    """(place in drawing order, kind, box) of the page's own objects; text comes without its box."""
    edges = [ctypes.c_float() for _ in range(4)]
    refs = [ctypes.byref(edge) for edge in edges]
    left, bottom, right, top = edges
    get, kind_of, text = pdfium.FPDFPage_GetObject, pdfium.FPDFPageObj_GetType, pdfium.FPDF_PAGEOBJ_TEXT
    for index in range(pdfium.FPDFPage_CountObjects(page)):
        item = get(page, index)
        kind = kind_of(item)
        if kind == text:
            yield index, kind, None
        elif pdfium.FPDFPageObj_GetBounds(item, *refs):
            yield index, kind, space.box(left.value, top.value, right.value, bottom.value)


def garbled(text: str) -> bool:
    """Whether a text layer is noise from broken font tables: mostly characters that are no writing."""
    odd = len(_ODD.findall(text))
    return odd > 0 and odd > 0.3 * len("".join(text.split()))


def looks_scanned(page: PdfPage, text: str) -> bool:
    """Whether the page shows text, as a picture or as outlines, that is not in the ``text`` read from it."""
    if garbled(text):
        return True
    if len("".join(text.split())) >= _LITTLE_TEXT:
        return False
    ruler = PageSpace(page)
    width, height = ruler.size
    pictures = paths = area = 0.0
    for _, kind, box in _objects(page, ruler):
        if box is None:
            continue
        x0, y0, x1, y1 = box
        covered = max(0.0, min(x1, width) - max(x0, 0.0)) * max(0.0, min(y1, height) - max(y0, 0.0))
        if kind == pdfium.FPDF_PAGEOBJ_PATH:
            paths += 1
            area += covered
        else:
            pictures += covered
    shown = max(width * height, 1.0)
    if paths >= _MANY_PATHS and area >= _FULL_OF_PATHS * shown:
        return True
    # a page without any text is looked at whatever the size of its pictures
    return pictures >= _PICTURE_SHARE * shown if text.strip() else pictures > 0
