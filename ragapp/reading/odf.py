"""Reader of OpenDocument texts and presentations.

The XML is walked here: what libraries there are give either bare text or a copy of the XML's own objects.
Source of the element names: OASIS OpenDocument 1.3, part 3.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ragapp.errors import ReadingError
from ragapp.reading.blocks import BlockBuilder
from ragapp.reading.document import DEFAULT_OPTIONS, Document, ReadOptions, Unit
from ragapp.reading.package import given_title, open_package, xml_root
from ragapp.reading.sections import page_units
from ragapp.reading.tables import spread_cells

_NS = "urn:oasis:names:tc:opendocument:xmlns:"
OFFICE = f"{{{_NS}office:1.0}}"
TABLE = f"{{{_NS}table:1.0}}"
TEXT = f"{{{_NS}text:1.0}}"
STYLE = f"{{{_NS}style:1.0}}"
_DRAW = f"{{{_NS}drawing:1.0}}"
_FO = f"{{{_NS}xsl-fo-compatible:1.0}}"
_PRESENTATION = f"{{{_NS}presentation:1.0}}"
_META = f"{{{_NS}meta:1.0}}"
_DC = "{http://purl.org/dc/elements/1.1/}"
# comments, what was deleted, tables of contents and other indexes that repeat the text, furigana
_UNREAD = frozenset(
    [
        f"{OFFICE}annotation",
        f"{TEXT}tracked-changes",
        f"{TEXT}table-of-content",
        f"{TEXT}alphabetical-index",
        f"{TEXT}illustration-index",
        f"{TEXT}table-index",
        f"{TEXT}ruby-text",
        f"{OFFICE}forms",
    ]
)
_ROWS, _COLUMNS = f"{TABLE}number-rows-spanned", f"{TABLE}number-columns-spanned"
_MAX_SPACES = 100
MAX_REPEATS = 1000
_MAX_LEVEL = 8


def read_odt(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """Read an OpenDocument text: its body in order, then its notes.

    The units are pages where the document says where they begin, else sections.

    Raises:
        ReadingError: the file is damaged, protected or something else.
    """
    with open_parts(path, ".odt", options) as (content, meta):
        out = BlockBuilder()
        reader = _TextReader(out, _page_styles(content))
        reader.container(content.find(f"{OFFICE}body/{OFFICE}text"))
        reader.notes()
        return Document(given_title(title_of(meta)) or out.title or path.stem, page_units(out, _stated_pages(meta)))


def read_odp(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """Read an OpenDocument presentation: one unit per slide, with its speaker notes.

    Raises:
        ReadingError: the file is damaged, protected or something else.
    """
    with open_parts(path, ".odp", options) as (content, meta):
        units, first_title = [], ""
        for number, page in enumerate(content.iter(f"{_DRAW}page"), start=1):
            out = BlockBuilder()
            _read_slide(page, out)
            first_title = first_title or out.title
            units.append(Unit(number, "slide", blocks=out.blocks))
        return Document(given_title(title_of(meta)) or first_title or path.stem, units or [Unit(1, "slide")])


@contextmanager
def open_parts(path: Path, suffix: str, options: ReadOptions) -> Iterator[tuple[Any, Any]]:
    """The root elements of a document's content and of its metadata (None where it has none).

    Raises:
        ReadingError: the file is damaged, protected or something else.
    """
    with open_package(path, suffix, options) as data, zipfile.ZipFile(data) as package:
        names = package.namelist()
        if "META-INF/manifest.xml" in names and b"encryption-data" in package.read("META-INF/manifest.xml"):
            hint = "Open it in LibreOffice and save it without a password; passwords are tried on Office and PDF files."
            raise ReadingError("the file is password-protected", hint)
        meta = xml_root(package.read("meta.xml")) if "meta.xml" in names else None
        yield xml_root(package.read("content.xml")), meta


def title_of(meta: Any) -> str:
    """The title that a document's metadata hold; may be empty."""
    return (meta.findtext(f".//{_DC}title") or "") if meta is not None else ""


def _stated_pages(meta: Any) -> int:
    statistic = meta.find(f".//{_META}document-statistic") if meta is not None else None
    pages = statistic.get(f"{_META}page-count", "") if statistic is not None else ""
    return int(pages) if pages.isdecimal() and len(pages) < 7 else 0


def _page_styles(content: Any) -> frozenset[str]:
    """The paragraph styles of this document that begin a new page."""
    names = set()
    for style in content.iter(f"{STYLE}style"):
        breaks = any(child.get(f"{_FO}break-before") == "page" for child in style)
        if breaks or style.get(f"{STYLE}master-page-name"):
            names.add(style.get(f"{STYLE}name", ""))
    return frozenset(names)


