"""OpenDocument spreadsheets as LibreOffice shows them, and as OpenDocument 1.3 part 3 says."""

from __future__ import annotations

import re
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from odfkit import MIME, NAMESPACES, cell, p, package, row, sheet, span, style
from seenkit import Seen, check, table

from ragapp.reading.registry import read_file

_CELL = '<style:style style:name="ce1" style:family="table-cell" style:data-style-name="N1"/>'


def value(kind: str, said: str, attributes: str = "", shown: str = "", more: str = "") -> str:
    """A cell with a value, and with a paragraph where the program saved one."""
    name = {"date": "date-value", "time": "time-value", "boolean": "boolean-value", "string": "string-value"}
    holds = f'office:value-type="{kind}" office:{name.get(kind, "value")}="{said}" {attributes}'
    return cell(shown, holds, more)


def number(attributes: str, inner: str = "") -> str:
    return f"<number:number {attributes}>{inner}</number:number>"


def text(said: str) -> str:
    return f"<number:text>{said}</number:text>"


def number_style(kind: str, inner: str, attributes: str = "") -> str:
    return f'<number:{kind}-style style:name="N1" {attributes}>{inner}</number:{kind}-style>'


def positive(inner: str, name: str = "P0") -> str:
    return f'<number:number-style style:name="{name}" style:volatile="true">{inner}</number:number-style>'


DAY = '<number:day number:style="long"/>'
MONTH = '<number:month number:style="long"/>'
YEAR = '<number:year number:style="long"/>'
HOURS = "<number:hours/>"
MINUTES = '<number:minutes number:style="long"/>'
TWO = 'number:decimal-places="2" number:min-decimal-places="2" number:min-integer-digits="1"'
WHOLE = 'number:decimal-places="0" number:min-integer-digits="1"'

