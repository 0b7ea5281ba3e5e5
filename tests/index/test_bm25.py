"""BM25 worked out from the index's own terms is what FTS5 gives."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from storekit import WordEmbedder, identity_of, put_text

from ragapp.index.bm25 import Bm25Statistics
from ragapp.index.store import Store

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
def store(tmp_path_factory):
    embedder = WordEmbedder()
    drawn = random.Random(0)
    with Store(tmp_path_factory.mktemp("store"), identity_of(embedder), write=True) as store:
        for number in range(40):
            pages = [" ".join(drawn.choices(WORDS, range(len(WORDS), 0, -1), k=drawn.randint(3, 60))) for _ in range(3)]
            put_text(store, embedder, Path(f"/docs/{drawn.choice(WORDS)} {number}.txt"), *pages)
        store.remove(store.catalog.documents()[7].id)
        yield store


@pytest.mark.parametrize(
    "question",
    [["mileag"], ["penc", "day", "notic"], ["leav", "polici", "travel", "rate"], ["unheard", "hotel"], ["leav"]],
)
def test_the_same_as_by_a_search(store: Store, question: list[str]) -> None:
    catalog = store.catalog
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
    with Store(tmp_path, identity_of(WordEmbedder()), write=True) as store:
        assert store.catalog.lexical_scale() == Bm25Statistics(0, 0.0)
