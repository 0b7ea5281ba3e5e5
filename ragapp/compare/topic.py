"""The places of a document that are near a topic."""

from __future__ import annotations

from glob import escape

from ragapp.index.records import DocumentRow
from ragapp.retrieval.retriever import Retriever

# passages of a document that are looked at, and the share of the best one's score that is near enough
_PASSAGES = 5
_NEAR_ENOUGH = 0.75


def places_near(retriever: Retriever, topic: str, row: DocumentRow) -> list[tuple[int, int, int]]:
    """Unit and offsets of the passages of a document that are about as near to a topic as the nearest one.

    Raises what :meth:`ragapp.retrieval.retriever.Retriever.search` raises.
    """
    found = retriever.search(topic, _PASSAGES, escape(row.path)).passages
    best = max((passage.score for passage in found), default=0.0)
    near = [passage.chunk for passage in found if passage.score >= _NEAR_ENOUGH * best]
    return [(chunk.unit, chunk.start, chunk.end) for chunk in near]
