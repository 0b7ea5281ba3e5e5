"""One run of ingestion, its stages overlapping.

A feeder hashes files in the order of their paths and recognises content that is stored already; worker processes read
and chunk; the calling thread embeds, texts of several documents together; a last thread stores.  Queues between them
are short, so memory does not grow with the folder.
"""

from __future__ import annotations

import os
import queue
import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from ragapp.c_runtime import trim_malloc
from ragapp.contract import FileReport, FileStatus, FileStep, IngestProgress, ProgressListener
from ragapp.errors import CancelledError, ReadingError, StoreError, TransientReadingError
from ragapp.index.chunk_text import ChunkEmbedder, EmbeddedText
from ragapp.index.embedder import Embedder
from ragapp.index.lanes import lane_count
from ragapp.index.records import DocumentRow
from ragapp.index.store import Store
from ragapp.ingest.pace import PACE, Pace
from ragapp.ingest.plan import Content, ContentIndex, ContentMatch, Plan, Task, stored_report
from ragapp.ingest.time_left import TimeLeft
from ragapp.ingest.worker import ChunkedFile, Worker
from ragapp.reading.survey import SURVEYED

# texts that are embedded together: enough to put texts of like length side by side, few enough to lose little
WINDOW = 128
# after so many embedded texts what was freed is given back to the system; between them it serves again
TIDY = 1000
_WAIT_S = 0.2
# seconds between two words on how far a run is
_TELL_S = 0.25
# files are looked at for so long at most, before they are read
_SURVEYS_S = 10.0
# with less to read nobody asks how long it takes
_MUCH_BYTES = 300_000
# texts as long as usual chunks, to measure the speed of the embedder with
_SAMPLE = [
    f"Clause {n}. " + "The supplier delivers within the agreed time, or tells the customer in writing why not. " * 10
    for n in range(8)
]

T = TypeVar("T")


@dataclass(slots=True)
class EmbeddedFile:
    """A prepared file on its way to the store, with vectors (filled in as its texts are embedded), how many of them are
    missing, and the seconds that reading and its share of embedding took."""

    task: Task
    prepared: ChunkedFile
    fingerprints: list[bytes]
    vectors: np.ndarray
    seconds: float
    missing: int = 0


class EmbeddingQueue:
    """Texts that wait to be embedded, the same text once; ``known`` finds stored vectors by fingerprint."""

    def __init__(self, embedder: Embedder, known: Callable[[list[bytes]], dict[bytes, np.ndarray]]) -> None:
        self._embedder = ChunkEmbedder(embedder)
        self._dimension = embedder.dimension
        self._known = known
        self._waiting: dict[bytes, tuple[EmbeddedText, list[tuple[EmbeddedFile, int]]]] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def path(self) -> str:
        """The file whose text is embedded next."""
        _, targets = next(iter(self._waiting.values()))
        return targets[0][0].task.path

    def lengths(self) -> list[int]:
        """Characters of the texts of the next window, in the order in which they are embedded: the longest first."""
        window = list(self._waiting)[:WINDOW]
        return sorted((len(self._waiting[fingerprint][0].text) for fingerprint in window), reverse=True)

    def in_hand(self) -> list[EmbeddedFile]:
        """The files some of whose texts wait."""
        items = (item for _, targets in self._waiting.values() for item, _ in targets)
        return list({id(item): item for item in items}.values())

    def add(self, task: Task, prepared: ChunkedFile) -> list[EmbeddedFile]:
        """Add a file's texts; returns the file if all of its vectors are stored already."""
        fingerprints = [text.fingerprint for text in prepared.texts]
        vectors = np.zeros((len(fingerprints), self._dimension), np.float32)
        item = EmbeddedFile(task, prepared, fingerprints, vectors, prepared.seconds)
        stored = self._known(fingerprints)
        for place, fingerprint in enumerate(fingerprints):
            if fingerprint in stored:
                vectors[place] = stored[fingerprint]
            else:
                self._waiting.setdefault(fingerprint, (prepared.texts[place], []))[1].append((item, place))
                item.missing += 1
        return [] if item.missing else [item]

    def embed(self, progress: Callable[[int], None] | None = None) -> tuple[int, list[EmbeddedFile]]:
        """Embed one window; returns how many texts, and the files that are complete now.

        ``progress`` gets the number done so far; what it raises ends the window.
        """
        window = list(self._waiting)[:WINDOW]
        started = time.monotonic()
        vectors = self._embedder.embed([self._waiting[fingerprint][0] for fingerprint in window], progress)
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


