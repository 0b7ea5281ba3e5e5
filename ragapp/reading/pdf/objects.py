"""Objects on a page of a PDF: rules of tables, pictures and outlines, and whether the page is a scan."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pypdfium2 import PdfPage
from pypdfium2 import raw as pdfium

from ragapp.reading.pages.grids import Rule

_LITTLE_TEXT = 50  # characters: a page with no more may be a scan with a stamp or a page number
COVERED = 0.5  # part of the page that a picture of its text covers at least
_MANY_PATHS = 150  # text that was turned into outlines
_GRID = 24  # cells a side, to count what pictures cover once
_DEEPEST_FORM = 4  # forms within forms
_MOST_IN_FORM = 5000  # objects: a form of more is a drawing
_FULL_OF_PATHS = 0.1  # part of the page that they cover
# private use, controls, noncharacters, the replacement character
_ODD = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\uf8ff\ufdd0-\ufdef\ufffd\uffff\U000f0000-\U0010ffff]")

NO_INK = (pdfium.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium.FPDF_TEXTRENDERMODE_CLIP)
PAPER = 250  # red, green and blue of white are at least this

_MORE_THAN_A_BOX, _MOST_SEGMENTS = 6, 4000  # segments of a path that may draw several lines
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


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture on a page, or one in a form (XObject) on it."""

    place: int  # in drawing order, its own or the form's
    box: Box
    item: Any = field(repr=False, compare=False)  # pdfium's object, as long as the page is open


@dataclass(slots=True)
class Drawn:
    """What is drawn on a page besides text; boxes are as shown."""

    rules: list[Rule] = field(default_factory=list)  # y, left and right end
    posts: list[Rule] = field(default_factory=list)  # upright ones: x, upper and lower end
    strokes: list[Box] = field(default_factory=list)  # thin horizontal lines, which may strike out text
    pictures: list[Picture] = field(default_factory=list)
    grounds: list[tuple[int, Box]] = field(default_factory=list)  # (place in drawing order) what text can stand on
    late: list[tuple[int, Box]] = field(default_factory=list)  # those that are paths drawn after some text
    faint: bool = False  # whether there may be text that is white or without ink


def find_objects(page: PdfPage, space: PageSpace) -> Drawn:
    """The horizontal rules and edges of shaded bars, the pictures, and all other areas of a page."""
    found = Drawn()
    tall = 0.25 * space.size[1]
    text, faint = False, _FaintText()
    for index, kind, box, item in _objects(page, space):
        if box is None:
            text = True
            found.faint = found.faint or item in faint
            continue
        x0, y0, x1, y1 = box
        if kind == pdfium.FPDF_PAGEOBJ_PATH:
            if y1 - y0 < 3:
                if x1 - x0 > 3:
                    found.strokes.append(box)
                if x1 - x0 > 10:
                    found.rules.append(((y0 + y1) / 2, x0, x1))
                continue
            if x1 - x0 < 3:
                found.posts.append(((x0 + x1) / 2, y0, y1))
            elif sides := _sides(item, space):
                found.rules += sides[0]
                found.posts += sides[1]
            elif x1 - x0 > 10 and y1 - y0 < tall:
                found.rules.extend([(y0, x0, x1), (y1, x0, x1)])
                found.posts.extend([(x0, y0, y1), (x1, y0, y1)])
            if text and y1 - y0 > 5 and x1 - x0 > 5:
                found.late.append((index, box))
        elif kind == pdfium.FPDF_PAGEOBJ_IMAGE:
            found.pictures.append(Picture(index, box, item))
        elif kind == pdfium.FPDF_PAGEOBJ_FORM:
            found.faint = True  # what is written in it is not looked into
            found.pictures += _in_form(item, index, space, (1.0, 0.0, 0.0, 1.0, 0.0, 0.0), 0)
        found.grounds.append((index, box))
    return found


def _sides(path: Any, space: PageSpace) -> tuple[list[Rule], list[Rule]] | None:
    """The level and the upright lines of a path that draws more than one rectangle; None for any other path."""
    count = pdfium.FPDFPath_CountSegments(path)
    if not _MORE_THAN_A_BOX <= count <= _MOST_SEGMENTS:
        return None
    matrix = pdfium.FS_MATRIX()
    if not pdfium.FPDFPageObj_GetMatrix(path, matrix):
        return None
    x, y = ctypes.c_float(), ctypes.c_float()
    rules, posts = list[Rule](), list[Rule]()
    begin = before = (0.0, 0.0)
    for number in range(count):
        segment = pdfium.FPDFPath_GetPathSegment(path, number)
        kind = pdfium.FPDFPathSegment_GetType(segment)
        if not pdfium.FPDFPathSegment_GetPoint(segment, x, y) or kind == pdfium.FPDF_SEGMENT_BEZIERTO:
            return None
        across = matrix.a * x.value + matrix.c * y.value + matrix.e
        up = matrix.b * x.value + matrix.d * y.value + matrix.f
        at = (across, up)
        lines = [(before, at)] if kind == pdfium.FPDF_SEGMENT_LINETO else []
        if kind == pdfium.FPDF_SEGMENT_MOVETO:
            begin = at
        if pdfium.FPDFPathSegment_GetClose(segment):
            lines.append((at, begin))
        before = at
        for (ax, ay), (bx, by) in lines:
            left, top, right, bottom = space.box(min(ax, bx), max(ay, by), max(ax, bx), min(ay, by))
            if bottom - top < 1 and right - left > 10:
                rules.append(((top + bottom) / 2, left, right))
            elif right - left < 1 and bottom - top > 3:
                posts.append(((left + right) / 2, top, bottom))
    return rules, posts


