from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from openpyxl.worksheet.table import Table, TableStyleInfo

from tests.reading.seen.seenkit import Seen, check, table
from tests.reading.seen.xlsxkit import NAMES, by_openpyxl, cell, merged, rows, xlsx

PRICES = rows(["Item", "Price"], ["Bolt", 4], ["Nut", 2])


def _two_row_header(book: Any, sheet: Any) -> None:
    for line in (["Site", "2023", None, "2024", None], [None, "Revenue", "Cost", "Revenue", "Cost"]):
        sheet.append(line)
    for number in range(400):
        sheet.append([f"Site {number}", number, 2, 3, 4])
    for area in ("A1:A2", "B1:C1", "D1:E1"):
        sheet.merge_cells(area)


def _three_row_header(book: Any, sheet: Any) -> None:
    sheet.append(["Plant", "Output", None, None, None])
    sheet.append([None, "North", None, "South", None])
    sheet.append([None, "Plan", "Actual", "Plan", "Actual"])
    sheet.append(["Ulm", 1, 2, 3, 4])
    sheet.append(["Graz", 5, 6, 7, 8])
    for area in ("A1:A3", "B1:E1", "B2:C2", "D2:E2"):
        sheet.merge_cells(area)


def _shift_plan(book: Any, sheet: Any) -> None:
    for line in (["Name", "Mon", "Tue", "Wed"], ["Ann", "Early", None, "Late"], ["Bob", "Off", "Off", "Early"]):
        sheet.append(line)
    sheet.merge_cells("B2:C2")


def _title_over_columns(book: Any, sheet: Any) -> None:
    for line in (["Prices 2025"], [], ["Item", "Size", "Price"], ["Bolt", "M4", 3], ["Nut", "M5", 4]):
        sheet.append(line)
    sheet.merge_cells("A1:C2")


def _defined_table(book: Any, sheet: Any) -> None:
    for line in (["Part", "Stock"], ["Bolt", 3], ["Nut", 4], [None, 7]):
        sheet.append(line)
    found = Table(displayName="T", ref="A1:B4", totalsRowCount=1)
    found.tableStyleInfo = TableStyleInfo()
    sheet.add_table(found)


def _headless_table(book: Any, sheet: Any) -> None:
    for line in (["Bolt", "steel"], ["Nut", "brass"], ["Pin", "steel"]):
        sheet.append(line)
    sheet.add_table(Table(displayName="T", ref="A1:B3", headerRowCount=0))


def _filtered(book: Any, sheet: Any) -> None:
    for line in (["Who", "Pay"], ["Ann", 100], ["Bob", 987], ["Cem", 120]):
        sheet.append(line)
    sheet.auto_filter.ref = "A1:B4"
    sheet.row_dimensions[3].hidden = True


def _two_tables(book: Any, sheet: Any) -> None:
    for line in (
        ["Month", "Sum"],
        ["Jan", 5],
        ["Feb", 6],
        [],
        ["Mar", 7],
        ["Apr", 8],
        [],
        ["Team", "Heads"],
        ["Red", 3],
    ):
        sheet.append(line)


def _hidden_band(book: Any, sheet: Any) -> None:
    for line in (["Site", "2024", None, None], [None, "Q1", "Q2", "Q3"], ["Lyon", 1, 2, 3], ["Nice", 4, 5, 6]):
        sheet.append(line)
    sheet.merge_cells("A1:A2")
    sheet.merge_cells("B1:D1")
    sheet.column_dimensions["B"].hidden = True