# what a style shows of a value that was saved alone: name, styles, type, value, what is seen, what is not
STYLED = [
    ("two decimals", number_style("number", number(TWO)), "float", "12.5", "12.50"),
    (
        "grouped",
        number_style("number", number(f'{TWO} number:grouping="true"')),
        "float",
        "1234567.891",
        "1,234,567.89",
    ),
    (
        "leading zeros",
        number_style("number", number('number:decimal-places="0" number:min-integer-digits="5"')),
        "float",
        "42",
        "00042",
    ),
    (
        "figures of a phone number",
        number_style(
            "number",
            number(
                'number:decimal-places="0" number:min-integer-digits="10"',
                "".join(
                    f'<number:embedded-text number:position="{place}"> </number:embedded-text>'
                    for place in (2, 4, 6, 8)
                ),
            ),
        ),
        "float",
        "612345678",
        "06 12 34 56 78",
    ),
    (
        "decimals that may be missing",
        number_style(
            "number", number('number:decimal-places="2" number:min-decimal-places="0" number:min-integer-digits="1"')
        ),
        "float",
        "7",
        "| 7 |",
    ),
    (
        "a unit",
        number_style("number", number('number:decimal-places="1" number:min-integer-digits="1"') + text(" kg")),
        "float",
        "82.5",
        "82.5 kg",
    ),
    (
        "a currency",
        number_style(
            "currency",
            number(f'{TWO} number:grouping="true"') + text(" ") + "<number:currency-symbol>€</number:currency-symbol>",
        ),
        "currency",
        "1450.5",
        "1,450.50 €",
    ),
    (
        "a percentage",
        number_style("percentage", number('number:decimal-places="1" number:min-integer-digits="1"') + text(" %")),
        "percentage",
        "0.245",
        "24.5 %",
    ),
    (
        "millions",
        number_style(
            "number",
            number(
                'number:decimal-places="1" number:min-decimal-places="1" number:min-integer-digits="1"'
                ' number:display-factor="1000000"'
            )
            + text(" M€"),
        ),
        "float",
        "12345678",
        "12.3 M€ (in full: 12345678)",
    ),
    (
        "negative numbers by a map",
        positive(number(WHOLE))
        + number_style(
            "number",
            text("(")
            + number(WHOLE)
            + text(")")
            + '<style:map style:condition="value()&gt;=0" style:apply-style-name="P0"/>',
        ),
        "float",
        "-1250",
        "| (1250) |",
    ),
    (
        "positive numbers by a map",
        positive(number(WHOLE) + text(" up"))
        + number_style(
            "number",
            text("-") + number(WHOLE) + '<style:map style:condition="value()&gt;=0" style:apply-style-name="P0"/>',
        ),
        "float",
        "12",
        "| 12 up |",
    ),
    (
        "words for numbers",
        positive(text("late"))
        + number_style(
            "number", text("on time") + '<style:map style:condition="value()=1" style:apply-style-name="P0"/>'
        ),
        "float",
        "1",
        "| late |",
    ),
    (
        "a fraction",
        number_style(
            "number",
            '<number:fraction number:min-integer-digits="0" number:min-numerator-digits="1"'
            ' number:min-denominator-digits="1"/>',
        ),
        "float",
        "2.75",
        "2 3/4",
    ),
    (
        "quarters",
        number_style(
            "number",
            '<number:fraction number:min-integer-digits="0" number:min-numerator-digits="1"'
            ' number:denominator-value="4"/>',
        ),
        "float",
        "1.5",
        "1 2/4",
    ),
    (
        "an exponent",
        number_style(
            "number",
            '<number:scientific-number number:decimal-places="2" number:min-integer-digits="1"'
            ' number:min-exponent-digits="2"/>',
        ),
        "float",
        "0.0000125",
        "1.25E-05",
    ),
    ("a date", number_style("date", DAY + text(".") + MONTH + text(".") + YEAR), "date", "2025-04-14", "14.04.2025"),
    (
        "a month in German",
        number_style(
            "date",
            '<number:month number:textual="true" number:style="long"/>' + text(" ") + YEAR,
            'number:language="de" number:country="DE"',
        ),
        "date",
        "2025-05-14",
        "| Mai 2025 |",
    ),
    (
        "a date with its time",
        number_style(
            "date",
            YEAR
            + text("-")
            + MONTH
            + text("-")
            + DAY
            + text(" ")
            + '<number:hours number:style="long"/>'
            + text(":")
            + MINUTES,
        ),
        "date",
        "2025-04-14T08:30:00",
        "2025-04-14 08:30",
    ),
    (
        "a date before 1900 with a hidden time",
        number_style("date", DAY + text(".") + MONTH + text(".") + YEAR),
        "date",
        "1895-11-21T12:00:00",
        "| 1895-11-21 |",
    ),
    (
        "a duration",
        number_style("time", HOURS + text(":") + MINUTES, 'number:truncate-on-overflow="false"'),
        "time",
        "PT41H30M00S",
        "41:30",
    ),
    (
        "a time of day",
        number_style("time", HOURS + text(":") + MINUTES + text(" ") + "<number:am-pm/>"),
        "time",
        "PT14H05M00S",
        "2:05 PM",
    ),
    (
        "minutes beyond an hour",
        number_style(
            "time", MINUTES + text(":") + '<number:seconds number:style="long"/>', 'number:truncate-on-overflow="false"'
        ),
        "time",
        "PT01H30M05S",
        "90:05",
    ),
    ("a value that its style hides", number_style("number", text("")), "float", "4711", "| x |"),
    ("no style: a percentage", "", "percentage", "0.24", "| 24% |"),
    ("no style: a duration", "", "time", "PT41H30M00S", "41:30:00"),
    ("no style: a date", "", "date", "2025-04-14", "2025-04-14"),
    ("no style: a number", "", "float", "0.1", "| 0.1 |"),
    ("no style: an article number", "", "float", "4006381333931", "| 4006381333931 |"),
    ("no style: a text", "", "string", "0612345678", "0612345678"),
    ("no style: a truth", "", "boolean", "true", "TRUE"),
]


def styled(name: str, automatic: str, kind: str, said: str, seen: str) -> Seen:
    body = sheet(row("What", "Value"), row("x", value(kind, said, 'table:style-name="ce1"')))
    never = ("4711",) if name.startswith("a value that") else ("12:00",) if "hidden time" in name else ()
    return Seen(name, ".ods", package(body, automatic + _CELL), (seen,), never, source="16.29; LibreOffice 7.4")


