"""What xlrd passes over in an XLS workbook, by its records (MS-XLS): boxes, ticks, charts, page headers, and more."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from ragapp.reading.sheets.number_format import shown
from ragapp.reading.tables import markdown_table, tidy_rows
from ragapp.reading.text import clean, one_line

# records of all sheets that are looked at; hostile files name one stretch of records for many sheets
MAX_RECORDS = 4_000_000
MAX_POINTS = 100_000  # of one chart
_BOF, _EOF, _CONTINUE, _BOUNDSHEET, _HEADER, _FOOTER, _OBJ, _TXO = 0x809, 0x0A, 0x3C, 0x85, 0x14, 0x15, 0x5D, 0x1B6
_FORMULA, _STALE = 0x06, 0x03  # to be computed always, and when the file is opened
_EMPTY_TEXT = 0xFFFF_0000_0000_0003  # the result of a formula
_NO_EXCEL = b"\xbb\x0d\xcc\x07"  # build and year in the first record of OpenOffice and xlwt
_NUMBER, _LABEL, _SERIES, _TEXT, _SERIES_TEXT, _SOURCE, _INDEX = 0x203, 0x204, 0x1003, 0x1025, 0x100D, 0x1051, 0x1065
_CHART_STREAM, _BIFF8 = 0x20, 0x600
# types of objects (2.5.143): those whose text is a cell's note, and those of form controls with a state
_NOTE, _PICTURE = 0x19, 0x08
_TICKS = {0x0B: ("☒", "☐"), 0x0C: ("◉", "○")}
_STATE, _EMBEDDED = 0x12, 0x09  # parts of an object's record: FtCblsData, FtPictFmla
_WORKSHEET, _CHART_SHEET = 0, 2

Record = tuple[int, bytes]


@dataclass(slots=True)
class DrawnSheet:
    """A sheet in the order of the workbook, and what its records hold beside cells.

    Attributes:
        name: cleaned.
        kind: ``cells``, ``chart``, or empty for sheets of macros.
        hidden: whether it is hidden.
        texts: of boxes, controls and charts; one that is a table is Markdown.
        running: codes of its page header and footer.
        pictures, embedded, bare_charts: how many there are; charts are bare without a title and kept values.
        not_computed: row and column, 0-based, of formulas that were never computed.
        blank: of those whose result is empty text.
        formulas: how many there are.
    """

    name: str
    kind: str
    hidden: bool
    texts: list[str] = field(default_factory=list)
    running: list[str] = field(default_factory=list)
    pictures: int = 0
    embedded: int = 0
    bare_charts: int = 0
    not_computed: set[tuple[int, int]] = field(default_factory=set)
    blank: set[tuple[int, int]] = field(default_factory=set)
    formulas: int = 0


def drawn_sheets(data: bytes) -> list[DrawnSheet]:
    """The sheets of an OLE file with a workbook of Excel 97 or later; empty for older ones and damaged ones."""
    try:
        stream = _workbook_stream(data)
        found = []
        records = _Records(stream)
        for offset, sheet in _bound_sheets(records):
            found.append(sheet)
            _read(records, offset, sheet)
    except (struct.error, ValueError, IndexError, OSError):
        return []  # xlrd says what is wrong with it, or reads it all the same
    if stream[8:12] == _NO_EXCEL and all(sheet.formulas == len(sheet.blank) for sheet in found):
        for sheet in found:
            sheet.not_computed = sheet.blank  # xlwt computes nothing and writes empty text
    return found


def _workbook_stream(data: bytes) -> bytes:
    import olefile

    if not olefile.isOleFile(data=data):
        return b""
    with olefile.OleFileIO(io.BytesIO(data)) as package:
        return bytes(package.openstream("Workbook").read()) if package.exists("Workbook") else b""


class _Records:
    """The records of a stream from an offset on, all walks together bounded."""

    def __init__(self, stream: bytes) -> None:
        self._stream = stream
        self._left = MAX_RECORDS

    def since(self, offset: int) -> Iterator[Record]:
        """Records until the end of the outermost substream that begins at ``offset``."""
        stream, head, depth = self._stream, struct.Struct("<HH").unpack_from, 0
        while offset + 4 <= len(stream) and self._left > 0:
            self._left -= 1
            kind, size = head(stream, offset)
            yield kind, stream[offset + 4 : offset + 4 + size] if kind in _WANTED else b""
            offset += 4 + size
            depth += (kind == _BOF) - (kind == _EOF)
            if depth <= 0:
                return


_WANTED = frozenset(
    (
        _BOF,
        _CONTINUE,
        _BOUNDSHEET,
        _HEADER,
        _FOOTER,
        _FORMULA,
        _OBJ,
        _TXO,
        _NUMBER,
        _LABEL,
        _SERIES_TEXT,
        _SOURCE,
        _INDEX,
    )
)


def _bound_sheets(records: _Records) -> list[tuple[int, DrawnSheet]]:
    sheets = []
    for kind, data in records.since(0):
        if kind == _BOF and struct.unpack_from("<H", data)[0] != _BIFF8:
            return []
        if kind == _BOUNDSHEET:
            offset, state, type_ = struct.unpack_from("<IBB", data)
            content = {_WORKSHEET: "cells", _CHART_SHEET: "chart"}.get(type_, "")
            name = clean(_string(data, 7, data[6]))
            sheets.append((offset, DrawnSheet(name, content, bool(state & 3))))
    return sheets


def _read(records: _Records, offset: int, sheet: DrawnSheet) -> None:
    chart: _Chart | None = None
    shape = _Shape()
    depth = 0
    for kind, data in records.since(offset):
        if kind == _BOF:
            depth += 1
            if struct.unpack_from("<H", data, 2)[0] == _CHART_STREAM:
                chart = _Chart()
        elif kind == _EOF:
            depth -= 1
            if chart is not None:
                texts = chart.texts()
                sheet.texts += texts
                sheet.bare_charts += not texts
                chart = None
        elif chart is not None and kind not in (_HEADER, _FOOTER):
            chart.take(kind, data)
        elif kind in (_HEADER, _FOOTER) and depth == 1 and len(data) > 3:
            sheet.running.append(_string(data, 2, struct.unpack_from("<H", data)[0]))
        elif kind == _FORMULA:
            row, column, result, flags = struct.unpack_from("<HH2xQH", data)
            # programs that do not compute write 0 and ask whoever opens the file to do it
            sheet.formulas += 1
            if result == _EMPTY_TEXT or (not result and flags & _STALE == _STALE):
                (sheet.blank if result else sheet.not_computed).add((row, column))
        elif kind == _OBJ:
            shape.end(sheet)
            shape = _Shape(data)
            sheet.pictures += shape.is_picture
            sheet.embedded += shape.is_embedded
        elif kind == _TXO and len(data) >= 12:
            shape.expect(struct.unpack_from("<H", data, 10)[0])
        elif kind == _CONTINUE:
            shape.go_on(data)
    shape.end(sheet)


class _Shape:
    """An object of a drawing, with the text that follows it in records of its own."""

    def __init__(self, data: bytes = b"") -> None:
        self._kind = -1
        self._checked = False
        self._text = ""
        self._expected = 0  # characters
        self.is_embedded = False
        offset = 0
        while offset + 4 <= len(data):
            part, size = struct.unpack_from("<HH", data, offset)
            if part == 0x15:  # FtCmo
                self._kind = struct.unpack_from("<H", data, offset + 4)[0]
            elif part == _STATE:
                self._checked = struct.unpack_from("<H", data, offset + 4)[0] == 1
            elif part == _EMBEDDED:
                self.is_embedded = True
            elif part == 0x13 or (part == 0 and offset):
                break  # the size of a list's data is not what it says
            offset += 4 + size
        self.is_picture = self._kind == _PICTURE and not self.is_embedded

    def expect(self, characters: int) -> None:
        self._expected = characters

    def go_on(self, data: bytes) -> None:
        """Take a record that goes on with a text."""
        if self._expected > 0 and data:
            part = _string(data, 0, (len(data) - 1) // (2 if data[0] & 1 else 1))
            self._text += part[: self._expected]
            self._expected -= len(part)

    def end(self, sheet: DrawnSheet) -> None:
        """Write the text down, unless it is a cell's note, which xlrd reads."""
        text = "\n".join(line for line in map(one_line, clean(self._text).split("\n")) if line)
        if self._kind in _TICKS:
            sheet.texts.append(f"{_TICKS[self._kind][not self._checked]} {text or 'check box without words'}")
        elif text and self._kind not in (-1, _NOTE):
            sheet.texts.append(text)


