"""Drawing passages of a library that questions can be asked about, spread over its documents, languages and formats."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import groupby

from ragapp.answer.prompt_injection import has_injection
from ragapp.index.analysis import folded_words
from ragapp.index.catalog import Catalog
from ragapp.index.records import DocumentRow, StoredChunk
from ragapp.reading.leaders import LEADERS, is_contents
from ragapp.retrieval.passage import ScoredChunk

# of a shorter text little can be asked
LEAST_WORDS = 18
# of its characters without spaces, so many are letters: less is a grid of figures, or rules
LEAST_LETTERS = 0.45


def sampled_chunks(catalog: Catalog, seed: int = 0) -> Iterator[StoredChunk]:
    """All usable chunks of a library, each once, the same words once, in an order that a seed fixes.

    Groups of documents, by language and file format, take turns, and in each its documents, so that the first few
    come from all over the library.
    """
    rng = random.Random(seed)
    documents = sorted(catalog.documents(), key=lambda row: (*_group(row), row.sha256, row.path))
    groups = []
    for _, rows in groupby(documents, key=_group):
        group = list(rows)
        rng.shuffle(group)
        groups.append(_in_turn([_of_document(catalog, row, f"{seed} {row.sha256}") for row in group]))
    rng.shuffle(groups)
    seen: set[str] = set()
    for chunk in _in_turn(groups):
        words = " ".join(folded_words(chunk.text))
        if words not in seen:
            seen.add(words)
            yield chunk


def is_usable(chunk: StoredChunk) -> bool:
    """Whether something can be asked about a chunk: it has sentences or rows enough, and speaks to people."""
    text = chunk.text
    dense = "".join(text.split())
    letters = sum(map(str.isalpha, dense))
    if len(folded_words(text)) < LEAST_WORDS or letters < LEAST_LETTERS * len(dense):
        return False
    return (
        len(LEADERS.findall(text)) < 2
        and not is_contents(text)
        and not has_injection(ScoredChunk(chunk, 0.0, 0.0, 0.0))
    )


def _group(row: DocumentRow) -> tuple[str, str]:
    return row.language, row.name.rpartition(".")[2].lower()


def _of_document(catalog: Catalog, row: DocumentRow, seed: str) -> Iterator[StoredChunk]:
    """The usable chunks of a document, one of each unit before a second one of any."""
    rng = random.Random(seed)
    units = [number for number, _ in catalog.unit_chunk_counts(row.id)]
    rng.shuffle(units)

    def of_unit(number: int) -> Iterator[StoredChunk]:
        chunks = [chunk for chunk in catalog.unit_chunks(row.id, number) if is_usable(chunk)]
        rng.shuffle(chunks)
        yield from chunks

    yield from _in_turn([of_unit(number) for number in units])


def _in_turn(sources: list[Iterator[StoredChunk]]) -> Iterator[StoredChunk]:
    """One of each source, then a second one of each, until all are empty."""
    while sources:
        left = []
        for source in sources:
            chunk = next(source, None)
            if chunk is not None:
                yield chunk
                left.append(source)
        sources = left
