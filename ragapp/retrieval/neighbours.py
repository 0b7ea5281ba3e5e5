"""A hit together with the chunks around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ragapp.index.catalog import Catalog
from ragapp.index.records import StoredChunk
from ragapp.retrieval.passage import Passage


def join_neighbours(passages: Sequence[Passage], catalog: Catalog, reach: int) -> list[Passage]:
    """Join each passage with its neighbours of the same unit and heading.

    Passages that meet by this become one, in the place of the better.  What is joined is the exact text of the unit.
    A table that was cut stays as it was cut, since each of its chunks carries the header.

    Args:
        passages: the best first.
        catalog: that holds them.
        reach: how many chunks on each side; 0 joins nothing.
    """
    if reach <= 0:
        return list(passages)
    sections: dict[tuple[int, int], list[StoredChunk]] = {}
    texts: dict[tuple[int, int], str] = {}
    joined: list[Passage] = []
    for passage in passages:
        chunk = passage.chunk
        unit = chunk.document_id, chunk.unit
        if unit not in sections:
            texts[unit] = catalog.unit_text(*unit)
            sections[unit] = [
                other for other in catalog.unit_chunks(*unit) if texts[unit][other.start : other.end] == other.text
            ]
        row = [other for other in sections[unit] if other.headings == chunk.headings]
        place = next((i for i, other in enumerate(row) if other.id == chunk.id), None)
        if place is None:
            joined.append(passage)
            continue
        around = row[max(0, place - reach) : place + reach + 1]
        start, end = around[0].start, max(other.end for other in around)
        meets = next((i for i, better in enumerate(joined) if _meet(better.chunk, chunk, start, end)), None)
        if meets is not None:
            better = joined[meets]
            start, end = min(start, better.chunk.start), max(end, better.chunk.end)
            passage, chunk = better, better.chunk
        grown = replace(passage, chunk=replace(chunk, text=texts[unit][start:end], start=start, end=end))
        if meets is None:
            joined.append(grown)
        else:
            joined[meets] = grown
    return joined


def _meet(better: StoredChunk, chunk: StoredChunk, start: int, end: int) -> bool:
    same = (better.document_id, better.unit, better.headings) == (chunk.document_id, chunk.unit, chunk.headings)
    return same and start <= better.end and better.start <= end
