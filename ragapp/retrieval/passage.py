"""What retrieval finds."""

from __future__ import annotations

from dataclasses import dataclass, field

from ragapp import contract
from ragapp.index.records import StoredChunk


@dataclass(frozen=True, slots=True)
class ScoredChunk:
    """A chunk retrieved for a question, perhaps with its neighbours.

    Attributes:
        chunk: what was found; where neighbours were joined, its text and offsets are those of all together.
        score: by which passages are ordered, with their pages and documents (`pages.py`): the reranker's where there is
            one; else the fused score, 0 to 1, and more for a document that the question names.
        dense: cosine.
        lexical: BM25.
        coverage: share of the question's words that it has, rare ones counting more; 0 to 1.
        also_in: chunks that say the same and are left out for it.
        similarity: the cosine on the embedder's own scale, 0 for texts that have nothing to do with each other.
    """

    chunk: StoredChunk
    score: float
    dense: float
    lexical: float
    coverage: float = 0.0
    also_in: tuple[StoredChunk, ...] = ()
    similarity: float = 0.0

    def described(self, n: int) -> contract.Passage:
        """The passage as it leaves the core, with its number in an answer or its rank in a search, 1-based."""
        chunk = self.chunk
        return contract.Passage(
            chunk.document,
            chunk.path,
            chunk.unit,
            chunk.label,
            chunk.kind,
            n=n,
            heading=" > ".join(chunk.headings),
            text=chunk.text,
            score=round(self.score, 4),
            dense=round(self.dense, 4),
            lexical=round(self.lexical, 4),
            coverage=round(self.coverage, 4),
            also_in=tuple(
                contract.Place(other.document, other.path, other.unit, other.label, other.kind)
                for other in self.also_in
            ),
        )


@dataclass(frozen=True, slots=True)
class RetrievalResult:
    """What a search gave.

    Attributes:
        passages: what was found, the best first.
        seconds: of each stage: ``embed``, ``search`` and maybe ``rerank``.
        words: of the question.
        words_read: by the embedder, from the first; fewer where its window ends before.
        words_searched: by the search for words, from the first; fewer where the question is longer than any.
    """

    passages: tuple[ScoredChunk, ...]
    seconds: dict[str, float] = field(default_factory=dict)
    words: int = 0
    words_read: int = 0
    words_searched: int = 0

    @property
    def cut(self) -> bool:
        """Whether the question was longer than what was read of it."""
        return min(self.words_read, self.words_searched) < self.words
