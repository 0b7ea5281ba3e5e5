"""Readers of Word documents, Excel workbooks and PowerPoint presentations."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from datetime import date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any
from xml.parsers import expat

from ragapp.errors import ReadingError
from ragapp.reading.blocks import BlockBuilder
from ragapp.reading.document import Block, Document, Unit
from ragapp.reading.tables import split_titles, spread_cells, tidy_rows
from ragapp.reading.text import clean, file_kind, read_bytes

# --- the package: what must hold before a library opens the file

MAX_EXPANDED = 512 * 1024 * 1024
MAX_RATIO = 200  # XML rarely shrinks by more than 50
_RATIO_FLOOR = 16 * 1024 * 1024  # below this, whatever expands does no harm
_CHUNK = 65536
_MAX_LEVEL = 8  # the formats know nine levels of a list; a damaged file may name any number
# folder of the main part -> what the file is, the suffix that says so
_FORMATS = {
    "word/": ("a Word document", ".docx"),
    "xl/": ("an Excel workbook", ".xlsx"),
    "ppt/": ("a PowerPoint presentation", ".pptx"),
}
_AGAIN = "Open it in its own program and save it again, or get a new copy."
_SUFFIX = "Give it the suffix of what it is."
_GENERIC_TITLES = ("word document", "powerpoint presentation", "présentation powerpoint", "powerpoint-präsentation")


@contextmanager
def _package(path: Path, folder: str) -> Iterator[io.BytesIO]:
    """The file's content, checked; whatever a library raises over it becomes a reading error.

    Raises:
        ReadingError: the file is damaged, protected, something else, or not safe to open.
    """
    data = read_bytes(path)
    try:
        _check_package(data, folder)
        # the libraries warn about features that they skip, none of them text, and openpyxl prints about damaged styles
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield io.BytesIO(data)
    except (ReadingError, MemoryError):
        raise
    except Exception as error:  # the libraries raise anything from KeyError to XMLSyntaxError over bad content
        raise ReadingError(f"the file is truncated or damaged ({type(error).__name__}: {error})", _AGAIN) from error


def _check_package(data: bytes, folder: str) -> None:
    wanted, suffix = _FORMATS[folder]
    if not data.startswith(b"PK\x03\x04"):
        raise _not_a_package(data, wanted, suffix)
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        members = package.infolist()
        found = {member.filename.lower().split("/")[0] + "/" for member in members}
        if folder not in found:
            other = next((_FORMATS[name][0] for name in _FORMATS if name in found), "a zip archive of another kind")
            raise ReadingError(f"the file is {other}, not {wanted}", _SUFFIX)
        if any(member.flag_bits & 1 for member in members):
            raise ReadingError("the file is password-protected", "Save it without a password.")
        _check_size(members)
        for member in members:
            if "/media/" not in member.filename:  # pictures may be SVG, where a DOCTYPE is usual; none is read
                _check_no_doctype(package, member)
        if b"purl.oclc.org/ooxml" in package.read("_rels/.rels"):
            raise ReadingError("the file is in the Strict Open XML variant", f"Save it as an ordinary {suffix}.")


def _not_a_package(data: bytes, wanted: str, suffix: str) -> ReadingError:
    if "EncryptedPackage".encode("utf-16-le") in data:
        return ReadingError("the file is password-protected", "Open it with its password and save it without.")
    kind = file_kind(data)
    if kind.startswith("an old"):
        message = f"the file is password-protected or in the old binary Office format, not {wanted}"
        return ReadingError(message, f"Open it in Office or LibreOffice and save it as {suffix} without a password.")
    return ReadingError(f"the file is {kind or 'no zip archive'}, not {wanted}", _SUFFIX if kind else _AGAIN)


def _check_size(members: list[zipfile.ZipInfo]) -> None:
    expanded = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members)
    if expanded > MAX_EXPANDED:
        message = f"the file expands to {expanded >> 20} MB, more than the {MAX_EXPANDED >> 20} MB that are read"
        raise ReadingError(message, "Split it into smaller files.")
    if expanded > _RATIO_FLOOR and expanded > MAX_RATIO * packed:
        message = f"the file expands {expanded // max(packed, 1)} times, as only a decompression bomb does"
        raise ReadingError(message, "Delete it unless you know where it is from.")


def _check_no_doctype(package: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    """Office never writes a DOCTYPE; one can name files to pull in, or entities that grow without end."""
    reached: list[str] = []
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = lambda *_: reached.append("doctype")
    parser.StartElementHandler = lambda *_: reached.append("element")
    with package.open(member) as part:
        while not reached and (chunk := part.read(_CHUNK)):
            try:
                parser.Parse(chunk)
            except expat.ExpatError:
                break  # not XML, or XML that the library will refuse
    if "doctype" in reached[:1]:
        raise ReadingError(f"the part {member.filename} declares a DOCTYPE, which is not safe to read", _AGAIN)


def _title(properties: Any, out_title: str, path: Path) -> str:
    named = " ".join(clean(properties.title or "").split())
    return named if named and named.lower() not in _GENERIC_TITLES else out_title or path.stem


# --- Word

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
# what was deleted or moved away, field codes, and the second copy of a text box
_UNREAD = frozenset([f"{_W}del", f"{_W}moveFrom", f"{_W}instrText", f"{_W}delText", f"{_MC}Fallback", f"{_W}pPr"])
_CHARACTERS = {f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-"}
_TEXT_BOX = f"{_W}txbxContent"
# Word's own names are English inside the file; other programs write theirs
_HEADING_NAME = re.compile(
    r"(?:heading|titre|überschrift|título|titolo|titulo|rubrik|kop|nagłówek|заголовок|标题|見出し)\s*([1-9])",
    re.IGNORECASE,
)
_NOTE_PARTS = ("footnotes", "endnotes")


def read_docx(path: Path) -> Document:
    """Read a Word document: its body in order, then its foot- and endnotes.

    Raises:
        ReadingError: the file is damaged, protected or not a Word document.
    """
    with _package(path, "word/") as content:
        import docx

        document = docx.Document(content)
        out = BlockBuilder()
        reader = _DocxReader(document, out)
        reader.container(document.element.body)
        reader.end_list()
        reader.notes()
        return Document(_title(document.core_properties, out.title, path), [out.unit()])


class _DocxReader:
    """Walks the XML itself, since python-docx's objects leave out insertions, content controls and text boxes."""

    def __init__(self, document: Any, out: BlockBuilder) -> None:
        self._out = out
        self._part = document.part
        self._styles = {style.style_id: style for style in document.styles}
        self._style_facts: dict[str | None, tuple[int | None, bool]] = {}
        self._list: list[str] = []

    def container(self, element: Any) -> None:
        """Read what stands in a body, a text box or a frame of one cell."""
        for child in _children(element, "p", "tbl"):
            if child.tag == f"{_W}p":
                self._paragraph(child)
            else:
                self.end_list()
                self._table(child)

    def end_list(self) -> None:
        """Write the list items gathered so far as one block."""
        self._out.text("\n".join(self._list))
        self._list = []

    def notes(self) -> None:
        """Read foot- and endnotes."""
        from docx.oxml import parse_xml

        for relation in self._part.rels.values():
            kind = relation.reltype.rsplit("/", 1)[-1]
            if kind not in _NOTE_PARTS or relation.is_external:
                continue
            label = "Footnote" if kind == "footnotes" else "Endnote"
            texts = [
                _all_text(note)
                for note in parse_xml(relation.target_part.blob)
                if note.get(f"{_W}type", "normal") == "normal"  # the others are the lines that separate notes
            ]
            for number, text in enumerate(texts, start=1):
                self._out.text(f"{label} {number}: {text}" if text else "")

    def _paragraph(self, paragraph: Any) -> None:
        text = _own_text(paragraph)
        level, listed = self._facts(paragraph)
        if level is not None:
            self.end_list()
            self._out.heading(level, text)
        elif listed and text.strip():
            indent = paragraph.find(f"{_W}pPr/{_W}numPr/{_W}ilvl")
            depth = int(indent.get(f"{_W}val")) if indent is not None else 0
            self._list.append("  " * min(depth, _MAX_LEVEL) + "- " + text.strip())
        elif text.strip():
            self.end_list()
            self._out.text(text)
        for box in _boxes(paragraph):
            self.end_list()
            self.container(box)
            self.end_list()

    def _table(self, table: Any) -> None:
        rows: list[list[tuple[str, int, int]]] = []
        above: dict[int, str] = {}
        cells: list[Any] = []
        for row in _children(table, "tr"):
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
            self.end_list()
        else:
            self._out.table(spread_cells(rows))

    def _facts(self, paragraph: Any) -> tuple[int | None, bool]:
        """A paragraph's heading level and whether it is a list item; its own settings go before its style's."""
        style = paragraph.find(f"{_W}pPr/{_W}pStyle")
        level, listed = self._style(style.get(f"{_W}val") if style is not None else None)
        own = _outline_level(paragraph)
        number = paragraph.find(f"{_W}pPr/{_W}numPr/{_W}numId")
        return (own if own is not None else level), (number.get(f"{_W}val") != "0" if number is not None else listed)

    def _style(self, style_id: str | None) -> tuple[int | None, bool]:
        if style_id not in self._style_facts:
            self._style_facts[style_id] = self._look_up(style_id)
        return self._style_facts[style_id]

    def _look_up(self, style_id: str | None) -> tuple[int | None, bool]:
        level, listed, seen = None, False, set()
        style = self._styles.get(style_id)
        while style is not None and style.style_id not in seen:
            seen.add(style.style_id)  # a damaged file can make styles that are based on each other
            if level is None:
                level = _style_level(style)
            listed = listed or style.element.find(f"{_W}pPr/{_W}numPr") is not None
            style = self._styles.get(style.element.basedOn_val)
        return level, listed


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
    """Children of these names, also inside content controls, insertions and the like, never in deletions."""
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


