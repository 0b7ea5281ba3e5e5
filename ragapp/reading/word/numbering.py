"""The numbers that Word counts for paragraphs and does not store: clause 4.2, § 3, (b), Article One.

Source: ISO/IEC 29500-1, 17.9 (definitions, instances and levels) and 17.3.1.19 (which paragraphs have them).  Where the
standard is silent (levels that are left out, when a start is used again), numbers are as Word itself counts them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from ragapp.reading.symbol_fonts import symbol_text
from ragapp.reading.text import whole_number
from ragapp.reading.word.looks import W, is_on
from ragapp.reading.word.numerals import word_numeral
from ragapp.reading.word.runs import MC

_LEVELS = 9  # the format knows nine; what a damaged file says of others is passed over
_LONGEST_TEXT = 200
_PLACE = re.compile(r"%([1-9])")
# links from a list to the style that it takes its levels from, and so on
_MOST_LINKS = 20
# signs that say yes or no, by which an item differs from its neighbours
_TICKS = frozenset("✓✔✗✘☑☒☐")


@dataclass(frozen=True, slots=True)
class Level:
    """One level of a list, as it is defined.

    Attributes:
        start: the first number.
        style: of the number, a value of ``ST_NumberFormat`` or the pattern of a custom format.
        text: of the label, ``%1`` standing for the number of the first level.
        legal: whether the numbers of all levels are printed in figures.
        restart: the level, counted from 1, behind which this one starts anew; 0 for never, None for any above it.
        glued: whether nothing stands between the label and the text.
        paragraph_style: the style whose paragraphs are on this level.
        font: of the label.
        hidden: whether the label is hidden; it is counted all the same.
    """

    start: int = 0
    style: str = "decimal"
    text: str = ""
    legal: bool = False
    restart: int | None = None
    glued: bool = False
    paragraph_style: str = ""
    font: str = ""
    hidden: bool = False

    @property
    def is_bullet(self) -> bool:
        """Whether the label is a sign that counts nothing."""
        return self.style == "bullet"

    @property
    def shows_parents(self) -> bool:
        """Whether the label names more levels than its own, as in ``%1.%2``."""
        return len({one for one in _pieces(self.text) if isinstance(one, int)}) > 1


@dataclass(frozen=True, slots=True)
class ListLevels:
    """A list as some paragraphs use it: its levels, and the numbers that this use of it starts at.

    Uses of one definition (``key``) count on together, until one of them says where it starts.
    """

    key: str
    use: str
    levels: dict[int, Level]
    starts: dict[int, int]

    def start(self, level: int) -> int:
        """The number that a level begins with."""
        return self.starts.get(level, self.levels[level].start if level in self.levels else 1)


class ListDefinitions:
    """The lists that a document defines, and which of them a paragraph is in."""

    def __init__(self, numbering: Any = None, styles: Any = None) -> None:
        """``numbering`` and ``styles`` are the root elements of these parts, None where there is no such part."""
        self._uses = _by_id(numbering, "num", "numId")
        self._definitions = _by_id(numbering, "abstractNum", "abstractNumId")
        self._styles = _by_id(styles, "style", "styleId")
        self._styled = {value(one, "styleLink"): one for one in self._definitions.values() if value(one, "styleLink")}
        ordinary = (one for one in self._styles.values() if one.get(f"{W}default") in ("1", "true", "on"))
        self._default = next((one.get(f"{W}styleId") for one in ordinary if one.get(f"{W}type") == "paragraph"), None)
        self.language = (value(styles, "docDefaults/rPrDefault/rPr/lang") or "en")[:2].lower()
        # these are asked for each paragraph, and have few answers
        self._list = cache(self._find_list)
        self._style = cache(self._style_place)
        self._known = cache(self._place)

    def place(self, style: str | None, own: Any) -> tuple[ListLevels, int] | None:
        """The list and the level that a paragraph has a number of.

        Args:
            style: that the paragraph names, if any.
            own: its ``w:numPr``, if any; what it says goes before what the style says.
        """
        if own is None:
            return self._known(style, None, None)
        return self._known(style, value(own, "numId"), value(own, "ilvl"))

    def _place(self, style: str | None, own_use: str | None, own_level: str | None) -> tuple[ListLevels, int] | None:
        use, level, chain = self._style(style or self._default)
        use = own_use or use
        if not use or use == "0" or (found := self._list(use)) is None:
            return None  # 0 takes a paragraph out of the list of its style (17.9.18)
        bound = next((name for name in chain if name in found[1]), None)
        level = found[1][bound] if bound is not None else level
        if own_level is not None:
            level = whole_number(own_level, 0, digits=6)
        if level not in found[0].levels and set(found[0].levels) == {0}:
            level = 0  # a list of one level has all its paragraphs on it
        return (found[0], level) if level in found[0].levels else None

    def _style_place(self, style: str | None) -> tuple[str | None, int, tuple[str, ...]]:
        """The list that a style's paragraphs are in, their level by the style, and the styles that it is based on."""
        use, level = None, None
        chain: list[str] = []
        while style in self._styles and style not in chain:
            chain.append(style)  # a damaged file can make styles that are based on each other
            element = self._styles[style]
            level = value(element, "pPr/numPr/ilvl") if level is None else level
            use = value(element, "pPr/numPr/numId")
            if use is not None:
                break
            style = value(element, "basedOn")
        return use, whole_number(level or "", 0, digits=6), tuple(chain)

    def _find_list(self, use: str) -> tuple[ListLevels, dict[str, int]] | None:
        """A list by the number of its use, with the level of each style that is bound to one."""
        element = self._uses.get(use)
        definition = self._definition(element)
        if element is None or definition is None:
            return None
        levels = _levels(definition)
        starts: dict[int, int] = {}
        for override in element.iterchildren(f"{W}lvlOverride"):
            number = whole_number(override.get(f"{W}ilvl", ""), -1, digits=6)
            if not 0 <= number < _LEVELS:
                continue
            if (other := override.find(f"{W}lvl")) is not None:
                levels[number] = _level(other)
            if (start := value(override, "startOverride")) is not None:
                starts[number] = whole_number(start, 0, digits=9)
        bound = {level.paragraph_style: number for number, level in reversed(levels.items()) if level.paragraph_style}
        return ListLevels(definition.get(f"{W}abstractNumId"), use, levels, starts), bound

    def _definition(self, use: Any) -> Any:
        """The definition of a list, which may be that of a style, which may be that of another."""
        for _ in range(_MOST_LINKS):
            definition = self._definitions.get(value(use, "abstractNumId") or "") if use is not None else None
            if definition is None:
                return None
            link = value(definition, "numStyleLink")
            if not link or definition.find(f"{W}lvl") is not None:
                return definition
            further = self._uses.get(value(self._styles.get(link), "pPr/numPr/numId") or "")
            if further is None or further is use:
                return self._styled.get(link)
            use = further
        return None  # lists that refer to each other


