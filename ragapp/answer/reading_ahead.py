"""Passages that are likely to be asked about, read before anybody asks.

What the language model reads of a passage does not depend on the question, so it can be read while nobody waits, and
kept on disk (:mod:`ragapp.llm.prompt_store`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from ragapp.answer.prompts import passage_messages, prompts_for
from ragapp.errors import CancelledError, ModelError
from ragapp.index.catalog import Catalog
from ragapp.index.records import DocumentRow, StoredChunk
from ragapp.llm.interface import LanguageModel
from ragapp.retrieval.passage import ScoredChunk
from ragapp.retrieval.postprocess import join_neighbours
from ragapp.settings import Settings

# documents added last that go before what was asked about
_NEWEST = 10
# passages read before it is foretold how long the rest takes
_TIMED = 3


@dataclass(frozen=True, slots=True)
class ReadingProgress:
    """How far it is.

    Attributes:
        done: passages that need not be read when somebody asks.
        passages: how many there are.
        seconds_left: None where nobody can tell yet.
    """

    done: int
    passages: int
    seconds_left: float | None = None


def read_ahead(
    engine: LanguageModel,
    catalog: Catalog,
    settings: Settings,
    *,
    asked_about: Sequence[tuple[str, int]] = (),
    cancelled: Callable[[], bool],
    progress: Callable[[ReadingProgress], None] = lambda at: None,
) -> ReadingProgress:
    """Read the passages of all documents until there is no more room on disk for likelier ones.

    Those of the documents added last come first, then those of the units that were ``asked_about``, by path and number
    (:meth:`ragapp.index.conversations.Conversations.asked_about`), then the rest.

    Less likely ones make room for likelier ones, as long as nobody has asked for them. Returns how far it came; what
    was read is kept. A passage that is longer than the model's window is passed over.

    Raises:
        ModelError: the model cannot be used, or what it reads cannot be written.
    """
    documents = sorted(catalog.documents(), key=lambda row: (row.ingested_at, row.id), reverse=True)
    total, done, read, busy = sum(row.chunks for row in documents), 0, 0, 0.0

    def at() -> ReadingProgress:
        left = busy / read * (total - done) if read >= _TIMED else None
        return ReadingProgress(done, total, left)

    passages = _passages(catalog, documents, asked_about, settings.retrieval.neighbours)
    for rank, (row, passage) in enumerate(passages):
        if cancelled() or not engine.keeps:
            break
        prompts = prompts_for(row.language or "en", settings.answer.prompts)
        messages = passage_messages(prompts, passage, engine.escape)
        if not engine.kept(messages, rank):
            if not engine.room(rank):
                break
            begun = time.monotonic()
            try:
                engine.prefill(messages, cancelled)
            except CancelledError:
                break
            except ModelError:
                if not engine.loaded:
                    raise
                total -= 1
                continue
            if not engine.keep_ahead(messages, [row.reading_source], rank):
                break
            busy, read = busy + time.monotonic() - begun, read + 1
        done += 1
        progress(at())
    return at()


def _passages(
    catalog: Catalog, documents: Sequence[DocumentRow], asked_about: Sequence[tuple[str, int]], neighbours: int
) -> Iterator[tuple[DocumentRow, ScoredChunk]]:
    """Each passage once, as a search gives it with so many neighbours, the likeliest to be asked about first."""
    by_path = {row.path: row for row in documents}
    shown = ((by_path[path], number) for path, number in asked_about if path in by_path)
    newest, others = _units(catalog, documents[:_NEWEST]), _units(catalog, documents[_NEWEST:])
    seen: set[tuple[int, int]] = set()
    for row, number in chain(newest, shown, others):
        if (row.id, number) not in seen:
            seen.add((row.id, number))
            for chunk in catalog.unit_chunks(row.id, number):
                yield row, join_neighbours([_alone(chunk)], catalog, neighbours)[0]


def _units(catalog: Catalog, documents: Sequence[DocumentRow]) -> Iterator[tuple[DocumentRow, int]]:
    for row in documents:
        for number, _ in catalog.unit_chunk_counts(row.id):
            yield row, number


def _alone(chunk: StoredChunk) -> ScoredChunk:
    """A passage that nobody has searched for."""
    return ScoredChunk(chunk, 0.0, 0.0, 0.0)
