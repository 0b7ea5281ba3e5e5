"""Question to passages: both sides' candidates, scored exactly on both, fused."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import chain

import numpy as np

from ragapp.errors import EmptyStoreError, UsageError
from ragapp.index.analysis import question_terms, question_words
from ragapp.index.changes import context_line
from ragapp.index.embedder import Embedder
from ragapp.index.library import Library
from ragapp.index.records import StoredChunk
from ragapp.index.vector_store import nearest_exactly
from ragapp.retrieval.duplicates import without_duplicates
from ragapp.retrieval.fusion import fuse
from ragapp.retrieval.neighbours import join_neighbours
from ragapp.retrieval.passage import Found, Passage
from ragapp.retrieval.rerank import Reranker
from ragapp.retrieval.scope import documents_within
from ragapp.retrieval.wording import QuestionWording
from ragapp.settings import Retrieval

# what is longer holds no question any more; the embedder would cut it anyway
MAX_QUESTION_CHARACTERS = 4000
# added to the score of each passage of a document that the question calls by its name
NAMED_BONUS = 0.15
# so many chunks of chosen documents are scored one by one, which misses none; a graph that is searched for few of its
# vectors does
EXACT_WITHIN = 20_000
_NAME_SEPARATORS = re.compile(r"[-_.]+")


class Retriever:
    """Finds passages in a library.

    Args:
        library: where to look.
        embedder: the one that made the library's vectors.
        settings: weights and numbers.
        reranker: looks at the best candidates again; None where the fused score decides.
    """

    def __init__(self, library: Library, embedder: Embedder, settings: Retrieval, reranker: Reranker | None = None):
        self._library = library
        self._embedder = embedder
        self._settings = settings
        self._reranker = reranker

    def search(self, question: str, k: int, within: str = "") -> Found:
        """The best passages for a question.

        Args:
            question: in any language.
            k: how many at the most.
            within: a name, pattern or folder that restricts the documents, see :func:`documents_within`; everything
                when empty.

        Returns:
            Passages, the best first; what says nothing new counts once.

        Raises:
            UsageError: the question is empty.
            EmptyStoreError: nothing has been ingested.
            PathError: no document matches ``within``.
            IdentityError: the store was made with another embedder.
        """
        question = question.replace("\x00", " ").strip()[:MAX_QUESTION_CHARACTERS]
        if not question:
            raise UsageError("The question is empty.", 'Ask something: ragapp ask "…"')
        catalog = self._library.catalog
        if not catalog.chunk_count():
            raise EmptyStoreError(
                f"There are no documents in the store {self._library.folder}.", "Add some: ragapp ingest ./docs"
            )
        self._library.check_identity()
        only = catalog.chunk_ids(documents_within(catalog.documents(), within)) if within else None
        clock = _Clock()
        vector = self._embedder.embed_question(question)
        clock.stop("embed")
        # more than are wanted: a reranker may raise one, and passages that meet become one
        enough = 2 * k if self._settings.neighbours else k
        if self._reranker:
            enough = max(enough, self._settings.rerank_candidates)
        fused = self._fused(question, vector, max(self._settings.candidates, k), only)
        passages = without_duplicates(fused, enough)
        clock.stop("search")
        if self._reranker:
            passages = self._reranked(self._reranker, question, passages)
            clock.stop("rerank")
        joined = join_neighbours(passages, catalog, self._settings.neighbours)
        return Found(tuple(joined[:k]), clock.seconds)

    def _fused(self, question: str, vector: np.ndarray, candidates: int, only: Sequence[int] | None) -> list[Passage]:
        catalog = self._library.catalog
        if only is not None and len(only) <= EXACT_WITHIN:
            near = nearest_exactly(catalog, vector, candidates, only)
        else:
            near = self._library.nearest(vector, candidates, only)
        words = question_words(question, catalog.languages())
        frequencies = catalog.term_frequencies(list(chain.from_iterable(words)))
        scale = catalog.lexical_scale()
        terms = _telling(frequencies, scale.chunks)
        lexical = catalog.match(terms, candidates, only)
        every = list(dict.fromkeys([*near, *lexical]))
        ids, vectors = catalog.vectors(every)
        dense = dict(zip(ids, (vectors @ vector).tolist(), strict=True)) if ids else {}
        indexed = catalog.indexed_terms(every)
        # a candidate of the dense side below the lexical cut still has a BM25 score
        lexical |= {
            chunk_id: scale.score(terms, frequencies, found)
            for chunk_id, found in indexed.items()
            if chunk_id not in lexical
        }
        asked = QuestionWording(words, frequencies, scale.chunks)
        wordings = {chunk_id: asked.of(*found) for chunk_id, found in indexed.items()}
        fused = fuse(dense, lexical, wordings, self._settings.dense_weight, self._embedder.cosine_spread)
        chunks = catalog.chunks(list(fused))
        named = _named_documents(set(chain.from_iterable(words)), chunks.values())
        passages = [
            Passage(
                chunk,
                scores.score + NAMED_BONUS * (chunk.document_id in named),
                scores.dense,
                scores.lexical,
                scores.wording.coverage,
            )
            for chunk_id, scores in fused.items()
            if (chunk := chunks.get(chunk_id))
        ]
        return sorted(passages, key=lambda passage: -passage.score)

    def _reranked(self, reranker: Reranker, question: str, passages: Sequence[Passage]) -> list[Passage]:
        best, rest = passages[: self._settings.rerank_candidates], passages[self._settings.rerank_candidates :]
        texts = [
            f"{context_line(passage.chunk.document, passage.chunk.title, passage.chunk.headings)}\n{passage.chunk.text}"
            for passage in best
        ]
        scores = reranker.score(question, texts)
        again = [replace(passage, score=score) for passage, score in zip(best, scores, strict=True)]
        # what was not looked at stays behind, with no score that could be taken for the reranker's
        return sorted(again, key=lambda passage: -passage.score) + [replace(passage, score=0.0) for passage in rest]


def _telling(frequencies: Mapping[str, int], chunks: int) -> list[str]:
    """The terms to search for, the rarest first.

    What more than half of the chunks hold has no weight in BM25, and costs the most to look up; it is left out where
    there is anything else.
    """
    rarest_first = sorted(frequencies, key=frequencies.__getitem__)
    return [term for term in rarest_first if 2 * frequencies[term] <= chunks] or rarest_first


class _Clock:
    """What each stage takes."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._since = time.perf_counter()

    def stop(self, stage: str) -> None:
        """The stage has ended; the next begins."""
        now = time.perf_counter()
        self.seconds[stage] = round(now - self._since, 4)
        self._since = now


def _named_documents(question: set[str], chunks: Iterable[StoredChunk]) -> set[int]:
    """Ids of the documents whose whole name or title stands in the question ("in the 2024 travel policy …")."""
    named = set()
    for chunk in {chunk.document_id: chunk for chunk in chunks}.values():
        for name in (chunk.document.rpartition(".")[0], chunk.title):
            words = _name_terms(name, chunk.language)
            if words and words <= question:
                named.add(chunk.document_id)
    return named


@lru_cache(maxsize=10_000)
def _name_terms(name: str, language: str) -> frozenset[str]:
    return frozenset(question_terms(_NAME_SEPARATORS.sub(" ", name), [language]))
