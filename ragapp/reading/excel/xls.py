"""Old binary Excel workbooks (XLS), by xlrd: cells as Excel shows them, without what is hidden or struck out."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import xlrd
from xlrd.biffh import error_text_from_code

from ragapp.reading.document import DEFAULT_OPTIONS, Document, ReadOptions
from ragapp.reading.excel.xls_drawings import DrawnSheet, drawn_sheets
from ragapp.reading.excel.xlsx_sheet import cell_name
from ragapp.reading.excel.xlsx_text import CellStyle, Rich, Run, seen_text
from ragapp.reading.excel.xlsx_workbook import running_lines
from ragapp.reading.formats import OLE_SIGNATURE
from ragapp.reading.left_out import LeftOut
from ragapp.reading.links import with_address
from ragapp.reading.package import decrypted, reading_errors
from ragapp.reading.scripts import Script
from ragapp.reading.sheets.grid import Area, Cells, Grid, Spans
from ragapp.reading.sheets.number_format import builtin_code, shown, shown_with_raw
from ragapp.reading.sheets.units import SheetUnits
from ragapp.reading.symbol_fonts import is_symbol_font, symbol_text
from ragapp.reading.text import clean, one_line, read_bytes, wrong_format

_BIFF = (b"\x09\x08", b"\x09\x04", b"\x09\x02", b"\x09\x00")  # workbooks from before OLE
_SCRIPTS: tuple[Script, ...] = ("", "super", "sub")  # a font's escapement
_UNHIDE = "Unhide them in Excel and save the file if they are to be read."
_MOST_NOTES = 50_000
_MOST_LINKED = 100_000  # cells under hyperlinks that are looked at
_LONGEST_NAME = 80
_MOST_KEPT = 200_000  # texts of cells that are kept by value and style


def read_xls(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """Read the visible sheets of an XLS workbook; values as saved, formulas as their last result."""
    data = read_bytes(path)
    if not data.startswith((OLE_SIGNATURE, *_BIFF)):
        raise wrong_format(data, "an old Excel workbook")
    with reading_errors():
        book, data = _opened(data, options)
        return _Workbook(book).document(path.stem, drawn_sheets(data))


def _opened(data: bytes, options: ReadOptions) -> tuple[Any, bytes]:
    """The workbook and its content, decrypted where need be."""
    # without formatting there are no number formats; ragged rows do not make one far cell fill a whole sheet
    opened = partial(xlrd.open_workbook, formatting_info=True, ragged_rows=True, logfile=io.StringIO())
    try:
        return opened(file_contents=data), data
    except xlrd.XLRDError as error:
        if "encrypted" in str(error).lower():
            data = decrypted(data, options.passwords)
            return opened(file_contents=data), data
        raise


class _Workbook:
    """The sheets of a workbook as units, and what is left out of them."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._units = SheetUnits()
        self._left_out = LeftOut()
        self._notes: list[str] = []
        self._not_computed = 0
        self._running: set[str] = set()
        self._fonts = [_font_style(font) for font in book.font_list]
        self._styles = [self._style(xf) for xf in book.xf_list]
        self._kept: dict[tuple[int, Any, int], tuple[str, int]] = {}  # by type, value and style of a cell
        self._date_1904 = bool(book.datemode)

    def document(self, title: str, drawn: Sequence[DrawnSheet]) -> Document:
        """The document of all sheets; ``drawn`` is what they hold beside their cells, if that is known."""
        sheets = {clean(sheet.name): sheet for sheet in self._book.sheets()}
        known = [sheet for sheet in drawn if sheet.kind != "cells" or sheet.name in sheets]
        if {sheet.name for sheet in known if sheet.kind == "cells"} != set(sheets):
            known = [DrawnSheet(name, "cells", bool(sheet.visibility)) for name, sheet in sheets.items()]
        for sheet in known:
            if sheet.hidden:
                self._units.sheet(sheet.name, (), hidden=True)
            elif sheet.kind == "cells":
                self._sheet(sheets[sheet.name], sheet)
            elif sheet.texts:
                self._units.grid(sheet.name, Grid(), self._headers(sheet), sheet.texts)
            else:
                self._units.skip()
        if self._not_computed:
            message = (
                f"{self._not_computed} formulas have no saved result and are blank; open and save the file in Excel."
            )
            self._notes.append(message)
        return self._units.document(title, [*self._notes, *self._left_out.warnings()])

    def _sheet(self, sheet: Any, drawn: DrawnSheet) -> None:
        place = f"sheet {drawn.name}"
        rows, unread = self._rows(sheet, place, drawn.not_computed)
        hidden_rows, hidden_columns = _hidden(sheet)
        _add_links(sheet, rows)
        grid = Grid(rows)
        areas = _merged(sheet)
        if areas and not grid.merge(areas, hidden_rows, hidden_columns):
            self._notes.append(f"There are more merged cells in {place} than are followed; some hold for one row only.")
        lost_rows, lost_columns = grid.hide(hidden_rows, hidden_columns)
        self._left_out.add("hidden row", "hidden rows", place, lost_rows, _UNHIDE)
        self._left_out.add("hidden column", "hidden columns", place, lost_columns, _UNHIDE)
        self._left_out.add("picture", "pictures", place, drawn.pictures)
        hint = "What it shows is in cells of the workbook."
        self._left_out.add("chart without data", "charts without data", place, drawn.bare_charts, hint)
        self._left_out.add("embedded document", "embedded documents", place, drawn.embedded)
        grid.remarks = _cell_notes(sheet, grid.rows, hidden_rows, hidden_columns)
        self._units.grid(drawn.name, grid, self._headers(drawn), drawn.texts, unread=unread)

    def _headers(self, sheet: DrawnSheet) -> list[str]:
        """Page headers and footers, each text once in the workbook."""
        lines = [line for code in sheet.running for line in running_lines(clean(code), sheet.name)]
        new = [line for line in dict.fromkeys(lines) if line not in self._running]
        self._running.update(new)
        return ["Page header or footer: " + "; ".join(new)] if new else []

    def _rows(self, sheet: Any, place: str, not_computed: set[tuple[int, int]]) -> tuple[dict[int, Cells], int]:
        """The cells that show something, by row; how many rows are missing because there are too many cells."""
        rows: dict[int, Cells] = {}
        left, struck = self._units.room, 0
        runs, kept = sheet.rich_text_runlist_map, self._kept
        for number in range(sheet.nrows):
            types = sheet.row_types(number)
            values = sheet.row_values(number) if types else ()
            cells: Cells = {}
            for column, kind in enumerate(types):
                if not kind or kind == _BLANK:
                    continue
                if not_computed and (number, column) in not_computed:
                    self._not_computed += 1
                    continue
                value = values[column]
                if not value and (value == "" or (kind in _NUMBERS and not sheet.show_zero_values)):
                    continue
                key = (kind, value, sheet.cell_xf_index(number, column))
                found = kept.get(key) if not runs or (number, column) not in runs else None
                if found is None:
                    found = self._seen(*key, runs.get((number, column), ()))
                    if len(kept) < _MOST_KEPT and (number, column) not in runs:
                        kept[key] = found
                text, lost = found
                struck += lost
                if text:
                    cells[column] = text
            if cells:
                rows[number + 1] = cells
                left -= len(cells)
                if left < 0:
                    return rows, sheet.nrows - number - 1
        self._left_out.add("struck-out passage", "struck-out passages", place, struck)
        return rows, 0

    def _seen(self, kind: int, value: Any, index: int, runs: Any) -> tuple[str, int]:
        """What a cell shows, and how many passages of it are struck out."""
        style = self._styles[index] if 0 <= index < len(self._styles) else CellStyle()
        code, struck = str(style.code or ""), 0
        if kind in _NUMBERS:
            text = shown_with_raw(value, code, date_1904=self._date_1904)
        elif kind == _TEXT and (runs or style.script or style.struck or style.font):
            seen = seen_text(self._runs(value, runs), style)
            text, struck = shown(seen.text, code) if seen.text else "", seen.struck
        elif kind == _TEXT:
            text = shown(value, code)
        else:
            text = (
                ("TRUE" if value else "FALSE") if kind == _BOOLEAN else str(error_text_from_code.get(value, "#ERROR"))
            )
        if kind != _TEXT and style.struck and text:
            return "", 1
        if kind != _TEXT and style.font:
            text = symbol_text(style.font, text)
        return text.strip() if text.isascii() and text.isprintable() else clean(text).strip(), struck

    def _runs(self, text: str, runs: Any) -> Rich:
        """A text cut where another font begins; runs count in units of UTF-16."""
        if not runs:
            return text
        wide = len(text) != len(text.encode("utf-16-le", "surrogatepass")) // 2
        units = text.encode("utf-16-le", "surrogatepass") if wide else b""
        starts = [(0, None), *((offset, font) for offset, font in runs)]
        ends = [start for start, _ in starts[1:]] + [len(text) * 2]
        found = []
        for (start, font), end in zip(starts, ends, strict=True):
            part = units[2 * start : 2 * end].decode("utf-16-le", "replace") if wide else text[start:end]
            look = self._fonts[font] if font is not None and font < len(self._fonts) else None
            if part and look is None:
                found.append(Run(part))
            elif part and look is not None:
                found.append(Run(part, look.script, look.struck, look.font))
        return tuple(found)

    def _style(self, xf: Any) -> CellStyle:
        look = self._fonts[xf.font_index] if 0 <= xf.font_index < len(self._fonts) else CellStyle()
        key = xf.format_key
        named = self._book.format_map.get(key)
        code = named.format_str if named is not None else None
        # the dates of the reader's own system, from the time on when built-in formats had these numbers
        if not code or (key in (14, 22) and self._book.biff_version >= 50):
            code = builtin_code(key)
        return CellStyle(code, look.font, look.script, look.struck)


