"""Headings by their type: lines that are larger or bolder than the text, where no outline names them.

The type that most characters are set in is the text's.  Lines in other type, larger, or bold at the same size, that
stand as titles do, are headings; a larger type is a higher level, and of one size bold is above regular.  A type that
introduces nothing, or that stands only once, is decoration: the title on a cover, a number in a margin.  What stands
only in front of all other headings ("Contents") is above none of them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from ragapp.reading.bullets import BULLETS, SHAPES, TICKS
from ragapp.reading.leaders import LEADERS
from ragapp.reading.pages.layout import Line

#: (half points, whether it is bold)
Type = tuple[int, bool]
#: a section: its first line, the lines of its heading, and its path
Cut = tuple[int, int, tuple[str, ...]]

_LARGER = 1.07  # times the size of the text
_SAME = 0.95
_LONGEST = 120  # characters of a heading
_MOST_LINES = 3  # that one heading may run over
_MOST_LEVELS = 6
_PITCH = 1.8  # times its size, between the lines of one heading
_APART = 1.5  # times the size of the text: a line that stands so far below another begins something new
_MOST_SHARE = 0.3  # of all characters may be headings; a poster or a slide has no text that they would head
_LEADS = 0.5  # share of the headings of a type that introduce something
_ENDS = tuple(".,;:!。、；：")
_BULLET = re.compile(rf"(?:[{BULLETS}{SHAPES}{TICKS}]|\(?[a-z][.)])\s")


@dataclass(frozen=True, slots=True)
class Above:
    """What holds at a place: the path by the outline, and below it headings by type with their levels."""

    path: tuple[str, ...] = ()
    holding: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading on a page: its first line, how many it runs over, its level from 0, and its words."""

    first: int
    count: int
    level: int
    text: str


@dataclass(frozen=True, slots=True)
class HeadingTypes:
    """The types of a document's headings, each with its level from 0, and the size of its text in half points."""

    levels: dict[Type, int] = field(default_factory=dict)
    text: int = 0

    def below(self, lines: Iterable[Line]) -> HeadingTypes:
        """The types below that of some headings: an outline that names these has no others of their kind or above."""
        known = [kind for kind in map(_type_of, lines) if kind]
        kept = {kind: level for kind, level in self.levels.items() if known and kind < min(known)}
        return replace(self, levels=kept)

    def headings(self, lines: Sequence[Line], in_tables: Sequence[bool]) -> list[Heading]:
        """The headings of a page, whose lines are in reading order; cells of tables are none."""
        found = _candidates(lines, in_tables, self.text, self.levels.__contains__)
        return [Heading(first, count, self.levels[kind], _words(lines, first, count)) for first, count, kind in found]


def heading_types(pages: Sequence[Sequence[Line]], in_tables: Sequence[Sequence[bool]]) -> HeadingTypes:
    """The types of a document's headings; none where its lines do not say their type, or where hardly any is text."""
    characters: Counter[Type] = Counter()
    for lines in pages:
        for line in lines:
            if kind := _type_of(line):
                characters[kind] += len(line.text)
    if not characters:
        return HeadingTypes()
    text = characters.most_common(1)[0][0]
    counts: Counter[Type] = Counter()
    leading: Counter[Type] = Counter()
    order: list[Type] = []
    titles = 0
    for lines, drawn in zip(pages, in_tables, strict=True):
        for first, count, kind in _candidates(lines, drawn, text[0], partial(_stands_out, text=text)):
            behind = first + count
            counts[kind] += 1
            order.append(kind)
            leading[kind] += behind < len(lines) and _type_of(lines[behind]) != kind
            titles += len(_words(lines, first, count))
    if titles > _MOST_SHARE * characters.total():
        return HeadingTypes()
    kinds = [kind for kind, count in counts.items() if count > 1 and leading[kind] >= _LEADS * count]
    kinds = sorted(kinds, reverse=True)[:_MOST_LEVELS]
    order = [kind for kind in order if kind in kinds]
    return HeadingTypes({kind: _level(kind, kinds, order) for kind in kinds}, text[0])


def _level(kind: Type, kinds: Sequence[Type], order: Sequence[Type]) -> int:
    """The level of a type among those of a document, the largest first, by the order of its headings."""
    place = kinds.index(kind)
    last = len(order) - 1 - order[::-1].index(kind)
    is_front_matter = set(order[: last + 1]) <= set(kinds[: place + 1])
    return min(place + is_front_matter, len(kinds) - 1)


