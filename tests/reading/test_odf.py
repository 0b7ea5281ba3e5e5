from __future__ import annotations

from pathlib import Path

import pytest
from packagekit import NAMESPACES, write_odf

from ragapp.errors import ReadingError
from ragapp.reading.document import Document
from ragapp.reading.registry import read_file


def _read(path: Path) -> Document:
    return read_file(path)


def _blocks(document: Document, unit: int = 0) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(block.kind, block.text, block.headings) for block in document.units[unit].blocks]


def _odt(tmp_path: Path, body: str, **parts: str) -> Document:
    return _read(write_odf(tmp_path / "file.odt", body, **parts))


def _p(text: str, style: str = "") -> str:
    return f'<text:p text:style-name="{style}">{text}</text:p>'


def _cell(text: str, attributes: str = "") -> str:
    return f"<table:table-cell {attributes}><text:p>{text}</text:p></table:table-cell>"


def _row(*cells: str, attributes: str = "") -> str:
    return f"<table:table-row {attributes}>{''.join(cells)}</table:table-row>"


def test_headings_paragraphs_lists_tables_and_notes(tmp_path: Path) -> None:
    note = (
        '<text:note text:note-class="footnote"><text:note-citation>1</text:note-citation>'
        "<text:note-body><text:p>see § 4</text:p></text:note-body></text:note>"
    )
    body = (
        '<text:h text:outline-level="1">Règlement</text:h>'
        + _p(f'L’été<text:s text:c="2"/>à<text:tab/>Noël{note}<text:line-break/>fin')
        + '<text:h text:outline-level="2">Portée</text:h>'
        "<text:list><text:list-item><text:p>un</text:p><text:list><text:list-item><text:p>inner</text:p>"
        "</text:list-item></text:list></text:list-item><text:list-item><text:p>deux</text:p></text:list-item></text:list>"
        "<table:table><table:table-header-rows>"
        + _row(_cell("Année"), _cell("Ventes", 'table:number-columns-spanned="2"'))
        + "</table:table-header-rows>"
        + _row(_cell("2024", 'table:number-rows-spanned="2"'), _cell("1"), _cell("2"))
        + _row("<table:covered-table-cell/>", _cell("3"), _cell("4"))
        + "</table:table>"
    )
    document = _odt(tmp_path, body, meta="<dc:title>Le titre</dc:title>")
    scope = ("Règlement", "Portée")
    assert (document.title, document.units[0].kind) == ("Le titre", "document")
    assert _blocks(document) == [
        ("heading", "Règlement", ("Règlement",)),
        ("text", "L’été  à\tNoël [note 1]\nfin", ("Règlement",)),
        ("heading", "Portée", scope),
        ("text", "- un\n  - inner\n- deux", scope),
        ("table", "| Année | Ventes | Ventes |\n| --- | --- | --- |\n| 2024 | 1 | 2 |\n| 2024 | 3 | 4 |", scope),
        ("text", "Footnote 1: see § 4", scope),
    ]


@pytest.mark.parametrize(
    "hidden",
    [
        "<text:tracked-changes><text:changed-region><text:deletion><text:p>gone</text:p></text:deletion>"
        "</text:changed-region></text:tracked-changes>",
        "<text:table-of-content><text:index-body><text:p>gone</text:p></text:index-body></text:table-of-content>",
        "<text:p>a<text:ruby><text:ruby-base>b</text:ruby-base><text:ruby-text>gone</text:ruby-text></text:ruby></text:p>",
    ],
)
def test_what_is_no_text_of_the_document_is_left_out(tmp_path: Path, hidden: str) -> None:
    text = _odt(tmp_path, hidden + _p("kept")).units[0].text
    assert "gone" not in text
    assert "kept" in text


def test_text_boxes_sections_and_frames(tmp_path: Path) -> None:
    box = "<draw:frame><draw:text-box><text:p>box</text:p></draw:text-box></draw:frame>"
    frame = f"<table:table>{_row(_cell('framed'))}</table:table>"
    body = f"<text:section>{_p('outer ' + box)}</text:section>{frame}"
    assert [text for _, text, _ in _blocks(_odt(tmp_path, body))] == ["outer", "box", "framed"]


PAGES = '<meta:document-statistic meta:page-count="{}"/>'
BREAK = '<style:style style:name="P9"><style:paragraph-properties fo:break-before="page"/></style:style>'


def test_pages_where_the_breaks_are_as_many_as_the_document_says(tmp_path: Path) -> None:
    body = _p("one") + "<text:soft-page-break/>" + _p("two <text:soft-page-break/>on") + _p("three") + _p("four", "P9")
    document = _odt(tmp_path, body, styles=BREAK, meta=PAGES.format(4))
    assert [(unit.number, unit.kind, unit.text) for unit in document.units] == [
        (1, "page", "one"),
        (2, "page", "two on"),
        (3, "page", "three"),
        (4, "page", "four"),
    ]
    document = _odt(tmp_path, body, styles=BREAK, meta=PAGES.format(5))
    assert [unit.kind for unit in document.units] == ["document"]


def test_a_table_over_two_pages_has_its_header_on_both(tmp_path: Path) -> None:
    rows = _row(_cell("A"), _cell("B")) + _row(_cell("1"), _cell("2"))
    table = f"<table:table>{rows}<text:soft-page-break/>{_row(_cell('3'), _cell('4'))}</table:table>"
    document = _odt(tmp_path, table, meta=PAGES.format(2))
    head = "| A | B |\n| --- | --- |\n"
    assert [unit.text for unit in document.units] == [f"{head}| 1 | 2 |", f"{head}| 3 | 4 |"]


