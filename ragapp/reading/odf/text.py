"""The body of an OpenDocument text, a cell, a note or a text box: headings, paragraphs, lists, tables, drawings."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ragapp.reading.blocks import BlockBuilder
from ragapp.reading.odf.context import OdfContext, is_true_condition
from ragapp.reading.odf.drawing import read_drawing
from ragapp.reading.odf.inline import Line, paragraph_line
from ragapp.reading.odf.names import DRAW, FO, OFFICE, STYLE, TABLE, TEXT, count, elements
from ragapp.reading.odf.numbering import Counter
from ragapp.reading.odf.styles import PLAIN
from ragapp.reading.odf.table import cells_of, grid_of, table_parts, table_rows
from ragapp.reading.text import whole_number

# what was deleted, and tables of contents and other indexes, which repeat the text
_UNREAD = frozenset(
    (
        f"{OFFICE}forms",
        f"{TEXT}tracked-changes",
        f"{TABLE}tracked-changes",
        *(f"{TEXT}{name}-index" for name in ("alphabetical", "illustration", "table")),
        f"{TEXT}table-of-content",
    )
)
_MAX_INDENT = 8


class TextReader:
    """Adds what stands in an element to ``out``."""

    def __init__(self, context: OdfContext, out: BlockBuilder) -> None:
        self.context = context
        self._out = out
        self._page_styles: dict[tuple[str, str], bool] = {}

    def container(self, element: Any) -> None:
        """Read what stands in a body, a section, a text box or a cell; None is read as nothing."""
        for child in elements(element):
            self._element(child)

    def line(self, text: str) -> None:
        """Add a text of its own."""
        self._out.text(text)

    def rows(self, rows: list[list[str]]) -> None:
        """Add a table that is not the document's own."""
        self._out.table(rows)

    def _element(self, child: Any) -> None:
        tag = child.tag
        if tag == f"{TEXT}p":
            self._begin("paragraph", child.get(f"{TEXT}style-name"))
            self._paragraph(child, self._out.text)
        elif tag == f"{TEXT}h":
            self._begin("paragraph", child.get(f"{TEXT}style-name"))
            self._heading(child, self._heading_number(child))
        elif tag == f"{TEXT}list":
            self._list(child)
        elif tag == f"{TEXT}numbered-paragraph":
            self._numbered_paragraph(child)
        elif tag == f"{TABLE}table":
            self._begin("table", child.get(f"{TABLE}style-name"))
            self.table(child)
        elif tag == f"{TEXT}soft-page-break":
            self._out.page_break()
        elif tag == f"{OFFICE}annotation":
            self.context.comment(child)
        elif tag == f"{TEXT}section" and _is_hidden_section(child):
            with self.context.unseen():
                TextReader(self.context, BlockBuilder()).container(child)
            self.context.hidden()
        elif tag.startswith(DRAW) and tag != f"{DRAW}text-box":
            read_drawing(child, self)
        elif tag not in _UNREAD:
            self.container(child)

    def _begin(self, family: str, style: str | None) -> None:
        """Begin a page where the style of a paragraph or table does."""
        if not style:
            return
        key = (family, style)
        if key not in self._page_styles:
            styles = self.context.styles
            begins = styles.property(family, style, f"{FO}break-before") == "page"
            self._page_styles[key] = begins or bool(styles.attribute(family, style, f"{STYLE}master-page-name"))
        if self._page_styles[key] and self._out.blocks:
            self._out.page_break()

    # --- paragraphs and headings

    def _paragraph(self, paragraph: Any, add: Callable[[str], None]) -> None:
        line = paragraph_line(paragraph, self.context)
        add(line.text)
        self._anchored(line)

    def _anchored(self, line: Line) -> None:
        for drawing in line.drawings:
            read_drawing(drawing, self)
        for _ in range(line.page_breaks):
            self._out.page_break()  # a paragraph belongs to the page that it begins on

    def _heading(self, heading: Any, number: str) -> None:
        level = count(heading, f"{TEXT}outline-level", 10)
        self._paragraph(
            heading, lambda text: self._out.heading(level, f"{number} {text}".strip() if text.strip() else "")
        )

    def _heading_number(self, heading: Any) -> str:
        """The number of a heading that is not in a list, by the outline style of the document (5.1.2, 16.34)."""
        if heading.get(f"{TEXT}is-list-header") == "true":
            return ""
        # an empty name takes the numbers away that the parent style gives
        if (
            self.context.styles.attribute("paragraph", heading.get(f"{TEXT}style-name"), f"{STYLE}list-style-name")
            == ""
        ):
            return ""
        start = None
        if heading.get(f"{TEXT}restart-numbering") == "true":
            start = whole_number(heading.get(f"{TEXT}start-value", ""), 1)
        return self.context.numbering.heading(count(heading, f"{TEXT}outline-level", 10), start)

    # --- lists

    def _list(self, element: Any) -> None:
        style = element.get(f"{TEXT}style-name") or self._style_of_first(element)
        counter = self.context.numbering.begin(
            style,
            element.get("{http://www.w3.org/XML/1998/namespace}id", ""),
            element.get(f"{TEXT}continue-list", ""),
            element.get(f"{TEXT}continue-numbering") == "true",
        )
        self._items(element, style, counter, 1)
        self._out.end_list()

    def _style_of_first(self, element: Any) -> str:
        """The list style that the first paragraph's style names, for a list without one."""
        first = next(element.iter(f"{TEXT}p", f"{TEXT}h"), None)
        name = first.get(f"{TEXT}style-name") if first is not None else None
        return self.context.styles.attribute("paragraph", name, f"{STYLE}list-style-name") or ""

    def _items(self, element: Any, style: str, counter: Counter, level: int) -> None:
        for item in elements(element):
            is_header = item.tag == f"{TEXT}list-header"
            said = item.get(f"{TEXT}start-value", "")
            start = whole_number(said, 1) if said else None
            is_first = not is_header
            for child in elements(item):
                if child.tag == f"{TEXT}list":
                    self._inner_list(child, style, counter, level + 1)
                elif child.tag in (f"{TEXT}p", f"{TEXT}h"):
                    self._begin("paragraph", child.get(f"{TEXT}style-name"))
                    mark = self._item_mark(child, style, counter, level, start) if is_first else ""
                    self._item(child, mark, level, is_first)
                    is_first = False
                else:
                    self._element(child)

    def _inner_list(self, element: Any, style: str, counter: Counter, level: int) -> None:
        own = element.get(f"{TEXT}style-name") or style
        if own != style:
            counter = Counter(self.context.numbering.levels(own), list(counter.numbers))
        if own != style or element.get(f"{TEXT}continue-numbering") != "true":
            counter.restart(level)
        self._items(element, own, counter, level)

    def _item_mark(self, paragraph: Any, style: str, counter: Counter, level: int, start: int | None) -> str:
        outline = self.context.styles.outline
        is_heading = paragraph.tag == f"{TEXT}h"
        if is_heading and outline is not None and style == outline.get(f"{STYLE}name"):
            return self.context.numbering.heading(count(paragraph, f"{TEXT}outline-level", 10), start)
        return counter.advance(level, start)

    def _item(self, paragraph: Any, mark: str, level: int, is_first: bool) -> None:
        if paragraph.tag == f"{TEXT}h":
            self._heading(paragraph, "" if mark == "-" else mark)
            return
        indent = "  " * (min(level - 1, _MAX_INDENT) + (not is_first))

        def add(text: str) -> None:
            if text.strip():
                self._out.list_item(f"{indent}{mark} {text.strip()}" if mark else f"{indent}{text.strip()}")

        self._paragraph(paragraph, add)

    def _numbered_paragraph(self, element: Any) -> None:
        """A paragraph that belongs to a list without standing in one (5.3.6)."""
        style = element.get(f"{TEXT}style-name", "")
        list_id = element.get(f"{TEXT}list-id", "")
        counter = self.context.numbering.begin(style, list_id, list_id, goes_on=not list_id)
        level = count(element, f"{TEXT}level", 10)
        said = element.get(f"{TEXT}start-value", "")
        mark = counter.advance(level, whole_number(said, 1) if said else None)
        for child in elements(element):
            if child.tag in (f"{TEXT}p", f"{TEXT}h"):
                self._begin("paragraph", child.get(f"{TEXT}style-name"))
                self._item(child, mark, level, is_first=True)

    # --- tables

    def table(self, table: Any) -> None:
        """Read a table; a table of one cell is a frame around text."""
        first = [cells_of(row) for row, _, _ in _first_two(table_rows(table))]
        if len(first) == 1 and len(first[0]) == 1:
            self.container(first[0][0])
            return
        header: list[list[str]] = []
        for place, part in enumerate(table_parts(table, self.context.text_of)):
            if place:
                self._out.page_break()
            grid = grid_of(part)
            self._out.table([*header, *grid])
            header = header or grid[:1]


