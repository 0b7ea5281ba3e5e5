from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.reading.seen.seenkit import Seen, check, table

STYLES = (
    '<Styles><Style ss:ID="p"><NumberFormat ss:Format="0.0%"/></Style>'
    '<Style ss:ID="d"><NumberFormat ss:Format="dd\\.mm\\.yyyy"/></Style>'
    '<Style ss:ID="f"><NumberFormat ss:Format="Standard"/></Style>'
    '<Style ss:ID="x"><Font ss:StrikeThrough="1"/></Style></Styles>'
)


def workbook(rows: str, after: str = "", columns: str = "") -> Callable[[Path], object]:
    space = "urn:schemas-microsoft-com:office:spreadsheet"
    text = (
        f'<?xml version="1.0"?><Workbook xmlns="{space}" xmlns:ss="{space}" '
        f'xmlns:x="urn:schemas-microsoft-com:office:excel">{STYLES}<Worksheet ss:Name="S">'
        f"<Table>{columns}{rows}</Table>{after}</Worksheet></Workbook>"
    )
    return lambda path: path.write_text(text, encoding="utf-8")


def row(*cells: str, more: str = "") -> str:
    return f"<Row {more}>{''.join(cells)}</Row>"


def cell(value: str, kind: str = "String", more: str = "") -> str:
    return f'<Cell {more}><Data ss:Type="{kind}">{value}</Data></Cell>'


CASES = [
    Seen(
        "number formats",
        ".xml",
        workbook(
            row(cell("Rate"), cell("0.245", "Number", 'ss:StyleID="p"'))
            + row(cell("Day"), cell("2023-03-15T00:00:00.000", "DateTime", 'ss:StyleID="d"'))
            + row(cell("Sum"), cell("1234.5", "Number", 'ss:StyleID="f"'))
            + row(cell("Paid"), cell("1", "Boolean"))
        ),
        sees=("| Rate | 24.5% |", "| Day | 15.03.2023 |", "| Sum | 1,234.50 |", "| Paid | TRUE |"),
        never=("0.245", "T00:00"),
        source="XML Spreadsheet Reference, ss:NumberFormat",
    ),
    Seen(
        "merged cells move those behind them",
        ".xml",
        workbook(
            row(cell("Site"), cell("2024", more='ss:MergeAcross="1"'), cell("Head"))
            + row(cell("Ulm", more='ss:MergeDown="1"'), cell("3", "Number"), cell("4", "Number"), cell("Ann"))
            + row(cell("5", "Number", 'ss:Index="2"'), cell("6", "Number"), cell("Bob"))
        ),
        sees=("| Ulm | 3 | 4 | Ann |", "| Ulm | 5 | 6 | Bob |"),
        source="XML Spreadsheet Reference, ss:MergeAcross, ss:Index",
    ),
    Seen(
        "hidden rows and columns",
        ".xml",
        workbook(
            row(cell("Who"), cell("Pay"), cell("Town"))
            + row(cell("Ann"), cell("987"), cell("Ulm"))
            + row(cell("Bob"), cell("988"), cell("Kiel"), more='ss:Hidden="1"'),
            columns='<Column ss:Index="2" ss:Hidden="1"/>',
        ),
        sees=("| Ann | Ulm |",),
        never=("98", "Bob"),
        warns=("hidden row", "hidden column"),
        source="XML Spreadsheet Reference, ss:Hidden",
    ),
    Seen(
        "hidden sheet",
        ".xml",
        workbook(
            row(cell("Secret"), cell("x")),
            "<x:WorksheetOptions><x:Visible>SheetHidden</x:Visible></x:WorksheetOptions>",
        ),
        never=("Secret",),
        warns=("hidden sheet",),
        source="XML Spreadsheet Reference, x:Visible",
    ),
    Seen(
        "struck out, raised, with a note",
        ".xml",
        workbook(
            row(cell("Item"), cell("Value"))
            + row(
                cell("Old", more='ss:StyleID="x"'),
                '<Cell><ss:Data ss:Type="String" xmlns="http://www.w3.org/TR/REC-html40">'
                "10<Sup>3</Sup> <S>64</S></ss:Data>"
                "<Comment><ss:Data>measured twice</ss:Data></Comment></Cell>",
            )
        ),
        sees=("10^3", "Note on B2: measured twice"),
        never=("64", "Old"),
        warns=("2 struck-out passages",),
        source="XML Spreadsheet Reference, ss:Font, ss:Data",
    ),
]


@table(CASES)
def test_seen(case: Seen, tmp_path: Path) -> None:
    check(case, tmp_path)
