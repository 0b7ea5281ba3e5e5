"""Dates, times and durations by a section of a format code."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import pairwise

from ragapp.reading.sheets.number_format_code import Piece, Section

_LAST_DAY = 2_958_466  # the day after 9999-12-31 in the system of 1900
_EPOCH = date(1899, 12, 30).toordinal()
_DAYS_TO_1904 = 1462
_DAY = 86_400

_MONTHS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
}
_SHORT_MONTHS = {
    "en": "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
    "de": "Jan Feb Mrz Apr Mai Jun Jul Aug Sep Okt Nov Dez",
    "es": "ene feb mar abr may jun jul ago sep oct nov dic",
    "fr": "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
    "it": "gen feb mar apr mag giu lug ago set ott nov dic",
    "nl": "jan feb mrt apr mei jun jul aug sep okt nov dec",
    "pt": "jan fev mar abr mai jun jul ago set out nov dez",
}
# from Saturday, the day whose number divides by seven
_DAYS = {
    "en": "Saturday Sunday Monday Tuesday Wednesday Thursday Friday",
    "de": "Samstag Sonntag Montag Dienstag Mittwoch Donnerstag Freitag",
    "es": "sábado domingo lunes martes miércoles jueves viernes",
    "fr": "samedi dimanche lundi mardi mercredi jeudi vendredi",
    "it": "sabato domenica lunedì martedì mercoledì giovedì venerdì",
    "nl": "zaterdag zondag maandag dinsdag woensdag donderdag vrijdag",
    "pt": "sábado domingo segunda-feira terça-feira quarta-feira quinta-feira sexta-feira",
}
_SHORT_DAYS = {
    "en": "Sat Sun Mon Tue Wed Thu Fri",
    "de": "Sa So Mo Di Mi Do Fr",
    "es": "sá do lu ma mi ju vi",
    "fr": "sam. dim. lun. mar. mer. jeu. ven.",
    "it": "sab dom lun mar mer gio ven",
    "nl": "za zo ma di wo do vr",
    "pt": "sáb dom seg ter qua qui sex",
}
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
    return _DatePlan(tuple(fields), places, bool(names & set("ymdbeg")), bool(names & set("HMS")), "a" in names, era)


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
    language = section.language if section.language in _MONTHS else "en"
    text = ""
    for field in plan.fields:
        name, width = field.name, field.width
        if not name:
            text += field.text
        elif name == "y":
            text += f"{year:04}" if width > 2 else f"{year % 100:02}"
        elif name == "m":
            text += _month(month, width, language)
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
            text += f"{year + 543:04}" if width > 2 else f"{(year + 543) % 100:02}"
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


def _month(month: int, width: int, language: str) -> str:
    if width < 3:
        return f"{month:0{width}}"
    if width == 3:
        return _SHORT_MONTHS[language].split()[month - 1]
    name = _MONTHS[language].split()[month - 1]
    return name[0] if width == 5 else name


def _day(day: int, weekday: int, width: int, language: str) -> str:
    if width < 3:
        return f"{day:0{width}}"
    return (_SHORT_DAYS if width == 3 else _DAYS)[language].split()[weekday]


def _era(year: int, month: int, day: int, name: str, width: int) -> str:
    for first, *names in _ERAS:
        if (year, month, day) >= (first.year, first.month, first.day):
            return f"{year - first.year + 1:0{min(width, 2)}}" if name == "e" else names[max(0, 3 - width)]
    return str(year) if name == "e" else ""
