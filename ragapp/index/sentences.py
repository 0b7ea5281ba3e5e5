"""Sentence segmentation: at full stops but those of abbreviations and ordinals, and before each point of a list."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ragapp.reading.bullets import BULLETS

#: pattern of a rule drawn with characters
DRAWN = r"[=_*~-]{3,}+"
#: text up to the next blank line
PARAGRAPH = re.compile(r"(?:(?!\n\s*\n).)+", re.DOTALL)
# characters of context on each side of a gap
_NEAR = 80
_POINT_MARK = rf"(?:\d{{1,2}}[.)]|[{BULLETS}])\s"
_POINT = rf"\n[ \t]*(?={_POINT_MARK})"
# the last point of a list, with the lines that it goes on in
_LAST_POINT = re.compile(rf"(?:^|\n)[ \t]*{_POINT_MARK}[ \t]*(?P<first>\S)(?:[^\n]|\n(?![ \t]*\n))*\Z")
_DRAWN_LINE = rf"\n[ \t]*{DRAWN}[ \t]*(?:\n|\Z)"
_LINE = r"(?P<line>\n[ \t]*(?=[^\W\d_]))"
_GAP = re.compile(rf"(?<=[.!?…])\s+(?=[^\W\d_]|[\"«“(\[\d])|{_DRAWN_LINE}|{_POINT}|{_LINE}")
_LAST_WORD = re.compile(r"[^\s(\[\"«“'’]+\Z")
# a unit behind a figure, "6 p.m.", "18 h.", "30 cm.", ends a sentence where a capital follows
_UNIT = re.compile(r"\d\s?(?:[ap]\.\s?m|[hmglts]|min|[ckm]m|[km]g|[cmh]l)\.\Z", re.IGNORECASE)
_INITIAL = re.compile(r"\b[A-Za-z]\.\Z")
# a name is seldom broken behind its initial; "protection class D." ends a line, and its sentence
_LETTER_AFTER_WORD = re.compile(r"[^\W\d_A-Z]\s[A-Z]\.\Z")
_ITEM = re.compile(r"(?:^|[.!?…:;])\W*\Z", re.MULTILINE)
_ORDINAL_OF = re.compile(
    r"[^\W\d_A-Z]|(?:Jan|Feb|M(?:är|ar)|Apr|Mai|Jun|Jul|Aug|Sep|Okt|O[ck]t|Nov|De[zc])[a-zäé]*\b|Jahrhundert|Quartal|Stock"
)
# no sentence ends after these
_ABBREVIATION = re.compile(
    r"approx|bzw|ca|cf|dott|dr|env|hr|ing|jr|mlle|mme|mr|mrs|ms|prof|sra?|ste?|vgl|vs|e\.g|i\.e", re.IGNORECASE
)
# nor after these where a figure follows
_OF_A_FIGURE = re.compile(
    r"ab[bs]|art|ch|eq|ext|figs?|nos?|nr|p(?:os|p)?|sec|tab|tel|vol"
    r"|jan|feb|mar|apr|jun|jul|aug|sept?|o[ck]t|nov|de[cz]",
    re.IGNORECASE,
)
# 12, and L. 1234-5 of a code
_FIGURE = re.compile(r"(?:[A-Z]{1,3}[. -]{0,2})?\d")


def sentence_spans(text: str, begin: int = 0, end: int | None = None) -> Iterator[tuple[int, int]]:
    """Offsets of the sentences between two offsets of a text, without the gaps between them; at least one pair.

    The text may be in any language that is written with full stops.
    """
    end = len(text) if end is None else end
    first = begin
    for gap in _GAP.finditer(text, begin, end):
        before = text[max(begin, gap.start() - _NEAR) : gap.start()]
        if gap["line"] is not None and not _ends_list(text[first : gap.start()], text[gap.end() : end]):
            continue
        if not _goes_on(before, gap[0], text[gap.end() : min(end, gap.end() + _NEAR)]):
            yield first, gap.start()
            first = gap.end()
    yield first, end


def _ends_list(before: str, behind: str) -> bool:
    """Whether a line is no part of the list's point above it: it begins with a capital, and the point does not or it
    introduces another list.
    """
    point = _LAST_POINT.search(before) if behind[0].isupper() else None
    if not point:
        return False
    return point["first"].islower() or behind.split("\n", 1)[0].rstrip().endswith(":")


def _goes_on(before: str, gap: str, behind: str) -> bool:
    """Whether the full stop before a gap ends no sentence."""
    word = _LAST_WORD.search(before)
    if not word or not word[0].endswith("."):
        return False
    if _UNIT.search(before):
        return not behind[:1].isupper()
    if _INITIAL.search(before):
        return not ("\n" in gap and _LETTER_AFTER_WORD.search(before))
    stem = word[0][:-1]
    if _ABBREVIATION.fullmatch(stem):
        return True
    if _OF_A_FIGURE.fullmatch(stem):
        return bool(_FIGURE.match(behind))
    if stem.isdigit() and len(stem) <= 2:
        return bool(_ITEM.search(before[: word.start()]) or _ORDINAL_OF.match(behind))
    return False
