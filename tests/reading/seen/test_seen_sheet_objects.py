from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import xlsxwriter
from openpyxl.comments import Comment
from PIL import Image

from ragapp.reading.document import ReadOptions
from tests.reading.seen.seenkit import Seen, check, table
from tests.reading.seen.xlsxkit import NAMES, by_openpyxl, by_xlsxwriter, merged, relations, rows, xlsx

DRAWING = (
    '<xdr:wsDr xmlns:xdr="http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing"'
    ' xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:r="http://schemas.openxmlformats.org'
    '/officeDocument/2006/relationships" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006">{}'
    "</xdr:wsDr>"
)


THREADS = "http://schemas.microsoft.com/office/2018/threadedcomments"


PEOPLE = "http://schemas.microsoft.com/office/2017/10/relationships"


PRICES = rows(["Item", "Price"], ["Bolt", 4], ["Nut", 2])


def shape(row: int, text: str, more: str = "") -> str:
    return (
        f"<xdr:twoCellAnchor><xdr:from><xdr:col>3</xdr:col><xdr:row>{row}</xdr:row></xdr:from><xdr:sp><xdr:nvSpPr>"
        f'<xdr:cNvPr id="{row + 2}" name="b" {more}/></xdr:nvSpPr><xdr:txBody><a:p><a:r><a:t>{text}</a:t></a:r></a:p>'
        "</xdr:txBody></xdr:sp></xdr:twoCellAnchor>"
    )


def drawn(shapes: str, **parts: str) -> Callable[[Path], None]:
    return xlsx(
        PRICES,
        after='<drawing r:id="rId1"/>',
        related=relations(("drawing", "../drawings/drawing1.xml")),
        parts={"xl/drawings/drawing1.xml": DRAWING.format(shapes)} | parts,
    )


def _commented(book: Any, sheet: Any) -> None:
    for line in (["Item", "Price"], ["Bolt", 4], ["Nut", 5]):
        sheet.append(line)
    sheet["B2"].comment = Comment("only until May", "Ann")
    sheet["B3"].comment = Comment("hidden remark", "Ann")
    sheet.row_dimensions[3].hidden = True


def _charted(book: Any, sheet: Any) -> None:
    sheet.write_column(0, 0, ["Post", "Rent", "Heat"])
    sheet.write_column(0, 1, ["Euro", 800, 90])
    chart = book.add_chart({"type": "column"})
    chart.add_series(
        {
            "name": "=S!$B$1",
            "categories": "=S!$A$2:$A$3",
            "values": "=S!$B$2:$B$3",
            "categories_data": ["Rent", "Heat"],
            "values_data": [800, 90],
        }
    )
    chart.set_title({"name": "Costs of 2025"})
    sheet.insert_chart("D2", chart)


def _chart_sheet(book: Any, sheet: Any) -> None:
    sheet.write_column(0, 0, ["Euro", 800, 90])
    chart = book.add_chart({"type": "line"})
    chart.add_series({"values": "=S!$A$2:$A$3", "values_data": [800, 90]})
    chart.set_title({"name": "Only a chart"})
    book.add_chartsheet("Graph").set_chart(chart)


def _running(book: Any, sheet: Any) -> None:
    for name in ("S2", "S3"):
        book.add_worksheet(name).set_header("&LConfidential &A&C&P of &N&R&D")
    sheet.write_row(0, 0, ["a", "b"])
    sheet.set_header('&L&"Arial,Bold"&12Draft && sketch&CPage &P of &N')
    sheet.set_footer("&RKept by unit 7")


def control(state: str, ctrl: str | None = None) -> Callable[[Path], None]:
    vml = (
        '<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:x="urn:schemas-microsoft-com:office:excel">'
        '<v:shape id="_x0000_s1025"><v:textbox><div><font>Paid<br></font></div></v:textbox>'
        f'<x:ClientData ObjectType="Checkbox">{state}</x:ClientData></v:shape></xml>'
    )
    entries = [("vmlDrawing", "../drawings/v.vml"), *([("ctrlProp", "../ctrlProps/c.xml")] if ctrl is not None else [])]
    controls = '<controls><control shapeId="1025" r:id="rId2" name="c"/></controls>' if ctrl is not None else ""
    return xlsx(
        PRICES,
        after='<legacyDrawing r:id="rId1"/>' + controls,
        related=relations(*entries),
        parts={
            "xl/drawings/v.vml": vml.replace("<br>", ""),
            "xl/ctrlProps/c.xml": f'<formControlPr {NAMES} objectType="CheckBox" {ctrl or ""}/>',
        },
    )


