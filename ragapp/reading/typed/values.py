"""Cells as values: numbers in the forms of several countries, amounts, dates, yes and no.

A cell alone often does not tell its form (``1,234``; ``03/04/2024``), so what is given here is every way to read it;
:mod:`ragapp.reading.typed.columns` decides by the whole column.
"""

from __future__ import annotations

import re
from datetime import date
from typing import NamedTuple

from ragapp.reading.months import MONTH_NUMBERS
from ragapp.reading.sheets.number_format_names import MONTHS, SHORT_MONTHS
from ragapp.reading.typed.currencies import CURRENCY, SIGNS

LONGEST = 60  # characters of a cell that may be a value
_FULL = re.compile(r"(?P<shown>[^(]*)\(in full: (?P<full>-?\d+(?:\.\d+)?)\)")
_NUMBER = re.compile(
    rf"(?P<open>\()?\s*(?P<minus>[+\-−–])?\s*(?P<before>{CURRENCY})?\s*(?P<inner>[+\-−–])?\s*"
    rf"(?P<body>\d[\d.,'’\s]*\d|\d|\.\d+)\s*(?P<after>{CURRENCY}|%|‰|°C|°F|[^\W\d_]{{1,4}}[²³]?(?:/[^\W\d_]{{1,4}}[²³]?)?)?"
    r"\s*(?P<behind>-)?\s*(?P<close>\))?"
)
_POINT = re.compile(
    r"\d{1,3}(?P<comma>(?:,\d{3})+)(?:\.(?P<a>\d+))?|\d{1,3}(?:[ ']\d{3})+(?:\.(?P<b>\d+))?|\d*(?:\.(?P<c>\d+))?"
)
_COMMA = re.compile(
    r"\d{1,3}(?P<point>(?:\.\d{3})+)(?:,(?P<a>\d+))?|\d{1,3}(?:[ ']\d{3})+(?:,(?P<b>\d+))?|\d+(?:,(?P<c>\d+))?"
)
_HEAD_UNIT = re.compile(
    rf"(?<!\w)(?P<unit>{CURRENCY}|%)(?!\w)|[(\[](?P<other>[^\W\d_]{{1,4}}[²³]?(?:/[^\W\d_]{{1,4}})?)[)\]]"
)
_ISO = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?:[T ](\d{1,2}:\d\d(?::\d\d)?)(?:\.\d+)?Z?)?")
_FIGURES = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})(?:,?\s(\d{1,2}:\d\d(?::\d\d)?))?")
_DAY_FIRST = re.compile(
    r"(?:[^\W\d]{2,9}\.?,?\s)?(\d{1,2})(?:\.|er|st|nd|rd|th)?[\s-](?:de\s|of\s)?([^\W\d]{3,9})\.?[\s-](?:de\s)?(\d{4}|\d\d)"
)
_MONTH_FIRST = re.compile(r"([^\W\d]{3,9})\.?\s(\d{1,2})(?:st|nd|rd|th)?,?\s(\d{4})")
_MONTH_ONLY = re.compile(r"([^\W\d]{3,9})\.?[\s-](?:de\s)?(\d{4})")
_PIVOT = 69  # two figures of a year up to this are of our century
_TRUE = frozenset(["yes", "oui", "ja", "sí", "si", "sì", "sim", "true", "vrai", "wahr", "x", "✓", "✔", "☒", "☑"])
_FALSE = frozenset(["no", "non", "nein", "nee", "não", "false", "faux", "falsch", "✗", "✘", "☐"])
BLANK = frozenset(("", "-", "–", "—", "n/a", "n.a.", "na", "k.a.", "s.o.", "n.d.", "null", "none", "#n/a", "…", "?"))


def _month_numbers() -> dict[str, int]:
    numbers = dict(MONTH_NUMBERS)
    for names in (*MONTHS.values(), *SHORT_MONTHS.values()):  # of more languages, as number formats write them
        for number, name in enumerate(names.split(), 1):
            numbers.setdefault(name.strip(".").casefold(), number)
    return numbers


_MONTH_NUMBERS = _month_numbers()


class Number(NamedTuple):
    """A number by both ways to write one, with its decimals; None for a way in which it is none.

    ``sure`` says which way it can only be: ``point`` (1,234.50), ``comma`` (1.234,50), or empty where both are the
    same, or both may be.
    """

    point: float | int | None
    comma: float | int | None
    digits_point: int
    digits_comma: int
    unit: str

    @property
    def sure(self) -> str:
        """The way in which it must be read; empty where that does not show."""
        if self.comma is None:
            return "point"
        return "comma" if self.point is None else ""

    @property
    def is_ambiguous(self) -> bool:
        """Whether both ways give a number, and not the same."""
        return self.point is not None and self.comma is not None and self.point != self.comma

    @property
    def as_thousands(self) -> str:
        """Of an ambiguous number the way in which its mark stands between thousands: ``point`` of ``1,234``."""
        return "point" if isinstance(self.point, int) else "comma"

    def in_thousands(self) -> Number:
        """Of an ambiguous number the one that can only be thousands; any other as it is."""
        if not self.is_ambiguous:
            return self
        return self._replace(comma=None) if self.as_thousands == "point" else self._replace(point=None)

    def read(self, form: str) -> float | int | None:
        """Its value by a way, by the other one where there is none."""
        first, other = (self.comma, self.point) if form == "comma" else (self.point, self.comma)
        return other if first is None else first

    def digits(self, form: str) -> int:
        """Its decimals by a way."""
        use_comma = self.comma is not None and (form == "comma" or self.point is None)
        return self.digits_comma if use_comma else self.digits_point


