from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from storekit import WordEmbedder, chunker_of

from ragapp.index.chunk_text import EmbeddedText
from ragapp.index.model_folder import EmbedderTokenizer
from ragapp.index.records import Chunk
from ragapp.ingest.chunking import CHUNKER_VERSION, Chunker
from ragapp.reading.document import Block, Document, Unit

LONG = " ".join(f"word{n}{'.' if n % 3 == 2 else ''}" for n in range(600))


def _split(blocks: list[Block], overlap: int = 8) -> list[Chunk]:
    return chunker_of(WordEmbedder(), 48, overlap).split(Document("T", [Unit(1, "page", "", blocks)]))


def _table(rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    lines.insert(1, "| " + " | ".join(["---"] * len(rows[0])) + " |")
    return "\n".join(lines)


def _uncovered(unit: Unit, chunks: list[Chunk]) -> str:
    held = bytearray(len(unit.text))
    for chunk in chunks:
        assert 0 <= chunk.start < chunk.end <= len(unit.text)
        held[chunk.start : chunk.end] = b"\x01" * (chunk.end - chunk.start)
    return "".join(char for char, there in zip(unit.text, held, strict=True) if not there).strip()


def test_short_text_is_one_chunk() -> None:
    assert _split([Block("Hello there.")]) == [Chunk(1, (), "Hello there.", 0, 12)]


@pytest.mark.parametrize("overlap", [0, 8, 20])
def test_long_prose_is_located_covered_and_in_order(overlap: int) -> None:
    unit = Unit(1, "page", "", [Block(LONG)])
    chunks = _split(unit.blocks, overlap=overlap)
    assert len(chunks) > 10
    assert [unit.text[chunk.start : chunk.end] for chunk in chunks] == [chunk.text for chunk in chunks]
    assert _uncovered(unit, chunks) == ""
    starts = [chunk.start for chunk in chunks]
    assert starts == sorted(set(starts))
    shared = [one.end - other.start for one, other in pairwise(chunks)]
    assert any(length > 0 for length in shared) == (overlap > 0)


@pytest.mark.parametrize("sentence", ["The same sentence again and again. ", "na ", "aaaa", "x\n\n"])
def test_repeated_text_is_located_and_covered(sentence: str) -> None:
    unit = Unit(1, "page", "", [Block((sentence * 200).strip())])
    chunks = _split(unit.blocks)
    assert len(chunks) > 1
    assert [unit.text[chunk.start : chunk.end] for chunk in chunks] == [chunk.text for chunk in chunks]
    starts = [chunk.start for chunk in chunks]
    assert starts == sorted(set(starts))


def test_chunks_never_cross_units_or_headings() -> None:
    units = [
        Unit(1, "page", "", [Block("Alpha text.", "text", ("A",)), Block("Alpha more.", "text", ("A",))]),
        Unit(2, "page", "iv", [Block("Alpha end.", "text", ("A",)), Block("Beta text.", "text", ("A", "B"))]),
    ]
    chunks = chunker_of(WordEmbedder()).split(Document("T", units))
    assert [(chunk.unit, chunk.headings, chunk.text) for chunk in chunks] == [
        (1, ("A",), "Alpha text.\n\nAlpha more."),
        (2, ("A",), "Alpha end."),
        (2, ("A", "B"), "Beta text."),
    ]
    assert all(units[c.unit - 1].text[c.start : c.end] == c.text for c in chunks)


def test_a_bare_heading_is_left_to_the_paths_below_it() -> None:
    blocks = [
        Block("Rules", "heading", ("Rules",)),
        Block("Travel", "heading", ("Rules", "Travel")),
        Block("Take the train.", "text", ("Rules", "Travel")),
    ]
    assert [(chunk.headings, chunk.text) for chunk in _split(blocks)] == [
        (("Rules", "Travel"), "Travel\n\nTake the train.")
    ]


def test_a_unit_of_nothing_but_headings_is_kept() -> None:
    blocks = [Block("Thank you", "heading", ("Thank you",)), Block("Questions", "heading", ("Questions",))]
    assert [chunk.text for chunk in _split(blocks)] == ["Thank you", "Questions"]


def test_empty_units_give_no_chunks() -> None:
    assert _split([]) == []
    assert chunker_of(WordEmbedder()).split(Document("T", [Unit(1), Unit(2)])) == []


def test_a_gigantic_word_is_cut_and_kept() -> None:
    unit = Unit(1, "page", "", [Block("".join(f"{n:04x}" for n in range(1200)))])
    chunks = _split(unit.blocks)
    assert len(chunks) > 10
    assert _uncovered(unit, chunks) == ""
    assert [unit.text[chunk.start : chunk.end] for chunk in chunks] == [chunk.text for chunk in chunks]


def test_a_table_is_cut_between_rows_and_its_header_repeated() -> None:
    rows = [["Name", "Office"], *([f"Person{n}", f"Room {n}"] for n in range(60))]
    unit = Unit(1, "sheet", "Staff", [Block("Before.", "text"), Block(_table(rows), "table"), Block("After.", "text")])
    chunks = _split(unit.blocks)
    tables = [chunk for chunk in chunks if chunk.text.startswith("| Name")]
    assert len(tables) > 3
    assert [chunks[0].text, chunks[-1].text] == ["Before.", "After."]
    assert len(tables) == len(chunks) - 2
    header = "| Name | Office |\n| --- | --- |\n"
    for number, chunk in enumerate(tables):
        own = chunk.text if number == 0 else chunk.text.removeprefix(header)
        assert chunk.text.startswith(header)
        assert unit.text[chunk.start : chunk.end] == own
        assert all(re.fullmatch(r"\| Person\d+ \| Room \d+ \|", line) for line in chunk.text.split("\n")[2:])
    assert _uncovered(unit, chunks) == ""
    seen = [line for chunk in tables for line in chunk.text.split("\n")[2:]]
    assert len(seen) == len(set(seen)) == 60


def test_a_list_is_cut_between_points_and_the_line_above_it_repeated() -> None:
    points = "\n".join(f"• damage of kind {n} by moths or vermin" for n in range(30))
    text = f"Cover is broad. The policy does not pay for:\n{points}\nClaims are paid at once."
    chunks = _split([Block(text)])
    assert len(chunks) > 3
    assert chunks[0].text.startswith("Cover is broad.")
    for chunk in chunks[1:]:
        lead, own = chunk.text.split("\n", 1)
        assert lead == "The policy does not pay for:"
        assert text[chunk.start : chunk.end] == own
    assert _uncovered(Unit(1, "page", "", [Block(text)]), chunks) == ""


@pytest.mark.parametrize("rows", [1, 2, 5])
def test_a_row_longer_than_a_chunk_loses_no_word(rows: int) -> None:
    long_rows = [[f"name{n}", " ".join(f"r{n}w{i}" for i in range(120))] for n in range(rows)]
    unit = Unit(1, "sheet", "", [Block(_table([["Kilo", "Lima"], *long_rows]), "table")])
    chunks = _split(unit.blocks)
    words = set(re.findall(r"\w+", unit.text))
    assert words <= {word for chunk in chunks for word in re.findall(r"\w+", chunk.text)}
    assert all(unit.text[chunk.start : chunk.end].endswith(chunk.text.split("\n")[-1]) for chunk in chunks)
    assert _uncovered(unit, chunks) == ""


@pytest.mark.parametrize("columns", [40, 120])
def test_a_header_too_long_to_repeat_loses_no_word(columns: int) -> None:
    rows = [[f"column{n}" for n in range(columns)], *([f"v{r}x{n}" for n in range(columns)] for r in range(4))]
    unit = Unit(1, "sheet", "", [Block(_table(rows), "table")])
    chunks = _split(unit.blocks)
    assert _uncovered(unit, chunks) == ""
    assert [unit.text[chunk.start : chunk.end] for chunk in chunks] == [chunk.text for chunk in chunks]


def test_the_line_says_whose_the_chunk_is_and_is_cut_from_the_front() -> None:
    chunker = chunker_of(WordEmbedder(max_tokens=40))
    chunk = Chunk(1, ("Part", "Section"), "Text.", 0, 5)
    assert chunker.embedded_text(chunk, "Title", "file.txt") == EmbeddedText("file > Title > Part > Section", "Text.")
    long = Chunk(1, (*(f"Heading{n}" for n in range(50)), "Last"), "Text.", 0, 5)
    line = chunker.embedded_text(long, "Title", "file.txt").context
    assert line.endswith("Last")
    assert 30 < WordEmbedder().count_tokens([line])[0] <= 38


def test_the_signature_tells_what_decides_the_cut() -> None:
    signatures = {chunker_of(WordEmbedder(), tokens, overlap).signature for tokens in (40, 50) for overlap in (0, 8)}
    assert len(signatures) == 4
    assert all(f"version {CHUNKER_VERSION}," in signature for signature in signatures)


_text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)
_words = st.lists(st.text("abcé.,!? \n-|", min_size=1, max_size=30), min_size=1, max_size=40).map(" ".join)
_prose = st.one_of(_text, _words, st.integers(1, 300).map(lambda n: LONG[: n * 10]))
_tables = st.builds(
    lambda columns, rows: _table([[f"h{n}" for n in range(columns)], *([cell] * columns for cell in rows)]),
    st.integers(1, 6),
    st.lists(st.text("abcdef ", min_size=0, max_size=80), min_size=1, max_size=12),
)
_headings = st.lists(_text.map(lambda text: " ".join(text.split()) or "H"), max_size=4).map(tuple)
_blocks = st.one_of(
    st.builds(Block, _prose, st.just("text"), _headings), st.builds(Block, _tables, st.just("table"), _headings)
)


