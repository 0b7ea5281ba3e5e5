"""The library of the running page, in the page's own process."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from ragapp.answer.asked import Asked
from ragapp.contract import Answer, Caution, Event, IngestProgress, IngestReport, Removal, SearchResult
from ragapp.index.catalog import Catalog
from ragapp.llm.fair_lock import Ticket
from ragapp.mcp.library import Cancelled
from ragapp.web.api import remove_documents
from ragapp.web.app_state import AppState


class PageLibrary:
    """A :class:`ragapp.mcp.library.Library` of what the page's tabs and its API share."""

    def __init__(self, state: AppState):
        self._state = state
        self.settings = state.app.settings
        self.places = state.places

    def opened(self) -> AbstractContextManager[Catalog]:
        """The page's own connection, which stays open."""
        return nullcontext(self._state.app.catalog)

    def search(self, query: str, k: int, scope: str) -> SearchResult:
        """See :class:`ragapp.mcp.library.Library`."""
        return self._state.app.search(query, k, scope)

    def ask(self, question: str, scope: str, caution: Caution | None, cancelled: Cancelled) -> Iterator[Event]:
        """See :class:`ragapp.mcp.library.Library`."""
        ticket = self._state.app.questions.ticket()  # here, not on the thread: first come, first served
        return Asked(self._asked(question, scope, caution, cancelled, ticket), ticket)

    def _asked(
        self, question: str, scope: str, caution: Caution | None, cancelled: Cancelled, ticket: Ticket
    ) -> Generator[Event, None, None]:
        asked = self._state.app.assistant.ask
        events = asked(question, scope=scope, caution=caution, cancelled=cancelled, ticket=ticket)
        for event in self._state.metrics.watched(events, "mcp"):
            if isinstance(event, Answer):
                self._state.models.note_answer(event)
            yield event

    def summarize(self, document: str, cancelled: Cancelled) -> Iterator[Event]:
        """See :class:`ragapp.mcp.library.Library`."""
        yield from self._state.app.summarizer.summarize(document, cancelled)

    def picture(self, path: Path, page: int, width: int) -> bytes:
        """See :class:`ragapp.mcp.library.Library`."""
        return self._state.view.picture(path, page, width)

    def ingest(self, paths: Sequence[Path], cancelled: Cancelled) -> Iterator[IngestProgress | IngestReport]:
        """See :class:`ragapp.mcp.library.Library`."""
        return self._state.job.run_events(paths, cancelled=cancelled)

    def remove(self, ids: Sequence[int]) -> Removal:
        """See :class:`ragapp.mcp.library.Library`."""
        return remove_documents(self._state, ids)