def typed_sections(
    lines: Sequence[Line], in_tables: Sequence[bool], types: HeadingTypes, cuts: Sequence[Cut], above: Above
) -> tuple[list[Cut], Above]:
    """Cut the sections of a page further at its headings by type.

    Args:
        cuts: the sections that its document's outline makes, in order; one without a path where there is none.
        above: what holds at the top of the page.

    Returns:
        The finer sections, and what holds at the end.
    """
    found = types.headings(lines, in_tables)
    finer: list[Cut] = []
    for (start, own, path), end in zip(cuts, [*(cut[0] for cut in cuts[1:]), len(lines)], strict=True):
        holding = above.holding if path == above.path else ()
        finer.append((start, own, (*path, *(text for _, text in holding))))
        for heading in found:
            if start + own <= heading.first < end:
                holding = (*(one for one in holding if one[0] < heading.level), (heading.level, heading.text))
                finer.append((heading.first, heading.count, (*path, *(text for _, text in holding))))
        above = Above(path, holding)
    return finer, above


def _candidates(
    lines: Sequence[Line], in_tables: Sequence[bool], size: int, fits: Callable[[Type], bool]
) -> list[tuple[int, int, Type]]:
    """(first line, lines, type) of what stands as a heading does, in a type that ``fits``; text has this ``size``."""
    found = []
    index = 0
    while index < len(lines):
        kind = _type_of(lines[index])
        if kind is None or not fits(kind) or in_tables[index]:
            index += 1
            continue
        count = 1
        while index + count < len(lines) and _goes_on(lines[index + count - 1], lines[index + count], kind):
            count += 1
        if count <= _MOST_LINES and _is_heading(lines, index, count, size / 2):
            found.append((index, count, kind))
        index += count
    return found


def _stands_out(kind: Type, text: Type) -> bool:
    size, bold = kind
    return size >= _LARGER * text[0] or (bold and not text[1] and size >= _SAME * text[0])


def _type_of(line: Line) -> Type | None:
    """The type of a line without gaps; None where it is not known."""
    if len(line.pieces) != 1 or not line.pieces[0].size:
        return None
    return round(2 * line.pieces[0].size), line.pieces[0].bold


def _goes_on(before: Line, line: Line, kind: Type) -> bool:
    """Whether a line is the next one of the same heading."""
    pitch = line.bottom - before.bottom
    return (
        _type_of(line) == kind
        and 0 < pitch < _PITCH * kind[0] / 2
        and min(before.x1, line.x1) > max(before.x0, line.x0)
    )


def _is_heading(lines: Sequence[Line], first: int, count: int, em: float) -> bool:
    """Whether lines in other type stand as a heading: short, no sentence or part of one, no point of a list."""
    words = _words(lines, first, count)
    if len(words) > _LONGEST or sum(map(str.isalpha, words)) < 2 or words.endswith(_ENDS):
        return False
    if LEADERS.search(words) or _BULLET.match(words) or words[0].islower():
        return False
    if first and _near(lines[first - 1], lines[first], em):
        before = lines[first - 1].text.rstrip()
        if len(lines[first - 1].pieces) == 1 and before[-1:].isalpha() and not _begins_anew(lines, first, em):
            return False  # emphasis in the middle of a sentence
    behind = lines[first + count].text if first + count < len(lines) else ""
    return not behind[:1].islower() or bool(_BULLET.match(behind))


def _near(before: Line, line: Line, em: float) -> bool:
    pitch = line.bottom - before.bottom
    return 0 < pitch < _APART * em and min(before.x1, line.x1) > max(before.x0, line.x0)


def _begins_anew(lines: Sequence[Line], first: int, em: float) -> bool:
    """Whether the line above ends something: it is a title itself, or much shorter than the column."""
    before = lines[first - 1]
    if _type_of(before) != _type_of(lines[first]) and first > 1 and not _near(lines[first - 2], before, em):
        return True
    return before.x1 - before.x0 < 0.6 * max(line.x1 - line.x0 for line in lines)


def _words(lines: Sequence[Line], first: int, count: int) -> str:
    return " ".join(line.text.strip() for line in lines[first : first + count])
