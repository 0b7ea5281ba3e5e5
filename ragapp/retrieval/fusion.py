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
BM25_SHARE = 0.5
COVERAGE_SHARE = 0.3
PROXIMITY_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Candidate:
    """The scores of a chunk on both sides: cosine with the question (-1 to 1) and BM25 (0 where no term occurs)."""

    dense: float
    lexical: float
    overlap: Overlap


def fuse(candidates: Mapping[int, Candidate], dense_weight: float, spread: float) -> dict[int, float]:
    """Combine both sides' scores to one of 0 to 1 by chunk id, the best first; equal scores by cosine, then by id.

    The nearest chunk's dense score is 1, and that of one whose cosine is ``spread`` less is 0, the difference between
    what answers and what does not: normalising by the range of the candidates would make much of little differences
    where nothing is near.  BM25 is divided by its largest value, since zero already means that nothing matches.
    """
    nearest = max((candidate.dense for candidate in candidates.values()), default=0.0)
    top = max((candidate.lexical for candidate in candidates.values()), default=0.0)
    scores = {}
    for chunk_id, candidate in candidates.items():
        dense = max(0.0, 1 - (nearest - candidate.dense) / spread)
        lexical = (
            BM25_SHARE * (candidate.lexical / top if top > 0 else 0.0)
            + COVERAGE_SHARE * candidate.overlap.coverage
            + PROXIMITY_SHARE * candidate.overlap.proximity
        )
        scores[chunk_id] = dense_weight * dense + (1 - dense_weight) * lexical
    return dict(sorted(scores.items(), key=lambda item: (-item[1], -candidates[item[0]].dense, item[0])))
