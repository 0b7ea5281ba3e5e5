from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from storekit import WordEmbedder, chunker_of

from ragapp.index.catalog import Catalog
from ragapp.index.records import Chunk, EmbedderIdentity, StoredChunk
from ragapp.reading.document import Block, Document, Unit
from ragapp.retrieval.passage import ScoredChunk
from ragapp.retrieval.postprocess import continued, join_neighbours

SENTENCES = [f"Sentence {n} of the rules." for n in range(8)]
TABLE = "item | price\n--- | ---\n" + "\n".join(f"thing{n} | {n} euros" for n in range(30))


@pytest.fixture
def catalog():
    catalog = Catalog(Path(":memory:"))
    yield catalog
    catalog.close()


def _put(catalog: Catalog, path: str, units: list[Unit], chunks: list[Chunk]) -> list[StoredChunk]:
    identity = catalog.identity_id(EmbedderIdentity("words", 4, True, "0" * 64, "version 1"))
    vectors = np.ones((len(chunks), 4), np.float32)
    _, ids, _ = catalog.put_document(Path(path), Document("t", units), chunks, vectors, identity, 1, 1, path)
    held = catalog.chunks(ids)
    return [held[chunk_id] for chunk_id in ids]


def _sentences(catalog: Catalog, path: str = "/a.txt") -> list[StoredChunk]:
    """A unit of eight sentences that are a chunk each, the first four below one heading, and a unit behind it."""
    text = " ".join(SENTENCES)
    chunks = [
        Chunk(1, ("First",) if n < 4 else ("Second",), sentence, text.index(sentence), text.index(sentence) + 24)
        for n, sentence in enumerate(SENTENCES)
    ]
    units = [Unit(1, "page", "", [Block(text)]), Unit(2, "page", "", [Block("Next page.")])]
    return _put(catalog, path, units, [*chunks, Chunk(2, ("Second",), "Next page.", 0, 10)])


def _hits(chunks: list[StoredChunk], *places: int) -> list[ScoredChunk]:
    return [ScoredChunk(chunks[place], 1 - n / 10, 0.5, 1.0) for n, place in enumerate(places)]


def _joined(catalog: Catalog, chunks: list[StoredChunk], reach: int, *places: int) -> list[str]:
    """What is found, each by the numbers of its sentences."""
    found = join_neighbours(_hits(chunks, *places), catalog, reach)
    for passage in found:
        chunk = passage.chunk
        assert catalog.unit_text(chunk.document_id, chunk.unit)[chunk.start : chunk.end] == chunk.text
    return ["".join(str(n) for n in range(8) if SENTENCES[n] in p.chunk.text) or p.chunk.text for p in found]


@pytest.mark.parametrize(
    ("reach", "places", "found"),
    [
        (0, (1, 2), ["1", "2"]),
        (1, (2,), ["123"]),
        (2, (2,), ["0123"]),
        (10, (2,), ["0123"]),
        (1, (0,), ["01"]),
        (1, (3,), ["23"]),
        (1, (4,), ["45"]),
        (2, (7,), ["567"]),
        (1, (8,), ["Next page."]),
        (1, (7, 8), ["67", "Next page."]),
        # hits that meet are one, in the place of the better
        (1, (1, 2), ["0123"]),
        (1, (2, 1), ["0123"]),
        (1, (0, 2), ["0123"]),
        (1, (6, 1, 5), ["4567", "012"]),
        (1, (1, 6, 2, 5), ["0123", "4567"]),
        # those that do not are not
        (1, (3, 4), ["23", "45"]),
        (1, (0, 3), ["01", "23"]),
    ],
)
def test_neighbours_of_the_same_unit_and_heading_are_joined(
    catalog: Catalog, reach: int, places: tuple[int, ...], found: list[str]
) -> None:
    assert _joined(catalog, _sentences(catalog), reach, *places) == found


def test_a_passage_that_meets_two_makes_all_three_one(catalog: Catalog) -> None:
    text = " ".join(SENTENCES)
    starts = [text.index(sentence) for sentence in SENTENCES]
    chunks = [Chunk(1, (), text[start : start + 24], start, start + 24) for start in starts]
    stored = _put(catalog, "/a.txt", [Unit(1, "page", "", [Block(text)])], chunks)
    assert _joined(catalog, stored, 1, 0, 4, 2) == ["012345"]


def test_the_better_ones_scores_stay_with_what_is_joined(catalog: Catalog) -> None:
    chunks = _sentences(catalog)
    (passage,) = join_neighbours(_hits(chunks, 2, 1), catalog, 1)
    assert (passage.score, passage.chunk.id) == (1.0, chunks[2].id)
    assert (passage.chunk.start, passage.chunk.end) == (0, 4 * 25 - 1)


def test_what_the_joined_ones_stand_for_is_kept(catalog: Catalog) -> None:
    chunks, others = _sentences(catalog), _sentences(catalog, "/b.txt")
    hits = [
        ScoredChunk(chunks[2], 1.0, 0.5, 1.0, 0.0, (others[2],)),
        ScoredChunk(chunks[1], 0.9, 0.5, 1.0, 0.0, (others[1],)),
    ]
    (passage,) = join_neighbours(hits, catalog, 1)
    assert [chunk.id for chunk in passage.also_in] == [others[2].id, others[1].id]


