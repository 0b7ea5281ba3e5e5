"""Dates in words and in figures, in the languages that have stop words, and the index terms by which they meet."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from ragapp.reading.months import ABBREVIATIONS, MONTH_NUMBERS

_YEAR = r"[12]\d{3}(?!\d)"


@dataclass(frozen=True, slots=True)
class Date:
    """A day, whose year may be unknown."""

    day: int
    month: int
    year: int | None = None

    def agrees(self, other: Date) -> bool:
        """Whether both may be the same day."""
        same_year = self.year is None or other.year is None or self.year == other.year
        return (self.day, self.month) == (other.day, other.month) and same_year


_OF = r"(?:of |del? |d['’])?"
_LETTERS = re.compile(r"[^\W\d_]+")
_BEFORE = r"(?<!\d)(?<!\d[/.-])"
_IN_FIGURES = (
    # 2025-03-31, 2025/3/31
    re.compile(rf"{_BEFORE}(?P<y>[12]\d{{3}})([-/.])(?P<m>\d{{1,2}})\2(?P<d>\d{{1,2}})(?!\d)"),
    # 31/03/2025, 31.3.2025, 31-03-2025; 3/31/2025 where there is no month 31
    re.compile(rf"{_BEFORE}(?P<d>\d{{1,2}})([-/.])(?P<m>\d{{1,2}})\2(?P<y>{_YEAR})"),
    # 31/03/25, 31.03.25, only with all their zeros: 3.1.25 is as likely a section
    re.compile(rf"{_BEFORE}(?P<d>\d{{2}})([/.])(?P<m>\d{{2}})\2(?P<y>\d{{2}})(?!\d|[/.]\d)"),
)
# 03/2025
_MONTH_IN_FIGURES = re.compile(rf"{_BEFORE}(?P<m>\d{{1,2}})/(?P<y>(?:19|20)\d\d)(?!\d|[/.-]\d)")
_ANY_YEAR, _ANY_FIGURES = re.compile(r"[12]\d{3}"), re.compile(r"\d[/.-]\d")
# only with slashes is the month written before the day
_DAY_OR_MONTH = re.compile(r"\d{1,2}/\d")
# two figures of a year up to this are of our century
_PIVOT = 69


@dataclass(frozen=True, slots=True)
class _InWords:
    """Patterns of dates with some names of months: days, and months of a year.

    There are a hundred names; a text is read by those that it has, which takes a tenth of the time.
    """

    days: tuple[re.Pattern[str], ...]
    month: re.Pattern[str]


@lru_cache(maxsize=500)
def _in_words(names: frozenset[str]) -> _InWords:
    month = f"(?P<m>{'|'.join(sorted(names, key=len, reverse=True))})"
    year = rf"(?P<y>{_YEAR})"
    days = (
        # 31 March 2025, 3rd of March, 1er mars, 31. März 2025, 3 de marzo del 2025, 1º de março, 3-Mar-2025
        rf"(?<!\d)(?<!\d[/.,])(?P<d>\d{{1,2}})(?:st|nd|rd|th|ers?|[.º°o])?(?:-|\s{{1,3}}){_OF}{month}\b\.?"
        rf"(?:(?:-|,?\s{{1,3}}){_OF}{year})?",
        # March 31, 2025, March 31st
        rf"\b{month}\.?\s{{1,3}}(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s{{1,3}}{year})?",
    )
    # March 2025, mars 2025, marzo de 2025
    of_a_year = rf"\b{month}\b\.?(?:-|\s{{1,3}}){_OF}{year}"
    return _InWords(tuple(re.compile(pattern, re.IGNORECASE) for pattern in days), re.compile(of_a_year, re.IGNORECASE))


def dates(text: str) -> list[tuple[Date, tuple[int, int]]]:
    """The dates of a text, in words or figures (day before month), with their offsets."""
    names = MONTH_NUMBERS.keys() & set(_LETTERS.findall(text.lower()))
    found, _ = _find(text, (*(_in_words(frozenset(names)).days if names else ()), *_IN_FIGURES))
    return sorted(((date, match.span()) for date, match in found), key=lambda one: one[1])


def date_terms(text: str, words: Iterable[str], *, either_order: bool = False) -> list[tuple[str, ...]]:
    """Index terms of the dates of a text, each once: ``d20240303`` for a day, ``d202403`` for a month of a year.

    Args:
        text: lower-case, in Unicode's compatibility form.
        words: those of the text.
        either_order: give ``03/04/2024`` the terms of both its readings.
    """
    # a date that has a term has a year
    names = frozenset(MONTH_NUMBERS.keys() & words if _ANY_YEAR.search(text) else ())
    in_words = _in_words(names) if names else None
    in_figures = _ANY_FIGURES.search(text)
    if not in_words and not in_figures:
        return []
    found, rest = _find(text, (*(in_words.days if in_words else ()), *(_IN_FIGURES if in_figures else ())))
    terms = []
    for date, match in found:
        if date.year is None:
            continue
        readings = [(date.month, date.day)]
        if either_order and date.day <= 12 and _DAY_OR_MONTH.match(match[0]):
            readings.append((date.day, date.month))
        terms.append(tuple(dict.fromkeys(f"d{date.year:04}{month:02}{day:02}" for month, day in readings)))
    for pattern in (in_words.month if in_words else None, _MONTH_IN_FIGURES if in_figures else None):
        months = ((_month_of(match["m"]), int(match["y"])) for match in pattern.finditer(rest)) if pattern else ()
        terms += [(f"d{year:04}{month:02}",) for month, year in months if 1 <= month <= 12]
    return list(dict.fromkeys(terms))


def is_month(word: str) -> bool:
    """Whether a word is the name of a month."""
    return word.lower() in MONTH_NUMBERS


def is_month_term(term: str) -> bool:
    """Whether an index term stands for a month of a year; those of its days begin with it."""
    return len(term) == 7 and term[0] == "d" and term[1:].isdigit()


def _find(text: str, patterns: Iterable[re.Pattern[str]]) -> tuple[list[tuple[Date, re.Match[str]]], str]:
    """Dates by the patterns, of which an earlier one has the first choice, and the text with the dates blanked."""
    found: list[tuple[Date, re.Match[str]]] = []

    def take(match: re.Match[str]) -> str:
        date = _date_of(match)
        if date is None:
            return match[0]
        found.append((date, match))
        # no space: what stood on both sides of a date is no date together
        return "\x00" * len(match[0])

    for pattern in patterns:
        text = pattern.sub(take, text)
    return found, text


def _date_of(match: re.Match[str]) -> Date | None:
    day, month, year = int(match["d"]), _month_of(match["m"]), match["y"]
    if month > 12 >= day:
        day, month = month, day
    if not (1 <= month <= 12 and 1 <= day <= 31) or (not year and match["m"].lower() in ABBREVIATIONS):
        return None
    return Date(day, month, _full_year(year) if year else None)


def _month_of(written: str) -> int:
    """The number of a month; 0 where letters were taken for others, as case-insensitive patterns do."""
    return int(written) if written.isdigit() else MONTH_NUMBERS.get(written.lower(), 0)


def _full_year(figures: str) -> int:
    year = int(figures)
    return year if len(figures) > 2 else year + (2000 if year <= _PIVOT else 1900)
