"""OpenDocument texts, spreadsheets and presentations.

The XML is walked here: what libraries there are give either bare text or a copy of the XML's own objects.
Source of the element names: OASIS OpenDocument 1.3, part 3.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path
from typing import Any

from ragapp.errors import ReadingError
from ragapp.reading.blocks import BlockBuilder, page_units
from ragapp.reading.document import DEFAULT_OPTIONS, Document, ReadOptions, Unit
from ragapp.reading.package import given_title, open_package, xml_root
from ragapp.reading.sheets import Row, SheetUnits
from ragapp.reading.tables import spread_cells
from ragapp.reading.text import clean, whole_number

_NS = "urn:oasis:names:tc:opendocument:xmlns:"
_OFFICE, _TABLE, _TEXT, _STYLE, _DRAW, _FO, _PRESENTATION, _META = (
    f"{{{_NS}{name}:1.0}}"
    for name in ("office", "table", "text", "style", "drawing", "xsl-fo-compatible", "presentation", "meta")
)
_DC = "{http://purl.org/dc/elements/1.1/}"
# comments, what was deleted, tables of contents and other indexes that repeat the text, furigana
_UNREAD = {f"{_OFFICE}annotation", f"{_OFFICE}forms", f"{_TEXT}tracked-changes", f"{_TEXT}ruby-text"}
_UNREAD |= {f"{_TEXT}{name}-index" for name in ("alphabetical", "illustration", "table")} | {f"{_TEXT}table-of-content"}
_ROWS, _COLUMNS = f"{_TABLE}number-rows-spanned", f"{_TABLE}number-columns-spanned"
_MAX_SPACES = 100
_MAX_REPEATS = 1000
_LAST_ROW = 1_048_576
_ENDLESS = 10_000_000
_MAX_LEVEL = 8


def read_odt(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """Read an OpenDocument text: its body, then its notes; by pages where it says where they begin, else sections."""
    with _open_parts(path, ".odt", options) as (content, meta):
        out = BlockBuilder()
        reader = _TextReader(out, _page_styles(content))
        reader.container(content.find(f"{_OFFICE}body/{_OFFICE}text"))
        for note in reader.notes:
            out.text(note)
        return Document(_title_of(meta) or out.title or path.stem, page_units(out, _stated_pages(meta)))


def read_odp(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """Read an OpenDocument presentation: one unit a slide, with its speaker notes."""
    with _open_parts(path, ".odp", options) as (content, meta):
        units, first_title = [], ""
        for number, page in enumerate(content.iter(f"{_DRAW}page"), start=1):
            out = BlockBuilder()
            _read_slide(page, out)
            first_title = first_title or out.title
            units.append(Unit(number, "slide", blocks=out.blocks))
        return Document(_title_of(meta) or first_title or path.stem, units or [Unit(1, "slide")])


def read_ods(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """Read an OpenDocument spreadsheet: its visible sheets, values as shown."""
    with _open_parts(path, ".ods", options) as (content, meta):
        hidden = {
            style.get(f"{_STYLE}name")
            for style in content.iter(f"{_STYLE}style")
            for properties in style.iterfind(f"{_STYLE}table-properties")
            if properties.get(f"{_TABLE}display") == "false"
        }
        sheets = SheetUnits()
        for table in content.iterfind(f"{_OFFICE}body/{_OFFICE}spreadsheet/{_TABLE}table"):
            is_hidden = table.get(f"{_TABLE}style-name") in hidden
            sheets.sheet(clean(table.get(f"{_TABLE}name", "")), _sheet_rows(table), is_hidden)
        return sheets.document(_title_of(meta) or path.stem)


@contextmanager
def _open_parts(path: Path, suffix: str, options: ReadOptions) -> Iterator[tuple[Any, Any]]:
    """The root elements of a document's content and of its metadata, empty where it has none."""
    with open_package(path, suffix, options) as data, zipfile.ZipFile(data) as package:
        names = package.namelist()
        if "META-INF/manifest.xml" in names and b"encryption-data" in package.read("META-INF/manifest.xml"):
            hint = "Open it in LibreOffice and save it without a password; passwords are tried on Office and PDF files."
            raise ReadingError("the file is password-protected", hint)
        meta = xml_root(package.read("meta.xml") if "meta.xml" in names else b"<none/>")
        yield xml_root(package.read("content.xml")), meta


