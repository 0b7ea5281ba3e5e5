"""Dates, times and durations by a section of a format code."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import pairwise

from ragapp.reading.sheets.number_format_code import Piece, Section
from ragapp.reading.sheets.number_format_names import DAYS, MONTHS, MONTHS_BEHIND_DAYS, SHORT_DAYS, SHORT_MONTHS

_LAST_DAY = 2_958_466  # the day after 9999-12-31 in the system of 1900
_EPOCH = date(1899, 12, 30).toordinal()
_DAYS_TO_1904 = 1462
_DAY = 86_400

# the first day of each era of Japan, its name as ggg, gg and g show it
_ERAS = (
    (date(2019, 5, 1), "令和", "令", "R"),
    (date(1989, 1, 8), "平成", "平", "H"),
    (date(1926, 12, 25), "昭和", "昭", "S"),
    (date(1912, 7, 30), "大正", "大", "T"),
    (date(1868, 1, 1), "明治", "明", "M"),
)


@dataclass(frozen=True, slots=True)
class _Field:
    """One piece of a date: ``name`` is its letter (``n`` for a minute), upper case where time has elapsed."""

    name: str
    text: str
    width: int = 0


@dataclass(frozen=True, slots=True)
class _DatePlan:
    fields: tuple[_Field, ...]
    places: int  # of a second
    dated: bool  # whether the day is shown
    elapsed: bool
    noon: bool  # whether hours count to twelve
    era: bool
    has_day: bool


@lru_cache(maxsize=4096)
def _plan(section: Section) -> _DatePlan:
    pieces = [piece for piece in section.pieces if piece.text]
    fields: list[_Field] = []
    places = 0
    units = [(place, piece.text[0].lower()) for place, piece in enumerate(pieces) if piece.kind in ("date", "elapsed")]
    neighbours = list(pairwise(units))
    before = {place: unit for (_, unit), (place, _) in neighbours}
    behind = {place: unit for (place, _), (_, unit) in neighbours}
    place = 0
    while place < len(pieces):
        piece = pieces[place]
        name = piece.text[0].lower()
        if piece.kind == "elapsed":
            fields.append(_Field(name.upper(), piece.text, len(piece.text)))
        elif piece.kind == "ampm":
            fields.append(_Field("a", piece.text))
        elif piece.kind == "date":
            minute = name == "m" and len(piece.text) < 3 and (before.get(place) == "h" or behind.get(place) == "s")
            fields.append(_Field("n" if minute else name, piece.text, len(piece.text)))
        elif piece.kind in ("point", "comma") and _zeros(pieces, place + 1):
            count = _zeros(pieces, place + 1)
            places = max(places, min(count, 6))
            fields.append(_Field("f", ".", count))
            place += count
        else:
            fields.append(_Field("", piece.text))
        place += 1
    names = {field.name for field in fields}
    era = section.language == "ja" or "g" in names
    has_day = any(field.name == "d" and field.width < 3 for field in fields)
    dated, elapsed = bool(names & set("ymdbeg")), bool(names & set("HMS"))
    return _DatePlan(tuple(fields), places, dated, elapsed, "a" in names, era, has_day)


def _zeros(pieces: list[Piece], start: int) -> int:
    count = 0
    while start + count < len(pieces) and pieces[start + count].kind == "digit" and pieces[start + count].text == "0":
        count += 1
    return count


def shown_date(value: float, section: Section, date_1904: bool) -> str | None:
    """A day's number with its time, by a section that shows dates; None where Excel shows only a row of ``#``.

    The system of 1900 has a 29 February 1900 that never was, and a day 0 in January 1900. Durations below zero are
    shown with their sign, as LibreOffice does, and so are dates of the system of 1904, as Excel does.
    """
    plan = _plan(section)
    if value < 0:
        if not plan.elapsed and not date_1904:
            return None
        shown = shown_date(-value, section, date_1904)
        return shown and "-" + shown
    if not value < (1e11 if plan.elapsed and not plan.dated else _LAST_DAY):
        return None
    unit = 10**plan.places
    ticks = int(value * _DAY * unit + 0.5)
    seconds, fraction = divmod(ticks, unit)
    day, clock = divmod(seconds, _DAY)
    year, month, of_month, weekday = _calendar(day + (_DAYS_TO_1904 if date_1904 else 0)) if plan.dated else (0,) * 4
    if year > 9999:
        return None
    if section.is_buddhist:
        year += 543
    language = section.language if section.language in MONTHS else "en"
    text = ""
    for field in plan.fields:
        name, width = field.name, field.width
        if not name:
            text += field.text
        elif name == "y":
            text += f"{year:04}" if width > 2 else f"{year % 100:02}"
        elif name == "m":
            text += _month(month, width, language, plan.has_day)
        elif name == "d":
            text += _day(of_month, weekday, width, language)
        elif name == "h":
            hour = clock // 3600
            hour = (hour + 11) % 12 + 1 if plan.noon else hour
            text += f"{hour:02}" if width > 1 else str(hour)
        elif name == "n":
            minute = clock // 60 % 60
            text += f"{minute:02}" if width > 1 else str(minute)
        elif name == "s":
            text += f"{clock % 60:02}" if width > 1 else str(clock % 60)
        elif name == "f":
            text += "." + f"{fraction:0{plan.places}}".ljust(width, "0")[:width]
        elif name == "a":
            halves = field.text.split("/")
            text += (halves[clock >= _DAY // 2]).upper() if len(field.text) > 3 else halves[clock >= _DAY // 2]
        elif name == "b":
            of_buddha = year if section.is_buddhist else year + 543
            text += f"{of_buddha:04}" if width > 2 else f"{of_buddha % 100:02}"
        elif name in "eg":
            text += _era(year, month, of_month, name, width) if plan.era else str(year) if name == "e" else ""
        else:
            total = seconds // {"H": 3600, "M": 60, "S": 1}[name]
            text += f"{total:0{width}}"
    return text


@lru_cache(maxsize=4096)
def _calendar(day: int) -> tuple[int, int, int, int]:
    """Year, month, day and weekday (0 is Saturday) of a day's number in the system of 1900."""
    if day == 60:
        return 1900, 2, 29, 60 % 7
    if day == 0:
        return 1900, 1, 0, 0
    ordinal = _EPOCH + day + (day < 60)
    if ordinal > date.max.toordinal():
        return 10_000, 0, 0, 0
    found = date.fromordinal(ordinal)
    return found.year, found.month, found.day, day % 7


def _month(month: int, width: int, language: str, has_day: bool) -> str:
    if width < 3:
        return f"{month:0{width}}"
    if width == 3:
        return SHORT_MONTHS[language].split()[month - 1]
    names = MONTHS_BEHIND_DAYS.get(language, MONTHS[language]) if has_day and width == 4 else MONTHS[language]
    name = names.split()[month - 1]
    return name[0] if width == 5 else name


def _day(day: int, weekday: int, width: int, language: str) -> str:
    if width < 3:
        return f"{day:0{width}}"
    return (SHORT_DAYS if width == 3 else DAYS)[language].split()[weekday]


def _era(year: int, month: int, day: int, name: str, width: int) -> str:
    for first, *names in _ERAS:
        if (year, month, day) >= (first.year, first.month, first.day):
            return f"{year - first.year + 1:0{min(width, 2)}}" if name == "e" else names[max(0, 3 - width)]
    return str(year) if name == "e" else ""