def test_documents_are_not_joined_with_each_other(catalog: Catalog) -> None:
    one, other = _sentences(catalog), _sentences(catalog, "/b.txt")
    found = join_neighbours(_hits([one[0], other[1]], 0, 1), catalog, 1)
    assert [(passage.chunk.document, passage.chunk.text) for passage in found] == [
        ("a.txt", " ".join(SENTENCES[:2])),
        ("b.txt", " ".join(SENTENCES[:3])),
    ]


def test_chunks_that_overlap_share_their_text_once(catalog: Catalog) -> None:
    text = "one two three four five six"
    spans = [(0, 13), (8, 23), (19, 27)]
    chunks = [Chunk(1, (), text[start:end], start, end) for start, end in spans]
    stored = _put(catalog, "/a.txt", [Unit(1, "page", "", [Block(text)])], chunks)
    assert [p.chunk.text for p in join_neighbours(_hits(stored, 0), catalog, 1)] == ["one two three four five"]
    assert [p.chunk.text for p in join_neighbours(_hits(stored, 0, 2), catalog, 1)] == [text]
    assert join_neighbours(_hits(stored, 0, 1), catalog, 0) == _hits(stored, 0, 1)


def test_a_heading_that_comes_again_is_not_joined_over_what_lies_between(catalog: Catalog) -> None:
    blocks = [Block("Apples.", headings=("Notes",)), Block("Pears.", headings=("Rules",)), Block("Plums.")]
    chunks = [
        Chunk(1, ("Notes",), "Apples.", 0, 7),
        Chunk(1, ("Rules",), "Pears.", 9, 15),
        Chunk(1, ("Notes",), "Plums.", 17, 23),
    ]
    stored = _put(catalog, "/a.txt", [Unit(1, "page", "", blocks)], chunks)
    assert [p.chunk.text for p in join_neighbours(_hits(stored, 0, 2), catalog, 1)] == ["Apples.", "Plums."]


class TestTables:
    @pytest.fixture
    def chunks(self, catalog: Catalog) -> list[StoredChunk]:
        blocks = [Block("In front of the table."), Block(TABLE, "table"), Block("Behind the table.")]
        unit = Unit(1, "page", "", blocks)
        cut = chunker_of(WordEmbedder()).split(Document("t", [unit]))
        chunks = _put(catalog, "/prices.txt", [unit], cut)
        assert len(chunks) > 5
        assert all(chunk.text.startswith("item | price") for chunk in chunks[1:-1])
        return chunks

    def test_a_chunk_that_repeats_the_header_is_left_as_it_was_cut(
        self, catalog: Catalog, chunks: list[StoredChunk]
    ) -> None:
        hits = _hits(chunks, 3, 2)
        assert join_neighbours(hits, catalog, 2) == hits

    def test_text_behind_a_table_does_not_draw_in_what_lies_before_it(
        self, catalog: Catalog, chunks: list[StoredChunk]
    ) -> None:
        (passage,) = join_neighbours(_hits(chunks, len(chunks) - 1), catalog, 2)
        assert passage.chunk.text == "Behind the table."


def _goes_on(catalog: Catalog, stored: list[StoredChunk], place: int, most: int = 1000) -> list[str]:
    found = continued(_hits(stored, place)[0], catalog, most)
    for passage in found:
        chunk = passage.chunk
        assert catalog.unit_text(chunk.document_id, chunk.unit)[: chunk.end].endswith(chunk.text[-10:])
    return [passage.chunk.text for passage in found]


def test_a_passage_goes_on_to_the_end_of_its_section(catalog: Catalog) -> None:
    stored = _sentences(catalog)
    assert _goes_on(catalog, stored, 1) == [" ".join(SENTENCES[1:4])]
    assert _goes_on(catalog, stored, 1, most=30) == [" ".join(SENTENCES[1:3])]
    assert _goes_on(catalog, stored, 3) == [SENTENCES[3]]


def test_a_section_that_goes_on_on_the_next_page_has_that_as_a_passage_of_its_own(catalog: Catalog) -> None:
    assert _goes_on(catalog, _sentences(catalog), 6) == [" ".join(SENTENCES[6:]), "Next page."]
    assert _goes_on(catalog, _sentences(catalog, "/b.txt"), 8) == ["Next page."]


def test_what_a_colon_announces_belongs_to_it(catalog: Catalog) -> None:
    text = "The days depend on the team:\n\nSales, 3 days\n\nOther matters."
    spans = [((), 0, 28), (("Days",), 30, 43), (("More",), 45, 59)]
    chunks = [Chunk(1, headings, text[start:end], start, end) for headings, start, end in spans]
    stored = _put(catalog, "/a.txt", [Unit(1, "page", "", [Block(text)])], chunks)
    assert _goes_on(catalog, stored, 0)[0].endswith("Sales, 3 days")
    assert _goes_on(catalog, stored, 1) == ["Sales, 3 days"]


def test_rows_of_a_table_go_on_below_its_header(catalog: Catalog) -> None:
    rows = "| a | b |\n| --- | --- |\n| 1 | 2 |\n| 3 | 4 |\n| 5 | 6 |"
    header, second = "| a | b |\n| --- | --- |\n", rows.index("| 3")
    chunks = [
        Chunk(1, (), rows[: second - 1], 0, second - 1),
        Chunk(1, (), header + rows[second : second + 9], second, second + 9),
        Chunk(1, (), header + rows[second + 10 :], second + 10, len(rows)),
    ]
    stored = _put(catalog, "/a.txt", [Unit(1, "page", "", [Block(rows)])], chunks)
    assert _goes_on(catalog, stored, 1) == [header + "| 3 | 4 |\n| 5 | 6 |"]