class _TextReader:
    """Walks the body of a text and hands what it finds to a builder."""

    def __init__(self, out: BlockBuilder, page_styles: frozenset[str] = frozenset()) -> None:
        self._out = out
        self._page_styles = page_styles
        self._notes: list[tuple[str, str]] = []

    def container(self, element: Any) -> None:
        """Read what stands in a body, a section, a frame or a cell."""
        for child in element if element is not None else ():
            if child.tag in _UNREAD or not isinstance(child.tag, str):
                continue
            if child.tag == f"{TEXT}h":
                self._begin(child)
                self._out.heading(count(child, f"{TEXT}outline-level", 10), self._paragraph(child))
                self._boxes(child)
            elif child.tag == f"{TEXT}p":
                self._begin(child)
                self._out.text(self._paragraph(child))
                self._boxes(child)
                for _ in child.iter(f"{TEXT}soft-page-break"):
                    self._out.page_break()  # a paragraph belongs to the page that it begins on
            elif child.tag == f"{TEXT}list":
                self._list(child)
            elif child.tag == f"{TABLE}table":
                self._begin(child)
                self._table(child)
            elif child.tag == f"{TEXT}soft-page-break":
                self._out.page_break()
            else:
                self.container(child)

    def notes(self) -> None:
        """Add the foot- and endnotes that were met."""
        for label, text in self._notes:
            self._out.text(f"{label}: {text}")

    def _begin(self, element: Any) -> None:
        name = element.get(f"{TEXT}style-name") or element.get(f"{TABLE}style-name")
        if name in self._page_styles and self._out.blocks:
            self._out.page_break()

    def _paragraph(self, paragraph: Any) -> str:
        for note in paragraph.iter(f"{TEXT}note"):
            label = "Endnote" if note.get(f"{TEXT}note-class") == "endnote" else "Footnote"
            text = all_text(note.find(f"{TEXT}note-body"))
            if text:
                self._notes.append((f"{label} {note.findtext(f'{TEXT}note-citation') or ''}".strip(), text))
        return paragraph_text(paragraph)

    def _boxes(self, paragraph: Any) -> None:
        for box in paragraph.iter(f"{_DRAW}text-box"):
            if next(box.iterancestors(f"{_DRAW}text-box"), None) is None:
                self.container(box)

    def _list(self, element: Any) -> None:
        if next(element.iter(f"{TEXT}h", f"{TABLE}table"), None) is not None:
            for item in element:  # numbered chapters are often items of a list
                self.container(item)
        else:
            self._out.text("\n".join(list_lines(element)))
            for _ in element.iter(f"{TEXT}soft-page-break"):
                self._out.page_break()

    def _table(self, table: Any) -> None:
        rows = list(table_rows(table))
        if len(rows) == 1 and len(rows[0]) == 1:
            self.container(rows[0][0])  # a frame around text, not a table
            return
        part: list[list[tuple[str, int, int]]] = []
        header: list[list[tuple[str, int, int]]] = []
        for row in rows:
            line = [(all_text(cell), count(cell, _ROWS), count(cell, _COLUMNS)) for cell in row]
            before = row[0].getparent().getprevious() if row else None
            if part and before is not None and before.tag == f"{TEXT}soft-page-break":
                self._out.table(spread_cells(part))
                self._out.page_break()
                header = header or part[:1]
                part = list(header)
            part.append(line)
        self._out.table(spread_cells(part))


def table_rows(table: Any) -> Iterator[list[Any]]:
    """The cells of each row of a table, covered ones left out; rows in header groups included."""
    for row in table.iter(f"{TABLE}table-row"):
        if next(row.iterancestors(f"{TABLE}table")) is table:
            yield [cell for cell in row if cell.tag == f"{TABLE}table-cell"]


def list_lines(element: Any, depth: int = 0) -> list[str]:
    """The items of a list, a line for each paragraph."""
    lines: list[str] = []
    for item in element:
        first = True
        for child in item:
            if child.tag == f"{TEXT}list":
                lines += list_lines(child, min(depth + 1, _MAX_LEVEL))
            elif child.tag in (f"{TEXT}p", f"{TEXT}h"):
                text = paragraph_text(child).strip()
                if text:
                    lines.append("  " * depth + ("- " if first else "  ") + text)
                    first = False
    return lines


def paragraph_text(paragraph: Any) -> str:
    """The text of a paragraph without its notes, comments and text boxes."""
    parts: list[str] = []

    def add(element: Any) -> None:
        parts.append(element.text or "")
        for child in element:
            if child.tag == f"{TEXT}s":
                parts.append(" " * min(count(child, f"{TEXT}c"), _MAX_SPACES))
            elif child.tag == f"{TEXT}tab":
                parts.append("\t")
            elif child.tag == f"{TEXT}line-break":
                parts.append("\n")
            elif isinstance(child.tag, str) and child.tag not in _UNREAD | {f"{TEXT}note", f"{_DRAW}text-box"}:
                add(child)
            parts.append(child.tail or "")

    add(paragraph)
    return "".join(parts)


def all_text(element: Any) -> str:
    """The text of every paragraph below an element, one per line."""
    if element is None:
        return ""
    paragraphs = [
        paragraph_text(node)
        for node in element.iter(f"{TEXT}p", f"{TEXT}h")
        if not any(above.tag in _UNREAD or above.tag == f"{TEXT}note" for above in _between(node, element))
    ]
    return "\n".join(text for text in paragraphs if text.strip())


def _between(node: Any, top: Any) -> Iterator[Any]:
    for above in node.iterancestors():
        if above is top:
            return
        yield above


def count(element: Any, name: str, most: int = MAX_REPEATS) -> int:
    """A positive number that an attribute holds; 1 where it is missing or absurd, ``most`` where it is larger."""
    value = element.get(name, "1")
    return max(1, min(int(value), most)) if value.isdecimal() and len(value) < 10 else 1


def _read_slide(page: Any, out: BlockBuilder) -> None:
    frames = [frame for frame in page if frame.tag != f"{_PRESENTATION}notes"]
    titles = [frame for frame in frames if frame.get(f"{_PRESENTATION}class") == "title"]
    for frame in titles[:1]:
        out.heading(1, all_text(frame))
    reader = _TextReader(out)
    for frame in frames:
        furniture = frame.get(f"{_PRESENTATION}class") in ("footer", "date-time", "page-number")
        if frame not in titles[:1] and not furniture:
            reader.container([frame])
    notes = page.find(f"{_PRESENTATION}notes")
    text = all_text(notes)
    out.text(f"Notes: {text}" if text else "")
