"""Documents of another embedder or chunker made anew from the text that the catalog keeps; no file is read.

One thread cuts texts into chunks, ahead of the calling one, which embeds those of several documents together as a run
of ingestion does. What is done is kept beside the documents in use (:mod:`ragapp.index.rebuilds`), and takes their
place when the last one is done.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import numpy as np

from ragapp.c_runtime import trim_malloc
from ragapp.contract import FileStep, IngestProgress, ProgressListener
from ragapp.errors import CancelledError, StoreError
from ragapp.index import rebuilds
from ragapp.index.chunk_text import ChunkEmbedder
from ragapp.index.embedder import Embedder
from ragapp.index.records import DocumentRow, EmbedderIdentity
from ragapp.index.store import Store
from ragapp.ingest.chunking import Chunker
from ragapp.ingest.plan import Task
from ragapp.ingest.stages import TIDY, WINDOW, EmbeddedFile, EmbeddingQueue
from ragapp.ingest.worker import ChunkedFile
from ragapp.reading.discover import FoundFile
from ragapp.reading.document import Document

# chunks are made ahead of the embedder for so many windows
_WINDOWS_AHEAD = 2
# of a document with more windows than this, what is embedded is kept before all of it is
_MANY_WINDOWS = 4
# units, and texts of them, that the speed is measured on
_SAMPLE_UNITS = 16
_SAMPLE_TEXTS = 32


class Rebuild:
    """One run of rebuilding a store open for writing; :meth:`measure` needs it only open.

    ``cancelled`` is asked after each batch.
    """

    def __init__(
        self,
        store: Store,
        embedder: Embedder,
        chunker: Chunker,
        progress: ProgressListener | None = None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        if store.identity is None:
            raise ValueError("the library was opened without an identity")
        self._store = store
        self._identity: EmbedderIdentity = store.identity
        self._embedder = embedder
        self._chunker = chunker
        self._listener = progress
        self._cancelled = cancelled
        self._started = time.monotonic()
        self._documents = self._done = 0
        # chunks that are to be replaced: all that are left, those that were cut anew, and into how many
        self._old_left = self._old_cut = self._new_cut = 0
        self._reused = self._embedded = 0
        # of large documents, by the identity of the object: which of their vectors are kept already
        self._kept: dict[int, np.ndarray] = {}

    def run(self) -> int:
        """Make every document of another identity anew; returns how many.

        It can be stopped at any time, and goes on where it stopped.

        Raises:
            CancelledError: ``cancelled`` returned true, or Ctrl-C was pressed.
            StoreError: the catalog cannot be written; what was done by then stays.
        """
        stale, prepared = rebuilds.begin(self._store.catalog, self._identity)
        if not stale:
            return 0
        left = [row for row in stale if row.id not in prepared]
        self._documents, self._done = len(stale), len(prepared)
        self._old_left = sum(row.chunks for row in left)
        try:
            self._prepare(left)
            self._tell("", "putting all in place")
            return self._store.adopt_prepared()
        except (CancelledError, KeyboardInterrupt):
            raise CancelledError(
                f"Stopped: {self._done:,} of {self._documents:,} documents are rebuilt, and wait for the others.",
                "The same command goes on from there; until it is done, the embedder of before can still be used.",
            ) from None
        except StoreError as error:
            again = "What is rebuilt by now is kept; ragapp doctor --fix goes on from there."
            raise StoreError(error.message, f"{error.hint} {again}".strip()) from None
        finally:
            if self._embedded and self._old_cut:
                self._remember_pace(time.monotonic() - self._started)

    def measure(self) -> None:
        """Measure on a sample how long it would take, and remember it for what is said of the store."""
        stale = rebuilds.stale_documents(self._store.catalog, self._identity)
        with_chunks = [row for row in stale if row.chunks]
        texts, old = [], 0
        for place in range(0, len(with_chunks), max(1, len(with_chunks) // _SAMPLE_UNITS)):
            sample, chunks = self._middle_unit(with_chunks[place])
            texts += self._chunked(with_chunks[place], sample).texts
            old += chunks
        if not texts or not old:
            return
        known = rebuilds.known_vectors(self._store.catalog, [text.fingerprint for text in texts], self._identity)
        unknown = [text for text in texts if text.fingerprint not in known]
        chosen = unknown[:: max(1, len(unknown) // _SAMPLE_TEXTS)][:_SAMPLE_TEXTS]
        seconds = 0.0
        if chosen:
            self._embedder.embed_documents([chosen[0].text])  # loads the model
            started = time.monotonic()
            ChunkEmbedder(self._embedder).embed(chosen)
            seconds = (time.monotonic() - started) / len(chosen) * len(unknown)
        rebuilds.remember_pace(self._store.catalog, self._identity, seconds / old)

    def _middle_unit(self, row: DocumentRow) -> tuple[Document, int]:
        """A document's middle unit as a document of its own, and how many chunks are stored of it."""
        counts = self._store.catalog.unit_chunk_counts(row.id)
        number, chunks = counts[len(counts) // 2]
        unit = self._store.catalog.unit(row.id, number)
        return Document(row.title, [unit] if unit else [], row.language), chunks

    def _remember_pace(self, seconds: float) -> None:
        share = self._embedded / max(1, self._new_cut - self._reused)  # of what was cut, some may not be embedded yet
        rebuilds.remember_pace(self._store.catalog, self._identity, seconds / max(1.0, share * self._old_cut))

    def _prepare(self, rows: Sequence[DocumentRow]) -> None:
        waiting = EmbeddingQueue(
            self._embedder, lambda prints: rebuilds.known_vectors(self._store.catalog, prints, self._identity)
        )
        with closing(self._cut_ahead(rows)) as cut:
            more = True
            while more or waiting:
                self._check_cancelled()
                while more and len(waiting) < WINDOW:
                    if (ready := next(cut, None)) is None:
                        more = False
                        break
                    for item in self._add(waiting, *ready):
                        self._store_document(item)
                if waiting:
                    self._embed(waiting)

    def _add(self, waiting: EmbeddingQueue, task: Task, chunked: ChunkedFile) -> list[EmbeddedFile]:
        before = len(waiting)
        complete = waiting.add(task, chunked)
        self._old_cut += task.row.chunks if task.row else 0
        self._new_cut += len(chunked.texts)
        self._reused += len(chunked.texts) - (len(waiting) - before)
        return complete

    def _embed(self, waiting: EmbeddingQueue) -> None:
        path, before = waiting.path, self._embedded
        self._tell(path, "embedding")

        def note(done: int) -> None:
            self._check_cancelled()
            self._embedded = before + done
            self._tell(path, "embedding")

        for item in waiting.in_hand():
            if len(item.fingerprints) > _MANY_WINDOWS * WINDOW and id(item) not in self._kept:
                self._kept[id(item)] = np.any(item.vectors, axis=1)
        count, complete = waiting.embed(note)
        self._embedded = before + count
        for item in complete:
            self._store_document(item)
        for item in waiting.in_hand():
            if id(item) in self._kept:
                self._keep_part(item)
        if self._embedded // TIDY > before // TIDY:
            trim_malloc()

    def _store_document(self, item: EmbeddedFile) -> None:
        assert item.task.row is not None, "every task of a rebuild has one"
        self._kept.pop(id(item), None)
        row, identity_id = item.task.row, self._store.catalog.identity_id(self._identity)
        chunks = item.prepared.chunks
        rebuilds.prepare(self._store.catalog, row, chunks, item.vectors, item.fingerprints, identity_id)
        self._done += 1

    def _keep_part(self, item: EmbeddedFile) -> None:
        """Keep what is embedded by now of a document that takes long."""
        assert item.task.row is not None
        there: np.ndarray = np.any(item.vectors, axis=1)
        new = np.flatnonzero(there & ~self._kept[id(item)]).tolist()
        self._kept[id(item)] = there
        rebuilds.prepare(
            self._store.catalog,
            item.task.row,
            [item.prepared.chunks[place] for place in new],
            item.vectors[new],
            [item.fingerprints[place] for place in new],
            self._store.catalog.identity_id(self._identity),
            complete=False,
        )

    def _cut_ahead(self, rows: Sequence[DocumentRow]) -> Generator[tuple[Task, ChunkedFile], None, None]:
        """Documents with their new chunks, cut by a thread of their own a little ahead of who asks."""
        pool = ThreadPoolExecutor(1, "ragapp-rebuild")
        ahead: deque[tuple[DocumentRow, Future[ChunkedFile]]] = deque()
        try:
            for row in rows:
                ahead.append((row, pool.submit(self._cut, row)))
                while sum(max(1, waiting.chunks) for waiting, _ in ahead) > _WINDOWS_AHEAD * WINDOW:
                    yield _finished(*ahead.popleft())
            while ahead:
                yield _finished(*ahead.popleft())
        finally:
            pool.shutdown(cancel_futures=True)

    def _cut(self, row: DocumentRow) -> ChunkedFile:
        units = [unit for unit, _ in self._store.catalog.units(row.id)]
        return self._chunked(row, Document(row.title, units, row.language, list(row.warnings)))

    def _chunked(self, row: DocumentRow, document: Document) -> ChunkedFile:
        chunks = self._chunker.split(document)
        texts = [self._chunker.embedded_text(chunk, document.title, row.name) for chunk in chunks]
        return ChunkedFile(document, chunks, texts, 0.0)

    def _check_cancelled(self) -> None:
        if self._cancelled():
            raise CancelledError("Stopped.")

    def _tell(self, path: str, stage: str) -> None:
        if not self._listener:
            return
        seconds = time.monotonic() - self._started
        left = None
        if self._embedded and self._old_cut:
            # what is not cut yet will be like what is: so many chunks anew for each, and so many known already
            to_embed = (self._new_cut - self._reused) / self._old_cut * self._old_left
            left = max(0.0, to_embed - self._embedded) / self._embedded * seconds
        share = seconds / (seconds + left) if left is not None and seconds + left > 0 else 0.0
        hands = (FileStep(path, "embedding"),) if path else ()
        self._listener(
            IngestProgress(
                self._done, self._documents, 0, self._embedded, seconds, left, path, stage, share, in_hand=hands
            )
        )


def _finished(row: DocumentRow, cut: Future[ChunkedFile]) -> tuple[Task, ChunkedFile]:
    return Task(FoundFile(Path(row.path), row.size, row.mtime_ns), row, row.sha256), cut.result()
