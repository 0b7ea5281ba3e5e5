from __future__ import annotations

from pathlib import Path

import pytest

from ragapp.errors import ReadingError
from ragapp.reading.document import Block, Document
from ragapp.reading.html.reader import read_html
from ragapp.reading.markdown import read_markdown
from ragapp.reading.plain_text import read_plain
from ragapp.reading.sheets.csv import read_csv
from ragapp.reading.tables import markdown_table, row_cells, spread_cells
from ragapp.reading.text import clean, decode

FRENCH = "Le café est fermé à Noël, où l’été s’achève."


def _write(tmp_path: Path, name: str, content: str | bytes) -> Path:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def _html(tmp_path: Path, body: str | bytes) -> Document:
    return read_html(_write(tmp_path, "page.html", body))


def _markdown(tmp_path: Path, text: str) -> Document:
    return read_markdown(_write(tmp_path, "notes.md", text))


def _csv(tmp_path: Path, text: str | bytes) -> str:
    document = read_csv(_write(tmp_path, "table.csv", text))
    assert [unit.kind for unit in document.units] == ["sheet"]
    return document.units[0].text


def _blocks(document: Document) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(block.kind, block.text, block.headings) for unit in document.units for block in unit.blocks]


@pytest.mark.parametrize(
    ("dirty", "expected"),
    [
        ("a\r\nb\rc", "a\nb\nc"),
        ("12\u00a0000\u202f€", "12 000 €"),
        ("e\u0301te\u0301", "été"),
        ("Ver\u00adtrag\u200b\ufeff", "Vertrag"),
        ("a\x00b\x07c", "abc"),
        ("end  \t\nnext ", "end\nnext"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("one\x0ctwo\u2028three", "one\ntwo\nthree"),
        ("  code\tkept  exact", "  code\tkept  exact"),
        ("hid\U000e0041den \u202ebidi", "hidden bidi"),
        ("fi\u200cnd", "find"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("👩\u200d🔬", "👩\u200d🔬"),
        ("bad \udc80", "bad \ufffd"),
    ],
)
def test_clean(dirty: str, expected: str) -> None:
    assert clean(dirty) == expected
    assert clean(expected) == expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_plain_text_in_any_encoding(tmp_path: Path, encoding: str) -> None:
    document = read_plain(_write(tmp_path, "lettre.txt", FRENCH.encode(encoding)))
    assert _blocks(document) == [("text", FRENCH, ())]
    assert (document.title, document.warnings) == ("lettre", [])


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("latin-1", "Réunion différée : les élus décideront."),
        ("cp1250", "Zażółć gęślą jaźń. Wszystkie umowy są ważne przez trzy lata od dnia podpisania."),
        ("cp1251", "Настоящий договор вступает в силу с момента подписания сторонами."),
        ("cp932", "この契約は署名の日から有効です。"),
        ("gb18030", "本合同自双方签字之日起生效，有效期三年。"),
    ],
)
def test_legacy_encodings_are_detected(encoding: str, text: str) -> None:
    assert decode(text.encode(encoding))[0] == text


def test_a_guessed_encoding_is_told() -> None:
    assert "was taken for" in decode("Настоящий договор вступает в силу.".encode("cp1251"))[1][0]


def test_a_few_broken_bytes_do_not_change_the_encoding(tmp_path: Path) -> None:
    document = read_plain(_write(tmp_path, "a.txt", (FRENCH * 20).encode() + b"\xff"))
    assert document.units[0].text.startswith(FRENCH)
    assert "could not be decoded" in document.warnings[0]


def test_letters_beyond_ascii_may_come_late() -> None:
    assert decode(b"plain line\n" * 20000 + b"caf\xe9")[0].endswith("café")


def test_plain_paragraphs(tmp_path: Path) -> None:
    document = read_plain(_write(tmp_path, "a.txt", "\n\none\n  two\n \n\t\n\nthree\n"))
    assert [block.text for block in document.units[0].blocks] == ["one\n  two", "three"]
    assert document.units[0].kind == "document"


def test_blank_text_has_a_unit_without_blocks(tmp_path: Path) -> None:
    document = read_plain(_write(tmp_path, "a.txt", " \n\n "))
    assert len(document.units) == 1
    assert document.units[0].blocks == []


@pytest.mark.parametrize("reader", [read_plain, read_markdown, read_html, read_csv])
@pytest.mark.parametrize(
    ("data", "said"),
    [
        (bytes(range(256)) * 8, "binary"),
        (b"\x00\x01\x02\x00" * 100, "binary"),
        (b"%PDF-1.7\n%text", "a PDF"),
        (b"PK\x03\x04abc", "zip archive"),
        (b"\x89PNG\r\n", "PNG"),
    ],
)
def test_binary_content_is_refused(tmp_path: Path, reader, data: bytes, said: str) -> None:
    with pytest.raises(ReadingError, match=said) as caught:
        reader(_write(tmp_path, "a.txt", data))
    assert caught.value.hint


