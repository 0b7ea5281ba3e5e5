"""Word documents.

Source of the element names: ISO/IEC 29500-1, chapters 17 (text) and 22.1 (formulas).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from docx import package, parts
from docx.opc.part import PartFactory
from docx.oxml import parse_xml

from ragapp.reading.blocks import BlockBuilder, page_units
from ragapp.reading.document import DEFAULT_OPTIONS, Document, ReadOptions
from ragapp.reading.formulas import formula_text
from ragapp.reading.package import given_title, open_package, xml_root
from ragapp.reading.tables import spread_cells
from ragapp.reading.text import whole_number

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
# what was deleted or moved away, field codes, and the second copy of a text box
_UNREAD = frozenset([f"{_W}del", f"{_W}moveFrom", f"{_W}instrText", f"{_W}delText", f"{_MC}Fallback", f"{_W}pPr"])
_CHARACTERS = {f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-"}
_TYPE = "application/vnd."
_OTHER_TYPES = (
    "openxmlformats-officedocument.wordprocessingml.template",
    "ms-word.document.macroEnabled",
    "ms-word.template.macroEnabledTemplate",
)
_NOT_OWN = _UNREAD | {f"{_W}txbxContent"}  # text boxes
# where Word began a new page when it last laid the document out
_PAGE_BREAK = f"{_W}lastRenderedPageBreak"
_MAX_LEVEL = 8  # the format knows nine levels of a list; a damaged file may name any number
# Word's own names are English inside the file; other programs write theirs
_HEADING_NAME = re.compile(
    r"(?:heading|titre|überschrift|título|titolo|titulo|rubrik|kop|nagłówek|заголовок|标题|見出し)\s*([1-9])",
    re.IGNORECASE,
)
_NOTES = {"footnotes": "Footnote", "endnotes": "Endnote"}


def read_docx(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """Read a Word document: its body, then its notes; by pages where it says where they begin, else by sections."""
    with open_package(path, ".docx", options) as content:
        # templates and documents with macros are the same inside; python-docx itself takes plain documents only
        for kind in _OTHER_TYPES:
            PartFactory.part_type_for[f"{_TYPE}{kind}.main+xml"] = parts.document.DocumentPart
        document: Any = package.Package.open(content).main_document_part.document
        out = BlockBuilder()
        reader = _DocxReader(document, out)
        reader.container(document.element.body)
        out.end_list()
        reader.notes()
        title = given_title(document.core_properties.title) or out.title or path.stem
        return Document(title, page_units(out, _stated_pages(document)))


class _DocxReader:
    """Walks the XML itself, since python-docx's objects leave out insertions, content controls and text boxes."""

    def __init__(self, document: Any, out: BlockBuilder) -> None:
        self._out = out
        self._part = document.part
        self._styles = {style.style_id: style for style in document.styles}
        self._style = cache(self._look_up)

    def container(self, element: Any) -> None:
        """Read what stands in a body, a text box or a frame of one cell."""
        for child in _children(element, "p", "tbl"):
            if child.tag == f"{_W}p":
                self._paragraph(child)
            else:
                self._out.end_list()
                self._table(child)

    def notes(self) -> None:
        """Read foot- and endnotes."""
        for relation in self._part.rels.values():
            label = _NOTES.get(relation.reltype.rsplit("/", 1)[-1])
            if label is None or relation.is_external:
                continue
            notes = parse_xml(relation.target_part.blob)
            # those of another type are the lines that separate notes
            texts = [_all_text(note) for note in notes if note.get(f"{_W}type", "normal") == "normal"]
            for number, text in enumerate(texts, start=1):
                self._out.text(f"{label} {number}: {text}" if text else "")

    def _paragraph(self, paragraph: Any) -> None:
        text = _own_text(paragraph)
        level, listed = self._facts(paragraph)
        before, inside = _page_breaks(paragraph)
        for _ in range(before):
            self._out.page_break()
        if level is not None:
            self._out.heading(level, text)
        elif listed and text.strip():
            indent = paragraph.find(f"{_W}pPr/{_W}numPr/{_W}ilvl")
            depth = int(indent.get(f"{_W}val")) if indent is not None else 0
            self._out.list_item("  " * min(depth, _MAX_LEVEL) + "- " + text.strip())
        elif text.strip():
            self._out.text(text)
        for box in _children(paragraph, "txbxContent"):  # a box inside a box is read with the outer one
            self._out.end_list()
            self.container(box)
            self._out.end_list()
        for _ in range(inside):  # a paragraph belongs to the page that it begins on
            self._out.page_break()

    def _table(self, table: Any) -> None:
        rows: list[list[tuple[str, int, int]]] = []
        above: dict[int, str] = {}
        cells: list[Any] = []
        breaks: list[int] = []
        for row in _children(table, "tr"):
            if next(row.iter(_PAGE_BREAK), None) is not None:
                breaks.append(len(rows))  # Word marks every cell of the row
            line, column = [], 0
            for cell in _children(row, "tc"):
                cells.append(cell)
                merged = cell.find(f"{_W}tcPr/{_W}vMerge")
                continued = merged is not None and merged.get(f"{_W}val", "continue") == "continue"
                text = above.get(column, "") if continued else _all_text(cell)
                above[column] = text
                line.append((text, 1, _grid_span(cell)))
                column += _grid_span(cell)
            rows.append(line)
        if len(cells) == 1:
            self.container(cells[0])  # a frame around text, not a table
            self._out.end_list()
        else:
            self._cut_table(spread_cells(rows), breaks)

    def _cut_table(self, grid: list[list[str]], breaks: list[int]) -> None:
        """Add a table, cut at page breaks, its header repeated on each page."""
        for part, (first, last) in enumerate(pairwise([0, *breaks, len(grid)])):
            if part:
                self._out.page_break()
            if first < last:
                self._out.table(grid[:1] * (first > 0) + grid[first:last])

    def _facts(self, paragraph: Any) -> tuple[int | None, bool]:
        """A paragraph's heading level and whether it is a list item; its own settings go before its style's."""
        style = paragraph.find(f"{_W}pPr/{_W}pStyle")
        level, listed = self._style(style.get(f"{_W}val") if style is not None else None)
        own = _outline_level(paragraph)
        number = paragraph.find(f"{_W}pPr/{_W}numPr/{_W}numId")
        return (own if own is not None else level), (number.get(f"{_W}val") != "0" if number is not None else listed)

    def _look_up(self, style_id: str | None) -> tuple[int | None, bool]:
        """The heading level of a style, and whether it makes list items."""
        level, listed, seen = None, False, set()
        style = self._styles.get(style_id)
        while style is not None and style.style_id not in seen:
            seen.add(style.style_id)  # a damaged file can make styles that are based on each other
            if level is None:
                level = _style_level(style)
            listed = listed or style.element.find(f"{_W}pPr/{_W}numPr") is not None
            style = self._styles.get(style.element.basedOn_val)
        return level, listed


