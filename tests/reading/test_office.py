from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pptx
import pytest
from docx.enum.style import WD_STYLE_TYPE
from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from ragapp.errors import ReadingError
from ragapp.reading import package
from ragapp.reading.document import Document
from ragapp.reading.excel.xlsx import read_xlsx
from ragapp.reading.powerpoint.reader import read_pptx
from ragapp.reading.word.reader import read_docx

READERS = {".docx": read_docx, ".xlsx": read_xlsx, ".pptx": read_pptx}
NAMESPACES = nsdecls("w") + ' xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'


def _docx(tmp_path: Path, fill: Callable[[Any], None]) -> Document:
    document = docx.Document()
    fill(document)
    document.save(str(tmp_path / "file.docx"))
    return read_docx(tmp_path / "file.docx")


def _xlsx(tmp_path: Path, *rows: list[Any]) -> Document:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    return _saved(tmp_path, book)


def _saved(tmp_path: Path, book: Any) -> Document:
    book.save(tmp_path / "file.xlsx")
    return read_xlsx(tmp_path / "file.xlsx")


def _pptx(tmp_path: Path, fill: Callable[[Any], None]) -> Document:
    deck = pptx.Presentation()
    fill(deck)
    deck.save(str(tmp_path / "file.pptx"))
    return read_pptx(tmp_path / "file.pptx")


def _blocks(document: Document, unit: int = 0) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(block.kind, block.text, block.headings) for block in document.units[unit].blocks]


def _made(tmp_path: Path, suffix: str) -> Path:
    path = tmp_path / f"good{suffix}"
    if suffix == ".docx":
        docx.Document().save(str(path))
    elif suffix == ".xlsx":
        openpyxl.Workbook().save(path)
    else:
        pptx.Presentation().save(str(path))
    return path


def _repacked(path: Path, change: Callable[[str, bytes], bytes]) -> None:
    with zipfile.ZipFile(path) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, data in parts.items():
            package.writestr(name, change(name, data))


# --- Word


def test_docx_headings_paragraphs_lists_and_tables_in_order(tmp_path: Path) -> None:
    def fill(document: Any) -> None:
        document.add_heading("Policy", 0)
        document.add_paragraph("Intro\u00a0text")
        document.add_heading("Scope", 1)
        document.add_paragraph("first", style="List Bullet")
        document.add_paragraph("second", style="List Number")
        table = document.add_table(2, 2)
        for place, text in enumerate(["A", "B", "1|2", "x\ny"]):
            table.cell(place // 2, place % 2).text = text
        document.add_heading("Detail", 2)
        document.add_paragraph("")
        document.add_heading("End", 1)

    document = _docx(tmp_path, fill)
    scope = ("Policy", "Scope")
    assert (document.title, document.units[0].kind) == ("Policy", "document")
    assert _blocks(document) == [
        ("heading", "Policy", ("Policy",)),
        ("text", "Intro text", ("Policy",)),
        ("heading", "Scope", scope),
        ("text", "- first\n1. second", scope),
        ("table", "| A | B |\n| --- | --- |\n| 1\\|2 | x y |", scope),
        ("heading", "Detail", (*scope, "Detail")),
        ("heading", "End", ("Policy", "End")),
    ]


@pytest.mark.parametrize("case", ["localized name", "base style", "outline of the style", "outline of the paragraph"])
def test_docx_headings_of_other_styles(tmp_path: Path, case: str) -> None:
    def fill(document: Any) -> None:
        outline = parse_xml(f'<w:outlineLvl {nsdecls("w")} w:val="0"/>')
        name = "Titre 1" if case == "localized name" else "Chapitre"
        style = document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        paragraph = document.add_paragraph("Objet", style=style)
        if case == "base style":
            style.base_style = document.styles["Heading 1"]
        elif case == "outline of the style":
            style.element.get_or_add_pPr().append(outline)
        elif case == "outline of the paragraph":
            paragraph._p.get_or_add_pPr().append(outline)

    assert _blocks(_docx(tmp_path, fill)) == [("heading", "Objet", ("Objet",))]


@pytest.mark.parametrize(("title", "expected"), [("Contract 7", "Contract 7"), ("", "file"), ("Word Document", "file")])
def test_docx_title(tmp_path: Path, title: str, expected: str) -> None:
    def fill(document: Any) -> None:
        document.core_properties.title = title

    document = _docx(tmp_path, fill)
    assert document.title == expected
    assert document.units[0].blocks == []


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        ("<w:r><w:t>a</w:t></w:r><w:ins><w:r><w:t>b</w:t></w:r></w:ins>", "ab"),
        ("<w:r><w:t>a</w:t></w:r><w:del><w:r><w:delText>c</w:delText></w:r></w:del>", "a"),
        ("<w:hyperlink><w:r><w:t>the link</w:t></w:r></w:hyperlink>", "the link"),
        ("<w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t><w:noBreakHyphen/><w:t>d</w:t></w:r>", "a\tb\nc-d"),
        ("<w:sdt><w:sdtContent><w:r><w:t>control</w:t></w:r></w:sdtContent></w:sdt>", "control"),
        ("<w:r><w:instrText>PAGE</w:instrText></w:r><w:r><w:t>7</w:t></w:r>", "7"),
        (
            "<w:r><w:t>para</w:t><mc:AlternateContent><mc:Choice><w:txbxContent><w:p><w:r><w:t>box</w:t></w:r></w:p>"
            "</w:txbxContent></mc:Choice><mc:Fallback><w:txbxContent><w:p><w:r><w:t>box</w:t></w:r></w:p>"
            "</w:txbxContent></mc:Fallback></mc:AlternateContent></w:r>",
            "para\n\nbox",
        ),
    ],
)
def test_docx_text_inside_paragraphs(tmp_path: Path, inner: str, expected: str) -> None:
    def fill(document: Any) -> None:
        document.element.body.insert(0, parse_xml(f"<w:p {NAMESPACES}>{inner}</w:p>"))

    assert _docx(tmp_path, fill).units[0].text == expected


