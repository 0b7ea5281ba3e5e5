"""OpenDocument's number styles as Excel's format codes, so that one module shows the values of all spreadsheets.

Source: OpenDocument 1.3 part 3, 16.27 to 16.29 (data styles).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from ragapp.reading.odf.names import LOEXT, NUMBER, STYLE, elements
from ragapp.reading.sheets.number_format import shown
from ragapp.reading.text import whole_number

_CONDITION = re.compile(r"\s*value\(\)\s*(<=|>=|!=|<>|<|>|=)\s*([-+]?[\d.]+(?:[eE][-+]?\d+)?)\s*")
_DURATION = re.compile(
    r"(?P<sign>-?)P(?:(?P<days>\d{1,7})D)?(?:T(?:(?P<hours>\d{1,7})H)?(?:(?P<minutes>\d{1,7})M)?"
    r"(?:(?P<seconds>\d{1,9}(?:[.,]\d{1,9})?)S)?)?"
)
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2}(?:\.\d{1,9})?))?)?")
# day 0 of Excel's dates, from March 1900 on
_EPOCH = date(1899, 12, 30)
_POINT = re.compile(r"\.(?!\d)")
_MAX_DIGITS = 30
_MAX_MAPS = 20
# what a value shows that has a type and no style
_DEFAULTS = {"percentage": "0.##%", "time": "[h]:mm:ss"}


@dataclass(frozen=True, slots=True)
class Format:
    """A format code, and where a style has others for some values, those with their conditions."""

    code: str | None  # None where Excel's codes have no word for it
    maps: tuple[tuple[str, float, str | None], ...] = ()  # comparison, number, code

    def shown(self, value: float) -> str | None:
        """A number as the format shows it; None where that is not known."""
        code, negative = self.code, False
        for comparison, number, other in self.maps:
            if _holds(value, comparison, number):
                # the style of numbers below zero writes their sign itself
                code, negative = other, comparison in ("<", "<=") and number <= 0
                break
        else:
            negative = any(comparison in (">", ">=") and number <= 0 for comparison, number, _ in self.maps)
        if not code:
            return code  # an empty style shows nothing
        value = abs(value) if negative and value < 0 else value
        if code == "General" and 1 <= abs(value) < 1e15:
            return f"{value:.15g}"  # without an exponent, unlike in Excel
        text = shown(value, code)
        # where all decimals may be missing, so is the point, unlike in Excel
        return _POINT.sub("", text, count=1) if ".#" in code else text


class NumberStyles:
    """The data styles of a file, translated when they are met."""

    def __init__(self, styles: dict[str, Any]) -> None:
        self._styles = styles
        self._formats: dict[str, Format | None] = {}

    def format(self, name: str) -> Format | None:
        """The format of a data style by its name; None where there is no such style."""
        if name not in self._formats:
            style = self._styles.get(name)
            self._formats[name] = None if style is None else self._translated(style)
        return self._formats[name]

    def shown(self, kind: str, value: str, style: str, currency: str = "") -> str:
        """A value that was saved without what it shows.

        Args:
            kind: the ``office:value-type``.
            value: of the attribute that belongs to it, such as ``office:date-value``.
            style: the name of its data style, or empty.
            currency: the code of the currency that it has.
        """
        number = _number(kind, value)
        found = self.format(style)
        if number is None:
            if kind == "date" and found and "h" not in (found.code or "h"):
                return value.partition("T")[0]
            return value.replace("T", " ") if kind == "date" else value
        text = found.shown(number) if found else None
        if text is not None:
            return text
        if kind == "date":
            return value.replace("T", " ")
        if kind == "currency" and currency:
            return f"{shown(number, '0.00')} {currency}"
        return Format(_DEFAULTS.get(kind, "General")).shown(number) or value

    def _translated(self, style: Any) -> Format:
        maps: list[tuple[str, float, str | None]] = []
        for entry in list(style.iterchildren(f"{STYLE}map"))[:_MAX_MAPS]:
            condition = _CONDITION.fullmatch(entry.get(f"{STYLE}condition", ""))
            other = self._styles.get(entry.get(f"{STYLE}apply-style-name", ""))
            if condition and other is not None:
                maps.append((condition[1], float(condition[2]), format_code(other)))
        return Format(format_code(style), tuple(maps))


def format_code(style: Any) -> str | None:
    """The code of Excel for a data style without its maps; None where it has no word for a part of it."""
    codes: list[str] = []
    is_duration = style.get(f"{NUMBER}truncate-on-overflow") == "false"
    language = style.get(f"{NUMBER}language", "")
    if re.fullmatch("[A-Za-z]{2}", language):
        codes.append(f"[$-{language.lower()}-{language.upper()}]")  # with two parts, or "de" is a number
    children = [child for child in elements(style) if child.tag.startswith((NUMBER, LOEXT))]
    is_percentage = style.tag == f"{NUMBER}percentage-style"
    for child in children:
        name = child.tag.rsplit("}", 1)[-1]
        code = _date_code(name, child, is_duration) if name in _DATES else _number_code(name, child, is_percentage)
        if code is None:
            return None
        if name in _DATES and name in ("hours", "minutes", "seconds"):
            is_duration = False  # only the largest of them goes on beyond a day
        codes.append(code)
    return "".join(codes)


_DATES = frozenset(
    ("day", "month", "year", "era", "day-of-week", "week-of-year", "quarter", "hours", "minutes", "seconds", "am-pm")
)


def _date_code(name: str, element: Any, is_duration: bool) -> str | None:
    is_long = element.get(f"{NUMBER}style") == "long"
    if name == "month":
        if element.get(f"{NUMBER}textual") == "true":
            return "mmmm" if is_long else "mmm"
        return "mm" if is_long else "m"
    if name == "day":
        return "dd" if is_long else "d"
    if name == "year":
        return "yyyy" if is_long else "yy"
    if name == "day-of-week":
        return "dddd" if is_long else "ddd"
    if name == "am-pm":
        return "AM/PM"
    if name in ("hours", "minutes", "seconds"):
        code = name[0] * (2 if is_long else 1)
        if name == "seconds" and (decimals := _digits(element, "decimal-places")):
            return f"{code}.{'0' * decimals}"
        return f"[{code}]" if is_duration else code
    return None  # weeks, quarters and eras


def _number_code(name: str, element: Any, is_percentage: bool) -> str | None:
    if name == "number":
        return _plain_number(element)
    if name == "scientific-number":
        decimals = _digits(element, "decimal-places")
        sign = "-" if element.get(f"{NUMBER}forced-exponent-sign") == "false" else "+"
        whole = "0" * max(_digits(element, "min-integer-digits", 1), 1)
        interval = _digits(element, "exponent-interval", 1)
        whole = "#" * max(interval - len(whole), 0) + whole
        point = f".{'0' * decimals}" if decimals else ""
        return f"{whole}{point}E{sign}{'0' * max(_digits(element, 'min-exponent-digits', 2), 1)}"
    if name == "fraction":
        return _fraction(element)
    if name == "currency-symbol":
        return _quoted(element.text or "")
    if name in ("text", "fill-character"):
        return _quoted(element.text or "", is_percentage) if name == "text" else ""
    if name == "text-content":
        return "@"
    return None if name == "boolean" else ""


def _plain_number(element: Any) -> str:
    attribute = element.get(f"{NUMBER}decimal-places")
    least = element.get(f"{NUMBER}min-decimal-places", element.get(f"{LOEXT}min-decimal-places"))
    if attribute is None and least is None and element.get(f"{NUMBER}min-integer-digits") is None:
        return "General"
    places = _digits(element, "decimal-places")
    kept = places if least is None else min(whole_number(least, places), places)
    if (element.get(f"{NUMBER}decimal-replacement") or "0").strip() == "":
        kept = 0  # shown only where there are any
    whole = "0" * _digits(element, "min-integer-digits")
    is_grouped = element.get(f"{NUMBER}grouping") == "true"
    inserted = _inserted(element)
    if inserted:
        whole = _with_literals(whole, inserted)
    elif is_grouped:
        whole = whole.rjust(4, "#")
        whole = f"{whole[:-3]},{whole[-3:]}"
    decimals = "0" * kept + "#" * (places - kept)
    if attribute is None and places == 0:
        # without a number of places, as many as there are
        return f"{whole or '#'}.##########" if not whole.strip("0") and not is_grouped else f"{whole}.##########"
    return f"{whole or '#'}{f'.{decimals}' if decimals else ''}{',' * _thousands(element)}"


def _thousands(element: Any) -> int:
    """How many times a display factor divides by a thousand."""
    try:
        factor = float(element.get(f"{NUMBER}display-factor", "1"))
    except ValueError:
        return 0
    times = 0
    while factor >= 1000 and times < 5:
        factor, times = factor / 1000, times + 1
    return times


def _inserted(element: Any) -> dict[int, str]:
    """Texts inside the whole part of a number, by how many digits stand behind them."""
    return {
        min(whole_number(text.get(f"{NUMBER}position", ""), 0), _MAX_DIGITS): text.text or ""
        for text in element.iterchildren(f"{NUMBER}embedded-text")
    }


def _with_literals(whole: str, inserted: dict[int, str]) -> str:
    digits = whole.rjust(max(*inserted, len(whole), 0) + 1, "#")
    return "".join(
        digit + (_quoted(inserted[behind]) if (behind := len(digits) - place - 1) in inserted else "")
        for place, digit in enumerate(digits)
    )


def _fraction(element: Any) -> str:
    whole = "# " if element.get(f"{NUMBER}min-integer-digits") is not None else ""
    above = "?" * max(_digits(element, "min-numerator-digits", 1), 1)
    below = element.get(f"{NUMBER}denominator-value", "")
    if not below.isdecimal():
        most = element.get(f"{NUMBER}max-denominator-value", element.get(f"{LOEXT}max-denominator-value", ""))
        below = "?" * max(len(most) if most.isdecimal() else 0, _digits(element, "min-denominator-digits", 1), 1)
    return f"{whole}{above}/{below}"


def _digits(element: Any, name: str, otherwise: int = 0) -> int:
    return min(whole_number(element.get(f"{NUMBER}{name}", ""), otherwise), _MAX_DIGITS)


def _quoted(text: str, is_percentage: bool = False) -> str:
    """A literal; in the style of a percentage, its sign scales the number."""
    bare = {'"': '\\"', "%": "%"} if is_percentage else {'"': '\\"'}
    return "".join(
        bare.get(part) or f'"{part}"' for part in re.split('(["%])' if is_percentage else '(")', text) if part
    )


def _holds(value: float, comparison: str, number: float) -> bool:
    return {
        "<": value < number,
        "<=": value <= number,
        ">": value > number,
        ">=": value >= number,
        "=": value == number,
    }.get(comparison, value != number)


def _number(kind: str, value: str) -> float | None:
    if kind == "date":
        return serial_date(value)
    if kind == "time":
        return duration_days(value)
    try:
        return float(value)
    except ValueError:
        return None


def serial_date(value: str) -> float | None:
    """The number of days from 1899-12-30 to an ISO date; None where it is none, or before 1900."""
    match = _DATE.fullmatch(value)
    if not match:
        return None
    try:
        day = (date(int(match[1]), int(match[2]), int(match[3])) - _EPOCH).days
    except ValueError:
        return None
    seconds = int(match[4] or 0) * 3600 + int(match[5] or 0) * 60 + float(match[6] or 0)
    return day + seconds / 86_400 if day > 60 else None


def duration_days(value: str) -> float | None:
    """An ISO duration (``PT41H30M00S``) in days; None where it is none."""
    match = _DURATION.fullmatch(value)
    if not match:
        return None
    parts: Iterable[tuple[str, int]] = (("days", 86_400), ("hours", 3600), ("minutes", 60), ("seconds", 1))
    total = sum(float((match[name] or "0").replace(",", ".")) * seconds for name, seconds in parts)
    return (-total if match["sign"] else total) / 86_400
