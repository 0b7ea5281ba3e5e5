"""Excel workbooks: XLSX by openpyxl, the old binary XLS by xlrd; both tell number formats."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from pathlib import Path
from typing import Any

from ragapp.errors import ReadingError
from ragapp.reading.document import DEFAULT_OPTIONS, Document, ReadOptions
from ragapp.reading.formats import OLE_SIGNATURE
from ragapp.reading.package import decrypted, given_title, open_package, reading_errors
from ragapp.reading.sheets import Row, SheetUnits
from ragapp.reading.text import AGAIN, clean, read_bytes, wrong_format

_PERCENT = re.compile(r"0(?:\.([0#]+))?%")
_BIFF = (b"\x09\x08", b"\x09\x04", b"\x09\x02", b"\x09\x00")  # workbooks from before OLE
_LAST_ROW = 1_048_576  # Excel's; a damaged file may name a row that takes hours to count up to
# a formula that was never computed leaves its cell without a value; one whose result is empty text is marked "str"
_NO_RESULT = re.compile(
    rb"""<c\b(?![^<>]*\bt="str")[^<>]*>\s*<f\b[^<>]*(?:/>|>[^<]*</f>)\s*(?:<v\s*/>|<v>\s*</v>|</c>)"""
)


def read_xlsx(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """Read the visible sheets of an XLSX workbook; values as saved, formulas as their last result."""
    with open_package(path, ".xlsx", options) as content:
        import openpyxl

        book = openpyxl.load_workbook(content, read_only=True, data_only=True)
        if not book.sheetnames:
            raise ReadingError("the workbook has no sheets", AGAIN)
        sheets = SheetUnits()
        for name in book.sheetnames:
            sheet: Any = book[name]
            hidden = sheet.sheet_state != "visible"
            if hidden or hasattr(sheet, "iter_rows"):
                sheets.sheet(clean(name), _rows(sheet), hidden)
            else:
                sheets.skip()  # only a chart, without cells
        with zipfile.ZipFile(content) as package:
            names = [name for name in package.namelist() if name.startswith("xl/worksheets/sheet")]
            missing = sum(len(_NO_RESULT.findall(package.read(name))) for name in names)
        notes = []
        if missing:
            notes.append(f"{missing} formulas have no saved result and are blank; open and save the file in Excel.")
        return sheets.document(given_title(book.properties.title) or path.stem, notes)


def read_xls(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """Read the visible sheets of an XLS workbook; values as saved, formulas as their last result."""
    data = read_bytes(path)
    if not data.startswith((OLE_SIGNATURE, *_BIFF)):
        raise wrong_format(data, "an old Excel workbook", "no workbook")
    with reading_errors():
        book = _xls_book(data, options)
        sheets = SheetUnits()
        for sheet in book.sheets():
            rows = ([_xls_shown(cell, book) for cell in row] for row in sheet.get_rows())
            sheets.sheet(clean(sheet.name), enumerate(rows, start=1), hidden=bool(sheet.visibility))
        return sheets.document(path.stem)


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
        return _shown_date(value)
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, (int, float)):
        return _shown_number(value, cell.number_format or "")
    return clean(str(value)).strip()


def _shown_date(value: datetime) -> str:
    """A date, with its time unless that is midnight."""
    return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "seconds")


def _shown_number(value: int | float, shape: str) -> str:
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


def _xls_book(data: bytes, options: ReadOptions) -> Any:
    import xlrd

    # the formats tell percentages and dates; ragged rows do not make one far cell fill a whole sheet
    opened = partial(xlrd.open_workbook, formatting_info=True, ragged_rows=True, logfile=io.StringIO())
    try:
        return opened(file_contents=data)
    except xlrd.XLRDError as error:
        if "encrypted" in str(error).lower():
            return opened(file_contents=decrypted(data, options.passwords))
        raise


def _xls_shown(cell: Any, book: Any) -> str:
    import xlrd

    if cell.ctype == xlrd.XL_CELL_NUMBER:
        shape = book.format_map.get(book.xf_list[cell.xf_index].format_key)
        return _shown_number(cell.value, shape.format_str if shape else "")
    if cell.ctype == xlrd.XL_CELL_DATE:
        try:
            found = xlrd.xldate_as_datetime(cell.value, book.datemode)
        except (xlrd.XLDateError, OverflowError, ValueError):
            return f"{cell.value:.15g}"
        return found.time().isoformat("seconds") if 0 <= cell.value < 1 else _shown_date(found)
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return "TRUE" if cell.value else "FALSE"
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return str(xlrd.error_text_from_code.get(cell.value, ""))
    return clean(str(cell.value)).strip()
