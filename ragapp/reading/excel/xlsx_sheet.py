"""One sheet of an XLSX workbook (ISO/IEC 29500-1, 18.3): its cells, and what tells which of them are seen."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from lxml import etree

from ragapp.reading.excel.xlsx_parts import is_on, local, relation_id
from ragapp.reading.sheets.grid import Area, Cells, Spans

LAST_ROW = 1_048_576  # Excel's; a damaged file may name a row that takes hours to count up to
LAST_COLUMN = 16_384
_MOST_AREAS = 250_000
# page headers and footers that are printed only where the attribute says so (18.3.1.46)
_PAGE_KINDS = {"first": "differentFirst", "even": "differentOddEven"}
_OF_DATES = re.compile(r"[/:]|\d[-.]\d+[-.]|[^\W\d]{3}")
_REFERENCE = re.compile(r"\$?([A-Za-z]{1,3})\$?(\d{1,7})(?::\$?([A-Za-z]{1,3})\$?(\d{1,7}))?")


class CellText(Protocol):
    """Turns cells into text as it is seen."""

    shows_zeros: bool

    def text(self, value: str | None, kind: str | None, style: str | None, formula: Any, inline: Any) -> str:
        """The text of a cell: of its ``v``, type, style, ``f`` and ``is``."""


@dataclass(slots=True)
class Link:
    """A hyperlink (18.3.1.47) over an area of cells."""

    area: Area
    relation: str
    location: str


@dataclass(slots=True)
class SheetPart:
    """What was read of a sheet's part."""

    rows: dict[int, Cells] = field(default_factory=dict)
    exact: dict[int, dict[int, float]] = field(default_factory=dict)  # numbers that are shown rounded
    merged: list[Area] = field(default_factory=list)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)
    frozen_rows: int = 0
    filtered: Area | None = None
    links: list[Link] = field(default_factory=list)
    running: list[str] = field(default_factory=list)  # codes of its headers and footers
    controls: list[tuple[str, str]] = field(default_factory=list)  # relationships and shapes' numbers
    in_cells: int = 0  # pictures that are the values of cells
    embedded: int = 0
    damaged_after: int | None = None  # the last row that could be read, where the part is not well-formed
    unread: int = 0  # rows behind the most cells that are read

    def hidden(self) -> tuple[Spans, Spans]:
        """The rows and columns that are not seen."""
        return Spans(numbers=self.hidden_rows), Spans(self.hidden_columns)


def read_sheet(data: bytes, values: CellText, most_cells: int) -> SheetPart:
    """Read a sheet's part; rows behind what is not well-formed are missing, and so are cells beyond ``most_cells``."""
    sheet = SheetPart()
    values.shows_zeros = True
    cells = last = 0
    parts = ("sheetViews", "cols", "mergeCells", "hyperlinks", "autoFilter", "headerFooter", "controls", "oleObjects")
    # others are dropped as they end, so that what is not needed does not fill the memory
    dropped = ("conditionalFormatting", "dataValidations", "extLst", "sheetPr", "rowBreaks", "ignoredErrors")
    tags = [f"{{*}}{name}" for name in ("row", *parts, *dropped)]
    source = etree.iterparse(
        io.BytesIO(data), tag=tags, resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True
    )
    try:
        for _, element in source:
            kind = local(element)
            if kind != "row":
                _note(sheet, kind, element, values)
                element.clear()
                continue
            last = _whole(element.get("r")) or last + 1
            if cells > most_cells:
                sheet.unread += len(element) > 0
            elif last <= LAST_ROW:
                found = _cells(element, values, sheet, last)
                if is_on(element.get("hidden")) or _is_nothing(element.get("ht")):
                    sheet.hidden_rows.add(last)
                earlier = sheet.rows.get(last)
                sheet.rows[last] = {**earlier, **found} if earlier else found
                cells += len(found)
            element.clear()
            # cleared rows still stand in the tree, a million of them
            while element.getprevious() is not None:
                del element.getparent()[0]
    except etree.XMLSyntaxError:
        sheet.damaged_after = max(sheet.rows, default=0)
    return sheet


def area(reference: str) -> Area | None:
    """The area of a reference such as ``B4`` or ``$A$1:C9``; None for one that is none."""
    found = _REFERENCE.fullmatch(reference.strip())
    if not found:
        return None
    first, row, last, end = found.groups()
    columns = sorted((column_number(first), column_number(last or first)))
    rows = sorted((int(row), int(end or row)))
    return rows[0], columns[0], rows[1], columns[1]


