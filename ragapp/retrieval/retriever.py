"""Question to passages: both sides' candidates, scored exactly on both, fused."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ragapp.errors import EmptyStoreError, PathError, UsageError
from ragapp.index.analysis import question_terms
from ragapp.index.embedder import Embedder
from ragapp.index.library import Library
from ragapp.index.records import StoredChunk
from ragapp.retrieval.fusion import fuse
from ragapp.settings import Retrieval

# what is longer holds no question any more; the embedder would cut it anyway
MAX_QUESTION_CHARACTERS = 4000
# added to the score of each passage of a document that the question calls by its name
NAMED_BONUS = 0.15
_NAME_SEPARATORS = re.compile(r"[-_.]+")


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk retrieved for a question.

    Attributes:
        chunk: what was found.
        score: fused score, 0 to 1, and more for a document that the question names.
        dense: cosine.
        lexical: BM25.
    """

    chunk: StoredChunk
    score: float
    dense: float
    lexical: float


class Retriever:
    """Finds passages in a library.

    Args:
        library: where to look.
        embedder: the one that made the library's vectors.
        settings: weights and numbers.
    """

    def __init__(self, library: Library, embedder: Embedder, settings: Retrieval):
        self._library = library
        self._embedder = embedder
        self._settings = settings

    def search(self, question: str, k: int, within: str = "") -> list[Passage]:
        """The best passages for a question.

        Args:
            question: in any language.
            k: how many at the most.
            within: shell pattern for file names or paths; everything when empty.

        Returns:
            Passages, the best first; chunks with the same text count once.

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
        if catalog.chunk_count() == 0:
            raise EmptyStoreError(
                f"There are no documents in the store {self._library.folder}.", "Add some: ragapp ingest ./docs"
            )
        self._library.check_identity()
        only = self._chunks_within(within) if within else None
        candidates = max(self._settings.candidates, k)
        vector = self._embedder.embed_question(question)
        near = self._library.vectors.nearest(vector, candidates, only)
        terms = question_terms(question, catalog.languages())
        lexical = catalog.match(terms, candidates, only)
        every = list(dict.fromkeys([*near, *lexical]))
        ids, vectors = catalog.vectors(every)
        dense = dict(zip(ids, (vectors @ vector).tolist(), strict=True)) if ids else {}
        # a candidate of the dense side below the lexical cut still has a BM25 score
        lexical |= catalog.match(terms, len(every), [chunk_id for chunk_id in every if chunk_id not in lexical])
        fused = fuse(dense, lexical, self._settings.dense_weight)
        chunks = catalog.chunks(list(fused))
        named = _named_documents(set(terms), chunks.values())
        passages = [
            Passage(chunk, scores.score + NAMED_BONUS * (chunk.document_id in named), scores.dense, scores.lexical)
            for chunk_id, scores in fused.items()
            if (chunk := chunks.get(chunk_id))
        ]
        passages.sort(key=lambda passage: -passage.score)
        return _distinct(passages)[:k]

    def _chunks_within(self, pattern: str) -> list[int]:
        rows = self._library.catalog.documents()
        chosen = [
            row.id for row in rows
            if fnmatch.fnmatch(row.name, pattern) or fnmatch.fnmatch(row.path, pattern)
        ]  # fmt: skip
        if not chosen:
            raise PathError(f"No document matches {pattern!r}.", "See: ragapp documents list")
        return self._library.catalog.chunk_ids(chosen)


def _named_documents(question: set[str], chunks: Iterable[StoredChunk]) -> set[int]:
    """Ids of the documents whose whole name or title stands in the question ("in the 2024 travel policy …")."""
    named = set()
    for chunk in {chunk.document_id: chunk for chunk in chunks}.values():
        for name in (chunk.document.rpartition(".")[0], chunk.title):
            words = set(question_terms(_NAME_SEPARATORS.sub(" ", name), [chunk.language]))
            if words and words <= question:
                named.add(chunk.document_id)
    return named


def _distinct(passages: Sequence[Passage]) -> list[Passage]:
    """Passages with the same text count once."""
    seen: dict[str, Passage] = {}
    for passage in passages:
        seen.setdefault(" ".join(passage.chunk.text.split()), passage)
    return list(seen.values())
