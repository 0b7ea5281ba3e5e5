"""Excel workbooks: XLSX by the XML of its parts, the old binary XLS by xlrd."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import datetime, time
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from pathlib import Path
from typing import Any

from ragapp.reading.document import DEFAULT_OPTIONS, Document, ReadOptions
from ragapp.reading.formats import OLE_SIGNATURE
from ragapp.reading.package import decrypted, open_package, reading_errors
from ragapp.reading.sheets import SheetUnits
from ragapp.reading.text import clean, read_bytes, wrong_format
from ragapp.reading.xlsx_parts import Parts
from ragapp.reading.xlsx_workbook import Workbook

_PERCENT = re.compile(r"0(?:\.([0#]+))?%")
_BIFF = (b"\x09\x08", b"\x09\x04", b"\x09\x02", b"\x09\x00")  # workbooks from before OLE


def read_xlsx(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """Read the visible sheets of an XLSX workbook as they are shown, formulas as their last result."""
    with open_package(path, ".xlsx", options) as content, zipfile.ZipFile(content) as package:
        return Workbook(Parts(package), options).document(path.stem)


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
