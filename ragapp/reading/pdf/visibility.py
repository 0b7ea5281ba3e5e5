"""Text of a PDF page that nobody sees: without ink, in the colour of the paper, or below something drawn over it."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

from pypdfium2 import PdfPage
from pypdfium2 import raw as pdfium

from ragapp.reading.pdf.objects import Box, Drawn
from ragapp.reading.pdf.scripts import ByHeight, Chars, Run

_NO_INK = (pdfium.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium.FPDF_TEXTRENDERMODE_CLIP)
_INK = 60  # and those of black at most this
_PAPER = 250  # red, green and blue of white are at least this


def drop_unseen(page: PdfPage, handle: Any, chars: Chars, runs: list[Run], drawn: Drawn, over: Sequence[Box]) -> int:
    """Remove the runs that are not seen from the list, and empty the characters that something covers; how many.

    Text without ink over a picture or a drawing is the text that was recognised in it, and stays; so does white text on
    any ground that is not white.  ``over`` are places that opaque annotations cover.
    """
    seen = []
    dropped = 0
    ink = _Ink(handle)
    for run in runs:
        ends = {ink.needs(index) for index in _ends(run)}
        if ends == {""} or (len(ends) == 1 and _has_ground(page, _middle(run.box), drawn, white=ends == {"white"})):
            seen.append(run)
            continue
        # a line may be white on a bar at one end, and black on paper at the other
        parts = _parts(handle, run)
        unseen = [part for part in parts if not _is_seen(page, ink, chars, run, part, drawn)]
        if len(unseen) < len(parts):
            _empty(run, [place for part in unseen for place in part])
            seen.append(run)
        dropped += len(unseen) if len(unseen) < len(parts) else 1
    runs[:] = seen
    return dropped + _cover(page, handle, chars, runs, drawn, over)


def _ends(run: Run) -> tuple[int, int]:
    """The indices of the first and the last character of a run that are no spaces."""
    count = len(run.chars)
    first = next((place for place in range(count) if run.chars[place].strip()), 0)
    last = next((place for place in range(count - 1, first, -1) if run.chars[place].strip()), first)
    return run.start + first, run.start + last


def _parts(handle: Any, run: Run) -> list[list[int]]:
    """The places of a run's characters, cut where another text object begins."""
    parts: list[list[int]] = []
    before = 0
    for place, char in enumerate(run.chars):
        if char.strip():
            item = _address(pdfium.FPDFText_GetTextObject(handle, run.start + place))
            if not parts or item != before:
                parts.append([])
            parts[-1].append(place)
            before = item
    return parts