def test_docx_content_controls_and_insertions_around_paragraphs(tmp_path: Path) -> None:
    def fill(document: Any) -> None:
        control = "<w:sdtContent><w:p><w:r><w:t>inside</w:t></w:r></w:p></w:sdtContent>"
        document.element.body.insert(0, parse_xml(f"<w:sdt {NAMESPACES}>{control}</w:sdt>"))

    assert _docx(tmp_path, fill).units[0].text == "inside"


def test_docx_merged_cells(tmp_path: Path) -> None:
    def fill(document: Any) -> None:
        table = document.add_table(3, 3)
        for row, texts in enumerate([["Year", "Sales", ""], ["2024", "1", "2"], ["", "3", "4"]]):
            for column, text in enumerate(texts):
                table.cell(row, column).text = text
        table.cell(0, 1).merge(table.cell(0, 2))
        table.cell(1, 0).merge(table.cell(2, 0))

    expected = "| Year | Sales | Sales |\n| --- | --- | --- |\n| 2024 | 1 | 2 |\n| 2024 | 3 | 4 |"
    assert _docx(tmp_path, fill).units[0].text == expected


def test_docx_a_table_of_one_cell_is_a_frame(tmp_path: Path) -> None:
    def fill(document: Any) -> None:
        cell = document.add_table(1, 1).cell(0, 0)
        cell.text = "one"
        cell.add_paragraph("two")

    assert [text for _, text, _ in _blocks(_docx(tmp_path, fill))] == ["one", "two"]


def test_docx_headers_and_footers_are_read_once(tmp_path: Path) -> None:
    def fill(document: Any) -> None:
        document.sections[0].header.paragraphs[0].text = "confidential"
        document.add_section()
        document.sections[1].footer.paragraphs[0].text = "Page 3"
        document.add_paragraph("body")

    assert _docx(tmp_path, fill).units[0].text == "body\n\nHeaders and footers\n\nHeader: confidential"


def test_docx_footnotes_follow_the_body(tmp_path: Path) -> None:
    def note(number: int, text: str, attributes: str = "") -> str:
        return f'<w:footnote w:id="{number}" {attributes}><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:footnote>'

    body = [("the body", 3), (" goes on", 2)]

    def fill(document: Any) -> None:
        runs = "".join(f'<w:r><w:t>{text}</w:t><w:footnoteReference w:id="{note}"/></w:r>' for text, note in body)
        document.element.body.insert(0, parse_xml(f"<w:p {NAMESPACES}>{runs}</w:p>"))
        notes = (
            note(0, "line", 'w:type="separator"')
            + note(2, "see § 4")
            + note(3, "ibid.")
            + note(4, "nobody refers to it")
        )
        blob = f"<w:footnotes {nsdecls('w')}>{notes}</w:footnotes>".encode()
        part = Part(PackURI("/word/footnotes.xml"), CONTENT_TYPE.WML_FOOTNOTES, blob, document.part.package)
        document.part.relate_to(part, RELATIONSHIP_TYPE.FOOTNOTES)

    assert _docx(tmp_path, fill).units[0].text == (
        "the body [note 1] goes on [note 2]\n\nFootnote 1: ibid.\n\nFootnote 2: see § 4"
    )