HEAD = row("Site", "Who", "Ext")

SHEETS = [
    Seen(
        "what was saved as shown goes before the value",
        ".ods",
        package(
            sheet(
                row("What", "Value"),
                row("a", value("float", "0.245", shown="24,5 %")),
                row("b", value("time", "PT40H30M", shown="40:30")),
            )
        ),
        sees=("24,5 %", "40:30"),
        never=("0.245",),
        source="9.1.4",
    ),
    Seen(
        "a paragraph without text shows nothing",
        ".ods",
        package(sheet(row("What", "Value"), row("a", value("float", "4711", more="<text:p/>")), row("b", "c"))),
        sees=("| a |  |",),
        never=("4711",),
        source="LibreOffice 7.4: the format ;;;",
    ),
    Seen(
        "dates of figures are written so that no one mistakes the day",
        ".ods",
        package(
            sheet(
                row("What", "Value"),
                row("a", value("date", "2025-05-04", shown="04/05/2025")),
                row("b", value("date", "2025-05-04", shown="May 2025")),
                row("c", value("date", "2025-05-04T09:30:00", shown="04.05.25 09:30")),
            )
        ),
        sees=("| a | 2025-05-04 |", "| b | May 2025 |", "| c | 2025-05-04 09:30 |"),
        source="ISO 8601",
    ),
    Seen(
        "cells merged down",
        ".ods",
        package(
            sheet(
                HEAD,
                row(cell("Lyon", 'table:number-rows-spanned="3"'), "Ann", "11"),
                row("<table:covered-table-cell/>", "Bob", "12"),
                row("<table:covered-table-cell><text:p>SECRET</text:p></table:covered-table-cell>", "Cem", "13"),
                row("Nice", "Dan", "14"),
            )
        ),
        sees=("| Lyon | Bob | 12 |", "| Lyon | Cem | 13 |", "| Nice | Dan | 14 |"),
        never=("SECRET",),
        source="19.676 table:number-rows-spanned",
    ),
    Seen(
        "hidden and filtered rows, hidden columns",
        ".ods",
        package(
            sheet(
                "<table:table-column/><table:table-column/>",
                '<table:table-column table:visibility="collapse"/>',
                row("Item", "Price", "Margin"),
                row("A", "10", "38 %"),
                row("B old", "20", "40 %", attributes='table:visibility="filter"'),
                row("B older", "20", "40 %", attributes='table:visibility="collapse"'),
                row("C", "30", "20 %"),
            )
        ),
        sees=("| Item | Price |\n| --- | --- |\n| A | 10 |\n| C | 30 |",),
        never=("old", "Margin", "%"),
        warns=("2 hidden rows were left out (sheet S)", "1 hidden column was left out (sheet S)"),
        source="19.749 table:visibility",
    ),
    Seen(
        "groups of rows and columns that are closed",
        ".ods",
        package(
            sheet(
                '<table:table-column/><table:table-column-group table:display="false">'
                "<table:table-column/></table:table-column-group><table:table-column/>",
                row("Item", "SECRET", "Price"),
                f"<table:table-row-group table:display='false'>{row('SECRET', 'b', 'c')}</table:table-row-group>",
                f"<table:table-row-group>{row('A', 'SECRET', '10')}</table:table-row-group>",
            )
        ),
        sees=("| Item | Price |", "| A | 10 |"),
        never=("SECRET",),
        warns=("1 hidden row", "1 hidden column"),
        source="9.1.10, 19.621",
    ),
    Seen(
        "a merged cell that begins in a hidden column",
        ".ods",
        package(
            sheet(
                '<table:table-column/><table:table-column table:visibility="collapse"/><table:table-column/>',
                row("Item", "x", "Price"),
                row("A", cell("both", 'table:number-columns-spanned="2"'), "<table:covered-table-cell/>"),
                row("B", "y", "7"),
            )
        ),
        sees=("| A | both |", "| B | 7 |"),
        warns=("hidden column",),
        source="LibreOffice 7.4",
    ),
    Seen(
        "a hidden sheet",
        ".ods",
        package(
            sheet(row("A", "B"), row("1", "2")) + sheet(row("SECRET"), name="Old", attributes='table:style-name="ta2"'),
            '<style:style style:name="ta2" style:family="table">'
            '<style:table-properties table:display="false"/></style:style>',
        ),
        sees=("| 1 | 2 |",),
        never=("SECRET",),
        warns=('The hidden sheet "Old"',),
        source="20.409 table:display",
    ),
    Seen(
        "comments on cells",
        ".ods",
        package(
            sheet(
                row("Item", "Price"),
                row(
                    "A",
                    cell(
                        "10", more=f"<office:annotation><dc:creator>Ann</dc:creator>{p('by phone')}</office:annotation>"
                    ),
                ),
                row("B", "20"),
            )
        ),
        sees=("| A | 10 |", "Comment by Ann on B2: by phone"),
        never=("by phone10", "10 by phone"),
        source="14.1",
    ),
    Seen(
        "shapes on the sheet and at a cell",
        ".ods",
        package(
            sheet(
                f"<table:shapes><draw:custom-shape>{p('Valid until 30 June')}</draw:custom-shape></table:shapes>",
                row("Item", "Price"),
                row("A", cell(more=f"{p('100')}<draw:custom-shape>{p('Draft 7')}</draw:custom-shape>")),
            )
        ),
        sees=("| A | 100 |", "Valid until 30 June", "Draft 7"),
        source="9.2.8, 9.1.4",
    ),
    Seen(
        "a chart at a cell",
        ".ods",
        package(
            sheet(
                row("Item", "Price"),
                row("A", cell(more=f"{p('100')}<draw:frame><draw:object xlink:href='./Object 1'/></draw:frame>")),
            ),
            parts={
                "Object 1/content.xml": f"<office:document-content {NAMESPACES}>"
                "<office:body><office:chart><chart:chart>"
                f"<chart:title>{p('Costs')}</chart:title>{sheet(row(cell(), '2024'), row('Lyon', '7'))}"
                "</chart:chart></office:chart></office:body></office:document-content>"
            },
        ),
        sees=("| A | 100 |", "Costs", "| Lyon | 7 |"),
        source="11",
    ),
    Seen(
        "a chart inside a flat file adds no rows",
        ".fods",
        lambda path: path.write_text(_flat_with_chart(), encoding="utf-8"),
        sees=("| A | 100 |", "| Lyon | 7 |"),
        never=(re.compile(r"\| A \| 100 \|\n\|.*Lyon"),),
        source="10.4.6.2",
    ),
    Seen(
        "raised, struck-out and hidden text in cells",
        ".ods",
        package(
            sheet(
                row("What", "Value"),
                row("a", f"<table:table-cell>{p('10' + span('3', 'T1') + ' Bq')}</table:table-cell>"),
                row("b", cell("64", 'table:style-name="ce2"')),
                row("c", "7"),
            ),
            style("T1", "text", 'style:text-position="super"')
            + style("ce2", "table-cell", 'style:text-line-through-style="solid"'),
        ),
        sees=("10^3 Bq", "| c | 7 |"),
        never=("103", "64"),
        warns=("1 struck-out passage was left out (sheet S)",),
        source="20.384, 20.367",
    ),
    Seen(
        "a column that is struck out by its default style",
        ".ods",
        package(
            sheet(
                '<table:table-column/><table:table-column table:default-cell-style-name="ce2"/>',
                row("What", cell("Old price", 'table:style-name="ce3"')),
                row("a", "64"),
            ),
            style("ce2", "table-cell", 'style:text-line-through-type="single"') + style("ce3", "table-cell"),
        ),
        sees=("What", "Old price"),
        never=("64",),
        warns=("1 struck-out passage",),
        source="19.619 table:default-cell-style-name",
    ),
    Seen(
        "cells that a protected sheet conceals",
        ".ods",
        package(
            sheet(
                row("What", "Value"),
                row("a", cell("4711", 'table:style-name="ce2"')),
                attributes='table:protected="true"',
            ),
            '<style:style style:name="ce2" style:family="table-cell">'
            '<style:table-cell-properties style:cell-protect="hidden-and-protected"/></style:style>',
        ),
        sees=("What",),
        never=("4711",),
        warns=("1 hidden passage",),
        source="20.263 style:cell-protect",
    ),
    Seen(
        "several lines in a cell",
        ".ods",
        package(sheet(row("What", "Value"), row("a", f"<table:table-cell>{p('one')}{p('two')}</table:table-cell>"))),
        sees=("| a | one two |",),
        source="9.1.4",
    ),
    Seen(
        "a header of the printed pages, and a footer that only counts them",
        ".ods",
        package(
            sheet(row("What", "Value"), row("a", "1")) + sheet(row("b", "2"), name="T"),
            masters='<style:master-page style:name="Default"><style:header><style:region-left>'
            f"{p('Internal')}</style:region-left><style:region-right>{p('<text:sheet-name>S</text:sheet-name>')}"
            f"</style:region-right></style:header><style:footer>{p('Page <text:page-number>1</text:page-number>')}"
            "</style:footer></style:master-page>",
        ),
        sees=(re.compile(r"\AHeader: Internal\n"),),
        never=("Footer", re.compile("Internal.*Internal", re.DOTALL)),
        source="16.11",
    ),
    Seen(
        "errors are read as they are shown",
        ".ods",
        package(sheet(row("What", "Value"), row("a", value("float", "0", shown="#DIV/0!")))),
        sees=("#DIV/0!",),
        never=("| 0 |",),
        source="LibreOffice 7.4",
    ),
]