def _title_of(meta: Any) -> str:
    return given_title(meta.findtext(f".//{_DC}title"))


def _stated_pages(meta: Any) -> int:
    statistic = meta.find(f".//{_META}document-statistic")
    return whole_number(statistic.get(f"{_META}page-count", ""), 0, digits=6) if statistic is not None else 0


def _page_styles(content: Any) -> frozenset[str]:
    """The paragraph styles of this document that begin a new page."""
    names = set()
    for style in content.iter(f"{_STYLE}style"):
        breaks = any(child.get(f"{_FO}break-before") == "page" for child in style)
        if breaks or style.get(f"{_STYLE}master-page-name"):
            names.add(style.get(f"{_STYLE}name", ""))
    return frozenset(names)


class _TextReader:
    """Adds the body of a text to ``out``."""

    def __init__(self, out: BlockBuilder, page_styles: frozenset[str] = frozenset()) -> None:
        self._out = out
        self._page_styles = page_styles
        self.notes: list[str] = []  # the foot- and endnotes that were met

    def container(self, element: Any) -> None:
        """Read what stands in a body, a section, a frame or a cell."""
        for child in element if element is not None else ():
            if child.tag in _UNREAD or not isinstance(child.tag, str):
                continue
            if child.tag == f"{_TEXT}h":
                self._begin(child)
                self._out.heading(_count(child, f"{_TEXT}outline-level", 10), self._paragraph(child))
                self._boxes(child)
            elif child.tag == f"{_TEXT}p":
                self._begin(child)
                self._out.text(self._paragraph(child))
                self._boxes(child)
                for _ in child.iter(f"{_TEXT}soft-page-break"):
                    self._out.page_break()  # a paragraph belongs to the page that it begins on
            elif child.tag == f"{_TEXT}list":
                self._list(child)
            elif child.tag == f"{_TABLE}table":
                self._begin(child)
                self._table(child)
            elif child.tag == f"{_TEXT}soft-page-break":
                self._out.page_break()
            else:
                self.container(child)

    def _begin(self, element: Any) -> None:
        name = element.get(f"{_TEXT}style-name") or element.get(f"{_TABLE}style-name")
        if name in self._page_styles and self._out.blocks:
            self._out.page_break()

    def _paragraph(self, paragraph: Any) -> str:
        for note in paragraph.iter(f"{_TEXT}note"):
            label = "Endnote" if note.get(f"{_TEXT}note-class") == "endnote" else "Footnote"
            if text := _all_text(note.find(f"{_TEXT}note-body")):
                label += f" {note.findtext(f'{_TEXT}note-citation') or ''}"
                self.notes.append(f"{label.strip()}: {text}")
        return _paragraph_text(paragraph)

    def _boxes(self, paragraph: Any) -> None:
        for box in paragraph.iter(f"{_DRAW}text-box"):
            if next(box.iterancestors(f"{_DRAW}text-box"), None) is None:
                self.container(box)

    def _list(self, element: Any) -> None:
        if next(element.iter(f"{_TEXT}h", f"{_TABLE}table"), None) is not None:
            for item in element:  # numbered chapters are often items of a list
                self.container(item)
        else:
            self._out.text("\n".join(_list_lines(element)))
            for _ in element.iter(f"{_TEXT}soft-page-break"):
                self._out.page_break()

    def _table(self, table: Any) -> None:
        # covered cells are left out, rows in header groups are read, those of a table inside are not
        rows = [
            [cell for cell in row if cell.tag == f"{_TABLE}table-cell"]
            for row in table.iter(f"{_TABLE}table-row")
            if next(row.iterancestors(f"{_TABLE}table")) is table
        ]
        if len(rows) == 1 and len(rows[0]) == 1:
            self.container(rows[0][0])  # a frame around text, not a table
            return
        part: list[list[tuple[str, int, int]]] = []
        header: list[list[tuple[str, int, int]]] = []
        for row in rows:
            line = [(_all_text(cell), _count(cell, _ROWS), _count(cell, _COLUMNS)) for cell in row]
            before = row[0].getparent().getprevious() if row else None
            if part and before is not None and before.tag == f"{_TEXT}soft-page-break":
                self._out.table(spread_cells(part))
                self._out.page_break()
                header = header or part[:1]
                part = list(header)
            part.append(line)
        self._out.table(spread_cells(part))


