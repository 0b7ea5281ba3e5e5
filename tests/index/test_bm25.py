"""BM25 worked out from the index's own terms is what FTS5 gives."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from storekit import WordEmbedder, identity_of, put_text

from ragapp.index.bm25 import Scale
from ragapp.index.store import Library

WORDS = [
    "leave",
    "policy",
    "travel",
    "rate",
    "mileage",
    "train",
    "hotel",
    "night",
    "allowance",
    "receipt",
    "office",
    "manager",
    "notice",
    "days",
    "pence",
]


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    embedder = WordEmbedder()
    drawn = random.Random(0)
    with Library(tmp_path_factory.mktemp("store"), identity_of(embedder), write=True) as library:
        for number in range(40):
            pages = [" ".join(drawn.choices(WORDS, range(len(WORDS), 0, -1), k=drawn.randint(3, 60))) for _ in range(3)]
            put_text(library, embedder, Path(f"/docs/{drawn.choice(WORDS)} {number}.txt"), *pages)
        library.remove(library.catalog.documents()[7].id)
        yield library


@pytest.mark.parametrize(
    "question",
    [["mileag"], ["penc", "day", "notic"], ["leav", "polici", "travel", "rate"], ["unheard", "hotel"], ["leav"]],
)
def test_the_same_as_by_a_search(library: Library, question: list[str]) -> None:
    catalog = library.catalog
    expected = catalog.match(question, 1000)
    frequencies, scale = catalog.term_frequencies(question), catalog.lexical_scale()
    found = {
        chunk_id: score
        for chunk_id, terms in catalog.indexed_terms(catalog.chunk_ids()).items()
        if (score := scale.score(question, frequencies, terms))
    }
    assert len(expected) > 1
    assert found == pytest.approx(expected, rel=1e-9)


def test_an_empty_index_has_a_scale(tmp_path: Path) -> None:
    with Library(tmp_path, identity_of(WordEmbedder()), write=True) as library:
        assert library.catalog.lexical_scale() == Scale(0, 0.0)