# --- Excel


def test_xlsx_sheets_titles_and_separate_tables(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    first = book.active
    first.title = "Tarifs"
    rows = {3: ["Price list"], 4: ["A", "B"], 5: ["x", 1], 8: ["C", "D"], 9: [2, 3], 11: ["Note: net"]}
    for row, values in rows.items():
        for column, value in enumerate(values, start=3):
            first.cell(row, column, value)
    book.create_sheet("Secret").sheet_state = "hidden"
    book["Secret"]["A1"] = "hidden text"
    book.create_sheet("Vide")
    document = _saved(tmp_path, book)
    assert [(unit.number, unit.label) for unit in document.units] == [(1, "Tarifs"), (3, "Vide")]
    assert {unit.kind for unit in document.units} == {"sheet"}
    assert _blocks(document) == [
        ("heading", "Price list", ("Price list",)),
        ("table", "| A | B |\n| --- | --- |\n| x | 1 |", ("Price list",)),
        ("table", "| C | D |\n| --- | --- |\n| 2 | 3 |", ("Price list",)),
        ("text", "Note: net", ("Price list",)),
    ]
    assert document.units[1].blocks == []
    assert document.warnings == ['The hidden sheet "Secret" was skipped.']


@pytest.mark.parametrize(
    ("value", "shape", "shown"),
    [
        (datetime(2025, 4, 14), "dd/mm/yyyy", "14/04/2025"),
        (date(2025, 4, 14), "d mmm yy", "14 Apr 25"),
        (datetime(2025, 4, 14, 8, 30), "dd/mm/yyyy hh:mm", "14/04/2025 08:30"),
        (time(8, 30), "hh:mm", "08:30"),
        (5.0, "General", "5"),
        (0.1 + 0.2, "General", "0.3"),
        (1234.5, "#,##0.00", "1,234.50"),
        (-7, "0", "-7"),
        (0.125, "0%", "13%"),
        (0.0725, "0.00%", "7.25%"),
        (0.07, "0.0#%", "7.0%"),
        (1067, "00000", "01067"),
        (True, "General", "TRUE"),
        ("#N/A", "General", "#N/A"),
        (" text\u00a0here ", "General", "text here"),
        (10**15, "General", "1E+15 (in full: 1000000000000000)"),
    ],
)
def test_xlsx_values(tmp_path: Path, value: Any, shape: str, shown: str) -> None:
    book = openpyxl.Workbook()
    book.active["A1"], book.active["B1"] = value, "other"
    book.active["A1"].number_format = shape
    assert _saved(tmp_path, book).units[0].text.splitlines()[0] == f"| {shown} | other |"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([["Names"], ["Ann"], ["Bob"]], "| Names |\n| --- |\n| Ann |\n| Bob |"),
        ([["Title"], [], ["A", "B"], [1, 2]], "Title\n\n| A | B |\n| --- | --- |\n| 1 | 2 |"),
        ([["A", "B"], [1, 2], [], ["one"], ["two"]], "| A | B |\n| --- | --- |\n| 1 | 2 |\n\none\ntwo"),
        ([[None, "Total"], ["x", 1]], "|  | Total |\n| --- | --- |\n| x | 1 |"),
        ([["a|b", "c\nd"]], "| a\\|b | c d |\n| --- | --- |"),
        ([], ""),
    ],
)
def test_xlsx_layouts(tmp_path: Path, rows: list[list[Any]], expected: str) -> None:
    assert _xlsx(tmp_path, *rows).units[0].text == expected


def test_xlsx_a_row_number_beyond_any_sheet_does_not_hang(tmp_path: Path) -> None:
    _xlsx(tmp_path, ["a", "b"], [1, 2])
    _repacked(tmp_path / "file.xlsx", lambda name, data: data.replace(b'<row r="2"', b'<row r="999999999"'))
    assert read_xlsx(tmp_path / "file.xlsx").units[0].text.startswith("| a | b |")


def test_xlsx_formulas_without_a_saved_result_are_told(tmp_path: Path) -> None:
    document = _xlsx(tmp_path, ["a", "b"], [1, "=A2*2"], [2, "=A3*2"])
    assert document.warnings == ["2 formulas have no saved result and are blank; open and save the file in Excel."]


