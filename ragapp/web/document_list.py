"""The list of documents as the page shows it: the catalog's lines, with what is known of their files on the disk."""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from dataclasses import replace

from ragapp.app import App
from ragapp.contract import FileReport
from ragapp.errors import RagappError
from ragapp.index.listing import Around, Counts, Page, Query, count_lines, list_page, matching_ids
from ragapp.index.summary_line import summary_lines
from ragapp.web.ingest_job import IngestJob

# files are looked at again after so many seconds, or this many times what the last look has taken
_LOOK_S = 20.0
_LOOK_TIMES = 30


class DocumentLister:
    """Lists documents and files; what it has counted or looked up is kept until something changes."""

    def __init__(self, app: App, job: IngestJob) -> None:
        self._app = app
        self._job = job
        self._lock = threading.Lock()
        self._away: tuple[tuple[int, ...], tuple[int, ...]] = (), ()
        self._looks = 0  # that have found something else than the one before
        self._looking = False
        self._look_at = self._soon_at = 0.0
        self._looked_for = -1
        self._counted: tuple[object, Counts] = None, Counts()

    @property
    def version(self) -> tuple[int, int]:
        """Changes whenever the list may have changed."""
        self._look()
        return self._job.state.changes, self._looks

    def page(self, query: Query) -> Page:
        """A page of the list; nothing where the catalog cannot be read."""
        with suppress(RagappError):
            return list_page(self._app.catalog, query, self._around(query.state))
        return Page((), 0)

    def ids(self, query: Query) -> list[int]:
        """Ids of all documents that a query finds."""
        return matching_ids(self._app.catalog, replace(query, offset=0), self._around(query.state))

    def counts(self) -> Counts:
        """How many lines there are by state, and by kind of warning."""
        waiting, version = self._job.state.waiting, self.version
        if self._counted[0] != (version, waiting):
            with suppress(RagappError):
                self._counted = (version, waiting), count_lines(self._app.catalog, self._around("run"))
        counts = self._counted[1]
        return replace(counts, states={**counts.states, "waiting": waiting})

    def summaries(self, page: Page) -> dict[int, str]:
        """A line in its own words for each document of a page."""
        with suppress(RagappError):
            return summary_lines(self._app.catalog, [line.id for line in page.lines if line.id is not None])
        return {}

    def outcomes(self) -> dict[str, FileReport]:
        """What became of the files that the last run has changed, by path."""
        return self._job.outcomes

    def _around(self, state: str) -> Around:
        gone, changed = self._away
        waiting = tuple(self._job.waiting) if state == "waiting" else ()
        return Around(gone, changed, waiting, tuple(self._job.outcomes) if state == "run" else ())

    def _look(self) -> None:
        """Look at the files of all documents, on a thread of its own, as drives may be slow; not more than now and
        then, or when documents have changed."""
        now, changes = time.monotonic(), self._job.state.changes
        with self._lock:
            # what was just ingested or removed is looked at soon, but not in the middle of a run
            new = changes != self._looked_for and not self._job.state.running and now >= self._soon_at
            if self._looking or not (new or now >= self._look_at):
                return
            self._looking, self._looked_for = True, changes
        threading.Thread(target=self._look_now, name="ragapp-files", daemon=True).start()

    def _look_now(self) -> None:
        begun = time.monotonic()
        gone, changed = [], []
        try:
            for document_id, path, size, mtime_ns in self._app.catalog.rows(
                "SELECT id, path, size, mtime_ns FROM documents"
            ):
                try:
                    found = os.stat(path)
                except (OSError, ValueError):
                    gone.append(document_id)
                else:
                    if (found.st_size, found.st_mtime_ns) != (size, mtime_ns):
                        changed.append(document_id)
        except RagappError:
            pass
        else:
            away = tuple(gone), tuple(changed)
            if away != self._away:
                self._away = away
                self._looks += 1
        finally:
            now = time.monotonic()
            self._look_at = now + max(_LOOK_S, _LOOK_TIMES * (now - begun))
            self._soon_at = now + max(1.0, _LOOK_TIMES / 10 * (now - begun))
            self._looking = False
