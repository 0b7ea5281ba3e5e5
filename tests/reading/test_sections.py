from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import docx
import pytest
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls

from ragapp.reading.blocks import LONGEST, SHORT, BlockBuilder, page_units, section_units
from ragapp.reading.document import Document, Unit
from ragapp.reading.registry import read_file

LONG_TEXT = "Sentence number one is here. " * 60  # 1,740 characters


def _built(fill: Callable[[BlockBuilder], None]) -> list[Unit]:
    out = BlockBuilder()
    fill(out)
    units = section_units(out)
    assert [block for unit in units for block in unit.blocks] == out.blocks
    assert [unit.number for unit in units] == list(range(1, len(units) + 1))
    return units


def _labels(units: list[Unit]) -> list[str]:
    return [unit.label for unit in units]


def test_a_short_document_stays_one_unit() -> None:
    def fill(out: BlockBuilder) -> None:
        for number in range(5):
            out.heading(1, f"Heading {number}")
            out.text("x" * (SHORT // 5 - 30))

    assert [(unit.kind, unit.label) for unit in _built(fill)] == [("document", "")]


def test_cut_at_the_outermost_headings_below_the_title() -> None:
    def fill(out: BlockBuilder) -> None:
        out.heading(0, "The title")
        out.heading(1, "Scope")
        out.text(LONG_TEXT)
        out.heading(2, "Detail")
        out.text("more")
        out.heading(1, "Rates")
        out.heading(2, "Cars")
        out.text(LONG_TEXT)

    units = _built(fill)
    assert {unit.kind for unit in units} == {"section"}
    # a heading right below another one goes with it
    assert _labels(units) == ["Scope", "Cars"]
    assert units[0].blocks[0].text == "The title"


def test_an_introduction_is_a_section_of_its_own() -> None:
    def fill(out: BlockBuilder) -> None:
        out.text("before any heading")
        out.heading(1, "A")
        out.text(LONG_TEXT)
        out.heading(1, "B")
        out.text(LONG_TEXT)

    assert _labels(_built(fill)) == ["", "A", "B"]


def test_long_sections_are_cut_at_the_headings_inside() -> None:
    def fill(out: BlockBuilder) -> None:
        for chapter in "AB":
            out.heading(1, chapter)
            for part in range(1, 4):
                out.heading(2, f"{chapter}{part}")
                for _ in range(4 if chapter == "A" else 1):
                    out.text(LONG_TEXT)

    assert _labels(_built(fill)) == ["A1", "A2", "A3", "B1"]


def test_text_without_headings_is_cut_into_parts() -> None:
    def fill(out: BlockBuilder) -> None:
        for _ in range(40):
            out.text(LONG_TEXT)

    units = _built(fill)
    assert _labels(units) == ["part 1", "part 2", "part 3", "part 4"]
    assert max(len(unit.text) for unit in units) < LONGEST + 100


def test_an_endless_paragraph_is_cut_at_sentence_ends() -> None:
    out = BlockBuilder()
    out.text("One more sentence. " * 5000)
    units = section_units(out)
    assert len(units) > 3
    assert all(unit.text.endswith("sentence.") for unit in units)
    assert " ".join(unit.text for unit in units) == out.blocks[0].text.strip()


def test_a_long_heading_is_a_shortened_label() -> None:
    def fill(out: BlockBuilder) -> None:
        for letter in "ab":
            out.heading(1, letter * 200)
            out.text(LONG_TEXT)

    assert [len(label) for label in _labels(_built(fill))] == [80, 80]


@pytest.mark.parametrize("line", ["Paragraph {}, line one\nline two\n", "Entry {} of a log without blank lines"])
def test_plain_text_says_its_lines(tmp_path: Path, line: str) -> None:
    (tmp_path / "a.txt").write_text("\n".join(line.format(number) for number in range(600)))
    document = read_file(tmp_path / "a.txt")
    assert len(document.units) > 2
    text = (tmp_path / "a.txt").read_text().split("\n")
    for unit in document.units:
        first, last = map(int, unit.label.removeprefix("lines ").split("-"))
        assert text[first - 1] == unit.text.split("\n")[0]
        assert text[last - 1] == unit.text.split("\n")[-1]


def test_plain_text_with_form_feeds_has_pages(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\n\fdeux\n\f\n\fquatre\f\n")
    assert [(u.number, u.kind, u.text) for u in read_file(tmp_path / "a.txt").units] == [
        (1, "page", "one"),
        (2, "page", "deux"),
        (3, "page", ""),
        (4, "page", "quatre"),
    ]


# --- pages of Word

APP = "application/vnd.openxmlformats-officedocument.extended-properties+xml"
PROPERTIES = "http://schemas.openxmlformats.org/officeDocument/2006/extended-properties"


def _docx(tmp_path: Path, pages: int, fill: Callable[[Any], None]) -> Document:
    document = docx.Document()
    package = document.part.package
    for name, relation in list(package.rels.items()):
        if relation.reltype.endswith("/extended-properties"):
            del package.rels[name]
    blob = f'<Properties xmlns="{PROPERTIES}"><Pages>{pages}</Pages></Properties>'.encode()
    package.relate_to(Part(PackURI("/docProps/app2.xml"), APP, blob, package), RELATIONSHIP_TYPE.EXTENDED_PROPERTIES)
    fill(document)
    document.save(str(tmp_path / "a.docx"))
    return read_file(tmp_path / "a.docx")


def _break(paragraph: Any, before: str = "", after: str = "") -> None:
    for text in (before, None, after):
        run = paragraph.add_run(text or "")
        if text is None:
            run._r.append(OxmlElement("w:lastRenderedPageBreak"))


def _pages(document: Any) -> None:
    document.add_paragraph("first")
    _break(document.add_paragraph(), "", "second")
    _break(document.add_paragraph(), "begins here", " and goes on")
    table = document.add_table(3, 2)
    for place, text in enumerate("AB1234"):
        table.cell(place // 2, place % 2).text = text
    for cell in table.rows[2].cells:
        cell.paragraphs[0]._p.insert(0, parse_xml(f"<w:r {nsdecls('w')}><w:lastRenderedPageBreak/></w:r>"))


def test_docx_pages_where_the_breaks_are_as_many_as_the_document_says(tmp_path: Path) -> None:
    document = _docx(tmp_path, 4, _pages)
    head = "| A | B |\n| --- | --- |\n"
    assert [(unit.number, unit.kind, unit.text) for unit in document.units] == [
        (1, "page", "first"),
        (2, "page", "second\n\nbegins here and goes on"),
        (3, "page", f"{head}| 1 | 2 |"),
        (4, "page", f"{head}| 3 | 4 |"),
    ]


@pytest.mark.parametrize("pages", [0, 3, 5])
def test_docx_pages_that_do_not_add_up_are_not_shown(tmp_path: Path, pages: int) -> None:
    assert [unit.kind for unit in _docx(tmp_path, pages, _pages).units] == ["document"]


def test_pages_keep_their_headings() -> None:
    out = BlockBuilder()
    out.heading(1, "A")
    out.text("one")
    out.page_break()
    out.text("two")
    assert [unit.blocks[-1].headings for unit in page_units(out, 2)] == [("A",), ("A",)]


# --- formulas


def test_docx_formulas_keep_their_fractions_and_powers(tmp_path: Path) -> None:
    space = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'

    def run(text: str) -> str:
        return f"<m:r><m:t>{text}</m:t></m:r>"

    fraction = f"<m:f><m:num>{run('a+b')}</m:num><m:den>{run('2')}</m:den></m:f>"
    power = f"<m:sSup><m:e>{run('10')}</m:e><m:sup>{run('-6')}</m:sup></m:sSup>"
    root = f"<m:rad><m:deg/><m:e>{run('x')}</m:e></m:rad>"

    def fill(document: Any) -> None:
        math = f"<m:oMath {space}>{run('y=')}{fraction}{power}{root}</m:oMath>"
        document.element.body.insert(0, parse_xml(f"<w:p {nsdecls('w')}><w:r><w:t>So </w:t></w:r>{math}</w:p>"))

    assert _docx(tmp_path, 1, fill).units[0].text == "So y=(a+b)/2 10^-6√x"
