"""Word documents.

Source of the element names: ISO/IEC 29500-1, chapter 17.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from ragapp.errors import ReadingError
from ragapp.reading.blocks import BlockBuilder, page_units
from ragapp.reading.document import DEFAULT_OPTIONS, Document, ReadOptions
from ragapp.reading.left_out import LeftOut
from ragapp.reading.open_xml import OpenPackage, Part, root_of
from ragapp.reading.package import given_title, open_package
from ragapp.reading.tables import spread_cells
from ragapp.reading.text import AGAIN, one_line, whole_number
from ragapp.reading.word_forms import form_text, settle_controls
from ragapp.reading.word_looks import Looks
from ragapp.reading.word_runs import Line, RunReader, chosen_alternative, end_is_gone, style_id

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_TITLE = "{http://purl.org/dc/elements/1.1/}title"
# what was deleted or moved away, and what holds no text
_UNREAD = frozenset([f"{_W}del", f"{_W}moveFrom", f"{_W}pPr", f"{_W}sdtPr"])
# where Word began a new page when it last laid the document out
_PAGE_BREAK = f"{_W}lastRenderedPageBreak"
_NOT_OWN = _UNREAD | {f"{_W}txbxContent", f"{_MC}Fallback"}
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
        package = OpenPackage(content)
        main = package.main("word/document.xml")
        body = main.root.find(f"{_W}body")
        if body is None:
            raise ReadingError("the file is truncated or damaged (its document has no body)", AGAIN)
        out, left_out = BlockBuilder(), LeftOut()
        reader = _DocxReader(main, out, left_out)
        reader.container(body)
        out.end_list()
        reader.notes()
        title = given_title(_own_title(package)) or out.title or path.stem
        return Document(title, page_units(out, _stated_pages(package)), warnings=left_out.warnings())


class _DocxReader:
    """Walks the XML itself, since libraries leave out insertions, content controls and text boxes."""

    def __init__(self, main: Part, out: BlockBuilder, left_out: LeftOut) -> None:
        self._out = out
        self._part = main
        self._left_out = left_out
        styles = root_of(next(iter(main.related("styles")), None))
        self._styles = {
            style.get(f"{_W}styleId"): style for style in (styles.iter(f"{_W}style") if styles is not None else ())
        }
        self._style = cache(self._look_up)
        looks = Looks(styles)
        properties = {
            relation.kind: relation.target_part
            for relation in main.package.rels.values()
            if relation.target_part is not None
        }
        settle_controls(main.root, main, looks, properties)
        self._runs = RunReader(looks, left_out, place=lambda: self._heading, link=self._address, form_text=form_text)
        self._runs.story(main.root)
        self._heading = ""  # below which it reads

    def container(self, element: Any) -> None:
        """Read what stands in a body, a text box or a frame of one cell."""
        before: list[Any] = []
        for child in _children(element, "p", "tbl"):
            if child.tag == f"{_W}p":
                if end_is_gone(child) and self._facts(child)[0] is None:
                    before.append(child)
                    continue
                self._paragraph(child, before)
            else:
                if before:
                    self._paragraph(before.pop(), before)
                self._out.end_list()
                self._table(child)
            before = []
        if before:
            self._paragraph(before.pop(), before)

    def notes(self) -> None:
        """Read foot- and endnotes."""
        for kind, label in _NOTES.items():
            for part in self._part.related(kind):
                notes = root_of(part)
                if notes is None:
                    continue
                # those of another type are the lines that separate notes
                texts = [self._all_text(note) for note in notes if note.get(f"{_W}type", "normal") == "normal"]
                for number, text in enumerate(texts, start=1):
                    self._out.text(f"{label} {number}: {text}" if text else "")

    def _paragraph(self, paragraph: Any, before_it: list[Any]) -> None:
        line = self._runs.line(paragraph, *before_it)
        text = line.text
        level, listed = self._facts(paragraph)
        before, inside = _page_breaks(paragraph)
        for _ in range(before):
            self._out.page_break()
        if level is not None:
            self._out.heading(level, text)
            self._heading = one_line(text) or self._heading
        elif listed and text.strip():
            indent = paragraph.find(f"{_W}pPr/{_W}numPr/{_W}ilvl")
            depth = whole_number(indent.get(f"{_W}val", ""), 0) if indent is not None else 0
            self._out.list_item("  " * min(depth, _MAX_LEVEL) + "- " + text.strip())
        elif text.strip():
            self._out.text(text)
        self._beside(line)
        for _ in range(inside):  # a paragraph belongs to the page that it begins on
            self._out.page_break()

    def _beside(self, line: Line) -> None:
        """Read what stands beside the text of a paragraph."""
        for element in line.objects:
            for box in _boxes(element):
                self._out.end_list()
                self.container(box)
                self._out.end_list()

    def _address(self, relation_id: str) -> str:
        relation = self._part.rels.get(relation_id)
        return relation.target_ref if relation is not None and relation.is_external else ""

    def _all_text(self, element: Any) -> str:
        """The text of every paragraph below an element, boxes included, one per line."""
        texts = []
        before: list[Any] = []
        for paragraph in _children(element, "p", through=("tbl", "tr", "tc")):
            if end_is_gone(paragraph):
                before.append(paragraph)
                continue
            line, before = self._runs.line(paragraph, *before), []
            texts.append(line.text)
            texts += [self._all_text(box) for part in line.objects for box in _boxes(part)]
        if before:
            texts.append(self._runs.line(before[-1], *before[:-1]).text)
        return "\n".join(text for text in texts if text.strip()).strip()

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
                text = above.get(column, "") if continued else self._all_text(cell)
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
        level, listed = self._style(style_id(paragraph))
        own = _outline_level(paragraph)
        number = paragraph.find(f"{_W}pPr/{_W}numPr/{_W}numId")
        return (own if own is not None else level), (number.get(f"{_W}val") != "0" if number is not None else listed)

    def _look_up(self, name: str | None) -> tuple[int | None, bool]:
        """The heading level of a style, and whether it makes list items."""
        level, listed, seen = None, False, set()
        while name in self._styles and name not in seen:
            style = self._styles[name]
            seen.add(name)  # a damaged file can make styles that are based on each other
            if level is None:
                level = _style_level(style)
            listed = listed or style.find(f"{_W}pPr/{_W}numPr") is not None
            based_on = style.find(f"{_W}basedOn")
            name = based_on.get(f"{_W}val") if based_on is not None else None
        return level, listed


def _own_title(package: OpenPackage) -> str:
    """The title in the properties of the file."""
    for relation in package.rels.values():
        if relation.kind == "core-properties":
            root = root_of(relation.target_part)
            return (root.findtext(_TITLE) or "") if root is not None else ""
    return ""


def _stated_pages(package: OpenPackage) -> int:
    """The number of pages that the program noted when it saved; 0 where it did not."""
    for relation in package.rels.values():
        if relation.kind == "extended-properties":
            root = root_of(relation.target_part)
            pages = root.findtext("{*}Pages") if root is not None else None
            return whole_number(pages or "", 0, digits=6)
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
    named = style.find(f"{_W}name")
    name = named.get(f"{_W}val", "") if named is not None else ""
    if name.lower() == "title":
        return 0
    match = _HEADING_NAME.fullmatch(name)
    return int(match[1]) if match else _outline_level(style)


def _outline_level(element: Any) -> int | None:
    outline = element.find(f"{_W}pPr/{_W}outlineLvl")
    value = outline.get(f"{_W}val", "") if outline is not None else ""
    return int(value) + 1 if value.isdigit() and int(value) < 9 else None  # 9 is body text


def _grid_span(cell: Any) -> int:
    span = cell.find(f"{_W}tcPr/{_W}gridSpan")
    return int(span.get(f"{_W}val", "1")) if span is not None else 1


def _children(element: Any, *names: str, through: tuple[str, ...] = ()) -> Iterator[Any]:
    """Children of these names, also those inside content controls and insertions, but not in deletions.

    ``through``: of paragraphs, tables, rows and cells, those that are looked into as well.
    """
    wanted = {f"{_W}{name}" for name in names}
    ends = {f"{_W}{name}" for name in ("p", "tbl", "tr", "tc") if name not in through}
    return _found(element, wanted, ends)


def _found(element: Any, wanted: set[str], ends: set[str]) -> Iterator[Any]:
    for child in element:
        if child.tag in wanted:
            yield child
        elif child.tag == f"{_MC}AlternateContent":
            chosen = chosen_alternative(child)
            if chosen is not None:
                yield from _found(chosen, wanted, ends)
        elif child.tag not in _UNREAD and child.tag not in ends:
            yield from _found(child, wanted, ends)


def _boxes(element: Any) -> Iterator[Any]:
    """The text boxes in a drawing, or the element where it is one; a box inside a box is read with the outer one."""
    return iter((element,)) if element.tag == f"{_W}txbxContent" else _children(element, "txbxContent")


def _descendants(element: Any, unread: frozenset[str]) -> Iterator[Any]:
    for child in element:
        if child.tag not in unread:
            yield child
            yield from _descendants(child, unread)
