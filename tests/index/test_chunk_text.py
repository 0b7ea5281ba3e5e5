from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from storekit import WordEmbedder

from ragapp.index import chunk_text
from ragapp.index.chunk_text import CONTEXT_SHARE, ChunkEmbedder, EmbeddedText

TEXTS = [
    EmbeddedText("rules > Leave", "Annual leave is 25 days."),
    EmbeddedText("rules > Leave", "Sick leave needs a note."),
    EmbeddedText("rules > Travel", "Trains before planes."),
    EmbeddedText("old rules", "Trains before planes."),
]


@pytest.fixture
def embedder() -> WordEmbedder:
    return WordEmbedder()


def test_a_vector_is_that_of_the_text_with_a_share_of_the_lines(embedder: WordEmbedder) -> None:
    vectors = ChunkEmbedder(embedder).embed(TEXTS)
    assert vectors.dtype == np.float32
    for text, vector in zip(TEXTS, vectors, strict=True):
        body, line = embedder.embed_documents([text.text, text.context])
        mixed = body + CONTEXT_SHARE * line
        np.testing.assert_allclose(vector, mixed / np.linalg.norm(mixed), atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_the_text_counts_more_than_the_line_and_the_line_tells_equal_texts_apart(embedder: WordEmbedder) -> None:
    vectors = ChunkEmbedder(embedder).embed(TEXTS)
    text, line, other = embedder.embed_documents(["Trains before planes.", "rules > Travel", "old rules"])
    assert vectors[2] @ text > vectors[2] @ line
    assert vectors[2] @ line > vectors[3] @ line
    assert vectors[3] @ other > vectors[2] @ other


def test_a_text_and_a_line_that_several_share_are_embedded_once(embedder: WordEmbedder) -> None:
    chunks = ChunkEmbedder(embedder)
    chunks.embed(TEXTS)
    assert sorted(embedder.embedded) == sorted({text.text for text in TEXTS} | {text.context for text in TEXTS})
    embedder.embedded.clear()
    chunks.embed([EmbeddedText("rules > Leave", "Leave of absence."), EmbeddedText("rules > New", "Other.")])
    assert embedder.embedded == ["Leave of absence.", "Other.", "rules > New"]


@pytest.mark.parametrize(
    "text", [EmbeddedText("the same", "the same"), EmbeddedText("", "words"), EmbeddedText("words", "")]
)
def test_text_and_line_may_be_alike_or_empty(embedder: WordEmbedder, text: EmbeddedText) -> None:
    (vector,) = ChunkEmbedder(embedder).embed([text])
    assert float(np.linalg.norm(vector)) == pytest.approx(1, abs=1e-6)
    assert sorted(embedder.embedded) == sorted({text.text, text.context})


def test_the_same_vectors_come_alone_or_together(embedder: WordEmbedder) -> None:
    alone = np.concatenate([ChunkEmbedder(WordEmbedder()).embed([text]) for text in TEXTS])
    np.testing.assert_array_equal(ChunkEmbedder(embedder).embed(TEXTS), alone)


def test_no_chunks_give_no_vectors(embedder: WordEmbedder) -> None:
    assert ChunkEmbedder(embedder).embed([]).shape == (0, embedder.dimension)


def test_lines_that_were_forgotten_are_embedded_again(embedder: WordEmbedder, monkeypatch) -> None:
    monkeypatch.setattr(chunk_text, "_MAX_LINES", 2)
    chunks = ChunkEmbedder(embedder)
    first = chunks.embed(TEXTS)
    embedder.embedded.clear()
    np.testing.assert_array_equal(chunks.embed(TEXTS), first)
    assert "rules > Leave" in embedder.embedded


class Counting(WordEmbedder):
    """Tells of each text as it is done."""

    def embed_documents(self, texts, progress=None):
        for done in range(1, len(texts) + 1):
            if progress:
                progress(done)
        return super().embed_documents(texts)


def test_progress_counts_chunks_and_never_more_than_there_are() -> None:
    told: list[int] = []
    ChunkEmbedder(Counting()).embed(TEXTS[:2], told.append)
    assert told == [1, 2, 2]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (EmbeddedText("a", "b"), EmbeddedText("a", "b"), True),
        (EmbeddedText("a", "b"), EmbeddedText("a", "c"), False),
        (EmbeddedText("a", "b"), EmbeddedText("c", "b"), False),
        (EmbeddedText("", "b"), EmbeddedText("b", ""), False),
        (EmbeddedText("a", "\ud800"), EmbeddedText("a", "\ud801"), False),
    ],
)
def test_a_fingerprint_tells_texts_and_lines_apart(one: EmbeddedText, other: EmbeddedText, same: bool) -> None:
    assert (one.fingerprint == other.fingerprint) == same
    assert len(one.fingerprint) == 16


def test_what_is_kept_of_a_batch_is_its_lines_alone():
    words = WordEmbedder(dimension=256)
    embedder = ChunkEmbedder(words)
    tracemalloc.start()
    try:
        for batch in range(20):
            embedder.embed([EmbeddedText(f"file {batch}", f"text {batch} {n}") for n in range(200)])
            words.embedded.clear()
        kept = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert kept < 20 * 256 * 4 * 20, "the vectors of all texts would be ten times as much"