def _boxes(element: Any) -> Iterator[Any]:
    """The outermost text boxes; a box inside a box is read with the outer one."""
    for child in element:
        if child.tag == _TEXT_BOX:
            yield child
        elif child.tag not in _UNREAD:
            yield from _boxes(child)


def _own_text(paragraph: Any) -> str:
    """The text of a paragraph without its text boxes."""
    return "".join(
        (node.text or "") if node.tag in (f"{_W}t", f"{_M}t") else _CHARACTERS.get(node.tag, "")
        for node in _descendants(paragraph, _UNREAD | {_TEXT_BOX})
    )


def _all_text(element: Any) -> str:
    """The text of every paragraph below an element, one per line."""
    texts = (_own_text(node) for node in _descendants(element) if node.tag == f"{_W}p")
    return "\n".join(text for text in texts if text.strip()).strip()


# --- Excel

_PERCENT = re.compile(r"0(?:\.([0#]+))?%")
_LONGEST_TITLE = 120
_LAST_ROW = 1_048_576  # Excel's; a damaged file may name a row that takes hours to count up to
# a formula that was never computed leaves its cell without a value; one whose result is empty text is marked "str"
_NO_RESULT = re.compile(
    rb"""<c\b(?![^<>]*\bt="str")[^<>]*>\s*<f\b[^<>]*(?:/>|>[^<]*</f>)\s*(?:<v\s*/>|<v>\s*</v>|</c>)"""
)


