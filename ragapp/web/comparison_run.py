"""Two documents that a person compares on the page: found, and put into words, on threads of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from ragapp.app import App
from ragapp.contract import Comparison, Explained, Stage
from ragapp.defects import defect
from ragapp.errors import RagappError
from ragapp.index.records import DocumentRow
from ragapp.web.runs import UNWATCHED_S


class ComparisonRun:
    """What is known so far of a comparison; :attr:`version` changes whenever that does.

    Args:
        before: id of the earlier document.
        after: id of the later one.
        about: keep what is near this topic.

    Attributes:
        found: None until it is found.
        error: why there is nothing, or no more, in words; empty where all went well.
        stage: which change is put into words; None while none is.
        began: when the first change was begun to be put into words, by the monotonic clock.
    """

    def __init__(self, app: App, before: int, after: int, about: str = ""):
        self.before, self.after, self.about = before, after, about
        self.found: Comparison | None = None
        self.error = ""
        self.stage: Stage | None = None
        self.began = 0.0
        self.version = 0
        self._app = app
        self._stop = threading.Event()
        self._watched = time.monotonic()
        self._idle = threading.Event()
        self._begin(self._compare)

    @property
    def running(self) -> bool:
        """Whether something is being worked out."""
        return not self._idle.is_set()

    @property
    def stopping(self) -> bool:
        """Whether it was told to stop and has not yet."""
        return self.running and self._stop.is_set()

    def watch(self) -> int:
        """Note that somebody looks at it; returns the version now. What nobody looks at for a minute is stopped."""
        self._watched = time.monotonic()
        return self.version

    def wait(self, timeout_s: float) -> None:
        """Wait until nothing is being worked out any more, or the time is over."""
        self._idle.wait(timeout_s)

    def explain(self) -> None:
        """Have the language model put the most important changes into words, unless something is under way."""
        if self.found and not self.running:
            self.error, self.began = "", time.monotonic()
            self._begin(self._explain)

    def stop(self) -> None:
        """End what is under way soon; what was put into words stays."""
        self._stop.set()
        self.version += 1

    def _begin(self, work: Callable[[], None]) -> None:
        self._stop.clear()
        self._idle.clear()
        self.version += 1

        def run() -> None:
            try:
                work()
            except RagappError as error:
                self.error = str(error)
            except Exception as error:  # a defect must not leave the person waiting for ever
                self.error = str(defect(error))
                raise
            finally:
                self.stage = None
                self._idle.set()
                self.version += 1

        threading.Thread(target=run, name="ragapp-compare", daemon=True).start()

    def _compare(self) -> None:
        self.found = self._app.compare(self.before, self.after, about=self.about)

    def _explain(self) -> None:
        assert self.found
        for event in self._app.explainer.explain(self.found, self._cancelled):
            if isinstance(event, Stage):
                self.stage = event
            elif isinstance(event, Explained):
                changes = list(self.found.changes)
                changes[event.change] = replace(changes[event.change], explanation=event.explanation)
                self.found = replace(self.found, changes=tuple(changes))
            else:
                self.found = event
            self.version += 1

    def _cancelled(self) -> bool:
        return self._stop.is_set() or time.monotonic() - self._watched > UNWATCHED_S


def in_order(rows: Sequence[DocumentRow]) -> list[DocumentRow]:
    """Documents, the earlier first: by the years that they are of, where these differ, else by their days."""
    years = [max(row.years, default=0) for row in rows]
    by_year = len(set(years)) == len(rows) and all(years)
    return sorted(rows, key=lambda row: (max(row.years) if by_year else 0, row.day, row.name.casefold(), row.id))
