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
    units: dict[tuple[int, int], tuple[str, list[StoredChunk]]] = {}
    joined: list[Passage] = []
    for passage in passages:
        chunk = passage.chunk
        unit = chunk.document_id, chunk.unit
        if unit not in units:
            units[unit] = catalog.unit_text(*unit), catalog.unit_chunks(*unit)
        text, chunks = units[unit]
        row = _run(chunks, text, chunk)
        if not row:
            joined.append(passage)
            continue
        place = next(i for i, other in enumerate(row) if other.id == chunk.id)
        around = row[max(0, place - reach) : place + reach + 1]
        start, end = around[0].start, max(other.end for other in around)
        met = [better for better in joined if _meet(better.chunk, chunk, start, end)]
        best = met[0] if met else passage
        start = min([start, *(better.chunk.start for better in met)])
        end = max([end, *(better.chunk.end for better in met)])
        also_in = tuple(dict.fromkeys(other for one in (*met, passage) for other in one.also_in))
        grown = replace(best, chunk=replace(best.chunk, text=text[start:end], start=start, end=end), also_in=also_in)
        joined = [grown if one is best else one for one in joined if one is best or one not in met]
        if not met:
            joined.append(grown)
    return joined


def _run(chunks: Sequence[StoredChunk], text: str, chunk: StoredChunk) -> list[StoredChunk]:
    """The chunks around one of them that follow each other below the same heading and are plain spans of the text."""
    row: list[StoredChunk] = []
    for other in chunks:
        if other.headings == chunk.headings and text[other.start : other.end] == other.text:
            row.append(other)
        elif any(one.id == chunk.id for one in row):
            break
        else:
            row = []
    return row if any(one.id == chunk.id for one in row) else []


def _meet(better: StoredChunk, chunk: StoredChunk, start: int, end: int) -> bool:
    same = (better.document_id, better.unit, better.headings) == (chunk.document_id, chunk.unit, chunk.headings)
    return same and start <= better.end and better.start <= end