class StagedRun:
    """The state of one run, which enters fates into the plan's ``reports`` as they are settled.

    There is a worker process for each of the ``preparers``; ``cancelled`` is asked several times a second.
    """

    def __init__(
        self,
        plan: Plan,
        store: Store,
        embedder: Embedder,
        preparers: list[Worker],
        max_file_mb: int,
        listener: ProgressListener | None,
        cancelled: Callable[[], bool],
    ) -> None:
        self._plan = plan
        self._store = store
        self._embedder = embedder
        self._preparers = preparers
        self._listener = listener
        self._cancelled = cancelled
        self._stop = threading.Event()
        self._problem: BaseException | None = None
        self._storing = threading.Thread(target=self._guarded, args=(self._store_documents,), name="ragapp-store")
        self._lock = threading.Lock()
        self._to_read: queue.Queue[Task | None] = queue.Queue(maxsize=2 * len(preparers))
        self._ready: queue.Queue[tuple[Task, ChunkedFile] | None] = queue.Queue(maxsize=8)
        self._to_store: queue.Queue[EmbeddedFile | None] = queue.Queue(maxsize=64)
        self._contents = ContentIndex(store.catalog, plan, max_file_mb)
        # files that wait for the first file with their content, and how such a first file failed
        self._twins: list[Task] = []
        self._failed: dict[Content, ReadingError | OSError] = {}
        self._started = time.monotonic()
        self._told_at = -_TELL_S
        self._settled_before = len(plan.reports)
        self._units = 0
        self._measured = False
        self._steps: dict[str, FileStep] = {}
        self._embedded = 0
        sizes = [(task.path, task.file.size) for task in plan.tasks]
        pace = Pace.loads(store.catalog.get_state(PACE))
        some = [task for task in plan.tasks if task.file.path.suffix.lower() in SURVEYED]
        self._to_survey: queue.SimpleQueue[Task] = queue.SimpleQueue()
        for task in random.Random(0).sample(some, len(some)):  # where they are many, the first stand for the others
            self._to_survey.put(task)
        self.time_left = TimeLeft(sizes, len(preparers), lane_count(), os.cpu_count() or 1, pace)

    def run(self) -> None:
        """Execute the plan.

        Raises:
            CancelledError: ``cancelled`` returned true; what was embedded by then is stored.
            StoreError: the store cannot be written.
        """
        threads = [self._storing, threading.Thread(target=self._guarded, args=(self._feed,), name="ragapp-feed")]
        for preparer in self._preparers:
            threads.append(threading.Thread(target=self._guarded, args=(self._read, preparer), name="ragapp-prepare"))
        for thread in threads:
            thread.start()
        try:
            self._embed()
        except BaseException as problem:  # raised below, when what is embedded is stored
            self._problem = self._problem or problem
            self._stop.set()
        self._put(self._to_store, None, always=True)
        for thread in threads:
            thread.join()
        if self._problem:
            raise self._problem
        for task in self._twins:
            self._check_cancelled()
            self._settle_twin(task)
        self._tell(always=True)

    def _guarded(self, stage: Callable[..., None], *arguments: object) -> None:
        try:
            stage(*arguments)
        except CancelledError:
            self._stop.set()
        except BaseException as problem:  # reaches the caller of run
            self._problem = self._problem or problem
            self._stop.set()

    def _put(self, target: queue.Queue[T], value: T, *, always: bool = False) -> None:
        while always or not self._stop.is_set():
            with suppress(queue.Full):
                target.put(value, timeout=_WAIT_S)
                return
            if always and not self._storing.is_alive():
                return
        raise CancelledError("Stopped.")

    def _check_cancelled(self) -> None:
        if self._stop.is_set() or self._cancelled():
            self._stop.set()
            raise CancelledError("Stopped.")

    # stage 1: hash, and settle what need not be read

    def _feed(self) -> None:
        for task in self._plan.tasks:
            if self._stop.is_set():
                return
            try:
                if self._is_new(task):
                    self._put(self._to_read, task)
            except (ReadingError, OSError) as error:
                self._fail(task, error)
        for _ in self._preparers:
            self._put(self._to_read, None)

    def _is_new(self, task: Task) -> bool:
        """Whether a file has to be read; settles the others, or puts them off."""
        verdict = self._contents.judge(task)
        source = verdict.source
        if source is None:
            if verdict.kind == "twin":
                self._twins.append(task)
            return verdict.kind == "new"
        if verdict.kind == "copy":
            return not self._copy(task, source)
        if verdict.kind == "unchanged":
            self._store.catalog.touch_document(source.id, task.file.size, task.file.mtime_ns)
        else:
            self._store.catalog.rename_document(source.id, task.file.path, task.file.size, task.file.mtime_ns)
            self._plan.gone.remove(source)
        self._settle(task, stored_report(source, task.path, verdict.status(task), verdict.reason))
        return False

    def _copy(self, task: Task, source: DocumentRow) -> bool:
        copied = self._store.copy(source, task.file.path, size=task.file.size, mtime_ns=task.file.mtime_ns)
        if copied:
            verdict = ContentMatch("copy", source)
            self._settle(task, stored_report(source, task.path, verdict.status(task), verdict.reason))
        return copied

    def _settle_twin(self, task: Task) -> None:
        """Settle a file with the content of one that this run has stored, or has failed to."""
        if failed := self._failed.get(task.content):
            if isinstance(failed, TransientReadingError | OSError):
                failed = TransientReadingError(
                    "another file with the same content could not be read", "It is ingested at the next run."
                )
            self._fail(task, failed)
            return
        source = self._store.catalog.document_with_content(*task.content)
        if source is None or not self._copy(task, source):
            raise StoreError(f"What {task.path} has in common with another file is not in the store.", "Run it again.")

    # stage 2: read and chunk, one thread a worker process

    def _survey(self, preparer: Worker) -> None:
        """Look at files whose size says little, while nothing else is known of how long they take."""
        until = time.monotonic() + _SURVEYS_S
        while not self._stop.is_set() and time.monotonic() < until:
            try:
                task = self._to_survey.get_nowait()
            except queue.Empty:
                return
            if task.path in self._plan.reports:  # it needs no reading
                continue
            self.time_left.surveyed(task.path, preparer.survey(task.file.path, self._stop.is_set))

    def _read(self, preparer: Worker) -> None:
        begun = False
        while not self._stop.is_set():
            try:
                task = self._to_read.get(timeout=_WAIT_S)
            except queue.Empty:
                continue
            if task is None:
                break
            self._steps[task.path] = FileStep(task.path, "reading")
            if not begun:
                begun = True
                with suppress(ReadingError):  # the file that is read will tell
                    preparer.warm(self._stop.is_set)
                self._survey(preparer)
            self.time_left.begin(task.path)
            try:
                prepared = preparer.prepare(
                    task.file.path, lambda *unit, task=task: self._note(task, *unit), self._stop.is_set
                )
                known = self._known_characters(prepared)
                self.time_left.read(task.path, sum(len(text.text) for text in prepared.texts), known)
                now = task.file.path.stat()
                if (now.st_size, now.st_mtime_ns) != (task.file.size, task.file.mtime_ns):
                    raise TransientReadingError("it changed while it was being read", "It is ingested at the next run.")
                self._put(self._ready, (task, prepared))
            except (ReadingError, OSError) as error:
                self._fail(task, error)
            finally:
                self._steps.pop(task.path, None)
        preparer.close()
        self._put(self._ready, None)

    def _note(self, task: Task, unit: int, units: int, ocr: bool, characters: int) -> None:
        self._steps[task.path] = FileStep(task.path, "ocr" if ocr else "reading", unit, units)
        self.time_left.page(task.path, unit, units, characters)

    # stage 3: embed, in the calling thread

    def _embed(self) -> None:
        waiting = EmbeddingQueue(self._embedder, self._known_vectors)
        reading = len(self._preparers)
        while reading or waiting:
            self._check_cancelled()
            # texts that are there are embedded; more are waited for only when there is nothing to do
            while reading and len(waiting) < WINDOW:
                try:
                    ready = self._ready.get(timeout=0 if waiting else _WAIT_S)
                except queue.Empty:
                    break
                if ready is None:
                    reading -= 1
                    continue
                self._units += len(ready[1].document.units)
                for item in waiting.add(*ready):
                    self._put(self._to_store, item)
            if not waiting:
                self._measure_embedder()
                self._tell()
                continue
            count, complete = self._embed_window(waiting)
            if self._embedded // TIDY > (self._embedded - count) // TIDY:
                trim_malloc()
            for item in complete:
                self._put(self._to_store, item)

    def _measure_embedder(self) -> None:
        """Measure the embedder while there is nothing to embed yet, where nothing is known of its speed here.

        It loads the model, which would have to be waited for anyway.
        """
        if self._measured or self.time_left.pace.measured or self.time_left.bytes < _MUCH_BYTES or not self._steps:
            return
        self._measured = True
        self._tell(FileStep(next(iter(self._steps)), "loading"), always=True)
        self._embedder.embed_documents(_SAMPLE[:1])
        self.time_left.embedding(True)
        self.time_left.embedded(1)
        self._embedder.embed_documents(_SAMPLE)
        self.time_left.embedding(False)
        self.time_left.embedded(sum(map(len, _SAMPLE)), read=False)

    def _embed_window(self, waiting: EmbeddingQueue) -> tuple[int, list[EmbeddedFile]]:
        before, lengths = self._embedded, waiting.lengths()
        first, *_ = waiting.in_hand()
        total = len(first.fingerprints)
        step = FileStep(first.task.path, "embedding" if before else "loading", total - first.missing, total)
        self._tell(step, always=True)
        done = 0

        def note(count: int) -> None:
            nonlocal done
            self.time_left.embedded(sum(lengths[done:count]))
            done, self._embedded = count, before + count
            # whose texts of the window are done is not told; those of the first file stand in front
            there = min(total, total - first.missing + count)
            self._tell(FileStep(first.task.path, "embedding", there, total))

        self.time_left.embedding(True)
        try:
            count, complete = waiting.embed(note)
        finally:
            self.time_left.embedding(False)
        self.time_left.embedded(sum(lengths[done:]))
        self._embedded = before + count
        return count, complete

    def _known_vectors(self, fingerprints: list[bytes]) -> dict[bytes, np.ndarray]:
        if self._plan.force:
            return {}
        return self._store.catalog.known_vectors(fingerprints, self._store.identity_id)

    def _known_characters(self, prepared: ChunkedFile) -> int:
        """How many characters of a file need not be embedded, as their vectors are stored."""
        known = self._known_vectors([text.fingerprint for text in prepared.texts])
        return sum(len(text.text) for text in prepared.texts if text.fingerprint in known)

    # stage 4: store

    def _store_documents(self) -> None:
        while item := self._to_store.get():
            task, document, chunks = item.task, item.prepared.document, item.prepared.chunks
            begun, characters = time.monotonic(), sum(len(text.text) for text in item.prepared.texts)
            self.time_left.storing(True)
            self._store.put(
                task.file.path,
                document,
                chunks,
                item.vectors,
                size=task.file.size,
                mtime_ns=task.file.mtime_ns,
                sha256=task.sha256,
                fingerprints=item.fingerprints,
                conditions=self._plan.conditions,
            )
            self.time_left.storing(False, characters, time.monotonic() - begun)
            fate: FileStatus = "updated" if task.row else "indexed"
            reason = " ".join(document.warnings) or ("" if chunks else "There is no text in it.")
            units = len(document.units), document.units_without_text, document.units_covered("ocr")
            seconds = round(item.seconds, 3)
            self._settle(task, FileReport(task.path, fate, reason, *units, len(chunks), seconds))

    # reports and progress

    def _settle(self, task: Task, report: FileReport) -> None:
        with self._lock:
            self._plan.reports[task.path] = report
        self.time_left.settled(task.path)

    def _fail(self, task: Task, error: ReadingError | OSError) -> None:
        with self._lock:
            entry = self._plan.fail(task.file, task.row, error)
            self._failed[task.content] = error
        self.time_left.settled(task.path)
        self._store.catalog.put_unread(entry)

    def _tell(self, step: FileStep | None = None, *, always: bool = False) -> None:
        if not self._listener or not (always or time.monotonic() - self._told_at >= _TELL_S):
            return
        self._told_at = now = time.monotonic()
        with self._lock:
            done = len(self._plan.reports) - self._settled_before
        left, files = self.time_left.left(), len(self._plan.tasks)
        share = 1.0 if done == files else self.time_left.share()
        hands = tuple([step] if step else []) + tuple(self._steps.copy().values())
        told = describe_step(hands[0]) if hands else ""
        self._listener(
            IngestProgress(
                done,
                files,
                self._units,
                self._embedded,
                now - self._started,
                left,
                hands[0].path if hands else "",
                told,
                share,
                self.time_left.bytes_done,
                self.time_left.bytes,
                hands,
            )
        )


def describe_step(at: FileStep) -> str:
    """What happens to a file, in words: ``reading 3 of 12 (OCR)``."""
    verb = {"ocr": "reading", "loading": "loading the embedder"}.get(at.step, at.step)
    counted = f" {at.done} of {at.total}" if at.total and at.step != "loading" else ""
    return f"{verb}{counted}{' (OCR)' if at.step == 'ocr' else ''}"
