"""Talking to the running page from another process: the store and the warm model are its own.

Only the standard library is used until it answers, so that a command that finds no page has lost no time.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from ragapp.contract import (
    Answer,
    Caution,
    Comparison,
    Event,
    Explained,
    IngestProgress,
    IngestReport,
    Proved,
    Removal,
    SearchResult,
    Stage,
    Thought,
    Turn,
    Understood,
)
from ragapp.errors import CancelledError, RagappError, StoreError
from ragapp.plain_words import reason_of
from ragapp.web.server_file import RunningServer, read_server_file

if TYPE_CHECKING:
    from ragapp.index.conversations import Conversations

T = TypeVar("T")
# what a page streams, by the name of its event
_KINDS: tuple[type[Any], ...] = (
    *(Understood, Stage, Thought, Proved, Answer),
    *(IngestProgress, IngestReport, Explained, Comparison),
)
_EVENTS = {kind.__name__.lower(): kind for kind in _KINDS}
_HELLO_S = 2.0
# an answer may take minutes on a slow machine, ingesting a folder hours
_WORK_S = 24 * 3600.0
# whether the person has stopped it is asked so often, in seconds
_POLL_S = 0.1


class ServerError(RagappError):
    """The running page said why it could not."""


class PageClient:
    """The API of a running page; every call gives what the same call of :class:`ragapp.app.App` gives.

    Raises ServerError: what the page said; StoreError: it has gone meanwhile.
    """

    def __init__(self, server: RunningServer):
        self.server = server

    def ask(
        self, question: str, *, scope: str = "", caution: Caution | None = None, conversation: int | str | None = None
    ) -> Answer:
        """The answer to a question, in a kept conversation where one is named; ``new`` begins one."""
        body = {"question": question, "in": scope, "caution": caution, "conversation": conversation}
        return self._record(Answer, "ask", body)

    def events(
        self,
        question: str,
        *,
        scope: str = "",
        caution: Caution | None = None,
        conversation: int | str | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Iterator[Event]:
        """What goes on while a question is answered, as it goes on, the answer at last; closing it stops the work.

        Raises CancelledError: ``cancelled``, which is asked often, said so; the page stops, too.
        """
        body = {"question": question, "in": scope, "caution": caution, "conversation": conversation, "stream": True}
        begun = False
        for event in self._streamed("ask", body, Answer, cancelled):
            if isinstance(event, Answer) and not begun:  # of a page that does not stream
                yield Understood(event.standalone, turns_dropped=event.turns_dropped)
            begun = True
            yield event

    def summarize(self, document: str) -> Answer:
        """A summary of one document, by its name or a pattern."""
        return self._record(Answer, "summarize", {"document": document})

    def summary_events(self, document: str, *, cancelled: Callable[[], bool] | None = None) -> Iterator[Event]:
        """What goes on while a document is summarised, and the summary at last; closing it stops the work.

        Raises CancelledError: ``cancelled``, which is asked often, said so; the page stops, too.
        """
        return self._streamed("summarize", {"document": document, "stream": True}, Answer, cancelled)

    def search(self, query: str, k: int = 5, scope: str = "") -> SearchResult:
        """The ``k`` best passages for a query."""
        return self._record(SearchResult, "search", {"query": query, "k": k, "in": scope})

    def compare(self, before: int, after: int, *, about: str = "") -> Comparison:
        """What changed from one document to another, by their ids."""
        return self._record(Comparison, "compare", {"before": before, "after": after, "about": about})

    def explain_events(
        self, before: int, after: int, *, about: str = "", cancelled: Callable[[], bool] | None = None
    ) -> Iterator[Stage | Explained | Comparison]:
        """What goes on while changes are put into words, and the comparison at last; closing it stops the work.

        Raises CancelledError: ``cancelled``, which is asked often, said so; the page stops, too.
        """
        body = {"before": before, "after": after, "about": about, "explain": True, "stream": True}
        return self._streamed("compare", body, Comparison, cancelled)

    def ingest(self, *paths: Path, force: bool, prune: bool, ocr: str | None) -> IngestReport:
        """Add files and folders to the store."""
        asked = [str(path.expanduser().absolute()) for path in paths]
        return self._record(IngestReport, "ingest", {"paths": asked, "force": force, "prune": prune, "ocr": ocr})

    def ingest_events(
        self, *paths: Path, cancelled: Callable[[], bool] | None = None
    ) -> Iterator[IngestProgress | IngestReport]:
        """How far the ingestion of files and folders is, and the report at last; closing it stops the work.

        Raises CancelledError: ``cancelled``, which is asked often, said so; the page stops, too.
        """
        asked = [str(path.expanduser().absolute()) for path in paths]
        return self._streamed("ingest", {"paths": asked, "stream": True}, IngestReport, cancelled)

    def remove(self, ids: Sequence[int], *, purge: bool = False) -> Removal:
        """Remove documents from the store; ``purge`` leaves no trace of what was removed."""
        return self._record(Removal, "documents/remove", {"ids": list(ids), "purge": purge})

    def get(self, path: str, timeout_s: float = _WORK_S) -> Any:
        """The JSON that a GET below ``/api`` gives."""
        with self._open("GET", path, None, timeout_s) as reply:
            return json.load(reply)

    def post(self, path: str, values: dict[str, Any]) -> Any:
        """The JSON that a POST below ``/api`` gives."""
        with self._open("POST", path, values, _WORK_S) as reply:
            return json.load(reply)

    def _streamed(
        self, path: str, values: dict[str, Any], last: type[Any], cancelled: Callable[[], bool] | None
    ) -> Iterator[Any]:
        """The records of a stream, until that of the last kind has come."""
        with self._open("POST", path, values, _WORK_S, cancelled) as reply:
            if reply.headers.get_content_type() != "text/event-stream":  # of a page that does not stream
                yield self._read(last, json.load(reply))
                return
            name = ""
            for line in reply:
                key, _, value = line.decode("utf-8").rstrip("\n").partition(": ")
                if key == "event":
                    name = value
                elif key == "data" and name == "error":
                    raise _told(json.loads(value))
                elif key == "data" and name in _EVENTS:
                    yield self._read(_EVENTS[name], json.loads(value))
                    if _EVENTS[name] is last:
                        return
            raise OSError("it ended before the answer came")

    def _record(self, kind: type[T], path: str, values: dict[str, Any]) -> T:
        return self._read(kind, self.post(path, values))

    def _read(self, kind: type[T], values: Any) -> T:
        from ragapp.contract.codec import from_values

        try:
            return from_values(kind, values)
        except ValueError:
            told = f"The page at {self.server.url} is of another version of ragapp."
            raise StoreError(told, "Stop it and start it again.") from None

    @contextmanager
    def _open(
        self,
        method: str,
        path: str,
        values: dict[str, Any] | None,
        timeout_s: float,
        cancelled: Callable[[], bool] | None = None,
    ) -> Iterator[HTTPResponse]:
        """What the page answers, to be read meanwhile."""
        headers = {"Authorization": f"Bearer {self.server.token}", "Content-Type": "application/json"}
        body = None if values is None else json.dumps(values).encode()
        # the page is on this machine: no proxy of the environment is asked
        connection = HTTPConnection(urlsplit(self.server.url).netloc, timeout=timeout_s)
        try:
            connection.connect()
            with _cut_when(cancelled, connection.sock):
                connection.request(method, f"/api/{path}", body, headers)
                reply = connection.getresponse()
                if reply.status != 200:
                    raise _told(json.load(reply), reply.status)
                yield reply
        except (OSError, HTTPException, ValueError) as error:
            if cancelled and cancelled():
                raise CancelledError("Stopped.") from None
            told = f"The page at {self.server.url} does not answer: {reason_of(error)}."
            raise StoreError(told, "Try again; where it was stopped: ragapp ui") from None
        finally:
            connection.close()


@contextmanager
def _cut_when(cancelled: Callable[[], bool] | None, connection: socket.socket) -> Iterator[None]:
    """Cut a connection, at which another thread waits, as soon as the person stops it; the page notices that."""
    done = threading.Event()

    def watch(cancelled: Callable[[], bool]) -> None:
        while not done.wait(_POLL_S):
            if cancelled():
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
                return

    if cancelled:
        threading.Thread(target=watch, args=(cancelled,), name="ragapp-stop", daemon=True).start()
    try:
        yield
    finally:
        done.set()


class PageChat:
    """A kept conversation whose questions the running page answers; used as :class:`ragapp.answer.ChatSession`.

    Raises StoreError: there is no such conversation.
    """

    def __init__(self, page: PageClient, conversations: Conversations, conversation_id: int | None = None):
        self._page = page
        self._conversations = conversations
        self.id = conversation_id
        self.turns: list[Turn] = [] if conversation_id is None else [*conversations.turns(conversation_id)]

    def ask(
        self,
        question: str,
        *,
        scope: str = "",
        caution: Caution | None = None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Iterator[Event]:
        """Have a question answered and kept, unless it was stopped.

        Raises:
            RagappError: what the page said, or that it has gone; CancelledError: it was stopped.
        """
        kept: int | str = "new" if self.id is None else self.id
        for event in self._page.events(question, scope=scope, caution=caution, conversation=kept, cancelled=cancelled):
            if isinstance(event, Answer) and event.conversation is not None:
                self.id = event.conversation
                self.turns = [*self._conversations.turns(self.id)]
            yield event


def running_page(data: Path) -> PageClient | None:
    """The page that runs on the store in ``data``; None where there is none."""
    server = read_server_file(data)
    if server is None:
        return None
    client = PageClient(server)
    try:
        client.get("ingest", _HELLO_S)
    except RagappError:  # a page that was killed leaves its file behind
        return None
    return client


def _told(values: Any, status: int = 200) -> RagappError:
    """Why the page did not do what was asked, by the body that it answered with."""
    try:
        told = ServerError(values["error"]["message"], values["error"]["hint"])
        told.exit_code = int(values.get("exit_code", 1))
        return told
    except (ValueError, KeyError, TypeError, AttributeError):
        return ServerError(f"The running page answered {status}.", "Stop it and try again.")
