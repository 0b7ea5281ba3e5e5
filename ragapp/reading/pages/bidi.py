"""Lines with Hebrew or Arabic in them: from the order in which glyphs stand to the order in which they are read.

A page has glyphs from left to right; text is stored in the order in which it is read.  This is the Unicode
Bidirectional Algorithm (Unicode Standard Annex 9) run backwards, as far as one line of plain text needs it: words of
the other direction, numbers, and brackets, which are mirrored (rule L4).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import groupby

Placed = tuple[str, float, float]  # characters, left and right edge

_RTL = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")
# patterns over one letter a character: l and r, n(umber), s(eparator) within numbers, t(erminator) beside them, o(ther)
_NUMBER = r"t*n(?:s?n)*t*"
_LTR_RUN = re.compile(rf"l(?:[nsto]*[ln])*t*|{_NUMBER}")
_RTL_RUN = re.compile(r"r(?:[nsto]*r)*")
_NUMBERS = re.compile(_NUMBER)
_PAIRS = {"(": ")", "[": "]", "{": "}", "<": ">", "«": "»", "‹": "›"}
_MIRRORED = {**_PAIRS, **{shut: opened for opened, shut in _PAIRS.items()}}
_STACKED = 4  # characters at one place: more than a ligature has
_ENDS = ".:;!?،؛؟"


def has_rtl(text: str) -> bool:
    """Whether text holds letters that are written from right to left."""
    return _RTL.search(text) is not None


def logical(placed: Sequence[Placed]) -> str:
    """The text of a line, in the order in which it is read, of its characters with their places.

    What has no width of its own (points, vowel signs) stays behind the character that it follows in ``placed``.
    """
    if _stacked(placed):
        return "".join(text for text, _, _ in placed)
    clusters: list[tuple[float, int, str]] = []
    for index, (text, x0, x1) in enumerate(placed):
        if clusters and text and all(unicodedata.combining(char) for char in text):
            middle, place, before = clusters[-1]
            clusters[-1] = middle, place, before + text
        elif text:
            # the parts of one ligature stand at one place, and are in the order in which they are read
            clusters.append(((x0 + x1) / 2, -index if _RTL.search(text) else index, text))
    clusters.sort()
    shown = [text for _, _, text in clusters]
    while shown and shown[-1].isspace():
        shown.pop()
    while shown and shown[0].isspace():
        shown.pop(0)
    if not shown:
        return ""
    classes = "".join(_class(text) for text in shown)
    if _reads_leftward(shown, classes):
        return _paired(_reordered(shown, classes, _LTR_RUN)[::-1])
    ordered: list[str] = []
    done = 0
    for run in _RTL_RUN.finditer(classes):
        inner = _reordered(shown[run.start() : run.end()], run[0], _NUMBERS)[::-1]
        ordered += [*shown[done : run.start()], *inner]
        done = run.end()
    return _paired([*ordered, *shown[done:]])


def _stacked(placed: Sequence[Placed]) -> bool:
    """Whether whole words stand at one place, because the file gives their text apart from their glyphs."""
    most = max((sum(1 for _ in group) for _, group in groupby(placed, key=lambda one: one[1:])), default=0)
    return most >= _STACKED


def _reordered(shown: list[str], classes: str, kept: re.Pattern[str]) -> list[str]:
    """The parts, those that are read to the right turned around, for all to be turned around again."""
    parts: list[str] = []
    done = 0
    for run in kept.finditer(classes):
        parts += [*shown[done : run.start()], *shown[run.start() : run.end()][::-1]]
        done = run.end()
    return [*parts, *shown[done:]]


def _class(text: str) -> str:
    kind = unicodedata.bidirectional(text[0])
    return {"L": "l", "R": "r", "AL": "r", "EN": "n", "AN": "n", "ES": "s", "CS": "s", "ET": "t"}.get(kind, "o")


def _reads_leftward(shown: list[str], classes: str) -> bool:
    """Whether the line as a whole is read from right to left: by where its full stop stands, else by most letters."""
    if shown[0] in _ENDS and classes[1:2] in ("r", "n", "l") and shown[-1] not in _ENDS:
        return True
    if shown[-1] in _ENDS and shown[0] not in _ENDS and classes[-2:-1] == "l" and classes[0] == "l":
        return False
    if classes.strip("nsto")[-1:] == "r" and classes.strip("nsto")[:1] == "r":
        return True
    return 2 * classes.count("r") >= classes.count("r") + classes.count("l")


def _paired(parts: list[str]) -> str:
    """The text with its brackets opened before they are shut; producers differ in which of two they store."""
    text = "".join(parts)
    if _balanced(text):
        return text
    turned = "".join(_MIRRORED.get(char, char) for char in text)
    if _balanced(turned):
        return turned
    kinds = {frozenset((char, _MIRRORED[char])) for char in text if char in _MIRRORED}
    for kind in kinds:
        opened, shut = sorted(kind, key=lambda char: char not in _PAIRS)
        if sum(text.count(char) for char in kind) == 2:
            first, middle, last = re.split("[" + re.escape(opened + shut) + "]", text)
            text = f"{first}{opened}{middle}{shut}{last}"
    return text


def _balanced(text: str) -> bool:
    open_: list[str] = []
    for char in text:
        if char in _PAIRS:
            open_.append(_PAIRS[char])
        elif char in _MIRRORED and (not open_ or open_.pop() != char):
            return False
    return not open_
