from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from storekit import WordEmbedder, chunker_of

from ragapp.ingest.titles import Part, is_figure_row, titled_parts
from ragapp.reading.document import Block, Document, Unit

PROSE = (
    "The company leases offices and vehicles under agreements that end at different times, and some of these may be "
    "renewed at its own choice for further periods of up to five years."
)
ROWS = "\n".join(f"{name} {n},4{n}0 ({n}90)" for n, name in enumerate(["Sales", "Costs", "Wages", "Profit"], start=1))
TABLE = "|  | 2023 | 2022 |\n| --- | --- | --- |\n| Bonds | 12 | 14 |\n| Loans | 3 | 5 |"


def _pages(*pages: list[str | Block]) -> list[Unit]:
    return [
        Unit(number, "page", "", [Block(block) if isinstance(block, str) else block for block in blocks])
        for number, blocks in enumerate(pages, start=1)
    ]


def _found(units: list[Unit]) -> list[list[tuple[tuple[str, ...], str]]]:
    return [
        [(part.headings, unit.text[part.start : part.end].strip()) for part in parts]
        for unit, parts in zip(units, titled_parts(units), strict=True)
    ]


COVER: list[str | Block] = ["Norvik Industries\nAnnual Report 2023"]
NORVIK = "Norvik Industries Annual Report 2023"


def test_a_statement_without_rules_is_below_the_title_of_its_page_with_its_column_heads() -> None:
    page = f"CONSOLIDATED STATEMENTS OF CASH FLOWS\n(in millions)\n2023 2022\n{ROWS}"
    (path, text), *others = _found(_pages(COVER, [page]))[1]
    assert not others
    assert path == (NORVIK, "CONSOLIDATED STATEMENTS OF CASH FLOWS (in millions) 2023 2022")
    assert text == page


def test_a_title_set_apart_stays_in_the_chunk_of_its_rows() -> None:
    units = _pages(COVER, ["Consolidated balance sheets", f"2023 2022\n{ROWS}\nSee accompanying notes."])
    chunks = chunker_of(WordEmbedder(max_tokens=300), 200).split(Document("T", units))
    assert [(chunk.unit, chunk.text) for chunk in chunks] == [(1, COVER[0]), (2, units[1].text)]
    assert chunks[1].headings == (NORVIK, "Consolidated balance sheets", "2023 2022")


def test_every_chunk_of_long_rows_says_what_table_it_is_of() -> None:
    rows = "\n".join(f"Subsidiary number{n} {n}% {n + 100}" for n in range(80))
    units = _pages(COVER, [f"List of subsidiaries\nShare Equity\n{rows}"])
    chunks = chunker_of(WordEmbedder()).split(Document("T", units))[1:]
    assert len(chunks) > 5
    assert {chunk.headings for chunk in chunks} == {(NORVIK, "List of subsidiaries Share Equity")}


@pytest.mark.parametrize(
    "above", [[], ["List of bonds (continued)"], ["LIST OF BONDS – continued"], ["List of bonds (suite)"]]
)
def test_the_rest_of_a_table_on_the_next_page_is_below_its_caption(above: list[str]) -> None:
    first: list[str | Block] = ["Notes\nDetails", PROSE, "List of bonds", Block(TABLE, "table")]
    second: list[str | Block] = [*above, Block(TABLE, "table")]
    assert _found(_pages(COVER, first, second))[2][-1][0] == (NORVIK, "Notes Details", "List of bonds")


def test_rows_that_go_on_at_the_top_of_a_page_are_below_the_caption_of_the_page_before() -> None:
    found = _found(_pages(COVER, [f"Results by segment\n2023 2022\n{ROWS}"], [ROWS, PROSE]))
    assert found[2][0] == ((NORVIK, "Results by segment 2023 2022"), ROWS)


def test_a_page_without_a_title_goes_on_below_the_section_before() -> None:
    found = _found(_pages(COVER, ["Notes", f"12. Leases\n{PROSE}"], [PROSE.lower(), f"13. Debt\n{PROSE}"]))
    assert [path for path, _ in found[2]] == [(NORVIK, "Notes", "12. Leases"), (NORVIK, "Notes", "13. Debt")]


@pytest.mark.parametrize("caption", ["Table 4: Bonds and loans", "Tableau 4 – Emprunts.", "Exhibit B. Bonds"])
@pytest.mark.parametrize("kind", ["page", "section", "document"])
def test_a_caption_stands_above_or_below_a_table(caption: str, kind) -> None:
    table = Block(TABLE, "table", ("Debt",))
    for blocks in ([Block(caption, "text", ("Debt",)), table], [table, Block(caption, "text", ("Debt",))]):
        parts = titled_parts([Unit(1, kind, "", blocks)])[0]
        assert [part.headings for part in parts if part.kind == "table"] == [("Debt", caption)]


def test_a_sentence_that_ends_in_a_colon_leads_to_a_table() -> None:
    block = Block("We borrow little. Our debt at the end of each year was as follows:")
    parts = titled_parts([Unit(1, "section", "", [block, Block(TABLE, "table")])])[0]
    assert parts[1].headings == ("Our debt at the end of each year was as follows:",)


