"""Reader of old binary Excel workbooks (XLS)."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ragapp.errors import ReadingError
from ragapp.reading.document import DEFAULT_OPTIONS, Document, ReadOptions, Unit
from ragapp.reading.excel import shown_date, shown_number
from ragapp.reading.package import AGAIN, reading_errors
from ragapp.reading.protected import OLE_SIGNATURE, decrypted
from ragapp.reading.sheets import Row, SheetUnits
from ragapp.reading.text import clean, file_kind, read_bytes

_BIFF = (b"\x09\x08", b"\x09\x04", b"\x09\x02", b"\x09\x00")  # workbooks from before OLE


def read_xls(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """Read a workbook's visible sheets; values as saved, formulas as their last result.

    Raises:
        ReadingError: the file is damaged, protected or not a workbook.
    """
    data = read_bytes(path)
    if not data.startswith((OLE_SIGNATURE, *_BIFF)):
        kind = file_kind(data)
        hint = "Give it the suffix of what it is." if kind else AGAIN
        raise ReadingError(f"the file is {kind or 'no workbook'}, not an old Excel workbook", hint)
    with reading_errors():
        book = _book(data, options)
        sheets, notes = SheetUnits(), []
        for sheet in book.sheets():
            if sheet.visibility:
                notes.append(f'The hidden sheet "{clean(sheet.name)}" was skipped.')
                sheets.skip()
            else:
                sheets.sheet(clean(sheet.name), _rows(sheet, book))
        return Document(path.stem, sheets.units or [Unit(1, "sheet")], warnings=notes + sheets.notes())


def _book(data: bytes, options: ReadOptions) -> Any:
    import xlrd

    try:
        return _opened(data)
    except xlrd.XLRDError as error:
        if "encrypted" not in str(error).lower():
            raise
    return _opened(decrypted(data, options.passwords))


def _opened(data: bytes) -> Any:
    import xlrd

    # the formats tell percentages and dates; ragged rows do not make one far cell fill a whole sheet
    return xlrd.open_workbook(file_contents=data, formatting_info=True, ragged_rows=True, logfile=io.StringIO())


def _rows(sheet: Any, book: Any) -> Iterator[Row]:
    for number in range(sheet.nrows):
        yield number + 1, [_shown(cell, book) for cell in sheet.row(number)]


def _shown(cell: Any, book: Any) -> str:
    import xlrd

    if cell.ctype == xlrd.XL_CELL_NUMBER:
        shape = book.format_map.get(book.xf_list[cell.xf_index].format_key)
        return shown_number(cell.value, shape.format_str if shape else "")
    if cell.ctype == xlrd.XL_CELL_DATE:
        return _date(cell.value, book.datemode)
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return "TRUE" if cell.value else "FALSE"
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return xlrd.error_text_from_code.get(cell.value, "")
    return clean(str(cell.value)).strip()


def _date(value: float, datemode: int) -> str:
    import xlrd

    try:
        found = xlrd.xldate_as_datetime(value, datemode)
    except (xlrd.XLDateError, OverflowError, ValueError):
        return f"{value:.15g}"
    return found.time().isoformat("seconds") if 0 <= value < 1 else shown_date(found)
