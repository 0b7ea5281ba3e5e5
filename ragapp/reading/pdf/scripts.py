"""Raised and lowered figures on a PDF page, which has no such notion: told by their size and baseline."""

from __future__ import annotations

import ctypes
import math
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from pypdfium2 import raw as pdfium

from ragapp.reading.pdf.objects import Box, PageSpace
from ragapp.reading.scripts import Script, lowered, raised

# in parts of the size of the type: TeX raises exponents by .36 and lowers indices by .15, Word by .33 and .08
_RAISED, _LOWERED = 0.12, 0.05
_SMALLER = 0.92
_PLAINLY_RAISED = 0.22  # in type of the same size, too
_FAR = 1.1
_TOUCHES = 0.45
_LOGOS = {("L", "A", "T"), ("T", "E", "X")}  # LaTeX, whose letters dance
_LONGEST = 24  # characters: more is a line of its own


@dataclass(slots=True)
class Run:
    """Text that pdfium gives as one line, or several of those that are one line with raised figures in it."""

    start: int  # index of its first character
    chars: list[str]  # what each character is written as, which is nothing for some
    box: Box
    gaps: int  # wide gaps between its parts
    uneven: bool  # whether its parts differ in height, as raised figures do
    inkless: bool = False  # whether it is drawn without ink

    @property
    def text(self) -> str:
        return "".join(self.chars)


class Chars:
    """The characters of a text page by their index: places in the space in which they run from left to right."""

    def __init__(self, handle: Any, space: PageSpace) -> None:
        self._handle, self._space = handle, space
        self.edges = [ctypes.c_double() for _ in range(4)]
        self.refs = [ctypes.byref(edge) for edge in self.edges]
        self._matrix = pdfium.FS_MATRIX()

    def box(self, index: int) -> Box:
        """Around a character's ink."""
        left, right, bottom, top = self.edges
        pdfium.FPDFText_GetCharBox(self._handle, index, *self.refs)
        return self._space.box(left.value, top.value, right.value, bottom.value)

    def first_in(self, run: Box) -> int:
        """The index of the first character of a run, whose left, top, right and bottom are in the page's own space."""
        left, top, right, bottom = run
        tall, wide = abs(top - bottom), abs(right - left)
        near = min(wide, tall) / 3
        x, y = (left + near, (top + bottom) / 2) if wide >= tall else ((left + right) / 2, min(top, bottom) + near)
        index: int = pdfium.FPDFText_GetCharIndexAtPos(self._handle, x, y, 0.5, tall)
        return index

    def baseline(self, index: int) -> float:
        """Of a character, downward from the top of the page."""
        x, y = self.edges[:2]
        pdfium.FPDFText_GetCharOrigin(self._handle, index, *self.refs[:2])
        return self._space.box(x.value, y.value, x.value, y.value)[3]

    def size(self, index: int) -> float:
        """Of a character's type, as it is shown."""
        size = abs(float(pdfium.FPDFText_GetFontSize(self._handle, index)))
        if pdfium.FPDFText_GetMatrix(self._handle, index, self._matrix):
            return size * math.hypot(float(self._matrix.c), float(self._matrix.d))
        return size

    def placed(self, start: int, chars: Sequence[str]) -> list[tuple[str, float, float]]:
        """(character, left, right) of each."""
        found = []
        for index, char in enumerate(chars, start=start):
            if char:
                x0, _, x1, _ = self.box(index)
                found.append((char, x0, x1))
        return found


def odd_runs(boxes: Sequence[Box]) -> list[int]:
    """Which runs of a line differ so from the others in height and place that they may be raised or lowered."""
    tallest = max([y1 - y0 for _, y0, _, y1 in boxes])
    bottom = max([y1 for _, _, _, y1 in boxes])
    top = min([y0 for _, y0, _, _ in boxes])
    small, hangs, low = 0.95 * tallest, 0.25 * tallest, 0.33 * tallest
    return [
        index
        for index, (_, y0, _, y1) in enumerate(boxes)
        if bottom - y1 > hangs or (y0 - top > low and y1 - y0 < small)
    ]