def _stated_pages(document: Any) -> int:
    """The number of pages that the program noted when it saved; 0 where it did not."""
    for relation in document.part.package.rels.values():
        if relation.reltype.endswith("/extended-properties") and not relation.is_external:
            pages = xml_root(relation.target_part.blob).findtext("{*}Pages") or ""
            return whole_number(pages, 0, digits=6)
    return 0


def _page_breaks(paragraph: Any) -> tuple[int, int]:
    """The number of page breaks before the text of a paragraph, and inside or after it."""
    before = inside = 0
    if next(paragraph.iter(_PAGE_BREAK), None) is None:
        return before, inside
    begun = False
    for node in _descendants(paragraph, _NOT_OWN):
        if node.tag == _PAGE_BREAK:
            before, inside = before + (not begun), inside + begun
        elif node.tag == f"{_W}t" and (node.text or "").strip():
            begun = True
    return before, inside


def _style_level(style: Any) -> int | None:
    name = style.name or ""
    if name.lower() == "title":
        return 0
    match = _HEADING_NAME.fullmatch(name)
    return int(match[1]) if match else _outline_level(style.element)


def _outline_level(element: Any) -> int | None:
    outline = element.find(f"{_W}pPr/{_W}outlineLvl")
    value = outline.get(f"{_W}val", "") if outline is not None else ""
    return int(value) + 1 if value.isdigit() and int(value) < 9 else None  # 9 is body text


def _grid_span(cell: Any) -> int:
    span = cell.find(f"{_W}tcPr/{_W}gridSpan")
    return int(span.get(f"{_W}val", "1")) if span is not None else 1


def _children(element: Any, *names: str) -> Iterator[Any]:
    """Children of these names, also those inside content controls and insertions, but not in deletions."""
    wanted = {f"{_W}{name}" for name in names}
    for child in element:
        if child.tag in wanted:
            yield child
        elif child.tag not in _UNREAD and child.tag not in (f"{_W}p", f"{_W}tbl", f"{_W}tr", f"{_W}tc"):
            yield from _children(child, *names)


def _descendants(element: Any, unread: frozenset[str] = _UNREAD) -> Iterator[Any]:
    for child in element:
        if child.tag not in unread:
            yield child
            yield from _descendants(child, unread)


def _own_text(paragraph: Any) -> str:
    """The text of a paragraph without its text boxes."""
    return "".join(
        node.text or ""
        if node.tag == f"{_W}t"
        else formula_text(node)
        if node.tag == f"{_M}oMath"
        else _CHARACTERS.get(node.tag, "")
        for node in _descendants(paragraph, _NOT_OWN)
    )


def _all_text(element: Any) -> str:
    """The text of every paragraph below an element, one per line."""
    texts = (_own_text(node) for node in _descendants(element) if node.tag == f"{_W}p")
    return "\n".join(text for text in texts if text.strip()).strip()
