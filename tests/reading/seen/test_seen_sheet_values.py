from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from tests.reading.seen.seenkit import Seen, check, table
from tests.reading.seen.xlsxkit import NAMES, STYLES, by_openpyxl, by_xlsxwriter, cell, rows, xlsx


def rich(*runs: tuple[str, str]) -> str:
    inner = "".join(
        f'<r><rPr>{look}<rFont val="Calibri"/></rPr><t xml:space="preserve">{t}</t></r>' for t, look in runs
    )
    return f'<row r="2"><c r="A2" t="inlineStr"><is>{inner}</is></c><c r="B2"><v>7</v></c></row>'


HEAD = f'<row r="1">{cell("A1", "What")}{cell("B1", "Count")}</row>'


def _linked(book: Any, sheet: Any) -> None:
    for line in (
        ["Where", "Kind"],
        ["Portal", "web"],
        ["Mail us", "mail"],
        ["https://c.example/x", "web"],
        ["Sum", "in"],
    ):
        sheet.append(line)
    sheet["A2"].hyperlink = "https://portal.example/login"
    sheet["A3"].hyperlink = "mailto:desk@firm.example"
    sheet["A4"].hyperlink = "https://c.example/x"
    sheet["A5"].hyperlink = "#Sheet!A1"


TEXTS = [
    Seen(
        "raised and lowered runs",
        ".xlsx",
        xlsx(
            HEAD
            + rich(
                ("12", ""),
                ("3", '<vertAlign val="superscript"/>'),
                (" and H", ""),
                ("2", '<vertAlign val="subscript"/>'),
                ("O", ""),
            )
        ),
        sees=("12^3 and H2O",),
        never=("123",),
        source="ISO/IEC 29500-1, 18.4.14",
    ),
    Seen(
        "struck-out run",
        ".xlsx",
        xlsx(HEAD + rich(("64", "<strike/>"), (" 59 euros", '<strike val="0"/>'))),
        sees=("| 59 euros | 7 |",),
        never=("64",),
        warns=("1 struck-out passage was left out (sheet S).",),
        source="ISO/IEC 29500-1, 18.4.10",
    ),
    Seen(
        "struck-out cell",
        ".xlsx",
        xlsx(
            HEAD + f'<row r="2">{cell("A2", "Bolt")}<c r="B2" s="1"><v>64</v></c></row>'
            f'<row r="3">{cell("A3", "Nut")}<c r="B3"><v>2</v></c></row>',
            book_related=[("styles", "styles.xml")],
            parts={"xl/styles.xml": STYLES.format("<font><strike/></font>", '<xf numFmtId="0" fontId="1"/>')},
        ),
        sees=("| Bolt |  |", "| Nut | 2 |"),
        never=("64",),
        warns=("struck-out passage",),
        source="ISO/IEC 29500-1, 18.8.22",
    ),
    Seen(
        "ticks of Wingdings",
        ".xlsx",
        xlsx(
            HEAD + '<row r="2"><c r="A2" t="inlineStr" s="1"><is><t>ü</t></is></c><c r="B2"><v>1</v></c></row>'
            '<row r="3"><c r="A3" t="inlineStr"><is><r><rPr><rFont val="Symbol"/></rPr><t>m</t></r><r><t>g</t></r></is>'
            '</c><c r="B3"><v>5</v></c></row>',
            book_related=[("styles", "styles.xml")],
            parts={
                "xl/styles.xml": STYLES.format('<font><name val="Wingdings"/></font>', '<xf numFmtId="0" fontId="1"/>')
            },
        ),
        sees=("| ✓ | 1 |", re.compile("\\| [µμ]g \\| 5")),
        source="Excel",
    ),
    Seen(
        "escapes",
        ".xlsx",
        xlsx(HEAD + f'<row r="2">{cell("A2", "Rue A_x000D_Paris _x005F_x0041_ _x00e9_")}{cell("B2", 1)}</row>'),
        sees=("Rue A Paris _x0041_ é",),
        never=("_x000D_",),
        source="ISO/IEC 29500-1, 22.9.2.19",
    ),
    Seen(
        "phonetic hints are not text",
        ".xlsx",
        xlsx(
            HEAD + '<row r="2"><c r="A2" t="inlineStr"><is><t>課</t><rPh sb="0" eb="1"><t>カ</t></rPh></is></c>'
            '<c r="B2"><v>1</v></c></row>'
        ),
        sees=("| 課 | 1 |",),
        never=("カ",),
        source="ISO/IEC 29500-1, 18.4.6",
    ),
    Seen(
        "where links lead",
        ".xlsx",
        by_openpyxl(_linked),
        sees=(
            "| Portal (https://portal.example/login) | web |",
            "| Mail us (desk@firm.example) | mail |",
            "| https://c.example/x | web |",
            "| Sum | in |",
        ),
        source="ISO/IEC 29500-1, 18.3.1.47",
    ),
    Seen(
        "link by a formula",
        ".xlsx",
        xlsx(
            HEAD + '<row r="2"><c r="A2" t="str"><f>HYPERLINK("https://d.example/form","Form")</f><v>Form</v></c></row>'
        ),
        sees=("Form (https://d.example/form)",),
        source="ISO/IEC 29500-1, 18.17.7.148",
    ),
    Seen(
        "date of the strict kind",
        ".xlsx",
        xlsx(
            HEAD
            + f'<row r="2">{cell("A2", "x")}<c r="B2" t="d" s="1"><v>2024-05-12T00:00:00</v></c></row>'
            + f'<row r="3">{cell("A3", "y")}<c r="B3" t="d" s="1"><v>1900-01-15T00:00:00Z</v></c></row>',
            book_related=[("styles", "styles.xml")],
            parts={
                "xl/styles.xml": f'<styleSheet {NAMES}><numFmts><numFmt numFmtId="170" formatCode="dd.mm.yyyy"/>'
                '</numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="170"/></cellXfs></styleSheet>'
            },
        ),
        sees=("| x | 12.05.2024 |", "| y | 15.01.1900 |"),
        source="ISO/IEC 29500-1, 18.18.11",
    ),
]


