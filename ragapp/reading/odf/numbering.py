"""Numbers that an OpenDocument text computes: of list items, of headings, of notes.

Source: OpenDocument 1.3 part 3, 5.3 (lists), 16.30 to 16.35 (list and outline styles); where the standard is silent,
LibreOffice.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ragapp.reading.numerals import NumeralStyle, numeral
from ragapp.reading.odf.names import FO, LOEXT, STYLE, TEXT, elements
from ragapp.reading.symbol_fonts import symbol_text
from ragapp.reading.text import whole_number

MAX_LEVEL = 10
_BULLET = "-"
# bullets that say something: a box, a tick, a cross
_TELLING = frozenset("☐☑☒✓✔✗✘✕✖□■")
_STYLES: dict[str, NumeralStyle] = {
    "1": "decimal",
    "a": "lower-letter",
    "A": "upper-letter",
    "i": "lower-roman",
    "I": "upper-roman",
    "1st": "ordinal",
    "01, 02, 03, ...": "decimal-zero",
    "": "none",
}
_PLACE = re.compile(r"%(\d{1,2})%")


@dataclass(frozen=True, slots=True)
class Level:
    """How one level of a list is marked."""

    bullet: str = ""  # the mark of a bulleted level
    style: NumeralStyle = "none"
    repeat_letters: bool = False
    prefix: str = ""
    suffix: str = ""
    shown: int = 1  # how many levels the number has, this one the last of them
    start: int = 1
    pattern: str = ""  # LibreOffice's own way to write it, such as "Article %1%."

    def numeral(self, number: int) -> str:
        """A number of this level, without what stands around it."""
        return "" if self.bullet else numeral(number, self.style, repeat_letters=self.repeat_letters)


@dataclass
class Counter:
    """The numbers of one list so far."""

    levels: Sequence[Level]
    numbers: list[int | None] = field(default_factory=lambda: [None] * MAX_LEVEL)

    def advance(self, level: int, start: int | None = None) -> str:
        """Count an item of a level, 1 the outermost, and return its mark; ``start`` is the number that it begins at."""
        place = min(level, MAX_LEVEL) - 1
        for above in range(place):
            if self.numbers[above] is None:
                self.numbers[above] = self.levels[above].start
        before = self.numbers[place]
        self.numbers[place] = start if start is not None else self.levels[place].start if before is None else before + 1
        self.numbers[place + 1 :] = [None] * (MAX_LEVEL - place - 1)
        return self.mark(place)

    def restart(self, level: int) -> None:
        """Let the items of a level, and those inside them, begin anew."""
        place = min(level, MAX_LEVEL) - 1
        self.numbers[place:] = [None] * (MAX_LEVEL - place)

    def mark(self, place: int) -> str:
        """The mark of the item that was counted last on a level, 0 the outermost."""
        level = self.levels[place]
        if level.bullet:
            return level.bullet
        shown = [self.levels[above].numeral(self.numbers[above] or 0) for above in range(place + 1)]
        if level.pattern:
            return _PLACE.sub(lambda match: _at(shown, int(match[1]) - 1), level.pattern).strip()
        number = ".".join(filter(None, shown[max(0, place + 1 - level.shown) :])) if shown[place] else ""
        return f"{level.prefix}{number}{level.suffix}".strip()


def list_levels(style: Any) -> list[Level]:
    """The ten levels of a ``text:list-style`` or ``text:outline-style``; those that it leaves out have bullets.

    ``style`` may be None: then every level has a bullet.
    """
    is_outline = style is not None and style.tag == f"{TEXT}outline-style"
    levels = [Level() if is_outline else Level(bullet=_BULLET)] * MAX_LEVEL
    for element in elements(style):
        place = whole_number(element.get(f"{TEXT}level", ""), 0) - 1
        if 0 <= place < MAX_LEVEL:
            levels[place] = _level(element, place)
    return levels


def _level(element: Any, place: int) -> Level:
    if element.tag in (f"{TEXT}list-level-style-bullet", f"{TEXT}list-level-style-image"):
        char = element.get(f"{TEXT}bullet-char", "")
        look = element.find(f"{STYLE}text-properties")
        if look is not None:
            font = look.get(f"{FO}font-family") or look.get(f"{STYLE}font-name", "")
            char = symbol_text(font.strip("'\" "), char)
        return Level(bullet=char if char in _TELLING and char else _BULLET)
    pattern = element.get(f"{LOEXT}num-list-format", "")
    return Level(
        style=numeral_style(element.get(f"{STYLE}num-format", "")),
        repeat_letters=element.get(f"{STYLE}num-letter-sync") == "true",
        prefix=element.get(f"{STYLE}num-prefix", ""),
        suffix=element.get(f"{STYLE}num-suffix", ""),
        shown=min(whole_number(element.get(f"{TEXT}display-levels", ""), 1), place + 1),
        start=whole_number(element.get(f"{TEXT}start-value", ""), 1),
        pattern=pattern,
    )


def numeral_style(code: str) -> NumeralStyle:
    """The style of a ``style:num-format``; decimal for the many of other scripts."""
    return _STYLES.get(code, "decimal")


def _at(shown: Sequence[str], place: int) -> str:
    return shown[place] if 0 <= place < len(shown) else ""


class Numbering:
    """The counters of a text: one for its headings, one for each of its lists."""

    def __init__(self, list_styles: dict[str, Any], outline: Any) -> None:
        self._list_styles = list_styles
        self._levels: dict[str, list[Level]] = {}
        self._outline = Counter(list_levels(outline)) if outline is not None else None
        self._by_id: dict[str, Counter] = {}
        self._last: tuple[str, Counter] | None = None

    def levels(self, style: str) -> list[Level]:
        """The levels of a list style by its name; bullets where there is none."""
        if style not in self._levels:
            self._levels[style] = list_levels(self._list_styles.get(style))
        return self._levels[style]

    def heading(self, level: int, start: int | None = None) -> str:
        """Count a heading and return its number, empty where headings have none."""
        return self._outline.advance(level, start) if self._outline else ""

    def begin(self, style: str, own_id: str = "", continued: str = "", goes_on: bool = False) -> Counter:
        """The counter of an outermost list.

        Args:
            style: the name of its style.
            own_id: its ``xml:id``, by which another may continue it.
            continued: the id of the list that it continues.
            goes_on: whether it continues the list before it, if that is of the same style.
        """
        counter = self._by_id.get(continued) if continued else None
        if counter is None and goes_on and self._last and self._last[0] == style:
            counter = self._last[1]
        if counter is None:
            counter = Counter(self.levels(style))
        elif counter.levels is not self.levels(style):
            counter.levels = self.levels(style)
        if own_id:
            self._by_id[own_id] = counter
        self._last = (style, counter)
        return counter


@dataclass
class NoteMarks:
    """The printed marks of foot- or endnotes."""

    style: NumeralStyle = "decimal"
    prefix: str = ""
    suffix: str = ""
    number: int = 0  # of the note before
    by_document: bool = True  # counted through the whole text, not by page or chapter

    def mark(self, label: str, saved: str) -> str:
        """The mark of the next note: its own label, the number that it has, or what was saved where pages count."""
        if label:
            return label
        self.number += 1
        if saved and not self.by_document:
            return saved
        return f"{self.prefix}{numeral(self.number, self.style)}{self.suffix}".strip()


def note_marks(styles: Any) -> dict[str, NoteMarks]:
    """The marks of ``footnote`` and ``endnote`` as the configuration in the common styles has them."""
    marks = {"footnote": NoteMarks(), "endnote": NoteMarks("lower-roman")}
    for element in styles.iter(f"{TEXT}notes-configuration") if styles is not None else ():
        kind = element.get(f"{TEXT}note-class", "")
        if kind in marks:
            marks[kind] = NoteMarks(
                numeral_style(element.get(f"{STYLE}num-format", "1")),
                element.get(f"{STYLE}num-prefix", ""),
                element.get(f"{STYLE}num-suffix", ""),
                # written as an offset: 0 is the usual 1
                whole_number(element.get(f"{TEXT}start-value", ""), 0),
                element.get(f"{TEXT}start-numbering-at", "document") == "document",
            )
    return marks