def _first_two(rows: Iterable[Any]) -> list[Any]:
    return [row for row, _ in zip(rows, range(2), strict=False)]


def _is_hidden_section(section: Any) -> bool:
    display = section.get(f"{TEXT}display")
    if display == "condition":
        said = section.get(f"{TEXT}is-hidden")
        return said == "true" or (said is None and is_true_condition(section.get(f"{TEXT}condition", "")) is True)
    return bool(display == "none")


class _Lines(BlockBuilder):
    """Collects the text of a cell or a note, in which headings and tables are lines like others."""

    def heading(self, level: int, text: str) -> None:
        self.text(text)

    def table(self, rows: list[list[str]]) -> None:
        self.text("\n".join(", ".join(filter(None, row)) for row in rows))

    def page_break(self) -> None:
        """Pages are those of the text around."""


def text_reader_of(context: OdfContext) -> Callable[[Any], str]:
    """A function that reads what stands in an element as lines of text."""

    def text_of(element: Any) -> str:
        if element is None:
            return ""
        if len(element) == 1 and element[0].tag == f"{TEXT}p" and not len(element[0]):  # most cells
            style = element[0].get(f"{TEXT}style-name")
            if context.styles.look("paragraph", style) is PLAIN:
                return paragraph_line(element[0], context).text
        out = _Lines()
        TextReader(context, out).container(element)
        out.end_list()
        return "\n".join(block.text for block in out.blocks)

    return text_of