RESULTS = [
    Seen(
        "zero that nobody computed",
        ".xlsx",
        by_xlsxwriter(
            lambda book, sheet: (
                sheet.write_row(0, 0, ["Item", "Sum"]),
                sheet.write_row(1, 0, ["Bolt", 4]),
                sheet.write(2, 0, "Total"),
                sheet.write_formula(2, 1, "=B2*2"),
            )
        ),
        sees=("| Total |  |",),
        warns=("1 formulas have no saved result",),
        source="ISO/IEC 29500-1, 18.2.2, fullCalcOnLoad",
    ),
    Seen(
        "zero that was computed",
        ".xlsx",
        xlsx(
            rows(["Item", "Sum"], ["Bolt", 4])
            + f'<row r="3">{cell("A3", "Rest")}<c r="B3"><f>B2-4</f><v>0</v></c></row>'
        ),
        sees=("| Rest | 0 |",),
        source="ISO/IEC 29500-1, 18.3.1.96",
    ),
    Seen(
        "prefixes of another producer",
        ".xlsx",
        xlsx(
            parts={
                "xl/worksheets/sheet1.xml": '<x:worksheet xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
                "<x:sheetData><x:row>"
                '<x:c t="inlineStr"><x:is><x:t>Item</x:t></x:is></x:c><x:c><x:v>5</x:v></x:c></x:row><x:row>'
                '<x:c t="inlineStr"><x:is><x:t>Sum</x:t></x:is></x:c><x:c><x:f>B1</x:f><x:v></x:v></x:c></x:row>'
                "</x:sheetData>"
                "</x:worksheet>"
            }
        ),
        sees=("| Item | 5 |",),
        warns=("1 formulas have no saved result",),
        source="files of the Open XML SDK",
    ),
    Seen(
        "results of shared formulas",
        ".xlsx",
        xlsx(
            HEAD
            + '<row r="2"><c r="A2"><f t="shared" ref="A2:A3" si="0">B2+1</f><v>8</v></c><c r="B2"><v>7</v></c></row>'
            '<row r="3"><c r="A3"><f t="shared" si="0"/><v>10</v></c><c r="B3"><v>9</v></c></row>'
        ),
        sees=("| 8 | 7 |", "| 10 | 9 |"),
        source="ISO/IEC 29500-1, 18.3.1.40",
    ),
]


@table([*TEXTS, *RESULTS])
def test_seen(case: Seen, tmp_path: Path) -> None:
    check(case, tmp_path)