def _list_lines(element: Any, depth: int = 0) -> list[str]:
    """The items of a list, a line for each paragraph."""
    lines: list[str] = []
    for item in element:
        first = True
        for child in item:
            if child.tag == f"{_TEXT}list":
                lines += _list_lines(child, min(depth + 1, _MAX_LEVEL))
            elif child.tag in (f"{_TEXT}p", f"{_TEXT}h") and (text := _paragraph_text(child).strip()):
                lines.append("  " * depth + ("- " if first else "  ") + text)
                first = False
    return lines


def _paragraph_text(paragraph: Any) -> str:
    """The text of a paragraph without its notes, comments and text boxes."""
    parts: list[str] = []

    def add(element: Any) -> None:
        parts.append(element.text or "")
        for child in element:
            if child.tag == f"{_TEXT}s":
                parts.append(" " * min(_count(child, f"{_TEXT}c"), _MAX_SPACES))
            elif child.tag == f"{_TEXT}tab":
                parts.append("\t")
            elif child.tag == f"{_TEXT}line-break":
                parts.append("\n")
            elif isinstance(child.tag, str) and child.tag not in _UNREAD | {f"{_TEXT}note", f"{_DRAW}text-box"}:
                add(child)
            parts.append(child.tail or "")

    add(paragraph)
    return "".join(parts)


def _all_text(element: Any) -> str:
    """The text of every paragraph below an element, one per line."""
    if element is None:
        return ""
    texts: list[str] = []
    for node in element.iter(f"{_TEXT}p", f"{_TEXT}h"):
        between = takewhile(lambda above: above is not element, node.iterancestors())
        if not any(above.tag in _UNREAD or above.tag == f"{_TEXT}note" for above in between):
            texts.append(_paragraph_text(node))
    return "\n".join(text for text in texts if text.strip())


def _count(element: Any, name: str, most: int = _MAX_REPEATS) -> int:
    """A positive number that an attribute holds; 1 where it is missing or absurd, ``most`` where it is larger."""
    return max(1, min(whole_number(element.get(name, ""), 1), most))


def _read_slide(page: Any, out: BlockBuilder) -> None:
    frames = [frame for frame in page if frame.tag != f"{_PRESENTATION}notes"]
    titles = [frame for frame in frames if frame.get(f"{_PRESENTATION}class") == "title"]
    for frame in titles[:1]:
        out.heading(1, _all_text(frame))
    reader = _TextReader(out)
    for frame in frames:
        furniture = frame.get(f"{_PRESENTATION}class") in ("footer", "date-time", "page-number")
        if frame not in titles[:1] and not furniture:
            reader.container([frame])
    notes = page.find(f"{_PRESENTATION}notes")
    text = _all_text(notes)
    out.text(f"Notes: {text}" if text else "")


def _sheet_rows(table: Any) -> Iterator[Row]:
    number = 1
    for row in table.iter(f"{_TABLE}table-row"):
        repeats = _count(row, f"{_TABLE}number-rows-repeated", _ENDLESS)
        cells = _sheet_cells(row)
        # a format that reaches to the sheet's end repeats a blank row a million times
        for offset in range(min(repeats, _MAX_REPEATS) if cells else 0):
            yield number + offset, cells
        number += repeats
        if number > _LAST_ROW:
            return


def _sheet_cells(row: Any) -> list[str]:
    """The cells of a row up to the last that holds something."""
    cells: list[str] = []
    blanks = 0
    for cell in row:
        if cell.tag not in (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
            continue
        repeats = _count(cell, f"{_TABLE}number-columns-repeated")
        text = _shown_cell(cell)
        if text:
            cells += [""] * blanks + [text] * repeats
            blanks = 0
        else:
            blanks += repeats
    return cells


def _shown_cell(cell: Any) -> str:
    text = clean(_all_text(cell)).strip()
    kind = cell.get(f"{_OFFICE}value-type")
    if kind == "date":  # one form of dates whatever the file's, as in the other spreadsheets
        return (cell.get(f"{_OFFICE}date-value") or text).replace("T", " ")
    if kind == "boolean":
        return (cell.get(f"{_OFFICE}boolean-value") or text).upper()
    return text or (cell.get(f"{_OFFICE}value") or "")