def read_xlsx(path: Path) -> Document:
    """Read a workbook's visible sheets; values as saved, formulas as their last result.

    Raises:
        ReadingError: the file is damaged, protected or not a workbook.
    """
    with _package(path, "xl/") as content:
        import openpyxl

        book = openpyxl.load_workbook(content, read_only=True, data_only=True)
        return _read_book(book, content, path)


def _read_book(book: Any, content: io.BytesIO, path: Path) -> Document:
    if not book.sheetnames:
        raise ReadingError("the workbook has no sheets", _AGAIN)
    units, notes = [], []
    for number, name in enumerate(book.sheetnames, start=1):
        sheet = book[name]
        if sheet.sheet_state != "visible":
            notes.append(f'The hidden sheet "{name}" was skipped.')
        elif hasattr(sheet, "iter_rows"):  # a sheet that is only a chart has no cells
            units.append(Unit(number, "sheet", clean(name), _sheet_blocks(sheet)))
    missing = _formulas_without_result(content)
    if missing:
        notes.append(f"{missing} formulas have no saved result and are blank; open and save the file in Excel.")
    return Document(_title(book.properties, "", path), units or [Unit(1, "sheet")], warnings=notes)


def _sheet_blocks(sheet: Any) -> list[Block]:
    sheet.reset_dimensions()  # the size that a file states for its sheet is often wrong
    groups: list[list[list[str]]] = [[]]
    for cells in sheet.iter_rows(max_row=_LAST_ROW):
        row = [_shown(cell) for cell in cells]
        if any(row):
            groups[-1].append(row)
        elif groups[-1]:
            groups.append([])
    groups = [group for group in map(tidy_rows, groups) if group]
    out = BlockBuilder()
    for index, group in enumerate(groups):
        titles, rows = split_titles(group)
        if len(rows) == 1 and len(rows[0]) == 1 and index + 1 < len(groups):
            titles, rows = [*titles, rows[0][0]], []  # its table follows after blank rows
        for place, title in enumerate(titles):
            is_heading = place == 0 and len(title) <= _LONGEST_TITLE and any(map(str.isalpha, title))
            out.heading(1, title) if is_heading else out.text(title)
        if len(groups) > 1 and rows and len(rows[0]) == 1:
            out.text("\n".join(row[0] for row in rows))  # remarks beside the tables
        else:
            out.table(rows)
    return out.blocks


