"""Reader of XML: feeds as articles, old Excel exports as sheets, all else as text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ragapp.errors import ReadingError
from ragapp.reading.blocks import BlockBuilder
from ragapp.reading.document import DEFAULT_OPTIONS, Document, ReadOptions, Unit
from ragapp.reading.html import add_html, decode_markup
from ragapp.reading.plain import plain_units
from ragapp.reading.sections import section_units
from ragapp.reading.sheets import Row, SheetUnits
from ragapp.reading.text import clean, read_bytes

_SHEETS = "{urn:schemas-microsoft-com:office:spreadsheet}"
_ARTICLES = ("item", "entry")
_BODIES = ("encoded", "content", "description", "summary")
_DATES = ("pubDate", "published", "updated", "date")
_SHORT = 200  # an element with more text than this holds prose, and needs no name in front
_MAX_COLUMNS = 16_384
_LIMIT = re.compile("depth|resource limit", re.IGNORECASE)  # what the parser says of such files
_TAG = re.compile(r"<[^<>]*>")


def read_xml(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """Read XML without following anything outside it.

    Raises:
        ReadingError: the file cannot be opened, is not text or holds no element.
    """
    from lxml import etree

    text, notes = decode_markup(read_bytes(path))
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        recover=True,
        remove_comments=True,
        remove_pis=True,
        encoding="utf-8",
    )
    try:
        root = etree.fromstring(text.removeprefix("\ufeff").encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError:
        root = None
    if root is None:
        raise ReadingError("the XML is damaged (no element in it)", "Open it in its own program and save it again.")
    if any(_LIMIT.search(entry.message) for entry in parser.error_log):
        notes.append("The XML is nested too deep or a text in it is too long; it was read without its elements.")
        return Document(path.stem, plain_units(_TAG.sub(" ", text)), warnings=notes)
    if any(entry.level_name in ("ERROR", "FATAL") for entry in parser.error_log):
        notes.append("The XML is not well-formed; what could be read was read.")
    if root.tag == f"{_SHEETS}Workbook":
        return _workbook(root, path, notes)
    out = BlockBuilder()
    articles = [element for element in root.iter("{*}item", "{*}entry") if _child(element, "title") is not None]
    if articles:
        title = _read_feed(out, root, articles)
    else:
        title = ""
        _add_text(out, root)
    return Document(title or path.stem, section_units(out), warnings=notes)


def _name(element: Any) -> str:
    return element.tag.rsplit("}", 1)[-1] if isinstance(element.tag, str) else ""


def _child(element: Any, *names: str) -> Any:
    found = {_name(child): child for child in reversed(element)}
    return next((found[name] for name in names if name in found), None)


def _all_text(element: Any) -> str:
    return " ".join(clean("".join(element.itertext())).split()) if element is not None else ""


def _read_feed(out: BlockBuilder, root: Any, articles: list[Any]) -> str:
    channel = _child(root, "channel")
    title = _all_text(_child(channel if channel is not None else root, "title"))
    out.heading(1, title)
    for article in articles:
        out.heading(2, _all_text(_child(article, "title")))
        out.text(_all_text(_child(article, *_DATES)))
        body = _child(article, *_BODIES)
        if body is not None:
            # escaped HTML, or XHTML elements
            add_html(_Below(out), "".join(body.itertext()))
    return title


class _Below(BlockBuilder):
    """Adds to another builder, its headings two levels further in."""

    def __init__(self, out: BlockBuilder) -> None:
        super().__init__()
        self._below = out
        self.text = out.text
        self.table = out.table

    def heading(self, level: int, text: str) -> None:
        """Add a heading below the article's own."""
        self._below.heading(level + 2, text)


def _add_text(out: BlockBuilder, root: Any) -> None:
    """One line for each element with text of its own, a block for each run below one parent."""
    run: list[str] = []
    parent = None
    pending = [root]
    while pending:
        element = pending.pop()
        mixed = len(element) > 0 and any((text or "").strip() for text in _own_texts(element))
        if not mixed:
            pending += reversed(element)
        line = _all_text(element) if mixed else _line(element)
        if not line:
            continue
        if element.getparent() is not parent or mixed:
            out.text("\n".join(run))
            run = []
            parent = element.getparent()
        run.append(line)
    out.text("\n".join(run))


def _own_texts(element: Any) -> Iterator[str | None]:
    yield element.text
    yield from (child.tail for child in element)


def _line(element: Any) -> str:
    """The name, the attributes and the text of an element without mixed content."""
    values = [f"{_attribute(name)}={value}" for name, value in element.attrib.items() if value.strip()]
    text = " ".join(clean(element.text or "").split())
    if len(text) > _SHORT or not _name(element):
        return text
    named = _name(element) + (f" ({', '.join(values)})" if values else "")
    return f"{named}: {text}" if text else (named if values else "")


def _attribute(name: str) -> str:
    return name.rsplit("}", 1)[-1]


def _workbook(root: Any, path: Path, notes: list[str]) -> Document:
    sheets = SheetUnits()
    for sheet in root.iterchildren(f"{_SHEETS}Worksheet"):
        sheets.sheet(clean(sheet.get(f"{_SHEETS}Name", "")), _sheet_rows(sheet))
    return Document(path.stem, sheets.units or [Unit(1, "sheet")], warnings=notes + sheets.notes())


def _sheet_rows(sheet: Any) -> Iterator[Row]:
    number = 0
    for row in sheet.iter(f"{_SHEETS}Row"):
        number = _index(row, number + 1, 1_048_576)
        cells: list[str] = []
        for cell in row.iterchildren(f"{_SHEETS}Cell"):
            place = _index(cell, len(cells) + 1, _MAX_COLUMNS)
            cells += [""] * (place - 1 - len(cells))
            data = cell.find(f"{_SHEETS}Data")
            cells.append(_all_text(data))
        yield number, cells


def _index(element: Any, otherwise: int, most: int) -> int:
    value = element.get(f"{_SHEETS}Index", "")
    return min(int(value), most) if value.isdecimal() and len(value) < 9 else otherwise
