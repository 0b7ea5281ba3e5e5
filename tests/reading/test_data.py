"""JSON, notebooks and XML."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ragapp.errors import ReadingError
from ragapp.reading.document import Document
from ragapp.reading.registry import read_file


def _read(tmp_path: Path, name: str, content: Any) -> Document:
    path = tmp_path / name
    if isinstance(content, str):
        path.write_text(content, encoding="utf-8")
    elif isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(json.dumps(content), encoding="utf-8")
    return read_file(path)


def _blocks(document: Document) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(block.kind, block.text, block.headings) for unit in document.units for block in unit.blocks]


# --- JSON


def test_json_values_are_found_by_their_paths(tmp_path: Path) -> None:
    value = {
        "name": "Facture d’été",
        "invoice": {"number": "F-12", "total": 12.50, "paid": False, "lines": [{"x": {"y": [1, None]}}, [2]]},
        "tags": ["a", "b"],
        "rows": [{"id": 1, "n": "A"}, {"id": 2, "n": "B|C"}],
        "empty": {},
    }
    document = _read(tmp_path, "a.json", value)
    assert document.title == "Facture d’été"
    assert _blocks(document) == [
        ("text", "name: Facture d’été", ()),
        ("heading", "invoice", ("invoice",)),
        (
            "text",
            "invoice.number: F-12\ninvoice.total: 12.5\ninvoice.paid: false\ninvoice.lines[0].x.y: 1,\n"
            "invoice.lines[1]: 2",
            ("invoice",),
        ),
        ("heading", "tags", ("tags",)),
        ("text", "tags: a, b", ("tags",)),
        ("heading", "rows", ("rows",)),
        ("table", "| id | n |\n| --- | --- |\n| 1 | A |\n| 2 | B\\|C |", ("rows",)),
    ]


@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.ndjson"])
def test_records_are_a_table(tmp_path: Path, name: str) -> None:
    records = [{"id": 1, "name": "Zoé", "tags": ["x", "y"]}, {"id": 2, "size": 1e3}]
    lines = json.dumps(records) if name == "a.json" else "\n".join(map(json.dumps, records))
    document = _read(tmp_path, name, lines)
    head = "| id | name | tags | size |\n| --- | --- | --- | --- |\n"
    assert _blocks(document) == [("table", f"{head}| 1 | Zoé | x, y |  |\n| 2 |  |  | 1000.0 |", ())]


def test_many_records_are_cut_into_ranges(tmp_path: Path) -> None:
    document = _read(tmp_path, "a.json", [{"id": number, "v": "x"} for number in range(1, 302)])
    assert [unit.label for unit in document.units] == ["records 1-200", "records 201-301"]
    assert document.units[1].text.startswith("| id | v |\n| --- | --- |\n| 201 | x |")


def test_json_lines_of_other_values(tmp_path: Path) -> None:
    assert _read(tmp_path, "a.jsonl", '{"a": {"b": 1}}\n"x"\n').units[0].text == "[0].a.b: 1\n[1]: x"


@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.ndjson"])
@pytest.mark.parametrize("text", ['{"a": 1,', "[" * 100_000 + "]" * 100_000, '{"a":' * 100_000 + "1" + "}" * 100_000])
def test_broken_json_is_read_as_text(tmp_path: Path, name: str, text: str) -> None:
    document = _read(tmp_path, name, text)
    assert "plain text" in document.warnings[0]
    assert sum(len(unit.text) for unit in document.units) >= len(text)


# --- notebooks


def test_notebook_cells_and_outputs(tmp_path: Path) -> None:
    table = "<table><tr><th>A</th><th>B</th></tr><tr><td>1</td><td>2</td></tr></table>"
    cells = [
        {"cell_type": "markdown", "source": ["# Étude\n", "\n", "Some *text*"]},
        {
            "cell_type": "code",
            "source": "show(x)",
            "outputs": [
                {"output_type": "stream", "text": ["\x1b[31mone\x1b[0m\n", "two"]},
                {"output_type": "execute_result", "data": {"text/plain": "A B", "text/html": table}},
                {"output_type": "display_data", "data": {"image/png": "AAAA", "text/plain": "<Figure>"}},
                {"output_type": "error", "ename": "ValueError", "evalue": "no", "traceback": ["long"]},
            ],
        },
        {"cell_type": "markdown", "source": "## Fin"},
    ]
    document = _read(tmp_path, "a.ipynb", {"cells": cells, "nbformat": 4, "metadata": {}})
    assert document.title == "Étude"
    assert [(kind, text) for kind, text, _ in _blocks(document)] == [
        ("heading", "Étude"),
        ("text", "Some text"),
        ("text", "show(x)"),
        ("text", "one\ntwo"),
        ("table", "| A | B |\n| --- | --- |\n| 1 | 2 |"),
        ("text", "<Figure>"),
        ("text", "ValueError: no"),
        ("heading", "Fin"),
    ]
    assert _blocks(document)[-1][2] == ("Étude", "Fin")


def test_a_long_output_is_cut_and_told(tmp_path: Path) -> None:
    outputs = [{"output_type": "stream", "text": "line\n" * 100_000}]
    document = _read(tmp_path, "a.ipynb", {"cells": [{"cell_type": "code", "source": "x", "outputs": outputs}]})
    assert "were cut" in document.warnings[0]
    assert sum(len(unit.text) for unit in document.units) < 11_000


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"cells": [', "truncated"),
        ('{"a": 1}', "not a notebook"),
        ("[" * 100_000, "damaged"),
        ("[1]", "not a notebook"),
    ],
)
def test_what_is_no_notebook(tmp_path: Path, content: str, said: str) -> None:
    with pytest.raises(ReadingError, match=said):
        _read(tmp_path, "a.ipynb", content)


@pytest.mark.parametrize("cells", [[None, 3, "x"], [{"cell_type": "code", "outputs": [3], "source": {"a": 1}}], [{}]])
def test_odd_cells_do_no_harm(tmp_path: Path, cells: list[Any]) -> None:
    assert _read(tmp_path, "a.ipynb", {"cells": cells}).units[0].blocks == []


# --- XML


def test_feeds_are_articles(tmp_path: Path) -> None:
    feed = (
        '<?xml version="1.0"?><rss xmlns:content="c"><channel><title>Le blog</title><item><title>Un</title>'
        "<pubDate>Tue, 19 Nov 2024</pubDate><description>short</description>"
        "<content:encoded><![CDATA[<p>caf&eacute;</p>"
        "<h2>Sub</h2><script>x</script>]]></content:encoded></item><item><title>Deux</title>"
        "<description>&lt;b&gt;fin&lt;/b&gt;</description></item></channel></rss>"
    )
    document = _read(tmp_path, "a.rss", feed)
    assert document.title == "Le blog"
    assert _blocks(document) == [
        ("heading", "Le blog", ("Le blog",)),
        ("heading", "Un", ("Le blog", "Un")),
        ("text", "Tue, 19 Nov 2024", ("Le blog", "Un")),
        ("text", "café", ("Le blog", "Un")),
        ("heading", "Sub", ("Le blog", "Un", "Sub")),
        ("heading", "Deux", ("Le blog", "Deux")),
        ("text", "fin", ("Le blog", "Deux")),
    ]


def test_other_xml_is_text_with_names(tmp_path: Path) -> None:
    text = (
        '<order id="7"><customer>Zoé</customer><line sku="A-1"><price>12</price></line>'
        "<note>Call <b>before</b> noon.</note><!-- comment --></order>"
    )
    assert _read(tmp_path, "a.xml", text).units[0].text.split("\n\n") == [
        "order (id=7)",
        "customer: Zoé\nline (sku=A-1)",
        "price: 12",
        "Call before noon.",
    ]


def test_excel_in_xml_is_a_sheet(tmp_path: Path) -> None:
    ns = 'xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"'
    rows = (
        "<Row><Cell><Data>A</Data></Cell><Cell><Data>B</Data></Cell></Row>"
        '<Row ss:Index="2"><Cell ss:Index="2"><Data>2</Data></Cell></Row>'
    )
    text = f'<?xml version="1.0"?><Workbook {ns}><Worksheet ss:Name="Été"><Table>{rows}</Table></Worksheet></Workbook>'
    for name in ("a.xml", "a.xls"):
        document = _read(tmp_path, name, text)
        assert [(unit.kind, unit.label) for unit in document.units] == [("sheet", "Été")]
        assert document.units[0].text == "| A | B |\n| --- | --- |\n|  | 2 |"


def test_entities_and_bombs_are_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("do not read")
    outside = f'<!DOCTYPE d [<!ENTITY e SYSTEM "{secret.as_uri()}">]><d><a>&e;</a><b>kept</b></d>'
    text = _read(tmp_path, "a.xml", outside).units[0].text
    assert "do not read" not in text
    assert "kept" in text
    entities = "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(12))
    bomb = f'<!DOCTYPE d [<!ENTITY a0 "ha">{entities}]><d><a>&a12;</a><b c="&a12;">x</b></d>'
    assert len(_read(tmp_path, "b.xml", bomb).units[0].text) < 1000


def test_xml_nested_beyond_measure_is_read_as_text(tmp_path: Path) -> None:
    document = _read(tmp_path, "a.xml", "<a>" * 100_000 + "bottom" + "</a>" * 100_000)
    assert document.units[0].text.strip() == "bottom"
    assert "too deep" in document.warnings[0]


def test_xml_with_one_text_beyond_the_parsers_limit_is_read_as_text(tmp_path: Path) -> None:
    document = _read(tmp_path, "a.xml", f"<a>{'word ' * 2_100_000}bottom</a>")
    assert document.units[-1].text.endswith("bottom")


@pytest.mark.parametrize(
    ("content", "warned"), [("<a><b>one</b><b>two", True), ("<a>&undefined; x</a>", True), ("<a>x</a>", False)]
)
def test_xml_that_is_damaged_is_read_as_far_as_it_goes(tmp_path: Path, content: str, warned: bool) -> None:
    document = _read(tmp_path, "a.xml", content)
    assert bool(document.warnings) == warned
    assert document.units[0].text


@pytest.mark.parametrize("content", ["no markup", "  ", "<"])
def test_xml_without_any_element(tmp_path: Path, content: str) -> None:
    with pytest.raises(ReadingError, match="damaged"):
        _read(tmp_path, "a.xml", content)
