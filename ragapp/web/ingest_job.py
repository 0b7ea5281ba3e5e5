"""Taking in the drop folder in the background: one job at a time, seen the same from every tab and after a reload."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

from ragapp.app import App
from ragapp.errors import RagappError


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
    """Runs the pipeline over the drop folder on a thread of its own.

    Args:
        app: open for writing.
    """

    def __init__(self, app: App):
        self._app = app
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self.state = JobState()

    def start(self) -> None:
        """Start, unless it is running already."""
        with self._lock:
            if self._thread and self._thread.is_alive():
                return
            self.state = JobState(True, "Looking at the drop folder …", changes=self.state.changes)
            self._thread = threading.Thread(target=self._run, name="ragapp-ingest")
            self._thread.start()

    def close(self) -> None:
        """Stop after the file in hand and wait for that."""
        self._stop.set()
        if self._thread:
            self._thread.join()

    def _run(self) -> None:
        def progress(done: int, total: int, path: str, share: float) -> None:
            self.state = JobState(True, f"{done} of {total} files · {Path(path).name}", changes=done)

        try:
            folder = self._app.drop_folder()
            report = self._app.pipeline.run([folder], progress=progress, cancelled=self._stop.is_set)
        except RagappError as error:
            self.state = JobState(False, str(error), True, self.state.changes + 1)
            return
        totals = report.totals
        changed = [f"{totals[s]} {s}" for s in ("indexed", "updated", "removed", "failed") if totals[s]]
        text = f"{folder}: {', '.join(changed) or 'nothing new'}."
        self.state = JobState(False, text, bool(totals["failed"]), self.state.changes + 1)