def test_xlsx_formula_results_are_read(tmp_path: Path) -> None:
    _xlsx(tmp_path, ["a", "=A1&A1", "=IF(1,A1,A1)"])

    def change(name: str, data: bytes) -> bytes:
        for empty in (b"<v></v>", b"<v />", b"<v/>"):
            data = data.replace(b"<f>A1&amp;A1</f>" + empty, b"<f>A1&amp;A1</f><v>4</v>")
        return data.replace(b'<c r="C1">', b'<c r="C1" t="str">')

    _repacked(tmp_path / "file.xlsx", change)
    document = read_xlsx(tmp_path / "file.xlsx")
    assert document.units[0].text.startswith("| a | 4 |\n")
    assert document.warnings == []


# --- PowerPoint


def test_pptx_titles_text_tables_groups_and_notes(tmp_path: Path) -> None:
    def fill(deck: Any) -> None:
        slide = deck.slides.add_slide(deck.slide_layouts[5])
        low = slide.shapes.add_textbox(Inches(1), Inches(6), Inches(2), Inches(1))
        low.text_frame.text = "low"
        high = slide.shapes.add_textbox(Inches(1), Inches(2), Inches(2), Inches(1))
        high.text_frame.text = "high\x0bbreak"
        point = high.text_frame.add_paragraph()
        point.text, point.level = "point", 1
        group = slide.shapes.add_group_shape()
        group.shapes.add_textbox(Inches(1), Inches(4), Inches(1), Inches(1)).text_frame.text = "grouped"
        table = slide.shapes.add_table(3, 2, Inches(1), Inches(5), Inches(4), Inches(1)).table
        for row, texts in enumerate([["A", "B"], ["1", "2"], ["", "3"]]):
            for column, text in enumerate(texts):
                table.cell(row, column).text = text
        table.cell(1, 0).merge(table.cell(2, 0))
        slide.shapes.title.text = "Results"
        slide.notes_slide.notes_text_frame.text = "say this"
        deck.slides.add_slide(deck.slide_layouts[6])

    document = _pptx(tmp_path, fill)
    assert document.title == "Results"
    assert [(unit.number, unit.kind) for unit in document.units] == [(1, "slide"), (2, "slide")]
    assert _blocks(document) == [
        ("heading", "Results", ("Results",)),
        ("text", "high\nbreak\n- point", ("Results",)),
        ("text", "grouped", ("Results",)),
        ("table", "| A | B |\n| --- | --- |\n| 1 | 2 |\n| 1 | 3 |", ("Results",)),
        ("text", "low", ("Results",)),
        ("text", "Notes: say this", ("Results",)),
    ]
    assert document.units[1].blocks == []


def test_pptx_chart_values_are_a_table(tmp_path: Path) -> None:
    def fill(deck: Any) -> None:
        data = CategoryChartData()
        data.categories = ["2023", "2024"]
        data.add_series("Sales", (1.5, None))
        slide = deck.slides.add_slide(deck.slide_layouts[6])
        slide.shapes.add_chart(XL_CHART_TYPE.PIE, 0, 0, Inches(4), Inches(3), data)

    assert "|  | Sales |\n| --- | --- |\n| 2023 | 1.5 |\n| 2024 |  |" in _pptx(tmp_path, fill).units[0].text


def test_pptx_without_slides_has_one_unit(tmp_path: Path) -> None:
    document = _pptx(tmp_path, lambda deck: None)
    assert (document.title, len(document.units)) == ("file", 1)


# --- what is refused


@pytest.mark.parametrize("suffix", READERS)
@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"hello", "is not a"),
        (b"%PDF-1.7 ...", "a PDF"),
        (b"{\\rtf1}", "an RTF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "password-protected or in the old binary"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "is password-protected"),
        (b"PK\x03\x04 and then nothing", "damaged"),
    ],
)
def test_files_that_are_something_else(tmp_path: Path, suffix: str, data: bytes, said: str) -> None:
    path = tmp_path / f"bad{suffix}"
    path.write_bytes(data)
    with pytest.raises(ReadingError, match=said) as caught:
        READERS[suffix](path)
    assert caught.value.hint


@pytest.mark.parametrize("suffix", READERS)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_truncated_files(tmp_path: Path, suffix: str, share: float) -> None:
    path = _made(tmp_path, suffix)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(ReadingError, match="truncated or damaged"):
        READERS[suffix](path)


@pytest.mark.parametrize(
    ("suffix", "real", "said"),
    [(".docx", ".xlsx", "an Excel workbook, not a"), (".xlsx", ".pptx", "a PowerPoint"), (".pptx", ".docx", "a Word")],
)
def test_mislabelled_office_files(tmp_path: Path, suffix: str, real: str, said: str) -> None:
    with pytest.raises(ReadingError, match=said):
        READERS[suffix](_made(tmp_path, real))


