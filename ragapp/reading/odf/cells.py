"""Cells of an OpenDocument sheet as text: what was saved as shown, else the value by its number style.

Source: OpenDocument 1.3 part 3, 9.1.4 and 19.385 to 19.389.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ragapp.reading.odf.context import OdfContext
from ragapp.reading.odf.inline import paragraph_line
from ragapp.reading.odf.names import OFFICE, STYLE, TABLE, TEXT
from ragapp.reading.odf.number_styles import NumberStyles
from ragapp.reading.odf.styles import PLAIN, Look
from ragapp.reading.sheets.number_format import shown_with_raw
from ragapp.reading.symbol_fonts import symbol_text
from ragapp.reading.text import clean

_P = f"{TEXT}p"
_TYPE = f"{OFFICE}value-type"
_STYLE_NAME = f"{TABLE}style-name"
# the attribute that holds the value of each type
_VALUES = {
    "string": f"{OFFICE}string-value",
    "date": f"{OFFICE}date-value",
    "time": f"{OFFICE}time-value",
    "boolean": f"{OFFICE}boolean-value",
}
_FIGURES = re.compile(r"\d+")
_ALL_FIGURES = re.compile(r"(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})(?:[ ,T]+(\S.*))?")
_IN_FULL = " (in full: "


@dataclass(frozen=True, slots=True)
class _CellStyle:
    """What of a cell's style changes what is read."""

    look: Look
    data_style: str
    is_concealed: bool  # on a protected sheet
    scales: bool  # whether the number that is shown is a part of the value


class CellReader:
    """Reads the cells of one file.

    Attributes:
        is_protected: whether the sheet is protected, so that cells may be concealed.
    """

    def __init__(self, context: OdfContext) -> None:
        self._context = context
        self._numbers = NumberStyles(context.styles.data_styles)
        self._styles: dict[str, _CellStyle] = {}
        self.is_protected = False

    def shown(self, cell: Any, default_style: str = "") -> str:
        """What a cell shows, cleaned; ``default_style`` is that of its row or column."""
        name = cell.get(_STYLE_NAME) or default_style
        style = self._styles.get(name)
        if style is None:
            style = self._styles[name] = self._style(name)
        look, kind = style.look, cell.get(_TYPE)
        if self.is_protected and style.is_concealed:
            if len(cell):
                self._context.hidden()
            return ""
        if len(cell) == 1 and look is PLAIN and not style.scales and kind in ("float", "string", None):
            child = cell[0]
            if child.tag == _P and not len(child):  # most cells
                text: str = child.text or ""
                if text.isascii() and text.isprintable() and "  " not in text:
                    return str(text.strip(" "))
        paragraphs = [child for child in cell if child.tag == _P]
        if not paragraphs:
            return self._computed(cell, kind, style) if kind else ""
        lines = [paragraph_line(child, self._context, look).text.strip() for child in paragraphs]
        text = clean("\n".join(filter(None, lines))).strip()
        if not text or kind in ("string", None):
            return text
        value = cell.get(_VALUES.get(kind, f"{OFFICE}value"), "")
        return _iso_date(text, value) if kind == "date" else self._in_full(text, value, style)

    def _style(self, name: str) -> _CellStyle:
        styles = self._context.styles
        data_style = styles.attribute("table-cell", name, f"{STYLE}data-style-name") or ""
        protection = styles.property("table-cell", name, f"{STYLE}cell-protect") or ""
        found = self._numbers.format(data_style) if data_style else None
        code = (found.code or "") if found else ""
        return _CellStyle(
            styles.look("table-cell", name),
            data_style,
            "hidden-and-protected" in protection,
            code.endswith(",") or ',"' in code or "E" in code,
        )

    def _computed(self, cell: Any, kind: str, style: _CellStyle) -> str:
        """What a cell shows whose program saved its value only."""
        value = cell.get(_VALUES.get(kind, f"{OFFICE}value"), "")
        if not value:
            return ""
        if style.look.hidden or style.look.struck:
            self._context.hidden() if style.look.hidden else self._context.struck()
            return ""
        if kind == "boolean":
            return str(value).upper()
        if kind == "string":
            return clean(symbol_text(style.look.font, value)).strip()
        text = self._numbers.shown(kind, value, style.data_style, cell.get(f"{OFFICE}currency", ""))
        return self._in_full(text, value, style) if text else ""

    def _in_full(self, text: str, value: str, style: _CellStyle) -> str:
        """The text, with the number behind it where a part is shown: ``12.3 M€ (in full: 12345678)``."""
        if not style.scales and "E+" not in text:
            return text
        found = self._numbers.format(style.data_style)
        code = found.code if found else None
        try:
            full = shown_with_raw(float(value), code or "General")
        except ValueError:
            return text
        _, sign, rest = full.partition(_IN_FULL)
        return f"{text}{sign}{rest}"


def _iso_date(text: str, value: str) -> str:
    """A date whose figures are all that it shows as year, month and day, so that no one takes the day for the month."""
    match = _ALL_FIGURES.fullmatch(text)
    day = value[:10]
    if not match or len(day) != 10:
        return text
    shown = sorted(int(match[group]) % 100 for group in (1, 3, 4))
    if shown != sorted(int(figures) % 100 for figures in _FIGURES.findall(day)):
        return text
    return f"{day} {match[5]}" if match[5] else day
