"""Reader of Excel workbooks (XLSX)."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from ragapp.errors import ReadingError
from ragapp.reading.document import DEFAULT_OPTIONS, Document, ReadOptions, Unit
from ragapp.reading.package import AGAIN, given_title, open_package
from ragapp.reading.sheets import Row, SheetUnits
from ragapp.reading.text import clean

_PERCENT = re.compile(r"0(?:\.([0#]+))?%")
_LAST_ROW = 1_048_576  # Excel's; a damaged file may name a row that takes hours to count up to
# a formula that was never computed leaves its cell without a value; one whose result is empty text is marked "str"
_NO_RESULT = re.compile(
    rb"""<c\b(?![^<>]*\bt="str")[^<>]*>\s*<f\b[^<>]*(?:/>|>[^<]*</f>)\s*(?:<v\s*/>|<v>\s*</v>|</c>)"""
)


def read_xlsx(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """Read a workbook's visible sheets; values as saved, formulas as their last result.

    Raises:
        ReadingError: the file is damaged, protected or not a workbook.
    """
    with open_package(path, ".xlsx", options) as content:
        import openpyxl

        book = openpyxl.load_workbook(content, read_only=True, data_only=True)
        return _read_book(book, content, path)


def _read_book(book: Any, content: io.BytesIO, path: Path) -> Document:
    if not book.sheetnames:
        raise ReadingError("the workbook has no sheets", AGAIN)
    sheets, notes = SheetUnits(), []
    for name in book.sheetnames:
        sheet = book[name]
        if sheet.sheet_state != "visible":
            notes.append(f'The hidden sheet "{name}" was skipped.')
            sheets.skip()
        elif hasattr(sheet, "iter_rows"):
            sheets.sheet(clean(name), _rows(sheet))
        else:
            sheets.skip()  # only a chart, without cells
    missing = _formulas_without_result(content)
    if missing:
        notes.append(f"{missing} formulas have no saved result and are blank; open and save the file in Excel.")
    title = given_title(book.properties.title) or path.stem
    return Document(title, sheets.units or [Unit(1, "sheet")], warnings=notes + sheets.notes())


def _rows(sheet: Any) -> Iterator[Row]:
    sheet.reset_dimensions()  # the size that a file states for its sheet is often wrong
    for number, cells in enumerate(sheet.iter_rows(max_row=_LAST_ROW), start=1):
        yield number, [_shown(cell) for cell in cells]


def _shown(cell: Any) -> str:
    """A cell's value as text, close to what Excel shows."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime):
        return shown_date(value)
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, (int, float)):
        return shown_number(value, cell.number_format or "")
    return clean(str(value)).strip()


def shown_date(value: datetime) -> str:
    """A date, with its time unless that is midnight."""
    return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "seconds")


def shown_number(value: int | float, shape: str) -> str:
    """A number as text, close to what the number format ``shape`` shows."""
    percent = _PERCENT.search(shape)
    if percent and abs(value) < 1e12:
        places = min(len(percent[1] or ""), 10)
        # half up, on the digits that Excel keeps, as Excel does
        exact = Decimal(f"{value:.15g}").scaleb(2).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
        return f"{exact}%"
    if isinstance(value, int) or value.is_integer():
        whole = str(int(value)) if abs(value) < 1e15 else f"{value:.15g}"
        # 00000 keeps the zeros in front of postal codes
        return whole.zfill(len(shape)) if re.fullmatch("0{2,20}", shape) and value >= 0 else whole
    return f"{value:.15g}"


def _formulas_without_result(content: io.BytesIO) -> int:
    with zipfile.ZipFile(content) as package:
        names = [name for name in package.namelist() if name.startswith("xl/worksheets/sheet")]
        return sum(len(_NO_RESULT.findall(package.read(name))) for name in names)