@pytest.mark.parametrize(
    ("mimetype", "said"),
    [("application/vnd.oasis.opendocument.text", "an OpenDocument text, not a Word"), ("text/x", "of another kind")],
)
def test_another_zip_archive(tmp_path: Path, mimetype: str, said: str) -> None:
    with zipfile.ZipFile(tmp_path / "a.docx", "w") as archive:
        archive.writestr("mimetype", mimetype)
    with pytest.raises(ReadingError, match=said):
        read_docx(tmp_path / "a.docx")


@pytest.mark.parametrize(
    ("suffix", "part"),
    [(".docx", "word/document.xml"), (".xlsx", "xl/workbook.xml"), (".pptx", "ppt/presentation.xml")],
)
@pytest.mark.parametrize("content", [b"", b"<broken", b"<other/>", b"\xff\xfe\x00binary"])
def test_damaged_parts(tmp_path: Path, suffix: str, part: str, content: bytes) -> None:
    path = _made(tmp_path, suffix)
    _repacked(path, lambda name, data: content if name == part else data)
    with pytest.raises(ReadingError):
        READERS[suffix](path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize(
    ("suffix", "part"),
    [(".docx", "word/document.xml"), (".xlsx", "xl/worksheets/sheet1.xml"), (".pptx", "ppt/presentation.xml")],
)
def test_a_doctype_is_refused(tmp_path: Path, suffix: str, part: str, encoding: str) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("do not read")
    path = _made(tmp_path, suffix)
    padding = "<!--" + "x" * 100_000 + "-->"
    doctype = f'<!DOCTYPE d [<!ENTITY e SYSTEM "{secret.as_uri()}">]><d>&e;</d>'
    content = f'<?xml version="1.0" encoding="{encoding}"?>{padding}{doctype}'
    _repacked(path, lambda name, data: content.encode(encoding) if name == part else data)
    with pytest.raises(ReadingError, match="DOCTYPE"):
        READERS[suffix](path)


def test_a_file_that_expands_too_far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "MAX_EXPANDED", 1000)
    with pytest.raises(ReadingError, match="expands to"):
        read_docx(_made(tmp_path, ".docx"))


def test_a_decompression_bomb(tmp_path: Path) -> None:
    path = _made(tmp_path, ".xlsx")
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as package:
        package.writestr("xl/bomb.xml", bytes(32 * 1024 * 1024))
    with pytest.raises(ReadingError, match="bomb"):
        read_xlsx(path)


def test_a_zip_with_a_password(tmp_path: Path) -> None:
    path = _made(tmp_path, ".docx")
    data = bytearray(path.read_bytes())
    directory = data.index(b"PK\x01\x02")
    data[directory + 8] |= 1  # the flag of an encrypted member
    path.write_bytes(data)
    with pytest.raises(ReadingError, match="password-protected"):
        read_docx(path)


@pytest.mark.parametrize("suffix", READERS)
def test_strict_open_xml_is_read(tmp_path: Path, suffix: str) -> None:
    path = _made(tmp_path, suffix)
    plain = READERS[suffix](path)
    usual = re.compile(rb"http://schemas\.openxmlformats\.org/(\w+)/2006/(?!metadata|content)([\w/-]+)")

    def strict(name: re.Match[bytes]) -> bytes:
        if name[1] == b"package":
            return name[0]
        words = name[2].replace(b"extended-properties", b"extendedProperties")
        return b"http://purl.oclc.org/ooxml/" + name[1] + b"/" + words

    _repacked(path, lambda name, data: usual.sub(strict, data))
    read = READERS[suffix](path)
    assert [unit.text for unit in read.units] == [unit.text for unit in plain.units]


def test_absurd_numbers_in_a_document_do_no_harm(tmp_path: Path) -> None:
    def fill(document: Any) -> None:
        numbering = '<w:numPr><w:ilvl w:val="999999999"/><w:numId w:val="1"/></w:numPr>'
        item = f"<w:p {NAMESPACES}><w:pPr>{numbering}</w:pPr><w:r><w:t>item</w:t></w:r></w:p>"
        document.element.body.insert(0, parse_xml(item))
        table = document.add_table(1, 2)
        table.cell(0, 0).text = "wide"
        table.cell(0, 0)._tc.get_or_add_tcPr().append(parse_xml(f'<w:gridSpan {NAMESPACES} w:val="999999999"/>'))

    blocks = _blocks(_docx(tmp_path, fill))
    assert blocks[0][1].strip() == "- item"
    assert "wide" in blocks[1][1]
