"""A client of the official library for tests that are not asynchronous, and a library that does as it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from anyio.from_thread import start_blocking_portal
from mcp import Client
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError

from ragapp.contract import (
    Answer,
    Citation,
    Filters,
    IngestProgress,
    IngestReport,
    Passage,
    Removal,
    SearchResult,
    Sentence,
    Stage,
    TableRow,
)
from ragapp.mcp.server import make_server
from ragapp.web.places import Places


class Talk:
    """A connected client, called from the test's own thread."""

    def __init__(self, portal: Any, client: Client):
        self.portal, self.client = portal, client
        self.progress: list[tuple[float, float | None, str | None]] = []

    def call(self, tool: str, **arguments: Any) -> Any:
        """What a tool gives; progress is collected."""
        self.progress = []

        async def heard(progress: float, total: float | None, message: str | None) -> None:
            self.progress.append((progress, total, message))

        async def ask() -> Any:
            return await self.client.call_tool(tool, arguments, progress_callback=heard)

        return self.portal.call(ask)

    def values(self, tool: str, **arguments: Any) -> Any:
        """The structured content of a tool that did it."""
        result = self.call(tool, **arguments)
        assert not result.is_error, text_of(result)
        return result.structured_content

    def refusal(self, tool: str, **arguments: Any) -> str:
        """Why a tool did not do it."""
        result = self.call(tool, **arguments)
        assert result.is_error, text_of(result)
        return text_of(result)

    def do(self, method: str, *arguments: Any, **named: Any) -> Any:
        """Any method of the client."""

        async def work() -> Any:
            return await getattr(self.client, method)(*arguments, **named)

        return self.portal.call(work)

    def error(self, method: str, *arguments: Any) -> MCPError:
        """The protocol's error that a method ends with."""
        try:
            self.do(method, *arguments)
        except MCPError as error:
            return error
        raise AssertionError(f"{method} did not fail")


def text_of(result: Any) -> str:
    """The text of a tool's result."""
    return "\n".join(block.text for block in result.content if block.type == "text")


@contextmanager
def talking(server: Any, mode: str = "auto") -> Iterator[Talk]:
    """A client that talks to a server in this process, to a program that it starts, or to a transport."""
    client = Client(server, mode=mode)
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(client):
        yield Talk(portal, client)


def server_of(library: Any, *, write: bool = False) -> Server[Any]:
    return make_server(library, write=write)


PLACE = ("policy.pdf", "/docs/policy.pdf", 3)
PASSAGE = Passage(*PLACE, n=1, text="The limit for London is £180 a night.", score=0.8)
ANSWER = Answer(
    "What is the limit?",
    "The limit is £180 [1].",
    False,
    0.9,
    sentences=(Sentence("The limit is £180 [1].", True, (1,), ("The limit for London is £180",)),),
    citations=(Citation(*PLACE, n=1, quote="The limit for London is £180", start=0, end=28),),
    passages=(PASSAGE,),
    model="a-model",
    timings={"total_s": 1.5},
)
FIGURE = Answer(
    "How many orders of 2024 are overdue?",
    "2 [1].",
    False,
    0.99,
    sentences=(Sentence("2 [1].", True, (1,), ("| 7 | Ada | Overdue |",)),),
    citations=(Citation("orders.xlsx", "/orders.xlsx", 1, n=1, quote="| 7 | Ada | Overdue |", start=40, end=61),),
    grade="likely",
    doubt="Of the table 100 rows are not kept.",
    query='SELECT COUNT(*) FROM "orders" WHERE "State" = \'Overdue\'',
    rows=tuple(
        TableRow(
            "orders.xlsx",
            "/orders.xlsx",
            1,
            "Orders",
            "sheet",
            where=f"Orders!A{line}:C{line}",
            columns=("No", "Who", "State"),
            cells=(str(line), who, "Overdue"),
        )
        for line, who in ((7, "Ada"), (9, "Bo | Co"))
    ),
    rows_found=1200,
    filters=Filters(("type:excel",), ("type:excel",)),
    note="Only the documents of excel were asked.",
)
REFUSAL = Answer("And Mars?", "The documents do not say.", True, 0.1, passages=(PASSAGE,), suggested_caution="low")


class Scripted:
    """A library whose answers are written beforehand, for the protocol's own cases; real ones are asked elsewhere."""

    def __init__(self, settings: Any, own: Any):
        self.settings, self.opened = settings, own.opened
        self.places = Places(settings.server.waiting)
        self.events: list[Any] = [Stage("searching"), Stage("reading", 3, number=1), ANSWER]
        self.held: threading.Event | None = None  # until it is set an answer is being made
        self.began, self.stopped = threading.Event(), threading.Event()
        self.asked: list[Any] = []

    def ask(self, question, scope, caution, cancelled):
        self.asked.append((question, scope, caution))
        return self._told(cancelled)

    def summarize(self, document, cancelled):
        self.asked.append(document)
        return self._told(cancelled)

    def _told(self, cancelled):
        self.began.set()
        while self.held and not self.held.wait(0.02):
            if cancelled():
                self.stopped.set()
                return
        for event in self.events:
            if isinstance(event, BaseException):
                raise event
            yield event

    def search(self, query, k, scope):
        self.asked.append((query, k, scope))
        return SearchResult(query, (PASSAGE,))

    def picture(self, path, page, width):
        return b"\xff\xd8 a picture"

    def ingest(self, paths, cancelled):
        self.asked.append(paths)
        for share in (0.25, 0.25, 1.0):
            yield IngestProgress(1, 2, units=7, share=share, stage="reading page 3 of 12")
        yield IngestReport()

    def remove(self, ids):
        self.asked.append(ids)
        return Removal(())


def as_json(model: Any) -> Any:
    """A model of the library as it is sent."""
    return json.loads(model.model_dump_json(by_alias=True, exclude_none=True))
