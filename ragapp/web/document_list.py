"""The list of documents as the page shows it: the catalog's lines, with what is known of their files on the disk."""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, replace

from ragapp.app import App
from ragapp.contract import FileReport
from ragapp.errors import PathError, RagappError
from ragapp.index.facts import TYPES, file_day, type_of
from ragapp.index.listing import Around, Counts, Page, Query, count_lines, list_page, matching_ids
from ragapp.index.summary_line import summary_lines
from ragapp.retrieval.scope import Filter
from ragapp.web.ingest_job import IngestJob

# files are looked at again after so many seconds, or this many times what the last look has taken
_LOOK_S = 20.0
_LOOK_TIMES = 30
# filters whose documents are remembered
_MOST_FILTERS = 20


@dataclass(frozen=True, slots=True)
class Labels:
    """What people have said of a document, and its own day, ISO 8601."""

    day: str = ""
    tags: tuple[str, ...] = ()
    collections: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Choices:
    """What the list can be narrowed to besides state and warnings; types only where there are several."""

    collections: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    documents: int = 0


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
        self._relabelled = 0  # times that the page has changed tags or collections
        self._chosen: tuple[object, Choices] = None, Choices()
        self._narrowed: dict[Filter, tuple[object, tuple[int, ...]]] = {}

    @property
    def version(self) -> tuple[object, ...]:
        """Changes whenever the list may have changed."""
        self._look()
        return self._job.state.changes, self._looks, self.labels_version

    @property
    def labels_version(self) -> object:
        """Changes whenever tags or collections have, here or by a command."""
        with suppress(RagappError):
            return self._relabelled, self._app.catalog.labels.version
        return self._relabelled

    def relabelled(self) -> None:
        """The page has changed tags or collections."""
        self._relabelled += 1

    def page(self, query: Query, narrowed: Filter | None = None) -> Page:
        """A page of the list; nothing where the catalog cannot be read."""
        with suppress(RagappError):
            return list_page(self._app.catalog, self._only(query, narrowed), self._around(query.state))
        return Page((), 0)

    def ids(self, query: Query, narrowed: Filter | None = None) -> list[int]:
        """Ids of all documents that a query finds."""
        only = self._only(replace(query, offset=0), narrowed)
        return matching_ids(self._app.catalog, only, self._around(query.state))

    def _only(self, query: Query, narrowed: Filter | None) -> Query:
        """A query with the documents that a filter lets through, as a search would; looked up once a version."""
        if not narrowed:
            return query
        version = self._job.state.changes, self.labels_version
        known = self._narrowed.get(narrowed)
        if known is None or known[0] != version:
            try:
                ids = tuple(row.id for row in narrowed.matching(self._app.catalog.documents()))
            except PathError:  # none fits
                ids = ()
            if len(self._narrowed) >= _MOST_FILTERS:
                self._narrowed.clear()
            known = self._narrowed[narrowed] = version, ids
        return replace(query, only=known[1])

    def choices(self) -> Choices:
        """What the list can be narrowed to."""
        version = self._job.state.changes, self.labels_version
        if self._chosen[0] != version:
            with suppress(RagappError):
                catalog = self._app.catalog
                suffixes = catalog.rows("SELECT DISTINCT suffix_of(name) FROM documents")
                found = {type_of(f"x{suffix}") for (suffix,) in suffixes}
                self._chosen = (
                    version,
                    Choices(
                        tuple(row.name for row in catalog.labels.collections()),
                        tuple(catalog.labels.tag_counts()),
                        tuple(name for name in TYPES if name in found) if len(found) > 1 else (),
                        catalog.document_count(),
                    ),
                )
        return self._chosen[1]

    def labels(self, page: Page) -> dict[int, Labels]:
        """Day, tags and collections of each document of a page."""
        ids = [line.id for line in page.lines if line.id is not None]
        with suppress(RagappError):
            catalog = self._app.catalog
            rows = catalog.rows_among("SELECT id, path, written, mtime_ns FROM documents WHERE id IN ({})", ids)
            tags = catalog.labels.of_documents(ids)
            collections = catalog.labels.collections_of(path for _, path, _, _ in rows)
            return {
                number: Labels(written or file_day(mtime_ns), tags.get(number, ()), collections.get(path, ()))
                for number, path, written, mtime_ns in rows
            }
        return {}

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
