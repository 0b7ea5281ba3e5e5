"""Taking in documents in the background: seen the same from every tab and after a reload."""

from __future__ import annotations

import threading
import time
import traceback
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from ragapp.app import App
from ragapp.contract import IngestProgress, IngestReport
from ragapp.errors import CancelledError, RagappError

# after a problem with the folder or the store, the job looks again so many seconds later
RETRY_S = 10
# files whose fate is shown, the latest
SHOWN_FILES = 200

Phase = Literal["idle", "running", "paused", "failed"]


@dataclass(frozen=True, slots=True)
class FileState:
    """A file of the run.

    Attributes:
        path: of the file.
        status: ``working``, or its fate as :class:`ragapp.ingest.report.FileReport` has it.
        text: what happens to it, or why it is not taken in.
        since: when it was first heard of, by the monotonic clock.
    """

    path: str
    status: str
    text: str = ""
    since: float = 0.0


@dataclass(frozen=True, slots=True)
class JobState:
    """Where the job stands.

    Attributes:
        phase: what it does.
        progress: of the run, None between runs.
        counts: of the last run, by status.
        told: what a person should know; an error where the phase is failed.
        files: those that were worked on lately, the latest first.
        changes: grows whenever the list of documents may have changed.
    """

    phase: Phase = "idle"
    progress: IngestProgress | None = None
    counts: dict[str, int] = field(default_factory=dict)
    told: str = ""
    files: tuple[FileState, ...] = ()
    changes: int = 0

    @property
    def running(self) -> bool:
        """Whether it is at work."""
        return self.phase == "running"


class IngestJob:
    """Keeps the library in step with the drop folder, and takes in what is asked for, on a thread of its own.

    Args:
        app: open for writing.
    """

    def __init__(self, app: App):
        self._app = app
        self._thread = threading.Thread(target=self._work, name="ragapp-ingest")
        self._closing = threading.Event()
        self._paused = threading.Event()
        self._wanted = threading.Event()
        self._orders: deque[tuple[Callable[[], IngestReport], Future]] = deque()
        self._lock = threading.Lock()
        self._files: OrderedDict[str, FileState] = OrderedDict()
        self.state = JobState()

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

    def run(self, paths: Sequence[Path], **options) -> Future:
        """Take in some files and folders before anything else.

        Args:
            paths: see :meth:`ragapp.ingest.pipeline.Pipeline.run`.
            options: likewise.

        Returns:
            Its report, or the :class:`RagappError` that ended it.
        """
        future: Future = Future()

        def work() -> IngestReport:
            return self._app.pipeline.run(paths, progress=self._progress, cancelled=self._let_go, **options)

        self._orders.append((work, future))
        self.start()
        return future

    def remove(self, ids: Sequence[int]) -> list[str]:
        """Remove documents from the library.

        A file in the drop folder stays where it is and is not taken in again until it changes or is asked for.

        Returns:
            Names of the documents.

        Raises:
            StoreError: a document is not there (any more).
        """
        from ragapp.ingest.conditions import remove_by_hand

        library = self._app.library
        rows = remove_by_hand(library, ids, self._app.settings.ingest)
        with self._lock:
            for row in rows:
                self._files.pop(row.path, None)
        library.settle()
        self._set(changes=self.state.changes + 1)
        return [row.name for row in rows]

    # the thread

    def _let_go(self) -> bool:
        return self._closing.is_set() or self._paused.is_set()

    def _stopped(self) -> bool:
        return self._let_go() or bool(self._orders)

    def _work(self) -> None:
        while not self._closing.is_set():
            if self._orders:
                self._obey()
            elif self._paused.is_set():
                self._set(phase="paused", progress=None)
                self._closing.wait(0.2)
            else:
                self._follow()

    def _obey(self) -> None:
        work, future = self._orders.popleft()
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
        """Tell why a run ended; the thread goes on whatever it was, or nothing would be taken in ever after."""
        if isinstance(error, CancelledError):
            self._set(progress=None, changes=self.state.changes + 1)
            return
        told = str(error) if isinstance(error, RagappError) else f"{type(error).__name__}: a defect of ragapp."
        self._set(phase="failed", told=told, progress=None, changes=self.state.changes + 1)

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
        self._set(
            phase="running", progress=at, files=self._latest(), changes=self.state.changes + (at.files_done != done)
        )

    def _note(self, report: IngestReport) -> None:
        for file in report.files:
            if file.status != "unchanged" and (file.path in self._files or file.status != "skipped"):
                before = self._files.get(file.path)
                if before is None or before.status == "working" or before.status != file.status:
                    self._put(FileState(file.path, file.status, file.reason, time.monotonic()))
        with self._lock:
            for path in [path for path, file in self._files.items() if file.status == "working"]:
                del self._files[path]
        counts = {status: report.count(status) for status in ("indexed", "updated", "removed", "failed")}
        self._set(
            phase="idle",
            progress=None,
            counts=counts,
            told=" ".join(report.warnings),
            files=self._latest(),
            changes=self.state.changes + 1,
        )

    def _put(self, file: FileState) -> None:
        with self._lock:
            self._files[file.path] = file
            self._files.move_to_end(file.path)
            while len(self._files) > SHOWN_FILES:
                self._files.popitem(last=False)

    def _latest(self) -> tuple[FileState, ...]:
        with self._lock:
            return tuple(reversed(self._files.values()))

    def _set(self, **changes) -> None:
        with self._lock:
            self.state = replace(self.state, **changes)
