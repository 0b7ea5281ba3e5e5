"""Hybrid retrieval: candidates of both sides, scored exactly on both, fused, deduplicated, reranked."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from itertools import chain

import numpy as np

from ragapp.errors import EmptyStoreError, UsageError
from ragapp.index.analysis import question_words
from ragapp.index.bm25 import word_frequency
from ragapp.index.catalog import Catalog
from ragapp.index.catalog_writes import context_line
from ragapp.index.embedder import Embedder, own_scale
from ragapp.index.records import StoredChunk
from ragapp.index.store import Store
from ragapp.index.vector_store import nearest_exactly
from ragapp.reading.leaders import is_contents
from ragapp.retrieval.fusion import Candidate, fuse
from ragapp.retrieval.overlap import QueryTerms
from ragapp.retrieval.pages import order_by_place
from ragapp.retrieval.passage import RetrievalResult, ScoredChunk
from ragapp.retrieval.postprocess import join_neighbours, without_duplicates
from ragapp.retrieval.question_language import QuestionLanguage, question_language
from ragapp.retrieval.rerank import CrossEncoderReranker
from ragapp.retrieval.scope import matching_documents
from ragapp.settings import Retrieval

# Of a longer question this much is searched for, and the result says so; each word costs a look-up.
MAX_QUESTION_CHARACTERS = 20_000
# A token has a byte at least, and no embedder reads fewer tokens: what is shorter it reads whole.
SURELY_READ_BYTES = 100
# added to the score of each passage of a document that the question calls by its name
NAMED_BONUS = 0.15
# what the score of a table of contents counts: it has the words of every title, and says nothing of what is below them
CONTENTS_SHARE = 0.5
# up to so many chunks of chosen documents are compared one by one, which misses none; a graph that is searched for a
# small part of its vectors does
EXACT_WITHIN = 20_000
# How much deeper is looked for chunks in another language than the question: embedders of many languages put those in
# its own first (with multilingual-e5-small, a quarter of those that answered were not among the first 50 of 1,240).
ACROSS_DEPTH = 8
# what the found words of a question count that is in a language of no document
FOREIGN_COVERAGE = 0.9
_NAME_SEPARATORS = re.compile(r"[-_.]+")


class Retriever:
    """Finds passages in a store by the embedder that made its vectors, and BM25; a reranker scores the best anew."""

    def __init__(
        self, store: Store, embedder: Embedder, settings: Retrieval, reranker: CrossEncoderReranker | None = None
    ) -> None:
        self._store = store
        self._embedder = embedder
        self._settings = settings
        self._reranker = reranker

    def search(self, question: str, k: int, within: str = "") -> RetrievalResult:
        """The ``k`` best passages for a question in any language, the best first; near-duplicates count once.

        ``within`` restricts the documents to a name, pattern or folder, see :func:`matching_documents`.

        Raises:
            UsageError: the question is empty.
            EmptyStoreError: nothing has been ingested.
            PathError: no document matches ``within``.
            IdentityError: the store was made with another embedder.
        """
        whole = question.replace("\x00", " ").strip()
        question = whole[:MAX_QUESTION_CHARACTERS]
        if not question:
            raise UsageError("The question is empty.", 'Ask something: ragapp ask "…"')
        settings, catalog = self._settings, self._store.catalog
        if not catalog.chunk_count():
            raise EmptyStoreError(
                f"There are no documents in the store {self._store.folder}.", "Add some: ragapp ingest ./docs"
            )
        self._store.check_identity()
        only = catalog.chunk_ids(matching_documents(catalog.documents(), within)) if within else None
        # more than k: neighbours that meet become one, and a reranker may raise any of its candidates
        enough = max(2 * k if settings.neighbours else k, settings.rerank_candidates if self._reranker else 0)
        seconds: dict[str, float] = {}
        with _timed(seconds, "embed"):
            vector = self._embedder.embed_query(question)
        with _timed(seconds, "search"):
            language = question_language(question)
            # its own stop words are none of its content, whether or not a document is written in it
            words = catalog.question_words(question, [language.code] if language.code else [])
            candidates, chunks = self._candidates(words, vector, max(settings.candidates, k), only, language)
            spread = self._embedder.cosine_spread
            scores = fuse(candidates, settings.vector_weight, spread)
            passages = without_duplicates(order_by_place(_passages(words, candidates, chunks, scores, spread)), enough)
        if self._reranker:
            with _timed(seconds, "rerank"):
                passages = self._reranked(self._reranker, question, passages)
        found = tuple(join_neighbours(passages, catalog, settings.neighbours)[:k])
        read = searched = len(question.split())
        if len(question.encode("utf-8", "surrogatepass")) > SURELY_READ_BYTES:
            read = self._embedder.words_read(question)
        return RetrievalResult(found, seconds, len(whole.split()), read, searched)

    def coverage(self, question: str, k: int) -> float:
        """Share of a question's words that the best of ``k`` passages holds, rare ones counting more; 0 to 1.

        It is never all of them where no document is in its language: what is found there are names and chance.

        Raises:
            RagappError: see :meth:`search`.
        """
        share = max((passage.coverage for passage in self.search(question, k).passages), default=0.0)
        language = question_language(question)
        foreign = language.confidence > 0 and language.code not in self._store.catalog.languages()
        return FOREIGN_COVERAGE * share if foreign else share

    def _candidates(
        self,
        words: Sequence[tuple[str, ...]],
        vector: np.ndarray,
        limit: int,
        only: Sequence[int] | None,
        language: QuestionLanguage,
    ) -> tuple[dict[int, Candidate], dict[int, StoredChunk]]:
        """The nearest chunks and those of the best BM25, up to ``limit`` of each, scored exactly on both sides."""
        catalog = self._store.catalog
        nearest = self._nearest(vector, limit, only, language)
        frequencies = catalog.term_frequencies(list(chain.from_iterable(words)))
        scale = catalog.lexical_scale()
        asked = _informative(words, frequencies, scale.chunks)
        matched = catalog.match(asked, limit, only)
        ids, vectors = catalog.vectors(list(dict.fromkeys([*nearest, *matched])))
        cosines: list[float] = (vectors @ vector).tolist() if ids else []
        indexed = catalog.indexed_terms(ids)
        chunks = catalog.chunks(ids)
        query = QueryTerms(words, frequencies, scale.chunks)
        candidates = {}
        for chunk_id, cosine in zip(ids, cosines, strict=True):
            context, body = indexed.get(chunk_id, ([], []))
            bm25 = matched.get(chunk_id) or scale.score(asked, frequencies, (context, body))
            foreign = language.foreign(chunks[chunk_id].language) if chunk_id in chunks else 0.0
            candidates[chunk_id] = Candidate(cosine, bm25, query.overlap(context, body), foreign)
        return candidates, chunks

    def _nearest(
        self, vector: np.ndarray, limit: int, only: Sequence[int] | None, language: QuestionLanguage
    ) -> list[int]:
        """The nearest ``limit`` chunks, and behind them more in other languages than the question, up to as many."""
        catalog = self._store.catalog
        across = language.confidence > 0 and any(map(language.foreign, catalog.languages()))
        depth = ACROSS_DEPTH * limit if across else limit
        if only is not None and len(only) <= EXACT_WITHIN:
            nearest = nearest_exactly(catalog, vector, depth, only)
        else:
            nearest = self._store.nearest(vector, depth, only)
        if not across:
            return nearest
        chunks = catalog.chunks(nearest)
        foreign = [one for one in nearest if one in chunks and language.foreign(chunks[one].language)]
        return list(dict.fromkeys([*nearest[:limit], *foreign[:limit]]))

    def _reranked(
        self, reranker: CrossEncoderReranker, question: str, passages: Sequence[ScoredChunk]
    ) -> list[ScoredChunk]:
        best, rest = passages[: self._settings.rerank_candidates], passages[self._settings.rerank_candidates :]
        texts = [
            f"{context_line(passage.chunk.document, passage.chunk.title, passage.chunk.headings)}\n{passage.chunk.text}"
            for passage in best
        ]
        scores = reranker.score(question, texts)
        again = [replace(passage, score=score) for passage, score in zip(best, scores, strict=True)]
        # the others stay behind, with no score that could be taken for the reranker's
        return sorted(again, key=lambda passage: -passage.score) + [replace(passage, score=0.0) for passage in rest]


def best_by_words(catalog: Catalog, question: str) -> StoredChunk | None:
    """The best chunk for a question by BM25 alone: no model is loaded and no vector opened for it.

    None where no chunk has a word of the question.
    """
    words = catalog.question_words(question)
    frequencies = catalog.term_frequencies(list(chain.from_iterable(words)))
    asked = _informative(words, frequencies, catalog.lexical_scale().chunks)
    # some more than one: the words' other spellings are scored among the best few only
    best = next(iter(catalog.match(asked, 10)), None)
    return catalog.chunks([best])[best] if best is not None else None


@contextmanager
def _timed(seconds: dict[str, float], stage: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    seconds[stage] = round(time.perf_counter() - started, 4)


def _passages(
    words: Sequence[tuple[str, ...]],
    candidates: Mapping[int, Candidate],
    chunks: Mapping[int, StoredChunk],
    scores: Mapping[int, float],
    cosine_spread: float,
) -> list[ScoredChunk]:
    """Scored chunks as passages, the best first, those of a document that the question names with their bonus."""
    named = _named_documents(set(chain.from_iterable(words)), chunks.values())
    passages = []
    for chunk_id, score in scores.items():
        if chunk := chunks.get(chunk_id):
            bonus = NAMED_BONUS * (chunk.document_id in named)
            if is_contents(chunk.text):
                score *= CONTENTS_SHARE
            found = candidates[chunk_id]
            similarity = own_scale(found.dense, cosine_spread)
            sides = found.dense, found.lexical, found.overlap.coverage
            passages.append(ScoredChunk(chunk, score + bonus, *sides, similarity=similarity))
    return sorted(passages, key=lambda passage: -passage.score)


def _informative(
    words: Iterable[tuple[str, ...]], frequencies: Mapping[str, int], chunks: int
) -> list[tuple[str, ...]]:
    """The words to search for, the rarest first, by those of their terms that occur.

    A word of more than half of the chunks has no weight in BM25 and costs the most to look up; it is left out where
    there are others.
    """
    there = {tuple(term for term in word if term in frequencies) for word in words} - {()}
    counts = {word: word_frequency(word, frequencies, chunks) for word in there}
    rarest_first = sorted(counts, key=lambda word: (counts[word], word))
    return [word for word in rarest_first if 2 * counts[word] <= chunks] or rarest_first


def _named_documents(question: set[str], chunks: Iterable[StoredChunk]) -> set[int]:
    """Ids of the documents whose whole name or title occurs in the question ("in the 2024 travel policy …")."""
    named = set()
    for chunk in {chunk.document_id: chunk for chunk in chunks}.values():
        for name in (chunk.document.rpartition(".")[0], chunk.title):
            words = _name_words(name, chunk.language)
            if words and not any(question.isdisjoint(word) for word in words):
                named.add(chunk.document_id)
    return named


@lru_cache(maxsize=10_000)
def _name_words(name: str, language: str) -> list[tuple[str, ...]]:
    return question_words(_NAME_SEPARATORS.sub(" ", name), [language])