MERGES = [
    Seen(
        "label merged over rows",
        ".xlsx",
        xlsx(rows(["Ward", "Bed"], ["East", "E1"], [None, "E2"], ["West", "W1"]), after=merged("A2:A3")),
        sees=("| East | E1 |", "| East | E2 |", "| West | W1 |"),
        source="ISO/IEC 29500-1, 18.3.1.55",
    ),
    Seen(
        "what stands under a merged cell is not seen",
        ".xlsx",
        xlsx(
            rows(["Ward", "Bed"], ["East", "E1"], ["SECRET", "E2"], ["SECRET", "SECRET"]),
            after=merged("A2:A3", "A4:B4"),
        ),
        sees=("| East | E2 |",),
        never=("E2 | SECRET",),
        source="Excel and LibreOffice show the first cell only",
    ),
    Seen(
        "header of two rows in every piece",
        ".xlsx",
        by_openpyxl(_two_row_header),
        sees=(
            re.compile(r"(?s)(?:\| Site \| 2023 / Revenue \| 2023 / Cost \| 2024 / Revenue \| 2024 / Cost \|.*){2}"),
        ),
        source="Excel",
    ),
    Seen(
        "header of three rows",
        ".xlsx",
        by_openpyxl(_three_row_header),
        sees=("| Plant | Output / North / Plan | Output / North / Actual | Output / South / Plan |", "| Ulm | 1 | 2 |"),
        source="Excel",
    ),
    Seen(
        "merged over columns of the body",
        ".xlsx",
        by_openpyxl(_shift_plan),
        sees=("| Ann | Early | Early | Late |",),
        source="Excel",
    ),
    Seen(
        "title merged over rows and columns",
        ".xlsx",
        by_openpyxl(_title_over_columns),
        headings=("Prices 2025",),
        sees=("| Item | Size | Price |\n| --- |",),
        never=(re.compile("(?s)Prices 2025.*Prices 2025"),),
        source="Excel",
    ),
    Seen(
        "merged over a hidden first row",
        ".xlsx",
        xlsx(rows(["Ward", "Bed"], ["East", "E1"], [None, "E2"], more={2: 'hidden="1"'}), after=merged("A2:A3")),
        sees=("| East | E2 |",),
        never=("E1",),
        warns=("1 hidden row was left out (sheet S).",),
        source="Excel",
    ),
    Seen(
        "merged header over a hidden first column",
        ".xlsx",
        by_openpyxl(_hidden_band),
        sees=("| Site | 2024 / Q2 | 2024 / Q3 |",),
        never=("Q1",),
        warns=("1 hidden column was left out",),
        source="Excel",
    ),
    Seen(
        "merged columns of a form are one column",
        ".xlsx",
        xlsx(rows(["Name", None, "Room"], ["Ann", None, 4], ["Bob", None, 5]), after=merged("A1:B1", "A2:B2", "A3:B3")),
        sees=("| Name | Room |", "| Ann | 4 |"),
        source="Excel",
    ),
    Seen(
        "totals label over columns is said once",
        ".xlsx",
        xlsx(rows(["Item", "Size", "Price"], ["Bolt", "M4", 3], ["Total", None, 3]), after=merged("A3:B3")),
        sees=("| Total |  | 3 |",),
        source="Excel",
    ),
]


HIDDEN = [
    Seen(
        "hidden row and column",
        ".xlsx",
        xlsx(
            rows(["a", "b", "c"], ["1", "SECRET", "3"], ["SECRET", "x", "y"], more={3: 'hidden="true"'}),
            before='<cols><col min="2" max="2" hidden="1"/></cols>',
        ),
        sees=("| a | c |", "| 1 | 3 |"),
        never=("SECRET",),
        source="ISO/IEC 29500-1, 18.3.1.13 and 18.3.1.73",
        warns=("1 hidden row was left out", "1 hidden column was left out"),
    ),
    Seen(
        "row of no height, column of no width",
        ".xlsx",
        xlsx(
            rows(["a", "b", "c"], ["1", "SECRET", "3"], ["SECRET", "x", "y"], more={3: 'ht="0" customHeight="1"'}),
            before='<cols><col min="2" max="2" width="0" customWidth="1"/></cols>',
        ),
        sees=("| a | c |",),
        never=("SECRET",),
        warns=("hidden row", "hidden column"),
        source="Excel",
    ),
    Seen(
        "filtered rows",
        ".xlsx",
        by_openpyxl(_filtered),
        sees=("| Ann | 100 |",),
        never=("Bob",),
        warns=("hidden row",),
        source="ISO/IEC 29500-1, 18.3.1.2",
    ),
    Seen(
        "very hidden sheet",
        ".xlsx",
        xlsx(PRICES, sheets='<sheet name="V" sheetId="2" state="veryHidden" r:id="rId1"/>'),
        sees=("| Bolt | 4 |",),
        warns=('The hidden sheet "V" was skipped.',),
        source="ISO/IEC 29500-1, 18.18.68",
    ),
    Seen(
        "zeros that the sheet does not show",
        ".xlsx",
        xlsx(
            rows(["Item", "Sum"], ["Bolt", 0], ["Nut", 0.0], ["Pin", 5]),
            before='<sheetViews><sheetView showZeros="0" workbookViewId="0"/></sheetViews>',
        ),
        sees=("| Bolt |  |", "| Nut |  |", "| Pin | 5 |"),
        source="ISO/IEC 29500-1, 18.3.1.87",
    ),
    Seen(
        "format that hides",
        ".xlsx",
        xlsx(
            f'<row r="1">{cell("A1", "a")}{cell("B1", "b")}</row><row r="2">{cell("A2", "x")}'
            f"{cell('B2', 7654, ' s=' + chr(34) + '1' + chr(34))}</row>",
            book_related=[("styles", "styles.xml")],
            parts={
                "xl/styles.xml": f'<styleSheet {NAMES}><numFmts><numFmt numFmtId="170" formatCode=";;;"/></numFmts>'
                '<cellXfs><xf numFmtId="0"/><xf numFmtId="170"/></cellXfs></styleSheet>'
            },
        ),
        sees=("| x |  |",),
        never=("7654",),
        source="ISO/IEC 29500-1, 18.8.31",
    ),
]