# types of cells, as xlrd numbers them
_TEXT, _NUMBERS, _BOOLEAN, _BLANK = 1, (2, 3), 4, 6


def _font_style(font: Any) -> CellStyle:
    name = font.name if is_symbol_font(font.name) else ""
    script: Script = _SCRIPTS[font.escapement] if 0 <= font.escapement < len(_SCRIPTS) else ""
    return CellStyle(font=name, script=script, struck=bool(font.struck_out))


def _hidden(sheet: Any) -> tuple[Spans, Spans]:
    """Rows and columns that are hidden, filtered out, folded away or without height or width."""
    rows = [number + 1 for number, info in sheet.rowinfo_map.items() if info.hidden or not info.height]
    columns = [column for column, info in sheet.colinfo_map.items() if info.hidden or not info.width]
    if sheet.default_row_hidden:
        rows += [number + 1 for number in range(sheet.nrows) if number not in sheet.rowinfo_map]
    return Spans(numbers=rows), Spans(numbers=columns)


def _merged(sheet: Any) -> list[Area]:
    return [
        (top + 1, left, bottom, right - 1)
        for top, bottom, left, right in sheet.merged_cells
        if 0 <= top < bottom and 0 <= left < right
    ]


def _cell_notes(sheet: Any, rows: dict[int, Cells], hidden_rows: Spans, hidden_columns: Spans) -> dict[int, list[str]]:
    """Lines such as ``Note on B4 (Rent): …``, by the row of their cell, without those at hidden cells."""
    lines: dict[int, list[str]] = {}
    for (number, column), note in sorted(sheet.cell_note_map.items())[:_MOST_NOTES]:
        row, text = number + 1, one_line(note.text or "")
        if text and row not in hidden_rows and column not in hidden_columns:
            cells = rows.get(row, {})
            first = min(cells, default=column)
            name = f" ({one_line(cells[first])})" if first != column and len(cells[first]) <= _LONGEST_NAME else ""
            lines.setdefault(row, []).append(f"Note on {cell_name(row, column)}{name}: {text}")
    return lines


def _add_links(sheet: Any, rows: dict[int, Cells]) -> None:
    """Write where links lead behind the words of their cells."""
    looked = 0
    for link in sheet.hyperlink_list:
        address = link.url_or_path
        if link.type != "url" or not isinstance(address, str):
            continue
        for number in range(link.frowx, link.lrowx + 1):
            looked += 1
            if looked > _MOST_LINKED:
                return
            cells = rows.get(number + 1, {})
            for column in [column for column in cells if link.fcolx <= column <= link.lcolx]:
                cells[column] = with_address(cells[column], one_line(address.rstrip("\0")))