@dataclass(frozen=True, slots=True)
class Label:
    """What Word prints in front of a paragraph.

    Attributes:
        text: as it is printed; empty where the level prints nothing, and for bullets, unless they say yes or no.
        full: with the labels above it that it does not name itself, ``4.2(b)``, as a reference in full context says.
        depth: how many levels above it are not named in its text.
        bullet: whether it is a sign that counts nothing.
        glued: whether nothing stands between it and the text.
    """

    text: str
    full: str = ""
    depth: int = 0
    bullet: bool = False
    glued: bool = False


class ListCounter:
    """Counts the paragraphs of one story (the body, the notes) in their order."""

    def __init__(self, language: str = "en") -> None:
        self._language = language
        # by list: the last number of each level, None where the next one is the first
        self._numbers: dict[str, list[int | None]] = {}
        self._full: dict[str, list[str]] = {}  # by list: the full label above, for each level
        self._begun: set[str] = set()

    def label(self, place: ListLevels, level: int) -> Label:
        """Count a paragraph of a level, and give its label."""
        numbers = self._count(place, level)
        definition = place.levels[level]
        if definition.is_bullet:
            sign = symbol_text(definition.font, definition.text).strip()
            return Label(sign if sign in _TICKS else "", depth=level, bullet=True)
        text = self._text(place, level, numbers)
        above = self._full.setdefault(place.key, [""] * _LEVELS)
        parents = "" if definition.shows_parents or not level else above[level - 1]
        full = parents + text
        above[level:] = [full] * (_LEVELS - level)
        return Label(
            "" if definition.hidden else text, full, 0 if definition.shows_parents else level, glued=definition.glued
        )

    def _count(self, place: ListLevels, level: int) -> list[int]:
        numbers = self._numbers.setdefault(place.key, [None] * _LEVELS)
        for above in range(level):
            if numbers[above] is None:  # a level that is left out counts as its first number
                numbers[above] = place.start(above)
        before = numbers[level]
        # a use of a list starts its first paragraph of such a level; behind that, it goes on as the others do
        begins = level in place.starts and place.use not in self._begun
        if begins:
            self._begun.add(place.use)
        numbers[level] = place.start(level) if begins or before is None else before + 1
        for deeper in range(level + 1, _LEVELS):
            restart = place.levels[deeper].restart if deeper in place.levels else None
            if restart is None or level < restart:
                numbers[deeper] = None
        return [number or 0 for number in numbers[: level + 1]]

    def _text(self, place: ListLevels, level: int, numbers: list[int]) -> str:
        definition = place.levels[level]

        def number(at: int) -> str:
            style = place.levels[at].style if at in place.levels else "decimal"
            if at > level or style in ("none", "bullet"):
                return ""
            if definition.legal and style != "decimalZero":
                style = "decimal"
            return word_numeral(numbers[at], style, self._language)

        pieces = _pieces(definition.text)
        return " ".join("".join([one if isinstance(one, str) else number(one) for one in pieces]).split())


