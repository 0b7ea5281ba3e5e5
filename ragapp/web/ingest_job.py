"""Taking in the drop folder in the background: seen the same from every tab and after a reload."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

from ragapp.app import App
from ragapp.errors import CancelledError, RagappError
from ragapp.ingest.report import IngestProgress, IngestReport

# after a problem with the folder or the store, the job looks again so many seconds later
RETRY_S = 10


@dataclass(frozen=True, slots=True)
class JobState:
    """Where the job stands.

    Attributes:
        running: whether it is at work.
        text: one line for the person.
        failed: whether the text is an error.
        changes: grows whenever the list of documents may have changed.
    """

    running: bool = False
    text: str = ""
    failed: bool = False
    changes: int = 0


class IngestJob:
    """Keeps the library in step with the drop folder, on a thread of its own.

    Args:
        app: open for writing.
    """

    def __init__(self, app: App):
        self._app = app
        self._thread = threading.Thread(target=self._follow, name="ragapp-ingest")
        self._stop = threading.Event()
        self._wanted = threading.Event()
        self.state = JobState()

    def start(self) -> None:
        """Look through the drop folder now, and follow it from now on."""
        if not self.state.running:
            self.state = JobState(True, "Looking at the drop folder …", changes=self.state.changes)
        if self._thread.ident is None:
            self._thread.start()
        else:
            self._wanted.set()

    def close(self) -> None:
        """Stop, and wait until what is in hand is stored or let go."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _follow(self) -> None:
        from ragapp.ingest.watch import follow

        settings = self._app.settings.ingest
        while not self._stop.is_set():
            try:
                for report in follow(
                    self._app.pipeline, [self._app.drop_folder()], settle_s=settings.settle_s,
                    rescan_s=settings.rescan_s, progress=self._progress, stopped=self._stop.is_set,
                    wanted=self._take_wanted,
                ):  # fmt: skip
                    self._note(report)
            except CancelledError:
                return
            except RagappError as error:
                self.state = JobState(False, str(error), True, self.state.changes + 1)
                self._stop.wait(RETRY_S)

    def _take_wanted(self) -> bool:
        wanted = self._wanted.is_set()
        self._wanted.clear()
        return wanted

    def _progress(self, at: IngestProgress) -> None:
        name = f" · {Path(at.path).name} {at.stage}" if at.path else ""
        changes = self.state.changes + (not self.state.text.startswith(f"{at.files_done} of"))
        self.state = JobState(True, f"{at.files_done} of {at.files} files{name}", changes=changes)

    def _note(self, report: IngestReport) -> None:
        totals = report.totals
        told = [f"{totals[s]} {s}" for s in ("indexed", "updated", "removed", "failed") if totals[s]]
        text = f"{self._app.settings.paths.ingest}: {', '.join(told) or 'nothing new'}."
        failed = bool(totals["failed"] or report.warnings)
        self.state = JobState(False, " ".join([text, *report.warnings]), failed, self.state.changes + 1)
