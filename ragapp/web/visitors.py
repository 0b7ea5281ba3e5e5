"""The visitors of the page: one for each browser tab, the same after a reload."""

from __future__ import annotations

import re
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass, field

from ragapp.answer.chat_session import ChatSession
from ragapp.answer.suggestions import Suggestion
from ragapp.index.conversations import TakenOut
from ragapp.retrieval.scope import Filter
from ragapp.web.comparison_run import ComparisonRun
from ragapp.web.ingest_job import Erased
from ragapp.web.runs import AnswerRun, Exchange

# a tab names itself by a random number that outlives a reload
_TAB = re.compile(r"[0-9a-f]{32}")
# so many are remembered, the latest
MOST = 200
# lines of a page of the list
ROWS = 50
# so many of a tab's questions are known again when they come a second time
QUESTIONS_KNOWN = 20


@dataclass(slots=True)
class Choice:
    """What the evidence column shows."""

    exchange: int = -1  # number of the exchange, from 0
    kind: str = "citation"  # citation, passage, or listed: a document that the answer names
    n: int = 0  # its number
    quote: int = 0  # which of the answer's quotes is marked, from 1; 0 = the citation's own


@dataclass(frozen=True, slots=True)
class Listing:
    """How the documents are listed."""

    search: str = ""  # words that name, title or path must have
    column: str = "name"  # one of :data:`ragapp.index.listing.COLUMNS`
    down: bool = False  # whether the largest comes first
    state: str = ""  # one of :data:`ragapp.index.listing.STATES`; empty: all documents
    warning: str = ""  # a kind of warning
    offset: int = 0  # lines before the page that is shown
    narrowed: Filter = field(default_factory=Filter)  # collection, tag, type and days of the documents


@dataclass(slots=True)
class Visitor:
    """What belongs to one tab of a browser."""

    exchanges: list[Exchange] = field(default_factory=list)  # finished ones of the conversation that is open
    run: AnswerRun | None = None  # the latest question on its way, None before the first
    choice: Choice = field(default_factory=Choice)  # what the evidence column shows
    session: ChatSession | None = None  # the conversation that is open, None until something is asked in a new one
    tab: str = ""  # what the browser's tab calls itself; empty where it has no name
    language: str = "en"  # of the page
    greeted: bool = False  # whether the tab has said who it is, and is shown what is its own
    preview: tuple[int, int] = (0, 1)  # document id and unit that the documents tab shows
    marked: str = ""  # spans of that unit's text that are marked, as an address has them
    comparison: ComparisonRun | None = None  # the documents that stand side by side in the place of the list
    comparison_shown: int = 0  # changes of it that are shown
    listing: Listing = field(default_factory=Listing)  # how the documents tab lists them
    errand: Future[Erased] | None = None  # what was asked for and takes a while
    labelled: tuple[int, ...] = ()  # ids of the documents whose tags and collections are being changed
    undo: tuple[str, ...] = ()  # paths of the files whose documents were removed last
    search: str = ""  # words by which conversations are listed
    scope: str = ""  # what the next question is restricted to: patterns of documents, one a line
    deleted: TakenOut | None = None  # the conversation that was deleted last, for as long as that can be undone
    lost: bool = False  # whether the open conversation was deleted elsewhere, or one that was asked for is not there
    suggested: tuple[int, tuple[Suggestion, ...]] = (-1, ())  # what to ask next, and behind which exchange
    # parameters of the address that the tab came with, until they are heeded
    arrived: dict[str, str] = field(default_factory=dict)
    # what the browser calls the questions that it has sent: those that were taken, and those that were not
    taken: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    tabs: set[str] = field(default_factory=set)  # names of the page's tabs that were opened
    # what was last shown of that which changes by itself, by name
    seen: dict[str, object] = field(default_factory=dict)
    # held while one of the page's events does its work, so that they do it one after the other
    turn: threading.RLock = field(default_factory=threading.RLock, repr=False, compare=False)
    told: int = 0  # number of what was told last; grows
    # when something was asked of the server, by the monotonic clock
    last: float = field(default_factory=time.monotonic)

    def is_new(self, name: str, value: object) -> bool:
        """Note what is shown under a name; returns whether it is something else than before."""
        new = name not in self.seen or self.seen[name] != value
        self.seen[name] = value
        return new

    def forget(self, *names: str) -> None:
        """Have what is shown under these names shown anew."""
        for name in names:
            self.seen.pop(name, None)

    def heard(self, question: str, *, taken: bool) -> None:
        """Note that a question has come; the browser calls it by a random name."""
        names = self.taken if taken else self.refused
        if question and question not in names:
            names.append(question)
            del names[:-QUESTIONS_KNOWN]

    @property
    def conversation(self) -> int | None:
        """Id of the conversation that is open; None while it is not kept."""
        return self.session.id if self.session else None

    @property
    def answering(self) -> bool:
        """Whether a question is on its way."""
        return self.run is not None and self.run.running


class Visitors:
    """All visitors of one page, by tab; ``came`` is set when somebody has come."""

    def __init__(self) -> None:
        self.came = threading.Event()
        self._lock = threading.Lock()
        self._tabs: dict[str, str] = {}
        self._visitors: dict[str, Visitor] = {}

    def greet(self, session: str, tab: str, language: str) -> Visitor:
        """The visitor of a tab that was opened or loaded again; ``session`` is what Gradio calls the loaded page."""
        with self._lock:
            tab = tab if _TAB.fullmatch(tab) else ""
            key = self._tabs[session] = tab or session
            visitor = self._visitors.setdefault(key, Visitor(tab=tab))
            visitor.language, visitor.greeted = language, False
            self._forget_oldest()
            self.came.set()
        with visitor.turn:  # what is being shown to the page of before must not count as shown
            visitor.tabs.clear()
            visitor.seen.clear()
        return visitor

    def of(self, session: str) -> Visitor:
        """The visitor of a loaded page."""
        with self._lock:
            visitor = self._visitors.setdefault(self._tabs.get(session, session), Visitor())
            visitor.last = time.monotonic()
            return visitor

    def by_tab(self, tab: str) -> Visitor | None:
        """The visitor of a tab, None when it is not known."""
        with self._lock:
            return self._visitors.get(tab)

    def leave(self, session: str) -> None:
        """Forget a loaded page; its tab may come back."""
        with self._lock:
            self._tabs.pop(session, None)

    def stop_all(self) -> None:
        """Stop every answer that is under way."""
        with self._lock:
            for visitor in self._visitors.values():
                if visitor.run:
                    visitor.run.stop()
                if visitor.comparison:
                    visitor.comparison.stop()

    def _forget_oldest(self) -> None:
        if len(self._visitors) > MOST:
            idle = [(v.last, key) for key, v in self._visitors.items() if not v.answering]
            for _, key in sorted(idle)[: len(self._visitors) - MOST]:
                del self._visitors[key]
