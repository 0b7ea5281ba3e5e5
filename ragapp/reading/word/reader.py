"""Word documents.

Source of the element names: ISO/IEC 29500-1, chapter 17.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

from ragapp.errors import ReadingError
from ragapp.reading.blocks import BlockBuilder, page_units
from ragapp.reading.document import DEFAULT_OPTIONS, Document, ReadOptions
from ragapp.reading.left_out import LeftOut
from ragapp.reading.office.open_xml import OpenPackage, Part, root_of
from ragapp.reading.package import given_title, open_package
from ragapp.reading.pages.pictures import PictureReader
from ragapp.reading.text import AGAIN, one_line, whole_number
from ragapp.reading.word.comments import read_comments
from ragapp.reading.word.counts import Counts
from ragapp.reading.word.forms import activex_text, form_text, settle_controls
from ragapp.reading.word.looks import Looks
from ragapp.reading.word.notes import NOTE_KINDS
from ragapp.reading.word.parts import PartReader, Shared
from ragapp.reading.word.running import running_parts, running_text, without_page_fields
from ragapp.reading.word.runs import (
    FieldText,
    Line,
    RunReader,
    as_saved,
    chosen_alternative,
    end_is_gone,
    paragraph_properties,
)
from ragapp.reading.word.tables import continuations, is_deleted, row_lines, table_grid, table_rows

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_VAL, _STYLE, _OUTLINE = f"{_W}val", f"{_W}pStyle", f"{_W}outlineLvl"
_TITLE = "{http://purl.org/dc/elements/1.1/}title"
# what was deleted or moved away, and what holds no text
_UNREAD = frozenset([f"{_W}del", f"{_W}moveFrom", f"{_W}pPr", f"{_W}sdtPr"])
# where Word began a new page when it last laid the document out
_PAGE_BREAK = f"{_W}lastRenderedPageBreak"
_ENDS = frozenset(f"{_W}{name}" for name in ("p", "tbl", "tr", "tc"))
_NOT_OWN = _UNREAD | {f"{_W}txbxContent", f"{_MC}Fallback"}
_TITLES = 10  # numbered paragraphs that are titles stand below any heading
# Word's own names are English inside the file; other programs write theirs
_HEADING_NAME = re.compile(
    r"(?:heading|titre|überschrift|título|titolo|titulo|rubrik|kop|nagłówek|заголовок|标题|見出し)\s*([1-9])",
    re.IGNORECASE,
)
_NOTE_HINT = "The file names it, but does not hold it."
_PART_HINT = "Open the document in Word, and save it again if that can repair it."
_NOTES = {"footnote": "Footnote", "endnote": "Endnote"}


def read_docx(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """Read a Word document: its body, its notes, then what stands above and below its pages.

    Its units are pages where it says where they begin, else sections.
    """
    with open_package(path, ".docx", options) as content:
        package = OpenPackage(content)
        out = BlockBuilder()
        left_out = LeftOut()
        shared = Shared(left_out, PictureReader(options, left_out))
        document = _read_package(package, out, shared)
        title = given_title(_own_title(package)) or out.title or path.stem
        document.running_texts()
        return Document(title, page_units(out, _stated_pages(package)), warnings=left_out.warnings())


def _read_package(package: OpenPackage, out: BlockBuilder, shared: Shared) -> _DocxReader:
    """Read the body and the notes of a document; ReadingError where it has no body."""
    main = package.main("word/document.xml")
    body = main.root.find(f"{_W}body")
    if body is None:
        raise ReadingError("the file is truncated or damaged (its document has no body)", AGAIN)
    reader = _DocxReader(_DocumentParts(main, shared.left_out), main, out, shared)
    reader.container(body)
    out.end_list()
    reader.notes()
    return reader


class _DocumentParts:
    """What the stories of one document (its body, notes, headers) have in common."""

    def __init__(self, main: Part, left_out: LeftOut) -> None:
        self.main = main
        self._left_out = left_out
        self._damaged: set[str] = set()
        self.styles = self.root("styles")
        self.looks = Looks(self.styles)
        self.properties = {
            relation.kind: relation.target_part
            for relation in main.package.rels.values()
            if relation.target_part is not None
        }
        self.counts = Counts(self.root("numbering"), self.styles, self.looks)

    def part(self, kind: str) -> Part | None:
        """The first part of a kind that is there and not damaged."""
        for part in self.main.related(kind):
            if root_of(part) is not None:
                return part
            self.tell_damaged(part)
        return None

    def tell_damaged(self, part: Part) -> None:
        """Tell once that a part is there but is not well-formed."""
        if part.name not in self._damaged:
            self._damaged.add(part.name)
            self._left_out.add("damaged part", "damaged parts", part.name, hint=_PART_HINT)

    def root(self, kind: str) -> Any:
        """The root element of such a part; None where there is none."""
        return root_of(self.part(kind))


class _DocxReader:
    """Reads one story; walks the XML itself, since libraries leave out insertions, content controls and text boxes."""

    def __init__(
        self, document: _DocumentParts, part: Part, out: BlockBuilder, shared: Shared, field_text: FieldText = as_saved
    ) -> None:
        self._document = document
        self._part = part
        self._out = out
        self._shared = shared
        styles = document.styles
        self._styles = {
            style.get(f"{_W}styleId"): style for style in (styles.iter(f"{_W}style") if styles is not None else ())
        }
        self._style = cache(self._look_up)
        self._heading = ""  # below which it reads
        self._later: list[Any] = []  # what stands in cells and is no text
        settle_controls(part.root, document.main, document.looks, document.properties)
        self._marks = document.counts.write(part.root, document.root("settings"))
        self._runs = RunReader(
            document.looks,
            shared.left_out,
            place=self._place,
            link=self._address,
            written=dict.fromkeys(NOTE_KINDS, self._marks.text),
            field_text=field_text,
            form_text=form_text,
            control=self._control,
        )
        self._runs.story(part.root)
        self._parts = PartReader(part, out, shared, self.container, self._place)

    def _place(self) -> str:
        return self._heading

    def container(self, element: Any) -> None:
        """Read what stands in a body, a text box or a frame of one cell."""
        joined: set[Any] = set()
        for child, before in _lines(element, "tbl", "altChunk", keep=lambda end: self._heading_level(end) is not None):
            if child.tag == f"{_W}p":
                self._paragraph(child, before)
                continue
            self._out.end_list()
            if child.tag != f"{_W}tbl":
                self._chunk(child)
            elif child not in joined:
                further = list(continuations(child))
                joined.update(further)
                self._table(child, *further)

    def notes(self) -> None:
        """Read the foot- and endnotes that the text refers to, and the comments."""
        for kind, label in _NOTES.items():
            reader, notes = self._part_beside(f"{kind}s")
            for (of, number), mark in self._marks.marks.items():
                if of == kind and number in notes:
                    reader.note(f"{label} {mark}", notes[number], mark)
                elif of == kind:
                    self._shared.left_out.add("note", "notes", f"{label.lower()} {mark}", hint=_NOTE_HINT)
        reader, comments = self._part_beside("comments")
        stories = [self._part.root, *(self._document.root(f"{kind}s") for kind in _NOTES)]
        for story in stories:
            for comment in read_comments(
                story, comments if story is not None else {}, self._document.root("commentsExtended")
            ):
                reader.note(comment.heading, comment.element)

    def _part_beside(self, kind: str) -> tuple[_DocxReader, dict[str, Any]]:
        """What reads a part of a kind, and its elements by their ids; none where there is no such part."""
        part = self._document.part(kind)
        if part is None:
            return self, {}
        reader = _DocxReader(self._document, part, self._out, self._shared)
        return reader, {element.get(f"{_W}id", ""): element for element in reversed(part.root)}

    def note(self, heading: str, element: Any, mark: str = "") -> None:
        """Read a note or a comment: its text behind its heading, a table in it below."""
        heading += ": "
        # a mark that was typed stands in the note again
        typed = mark if next(element.iter(f"{_W}footnoteRef", f"{_W}endnoteRef"), None) is None else ""
        for is_table, children in groupby(_children(element, "p", "tbl"), key=lambda child: child.tag == f"{_W}tbl"):
            if is_table:
                self._out.text(heading)
                for table in children:
                    self._table(table)
            elif text := self.all_text(children).removeprefix(typed).lstrip():
                self._out.text(heading + text)
            else:
                continue
            heading = typed = ""
        self.read_later()

    def _paragraph(self, paragraph: Any, before_it: list[Any]) -> None:
        line = self._runs.line(paragraph, *before_it)
        text = line.text
        level, item = self._heading_level(paragraph), self._document.counts.items.get(paragraph)
        before, inside = _page_breaks(paragraph)
        for _ in range(before):
            self._out.page_break()
        if level is not None:
            self._out.heading(level, text)
            self._heading = one_line(text) or self._heading
        elif item and item.title:
            self._out.heading(_TITLES + item.title, text)
            self._heading = one_line(text) or self._heading
        elif item and text.strip():
            mark = f"- {item.label.text} ".replace("  ", " ") if item.label.bullet else ""
            self._out.list_item("  " * item.depth + mark + text.strip())
        elif text.strip():
            self._out.text(text)
        if item and item.is_last:
            self._out.end_headings(_TITLES)
        self._beside(line)
        for _ in range(inside):  # a paragraph belongs to the page that it begins on
            self._out.page_break()

    def running_texts(self) -> None:
        """Read headers and footers, once each, below a heading of their own."""
        texts: dict[str, None] = {}
        for kind, part in running_parts(self._part):
            if root_of(part) is None:
                self._document.tell_damaged(part)
                continue
            beside = BlockBuilder()
            reader = _DocxReader(self._document, part, beside, self._shared, without_page_fields)
            reader._heading = kind
            text = reader.all_text(part.root)
            reader.read_later()
            text = running_text("\n".join([text, *(block.text for block in beside.blocks)]))
            if text:
                texts.setdefault(f"{kind.capitalize()}: {text}")
        if texts:
            self._out.heading(1, "Headers and footers")
            self._out.text("\n".join(texts))

    def read_later(self) -> None:
        """Read what stands in cells, notes and headers and is no text, such as charts; pictures are told."""
        later, self._later = self._later, []
        for element in later:
            if element.tag == f"{_W}altChunk":
                self._chunk(element)
            else:
                self._parts.read(element)

    def _beside(self, line: Line) -> None:
        """Read what stands beside the text of a paragraph."""
        for element in line.objects:
            self._parts.read(element)

    def _chunk(self, element: Any) -> None:
        def read_package(package: OpenPackage) -> None:
            _read_package(package, self._out, self._shared)

        self._parts.chunk(element, read_package)

    def _control(self, relation_id: str) -> str | None:
        relation = self._part.rels.get(relation_id)
        return activex_text(relation.target_part) if relation is not None else None

    def _address(self, relation_id: str) -> str:
        relation = self._part.rels.get(relation_id)
        return relation.target_ref if relation is not None and relation.is_external else ""

    def all_text(self, element: Iterable[Any]) -> str:
        """The text of every paragraph below an element or among some, boxes included, one per line.

        A row of a table is one line.
        """
        texts: list[str] = []
        for child, before in _lines(element, "tbl", "altChunk"):
            if child.tag == f"{_W}altChunk":
                self._later.append(child)
            elif child.tag == f"{_W}tbl":
                texts += row_lines(table_grid(self._rows(child), self._cells, self.all_text))
            else:
                line = self._runs.line(child, *before)
                texts += [line.text, *self._texts_beside(line)]
        return "\n".join(text for text in texts if text.strip()).strip()

    def _texts_beside(self, line: Line) -> Iterator[str]:
        """The texts of boxes and of words as art; what else stands beside a line is kept for later."""
        for element in line.objects:
            for found in self._parts.shown(element):
                if found.tag == f"{_W}txbxContent":
                    yield self.all_text(found)
                elif found.tag.endswith("}textpath"):
                    yield found.get("string", "")
                else:
                    self._later.append(found)

    def _rows(self, table: Any) -> Iterator[Any]:
        return (row for row in _children(table, "tr") if not is_deleted(row))

    def _cells(self, row: Any) -> Iterator[Any]:
        return (cell for cell in _children(row, "tc") if not is_deleted(cell))

    def _table(self, *tables: Any) -> None:
        rows = [row for table in tables for row in self._rows(table)]
        if len(rows) == 1 and _is_layout(cells := list(self._cells(rows[0]))):
            for cell in cells:
                self.container(cell)  # a frame around text, or columns of text; not a table
                self._out.end_list()
            return
        grid = table_grid(rows, self._cells, self.all_text)
        self._shared.left_out.add("hidden row", "hidden rows", self._heading, grid.hidden)
        titles, lines, breaks = table_rows(grid)
        for title in titles:
            self._out.text(title)
        self._cut_table(lines, breaks)
        self.read_later()

    def _cut_table(self, grid: list[list[str]], breaks: list[int]) -> None:
        """Add a table, cut at page breaks, its header repeated on each page."""
        for part, (first, last) in enumerate(pairwise([0, *breaks, len(grid)])):
            if part:
                self._out.page_break()
            if first < last:
                self._out.table(grid[:1] * (first > 0) + grid[first:last])

    def _heading_level(self, paragraph: Any) -> int | None:
        """A paragraph's heading level; its own settings go before its style's."""
        style = None
        for node in paragraph_properties(paragraph):
            if node.tag == _STYLE:
                style = node.get(_VAL)
            elif node.tag == _OUTLINE and (level := _outline(node)) is not None:
                return level
        return self._style(style)

    def _look_up(self, name: str | None) -> int | None:
        """The heading level of a style."""
        seen: set[str | None] = set()
        while name in self._styles and name not in seen:
            style = self._styles[name]
            seen.add(name)  # a damaged file can make styles that are based on each other
            if (level := _style_level(style)) is not None:
                return level
            based_on = style.find(f"{_W}basedOn")
            name = based_on.get(f"{_W}val") if based_on is not None else None
        return None


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
    outline = element.find(f"{_W}pPr/{_OUTLINE}")
    return _outline(outline) if outline is not None else None


def _outline(element: Any) -> int | None:
    value = element.get(_VAL, "")
    return int(value) + 1 if value.isdecimal() and int(value[:4]) < 9 else None  # 9 is body text


def _is_layout(cells: list[Any]) -> bool:
    """Whether the cells of the only row of a table hold text of their own, such as columns of a page."""
    if len(cells) == 1:
        return True
    return any(
        next(_children(cell, "tbl"), None) is not None or sum(1 for _ in _children(cell, "p")) > 3 for cell in cells
    )


def _lines(
    element: Iterable[Any], *others: str, keep: Callable[[Any], bool] = lambda _: False
) -> Iterator[tuple[Any, list[Any]]]:
    """Paragraphs, each with those before it whose end is gone, and elements of other names.

    ``keep``: whether a paragraph whose end is gone is a line of its own all the same.
    """
    before: list[Any] = []
    for child in _children(element, "p", *others):
        is_paragraph = child.tag == f"{_W}p"
        if is_paragraph and end_is_gone(child) and not keep(child):
            before.append(child)
            continue
        if before and not is_paragraph:
            yield before.pop(), before
            before = []
        yield child, before
        before = []
    if before:
        yield before.pop(), before


def _children(element: Iterable[Any], *names: str) -> Iterator[Any]:
    """Children of these names, also those inside content controls and insertions, but not in deletions."""
    return _found(element, {f"{_W}{name}" for name in names})


def _found(element: Iterable[Any], wanted: set[str]) -> Iterator[Any]:
    for child in element:
        if child.tag in wanted:
            yield child
        elif child.tag == f"{_MC}AlternateContent":
            chosen = chosen_alternative(child)
            if chosen is not None:
                yield from _found(chosen, wanted)
        elif child.tag not in _UNREAD and child.tag not in _ENDS:
            yield from _found(child, wanted)


def _descendants(element: Any, unread: frozenset[str]) -> Iterator[Any]:
    for child in element:
        if child.tag not in unread:
            yield child
            yield from _descendants(child, unread)
