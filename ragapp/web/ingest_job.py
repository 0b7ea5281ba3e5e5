"""Ingestion in the background: seen the same from every tab and after a reload."""

from __future__ import annotations

import threading
import time
import traceback
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from ragapp.app import App
from ragapp.contract import FileState, IngestProgress, IngestReport, IngestState, RebuildNeed
from ragapp.errors import CancelledError, IdentityError, RagappError
from ragapp.index.rebuilds import rebuild_need

# seconds after which the job looks again after a problem with the folder or the store
RETRY_S = 10
# files whose fate is shown, the latest
SHOWN_FILES = 200


class IngestJob:
    """Keeps the library in step with the drop folder, and ingests what is asked for, on a thread of its own."""

    def __init__(self, app: App):
        self._app = app
        self._thread = threading.Thread(target=self._work, name="ragapp-ingest")
        self._closing = threading.Event()
        self._paused = threading.Event()
        self._wanted = threading.Event()
        self._requests: deque[tuple[Callable[[], IngestReport], Future[IngestReport]]] = deque()
        self._lock = threading.Lock()
        self._files: OrderedDict[str, FileState] = OrderedDict()
        self.state = IngestState()

    def start(self) -> None:
        """Look through the drop folder now, and follow it from now on."""
        self._paused.clear()
        if self._thread.ident is None:
            self._set(phase="running", told="")
            self._thread.start()
        else:
            self._wanted.set()

    def pause(self) -> None:
        """Let go of what is not stored yet; :meth:`start` goes on from there."""
        self._paused.set()

    def close(self) -> None:
        """Stop, and wait until what is in hand is stored or let go."""
        self._closing.set()
        if self._thread.ident is not None:
            self._thread.join()

    def run(self, paths: Sequence[Path], **options: Any) -> Future[IngestReport]:
        """Ingest some files and folders before anything else; see :meth:`ragapp.ingest.pipeline.Pipeline.run`.

        Returns its report, or the :class:`RagappError` that ended it.
        """
        future: Future[IngestReport] = Future()
        self._requests.append((self._request(paths, **options), future))
        self.start()
        return future

    def _request(self, paths: Sequence[Path], **options: Any) -> Callable[[], IngestReport]:
        def work() -> IngestReport:
            progress, cancelled = self._progress, self._let_go
            report: IngestReport = self._app.pipeline.run(paths, progress=progress, cancelled=cancelled, **options)
            return report

        return work

    def rebuild(self) -> None:
        """Make the documents of another embedder anew, before anything else; nothing happens where there are none."""
        if self.state.rebuild and self._rebuild not in (work for work, _ in self._requests):
            self._requests.append((self._rebuild, Future()))
            self.start()

    def remove(self, ids: Sequence[int]) -> list[str]:
        """Remove documents from the library and return their names. Raises StoreError: one is not there (any more).

        A file in the drop folder stays where it is and is not ingested again until it changes or is asked for.
        """
        from ragapp.ingest.conditions import remove_by_hand

        store = self._app.store
        rows = remove_by_hand(store, ids, self._app.settings.ingest)
        with self._lock:
            for row in rows:
                self._files.pop(row.path, None)
        store.settle()
        self._set(changes=self.state.changes + 1)
        return [row.name for row in rows]

    # the thread

    def _let_go(self) -> bool:
        return self._closing.is_set() or self._paused.is_set()

    def _stopped(self) -> bool:
        return self._let_go() or bool(self._requests)

    def _work(self) -> None:
        self._renew_readings()
        while not self._closing.is_set():
            if self._requests:
                self._serve_request()
            elif self._paused.is_set():
                self._set(phase="paused", progress=None)
                self._closing.wait(0.2)
            else:
                self._follow()

    def _renew_readings(self) -> None:
        """Ask for the files that an earlier version of the readers read, wherever they lie."""
        from ragapp.ingest.conditions import readings_to_renew

        try:
            older, _ = readings_to_renew(self._app.store.catalog)
        except RagappError:  # the store cannot be opened; following the drop folder tells it
            return
        if older:
            self._requests.append((self._request(older), Future()))

    def _rebuild(self) -> IngestReport:
        def tell(at: IngestProgress) -> None:
            self._set(phase="running", progress=at)

        self._app.pipeline.rebuild(tell, self._let_go)
        _ = self._app.store.vectors  # filled now, and not for the first question
        self._app.store.settle()
        self._renew_readings()
        return IngestReport()

    def _needs_rebuild(self) -> RebuildNeed:
        """What a rebuild takes; how long, is measured once."""
        pipeline, store = self._app.pipeline, self._app.store
        assert store.identity is not None
        need = rebuild_need(store.catalog, store.identity)
        if need.seconds is None:
            pipeline.measure_rebuild()
            need = rebuild_need(store.catalog, store.identity)
        return need

    def _serve_request(self) -> None:
        work, future = self._requests.popleft()
        self._set(phase="running", told="")
        try:
            report = work()
        except Exception as error:
            future.set_exception(error)
            self._note_problem(error)
        else:
            self._note(report)
            future.set_result(report)

    def _follow(self) -> None:
        from ragapp.ingest.watch import follow

        settings = self._app.settings.ingest
        try:
            for report in follow(
                self._app.pipeline,
                [self._app.drop_folder()],
                settle_s=settings.settle_s,
                rescan_s=settings.rescan_s,
                progress=self._progress,
                stopped=self._stopped,
                wanted=self._take_wanted,
            ):
                self._note(report)
        except Exception as error:
            self._note_problem(error)
            if isinstance(error, CancelledError):
                return
            if not isinstance(error, RagappError):
                traceback.print_exc()
            for _ in range(10 * RETRY_S):
                if self._stopped() or self._take_wanted() or self._closing.wait(0.1):
                    break

    def _note_problem(self, error: Exception) -> None:
        """Tell why a run ended; the thread goes on whatever it was, or nothing would be ingested ever after."""
        changed: dict[str, Any] = {"progress": None, "changes": self.state.changes + 1}
        if isinstance(error, CancelledError):
            self._set(**changed)
            return
        told = str(error) if isinstance(error, RagappError) else f"{type(error).__name__}: a defect of ragapp."
        if isinstance(error, IdentityError):
            with suppress(RagappError):  # what was told says enough
                changed["rebuild"] = self._needs_rebuild()
            told = error.message if changed.get("rebuild") else told
        self._set(phase="failed", told=told, **changed)

    def _take_wanted(self) -> bool:
        wanted = self._wanted.is_set()
        self._wanted.clear()
        return wanted

    def _progress(self, at: IngestProgress) -> None:
        done = self.state.progress.files_done if self.state.progress else 0
        if at.path:
            before = self._files.get(at.path)
            since = before.since if before and before.status == "working" else time.monotonic()
            self._put(FileState(at.path, "working", at.stage, since))
        self._set(phase="running", progress=at, changes=self.state.changes + (at.files_done != done))

    def _note(self, report: IngestReport) -> None:
        for file in report.files:
            before = self._files.get(file.path)
            # neither a file that did not change is news, nor one without a reader that was never seen at work
            known = before.status if before else "skipped"
            if file.status not in ("unchanged", known):
                self._put(FileState(file.path, file.status, file.reason, time.monotonic()))
        with self._lock:
            for path in [path for path, file in self._files.items() if file.status == "working"]:
                del self._files[path]
        counts = {status: report.count(status) for status in ("indexed", "updated", "removed", "failed")}
        told = " ".join([*report.warnings, *self._app.store.notices])
        self._set(phase="idle", progress=None, counts=counts, told=told, rebuild=None, changes=self.state.changes + 1)

    def _put(self, file: FileState) -> None:
        with self._lock:
            self._files[file.path] = file
            self._files.move_to_end(file.path)
            while len(self._files) > SHOWN_FILES:
                self._files.popitem(last=False)

    def _set(self, **changes: Any) -> None:
        with self._lock:
            self.state = replace(self.state, files=tuple(reversed(self._files.values())), **changes)