def number_of(text: str) -> Number | None:
    """A cell as a number; None for one that is none, and for a key such as ``0042`` or a telephone number."""
    if len(text) > LONGEST or not any(map(str.isdigit, text)):
        return None
    if full := _FULL.fullmatch(text):
        value = float(full["full"])
        whole = int(value) if value.is_integer() else value
        named = re.search(CURRENCY, full["shown"])
        return Number(whole, whole, 0, 0, SIGNS.get(named[0], named[0]) if named else "")
    found = _NUMBER.fullmatch(text)
    if not found or (found["open"] is None) != (found["close"] is None):
        return None
    unit = found["before"] or found["after"] or ""
    unit = SIGNS.get(unit, unit)
    negative = bool(found["open"]) or any(found[name] in ("-", "−", "–") for name in ("minus", "inner", "behind"))
    body = " ".join(found["body"].split()).replace("’", "'")
    point, digits_point = _value(_POINT.fullmatch(body), body, ",", "comma")
    comma, digits_comma = _value(_COMMA.fullmatch(body), body, ".", "point")
    if point is None and comma is None:
        return None
    if negative:
        point, comma = (None if value is None else -value for value in (point, comma))
    return Number(point, comma, digits_point, digits_comma, unit)


def _value(found: re.Match[str] | None, body: str, thousands: str, group: str) -> tuple[float | int | None, int]:
    if not found:
        return None, 0
    decimals = found["a"] or found["b"] or found["c"] or ""
    whole = re.sub(rf"[ '{re.escape(thousands)}]", "", body[: len(body) - len(decimals) - bool(decimals)])
    if len(whole) > 1 and whole[0] == "0" and (found[group] or not decimals):
        return None, 0  # 0,125 is no thousand, 0042 is a key
    if not decimals:
        return int(whole), 0
    return float(f"{whole or 0}.{decimals}"), len(decimals)


def unit_in_head(name: str) -> str:
    """The unit that a column's name gives: ``Amount (EUR)`` → ``EUR``; empty where it gives none."""
    found = _HEAD_UNIT.search(name)
    if not found:
        return ""
    unit = found["unit"] or found["other"]
    return SIGNS.get(unit, unit)


class Day(NamedTuple):
    """A date by both orders of day and month, as ISO 8601; None for an order in which it is none."""

    day_first: str | None
    month_first: str | None

    @property
    def sure(self) -> str:
        """The order that it must have; empty where that does not show."""
        if self.month_first is None:
            return "day"
        return "month" if self.day_first is None else ""

    @property
    def is_ambiguous(self) -> bool:
        """Whether both orders give a day, and not the same."""
        return self.day_first is not None and self.month_first is not None and self.day_first != self.month_first

    def read(self, order: str) -> str | None:
        """Its day by an order, by the other one where there is none."""
        first, other = (self.month_first, self.day_first) if order == "month" else (self.day_first, self.month_first)
        return other if first is None else first


def day_of(text: str) -> Day | None:
    """A cell as a date, which may have a time, or be only a month of a year; None for one that is none."""
    if not 6 <= len(text) <= LONGEST or not any(map(str.isdigit, text)):
        return None
    if found := _ISO.fullmatch(text):
        return _same(_iso(found[1], found[3], found[4], found[5]))
    if found := _FIGURES.fullmatch(text):
        first, sign, second, year, clock = found.groups()
        by_day = _iso(year, second, first, clock)
        if sign == "." or (len(year) == 2 and sign == "-"):
            return Day(by_day, by_day) if by_day else None
        by_month = _iso(year, first, second, clock)
        return Day(by_day, by_month) if by_day or by_month else None
    for pattern, places in ((_DAY_FIRST, (3, 2, 1)), (_MONTH_FIRST, (3, 1, 2))):
        if found := pattern.fullmatch(text):
            year, month, day = (found[place] for place in places)
            number = _MONTH_NUMBERS.get(month.casefold())
            return _same(_iso(year, str(number), day, None)) if number else None
    if found := _MONTH_ONLY.fullmatch(text):
        number = _MONTH_NUMBERS.get(found[1].casefold())
        return _same(f"{found[2]}-{number:02}") if number else None
    return None


def _same(day: str | None) -> Day | None:
    return Day(day, day) if day else None


def _iso(year: str, month: str, day: str, clock: str | None) -> str | None:
    number = int(year)
    if len(year) == 2:
        number += 2000 if number <= _PIVOT else 1900
    try:
        found = date(number, int(month), int(day)).isoformat()
    except ValueError:
        return None
    if not clock:
        return found
    hour, _, rest = clock.partition(":")
    return f"{found}T{int(hour):02}:{rest}"


def truth_of(text: str) -> int | None:
    """1 for a cell that says yes or is ticked, 0 for one that says no, None for any other."""
    said = text.casefold()
    return 1 if said in _TRUE else 0 if said in _FALSE else None


def is_blank(text: str) -> bool:
    """Whether a cell says that there is nothing."""
    return text.casefold() in BLANK
