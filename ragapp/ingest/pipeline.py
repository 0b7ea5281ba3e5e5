"""Ingestion: files in, chunks stored; one document is one transaction."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path

from ragapp.contract import FileReport, FileStep, IngestProgress, IngestReport, ProgressListener
from ragapp.errors import CancelledError
from ragapp.index import lexical_rebuild
from ragapp.index.embedder import Embedder
from ragapp.index.store import Store
from ragapp.ingest.chunking import Chunker
from ragapp.ingest.conditions import limits_of, options_of, reading_digest
from ragapp.ingest.drives import note_arrived, remember_drives
from ragapp.ingest.estimate import estimate_s, simulate
from ragapp.ingest.pace import PACE, Pace
from ragapp.ingest.plan import ContentIndex, Plan, make_plan
from ragapp.ingest.rebuild import Rebuild
from ragapp.ingest.stages import StagedRun
from ragapp.ingest.worker import Worker
from ragapp.reading.discover import FoundFile, absolute, discover
from ragapp.reading.document import OcrMode
from ragapp.settings import Ingest

_GOES_ON = "The same command goes on from there."


class Pipeline:
    """Ingests files into a store.

    The store is open for writing.  The chunker is picklable, since worker processes use it.  ``exclude`` has absolute
    paths of files that are not documents.
    """

    def __init__(
        self, store: Store, embedder: Embedder, chunker: Chunker, settings: Ingest, exclude: Iterable[Path] = ()
    ) -> None:
        self._store = store
        self._embedder = embedder
        self._chunker = chunker
        self._settings = settings
        self._exclude = tuple(exclude)

    def run(
        self,
        paths: Iterable[Path],
        *,
        force: bool = False,
        dry_run: bool = False,
        prune: bool = False,
        ocr: OcrMode | None = None,
        waits: Callable[[FoundFile], bool] | None = None,
        progress: ProgressListener | None = None,
        planned: Callable[[Plan], None] = lambda plan: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> IngestReport:
        """Bring the library in step with files and folders.

        Documents whose files below the given folders are gone are removed.  When a file fails, the others go on, and
        what was stored of an earlier version of it stays.

        Args:
            force: ingest unchanged files again, and retry those that failed.
            dry_run: only report what would happen, and how long it would take.
            prune: remove what is gone even when a folder that held many documents is empty now.
            ocr: overrides ``ingest.ocr``.
            waits: whether a new or changed file is to be left alone for now; it is not in the report then.
            planned: gets the plan before anything is done; what becomes of each file is entered into it.
            cancelled: asked several times a second; what is stored by then stays.

        Raises:
            CancelledError: ``cancelled`` returned true.
            PathError: a given path does not exist.
            IdentityError: the library was made with another embedder.
        """
        started = time.monotonic()
        roots = [absolute(path) for path in paths]
        found = discover(roots, self._settings.ignore, self._exclude)
        catalog = self._store.catalog
        conditions = reading_digest(self._settings, ocr)
        plan = make_plan(catalog, roots, found, conditions=conditions, force=force, prune=prune)
        if waits:
            plan.leave_waiting(waits)
        planned(plan)
        estimate = None
        if dry_run:
            estimate = self._estimate_s(plan, ocr)
        else:
            self._store.check_identity()
            self.renew_words(progress, cancelled)
            for entry in plan.unread:
                catalog.put_unread(entry)
            for path in plan.forget:
                catalog.remove_unread(path)
            flow = None
            try:
                if plan.tasks:
                    flow = self._execute(plan, ocr, progress, cancelled)
                for row in plan.gone:
                    self._store.remove(row.id)
            except (CancelledError, KeyboardInterrupt):
                # what is stored is whole; Chroma gets what it lacks now rather than at the next start
                self._store.settle()
                raise CancelledError(
                    f"Stopped: {len(plan.reports)} of {len(found)} files are done and stay stored.", _GOES_ON
                ) from None
            settling = time.monotonic()
            self._store.settle()
            if flow:
                flow.time_left.finished(time.monotonic() - settling)
                catalog.set_state(PACE, flow.time_left.pace.dumps())
            remember_drives(catalog, roots, found)
            note_arrived(catalog, found)
        reports = [plan.reports[path] for path in sorted(plan.reports)]
        reports += [FileReport(row.path, "removed", _why_removed(row.path)) for row in plan.gone]
        seconds = time.monotonic() - started
        return IngestReport.of(reports, warnings=plan.notes, seconds=seconds, estimate_s=estimate)

    def renew_words(
        self, progress: ProgressListener | None = None, cancelled: Callable[[], bool] = lambda: False
    ) -> int:
        """Make the lexical index anew, from the catalog's own text, where an earlier analysis of text made it.

        It can be stopped at any time and goes on where it stopped.

        Returns:
            How many chunks were indexed, 0 where nothing was to be done.

        Raises:
            CancelledError: ``cancelled`` returned true.
        """
        catalog = self._store.catalog
        if lexical_rebuild.is_current(catalog):
            return 0
        started, path = time.monotonic(), str(catalog.path)
        before: int | None = None

        def tell(done: int, chunks: int) -> None:
            nonlocal before
            if cancelled():
                raise CancelledError("Stopped while the words of what is stored were indexed anew.", _GOES_ON)
            before = done if before is None else before
            if progress:
                seconds = time.monotonic() - started
                left = seconds * (chunks - done) / (done - before) if done > before else None
                stage = f"indexing words anew, {done} of {chunks} passages"
                hands = (FileStep(path, "indexing", done, chunks),)
                progress(IngestProgress(0, 0, 0, 0, seconds, left, path, stage, in_hand=hands))

        return lexical_rebuild.rebuild(catalog, tell)

    def rebuild(self, progress: ProgressListener | None = None, cancelled: Callable[[], bool] = lambda: False) -> int:
        """Chunk and embed again, from the catalog's own text, every document of another identity; returns how many.

        See :meth:`ragapp.ingest.rebuild.Rebuild.run`.
        """
        return Rebuild(self._store, self._embedder, self._chunker, progress, cancelled).run()

    def measure_rebuild(self) -> None:
        """Measure how long :meth:`rebuild` would take, for what is said of the store: some seconds of embedding."""
        Rebuild(self._store, self._embedder, self._chunker).measure()

    def _execute(
        self, plan: Plan, ocr: OcrMode | None, progress: ProgressListener | None, cancelled: Callable[[], bool]
    ) -> StagedRun:
        with ExitStack() as stack:
            workers = min(self._workers(), len(plan.tasks))
            preparers = [stack.enter_context(self._open_preparer(ocr)) for _ in range(workers)]
            flow = StagedRun(
                plan, self._store, self._embedder, preparers, self._settings.max_file_mb, progress, cancelled
            )
            flow.run()
            return flow

    def _estimate_s(self, plan: Plan, ocr: OcrMode | None) -> float:
        to_read = simulate(plan, ContentIndex(self._store.catalog, plan, self._settings.max_file_mb))
        with_ocr = (ocr or self._settings.ocr) != "off"
        pace = Pace.loads(self._store.catalog.get_state(PACE))
        return estimate_s(to_read, self._embedder, self._workers(), self._open_preparer, with_ocr, pace)

    def _open_preparer(self, ocr: OcrMode | None) -> Worker:
        return Worker(self._chunker, limits_of(self._settings), options_of(self._settings, ocr))

    def _workers(self) -> int:
        # two at least: while one waits for a file that hangs, the other goes on
        return self._settings.workers or min(4, max(2, (os.cpu_count() or 2) // 2))


def _why_removed(path: str) -> str:
    return "it lies in a folder of the system, such as a recycle bin" if os.path.lexists(path) else "the file is gone"
