"""Cells become text: a number format is applied to a value as Excel does (ISO/IEC 29500-1, 18.8.30 and 18.8.31).

The decimal point is ``.`` and thousands are grouped by ``,``, as in the codes themselves; a file does not say what
else its reader's system would take. Padding (``_x``, ``?``, fill characters) is one space, or nothing at the ends.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from ragapp.reading.sheets.number_format_code import MAX_CODE, Section, sections
from ragapp.reading.sheets.number_format_dates import shown_date
from ragapp.reading.sheets.number_format_numbers import exact, general, number_plan, shown_number

__all__ = ["builtin_code", "is_date_code", "shown", "shown_with_raw"]

# 14 and 22 are the date of the reader's own system, in an order that differs by country: written so that no one can
# take the day for the month
_DATE = "yyyy-mm-dd"
_BUILTIN = {
    0: "General",
    1: "0",
    2: "0.00",
    3: "#,##0",
    4: "#,##0.00",
    5: '"$"#,##0_);("$"#,##0)',
    6: '"$"#,##0_);[Red]("$"#,##0)',
    7: '"$"#,##0.00_);("$"#,##0.00)',
    8: '"$"#,##0.00_);[Red]("$"#,##0.00)',
    9: "0%",
    10: "0.00%",
    11: "0.00E+00",
    12: "# ?/?",
    13: "# ??/??",
    14: _DATE,
    15: "d-mmm-yy",
    16: "d-mmm",
    17: "mmm-yy",
    18: "h:mm AM/PM",
    19: "h:mm:ss AM/PM",
    20: "h:mm",
    21: "h:mm:ss",
    22: f"{_DATE} h:mm",
    37: "#,##0_);(#,##0)",
    38: "#,##0_);[Red](#,##0)",
    39: "#,##0.00_);(#,##0.00)",
    40: "#,##0.00_);[Red](#,##0.00)",
    41: '_(* #,##0_);_(* (#,##0);_(* "-"_);_(@_)',
    42: '_("$"* #,##0_);_("$"* (#,##0);_("$"* "-"_);_(@_)',
    43: '_(* #,##0.00_);_(* (#,##0.00);_(* "-"??_);_(@_)',
    44: '_("$"* #,##0.00_);_("$"* (#,##0.00);_("$"* "-"??_);_(@_)',
    45: "mm:ss",
    46: "[h]:mm:ss",
    47: "mm:ss.0",
    48: "##0.0E+0",
    49: "@",
    # of East Asian systems, which elsewhere show the plain date or time
    **dict.fromkeys((*range(27, 32), 36, *range(50, 55), 57, 58), _DATE),
    **dict.fromkeys((32, 33, 34, 35, 55, 56), "h:mm:ss"),
    # of Thai systems
    59: "0",
    60: "0.00",
    61: "#,##0",
    62: "#,##0.00",
    67: "0%",
    68: "0.00%",
    69: "# ?/?",
    70: "# ??/??",
    **dict.fromkeys((71, 72), _DATE),
    73: "d-mmm-yy",
    74: "d-mmm",
    75: "mmm-yy",
    76: "h:mm",
    77: "h:mm:ss",
    78: f"{_DATE} h:mm",
    79: "mm:ss",
    80: "[h]:mm:ss",
    81: "mm:ss.0",
}
_GENERAL = frozenset(("", "General", "GENERAL", "general"))
_EXACT = 2**53  # whole numbers up to here are kept exactly
_SPACES = re.compile(" {2,}")
_OWN_SIGN = re.compile(r"[-−–(]")


def builtin_code(number: int) -> str:
    """The code of a built-in format, which files name only by its number; ``General`` for one that is not known."""
    return _BUILTIN.get(number, "General")


@lru_cache(maxsize=4096)
def is_date_code(code: str) -> bool:
    """Whether a code shows numbers as dates, times or durations."""
    return sections(code)[0].shows == "date"


def shown(value: float | int | str | bool, code: str, *, date_1904: bool = False) -> str:
    """A cell's value as Excel shows it.

    Args:
        value: as saved; of a date its number of days. Errors (``#N/A``) are not to be formatted.
        code: of the format; empty or unknown parts mean General and literals.
        date_1904: whether days count from 1904.

    Returns:
        What a cell that is wide enough shows, which may be nothing. Where it would be a row of ``#`` (a date below
        zero), the plain number.
    """
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, str):
        return value if code in _GENERAL or code == "@" else _shown_text(value, code)
    if not -1e308 < value < 1e308:
        return "#NUM!"  # no workbook holds such a number, unless it is damaged
    found = _format(code)
    section, bare = found.only, False
    if section is None:
        section, bare = _chosen(value, found.numeric)
        if section is None:
            return general(value)
    text = _by_section(abs(value) if bare else value, section, date_1904)
    return _SPACES.sub(" ", text).strip(" ") if " " in text else text


def shown_with_raw(value: float | int | str | bool, code: str, *, date_1904: bool = False) -> str:
    """A cell's value as Excel shows it, and in full where one would search for another number.

    That is where the format scales (``0.0,, "M€"``: ``12.3 M€ (in full: 12345678)``) or a whole number is cut to an
    exponent (General: ``4.00638E+12 (in full: 4006381333931)``). Rounded decimals, percentages, dates and values
    that the format hides stay as they are shown.
    """
    text = shown(value, code, date_1904=date_1904)
    if isinstance(value, (bool, str)) or not (_format(code).cuts or "E" in text or not -1e15 < value < 1e15):
        return text
    return f"{text} (in full: {_plain(value)})" if value and _is_cut(value, text, code) else text


def _is_cut(value: float | int, text: str, code: str) -> bool:
    digits = "".join(filter(str.isdigit, text))
    if not digits or not -1e308 < value < 1e308:
        return False
    if 1e15 <= abs(value) <= _EXACT and value == int(value):
        return str(abs(int(value))) not in digits  # a sixteenth digit, which Excel drops
    section, _ = _chosen(value, _format(code).numeric)
    if section is None or section.shows == "general" or section.has("exponent"):
        return "E+" in text and abs(value) < 1e15 and value == int(value)
    return section.shows == "number" and number_plan(section).scale > 0


def _plain(value: float | int) -> str:
    """A number with the digits that it was saved with, without an exponent."""
    if abs(value) <= _EXACT and value == int(value):
        return str(int(value))
    digits = f"{exact(value):f}"
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


class _Format(NamedTuple):
    """What is known of a code: its sections for numbers, none for General, and whether it may cut digits off."""

    numeric: tuple[Section, ...]
    only: Section | None  # the section for all numbers, if there is one
    cuts: bool


@lru_cache(maxsize=4096)
def _format(code: str) -> _Format:
    if code in _GENERAL or len(code) > MAX_CODE:
        return _Format((), None, False)
    found = sections(code)
    # the fourth section is for text, and so is the last of fewer where it shows text
    numeric = found[:-1] if len(found) == 4 or found[-1].is_text else found[:3]
    only = numeric[0] if len(numeric) == 1 and numeric[0].condition is None else None
    return _Format(numeric, only, any(map(_may_cut, numeric)))


def _may_cut(section: Section) -> bool:
    return section.shows == "number" and (section.has("exponent") or number_plan(section).scale > 0)


def _chosen(value: float | int, found: tuple[Section, ...]) -> tuple[Section | None, bool]:
    """The section for a number, and whether it shows the number without a sign; None where none holds it.

    Programs disagree on the sign of a number below zero in a section with a condition; it is kept unless the section
    has one of its own or is for such numbers alone, since a lost sign makes a false number.
    """
    if not found:
        return None, False
    first = found[0]
    if first.condition is None:
        if len(found) == 1 or value > 0 or (value == 0 and len(found) == 2):
            return first, False
    elif _holds(value, first.condition):
        return first, value < 0 and _drops_sign(first)
    if len(found) < 2:
        return None, False
    second = found[1]
    if second.condition:
        if _holds(value, second.condition):
            return second, value < 0 and _drops_sign(second)
    elif value < 0 and (first.condition is None or len(found) > 2):
        return second, True
    elif first.condition and len(found) == 2:
        return second, value < 0 and (first.condition in ((">", 0.0), (">=", 0.0)) or _drops_sign(second))
    if len(found) > 2:
        return found[2], value < 0 and _drops_sign(found[2])
    return (first, False) if first.condition is None else (None, False)


def _drops_sign(section: Section) -> bool:
    """Whether a section shows a number below zero by a sign of its own or by words, or is for such numbers alone."""
    if section.shows == "literal":
        return True
    if section.condition in (("<", 0.0), ("<=", 0.0)):
        return True
    return any(piece.kind == "literal" and _OWN_SIGN.search(piece.text) for piece in section.pieces)


def _holds(value: float | int, condition: tuple[str, float]) -> bool:
    sign, limit = condition
    if sign == "<":
        return value < limit
    if sign == "<=":
        return value <= limit
    if sign == ">":
        return value > limit
    if sign == ">=":
        return value >= limit
    return (value == limit) == (sign == "=")


def _by_section(value: float | int, section: Section, date_1904: bool) -> str:
    if section.shows == "number":
        text = shown_number(abs(value), section)
        # a number that is rounded to nothing has no sign
        return "-" + text.lstrip() if value < 0 and any(digit in text for digit in "123456789") else text
    if section.shows == "date":
        date = shown_date(float(value), section, date_1904)
        return general(value) if date is None else date
    if section.shows == "general":
        sign, number = "-" if value < 0 else "", general(abs(value))
        return sign + "".join(number if piece.kind in ("general", "text") else piece.text for piece in section.pieces)
    sign = "-" if value < 0 and section.pieces else ""
    return sign + "".join(piece.text for piece in section.pieces)


def _shown_text(value: str, code: str) -> str:
    found = sections(code)
    last = found[-1]
    if len(found) < 4 and not last.is_text:
        return value
    return "".join(value if piece.kind == "text" else piece.text for piece in last.pieces)
