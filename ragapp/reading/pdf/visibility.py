"""Text of a PDF page that nobody sees: without ink, in the colour of the paper, or below something drawn over it."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from pypdfium2 import PdfPage
from pypdfium2 import raw as pdfium

from ragapp.reading.pdf.objects import NO_INK, PAPER, Box, Drawn, Picture
from ragapp.reading.pdf.scripts import ByHeight, Chars, Run

_WORD = re.compile(r"\S+")
_INK = 60  # and those of black at most this


def drop_unseen(page: PdfPage, handle: Any, chars: Chars, runs: list[Run], drawn: Drawn, over: Sequence[Box]) -> int:
    """Remove the runs that are not seen from the list, and empty the characters that something covers; how many.

    Text without ink over a picture or a drawing is the text that was recognised in it, and stays; so does white text on
    any ground that is not white.  ``over`` are places that opaque annotations cover.
    """
    colours = [ctypes.c_uint() for _ in range(4)]
    refs = [ctypes.byref(colour) for colour in colours]
    seen = []
    dropped = 0
    for run in runs if drawn.faint else ():
        hidden: list[tuple[int, int]] = []
        parts = _parts(handle, run)
        for first, last in parts:
            ground = _needs_ground(handle, run.start + first, colours, refs)
            if ground:
                box = run.box if len(parts) == 1 else _around_both(chars, run.start + first, run.start + last)
                if not _has_ground(page, box, drawn, white=ground == "white"):
                    hidden.append((first, last))
                elif ground == "without ink":
                    run.inkless = True
        if len(hidden) < len(parts):
            seen.append(run)
            for first, last in hidden:
                _empty(run, list(range(first, last + 1)))
        dropped += bool(hidden)
    if drawn.faint:
        runs[:] = seen
    return dropped + _cover(page, handle, chars, runs, drawn, over)


def mark_covered(page: PdfPage, handle: Any, runs: list[Run], pictures: Sequence[Picture]) -> None:
    """Take runs below pictures that are drawn after them for text without ink: so some programs lay it under a scan."""
    late = [one for one in pictures if one.place > 0]
    order = _drawing_order(page) if late and runs else {}
    for run in runs if order else ():
        x, y = (run.box[0] + run.box[2]) / 2, (run.box[1] + run.box[3]) / 2
        place = None
        for one in late:
            if one.box[0] <= x <= one.box[2] and one.box[1] <= y <= one.box[3]:
                if place is None:
                    place = order.get(_address(pdfium.FPDFText_GetTextObject(handle, run.start)), one.place)
                run.inkless = run.inkless or place < one.place


def _parts(handle: Any, run: Run) -> list[tuple[int, int]]:
    """(first place, last place) of each part of a run that is drawn at once, and so in one colour."""
    get = pdfium.FPDFText_GetTextObject
    text = run.text if "" not in run.chars else "".join(char or " " for char in run.chars)
    first, last = len(text) - len(text.lstrip()), len(text.rstrip()) - 1
    if last <= first or _address(get(handle, run.start + first)) == _address(get(handle, run.start + last)):
        return [(first, max(first, last))]
    starts: list[int] = []
    before = None
    for word in _WORD.finditer(text):
        ends = [_address(get(handle, run.start + place)) for place in (word.start(), word.end() - 1)]
        places = (word.start(),) if ends[0] == ends[1] else range(word.start(), word.end())
        for place in places:
            item = _address(get(handle, run.start + place)) if len(places) > 1 else ends[0]
            if item != before:
                starts.append(place)
                before = item
    return [(start, after - 1) for start, after in pairwise([*starts, last + 1])]


def _around_both(chars: Chars, first: int, last: int) -> Box:
    a, b = chars.box(first), chars.box(last)
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])


def _needs_ground(handle: Any, index: int, colours: list[ctypes.c_uint], refs: list[Any]) -> str:
    """Whether a part is only seen if it stands on something: as it is "without ink", or "white"."""
    mode = pdfium.FPDFTextObj_GetTextRenderMode(pdfium.FPDFText_GetTextObject(handle, index))
    if mode != pdfium.FPDF_TEXTRENDERMODE_FILL:
        return "without ink" if mode in NO_INK else ""
    if not pdfium.FPDFText_GetFillColor(handle, index, *refs):
        return ""
    red, green, blue, alpha = colours
    if alpha.value == 0:
        return "without ink"
    return "white" if red.value >= PAPER and min(green.value, blue.value) >= PAPER else ""


def _has_ground(page: PdfPage, box: Box, drawn: Drawn, white: bool) -> bool:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    for index, (x0, y0, x1, y1) in drawn.grounds:
        if x0 <= x <= x1 and y0 <= y <= y1 and not (white and _is_white(pdfium.FPDFPage_GetObject(page, index))):
            return True
    return False


def _is_white(item: Any) -> bool:
    """Whether an object is an area filled with white."""
    fill = _fill(item)
    return fill is not None and min(fill[:3]) >= PAPER


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
    return fill is not None and fill[3] == 255 and (max(fill[:3]) <= _INK or min(fill[:3]) >= PAPER)


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
    return ctypes.addressof(item.contents) if item else 0