def _objects(page: PdfPage, space: PageSpace) -> Iterator[tuple[int, int, Box | None, Any]]:
    """(place in drawing order, kind, box, pdfium's object) of the page's own objects; text comes without its box."""
    edges = [ctypes.c_float() for _ in range(4)]
    refs = [ctypes.byref(edge) for edge in edges]
    left, bottom, right, top = edges
    get, kind_of, text = pdfium.FPDFPage_GetObject, pdfium.FPDFPageObj_GetType, pdfium.FPDF_PAGEOBJ_TEXT
    for index in range(pdfium.FPDFPage_CountObjects(page)):
        item = get(page, index)
        kind = kind_of(item)
        if kind == text:
            yield index, kind, None, item
        elif pdfium.FPDFPageObj_GetBounds(item, *refs):
            yield index, kind, space.box(left.value, top.value, right.value, bottom.value), item


class _FaintText:
    """Tells whether text objects are white, or have no ink at all."""

    def __init__(self) -> None:
        self._colours = [ctypes.c_uint() for _ in range(4)]
        self._refs = [ctypes.byref(colour) for colour in self._colours]

    def __contains__(self, text: Any) -> bool:
        mode = pdfium.FPDFTextObj_GetTextRenderMode(text)
        if mode != pdfium.FPDF_TEXTRENDERMODE_FILL:
            return mode in NO_INK
        if not pdfium.FPDFPageObj_GetFillColor(text, *self._refs):
            return False
        red, green, blue, alpha = self._colours
        return alpha.value == 0 or (red.value >= PAPER and green.value >= PAPER and blue.value >= PAPER)


_Matrix = tuple[float, float, float, float, float, float]


def _in_form(form: Any, place: int, space: PageSpace, outer: _Matrix, depth: int) -> Iterator[Picture]:
    """The pictures in a form (XObject), whose objects have places of their own."""
    count = pdfium.FPDFFormObj_CountObjects(form)
    if depth > _DEEPEST_FORM or count > _MOST_IN_FORM:
        return
    matrix = pdfium.FS_MATRIX()
    edges = [ctypes.c_float() for _ in range(4)]
    inner = outer
    if pdfium.FPDFPageObj_GetMatrix(form, matrix):
        inner = _times((matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f), outer)
    for index in range(count):
        item = pdfium.FPDFFormObj_GetObject(form, index)
        kind = pdfium.FPDFPageObj_GetType(item)
        if kind == pdfium.FPDF_PAGEOBJ_FORM:
            yield from _in_form(item, place, space, inner, depth + 1)
        elif kind == pdfium.FPDF_PAGEOBJ_IMAGE and pdfium.FPDFPageObj_GetBounds(item, *edges):
            left, bottom, right, top = (edge.value for edge in edges)
            corners = [(x, y) for x in (left, right) for y in (bottom, top)]
            a, b, c, d, e, f = inner
            across = [a * x + c * y + e for x, y in corners]
            up = [b * x + d * y + f for x, y in corners]
            yield Picture(place, space.box(min(across), max(up), max(across), min(up)), item)


def _times(first: _Matrix, then: _Matrix) -> _Matrix:
    """The matrix that does what two do, one after the other (ISO 32000-1, 8.3.4)."""
    a, b, c, d, e, f = first
    p, q, r, s, t, u = then
    return a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u


def covered(boxes: Iterable[Box], size: tuple[float, float]) -> float:
    """The part of a page, or of any area, that boxes cover, each place once."""
    width, height = size[0] / _GRID, size[1] / _GRID
    cells: set[int] = set()
    for x0, y0, x1, y1 in boxes:
        columns = range(max(0, round(x0 / width)), min(_GRID, round(x1 / width)))
        for row in range(max(0, round(y0 / height)), min(_GRID, round(y1 / height))):
            cells.update(row * _GRID + column for column in columns)
    return len(cells) / _GRID**2


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
    for _, kind, box, _ in _objects(page, ruler):
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
    return pictures >= COVERED * shown if text.strip() else pictures > 0
