"""One run of ingestion, its stages overlapping.

A feeder hashes files in the order of their paths and knows content that is stored already; worker processes read and
cut; the calling thread embeds, texts of several documents together; a last thread stores.  Queues between them are
short, so memory does not grow with the folder.
"""

from __future__ import annotations

import queue
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np

from ragapp.contract import FileReport, IngestProgress, ProgressListener
from ragapp.errors import CancelledError, ReadingError, StoreError, TransientReadingError
from ragapp.index.chunk_text import ChunkEmbedder, ChunkText
from ragapp.index.embedder import Embedder
from ragapp.index.library import Library
from ragapp.ingest.plan import Content, Contents, Plan, Task, Verdict, kept_report, settle_failed
from ragapp.ingest.worker import Prepared, Preparer
from ragapp.native import give_freed_memory_back
from ragapp.reading.discover import unreadable

# texts that are embedded together: enough to put texts of like length side by side, few enough to lose little
WINDOW = 128
# after so many embedded texts what was freed is given back to the system; between them it serves again
TIDY = 1000
_WAIT_S = 0.2
_MIN_SHARE = 0.02  # of the work, before the time left is more than a guess


@dataclass(slots=True)
class _Item:
    """A prepared file on its way to the store."""

    task: Task
    prepared: Prepared
    fingerprints: list[bytes]
    vectors: np.ndarray
    missing: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class _Windows:
    """Texts that wait to be embedded; the same text is embedded once."""

    embedder: ChunkEmbedder
    known: Callable[[list[bytes]], dict[bytes, np.ndarray]]
    _waiting: dict[bytes, tuple[ChunkText, list[tuple[_Item, int]]]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def path(self) -> str:
        """The file whose text is embedded next."""
        _, targets = next(iter(self._waiting.values()))
        return targets[0][0].task.path

    def add(self, item: _Item) -> None:
        """Take a file's texts in; vectors that are stored already are filled in at once."""
        stored = self.known(item.fingerprints)
        for place, fingerprint in enumerate(item.fingerprints):
            if fingerprint in stored:
                item.vectors[place] = stored[fingerprint]
            else:
                text = item.prepared.texts[place]
                self._waiting.setdefault(fingerprint, (text, []))[1].append((item, place))
                item.missing += 1

    def embed(self) -> tuple[int, list[_Item]]:
        """Embed one window; returns how many texts, and the files that are complete now."""
        window = list(self._waiting)[:WINDOW]
        started = time.monotonic()
        vectors = self.embedder.embed([self._waiting[fingerprint][0] for fingerprint in window])
        share = (time.monotonic() - started) / max(1, len(window))
        complete = []
        for fingerprint, vector in zip(window, vectors, strict=True):
            for item, place in self._waiting.pop(fingerprint)[1]:
                item.vectors[place] = vector
                item.seconds += share
                item.missing -= 1
                if not item.missing:
                    complete.append(item)
        return len(window), complete


class Flow:
    """The state of one run.

    Args:
        plan: what is to be done; fates are entered into its ``reports`` as they are settled.
        library: open for writing.
        embedder: makes the vectors.
        preparers: one for each worker process.
        conditions: see :func:`ragapp.ingest.conditions.conditions_of`.
        max_file_mb: a larger file is not read.
        force: take in content that is stored already.
        listener: told where the run stands.
        cancelled: asked several times a second.
    """

    def __init__(
        self,
        plan: Plan,
        library: Library,
        embedder: Embedder,
        preparers: list[Preparer],
        *,
        conditions: str,
        max_file_mb: int,
        force: bool,
        listener: ProgressListener | None,
        cancelled: Callable[[], bool],
    ):
        self._plan = plan
        self._library = library
        self._embedder = embedder
        self._preparers = preparers
        self._conditions = conditions
        self._force = force
        self._listener = listener
        self._cancelled = cancelled
        self._stop = threading.Event()
        self._problem: BaseException | None = None
        self._storing = threading.Thread(target=self._guarded, args=(self._store,), name="ragapp-store")
        self._lock = threading.Lock()
        self._to_read: queue.Queue[Task | None] = queue.Queue(maxsize=2 * len(preparers))
        self._ready: queue.Queue[tuple[Task, Prepared] | None] = queue.Queue(maxsize=8)
        self._to_store: queue.Queue[_Item | None] = queue.Queue(maxsize=64)
        self._contents = Contents(library.catalog, plan, force, max_file_mb)
        # files that wait for the first file with their content, and how such a first file failed
        self._twins: list[Task] = []
        self._failed: dict[Content, ReadingError] = {}
        self._started = time.monotonic()
        self._files = len(plan.reports) + len(plan.tasks)
        self._bytes = sum(task.file.size for task in plan.tasks)
        self._bytes_done = 0
        self._units = 0
        self._stages: dict[str, str] = {}
        self._embedded = 0

    def run(self) -> None:
        """Do what the plan says.

        Raises:
            CancelledError: ``cancelled`` said so; what was embedded by then is stored.
            StoreError: the store cannot be written.
        """
        threads = [
            self._storing,
            threading.Thread(target=self._guarded, args=(self._feed,), name="ragapp-feed"),
            *(
                threading.Thread(target=self._guarded, args=(self._read, preparer), name="ragapp-prepare")
                for preparer in self._preparers
            ),
        ]
        for thread in threads:
            thread.start()
        try:
            self._embed()
        except CancelledError:
            self._problem = self._problem or CancelledError("Stopped.")
        finally:
            # what is embedded is stored, whatever ended the run
            if sys.exc_info()[0] or self._problem:
                self._stop.set()
            self._put(self._to_store, None, always=True)
            for thread in threads:
                thread.join()
        if self._problem:
            raise self._problem
        for task in self._twins:
            self._check_cancelled()
            self._take_twin(task)
        self._tell()

    def _guarded(self, stage: Callable, *arguments) -> None:
        try:
            stage(*arguments)
        except CancelledError:
            self._stop.set()
        except BaseException as problem:  # reaches the caller of run
            self._problem = self._problem or problem
            self._stop.set()

    def _put(self, target: queue.Queue, value, *, always: bool = False) -> None:
        while always or not self._stop.is_set():
            with suppress(queue.Full):
                target.put(value, timeout=_WAIT_S)
                return
            if always and not self._storing.is_alive():
                return
        raise CancelledError("Stopped.")

    # stage 1: what is it?

    def _feed(self) -> None:
        for task in self._plan.tasks:
            if self._stop.is_set():
                return
            try:
                if self._is_new(task):
                    self._put(self._to_read, task)
            except ReadingError as error:
                self._fail(task, error)
            except OSError as error:
                self._fail(task, unreadable(error))
        for _ in self._preparers:
            self._put(self._to_read, None)

    def _is_new(self, task: Task) -> bool:
        """Whether a file has to be read; settles the others, or puts them off."""
        verdict = self._contents.judge(task)
        if verdict.kind == "unchanged":
            self._library.catalog.touch_document(task.row.id, task.file.size, task.file.mtime_ns)
            self._settle(task, kept_report(task.row))
        elif verdict.kind == "twin":
            self._twins.append(task)
        elif verdict.kind == "moved":
            self._library.catalog.rename_document(verdict.source.id, task.file.path, task.file.size, task.file.mtime_ns)
            self._plan.gone.remove(verdict.source)
            self._settle_reused(task, verdict)
        elif verdict.kind == "new" or not self._copy(task, verdict):
            return True
        return False

    def _copy(self, task: Task, verdict: Verdict) -> bool:
        copied = self._library.copy(verdict.source, task.file.path, size=task.file.size, mtime_ns=task.file.mtime_ns)
        if copied:
            self._settle_reused(task, verdict)
        return copied

    def _settle_reused(self, task: Task, verdict: Verdict) -> None:
        source = verdict.source
        counts = source.units, source.units_without_text, source.units_ocr, source.chunks
        self._settle(task, FileReport(task.path, verdict.status(task), verdict.reason, *counts))

    def _take_twin(self, task: Task) -> None:
        """A file with the content of one that this run has taken in, or has failed to."""
        if failed := self._failed.get(task.content):
            if isinstance(failed, TransientReadingError):
                failed = TransientReadingError(
                    "another file with the same content could not be read", "It is taken in at the next run."
                )
            self._fail(task, failed)
            return
        source = self._library.catalog.document_with_content(*task.content)
        if source is None or not self._copy(task, Verdict("copy", source)):
            raise StoreError(f"What {task.path} has in common with another file is not in the store.", "Run it again.")

    # stage 2: read and cut, one thread a worker process

    def _read(self, preparer: Preparer) -> None:
        while not self._stop.is_set():
            try:
                task = self._to_read.get(timeout=_WAIT_S)
            except queue.Empty:
                continue
            if task is None:
                break
            try:
                prepared = preparer.prepare(
                    task.file.path, lambda *unit, task=task: self._note(task, *unit), self._stop.is_set
                )
                self._check_unchanged(task)
                self._put(self._ready, (task, prepared))
            except ReadingError as error:
                self._fail(task, error)
            except OSError as error:
                self._fail(task, unreadable(error))
            finally:
                self._stages.pop(task.path, None)
        preparer.close()
        self._put(self._ready, None)

    def _note(self, task: Task, unit: int, units: int, ocr: bool) -> None:
        self._stages[task.path] = f"reading {unit} of {units}{' (OCR)' if ocr else ''}"

    def _check_unchanged(self, task: Task) -> None:
        now = task.file.path.stat()
        if (now.st_size, now.st_mtime_ns) != (task.file.size, task.file.mtime_ns):
            raise TransientReadingError("it changed while it was being read", "It is taken in at the next run.")

    # stage 3: embed, in the calling thread

    def _embed(self) -> None:
        catalog, identity_id = self._library.catalog, self._library.identity_id
        windows = _Windows(
            ChunkEmbedder(self._embedder),
            lambda fingerprints: {} if self._force else catalog.known_vectors(fingerprints, identity_id),
        )
        reading = len(self._preparers)
        while reading or windows:
            self._check_cancelled()
            # texts that are there are embedded; more are waited for only when there is nothing to do
            while reading and len(windows) < WINDOW:
                try:
                    ready = self._ready.get(timeout=0 if windows else _WAIT_S)
                except queue.Empty:
                    break
                if ready is None:
                    reading -= 1
                    continue
                self._enter(windows, *ready)
            if windows:
                self._tell(windows.path, "embedding")
                count, complete = windows.embed()
                self._embedded += count
                if self._embedded // TIDY > (self._embedded - count) // TIDY:
                    give_freed_memory_back()
                for item in complete:
                    self._put(self._to_store, item)
            else:
                self._tell(*next(iter(list(self._stages.items())), ("", "")))

    def _enter(self, windows: _Windows, task: Task, prepared: Prepared) -> None:
        self._units += len(prepared.document.units)
        item = _Item(
            task,
            prepared,
            [text.fingerprint for text in prepared.texts],
            np.zeros((len(prepared.texts), self._embedder.dimension), np.float32),
            seconds=prepared.seconds,
        )
        windows.add(item)
        if not item.missing:
            self._put(self._to_store, item)

    def _check_cancelled(self) -> None:
        if self._stop.is_set() or self._cancelled():
            self._stop.set()
            raise CancelledError("Stopped.")

    # stage 4: store

    def _store(self) -> None:
        while True:
            item = self._to_store.get()
            if item is None:
                return
            task, document, chunks = item.task, item.prepared.document, item.prepared.chunks
            self._library.put(
                task.file.path,
                document,
                chunks,
                item.vectors,
                size=task.file.size,
                mtime_ns=task.file.mtime_ns,
                sha256=task.sha256,
                fingerprints=item.fingerprints,
                conditions=self._conditions,
            )
            reason = " ".join(document.warnings) or ("" if chunks else "There is no text in it.")
            self._settle(
                task,
                FileReport(
                    task.path,
                    "updated" if task.row else "indexed",
                    reason,
                    len(document.units),
                    document.units_without_text,
                    document.units_covered("ocr"),
                    len(chunks),
                    round(item.seconds, 3),
                ),
            )

    # telling

    def _settle(self, task: Task, report: FileReport) -> None:
        with self._lock:
            self._plan.reports[task.path] = report
            self._bytes_done += task.file.size

    def _fail(self, task: Task, error: ReadingError) -> None:
        with self._lock:
            entry = settle_failed(self._plan, task.file, task.row, error, self._conditions)
            self._failed[task.content] = error
            self._bytes_done += task.file.size
        self._library.catalog.put_unread(entry)

    def _tell(self, path: str = "", stage: str = "") -> None:
        if not self._listener:
            return
        seconds = time.monotonic() - self._started
        with self._lock:
            done, share = len(self._plan.reports), self._bytes_done / self._bytes if self._bytes else 1.0
        left = seconds * (1 - share) / share if share > _MIN_SHARE else None
        self._listener(IngestProgress(done, self._files, self._units, self._embedded, seconds, left, path, stage))