def test_slides_with_titles_tables_and_notes(tmp_path: Path) -> None:
    body = (
        "<draw:page><draw:frame><draw:text-box><text:list><text:list-item><text:p>point</text:p></text:list-item>"
        '</text:list></draw:text-box></draw:frame><draw:frame presentation:class="title"><draw:text-box>'
        "<text:p>Résultats</text:p></draw:text-box></draw:frame>"
        f"<draw:frame><table:table>{_row(_cell('A'), _cell('B'))}{_row(_cell('1'), _cell('2'))}</table:table>"
        "</draw:frame>"
        '<draw:frame presentation:class="footer"><draw:text-box><text:p>foot</text:p></draw:text-box></draw:frame>'
        "<presentation:notes><draw:frame><draw:text-box><text:p>say this</text:p></draw:text-box></draw:frame>"
        "</presentation:notes></draw:page><draw:page/>"
    )
    document = _read(write_odf(tmp_path / "file.odp", body))
    assert document.title == "Résultats"
    assert [(unit.number, unit.kind, unit.coverage) for unit in document.units] == [
        (1, "slide", "text"),
        (2, "slide", "empty"),
    ]
    assert [text for _, text, _ in _blocks(document)] == [
        "Résultats",
        "- point",
        "| A | B |\n| --- | --- |\n| 1 | 2 |",
        "Notes: say this",
    ]


def test_sheets_values_repeats_and_hidden_sheets(tmp_path: Path) -> None:
    rows = (
        _row(_cell("Liste des prix"))
        + _row("<table:table-cell/>", attributes='table:number-rows-repeated="2"')
        + _row(_cell("Nom"), _cell("Taux"), _cell("Date"))
        + _row(
            _cell("é", 'table:number-columns-repeated="1"'),
            _cell("24 %", 'office:value-type="percentage" office:value="0.24"'),
            _cell("14/04/2025", 'office:value-type="date" office:date-value="2025-04-14"'),
            '<table:table-cell table:number-columns-repeated="16000"/>',
        )
        + _row(_cell("x"), attributes='table:number-rows-repeated="2"')
        + _row("<table:table-cell/>", attributes='table:number-rows-repeated="1048000"')
    )
    hidden = '<style:style style:name="ta2"><style:table-properties table:display="false"/></style:style>'
    body = (
        f'<table:table table:name="Tarifs">{rows}</table:table>'
        f'<table:table table:name="Caché" table:style-name="ta2">{_row(_cell("secret"))}</table:table>'
        '<table:table table:name="Vide"/>'
    )
    document = _read(write_odf(tmp_path / "file.ods", body, styles=hidden))
    assert [(unit.number, unit.kind, unit.label) for unit in document.units] == [
        (1, "sheet", "Tarifs"),
        (3, "sheet", "Vide"),
    ]
    assert document.warnings == ['The hidden sheet "Caché" was skipped.']
    assert _blocks(document) == [
        ("heading", "Liste des prix", ("Liste des prix",)),
        (
            "table",
            "| Nom | Taux | Date |\n| --- | --- | --- |\n| é | 24 % | 2025-04-14 |\n| x |  |  |\n| x |  |  |",
            ("Liste des prix",),
        ),
    ]


# --- what is refused

SUFFIXES = (".odt", ".ods", ".odp")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_protected_file_says_so(tmp_path: Path, suffix: str) -> None:
    more = {"META-INF/manifest.xml": "<m><manifest:encryption-data/></m>", "content.xml": b"\x91\x12cipher"}
    with pytest.raises(ReadingError, match="password-protected") as caught:
        _read(write_odf(tmp_path / f"file{suffix}", "", more=more))
    assert "LibreOffice" in caught.value.hint


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_doctype_is_refused(tmp_path: Path, suffix: str) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("do not read")
    content = f'<!DOCTYPE d [<!ENTITY e SYSTEM "{secret.as_uri()}">]><d {NAMESPACES}>&e;</d>'
    with pytest.raises(ReadingError, match="DOCTYPE"):
        _read(write_odf(tmp_path / f"file{suffix}", "", more={"content.xml": content}))


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("content", [b"", b"<broken", b"\xff\xfe\x00binary"])
def test_damaged_content(tmp_path: Path, suffix: str, content: bytes) -> None:
    with pytest.raises(ReadingError, match="damaged"):
        _read(write_odf(tmp_path / f"file{suffix}", "", more={"content.xml": content}))


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_truncated_files(tmp_path: Path, suffix: str, share: float) -> None:
    path = write_odf(tmp_path / f"file{suffix}", _p("text"))
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(ReadingError):
        _read(path)


def test_a_decompression_bomb(tmp_path: Path) -> None:
    with pytest.raises(ReadingError, match="bomb"):
        _read(write_odf(tmp_path / "a.odt", "", more={"x.xml": bytes(32 * 1024 * 1024)}))


def test_elements_nested_beyond_any_document(tmp_path: Path) -> None:
    deep = "<text:section>" * 5000 + _p("x") + "</text:section>" * 5000
    with pytest.raises(ReadingError, match="damaged"):
        _odt(tmp_path, deep)


def test_absurd_repeats_do_no_harm(tmp_path: Path) -> None:
    row = _row(
        _cell("x", 'table:number-columns-repeated="99999999"'), attributes='table:number-rows-repeated="99999999"'
    )
    body = f'<table:table table:name="a">{row * 20}</table:table>'
    document = _read(write_odf(tmp_path / "a.ods", body))
    assert document.units