def pictured(width: int) -> Callable[[Path], None]:
    def build(path: Path) -> None:
        picture = path.with_suffix(".png")
        Image.new("RGB", (width, width // 2), "white").save(picture)
        with xlsxwriter.Workbook(str(path)) as book:
            sheet = book.add_worksheet("S")
            for number, line in enumerate((["Item", "Price"], ["Bolt", 4])):
                sheet.write_row(number, 0, line)
            sheet.insert_image("D2", str(picture))

    return build


BESIDE = [
    Seen(
        "notes at cells",
        ".xlsx",
        by_openpyxl(_commented),
        sees=("Note on B2 (Bolt): only until May",),
        never=("remark",),
        warns=("hidden row",),
        source="ISO/IEC 29500-1, 18.7.3",
    ),
    Seen(
        "threaded comments with replies",
        ".xlsx",
        xlsx(
            PRICES,
            related=relations(
                ("comments", "../comments1.xml"), (f"{PEOPLE}/threadedComment", "../threadedComments/t.xml")
            ),
            book_related=[(f"{PEOPLE}/person", "persons/person.xml")],
            parts={
                "xl/comments1.xml": f'<comments {NAMES}><commentList><comment ref="B2"><text><t>[Threaded comment] Your'
                " version of Excel allows you to read this</t></text></comment></commentList></comments>",
                "xl/threadedComments/t.xml": f'<ThreadedComments xmlns="{THREADS}"><threadedComment ref="B2"'
                ' personId="p" id="1"><text>too dear?</text></threadedComment>'
                '<threadedComment ref="B2" personId="q" id="2" parentId="1">'
                "<text>agreed, 3</text></threadedComment></ThreadedComments>",
                "xl/persons/person.xml": f'<personList xmlns="{THREADS}"><person displayName="Ann" id="p"/>'
                '<person displayName="Bob" id="q"/></personList>',
            },
        ),
        sees=("Comment on B2 (Bolt) by Ann: too dear?", "Reply on B2 (Bolt) by Bob: agreed, 3"),
        never=("Your version",),
        source="MS-XLSX, 2.1.16",
    ),
    Seen(
        "text boxes from top to bottom",
        ".xlsx",
        drawn(shape(9, "Below.") + shape(2, "Prices without tax.")),
        sees=(re.compile("(?s)Prices without tax.*Below"),),
        source="ISO/IEC 29500-1, 20.5.2.29",
    ),
    Seen(
        "hidden shape",
        ".xlsx",
        drawn(shape(2, "Seen.") + shape(3, "SECRET", 'hidden="1"')),
        sees=("Seen.",),
        never=("SECRET",),
        source="ISO/IEC 29500-1, 20.5.2.7",
    ),
    Seen(
        "shapes in groups",
        ".xlsx",
        drawn(
            "<xdr:twoCellAnchor><xdr:from><xdr:col>1</xdr:col><xdr:row>2</xdr:row></xdr:from><xdr:grpSp><xdr:grpSp>"
            + shape(1, "Deep inside.")[len("<xdr:twoCellAnchor>") :]
            .split("</xdr:from>")[1]
            .replace("</xdr:twoCellAnchor>", "")
            + "</xdr:grpSp></xdr:grpSp></xdr:twoCellAnchor>"
        ),
        sees=("Deep inside.",),
        source="ISO/IEC 29500-1, 20.5.2.17",
    ),
    Seen(
        "chart of a sheet",
        ".xlsx",
        by_xlsxwriter(_charted),
        sees=("Costs of 2025", re.compile(r"\|  \| Euro \|\n\| --- \| --- \|\n\| Rent \| 800 \|")),
        source="ISO/IEC 29500-1, 21.2",
    ),
    Seen(
        "sheet that is a chart",
        ".xlsx",
        by_xlsxwriter(_chart_sheet),
        sees=("Only a chart", "| 2 | 90 |"),
        source="ISO/IEC 29500-1, 18.3.1.12",
    ),
    Seen(
        "page header and footer",
        ".xlsx",
        by_xlsxwriter(_running),
        sees=("Page header or footer: Draft & sketch; Kept by unit 7",),
        never=("Page of", "Arial"),
        source="ISO/IEC 29500-1, 18.3.1.46",
    ),
    Seen("ticked check box", ".xlsx", control("<x:Checked>1</x:Checked>"), sees=("☒ Paid",), source="Excel"),
    Seen(
        "check box whose newer properties hold",
        ".xlsx",
        control("<x:Checked>1</x:Checked>", 'checked="Unchecked"'),
        sees=("☐ Paid",),
        source="MS-XLSX, 2.4 (formControlPr)",
    ),
    Seen(
        "a picture of text",
        ".xlsx",
        pictured(800),
        options=ReadOptions(ocr="off"),
        sees=("| Bolt | 4 |",),
        warns=("1 picture was left out (sheet S).", "ingest.ocr"),
        source="Excel",
    ),
    Seen(
        "a logo is no picture of text",
        ".xlsx",
        pictured(60),
        options=ReadOptions(ocr="off"),
        sees=("| Bolt | 4 |",),
        source="Excel",
    ),
    Seen(
        "linked pictures are told",
        ".xlsx",
        drawn(
            "<xdr:oneCellAnchor><xdr:from><xdr:col>1</xdr:col><xdr:row>2</xdr:row></xdr:from><xdr:pic/></xdr:oneCellAnchor>"
        ),
        sees=("| Bolt | 4 |",),
        warns=("1 picture was left out (sheet S)",),
        source="Excel",
    ),
    Seen(
        "embedded documents are told",
        ".xlsx",
        xlsx(
            PRICES, after='<oleObjects><oleObject progId="Word.Document.12" shapeId="1026" r:id="rId9"/></oleObjects>'
        ),
        sees=("| Bolt | 4 |",),
        warns=("1 embedded document was left out (sheet S)",),
        source="ISO/IEC 29500-1, 18.3.1.59",
    ),
]


BROKEN = [
    Seen(
        "a missing part costs itself",
        ".xlsx",
        xlsx(
            PRICES,
            sheets='<sheet name="Gone" sheetId="2" r:id="rId2"/>',
            book_related=[("worksheet", "worksheets/sheet9.xml")],
        ),
        sees=("| Bolt | 4 |",),
        warns=("sheet9.xml is missing",),
        source="Excel repairs such files",
    ),
    Seen(
        "styles with attributes that are not known",
        ".xlsx",
        xlsx(
            PRICES,
            book_related=[("styles", "styles.xml"), ("styles", "styles.xml"), ("theme", "none.xml")],
            parts={
                "xl/styles.xml": f'<styleSheet {NAMES}><fonts><font><x y="1"/></font></fonts><cellXfs>'
                '<xf numFmtId="many" fontId="-3" odd="1"/></cellXfs></styleSheet>'
            },
        ),
        sees=("| Bolt | 4 |",),
        source="Excel opens such files",
    ),
    Seen(
        "a sheet without its end",
        ".xlsx",
        xlsx(parts={"xl/worksheets/sheet1.xml": f"<worksheet {NAMES}><sheetData>{PRICES}<row r='4'><c r='A4'><v>1"}),
        sees=("| Nut | 2 |",),
        warns=('The sheet "S" is damaged after row 3',),
        source="Excel repairs such files",
    ),
    Seen(
        "texts whose table is missing",
        ".xlsx",
        xlsx(PRICES + '<row r="4"><c r="A4" t="s"><v>7</v></c><c r="B4"><v>3</v></c></row>'),
        sees=("|  | 3 |",),
        warns=("1 texts are missing",),
        source="Excel repairs such files",
    ),
    Seen(
        "merged over the whole sheet",
        ".xlsx",
        xlsx(PRICES, after=merged("A1:XFD1048576", "A1:B2", "B2:C9")),
        sees=("Item",),
        never=("Bolt",),
        source="Excel shows the first cell only",
    ),
]


@table([*BESIDE, *BROKEN])
def test_seen(case: Seen, tmp_path: Path) -> None:
    check(case, tmp_path)