def test_a_missing_file_is_a_reading_error(tmp_path: Path) -> None:
    with pytest.raises(ReadingError, match="cannot be read"):
        read_plain(tmp_path / "none.txt")


# --- Markdown


def test_markdown_headings_lists_tables_and_code(tmp_path: Path) -> None:
    text = (
        "# Guide\n\nHello **bold** [link](http://x.y).\nSecond line.\n\n## Setup\n\n* one\n* two\n    1. inner\n\n"
        "```sh\nrun  a\n\n  b <c>\n```\n\n| A | B |\n|---|---|\n| 1 | x \\| y |\n\n## End\n\n> quoted\n"
    )
    document = _markdown(tmp_path, text)
    setup = ("Guide", "Setup")
    assert document.title == "Guide"
    assert _blocks(document) == [
        ("heading", "Guide", ("Guide",)),
        ("text", "Hello bold link (http://x.y).\nSecond line.", ("Guide",)),
        ("heading", "Setup", setup),
        ("text", "- one\n- two\n  1. inner", setup),
        ("text", "run  a\n\n  b <c>", setup),
        ("table", "| A | B |\n| --- | --- |\n| 1 | x \\| y |", setup),
        ("heading", "End", ("Guide", "End")),
        ("text", "quoted", ("Guide", "End")),
    ]


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("---\ntitle: 'From front'\nauthor: Ann\n---\n# Other\n", "From front"),
        ("---\nauthor: Ann\n---\n\n# Heading\n", "Heading"),
        ("---\n\nafter a rule\n\n---\n", "notes"),
        ("## Second level only\n", "notes"),
    ],
)
def test_markdown_title(tmp_path: Path, text: str, title: str) -> None:
    assert _markdown(tmp_path, text).title == title


def test_markdown_front_matter_is_kept_as_text(tmp_path: Path) -> None:
    document = _markdown(tmp_path, "---\ntitle: T\nauthor: Ann\n---\nBody\n")
    assert [block.text for block in document.units[0].blocks] == ["title: T\nauthor: Ann", "Body"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Set <name> and <your-key> here", "Set <name> and <your-key> here"),
        ("H<sub>2</sub>O<!-- note -->", "H2O"),
        ("<div>in <b>html</b></div>", "in html"),
        ("- step\n\n  ```\n  a  b\n  ```\n- next", "- step\n  a  b\n- next"),
    ],
)
def test_markdown_inline_html_and_placeholders(tmp_path: Path, text: str, expected: str) -> None:
    assert _markdown(tmp_path, text).units[0].text == expected


# --- HTML


def test_html_main_content_and_paths(tmp_path: Path) -> None:
    page = """<!doctype html><html><head><title>My &amp; page</title><style>x{}</style></head><body>
    <nav>Menu</nav><script>var a</script><template>tpl</template><p hidden>no</p><p style="display: none">no</p>
    <h1>Top</h1><div>Loose <b>H</b>2O<br>line two</div><!-- comment -->
    <h2>Deep</h2><p>Caf&eacute;&nbsp;1&nbsp;&lt; 2</p><ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>
    <h2>Next</h2><pre>x
      y</pre><ol start="3"><li>three</li></ol></body></html>"""
    document = _html(tmp_path, page)
    assert document.title == "My & page"
    assert _blocks(document) == [
        ("heading", "Top", ("Top",)),
        ("text", "Loose H2O\nline two", ("Top",)),
        ("heading", "Deep", ("Top", "Deep")),
        ("text", "Café 1 < 2", ("Top", "Deep")),
        ("text", "- a\n  - b\n- c", ("Top", "Deep")),
        ("heading", "Next", ("Top", "Next")),
        ("text", "x\n      y", ("Top", "Next")),
        ("text", "3. three", ("Top", "Next")),
    ]


def test_html_a_body_hidden_until_a_script_runs_is_read(tmp_path: Path) -> None:
    assert _html(tmp_path, '<body style="visibility:hidden"><p>text</p></body>').units[0].text == "text"


def test_html_main_element_wins_unless_it_is_nearly_empty(tmp_path: Path) -> None:
    assert _html(tmp_path, "<body><div>side</div><main>the content</main></body>").units[0].text == "the content"
    assert "all of it" in _html(tmp_path, f"<body><p>{'all of it ' * 9}</p><main>x</main></body>").units[0].text


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (
            "<tr><th>Year</th><th colspan=2>Sales</th></tr><tr><td rowspan=2>2024</td><td>1</td><td>2</td></tr>"
            "<tr><td>3</td><td>4</td></tr>",
            "| Year | Sales | Sales |\n| --- | --- | --- |\n| 2024 | 1 | 2 |\n| 2024 | 3 | 4 |",
        ),
        (
            "<caption>Prices</caption><tr><th>A</th><th>B</th></tr><tr><td>1<br>2</td><td>x|y</td></tr>",
            "Prices\n\n| A | B |\n| --- | --- |\n| 1 2 | x\\|y |",
        ),
        (
            "<tr><th>A</th><th>B</th></tr><tr><td>1</td><td><table><tr><td>in</td><td>ner</td></tr></table></td></tr>",
            "| A | B |\n| --- | --- |\n| 1 | in ner |",
        ),
        (
            "<tr><td>layout</td><td><table><tr><td>a</td><td>b</td></tr></table></td></tr>",
            "layout\n\n| a | b |\n| --- | --- |",
        ),
        ("<tr><td colspan=99999 rowspan=0>only</td></tr>", "only"),
        (
            "<tr><td colspan=2>Title</td></tr><tr><td>A</td><td>B</td></tr><tr><td>1</td><td>2</td></tr>",
            "Title\n\n| A | B |\n| --- | --- |\n| 1 | 2 |",
        ),
    ],
)
def test_html_tables(tmp_path: Path, table: str, expected: str) -> None:
    assert _html(tmp_path, f"<table>{table}</table>").units[0].text == expected


