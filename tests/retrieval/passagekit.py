"""Passages made by hand."""

from __future__ import annotations

from ragapp.index.records import StoredChunk
from ragapp.retrieval.passage import ScoredChunk


def passage_of(text: str, chunk_id: int = 1, document: str = "a.txt", score: float = 1.0) -> ScoredChunk:
    chunk = StoredChunk(1, (), text, 0, len(text), chunk_id, 1, document, "", f"/docs/{document}", "en", "")
    return ScoredChunk(chunk, score, 0.5, 1.0)
