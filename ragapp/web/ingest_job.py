"""Ingestion in the background: seen the same from every tab and after a reload."""

from __future__ import annotations

import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from ragapp.app import App
from ragapp.contract import FileReport, FileState, IngestProgress, IngestReport, IngestState, RebuildNeed
from ragapp.errors import CancelledError, IdentityError, RagappError, StoreError
from ragapp.index.rebuilds import rebuild_need
from ragapp.index.records import DocumentRow
from ragapp.ingest.plan import Plan

# seconds after which the job looks again after a problem with the folder or the store
RETRY_S = 10
# files whose fate the state tells; the page lists all of them
SHOWN_FILES = 200
# runs that follow each other within so many seconds are told of as one: files that are dropped come one by one
TOGETHER_S = 60.0
# an upload that nothing was added to for so long is none that is under way
UPLOAD_IDLE_S = 600.0
# who follows a run is told so often at the most
_TOLD_S = 0.3


@dataclass(frozen=True, slots=True)
class Erased:
    """What was removed: the documents, as they were; whether without a trace, and how many answers that kept showed
    removed ones went with them."""

    rows: tuple[DocumentRow, ...]
    erased: bool = False
    answers: int = 0


class IngestJob:
    """Keeps the library in step with the drop folder, and ingests what is asked for, on a thread of its own."""

    def __init__(self, app: App):
        self._app = app
        self._thread = threading.Thread(target=self._work, name="ragapp-ingest")
        self._closing = threading.Event()
        self._paused = threading.Event()
        self._wanted = threading.Event()
        self._expected = False
        self._requests: deque[tuple[Callable[[], IngestReport], Future[IngestReport]]] = deque()
        self._lock = threading.Lock()
        self._working: tuple[FileState, ...] = ()
        self._outcomes: dict[str, FileReport] = {}
        self._ended = 0.0
        self._plan: Plan | None = None
        self._tell: Callable[[Iterable[FileReport]], None] = lambda files: None
        self.state = IngestState()

    def listen(self, tell: Callable[[Iterable[FileReport]], None]) -> None:
        """Have the files told that a run has changed, or failed to read, when it has ended."""
        self._tell = tell

    def expect(self) -> None:
        """Have it known that :meth:`start` will be called soon."""
        self._expected = True

    @property
    def beginning(self) -> bool:
        """Whether documents are being read, or soon will be."""
        return self._expected or self.state.running

    def start(self) -> None:
        """Look through the drop folder now, and follow it from now on."""
        self._paused.clear()
        if self._thread.ident is None:
            self._set(phase="running", told="")
            self._expected = False
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
        for _, future in self._requests:  # somebody may be waiting
            if future.set_running_or_notify_cancel():
                future.set_exception(CancelledError("ragapp is ending."))
        self._requests.clear()

    def run(self, paths: Sequence[Path], **options: Any) -> Future[IngestReport]:
        """Ingest some files and folders before anything else; see :meth:`ragapp.ingest.pipeline.Pipeline.run`.

        Returns its report, or the :class:`RagappError` that ended it.
        """
        future: Future[IngestReport] = Future()
        self._requests.append((self._request(paths, **options), future))
        self.start()
        return future

    def run_events(
        self, paths: Sequence[Path], *, cancelled: Callable[[], bool], **options: Any
    ) -> Iterator[IngestProgress | IngestReport]:
        """As :meth:`run`, telling how far it is whenever that has changed; the report comes last.

        Raises:
            CancelledError: ``cancelled``, asked often, said so; what was stored by then stays.
            RagappError: it failed.
        """
        begun = threading.Event()

        def stopped() -> bool:  # asked by the run alone, so its first question tells that it is this one's turn
            begun.set()
            return cancelled()

        future, last = self.run(paths, cancelled=stopped, **options), None
        while not wait([future], _TOLD_S).done:
            if cancelled() and not begun.is_set():
                future.cancel()
                raise CancelledError("Stopped.")
            progress = self.state.progress if begun.is_set() else None
            if progress and progress != last:
                yield progress
                last = progress
        yield future.result()

    def _request(
        self, paths: Sequence[Path], cancelled: Callable[[], bool] = lambda: False, **options: Any
    ) -> Callable[[], IngestReport]:
        def work() -> IngestReport:
            told: dict[str, Any] = {"progress": self._progress, "planned": self._planned}
            report: IngestReport = self._app.pipeline.run(
                paths, **told, **options, cancelled=lambda: self._let_go() or cancelled()
            )
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
        return [row.name for row in self._remove(ids)]

    def remove_known(self, ids: Iterable[int]) -> list[DocumentRow]:
        """Remove those of some documents that are still there, and return them; somebody else may remove them, too."""
        catalog = self._app.store.catalog
        removed = []
        for document_id in dict.fromkeys(ids):
            with suppress(StoreError):
                if catalog.document(document_id):
                    removed += self._remove([document_id], settle=False)
        self._app.store.settle()
        return removed

    def _remove(self, ids: Sequence[int], *, settle: bool = True) -> list[DocumentRow]:
        from ragapp.ingest.conditions import remove_by_hand

        store = self._app.store
        rows = remove_by_hand(store, ids, self._app.settings.ingest)
        with self._lock:
            for row in rows:
                self._outcomes.pop(row.path, None)
        if settle:
            store.settle()
        self._set(changes=self.state.changes + 1)
        return rows

    def erase(self, ids: Iterable[int]) -> Future[Erased]:
        """Remove documents, and leave no trace of them or of what was removed before in any file of the store.

        It is done before anything else, once what is at work has let go.
        """

        def work() -> Erased:
            from ragapp.maintenance.erase import erase

            rows = self.remove_known(ids)
            answers = erase(self._app.store, self._app.settings.paths.ingest, idle_s=UPLOAD_IDLE_S)
            _ = self._app.store.vectors  # filled now, and not for the first question
            return Erased(tuple(rows), True, answers)

        return self._later(work)

    def remove_beside(self, ids: Iterable[int]) -> Future[Erased]:
        """Remove a few documents beside what is under way; those that are not there any more are left out."""
        future: Future[Erased] = Future()
        threading.Thread(
            target=_serve, args=(future, lambda: Erased(tuple(self.remove_known(ids)))), daemon=True
        ).start()
        return future

    def remove_later(self, ids: Iterable[int]) -> Future[Erased]:
        """Remove many documents before anything else is done; those that are not there any more are left out."""
        return self._later(lambda: Erased(tuple(self.remove_known(ids))))

    def _later(self, work: Callable[[], Erased]) -> Future[Erased]:
        future: Future[Erased] = Future()

        def serve() -> IngestReport:
            _serve(future, work)
            return IngestReport()

        self._requests.append((serve, Future()))
        self.start()
        return future

    def unlock(self, path: Path, password: str) -> IngestReport:
        """Ingest a protected file with a password, which is known until ragapp ends where it opens the file.

        Raises:
            RagappError: what ended the run.
        """
        passwords = self._app.settings.ingest.passwords
        new = password not in passwords
        if new:
            passwords.append(password)
        opened = False
        try:
            report = self.run([path]).result()
            opened = any(file.path == str(path) and file.status != "failed" for file in report.files)
            return report
        finally:
            if new and not opened:
                passwords.remove(password)

    @property
    def waiting(self) -> list[str]:
        """Paths of the files that were found and are not ingested yet."""
        return self._plan.waiting if self._plan else []

    @property
    def outcomes(self) -> dict[str, FileReport]:
        """What became of the files that the last run has changed, or has failed to read, by path.

        Runs that followed each other closely are one.
        """
        with self._lock:
            return dict(self._outcomes)

    def purge(self) -> int:
        """Leave no trace of what was removed, and wait for that; see :func:`ragapp.maintenance.erase.erase`.

        Returns how many answers were deleted.

        Raises:
            StoreError: another process reads the store, or a server may still hold vectors.
        """
        return self.erase([]).result().answers

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
            self._working = tuple(FileState(file.path, "working", at.stage, 0.0, file.step) for file in at.in_hand)
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
        if not future.set_running_or_notify_cancel():  # whoever asked has gone
            return
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
                planned=self._planned,
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
        self._working = ()
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

    def _planned(self, plan: Plan) -> None:
        self._plan = plan
        # files that rest are told of; a look that finds nothing to do is not
        self._set(waiting=len(plan.waiting))

    def _progress(self, at: IngestProgress) -> None:
        done = self.state.progress.files_done if self.state.progress else 0
        since = {file.path: file.since for file in self._working}
        now = time.monotonic()
        self._working = tuple(
            FileState(
                file.path,
                "working",
                at.stage if file.path == at.path else "",
                since.get(file.path, now),
                file.step,
                file.done,
                file.total,
            )
            for file in at.in_hand
        )
        waiting = max(0, at.files - at.files_done)
        self._set(phase="running", progress=at, waiting=waiting, changes=self.state.changes + (at.files_done != done))

    def _note(self, report: IngestReport) -> None:
        # of a removal there is no plan, and nothing is reported
        tried = self._plan.tried if self._plan else set()
        # neither a file that did not change is news, nor one that failed before and was not tried again
        news = {
            file.path: file
            for file in report.files
            if file.status in ("indexed", "updated", "removed") or (file.status == "failed" and file.path in tried)
        }
        self._tell(news.values())
        with self._lock:
            if news:
                if time.monotonic() - self._ended > TOGETHER_S:
                    self._outcomes = {}
                self._outcomes |= news
                self._ended = time.monotonic()
            self._working = ()
        told = " ".join([*report.warnings, *self._app.store.notices])
        waiting = len(self._plan.resting) if self._plan else 0
        changes = self.state.changes + 1
        self._set(phase="idle", progress=None, told=told, rebuild=None, waiting=waiting, changes=changes)

    def _set(self, **changes: Any) -> None:
        with self._lock:
            counts = {status: 0 for status in ("indexed", "updated", "removed", "failed")}
            for file in self._outcomes.values():
                counts[file.status] += 1
            settled = [
                FileState(file.path, file.status, file.reason) for file in islice(self._outcomes.values(), SHOWN_FILES)
            ]
            files = (*self._working, *settled)
            self.state = replace(self.state, files=files, counts=counts, **changes)


def _serve(future: Future[Erased], work: Callable[[], Erased]) -> None:
    """Do some work for whoever waits for a future; a defect is printed, too."""
    try:
        done = work()
    except Exception as error:
        if not isinstance(error, RagappError):
            traceback.print_exc()
        future.set_exception(error)
    else:
        future.set_result(done)
