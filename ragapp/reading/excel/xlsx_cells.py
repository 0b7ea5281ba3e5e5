"""Values of XLSX cells (ISO/IEC 29500-1, 18.3.1.4) as text: number formats, shared strings, results of formulas."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ragapp.reading.excel.xlsx_text import CellStyle, Rich, SeenText, rich_text, seen_text, style_at, unescaped
from ragapp.reading.links import with_address
from ragapp.reading.sheets.number_format import builtin_code, shown_with_raw
from ragapp.reading.symbol_fonts import is_symbol_font, symbol_text
from ragapp.reading.text import clean

_MOST_KEPT = 200_000  # texts that are kept by value and style
_DIGITS = re.compile(r"-?[1-9]\d{0,10}|0")
_LINK = re.compile(r'HYPERLINK\(\s*"([^"]+)"', re.IGNORECASE)
_GENERAL = ("General", "@", "")
_DAYS = {False: datetime(1899, 12, 30), True: datetime(1904, 1, 1)}


class CellValues:
    """Turns values into text for one workbook, and counts what could not be told.

    Attributes:
        struck: passages that are struck out and left out.
        not_computed: formulas without a result, or with one that the file says is not computed.
        lost: texts whose shared string is missing.
    """

    def __init__(self, strings: Sequence[Rich], styles: Sequence[CellStyle], date_1904: bool, is_stale: bool) -> None:
        self.struck = self.not_computed = self.lost = 0
        self.shows_zeros = True
        self._strings = strings
        self._styles = styles
        self._date_1904 = date_1904
        self._is_stale = is_stale
        self._by_index: dict[str | None, tuple[CellStyle, str, bool]] = {}
        self._kept: dict[tuple[str, str | None, str | None], SeenText] = {}

    def text(self, value: str | None, kind: str | None, style: str | None, formula: Any, inline: Any) -> str:
        """The text of a cell: of its ``v``, type, style, ``f`` and ``is``."""
        if formula is not None:
            value = self._result(value, kind)
        if inline is not None and kind == "inlineStr":
            seen = self._styled(rich_text(inline), style)
        elif value is None:
            return ""
        else:
            key = (value, kind, style)
            found = self._kept.get(key)
            if found is None:
                found = self._value(value, kind, style)
                if len(self._kept) < _MOST_KEPT:
                    self._kept[key] = found
            seen = found
        self.struck += seen.struck
        if formula is not None and formula.text and seen.text and "HYPERLINK" in formula.text.upper():
            link = _LINK.search(formula.text)
            return with_address(seen.text, link[1]) if link else seen.text
        return seen.text

    def _result(self, value: str | None, kind: str | None) -> str | None:
        """A formula's saved result; None, counted, where there is none that can be trusted."""
        if value is None or not value.strip():
            self.not_computed += kind != "str"
            return None
        if self._is_stale and kind in (None, "n") and not value.strip("0.-+ "):
            # programs that do not compute write 0 and ask whoever opens the file to do it
            self.not_computed += 1
            return None
        return value

    def _value(self, value: str, kind: str | None, style: str | None) -> SeenText:
        if kind == "s":
            place = int(value) if value.strip().isdecimal() else -1
            if not 0 <= place < len(self._strings):
                self.lost += 1
                return SeenText("")
            return self._styled(self._strings[place], style)
        if kind in ("str", "inlineStr"):
            return self._styled(unescaped(value), style)
        look, code, _ = self._style(style)
        if kind == "e":
            text = value
        elif kind == "b":
            text = "TRUE" if value.strip() in ("1", "true") else "FALSE"
        else:
            text = self._number(value.strip(), code, is_date=kind == "d")
        if look.struck and text:
            return SeenText("", 1)
        return SeenText(symbol_text(look.font, text) if is_symbol_font(look.font) else text)

    def _number(self, value: str, code: str, is_date: bool) -> str:
        if code in _GENERAL and _DIGITS.fullmatch(value):
            return value if value != "0" or self.shows_zeros else ""
        number = iso_days(value, self._date_1904) if is_date else None
        if number is None:
            try:
                number = float(value)
            except ValueError:
                return clean(value).strip()
        if not number and not self.shows_zeros:
            return ""
        if number.is_integer() and abs(number) < 1e15:
            number = int(number)
        return clean(shown_with_raw(number, code, date_1904=self._date_1904)).strip()

    def _styled(self, text: Rich, style: str | None) -> SeenText:
        look, code, is_text_code = self._style(style)
        if isinstance(text, str) and not look.script and not look.struck and not is_text_code:
            if text.isascii() and text.isprintable() and not look.font:
                return SeenText(text.strip())
            return SeenText(clean(symbol_text(look.font, text)).strip())
        seen = seen_text(text, look)
        shown = shown_with_raw(seen.text, code) if is_text_code and seen.text else seen.text
        return SeenText(clean(shown).strip(), seen.struck)

    def _style(self, index: str | None) -> tuple[CellStyle, str, bool]:
        """A style, its number format's code, and whether that says something about texts."""
        known = self._by_index.get(index)
        if known is None:
            look = style_at(self._styles, index)
            if look.font and not is_symbol_font(look.font):
                look = CellStyle(look.code, "", look.script, look.struck)
            code = builtin_code(look.code) if isinstance(look.code, int) else look.code
            known = look, code, code not in _GENERAL and ("@" in code or code.count(";") >= 3)
            self._by_index[index] = known
        return known


def iso_days(text: str, is_1904: bool) -> float | None:
    """A date of ISO 8601 as Excel's number of days; None for one that is none.

    Excel counts from 1900 as if that had been a leap year, so days before its March have a number less.
    """
    try:
        moment = datetime.fromisoformat(text.removesuffix("Z")).replace(tzinfo=None)
    except ValueError:
        return None
    days = (moment - _DAYS[is_1904]).total_seconds() / 86400
    return days if is_1904 or days >= 61 else days - 1 if days >= 1 else days