@given(
    st.lists(_blocks, max_size=4), st.sampled_from([32, 64, 96, 256]), st.integers(32, 200), st.integers(0, 100), _text
)
@settings(max_examples=120, deadline=None)
def test_no_chunk_is_longer_than_the_window_or_in_the_wrong_place(
    blocks: list[Block], window: int, tokens: int, overlap: int, title: str
) -> None:
    embedder = WordEmbedder(max_tokens=window)
    chunker = Chunker(embedder, tokens, overlap)
    unit = Unit(1, "page", "", blocks)
    for chunk in chunker.split(Document(title, [unit])):
        seen = chunker.embedded_text(chunk, title, "some file name.txt")
        assert max(embedder.count_tokens([seen.context, seen.text])) + embedder.special_tokens <= window
        assert chunk.text.strip()
        assert 0 <= chunk.start < chunk.end <= len(unit.text)
        own = unit.text[chunk.start : chunk.end]
        assert own == chunk.text or (chunk.text.startswith("| h0 ") and chunk.text.endswith(own))
        assert any(chunk.headings[: len(block.headings)] == block.headings for block in blocks)


@given(st.lists(st.tuples(st.integers(1, 200), st.booleans()), min_size=1, max_size=5), st.integers(0, 40))
@settings(max_examples=40, deadline=None)
def test_no_word_is_lost(parts: list[tuple[int, bool]], overlap: int) -> None:
    blocks = []
    for part, (count, is_table) in enumerate(parts):
        words = [f"p{part}n{n}" for n in range(count)]
        text = _table([["Head", f"of{part}"], *([word, "x"] for word in words)]) if is_table else " ".join(words)
        blocks.append(Block(text, "table" if is_table else "text", (f"S{part % 3}",)))
    unit = Unit(1, "page", "", blocks)
    assert _uncovered(unit, _split(blocks, overlap=overlap)) == ""