class ByHeight:
    """The runs of a page by the height at which they stand, to find those in a band without asking each."""

    def __init__(self, runs: Sequence[Run]) -> None:
        self._runs = sorted(runs, key=lambda run: run.box[1] + run.box[3])
        self._middles = [(run.box[1] + run.box[3]) / 2 for run in self._runs]
        self.tallest = max((run.box[3] - run.box[1] for run in runs), default=0.0)

    def between(self, top: float, bottom: float) -> Sequence[Run]:
        """The runs whose middle lies between two heights."""
        return self._runs[bisect_left(self._middles, top) : bisect_right(self._middles, bottom)]


def differs(chars: Chars, runs: Sequence[Box], odd: Sequence[int]) -> bool:
    """Whether one of the odd runs, boxes in the page's own space, has another baseline than the widest of all."""
    widest = max(range(len(runs)), key=lambda index: abs(runs[index][2] - runs[index][0]))
    base = chars.first_in(runs[widest])
    if base < 0:
        return True
    baseline, size = chars.baseline(base), chars.size(base)
    for index in odd:
        if index != widest:
            first = chars.first_in(runs[index])
            if first < 0 or abs(chars.baseline(first) - baseline) > _LOWERED * size:
                return True
    return False


def mark_scripts(chars: Chars, start: int, line: list[str]) -> None:
    """Write the raised and lowered characters of a line as such, in place: ``350``, ``4`` becomes ``350``, ``^4``."""
    found = _typed(chars, start, line)
    weight: defaultdict[tuple[float, float], float] = defaultdict(float)
    for _, baseline, size in found:
        weight[round(baseline, 1), round(size, 1)] += size * size
    if len(weight) < 2:
        return
    base, size = max(weight, key=lambda kind: weight[kind])
    if size <= 0:
        return
    told = [(place, _script(own, small, base, size)) for place, own, small in found]
    before = -1
    for script, group in groupby(told, key=lambda one: one[1]):
        places = [place for place, _ in group]
        if script and len(places) <= _LONGEST and _beside(chars, start, line, places, size):
            _write(line, places, script, before)
        before = places[-1]


def _typed(chars: Chars, start: int, line: list[str]) -> list[tuple[int, float, float]]:
    """(place, baseline, size) of each character that is seen; its size is asked for where the baseline changes."""
    found = []
    before = size = float("nan")
    for place, char in enumerate(line):
        if char and not char.isspace():
            baseline = chars.baseline(start + place)
            if baseline != before:
                before, size = baseline, chars.size(start + place)
            found.append((place, baseline, size))
    return found


def _script(own: float, small: float, base: float, size: float) -> Script:
    up = (base - own) / size
    if up > _FAR or up < -_FAR or small > 1.05 * size:
        return ""
    if up > (_RAISED if small < _SMALLER * size else _PLAINLY_RAISED):
        return "super"
    return "sub" if -up > _LOWERED and small < _SMALLER * size else ""


def _beside(chars: Chars, start: int, line: list[str], places: list[int], size: float) -> bool:
    """Whether raised characters touch what stands before or behind them, unlike cells of a table side by side."""
    left, right = chars.box(start + places[0])[0], chars.box(start + places[-1])[2]
    behind = next((place for place in range(places[-1] + 1, len(line)) if line[place].strip()), None)
    ahead = next((place for place in range(places[0] - 1, -1, -1) if line[place].strip()), None)
    if ahead is not None and abs(left - chars.box(start + ahead)[2]) < _TOUCHES * size:
        return True
    return behind is not None and abs(chars.box(start + behind)[0] - right) < 2 * _TOUCHES * size


def _write(line: list[str], places: list[int], script: Script, before: int) -> None:
    """Write characters as raised or lowered; spaces between them are kept, the first character takes the mark."""
    text = "".join(line[places[0] : places[-1] + 1])
    ahead = "".join(line[: places[0]])
    if (ahead[-1:], text, "".join(line[places[-1] + 1 : places[-1] + 2])) in _LOGOS:
        return
    written = raised(text, ahead) if script == "super" else lowered(text, ahead)
    if written == text:
        return
    line[places[0] : places[-1] + 1] = [written, *[""] * (places[-1] - places[0])]