def _shown(cell: Any) -> str:
    """A cell's value as text, close to what Excel shows."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "seconds")
    if isinstance(value, (date, time)):
        return value.isoformat()
    return _number(value, cell.number_format or "") if isinstance(value, (int, float)) else clean(str(value)).strip()


def _number(value: int | float, shape: str) -> str:
    percent = _PERCENT.search(shape)
    if percent and abs(value) < 1e12:
        places = min(len(percent[1] or ""), 10)
        # half up, on the digits that Excel keeps, as Excel does
        exact = Decimal(f"{value:.15g}").scaleb(2).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
        return f"{exact}%"
    if isinstance(value, int) or value.is_integer():
        whole = str(int(value)) if abs(value) < 1e15 else f"{value:.15g}"
        # 00000 keeps the zeros in front of postal codes
        return whole.zfill(len(shape)) if re.fullmatch("0{2,20}", shape) and value >= 0 else whole
    return f"{value:.15g}"


def _formulas_without_result(content: io.BytesIO) -> int:
    with zipfile.ZipFile(content) as package:
        names = [name for name in package.namelist() if name.startswith("xl/worksheets/sheet")]
        return sum(len(_NO_RESULT.findall(package.read(name))) for name in names)


# --- PowerPoint


def read_pptx(path: Path) -> Document:
    """Read a presentation: one unit per slide, with its speaker notes.

    Raises:
        ReadingError: the file is damaged, protected or not a presentation.
    """
    with _package(path, "ppt/") as content:
        import pptx

        deck = pptx.Presentation(content)
        units, first_title = [], ""
        for number, slide in enumerate(deck.slides, start=1):
            out = BlockBuilder()
            _read_slide(slide, out)
            first_title = first_title or out.title
            units.append(Unit(number, "slide", blocks=out.blocks))
        return Document(_title(deck.core_properties, first_title, path), units or [Unit(1, "slide")])


def _read_slide(slide: Any, out: BlockBuilder) -> None:
    title = slide.shapes.title
    if title is not None:
        out.heading(1, title.text_frame.text)
    title_id = title.shape_id if title is not None else None
    _read_shapes([shape for shape in slide.shapes if shape.shape_id != title_id], out)
    notes = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
    text = clean(notes.text).strip() if notes is not None else ""
    out.text(f"Notes: {text}" if text else "")


def _read_shapes(shapes: list[Any], out: BlockBuilder) -> None:
    readers: list[tuple[str, Callable[[Any, BlockBuilder], None]]] = [
        ("has_table", _read_slide_table),
        ("has_chart", _read_chart),
        ("has_text_frame", _read_frame),
    ]
    for shape in sorted(shapes, key=lambda shape: (shape.top or 0, shape.left or 0)):
        if hasattr(shape, "shapes"):
            _read_shapes(list(shape.shapes), out)
        for fact, reader in readers:
            if getattr(shape, fact, False) and not _is_furniture(shape):
                reader(shape, out)


def _is_furniture(shape: Any) -> bool:
    """Whether a shape repeats on every slide: date, footer, slide number."""
    from pptx.enum.shapes import PP_PLACEHOLDER

    repeated = (PP_PLACEHOLDER.DATE, PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.SLIDE_NUMBER)
    return shape.is_placeholder and shape.placeholder_format.type in repeated


def _read_frame(shape: Any, out: BlockBuilder) -> None:
    lines = [
        ("  " * min(paragraph.level - 1, _MAX_LEVEL) + "- " if paragraph.level else "") + paragraph.text.strip()
        for paragraph in shape.text_frame.paragraphs
        if paragraph.text.strip()
    ]
    out.text("\n".join(lines))


def _read_slide_table(shape: Any, out: BlockBuilder) -> None:
    rows = [
        [(cell.text, cell.span_height, cell.span_width) for cell in row.cells if not cell.is_spanned]
        for row in shape.table.rows
    ]
    out.table(spread_cells(rows))


def _read_chart(shape: Any, out: BlockBuilder) -> None:
    chart = shape.chart
    if chart.has_title and chart.chart_title.has_text_frame:
        out.text(chart.chart_title.text_frame.text)
    for plot in chart.plots:
        names = ["", *(series.name for series in plot.series)]
        columns = [[str(category) for category in plot.categories], *map(_series_values, plot.series)]
        rows = [list(row) for row in zip(*columns, strict=False)]
        if rows:
            out.table([names, *rows])


def _series_values(series: Any) -> list[str]:
    return ["" if value is None else f"{value:.15g}" for value in series.values]