TABLES = [
    Seen(
        "totals row without a name",
        ".xlsx",
        by_openpyxl(_defined_table),
        sees=("| Totals row | 7 |",),
        source="ISO/IEC 29500-1, 18.5.1.2, totalsRowCount",
    ),
    Seen(
        "defined table without a header",
        ".xlsx",
        by_openpyxl(_headless_table),
        sees=("|  |  |\n| --- | --- |\n| Bolt | steel |",),
        source="ISO/IEC 29500-1, 18.5.1.2, headerRowCount",
    ),
    Seen(
        "a filter tells the header below a band",
        ".xlsx",
        xlsx(
            rows(["Plan", None, "Done"], ["Item", "Owner", "Note"], ["a", "Ann", "x"], ["b", "Bob", "y"]),
            after='<autoFilter ref="A2:C4"/>',
        ),
        sees=("| Plan / Item | Owner | Done / Note |\n",),
        source="ISO/IEC 29500-1, 18.3.1.2",
    ),
    Seen(
        "a table goes on below a blank row",
        ".xlsx",
        by_openpyxl(_two_tables),
        sees=("| Month | Sum |\n| --- | --- |\n| Mar | 7 |", "| Team | Heads |\n| --- | --- |\n| Red | 3 |"),
        source="Excel",
    ),
    Seen(
        "cells and rows without references",
        ".xlsx",
        xlsx('<row><c><v>1</v></c><c><v>2</v></c></row><row><c r="B2"><v>3</v></c><c><v>4</v></c></row>'),
        sees=("| 1 | 2 |  |", "|  | 3 | 4 |"),
        source="ISO/IEC 29500-1, 18.3.1.4",
    ),
    Seen(
        "a title in two cells far from each other",
        ".xlsx",
        xlsx(
            rows(
                ["Prices", None, None, "from 1 May"],
                ["Item", "Size", "Price", "In"],
                ["Tea", "L", 3, "EUR"],
                ["Milk", "M", 2, "EUR"],
            )
        ),
        sees=("| Item | Size | Price | In |\n| --- |", "from 1 May"),
    ),
    Seen(
        "a list of names with one value each has no header",
        ".xlsx",
        xlsx(rows(["Name", "Ann Lee"], ["Phone", "0123"], ["Start", "2025-01-05"], ["Salary", 5000])),
        sees=("| --- | --- |\n| Name | Ann Lee |",),
    ),
    Seen(
        "a list of names with a header",
        ".xlsx",
        xlsx(rows(["Property", "Value"], ["Phone", "0123"], ["Start", "2025-01-05"], ["Salary", 5000])),
        sees=("| Property | Value |\n| --- | --- |\n| Phone | 0123 |",),
    ),
    Seen(
        "headers of pages that are not printed",
        ".xlsx",
        xlsx(
            rows(["A", "B"], [1, 2]),
            after="<headerFooter><oddHeader>&amp;CBudget</oddHeader><evenHeader>&amp;COld</evenHeader>"
            "<firstHeader>&amp;CDRAFT</firstHeader></headerFooter>",
        ),
        sees=("Budget",),
        never=("DRAFT", "Old"),
        source="ISO/IEC 29500-1, 18.3.1.46",
    ),
]


@table([*MERGES, *HIDDEN, *TABLES])
def test_seen(case: Seen, tmp_path: Path) -> None:
    check(case, tmp_path)
