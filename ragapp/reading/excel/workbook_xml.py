"""Workbooks of Excel 2002 and 2003 in XML (XML Spreadsheet Reference, Microsoft), which many programs still export."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from ragapp.reading.excel.xlsx_cells import iso_days
from ragapp.reading.excel.xlsx_parts import local
from ragapp.reading.excel.xlsx_sheet import LAST_COLUMN, LAST_ROW, cell_name
from ragapp.reading.left_out import LeftOut
from ragapp.reading.scripts import Script, join_scripts
from ragapp.reading.sheets.grid import Area, Cells, Grid, Spans
from ragapp.reading.sheets.number_format import builtin_code, shown_with_raw
from ragapp.reading.sheets.units import SheetUnits
from ragapp.reading.text import clean, one_line, whole_number

NAMESPACE = "{urn:schemas-microsoft-com:office:spreadsheet}"
_UNHIDE = "Unhide them in Excel and save the file if they are to be read."
_MOST_AREAS = 250_000
# names that stand for formats
_NAMED = {
    "General Number": "General",
    "General Date": builtin_code(22),
    "Long Date": "[$-F800]dddd, mmmm dd, yyyy",
    "Medium Date": "d-mmm-yy",
    "Short Date": builtin_code(14),
    "Long Time": "h:mm:ss AM/PM",
    "Medium Time": "h:mm AM/PM",
    "Short Time": "h:mm",
    "Fixed": "0.00",
    "Standard": "#,##0.00",
    "Percent": "0.00%",
    "Scientific": "0.00E+00",
    "Yes/No": '"Yes";"Yes";"No"',
    "True/False": '"True";"True";"False"',
    "On/Off": '"On";"On";"Off"',
    "Currency": '"$"#,##0.00;("$"#,##0.00)',
    "Euro Currency": "[$€-2] #,##0.00;([$€-2] #,##0.00)",
}


class _Style(NamedTuple):
    code: str = "General"
    struck: bool = False


def add_sheets(root: Any, units: SheetUnits, left_out: LeftOut) -> None:
    """Add the sheets of a ``Workbook`` element as they are seen."""
    styles = _styles(root)
    is_1904 = root.find("{*}ExcelWorkbook/{*}Date1904") is not None
    for sheet in root.iterchildren(f"{NAMESPACE}Worksheet"):
        name = one_line(clean(_said(sheet, "Name")))
        if sheet.findtext("{*}WorksheetOptions/{*}Visible") in ("SheetHidden", "SheetVeryHidden"):
            units.sheet(name, (), hidden=True)
        else:
            _Sheet(sheet, styles, is_1904, units.room).add(name, units, left_out)


class _Sheet:
    def __init__(self, sheet: Any, styles: dict[str, _Style], is_1904: bool, room: int) -> None:
        self._styles, self._is_1904, self._room = styles, is_1904, room
        self._rows: dict[int, Cells] = {}
        self._remarks: dict[int, list[str]] = {}
        self._areas: list[Area] = []
        self._hidden_rows: list[tuple[int, int]] = []
        self._hidden_columns: list[tuple[int, int]] = []
        self._of_columns: list[tuple[int, int, str]] = []
        self._by_column: dict[int, str] = {}
        self._struck = self._unread = 0
        for table in sheet.iterchildren(f"{NAMESPACE}Table"):
            self._columns(table)
            self._read(table)

    def add(self, name: str, units: SheetUnits, left_out: LeftOut) -> None:
        place = f"sheet {name}"
        grid = Grid(self._rows)
        rows, columns = Spans(self._hidden_rows), Spans(self._hidden_columns)
        grid.merge(self._areas, rows, columns)
        lost_rows, lost_columns = grid.hide(rows, columns)
        left_out.add("hidden row", "hidden rows", place, lost_rows, _UNHIDE)
        left_out.add("hidden column", "hidden columns", place, lost_columns, _UNHIDE)
        left_out.add("struck-out passage", "struck-out passages", place, self._struck)
        grid.remarks = {number: lines for number, lines in self._remarks.items() if number not in rows}
        units.grid(name, grid, unread=self._unread)

    def _columns(self, table: Any) -> None:
        place = 0
        for column in table.iterchildren(f"{NAMESPACE}Column"):
            first = _place(column, place + 1, LAST_COLUMN)
            place = min(first + _count(column, "Span"), LAST_COLUMN)
            if _is_hidden(column, "Width"):
                self._hidden_columns.append((first - 1, place - 1))
            if style := _said(column, "StyleID"):
                self._of_columns.append((first - 1, place - 1, style))

    def _read(self, table: Any) -> None:
        number = 0
        for row in table.iterchildren(f"{NAMESPACE}Row"):
            if self._room < 0:
                self._unread += len(row) > 0
                continue
            number = _place(row, number + 1, LAST_ROW)
            if _is_hidden(row, "Height"):
                self._hidden_rows.append((number, number + _count(row, "Span")))
            cells: Cells = self._rows.setdefault(number, {})
            for column, cell in _cells(row):
                text = self._text(cell, column, _said(row, "StyleID"))
                if text:
                    cells[column] = text
                across, down = _count(cell, "MergeAcross"), _count(cell, "MergeDown")
                if (across or down) and len(self._areas) < _MOST_AREAS:
                    bottom, right = min(number + down, LAST_ROW), min(column + across, LAST_COLUMN - 1)
                    self._areas.append((number, column, bottom, right))
                self._remark(cell, number, column)
            self._room -= len(cells)
            number = min(number + _count(row, "Span"), LAST_ROW)

    def _text(self, cell: Any, column: int, of_row: str) -> str:
        data = next((child for child in cell if local(child) == "Data"), None)
        if data is None:
            return ""
        named = _said(cell, "StyleID") or of_row or self._of_column(column)
        style = self._styles.get(named, self._styles.get("Default", _Style()))
        pieces = [(text, script, struck) for text, script, struck in _runs(data) if text]
        self._struck += sum(struck for _, _, struck in pieces)
        text = clean(join_scripts([(text, script) for text, script, struck in pieces if not struck])).strip()
        kind = _said(data, "Type")
        if style.struck and text:
            self._struck += 1
            return ""
        if kind == "Boolean":
            return "TRUE" if text in ("1", "true") else "FALSE"
        if kind == "Error" or not text:
            return text
        value = iso_days(text, self._is_1904) if kind == "DateTime" else _number(text) if kind == "Number" else text
        return text if value is None else clean(shown_with_raw(value, style.code, date_1904=self._is_1904)).strip()

    def _of_column(self, column: int) -> str:
        if column not in self._by_column:
            found = (style for first, last, style in self._of_columns if first <= column <= last)
            self._by_column[column] = next(found, "")
        return self._by_column[column]

    def _remark(self, cell: Any, number: int, column: int) -> None:
        for comment in cell.iterchildren(f"{NAMESPACE}Comment"):
            text = one_line(clean(" ".join(comment.itertext())))
            if text:
                self._remarks.setdefault(number, []).append(f"Note on {cell_name(number, column)}: {text}")


def _runs(data: Any) -> Iterator[tuple[str, Script, bool]]:
    """The text of a cell, which may hold marks of HTML, by its runs; whether each is struck out."""
    yield data.text or "", "", False
    for child in data:
        names = {local(item) for item in child.iter()}
        script: Script = "super" if "Sup" in names else "sub" if "Sub" in names else ""
        yield "".join(child.itertext()), script, "S" in names
        yield child.tail or "", "", False


def _cells(row: Any) -> Iterator[tuple[int, Any]]:
    column = 0
    for cell in row.iterchildren(f"{NAMESPACE}Cell"):
        column = _place(cell, column + 1, LAST_COLUMN)
        yield column - 1, cell
        column = min(column + _count(cell, "MergeAcross"), LAST_COLUMN)


def _styles(root: Any) -> dict[str, _Style]:
    found: dict[str, _Style] = {}
    for element in root.iterfind("{*}Styles/{*}Style"):
        style = found.get(_said(element, "Parent"), found.get("Default", _Style()))
        for child in element:
            if local(child) == "NumberFormat":
                code = _said(child, "Format")
                style = style._replace(code=_NAMED.get(code, code) or "General")
            elif local(child) == "Font":
                style = style._replace(struck=_said(child, "StrikeThrough") == "1")
        found[_said(element, "ID")] = style
    return found


def _number(text: str) -> float | int | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return int(number) if number.is_integer() and abs(number) < 1e15 else number


def _said(element: Any, name: str) -> str:
    return str(element.get(f"{NAMESPACE}{name}", ""))


def _place(element: Any, otherwise: int, most: int) -> int:
    return max(1, min(whole_number(_said(element, "Index"), otherwise, digits=8), most))


def _count(element: Any, name: str) -> int:
    return max(0, min(whole_number(_said(element, name), 0, digits=8), LAST_ROW))


def _is_hidden(element: Any, size: str) -> bool:
    return _said(element, "Hidden") == "1" or _said(element, size) in ("0", "0.0")
