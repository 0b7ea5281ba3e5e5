"""The numbers of paragraphs in RTF: the list table, its overrides, and what each paragraph of a list is counted as.

Source: Microsoft, Rich Text Format Specification 1.9.1, "List Tables" and "Bullets and Numbering".
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field, replace

from ragapp.reading.numerals import NumeralStyle, numeral

LEVELS = 9
BULLET = 23
_NONE = 255
_STYLES: dict[int, NumeralStyle] = {
    0: "decimal",
    1: "upper-roman",
    2: "lower-roman",
    3: "upper-letter",
    4: "lower-letter",
    5: "ordinal",
    9: "symbol",
    22: "decimal-zero",
    _NONE: "none",
}


@dataclass(slots=True)
class Level:
    """A level of a list.

    Attributes:
        kind: number format (``\\levelnfc``).
        start: number of its first paragraph.
        text: its text as written, with the length in front and the numbers of levels in place.
        places: offsets in ``text`` at which these stand.
        legal: whether the numbers of outer levels are in figures, whatever their formats.
        restarts: whether it begins anew below each paragraph of an outer level.
    """

    kind: int = 0
    start: int = 1
    text: str = ""
    places: list[int] = field(default_factory=list)
    legal: bool = False
    restarts: bool = True

    def pieces(self) -> list[str | int]:
        """The text, with a number of a level, from 0, in place of each of its signs."""
        return [ord(char) if at in self.places and ord(char) < LEVELS else char for at, char in enumerate(self.text)][
            1:
        ]


@dataclass(slots=True)
class ListDefinition:
    """A list of the list table, or what an override makes of it."""

    id: int = 0
    levels: list[Level] = field(default_factory=list)

    def level(self, number: int) -> Level:
        """A level; the last one for those that are missing."""
        return self.levels[min(number, len(self.levels) - 1)] if self.levels else Level()


class ListTable:
    """The lists of a document as they are defined, and how far each has counted."""

    def __init__(self) -> None:
        self._lists: dict[int, ListDefinition] = {}
        # by \\ls: the list's id, and the levels that the override changes
        self._overrides: dict[int, tuple[int, dict[int, Level]]] = {}
        self._counts: dict[int, list[int | None]] = {}
        self._begun: set[tuple[int, int]] = set()
        # what is being defined
        self._defined = ListDefinition()
        self._changed: dict[int, Level] = {}

    def word(self, word: str, number: int | None) -> bool:
        """Take a control word of the list table or of the table of overrides; False for other words."""
        levels, value = self._defined.levels, number or 0
        if word == "list":
            self._defined = ListDefinition()
        elif word == "listlevel":
            if len(levels) < LEVELS:
                levels.append(Level())
        elif word == "levelnfc" and levels:
            levels[-1].kind = value
        elif word == "levelstartat" and levels:
            levels[-1].start = value
        elif word == "levellegal" and levels:
            levels[-1].legal = number != 0
        elif word == "levelnorestart" and levels:
            levels[-1].restarts = number == 0
        elif word == "listid":
            self._defined.id = value
            if levels:  # in the list table it stands behind the levels
                self._lists[value] = self._defined
        elif word == "listoverride":
            self._defined, self._changed = ListDefinition(), {}
        elif word == "lfolevel":
            self._override_level()
        elif word == "ls":
            self._overrides[value] = self._defined.id, self._changed
        else:
            return False
        return True

    def level_text(self, text: str) -> None:
        """Take the text of the level that is being defined, a character for each of its bytes."""
        if self._defined.levels:
            self._defined.levels[-1].text = text.removesuffix(";")

    def level_places(self, text: str) -> None:
        """Take the places of numbers in the text of the level that is being defined."""
        if self._defined.levels:
            self._defined.levels[-1].places = [ord(sign) for sign in text.partition(";")[0]]

    def _override_level(self) -> None:
        """Begin a level of an override: that of the list, until the override says otherwise."""
        number = len(self._changed)
        listed = self._lists.get(self._defined.id)
        level = copy(listed.level(number)) if listed else Level()
        if number < LEVELS:
            self._changed[number] = level
        self._defined.levels = [level]

    def label(self, override: int, level: int) -> str | None:
        """Count a paragraph; its number, ``-`` for a bullet, empty for none; None where the list is not defined."""
        list_id, changed = self._overrides.get(override, (0, {}))
        definition = self._lists.get(list_id)
        if definition is None or not definition.levels:
            return None
        level = max(0, min(level, LEVELS - 1))
        levels = [changed.get(number) or definition.level(number) for number in range(LEVELS)]
        counts = self._counts.setdefault(list_id, [None] * LEVELS)
        # an override that has a start of its own begins there, the first time it is used
        restart = level in changed and (override, level) not in self._begun
        self._begun.add((override, level))
        before = counts[level]
        counts[level] = levels[level].start if before is None or restart else before + 1
        for deeper in range(level + 1, LEVELS):
            if levels[deeper].restarts:
                counts[deeper] = None
        return _written(levels, counts, level)


def _written(levels: list[Level], counts: list[int | None], level: int) -> str:
    own = levels[level]
    if own.kind == BULLET:
        return "-"
    text = ""
    for piece in own.pieces():
        if isinstance(piece, str):
            text += piece
            continue
        count = counts[piece]
        shown = replace(levels[piece], kind=0) if own.legal and levels[piece].kind != 22 else levels[piece]
        # a level that no paragraph has used yet counts as begun
        text += numeral(shown.start if count is None else count, _STYLES.get(shown.kind, "decimal"))
    return text.strip()


@dataclass(slots=True)
class OldNumbering:
    """How a paragraph is numbered in the way of Word 6 (``\\pn``)."""

    style: NumeralStyle = "decimal"
    bullet: bool = False
    start: int = 1
    before: str = ""
    after: str = ""

    def label(self, count: int) -> str:
        """The label of the paragraph of this number, from 0, in its run."""
        return "-" if self.bullet else f"{self.before}{numeral(self.start + count, self.style)}{self.after}".strip()


OLD_STYLES: dict[str, NumeralStyle] = {
    "pndec": "decimal",
    "pncard": "decimal",
    "pnord": "ordinal",
    "pnordt": "ordinal",
    "pnucrm": "upper-roman",
    "pnlcrm": "lower-roman",
    "pnucltr": "upper-letter",
    "pnlcltr": "lower-letter",
}
