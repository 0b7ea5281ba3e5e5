"""One score out of two sides: the convex combination of the dense and the lexical one.

Reciprocal rank fusion hurts when one side is weak (an English-only embedder on French text); a convex combination of
normalised scores does not.  See Bruch, Gai, Ingber: An Analysis of Fusion Functions for Hybrid Retrieval (2023).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ragapp.retrieval.wording import Wording

# What the lexical side consists of; chosen, like the default weight of the dense side, on one half of four question
# sets and confirmed on the other (`benchmarks/README.md`).
BM25_SHARE = 0.5
COVERAGE_SHARE = 0.3
PROXIMITY_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Fused:
    """Scores of one chunk.

    Attributes:
        score: the combination, 0 to 1.
        dense: cosine with the question, -1 to 1.
        lexical: BM25, 0 where no term occurs.
        wording: how much of the question's wording it has.
    """

    score: float
    dense: float
    lexical: float
    wording: Wording


def fuse(
    dense: Mapping[int, float],
    lexical: Mapping[int, float],
    wordings: Mapping[int, Wording],
    dense_weight: float,
    spread: float,
) -> dict[int, Fused]:
    """Combine both sides' scores of the same candidates.

    On the dense side the nearest chunk counts 1, and one whose cosine is ``spread`` less counts 0: spreading whatever
    range the candidates have over 0 to 1 would make much of little differences where nothing is near.  On the lexical
    side BM25 is divided by its largest value, since zero already means that nothing matches.

    Args:
        dense: cosine by chunk id, for every candidate.
        lexical: BM25 by chunk id; a candidate that is missing counts as 0.
        wordings: by chunk id, likewise.
        dense_weight: weight of the dense side, 0 to 1.
        spread: by how much cosines of the embedder in use differ between what answers and what does not.

    Returns:
        Scores by chunk id, the best first; equal scores by cosine, then by id.
    """
    if not dense:
        return {}
    nearest = max(dense.values())
    top = max(lexical.values(), default=0.0)
    fused = {}
    for chunk_id, cosine in dense.items():
        near = max(0.0, 1 - (nearest - cosine) / spread)
        bm25, wording = lexical.get(chunk_id, 0.0), wordings.get(chunk_id, Wording())
        words = (
            BM25_SHARE * (bm25 / top if top > 0 else 0.0)
            + COVERAGE_SHARE * wording.coverage
            + PROXIMITY_SHARE * wording.proximity
        )
        fused[chunk_id] = Fused(dense_weight * near + (1 - dense_weight) * words, cosine, bm25, wording)
    return dict(sorted(fused.items(), key=lambda item: (-item[1].score, -item[1].dense, item[0])))