class _Chart:
    """Titles, names of series and kept values of a chart (MS-XLS, 2.1.7.20.3)."""

    def __init__(self) -> None:
        self._titles: list[str] = []
        self._series: list[str] = []
        self._in_series = False
        self._source = -1
        self._index = 0
        self._values: dict[tuple[int, int], str] = {}  # point and series
        self._categories: dict[int, str] = {}

    def take(self, kind: int, data: bytes) -> None:
        if kind == _SERIES:
            self._series.append("")
            self._in_series = True
        elif kind == _TEXT:
            self._in_series = False
        elif kind == _SOURCE and data:
            self._source = data[0]
        elif kind == _SERIES_TEXT and len(data) > 3:
            text = one_line(_string(data, 3, data[2]))
            if self._in_series and self._source == 0:
                self._series[-1] = text
            elif text and not self._in_series:
                self._titles.append(text)
        elif kind == _INDEX:
            self._index = struct.unpack_from("<H", data)[0]
        elif kind in (_NUMBER, _LABEL) and len(self._values) < MAX_POINTS:
            point, series = struct.unpack_from("<HH", data)
            if kind == _NUMBER:
                text = shown(struct.unpack_from("<d", data, 6)[0], "General")
            else:
                text = one_line(_string(data, 8, struct.unpack_from("<H", data, 6)[0]))
            if self._index == 1 and series < len(self._series):
                self._values[point, series] = text
            elif self._index == 2:
                self._categories.setdefault(point, text)

    def texts(self) -> list[str]:
        """The titles, then the values as a table."""
        title = ["Chart: " + "\n".join(self._titles)] if self._titles else ["Chart:"] if self._values else []
        points = sorted({point for point, _ in self._values})
        columns = sorted({series for _, series in self._values})
        rows = [["", *(self._series[series] or f"Series {series + 1}" for series in columns)]]
        rows += [
            [
                self._categories.get(point, str(point + 1)),
                *(self._values.get((point, series), "") for series in columns),
            ]
            for point in points
        ]
        return [*title, markdown_table(tidy_rows(rows))] if points else title


def _string(data: bytes, offset: int, characters: int) -> str:
    """A string whose first byte tells whether its characters have one byte or two (2.5.293)."""
    if data[offset] & 1:
        return data[offset + 1 : offset + 1 + 2 * characters].decode("utf-16-le", "replace")
    return data[offset + 1 : offset + 1 + characters].decode("latin-1")
