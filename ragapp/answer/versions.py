"""Versions: passages of other documents with nearly the same words but other figures, which may disagree."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from ragapp.answer import facts
from ragapp.index.analysis import content_words
from ragapp.index.records import DocumentRow
from ragapp.retrieval.passage import ScoredChunk

# Jaccard similarity of the words
ALIKE = 0.35
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d{2}(?!\d)")


def other_versions(best: ScoredChunk, passages: Sequence[ScoredChunk]) -> list[ScoredChunk]:
    """Versions of the best passage among those that the search found; the first of each document, in that order."""
    found: dict[int, ScoredChunk] = {}
    words, figures = content_words(best.chunk.text, best.chunk.language), facts.number_variants(best.chunk.text)
    for passage in passages:
        chunk = passage.chunk
        if chunk.document_id == best.chunk.document_id or chunk.document_id in found:
            continue
        others = content_words(chunk.text, chunk.language)
        alike = len(words & others) / max(1, len(words | others))
        if alike >= ALIKE and facts.number_variants(chunk.text) != figures:
            found[chunk.document_id] = passage
    return list(found.values())


def figures_disagree(one: str, other: str, question: str) -> bool:
    """Whether two answers have different figures, not counting those of the question."""
    given = facts.number_variants(question)
    first, second = (set(facts.numbers(text)) - given for text in (one, other))
    return bool(first and second and not first & second)


def document_date(row: DocumentRow) -> str:
    """The date of a document for people: the year in its name or title, else the day of its last change."""
    years: list[str] = _YEAR.findall(row.name) or _YEAR.findall(row.title)
    if years:
        return years[-1]
    return datetime.fromtimestamp(row.mtime_ns / 1e9, UTC).date().isoformat()
