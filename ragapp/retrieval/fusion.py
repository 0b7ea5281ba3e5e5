"""Fusion of dense and lexical scores by a convex combination.

Reciprocal rank fusion hurts when one side is weak (an English-only embedder on French text); a convex combination of
normalised scores does not.  See Bruch, Gai, Ingber: An Analysis of Fusion Functions for Hybrid Retrieval (2023).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ragapp.retrieval.overlap import Overlap

# Parts of the lexical score; chosen, like the default weight of the dense side, on one half of four question sets and
# confirmed on the other (`benchmarks/README.md`).
BM25_SHARE = 0.2
COVERAGE_SHARE = 0.5
PROXIMITY_SHARE = 0.3

# Across languages (see :func:`fuse`), chosen on one half of `benchmarks/across_languages.jsonl`.  What a chunk in
# another language means stands in for words by this power of the dense side's weight: where little is given on meaning,
# little follows from it.
EXPECTATION = 0.5
# How well the best chunk in the question's own language may answer before nothing is expected any more: words
# covered times nearness.  Questions that are answered in their own language have .64 and .77 in the middle (PIAF,
# SQuAD), those that are answered in another .2.
UNANSWERED, ANSWERED = 0.3, 0.5


@dataclass(frozen=True, slots=True)
class Candidate:
    """The scores of a chunk on both sides.

    Attributes:
        dense: cosine with the question, -1 to 1.
        lexical: BM25; 0 where no term occurs.
        overlap: what of the question's words it has.
        foreign: how sure it is that it is written in another language than the question, 0 to 1.
    """

    dense: float
    lexical: float
    overlap: Overlap
    foreign: float = 0.0


def fuse(candidates: Mapping[int, Candidate], dense_weight: float, spread: float) -> dict[int, float]:
    """Combine both sides' scores to one of 0 to 1 by chunk id, the best first; equal scores by cosine, then by id.

    The nearest chunk's dense score is 1, and that of one whose cosine is ``spread`` less is 0, the difference between
    what answers and what does not: normalising by the range of the candidates would make much of little differences
    where nothing is near.  BM25 is divided by its largest value, since zero already means that nothing matches.

    A chunk in another language than the question has few of its words, however well it answers, while any in the
    question's own has some by chance.  So its lexical score is raised by what its meaning lets expect of its words in
    the question's language; the names, codes and figures that it shares still count beside that.  Where a chunk in the
    question's own language has most of its words and is near, the question is answered there, and nothing is raised.
    """
    nearest = max((candidate.dense for candidate in candidates.values()), default=0.0)
    top = max((candidate.lexical for candidate in candidates.values()), default=0.0)
    near = {chunk_id: max(0.0, 1 - (nearest - one.dense) / spread) for chunk_id, one in candidates.items()}
    answered = max(
        ((1 - one.foreign) * one.overlap.coverage * near[chunk_id] for chunk_id, one in candidates.items()), default=0.0
    )
    unanswered = min(1.0, max(0.0, (ANSWERED - answered) / (ANSWERED - UNANSWERED)))
    expected = dense_weight**EXPECTATION
    scores = {}
    for chunk_id, candidate in candidates.items():
        dense = near[chunk_id]
        lexical = (
            BM25_SHARE * (candidate.lexical / top if top > 0 else 0.0)
            + COVERAGE_SHARE * candidate.overlap.coverage
            + PROXIMITY_SHARE * candidate.overlap.proximity
        )
        if raised := candidate.foreign * unanswered * expected * dense:
            lexical = min(1.0, lexical + raised)
        scores[chunk_id] = dense_weight * dense + (1 - dense_weight) * lexical
    return dict(sorted(scores.items(), key=lambda item: (-item[1], -candidates[item[0]].dense, item[0])))
