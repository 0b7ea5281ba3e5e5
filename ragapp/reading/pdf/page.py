"""One page of a PDF: its lines with their boxes, form values, comments and pictures, by pdfium."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field

from pypdfium2 import PdfPage

from ragapp.reading.document import Coverage
from ragapp.reading.left_out import LeftOut
from ragapp.reading.pages.grids import Grid, Rule, find_grids
from ragapp.reading.pages.layout import Line
from ragapp.reading.pages.table_detection import drawn_tables
from ragapp.reading.pdf.marks import add_values, read_marks
from ragapp.reading.pdf.objects import Box, PageSpace, Picture, find_objects
from ragapp.reading.pdf.scans import is_stamped
from ragapp.reading.pdf.text import read_lines

# points; what is smaller is told by pages/pictures.py once its size in pixels is known
_PICTURE_SIDE = 15.0
_LABELS = 0.03  # part of a picture that text over it takes at most if it is labels in it; more is its text


@dataclass(slots=True)
class Page:
    """What was found on a page."""

    height: float  # as it is shown (turned by its /Rotate); in points, or in pixels where it was recognised
    lines: list[Line] = field(default_factory=list)  # in the order in which they are drawn, or in reading order
    notes: list[str] = field(default_factory=list)  # text of comments, one each
    rules: list[Rule] = field(default_factory=list)  # horizontal rules and edges of shaded bars
    grids: list[Grid] = field(default_factory=list)  # of tables whose cells are drawn
    coverage: Coverage = "empty"
    confidence: float | None = None  # of OCR, 0 to 1
    turned: list[list[Line]] = field(default_factory=list)  # lines that run in other directions, each by itself
    pictures: list[Picture] = field(default_factory=list)  # as shown, without text over them, not tiny
    in_pictures: list[str] = field(default_factory=list)  # text recognised in them
    upright: bool = True  # whether its lines run as the page is shown
    stamped: bool = False  # whether its text is that of a stamp, and pictures cover it
    layer: list[tuple[str, Box]] = field(default_factory=list)  # text without ink that stands on a picture
    fields: list[str] = field(default_factory=list)  # of a form whose page is made by a viewer, one a line
    pictured: bool = False  # whether the page is a scan


def read_page(page: PdfPage, forms: bool, place: str = "", left_out: LeftOut | None = None) -> Page:
    """The text of a page, with the values of form fields if it has ``forms``; PdfiumError if it is damaged.

    What is on it but is not seen, or struck out, is noted in ``left_out`` by its ``place``.
    """
    left_out = left_out or LeftOut()
    ruler = PageSpace(page)
    marks = read_marks(page, ruler, forms, place, left_out)
    drawn = find_objects(page, ruler)
    pictures = drawn.pictures
    with closing(page.get_textpage()) as text_page:
        layer = read_lines(page, text_page, ruler, drawn, marks)
    left_out.add("passage outside of the visible page", "passages outside of the visible page", place, layer.outside)
    left_out.add("struck-out passage", "struck-out passages", place, layer.struck)
    left_out.add("hidden passage", "hidden passages", place, layer.unseen)
    main = layer.directions[0] if layer.directions else None
    found = Page((main.space if main else ruler).size[1])
    if main:
        found.lines = main.lines
        found.turned = [direction.lines for direction in layer.directions[1:]]
        found.upright = main.space is ruler
        if not found.upright:
            drawn = find_objects(page, main.space)
    add_values(found.lines, marks.values)
    found.notes = marks.notes
    if any(len(line.pieces) > 1 for line in found.lines):
        found.rules = drawn.rules
        found.grids = drawn_tables(found.lines, find_grids(drawn.rules, drawn.posts))
    if pictures:
        # boxes of lines in other directions are in other spaces
        lines = [line for direction in layer.directions if direction.space is ruler for line in direction.lines]
        found.pictures = [one for one in pictures if _may_hold_text(one.box, ruler, lines)]
        found.stamped = is_stamped(pictures, layer, ruler.size)
        found.layer = [(run.text, run.box) for run in layer.layer]
    found.coverage = "text" if found.lines else "empty"
    return found


def _may_hold_text(box: Box, ruler: PageSpace, lines: list[Line]) -> bool:
    """Whether a picture is no dot or line, and its text is not over it already."""
    width, height = ruler.size
    x0, y0, x1, y1 = max(box[0], 0.0), max(box[1], 0.0), min(box[2], width), min(box[3], height)
    if min(x1 - x0, y1 - y0) < _PICTURE_SIDE:
        return False
    over = (line for line in lines if y0 <= (line.top + line.bottom) / 2 <= y1 and x0 <= (line.x0 + line.x1) / 2 <= x1)
    taken: float = sum((line.x1 - line.x0) * line.height for line in over)
    return bool(taken < _LABELS * (x1 - x0) * (y1 - y0))
