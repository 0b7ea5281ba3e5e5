"""Struck-out text of a PDF page: words with a thin line through their middle."""

from __future__ import annotations

from collections.abc import Sequence

from ragapp.reading.pdf.objects import Box
from ragapp.reading.pdf.scripts import ByHeight, Chars, Run

# the height of a strike over the baseline, in parts of the size of the type: Word .27, LibreOffice .30, browsers .26
_LOW, _HIGH = 0.15, 0.42
_THICK = 0.15
_OVERHANG = 1.0  # a strike goes no farther beyond its words, in the size of the type: a rule of a table does


def strike_out(chars: Chars, runs: list[Run], strokes: Sequence[Box]) -> int:
    """Empty the characters of runs that lines strike out; how many passages these were."""
    struck = 0
    if not strokes:
        return 0
    rows = ByHeight(runs)
    reach = rows.tallest / 2
    for x0, y0, x1, y1 in strokes:
        y = (y0 + y1) / 2
        near = rows.between(y - reach, y + reach)
        across = [run for run in near if run.box[1] < y < run.box[3] and run.box[0] < x1 and run.box[2] > x0]
        # a line through the middle of text on more than one line is none of them
        struck += any([_strike(chars, run, (x0, y0, x1, y1)) for run in across[:8]])
    return struck


def _strike(chars: Chars, run: Run, stroke: Box) -> bool:
    x0, y0, x1, y1 = stroke
    y = (y0 + y1) / 2
    inside: list[int] = []
    left, right = float("inf"), float("-inf")
    size = 0.0
    for place, char in enumerate(run.chars):
        if not char or char.isspace():
            continue
        a, _, b, _ = chars.box(run.start + place)
        if not x0 <= (a + b) / 2 <= x1:
            continue
        size = size or chars.size(run.start + place)
        up = chars.baseline(run.start + place) - y
        if not _LOW * size < up < _HIGH * size:
            return False
        inside.append(place)
        left, right = min(left, a), max(right, b)
    if not any(run.chars[place].isalnum() for place in inside) or y1 - y0 > max(_THICK * size, 1.0):
        return False
    if left - x0 > _OVERHANG * size or x1 - right > _OVERHANG * size:
        return False
    for place in range(inside[0], inside[-1] + 1):
        run.chars[place] = ""
    run.uneven = True
    return True