@pytest.mark.parametrize(
    "data",
    [
        '<meta charset="iso-8859-2"><p>Żółć</p>'.encode("iso-8859-2"),
        '<meta http-equiv="Content-Type" content="text/html; charset=windows-1250"><p>Żółć</p>'.encode("cp1250"),
        "<p>Żółć</p>".encode("utf-16"),
        '<meta charset="iso-8859-1"><p>Żółć</p>'.encode(),
        b'<meta charset="base64"><p>' + "Żółć</p>".encode(),
    ],
)
def test_html_encoding(tmp_path: Path, data: bytes) -> None:
    assert _html(tmp_path, data).units[0].text == "Żółć"


def test_html_nested_beyond_any_recursion_is_still_read(tmp_path: Path) -> None:
    deep = "<div>" * 2000 + "bottom" + "</div>" * 2000 + "<ul><li>" * 300 + "item"
    text = _html(tmp_path, deep).units[0].text
    assert "bottom" in text
    assert "item" in text


# --- CSV and tables


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a,b\n1,2\n", "| a | b |\n| --- | --- |\n| 1 | 2 |"),
        ("Nom;Prix\nA;1,50\nB;2,50", "| Nom | Prix |\n| --- | --- |\n| A | 1,50 |\n| B | 2,50 |"),
        ("a\tb\r\n1\t2\r\n", "| a | b |\n| --- | --- |\n| 1 | 2 |"),
        ("a|b\n1|2", "| a | b |\n| --- | --- |\n| 1 | 2 |"),
        ('a,b\n"x|y","two\nlines, one cell"', "| a | b |\n| --- | --- |\n| x\\|y | two lines, one cell |"),
        ("a,b\n1\n\n,,\n3,4,5", "| a | b |  |\n| --- | --- | --- |\n| 1 |  |  |\n| 3 | 4 | 5 |"),
        ("one column\nx\ny", "| one column |\n| --- |\n| x |\n| y |"),
        ("sep=;\na;b\n1;2", "| a | b |\n| --- | --- |\n| 1 | 2 |"),
        ("\ufeffa;b\né;2", "| a | b |\n| --- | --- |\n| é | 2 |"),
        ("", ""),
    ],
)
def test_csv(tmp_path: Path, text: str, expected: str) -> None:
    assert _csv(tmp_path, text) == expected


def test_csv_in_cp1252(tmp_path: Path) -> None:
    assert "| Étienne | 5 € |" in _csv(tmp_path, "Prénom;Prix\nÉtienne;5 €".encode("cp1252"))


def test_csv_with_a_quote_that_never_closes(tmp_path: Path) -> None:
    rows = "".join(f"{number},value\n" for number in range(15000))
    document = read_csv(_write(tmp_path, "table.csv", 'a,b\n"open,x\n' + rows))
    assert "| 14999 | value |" in document.units[-1].text


def test_a_markdown_table_is_filled_up_and_escaped() -> None:
    assert markdown_table([["a|b", "c"], ["x\ny"]]) == "| a\\|b | c |\n| --- | --- |\n| x y |  |"


def test_the_cells_of_a_row_are_what_was_written() -> None:
    rows = [["a|b", "", "c"], ["", "x", ""], ["only", "1|2", "end"]]
    header, _, *body = markdown_table(rows).split("\n")
    assert [row_cells(line) for line in (header, *body)] == rows
    assert row_cells("a part | of a row |") == ["a part", "of a row"]
    assert row_cells("") == row_cells("|") == []


def test_spans_that_overlap_keep_every_text() -> None:
    grid = spread_cells([[("a", 3, 1), ("b", 1, 2)], [("c", 2, 1)], [("d", 1, 1), ("e", 1, 1)]])
    assert grid == [["a", "b", "b"], ["a", "c"], ["a", "c", "d", "e"]]


def test_no_block_is_ever_empty(tmp_path: Path) -> None:
    empty = "<h1> </h1><p>&nbsp;</p><ul><li></li></ul><table><tr><td></td></tr></table><pre>\n</pre><p>x</p>"
    assert _html(tmp_path, empty).units[0].blocks == [Block("x")]