def _flat_with_chart() -> str:
    chart = (
        f'<office:document office:mimetype="{MIME}chart"><office:body><office:chart><chart:chart>'
        f"{sheet(row(cell(), '2024'), row('Lyon', '7'))}</chart:chart></office:chart></office:body></office:document>"
    )
    shapes = f"<table:shapes><draw:frame><draw:object>{chart}</draw:object></draw:frame></table:shapes>"
    return (
        f'<office:document {NAMESPACES} office:mimetype="{MIME}spreadsheet"><office:body><office:spreadsheet>'
        f"{sheet(shapes, row('Item', 'Price'), row('A', '100'))}</office:spreadsheet></office:body></office:document>"
    )


@table(styled(*entry) for entry in STYLED)
def test_values_by_their_styles(case: Seen, tmp_path: Path) -> None:
    check(case, tmp_path)


@table(SHEETS)
def test_sheets(case: Seen, tmp_path: Path) -> None:
    check(case, tmp_path)


# rows of cells: text, whether it is struck out; a row is shown, filtered or in a closed group
_ROWS = st.lists(
    st.tuples(
        st.sampled_from(["", "filter", "group"]),
        st.lists(st.tuples(st.integers(0, 99), st.booleans()), min_size=1, max_size=4),
    ),
    min_size=1,
    max_size=6,
)