def test_prose_above_a_table_is_no_caption() -> None:
    parts = titled_parts([Unit(1, "section", "", [Block(PROSE), Block(TABLE, "table")])])[0]
    assert [part.headings for part in parts] == [(), ()]


def test_the_headings_of_the_reader_come_first_and_are_said_once() -> None:
    path = ("Item 8",)
    units = _pages(
        [Block(PROSE, "text", path)],
        [Block("Item 8", "heading", path), Block(f"Balance sheets\n2023 2022\n{ROWS}", "text", path)],
        [Block(f"Item 8\n{PROSE}", "text", path)],
    )
    assert [[part.headings for part in parts] for parts in titled_parts(units)] == [
        [path],
        [path, ("Item 8", "Balance sheets 2023 2022")],
        [path],
    ]


@pytest.mark.parametrize(
    "top",
    [
        "Expenses are paid back to employees who\nhand in the form within a month.",
        "of the plan in each of the following years",
        "• Bring your own cup",
        "Leases ............ 14",
        ".1 The intent of this request",
        "See the next page for more.",
        PROSE,
    ],
)
def test_what_is_no_title_leaves_a_page_below_the_section_before(top: str) -> None:
    found = _found(_pages(COVER, ["Notes", f"12. Leases\n{PROSE}"], [top, PROSE.lower()]))
    assert {path for path, _ in found[2]} == {(NORVIK, "Notes", "12. Leases")}


def test_an_address_or_a_list_at_the_top_of_a_page_is_no_title_but_its_first_line() -> None:
    lines = ["Techmart Electronics", "4567 Innovation Boulevard", "San Francisco", "California", "Open daily"]
    assert _found(_pages(["\n".join(lines)]))[0][0][0] == (lines[0],)


@pytest.mark.parametrize(
    "line",
    [
        "Net income $ 1,234 $ (56)",
        "Goodwill 12 —",
        "Effective tax rate 21.3% 22%",
        "2025 1,026 840",
        "Umsatzerlöse 1.234,5 € 987,0 €",
        "4.10% notes due 2025 959 948",
        "Balance at December 31, 2023 1,239 (4)",
    ],
)
def test_a_row_of_figures(line: str) -> None:
    assert is_figure_row(line)


@pytest.mark.parametrize(
    "line",
    [
        "2023 2022 2021",
        "Annual Report 2023",
        "Dec. 31, 2023 Dec. 31, 2022",
        "Chapter 3",
        "We had sales of 12 million, of which 3.",
        "Risk factors ............ 14",
        "Invoice number: 12345",
        "",
        PROSE,
    ],
)
def test_no_row_of_figures(line: str) -> None:
    assert not is_figure_row(line)


_line = st.one_of(
    st.sampled_from(
        ["Title", "2023 2022", "Sales 1 2", "Costs (3) 4", "Table 1: Debt", "a b c", "• item", PROSE, "", " "]
    ),
    st.text(max_size=40),
)
_block = st.builds(
    Block,
    st.one_of(st.lists(_line, min_size=1, max_size=9).map("\n".join).filter(str.strip), st.just(TABLE)),
    st.sampled_from(["text", "text", "table", "heading"]),
    st.sampled_from([(), ("A",), ("A", "B")]),
)
_unit = st.builds(
    Unit, st.integers(1, 3), st.sampled_from(["page", "section", "sheet"]), st.just(""), st.lists(_block, max_size=5)
)


@given(st.lists(_unit, max_size=4))
@settings(max_examples=150, deadline=None)
def test_parts_have_all_text_in_order_and_keep_the_headings(units: list[Unit]) -> None:
    for unit, parts in zip(units, titled_parts(units), strict=True):
        assert [part.start for part in parts] == sorted({part.start for part in parts})
        text = "".join(unit.text[part.start : part.end] for part in parts)
        assert "".join(text.split()) == "".join(unit.text.split())
        paths = {block.headings for block in unit.blocks}
        assert all(_stands_below(part, paths) for part in parts)


def _stands_below(part: Part, paths: set[tuple[str, ...]]) -> bool:
    return any(part.headings[: len(path)] == path for path in paths)


@pytest.mark.parametrize(
    "below",
    [
        ["The policy does not pay for:", "• damage by moths"],
        ["• damage by moths", "• glass"],
        ["Moths are no accident."],
    ],
)
def test_a_title_above_a_list_or_a_short_paragraph_is_a_section(below: list[str]) -> None:
    found = _found(_pages(COVER, ["Claims", PROSE, "Exclusions", *below]))[1]
    paths = {text: path for path, text in found}
    assert all(paths[text] == (NORVIK, "Claims", "Exclusions") for text in ("Exclusions", *below))
    assert paths[PROSE] == (NORVIK, "Claims")


def test_a_label_above_a_value_is_no_section() -> None:
    found = _found(_pages(COVER, ["Claims", PROSE, "Telephone", "0114 496 0190"]))[1]
    assert {path for path, _ in found} == {(NORVIK, "Claims")}
