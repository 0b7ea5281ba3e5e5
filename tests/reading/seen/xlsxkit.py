"""Writers of small workbooks: from the XML of their parts, for what no library writes, and by libraries."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import openpyxl
import xlsxwriter

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
NAMES = f'xmlns="{MAIN}" xmlns:r="{RELATIONS}"'
STYLES = (
    f'<styleSheet {NAMES}><fonts><font><name val="Calibri"/></font>{{}}</fonts>'
    '<cellXfs><xf numFmtId="0" fontId="0"/>{}</cellXfs></styleSheet>'
)


def cell(name: str, value: str | int | float, more: str = "") -> str:
    """A cell with an inline text or a number."""
    if isinstance(value, str):
        return f'<c r="{name}" t="inlineStr"{more}><is><t xml:space="preserve">{escape(value)}</t></is></c>'
    return f'<c r="{name}"{more}><v>{value}</v></c>'


def rows(*lines: list[str | int | float | None], more: dict[int, str] | None = None) -> str:
    """Rows from the first on, with more attributes for some, by number."""
    written = ""
    for number, line in enumerate(lines, start=1):
        cells = "".join(cell(f"{chr(65 + n)}{number}", value) for n, value in enumerate(line) if value is not None)
        written += f'<row r="{number}" {(more or {}).get(number, "")}>{cells}</row>'
    return written


def relations(*entries: tuple[str, str] | tuple[str, str, str]) -> str:
    """A part of relationships rId1, rId2 … by their kinds and targets, and ``External`` where they lead outside."""
    written = ""
    for number, (kind, target, *mode) in enumerate(entries, start=1):
        outside = f' TargetMode="{mode[0]}"' if mode else ""
        kind = kind if kind.startswith("http") else f"{RELATIONS}/{kind}"
        written += f'<Relationship Id="rId{number}" Type="{kind}" Target="{escape(target)}"{outside}/>'
    space = "http://schemas.openxmlformats.org/package/2006/relationships"
    return f'<Relationships xmlns="{space}">{written}</Relationships>'


def xlsx(
    data: str = "",
    *,
    before: str = "",
    after: str = "",
    sheets: str = "",
    book: str = "",
    parts: dict[str, str] | None = None,
    related: str = "",
    book_related: list[tuple[str, str]] | None = None,
) -> Callable[[Path], None]:
    """A builder of a workbook with one sheet.

    Args:
        data: the rows.
        before: elements of the sheet before its rows.
        after: elements behind them.
        sheets: more ``sheet`` elements.
        book: elements of the workbook behind its sheets.
        parts: more parts by their names, or others in place of those that are written.
        related: the sheet's relationships.
        book_related: more relationships of the workbook, from ``rId2`` on.
    """

    def build(path: Path) -> None:
        members = {
            "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
            "_rels/.rels": relations(("officeDocument", "xl/workbook.xml")),
            "xl/workbook.xml": f'<workbook {NAMES}><sheets><sheet name="S" sheetId="1" r:id="rId1"/>{sheets}</sheets>'
            f"{book}</workbook>",
            "xl/_rels/workbook.xml.rels": relations(("worksheet", "worksheets/sheet1.xml"), *(book_related or [])),
            "xl/worksheets/sheet1.xml": f"<worksheet {NAMES}>{before}<sheetData>{data}</sheetData>{after}</worksheet>",
            **({"xl/worksheets/_rels/sheet1.xml.rels": related} if related else {}),
            **(parts or {}),
        }
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
            for name, content in members.items():
                package.writestr(name, content)

    return build


def merged(*areas: str) -> str:
    """The merged areas of a sheet."""
    return "<mergeCells>" + "".join(f'<mergeCell ref="{area}"/>' for area in areas) + "</mergeCells>"


def by_openpyxl(fill: Callable[[Any, Any], None]) -> Callable[[Path], None]:
    """Builds a workbook by openpyxl; ``fill`` gets the book and its sheet."""

    def build(path: Path) -> None:
        book = openpyxl.Workbook()
        fill(book, book.active)
        book.save(path)

    return build


def by_xlsxwriter(fill: Callable[[Any, Any], None]) -> Callable[[Path], None]:
    """Builds a workbook by XlsxWriter; ``fill`` gets the book and its sheet "S"."""

    def build(path: Path) -> None:
        with xlsxwriter.Workbook(str(path)) as book:
            fill(book, book.add_worksheet("S"))

    return build


def text(content: str, encoding: str = "utf-8") -> Callable[[Path], None]:
    """Builds a text file."""
    return lambda path: path.write_bytes(content.encode(encoding))
