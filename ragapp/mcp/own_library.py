"""The library of a process of its own: a running page does the work, as for every command; without one, it does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragapp.app import App
from ragapp.contract import Caution, Event, IngestProgress, IngestReport, Removal, SearchResult
from ragapp.index.catalog import Catalog
from ragapp.index.replacement import under_way
from ragapp.mcp.library import Cancelled
from ragapp.settings import Settings
from ragapp.web.pdf_view import PdfView
from ragapp.web.places import Places
from ragapp.web.server_file import read_server_file

if TYPE_CHECKING:
    from ragapp.web.client import PageClient

# models and a catalog that nobody has needed for so long are let go
IDLE_S = 600.0
# so long an answer that was given up may take to end, when the program goes away
_ENDING_S = 1.5
# who follows an ingestion is told so often at the most
_TOLD_S = 0.3


class OwnLibrary:
    """A :class:`ragapp.mcp.library.Library`; close it when done.

    It is open for hours, so it never owns the store, which any other command and the page may take, change and replace
    meanwhile, and it looks for a running page with every call: the page's models are warm, and it alone may change its
    store. ``tell`` is told what a person should know of the parts in use, each thing once.
    """

    def __init__(self, settings: Settings, tell: Callable[[str], None] = lambda text: None):
        self.settings = settings
        self._tell = tell
        self._told: set[str] = set()
        self._lock = threading.Lock()
        self.places = Places(settings.server.waiting)
        self._app: App | None = None
        self._users = 0
        self._used_at = time.monotonic()
        self._restore = 0  # the one that was under way when the parts were opened
        self._view = PdfView(settings.ingest.passwords)

    def close(self) -> None:
        """Let go of the models, the catalog and the process that draws; answers that were given up end first."""
        end = time.monotonic() + _ENDING_S
        while self._users and time.monotonic() < end:
            time.sleep(_ENDING_S / 50)
        self.rest(0)
        self._view.close()

    def rest(self, idle_s: float = IDLE_S) -> None:
        """Let go of the models and the catalog where nobody has needed them for so many seconds, or, as soon as nobody
        needs them, where another process is about to put another store in the place of this one."""
        with self._lock:
            if not self._app or self._users:
                return
            if time.monotonic() - self._used_at < idle_s and under_way(self.settings.paths.data) == self._restore:
                return
            app, self._app = self._app, None
            app.close()  # within the lock: who opens it anew finds it closed

    @contextmanager
    def opened(self) -> Iterator[Catalog]:
        """A connection for reading, for which no model is needed; it is kept for the next call."""
        with self._parts() as app:
            yield app.catalog

    def search(self, query: str, k: int, scope: str) -> SearchResult:
        """See :class:`ragapp.mcp.library.Library`."""
        if page := self._page():
            return page.search(query, k, scope)
        with self._parts() as app:
            return app.search(query, k, scope)

    def ask(self, question: str, scope: str, caution: Caution | None, cancelled: Cancelled) -> Iterator[Event]:
        """See :class:`ragapp.mcp.library.Library`."""
        if page := self._page():
            yield from page.events(question, scope=scope, caution=caution, cancelled=cancelled)
            return
        with self._parts() as app:
            app.check_llm()  # a missing model is told before the embedder is loaded
            yield from app.assistant.ask(question, scope=scope, caution=caution, cancelled=cancelled)

    def summarize(self, document: str, cancelled: Cancelled) -> Iterator[Event]:
        """See :class:`ragapp.mcp.library.Library`."""
        if page := self._page():
            yield from page.summary_events(document, cancelled=cancelled)
            return
        with self._parts() as app:
            app.check_llm()
            yield from app.summarizer.summarize(document, cancelled)

    def picture(self, path: Path, page: int, width: int) -> bytes:
        """See :class:`ragapp.mcp.library.Library`."""
        return self._view.picture(path, page, width)

    def ingest(self, paths: Sequence[Path], cancelled: Cancelled) -> Iterator[IngestProgress | IngestReport]:
        """See :class:`ragapp.mcp.library.Library`."""
        if page := self._page():
            yield from page.ingest_events(*paths, cancelled=cancelled)
        else:
            yield from _ingested(self.settings, paths, cancelled)

    def remove(self, ids: Sequence[int]) -> Removal:
        """See :class:`ragapp.mcp.library.Library`."""
        if page := self._page():
            return page.remove(ids)
        from ragapp.maintenance.removal import remove_documents

        removal, notices = remove_documents(self.settings, ids)
        self._tell_once(notices)
        return removal

    def _page(self) -> PageClient | None:
        """The page that runs on the same store now."""
        if read_server_file(self.settings.paths.data) is None:
            return None
        from ragapp.web.client import running_page

        page = running_page(self.settings.paths.data)
        if page:
            self.rest(0)  # its models do from now on
        return page

    @contextmanager
    def _parts(self) -> Iterator[App]:
        """The parts of ragapp, which are loaded when they are first used, and stay for the next call."""
        with self._lock:
            if not self._app:
                self._restore = under_way(self.settings.paths.data)
                self._app = App(self.settings, own=False)
            app = self._app
            self._users += 1
        try:
            yield app
            self._tell_once(app.notices)
        finally:
            with self._lock:
                self._users -= 1
                self._used_at = time.monotonic()

    def _tell_once(self, notices: Sequence[str]) -> None:
        for text in notices:
            if text not in self._told:
                self._told.add(text)
                self._tell(text)


def _ingested(
    settings: Settings, paths: Sequence[Path], cancelled: Cancelled
) -> Iterator[IngestProgress | IngestReport]:
    """Ingest on a thread of its own, with the store for the time of the run, as ``ragapp ingest`` does."""
    latest: list[IngestProgress] = []
    result: list[Any] = []

    def work() -> None:
        try:
            with App(settings, write=True) as app:
                result.append(app.pipeline.run(paths, progress=latest.append, cancelled=cancelled))
        except BaseException as error:
            result.append(error)

    thread = threading.Thread(target=work, name="ragapp-ingest", daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(_TOLD_S)
        if latest:
            yield latest[-1]
            latest.clear()
    (outcome,) = result
    if isinstance(outcome, BaseException):
        raise outcome
    yield outcome