# where tokens do not add up: no spaces, ligatures and signs that are normalised to many letters, combining marks,
# surrogates, emoji of several characters, words that no vocabulary has
_ODD = st.one_of(
    st.text(min_size=1, max_size=300),
    st.text("你好世界。，这是一个长句子", min_size=1, max_size=900),
    st.text("ﷺﷻ㎢㍿ﬃ①½", min_size=1, max_size=400),
    st.text("กขคงจฉชซabc", min_size=300, max_size=900),
    st.text("e\u0301\u0327\u200d👩🏽\ud83d -", min_size=1, max_size=500),
    st.text("0123456789abcdef+/=", min_size=300, max_size=1500),
)
_odd_blocks = st.one_of(
    st.builds(Block, _ODD.filter(str.strip), st.just("text"), st.just(())),
    st.builds(
        lambda cells: Block(_table([["Kilo", "Lima"], *([cell, cell] for cell in cells)]), "table", ("H",)),
        st.lists(_ODD.map(lambda text: text.replace("\n", " ").replace("|", " ")), min_size=1, max_size=3),
    ),
)


@pytest.fixture(scope="module")
def minilm(models_dir: Path) -> Path:
    return models_dir / "all-minilm-l6-v2"


@pytest.fixture(scope="module")
def tokenizers(minilm: Path) -> list[EmbedderTokenizer]:
    return [EmbedderTokenizer(minilm), EmbedderTokenizer(minilm, "query: ", "passage: with a long prompt that joins (")]