def _is_seen(page: PdfPage, ink: _Ink, chars: Chars, run: Run, part: list[int], drawn: Drawn) -> bool:
    ground = ink.needs(run.start + part[0])
    if not ground:
        return True
    middles = (_middle(chars.box(run.start + place)) for place in (part[len(part) // 2], part[0], part[-1]))
    return any(_has_ground(page, middle, drawn, white=ground == "white") for middle in middles)


class _Ink:
    """What the characters of a text page are painted with."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle
        self._colours = [ctypes.c_uint() for _ in range(4)]
        self._refs = [ctypes.byref(colour) for colour in self._colours]

    def needs(self, index: int) -> str:
        """Whether a character is only seen if it stands on something: as it is "without ink", or "white"."""
        mode = pdfium.FPDFTextObj_GetTextRenderMode(pdfium.FPDFText_GetTextObject(self._handle, index))
        if mode != pdfium.FPDF_TEXTRENDERMODE_FILL:
            return "without ink" if mode in _NO_INK else ""
        if not pdfium.FPDFText_GetFillColor(self._handle, index, *self._refs):
            return ""
        red, green, blue, alpha = self._colours
        if alpha.value == 0:
            return "without ink"
        return "white" if red.value >= _PAPER and min(green.value, blue.value) >= _PAPER else ""


def _middle(box: Box) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def _has_ground(page: PdfPage, point: tuple[float, float], drawn: Drawn, white: bool) -> bool:
    x, y = point
    for index, (x0, y0, x1, y1) in drawn.grounds:
        if x0 <= x <= x1 and y0 <= y <= y1 and not (white and _is_white(pdfium.FPDFPage_GetObject(page, index))):
            return True
    return False


def _is_white(item: Any) -> bool:
    """Whether an object is an area filled with white."""
    fill = _fill(item)
    return fill is not None and min(fill[:3]) >= _PAPER


def _fill(item: Any) -> tuple[int, int, int, int] | None:
    """Red, green, blue and opacity of a filled path; None for other objects."""
    if pdfium.FPDFPageObj_GetType(item) != pdfium.FPDF_PAGEOBJ_PATH:
        return None
    mode, stroke = ctypes.c_int(), ctypes.c_int()
    if not pdfium.FPDFPath_GetDrawMode(item, mode, stroke) or mode.value == pdfium.FPDF_FILLMODE_NONE:
        return None
    colours = [ctypes.c_uint() for _ in range(4)]
    if not pdfium.FPDFPageObj_GetFillColor(item, *colours):
        return None
    red, green, blue, alpha = (colour.value for colour in colours)
    return red, green, blue, alpha


def _cover(page: PdfPage, handle: Any, chars: Chars, runs: list[Run], drawn: Drawn, over: Sequence[Box]) -> int:
    """Empty the characters that lie below an opaque area which is drawn after them."""
    below = []
    rows = ByHeight(runs if drawn.late else ())
    for index, box in drawn.late:
        within = [run for run in rows.between(box[1], box[3]) if _within(run.box, box)]
        if within and _is_blank(pdfium.FPDFPage_GetObject(page, index)):
            below += [(index, box, run) for run in within]
    order = _drawing_order(page) if below else {}
    opaque: dict[int, bool] = {}
    covered = 0
    spans: dict[int, int] = {}  # by run, the place in drawing order of the first of its ends
    for index, box, run in below:
        if run.start not in spans:
            ends = (run.start, run.start + len(run.chars) - 1)
            texts = (pdfium.FPDFText_GetTextObject(handle, end) for end in ends)
            spans[run.start] = min(order.get(_address(text), index) for text in texts)
        if spans[run.start] >= index:
            continue
        places = [
            place
            for place in _inside(chars, run, box)
            if order.get(_address(pdfium.FPDFText_GetTextObject(handle, run.start + place)), index) < index
        ]
        if places and opaque.setdefault(index, _is_opaque_bar(pdfium.FPDFPage_GetObject(page, index))):
            covered += _empty(run, places)
    for box in over:
        for run in runs:
            if _within(run.box, box):
                covered += _empty(run, _inside(chars, run, box))
    if covered:
        runs[:] = [run for run in runs if any(char.strip() for char in run.chars)]
    return covered


def _is_blank(item: Any) -> bool:
    """Whether an object is filled with opaque black or white, as areas over text are; those below it have colours."""
    fill = _fill(item)
    return fill is not None and fill[3] == 255 and (max(fill[:3]) <= _INK or min(fill[:3]) >= _PAPER)


def _is_opaque_bar(item: Any) -> bool:
    return not pdfium.FPDFPageObj_HasTransparency(item) and _is_bar(item)


def _is_bar(item: Any) -> bool:
    """Whether a path is a rectangle, so that its box is what it covers."""
    count = pdfium.FPDFPath_CountSegments(item)
    if not 4 <= count <= 5:
        return False
    x, y = ctypes.c_float(), ctypes.c_float()
    corners = set()
    for index in range(count):
        segment = pdfium.FPDFPath_GetPathSegment(item, index)
        if pdfium.FPDFPathSegment_GetType(segment) == pdfium.FPDF_SEGMENT_BEZIERTO:
            return False
        pdfium.FPDFPathSegment_GetPoint(segment, x, y)
        corners.add((round(x.value, 1), round(y.value, 1)))
    return len(corners) == 4 and len({x for x, _ in corners}) == 2 and len({y for _, y in corners}) == 2


def _within(run: Box, area: Box) -> bool:
    """Whether an area covers the height of a run, and some of its width."""
    height = run[3] - run[1]
    shared = min(run[3], area[3]) - max(run[1], area[1])
    return shared > 0.7 * height and min(run[2], area[2]) > max(run[0], area[0])


def _inside(chars: Chars, run: Run, area: Box) -> list[int]:
    """The places of a run's characters whose middle lies in an area."""
    places = []
    for place, char in enumerate(run.chars):
        if char.strip():
            a, c, b, d = chars.box(run.start + place)
            if area[0] <= (a + b) / 2 <= area[2] and area[1] <= (c + d) / 2 <= area[3]:
                places.append(place)
    return places


def _empty(run: Run, places: list[int]) -> bool:
    for place in places:
        run.chars[place] = ""
    run.uneven = run.uneven or bool(places)
    return bool(places)


def _drawing_order(page: PdfPage) -> dict[int, int]:
    count = pdfium.FPDFPage_CountObjects(page)
    return {_address(pdfium.FPDFPage_GetObject(page, index)): index for index in range(count)}


def _address(item: Any) -> int:
    return ctypes.cast(item, ctypes.c_void_p).value or 0