@settings(
    max_examples=50,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(rows=_ROWS, hidden=st.sets(st.integers(0, 3)), spans=st.lists(st.integers(1, 4), min_size=6, max_size=6))
def test_no_value_is_read_that_the_sheet_does_not_show(
    tmp_path: Path, rows: list[tuple[str, list[tuple[int, bool]]]], hidden: set[int], spans: list[int]
) -> None:
    columns = "".join(
        "<table:table-column table:visibility='" + ("collapse" if place in hidden else "visible") + "'/>"
        for place in range(4)
    )
    lines = []
    for index, (state, cells) in enumerate(rows):
        line = ""
        for place, (figure, is_struck) in enumerate(cells):
            is_shown = not state and place not in hidden and not is_struck
            attributes = 'table:style-name="ce2"' if is_struck else ""
            if place == 0 and is_shown:
                attributes += f' table:number-rows-spanned="{spans[index]}"'
            line += cell(f"{'S' if is_shown else 'H'}{figure}", attributes)
        line = row(line, attributes="table:visibility='filter'" if state == "filter" else "")
        lines.append(
            f'<table:table-row-group table:display="false">{line}</table:table-row-group>' if state == "group" else line
        )
    path = tmp_path / "a.ods"
    package(sheet(columns, *lines), style("ce2", "table-cell", 'style:text-line-through-style="solid"'))(path)
    document = read_file(path)
    assert not re.search(r"H\d", "".join(unit.text for unit in document.units))
