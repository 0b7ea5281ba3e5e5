"""Reader of OpenDocument spreadsheets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ragapp.reading.document import DEFAULT_OPTIONS, Document, ReadOptions, Unit
from ragapp.reading.odf import MAX_REPEATS, OFFICE, STYLE, TABLE, all_text, count, open_parts, title_of
from ragapp.reading.package import given_title
from ragapp.reading.sheets import Row, SheetUnits
from ragapp.reading.text import clean

_LAST_ROW = 1_048_576
_ENDLESS = 10_000_000


def read_ods(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """Read a spreadsheet's visible sheets; values as they are shown.

    Raises:
        ReadingError: the file is damaged, protected or something else.
    """
    with open_parts(path, ".ods", options) as (content, meta):
        hidden = _hidden_styles(content)
        sheets, notes = SheetUnits(), []
        for table in content.iterfind(f"{OFFICE}body/{OFFICE}spreadsheet/{TABLE}table"):
            name = clean(table.get(f"{TABLE}name", ""))
            if table.get(f"{TABLE}style-name") in hidden:
                notes.append(f'The hidden sheet "{name}" was skipped.')
                sheets.skip()
            else:
                sheets.sheet(name, _rows(table))
        title = given_title(title_of(meta)) or path.stem
        return Document(title, sheets.units or [Unit(1, "sheet")], warnings=notes + sheets.notes())


def _hidden_styles(content: Any) -> set[str | None]:
    return {
        style.get(f"{STYLE}name")
        for style in content.iter(f"{STYLE}style")
        for properties in style.iterfind(f"{STYLE}table-properties")
        if properties.get(f"{TABLE}display") == "false"
    }


def _rows(table: Any) -> Iterator[Row]:
    number = 1
    for row in table.iter(f"{TABLE}table-row"):
        repeats = count(row, f"{TABLE}number-rows-repeated", _ENDLESS)
        cells = _cells(row)
        # a format that reaches to the sheet's end repeats a blank row a million times
        for offset in range(min(repeats, MAX_REPEATS) if cells else 0):
            yield number + offset, cells
        number += repeats
        if number > _LAST_ROW:
            return


def _cells(row: Any) -> list[str]:
    """The cells of a row up to the last that holds something."""
    cells: list[str] = []
    blanks = 0
    for cell in row:
        if cell.tag not in (f"{TABLE}table-cell", f"{TABLE}covered-table-cell"):
            continue
        repeats = count(cell, f"{TABLE}number-columns-repeated")
        text = _shown(cell)
        if text:
            cells += [""] * blanks + [text] * repeats
            blanks = 0
        else:
            blanks += repeats
    return cells


def _shown(cell: Any) -> str:
    text = clean(all_text(cell)).strip()
    kind = cell.get(f"{OFFICE}value-type")
    if kind == "date":  # one form of dates whatever the file's, as in the other spreadsheets
        return (cell.get(f"{OFFICE}date-value") or text).replace("T", " ")
    if kind == "boolean":
        return (cell.get(f"{OFFICE}boolean-value") or text).upper()
    return text or (cell.get(f"{OFFICE}value") or "")