@lru_cache(maxsize=1000)
def _pieces(text: str) -> tuple[str | int, ...]:
    """The text of a level, taken apart: what stands in it as it is, and the levels (from 0) whose numbers do."""
    parts = _PLACE.split(symbol_text("", text))
    return tuple(int(part) - 1 if place % 2 else part for place, part in enumerate(parts))


@cache
def _path(path: str) -> str:
    return "/".join(f"{W}{name}" for name in path.split("/"))


def value(element: Any, path: str) -> str | None:
    """The ``w:val`` of the element at a path of names, None where there is none."""
    found = element.find(_path(path)) if element is not None else None
    return found.get(f"{W}val") if found is not None else None


def _by_id(root: Any, name: str, attribute: str) -> dict[str, Any]:
    """The children of this name by their id; the first where several have one."""
    found = list(root.iterchildren(f"{W}{name}")) if root is not None else []
    return {one.get(f"{W}{attribute}", ""): one for one in reversed(found)}


def _levels(element: Any) -> dict[int, Level]:
    levels: dict[int, Level] = {}
    for one in element.iterchildren(f"{W}lvl"):
        number = whole_number(one.get(f"{W}ilvl", ""), -1, digits=6)
        if 0 <= number < _LEVELS and number not in levels:
            levels[number] = _level(one)
    return levels


def _level(element: Any) -> Level:
    restart, legal = value(element, "lvlRestart"), element.find(f"{W}isLgl")
    fonts = element.find(f"{W}rPr/{W}rFonts")
    text = element.find(f"{W}lvlText")
    hidden = element.find(f"{W}rPr/{W}vanish")
    return Level(
        # 17.9.25: a level without a start begins with 0
        start=whole_number(value(element, "start") or "", 0, digits=9),
        style=_number_style(element),
        text=text.get(f"{W}val", "")[:_LONGEST_TEXT] if text is not None and not text.get(f"{W}null") else "",
        legal=legal is not None and is_on(legal),
        restart=None if restart is None else whole_number(restart, _LEVELS, digits=6),
        glued=value(element, "suff") == "nothing",
        paragraph_style=value(element, "pStyle") or "",
        font=(fonts.get(f"{W}ascii") or fonts.get(f"{W}hAnsi") or "") if fonts is not None else "",
        hidden=hidden is not None and is_on(hidden),
    )


def _number_style(element: Any) -> str:
    """The format of a level's numbers; a custom one stands in a choice, beside what older programs show."""
    found = element.find(f"{W}numFmt")
    if found is None:
        found = element.find(f"{MC}AlternateContent/{MC}Choice/{W}numFmt")
    if found is None:
        return "decimal"
    style: str = found.get(f"{W}format", "") or found.get(f"{W}val", "decimal")
    return style
