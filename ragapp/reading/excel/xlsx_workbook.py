"""An XLSX workbook (ISO/IEC 29500-1, 18.2): its sheets in order, and what of them is seen."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from ragapp.errors import ReadingError
from ragapp.reading.document import Document, ReadOptions
from ragapp.reading.excel.xlsx_cells import CellValues
from ragapp.reading.excel.xlsx_drawings import sheet_drawings
from ragapp.reading.excel.xlsx_notes import people, sheet_notes
from ragapp.reading.excel.xlsx_parts import Parts, Relation, is_on, local, relation_id
from ragapp.reading.excel.xlsx_sheet import LAST_ROW, SheetPart, area, inside, read_sheet
from ragapp.reading.excel.xlsx_text import cell_styles, shared_strings
from ragapp.reading.left_out import LeftOut
from ragapp.reading.links import with_address
from ragapp.reading.package import given_title
from ragapp.reading.pages.pictures import PictureReader
from ragapp.reading.sheets.grid import Grid
from ragapp.reading.sheets.units import SheetUnits
from ragapp.reading.text import AGAIN, clean, one_line

_MOST_LINKED = 200_000  # cells that links may be looked up for in one sheet
_UNHIDE = "Unhide them in Excel and save the file if they are to be read."
_PRINT_TITLES = re.compile(r"\$(\d{1,7}):\$(\d{1,7})$")
# codes of headers and footers (18.3.1.46): fonts, sizes, colours, signs of style; then fields
_STYLE_CODES = re.compile(r'&(?:"[^"]*"|\d+|K[0-9A-Fa-f]{6}|K\d\d[+-]\d{3}|[BIUEXYOHSG])')
_FIELD_CODES = re.compile(r"&[PNDTZF](?:[+-]\d+)?")
_PAGE_WORDS = re.compile(
    r"\b(?:page|of|seite|von|pages?|sur|de|página|pagina|di|sida|av|side|strana|z|blad|van)\b|[\W\d_]"
)


class Workbook:
    """Reads the sheets of a workbook."""

    def __init__(self, parts: Parts, options: ReadOptions) -> None:
        self._parts = parts
        self._name = next(parts.related("", "officeDocument"), "xl/workbook.xml")
        self._root = parts.root(self._name)
        if self._root is None or local(self._root) != "workbook":
            raise ReadingError("the workbook is truncated or damaged", AGAIN)
        self._relations = parts.relations(self._name)
        self._left_out = LeftOut()
        self._pictures = PictureReader(options, self._left_out)
        self._notes: list[str] = []
        self._running: set[str] = set()
        self._units = SheetUnits()
        self._values = self._cell_values()
        self._people = people(parts, self._name)
        self._print_titles = self._repeated_rows()

    def document(self, stem: str) -> Document:
        """The document; ``stem`` is its title where it has none."""
        sheets = [sheet for group in self._root.iterchildren("{*}sheets") for sheet in group.iterchildren("{*}sheet")]
        if not sheets:
            raise ReadingError("the workbook has no sheets", AGAIN)
        read = 0
        for index, sheet in enumerate(sheets):
            name = one_line(clean(sheet.get("name") or ""))
            relation = self._relations.get(relation_id(sheet))
            if sheet.get("state") in ("hidden", "veryHidden"):
                self._units.sheet(name, [], hidden=True)
                read += 1
            elif relation is None or relation.external:
                self._units.skip()
                self._notes.append(f'The sheet "{name}" is missing from the file; the rest was read.')
            else:
                read += self._sheet(name, relation, index)
        if not read:
            raise ReadingError("the file is truncated or damaged (none of its sheets can be read)", AGAIN)
        return self._units.document(self._title() or stem, self._warnings())

    def _cell_values(self) -> CellValues:
        part = {kind: next(self._parts.related(self._name, kind), "") for kind in ("sharedStrings", "styles")}
        strings = shared_strings(self._parts.root(part["sharedStrings"]) if part["sharedStrings"] else None)
        styles = cell_styles(self._parts.root(part["styles"]) if part["styles"] else None)
        settings = next(self._root.iterchildren("{*}workbookPr"), None)
        calculation = next(self._root.iterchildren("{*}calcPr"), None)
        is_stale = calculation is not None and (
            is_on(calculation.get("fullCalcOnLoad")) or calculation.get("calcCompleted") in ("0", "false")
        )
        date_1904 = settings is not None and is_on(settings.get("date1904"))
        return CellValues(strings, styles, date_1904, is_stale)

    def _sheet(self, name: str, relation: Relation, index: int) -> bool:
        """Read a sheet; whether anything of it could be."""
        place = f"sheet {name}"
        data = self._parts.read(relation.target)
        if data is None:
            self._units.skip()
            return False
        values = self._values
        struck = values.struck
        part = read_sheet(data, values, self._units.room)
        if part.damaged_after is not None:
            if not part.rows:
                self._units.skip()
                self._notes.append(f'The sheet "{name}" is damaged and was not read.')
                return False
            told = f"after row {part.damaged_after}; the rows after it were not read"
            self._notes.append(f'The sheet "{name}" is damaged {told}.')
        grid = self._grid(part, relation.target, index, place)
        drawn = sheet_drawings(self._parts, relation.target, part.controls, self._left_out, place)
        self._left_out.add("struck-out passage", "struck-out passages", place, values.struck - struck)
        self._left_out.add("picture", "pictures", place, part.in_cells)
        texts = [*drawn.texts, *self._in_pictures(drawn.pictures, place)]
        self._left_out.add("embedded document", "embedded documents", place, part.embedded)
        self._units.grid(name, grid, self._headers(part, name), texts, unread=part.unread)
        return True

    def _in_pictures(self, names: Sequence[str], place: str) -> Iterator[str]:
        """The text in pictures, which their parts' names tell."""
        for name in names:
            data = self._parts.read(name) if name else None
            if data is None:
                self._left_out.add("picture", "pictures", place, hint="It is not in the file.")
            elif text := self._pictures.text(data, place):
                yield text

    def _grid(self, part: SheetPart, target: str, index: int, place: str) -> Grid:
        """The cells that are seen, with what is known of the tables among them."""
        grid = Grid(part.rows, exact=part.exact)
        hidden_rows, hidden_columns = part.hidden()
        self._link(part, target)
        if part.merged and not grid.merge(part.merged, hidden_rows, hidden_columns):
            self._notes.append(f"There are more merged cells in {place} than are followed; some hold for one row only.")
        rows, columns = grid.hide(hidden_rows, hidden_columns)
        self._left_out.add("hidden row", "hidden rows", place, rows, _UNHIDE)
        self._left_out.add("hidden column", "hidden columns", place, columns, _UNHIDE)
        grid.remarks = sheet_notes(self._parts, target, self._people, grid.rows, (hidden_rows, hidden_columns))
        self._known_tables(grid, part, target, index)
        return grid

    def _link(self, part: SheetPart, target: str) -> None:
        """Write where links lead behind the words of their cells."""
        relations = self._parts.relations(target) if part.links else {}
        looked = 0
        for link in part.links:
            relation = relations.get(link.relation)
            if relation is None or not relation.external:
                continue
            for number, column in islice(inside(link.area, part.rows), max(_MOST_LINKED - looked, 0)):
                looked += 1
                part.rows[number][column] = with_address(part.rows[number][column], relation.target)

    def _known_tables(self, grid: Grid, part: SheetPart, target: str, index: int) -> None:
        """Keep where the file itself says that headers end and totals stand."""
        ends = {part.frozen_rows, self._print_titles.get(index, 0)} - {0}
        if part.filtered:
            ends.add(part.filtered[0])
        for name in self._parts.related(target, "table"):
            root = self._parts.root(name)
            reach = area(root.get("ref") or "") if root is not None else None
            if reach is None:
                continue
            if root.get("headerRowCount") == "0":
                grid.headless.add(reach[0])
            else:
                ends.add(reach[0])
            if root.get("totalsRowCount", "0") not in ("0", ""):
                grid.totals.add(reach[2])
        grid.header_ends = ends

    def _repeated_rows(self) -> dict[int, int]:
        """The last row that is printed on top of every page, by the index of the sheet (``Print_Titles``)."""
        found = {}
        for name in self._root.iterfind("{*}definedNames/{*}definedName"):
            rows = _PRINT_TITLES.search(name.text or "")
            sheet = name.get("localSheetId") or ""
            if name.get("name") == "_xlnm.Print_Titles" and rows and sheet.isdecimal() and int(rows[2]) <= LAST_ROW:
                found[int(sheet)] = int(rows[2])
        return found

    def _headers(self, part: SheetPart, name: str) -> list[str]:
        """Page headers and footers, each text once in the workbook."""
        found = []
        for code in part.running:
            for line in running_lines(code, name):
                if line not in self._running and len(self._running) < 1000:
                    self._running.add(line)
                    found.append(line)
        return ["Page header or footer: " + "; ".join(found)] if found else []

    def _title(self) -> str:
        for name in self._parts.related("", "core-properties"):
            root = self._parts.root(name)
            title = root.findtext("{*}title") if root is not None else None
            return given_title(title)
        return ""

    def _warnings(self) -> list[str]:
        values = self._values
        told = [*self._notes, *self._parts.warnings]
        if values.not_computed:
            message = (
                f"{values.not_computed} formulas have no saved result and are blank; open and save the file in Excel."
            )
            told.append(message)
        if values.lost:
            told.append(f"{values.lost} texts are missing from the file's table of texts and are blank.")
        return [*told, *self._left_out.warnings()]


def running_lines(code: str, sheet: str) -> Sequence[str]:
    """The texts of a header or footer, one for each of its parts, without numbers of pages and dates."""
    lines = []
    for part in re.split(r"&[LCR]", code.replace("&&", "\0")):
        plain = _STYLE_CODES.sub("", part).replace("&A", sheet)
        text = one_line(_FIELD_CODES.sub(" ", plain).replace("\0", "&"))
        if _PAGE_WORDS.sub("", text.lower()) if text != one_line(plain) else text:
            lines.append(text)
    return lines
