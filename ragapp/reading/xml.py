"""XML: feeds as articles, workbooks of Excel 2003 as sheets, flat OpenDocument files, all else as lines of text."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from lxml import etree

from ragapp.errors import ReadingError
from ragapp.reading.blocks import BlockBuilder, section_units
from ragapp.reading.document import DEFAULT_OPTIONS, Document, ReadOptions
from ragapp.reading.excel.workbook_xml import NAMESPACE, add_sheets
from ragapp.reading.html.reader import add_html, decode_markup
from ragapp.reading.left_out import LeftOut
from ragapp.reading.odf.reader import read_flat
from ragapp.reading.plain_text import plain_units
from ragapp.reading.sheets.units import SheetUnits
from ragapp.reading.text import one_line, read_bytes

_FLAT_ODF = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}document"
_ARTICLES = ("item", "entry")
_BODIES = ("encoded", "content", "description", "summary")
_DATES = ("pubDate", "published", "updated", "date")
_SHORT = 200  # an element with more text than this holds prose, and needs no name in front
_LIMIT = re.compile("depth|resource limit", re.IGNORECASE)  # what the parser says of such files
_TAG = re.compile(r"<[^<>]*>")


def read_xml(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """Read XML, without following entities, DTDs or links."""
    text, notes = decode_markup(read_bytes(path))
    safe = {"resolve_entities": False, "no_network": True, "load_dtd": False}
    parser = etree.XMLParser(**safe, recover=True, remove_comments=True, remove_pis=True, encoding="utf-8")
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
    if root.tag == _FLAT_ODF:
        return read_flat(path, options)
    if root.tag == f"{NAMESPACE}Workbook":
        sheets, unseen = SheetUnits(), LeftOut()
        add_sheets(root, sheets, unseen)
        return sheets.document(path.stem, [*notes, *unseen.warnings()])
    out, left_out, title = BlockBuilder(), LeftOut(), ""
    articles = [element for element in root.iter("{*}item", "{*}entry") if _child(element, "title") is not None]
    if articles:
        title = _read_feed(out, root, articles, left_out)
    else:
        _add_text(out, root)
    return Document(title or path.stem, section_units(out), warnings=notes + left_out.warnings())


def _name(element: Any) -> str:
    return element.tag.rsplit("}", 1)[-1] if isinstance(element.tag, str) else ""


def _child(element: Any, *names: str) -> Any:
    found = {_name(child): child for child in reversed(element)}
    return next((found[name] for name in names if name in found), None)


def _all_text(element: Any) -> str:
    return one_line("".join(element.itertext())) if element is not None else ""


def _read_feed(out: BlockBuilder, root: Any, articles: list[Any], left_out: LeftOut) -> str:
    channel = _child(root, "channel")
    title = _all_text(_child(channel if channel is not None else root, "title"))
    out.heading(1, title)
    for article in articles:
        out.heading(2, _all_text(_child(article, "title")))
        out.text(_all_text(_child(article, *_DATES)))
        body = _child(article, *_BODIES)
        if body is not None:
            # escaped HTML, or XHTML elements
            out.base_level = 2
            add_html(out, "".join(body.itertext()), left_out)
            out.base_level = 0
    return title


def _add_text(out: BlockBuilder, root: Any) -> None:
    """Add a line for each element that has text of its own, a block for each run of them in one parent."""
    run: list[str] = []
    parent = None
    pending = [root]
    while pending:
        element = pending.pop()
        own_texts = (element.text, *(child.tail for child in element))
        mixed = len(element) > 0 and any((text or "").strip() for text in own_texts)
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


def _line(element: Any) -> str:
    """The name, the attributes and the text of an element without mixed content."""
    values = [f"{name.rsplit('}', 1)[-1]}={value}" for name, value in element.attrib.items() if value.strip()]
    text = one_line(element.text or "")
    if len(text) > _SHORT or not _name(element):
        return text
    named = _name(element) + (f" ({', '.join(values)})" if values else "")
    return f"{named}: {text}" if text else (named if values else "")