def cell_name(row: int, column: int) -> str:
    """The name of a cell such as ``B4``; the row is 1-based, the column 0-based."""
    name, column = "", column + 1
    while column:
        column, place = divmod(column - 1, 26)
        name = chr(65 + place) + name
    return f"{name}{row}"


def column_number(letters: str) -> int:
    """The 0-based number of a column by its letters."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number - 1


_COLUMNS = {cell_name(1, column)[:-1]: column for column in range(LAST_COLUMN)}


def _cells(row: Any, values: CellText, sheet: SheetPart, number: int) -> Cells:
    found: Cells = {}
    column = -1
    for cell in row:
        tag = cell.tag
        if not tag.endswith("}c"):
            continue
        name = cell.get("r")
        # cells without a reference follow on each other (18.3.1.4)
        column = column + 1 if name is None else _COLUMNS.get(name.rstrip("0123456789"), column + 1)
        if column >= LAST_COLUMN:
            continue
        value = formula = inline = None
        for child in cell:
            name = child.tag
            if name.endswith("}v"):
                value = child.text
            elif name.endswith("}f"):
                formula = child
            elif name.endswith("}is"):
                inline = child
        if value is None and formula is None and inline is None:
            continue
        kind = cell.get("t")
        if kind == "e" and cell.get("vm"):
            sheet.in_cells += 1  # saved as the error that older versions show in place of the picture
            continue
        shown = values.text(value, kind, cell.get("s"), formula, inline)
        if shown:
            found[column] = shown
            if value and value is not shown and kind in (None, "n") and (exact := _rounded(value, shown)) is not None:
                sheet.exact.setdefault(number, {})[column] = exact
    return found


def _rounded(value: str, shown: str) -> float | None:
    """A number that is shown with other digits than it has; None for one that is not, and for dates and times."""
    if value == shown or _OF_DATES.search(shown):
        return None
    digits = ("".join(filter(str.isdigit, text)).strip("0") for text in (value, shown))
    if next(digits) == next(digits):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _note(sheet: SheetPart, kind: str, element: Any, values: CellText) -> None:
    """Keep what an element beside the rows says."""
    if kind == "sheetViews":
        for view in element:
            values.shows_zeros = view.get("showZeros") not in ("0", "false")
            pane = next((child for child in view if local(child) == "pane"), None)
            if pane is not None and pane.get("state") in ("frozen", "frozenSplit"):
                sheet.frozen_rows = _whole(pane.get("ySplit"))
            break
    elif kind == "cols":
        for item in element:
            if is_on(item.get("hidden")) or _is_nothing(item.get("width")):
                sheet.hidden_columns.append((_whole(item.get("min")) - 1, _whole(item.get("max")) - 1))
    elif kind == "mergeCells":
        for item in element:
            found = area(item.get("ref") or "")
            if found and len(sheet.merged) < _MOST_AREAS:
                sheet.merged.append(found)
    elif kind == "hyperlinks":
        for item in element:
            found = area(item.get("ref") or "")
            if found and len(sheet.links) < _MOST_AREAS:
                sheet.links.append(Link(found, relation_id(item), item.get("location") or ""))
    elif kind == "autoFilter":
        sheet.filtered = area(element.get("ref") or "")
    elif kind == "headerFooter":
        unused = [kind for kind, name in _PAGE_KINDS.items() if not is_on(element.get(name))]
        sheet.running = [child.text or "" for child in element if not local(child).startswith(tuple(unused))]
    elif kind == "controls":
        sheet.controls = [(relation_id(item), item.get("shapeId") or "") for item in element.iter("{*}control")]
    elif kind == "oleObjects":
        sheet.embedded = len({item.get("shapeId") for item in element.iter("{*}oleObject")})


def inside(places: Area, rows: dict[int, Cells]) -> Iterator[tuple[int, int]]:
    """The filled cells of an area."""
    top, left, bottom, right = places
    numbers = range(top, bottom + 1) if bottom - top < len(rows) else [n for n in rows if top <= n <= bottom]
    for number in numbers:
        for column in rows.get(number, ()):
            if left <= column <= right:
                yield number, column


def _whole(value: str | None) -> int:
    try:
        return max(int(float(value or 0)), 0)
    except (ValueError, OverflowError):
        return 0


def _is_nothing(size: str | None) -> bool:
    try:
        return size is not None and float(size) == 0
    except ValueError:
        return False