@given(st.lists(_odd_blocks, min_size=1, max_size=3), st.sampled_from([32, 180, 8192]), _ODD, st.booleans())
@settings(max_examples=60, deadline=None)
def test_the_model_reads_every_token_of_every_chunk(
    tokenizers: list[EmbedderTokenizer], blocks: list[Block], tokens: int, title: str, prompted: bool
) -> None:
    counter = tokenizers[prompted]
    chunker = Chunker(counter, tokens, 30)
    unit = Unit(1, "page", "", blocks)
    chunks = chunker.split(Document(title, [unit]))
    texts = [chunker.embedded_text(chunk, title, "name.txt") for chunk in chunks]
    for text in [*(text.text for text in texts), *(text.context for text in texts)]:
        whole = counter.count_tokens([counter.prompts.document + text])[0]
        assert len(counter.passage_ids([text])[0]) == whole + 2
    assert _uncovered(unit, chunks) == ""


def test_text_without_spaces_is_cut_at_its_own_marks(minilm: Path) -> None:
    sentence = "每位员工每年有二十五天带薪年假，其中五天可以结转到下一年。"
    unit = Unit(1, "page", "", [Block(sentence * 40)])
    chunks = Chunker(EmbedderTokenizer(minilm), 180, 30).split(Document("T", [unit]))
    assert len(chunks) > 5
    assert all(chunk.text.endswith(("。", "，")) for chunk in chunks)
    assert _uncovered(unit, chunks) == ""


@pytest.mark.parametrize("tokens", [180, 256, 384])
def test_tables_are_cut_between_rows_at_any_size(minilm: Path, tokens: int) -> None:
    rows = [["Subsidiary", "Share", "Equity"], *([f"Harrow Trading {n} Ltd.", f"{n}%", f"{n},240"] for n in range(90))]
    lines = "\n".join(" ".join(row) for row in rows[1:])
    unit = Unit(2, "page", "", [Block("Subsidiaries"), Block(_table(rows), "table"), Block(f"Interests held\n{lines}")])
    counter = EmbedderTokenizer(minilm)
    chunks = Chunker(counter, tokens, 30).split(Document("T", [Unit(1), unit]))
    sizes = counter.count_tokens([chunk.text for chunk in chunks])
    assert max(sizes) <= min(tokens, counter.max_tokens - 2)
    tables = [chunk for chunk in chunks if chunk.text.startswith("| Subsidiary")]
    plain = [chunk for chunk in chunks if chunk not in tables and "Ltd." in chunk.text]
    assert len(tables) > 3
    assert len(plain) > 3
    assert {chunk.headings for chunk in tables} == {("Subsidiaries",)}
    assert {chunk.headings for chunk in plain} == {("Subsidiaries", "Interests held")}
    assert all(re.search(r",240( \|)?$", chunk.text) for chunk in [*tables, *plain])
    assert all(line.startswith(("Harrow", "Interests")) for chunk in plain for line in chunk.text.split("\n"))
