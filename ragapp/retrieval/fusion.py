"""One score out of two: the convex combination of the dense and the lexical side.

Reciprocal rank fusion hurts when one side is weak (an English-only embedder on French text); a convex combination of
normalised scores does not.  See Bruch, Gai, Ingber: An Analysis of Fusion Functions for Hybrid Retrieval (2023).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fused:
    """Scores of one chunk.

    Attributes:
        score: the combination, 0 to 1.
        dense: cosine with the question, -1 to 1.
        lexical: BM25, 0 where no term occurs.
    """

    score: float
    dense: float
    lexical: float


def fuse(dense: Mapping[int, float], lexical: Mapping[int, float], dense_weight: float) -> dict[int, Fused]:
    """Combine both sides' scores of the same candidates.

    The dense side is spread over its range (min-max), since cosines of one question lie close together; the lexical
    side is divided by its largest score, since zero already means that nothing matches.

    Args:
        dense: cosine by chunk id, for every candidate.
        lexical: BM25 by chunk id; a candidate that is missing counts as 0.
        dense_weight: weight of the dense side, 0 to 1.

    Returns:
        Scores by chunk id, the best first; equal scores by id.
    """
    if not dense:
        return {}
    low, high = min(dense.values()), max(dense.values())
    spread = high - low
    top = max(lexical.values(), default=0.0)
    fused = {}
    for chunk_id, cosine in dense.items():
        near = (cosine - low) / spread if spread > 0 else 1.0
        words = lexical.get(chunk_id, 0.0) / top if top > 0 else 0.0
        score = dense_weight * near + (1 - dense_weight) * words
        fused[chunk_id] = Fused(score, cosine, lexical.get(chunk_id, 0.0))
    return dict(sorted(fused.items(), key=lambda item: (-item[1].score, item[0])))
