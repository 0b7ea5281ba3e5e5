"""The API for programs, below ``/api``: it gives the records of :mod:`ragapp.contract`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import StreamingResponse
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from ragapp.answer.assistant import answer_of
from ragapp.compare.explain import explained
from ragapp.contract import (
    Answer,
    Comparison,
    DocumentList,
    Event,
    Explained,
    IngestReport,
    IngestState,
    Removal,
    SearchResult,
    Stage,
)
from ragapp.contract.codec import to_values
from ragapp.errors import RagappError, StoreError, UsageError
from ragapp.llm.fair_lock import Ticket
from ragapp.web.api_errors import problem_json
from ragapp.web.api_shapes import REFUSED, Compare, Ingest, Question, Remove, Search, Summarize
from ragapp.web.streaming import events_or_silence, in_queue, on_own_thread

if TYPE_CHECKING:
    from ragapp.web.app_state import AppState

T = TypeVar("T")
# a disconnected client is noticed so often
_POLL_S = 0.1


def make_api(state: AppState) -> APIRouter:
    """The routes below ``/api``, for those whom :class:`ragapp.web.security.Security` has let in by their token."""
    router = APIRouter(prefix="/api", responses=REFUSED)

    stream: dict[str, Any] = {"content": {"text/event-stream": {"schema": {"type": "string"}}}}

    @router.post("/ask", response_model=Answer, responses={**REFUSED, 200: stream})
    async def ask(body: Question, request: Request) -> Any:
        """The answer to a question, as `ragapp ask --json` prints it; with `stream` all that goes on before it, too."""
        hung_up = [False]

        def begin(ticket: Ticket) -> Iterator[Event]:
            if body.turns and body.conversation is not None:
                raise UsageError("A question has either turns or a conversation.", "Leave one of them out.")
            answering: Callable[..., Iterator[Event]]
            if body.conversation is None:
                answering = partial(state.app.assistant.ask, turns=[turn.as_turn() for turn in body.turns])
            else:
                answering = state.app.chat(body.conversation if isinstance(body.conversation, int) else None).ask
            options: dict[str, Any] = {"scope": body.scope, "caution": body.caution, "ticket": ticket}
            return answering(body.question, cancelled=lambda: hung_up[0], **options)

        place = state.places.take()
        try:
            events = place.until_end(await in_queue(state, "api", begin))
        except BaseException:
            place.give_back()
            raise
        if body.stream:
            return StreamingResponse(_stream(state, events, hung_up), media_type="text/event-stream")
        answer = await while_connected(request, lambda: on_own_thread(lambda: answer_of(events)), hung_up)
        state.models.note_answer(answer)
        return answer

    @router.post("/summarize", response_model=Answer, responses={**REFUSED, 200: stream})
    async def summarize(body: Summarize, request: Request) -> Any:
        """A summary of one document; with `stream` how far it is, too."""
        hung_up = [False]

        def summarized() -> Iterator[Event]:  # begun on another thread: its parts may have to be loaded
            yield from state.app.summarizer.summarize(body.document, cancelled=lambda: hung_up[0])

        events = state.places.take().until_end(summarized())
        if body.stream:
            return StreamingResponse(_stream(state, events, hung_up), media_type="text/event-stream")
        return await while_connected(request, lambda: on_own_thread(lambda: answer_of(events)), hung_up)

    @router.post("/search")
    def search(body: Search) -> SearchResult:
        """The passages that fit a query best, the best first."""
        return state.app.search(body.query, body.k, body.scope)

    @router.post("/compare", response_model=Comparison, responses={**REFUSED, 200: stream})
    async def compare(body: Compare, request: Request) -> Any:
        """What changed from one document to another, with the words of both.

        With `explain` the language model says the most important changes in plain words, as far as the quotes state
        them; with `stream` how far it is is told, too. Both stop when the client hangs up.
        """
        hung_up = [False]

        def events() -> Iterator[Stage | Explained | Comparison]:
            found = state.app.compare(body.before, body.after, about=body.about)
            if body.explain:
                yield from state.app.explainer.explain(found, cancelled=lambda: hung_up[0])
            else:
                yield found

        told = state.places.take().until_end(events()) if body.explain else events()
        if body.stream:
            return StreamingResponse(_stream(state, told, hung_up), media_type="text/event-stream")
        return await while_connected(request, lambda: on_own_thread(lambda: explained(told)), hung_up)

    @router.get("/documents")
    def documents() -> DocumentList:
        """What is indexed, and the files that could not be read."""
        return state.app.documents()

    @router.post("/documents/remove")
    def remove(body: Remove) -> Removal:
        """Remove documents from the store; their files stay."""
        return remove_documents(state, body.ids, purge=body.purge)

    @router.post("/ingest", response_model=IngestReport, responses={**REFUSED, 200: stream})
    async def ingest(body: Ingest) -> Any:
        """Ingest files and folders; the answer comes when that is done.

        With `stream` it is told how far it is, too, and it stops when the client hangs up.
        """
        paths = [_absolute(path) for path in body.paths] or [await run_in_threadpool(state.app.drop_folder)]
        options: dict[str, Any] = {"force": body.force, "prune": body.prune, "ocr": body.ocr}
        if body.stream:
            hung_up = [False]
            events = state.job.run_events(paths, cancelled=lambda: hung_up[0], **options)
            return StreamingResponse(_stream(state, events, hung_up), media_type="text/event-stream")
        # no thread of the pool waits for it: it may take hours, and questions need them
        return await asyncio.shield(asyncio.wrap_future(state.job.run(paths, **options)))

    @router.get("/ingest")
    def ingest_state() -> IngestState:
        """How far the ingestion is that is under way."""
        return state.job.state

    @router.get("/openapi.json", include_in_schema=False)
    def document(request: Request) -> dict[str, Any]:
        schema: dict[str, Any] = request.app.openapi()
        return schema

    add_nothing_else(router)
    return router


def remove_documents(state: AppState, ids: Sequence[int], *, purge: bool = False) -> Removal:
    """Remove documents by id; with ``purge`` no trace of them is left, nor of what was removed before.

    Raises StoreError: a document is not there; then none is removed.
    """
    catalog = state.app.store.catalog
    rows = [catalog.document(document_id) for document_id in ids]
    for document_id, row in zip(ids, rows, strict=True):
        if row is None:
            raise StoreError(f"There is no document {document_id}.", "See: ragapp documents list")
    state.job.remove(ids)
    forgotten = state.job.purge() if purge else 0
    removed = tuple(row.described() for row in rows if row)
    return Removal(removed, purge, forgotten, tuple(row.path for row in removed if Path(row.path).exists()))


async def _stream(state: AppState, events: Iterator[Any], hung_up: list[bool]) -> AsyncIterator[str]:
    """Server-sent events, one for each record, called as its class is; a problem ends them."""
    try:
        async with aclosing(events_or_silence(events, hung_up)) as told:
            async for event in told:
                if isinstance(event, Answer):
                    state.models.note_answer(event)
                yield sent_event(type(event).__name__.lower(), to_values(event)) if event else ": \n\n"
    except RagappError as error:
        yield sent_event("error", problem_json(error))


def sent_event(name: str, values: Any) -> str:
    """A server-sent event with JSON, which no text can break: half a surrogate pair is escaped as well."""
    return f"event: {name}\ndata: {json.dumps(values)}\n\n"


def add_nothing_else(router: APIRouter) -> None:
    """Say of every other address below a router that there is nothing, and how an address is asked that is asked in
    another way; else the page would be asked for it."""
    routes = [route for route in router.routes if isinstance(route, APIRoute)]
    methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]

    @router.api_route("", methods=methods, include_in_schema=False)
    @router.api_route("/{rest:path}", methods=methods, include_in_schema=False)
    def nothing(request: Request) -> Response:
        path = request.url.path
        allowed = sorted({method for route in routes if route.path_regex.match(path) for method in route.methods or ()})
        if not allowed:
            raise HTTPException(404, f"There is nothing to {request.method} at {path}.")
        headers = {"allow": ", ".join([*allowed, *(["HEAD"] if "GET" in allowed else []), "OPTIONS"])}
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=headers)
        raise HTTPException(
            405, f"{path} is not asked by {request.method}, but by {headers['allow']}.", headers=headers
        )


def _absolute(path: str) -> Path:
    """A path of the asker, who may stand in another folder than the page.

    Raises UsageError: it is relative, or no path.
    """
    given = Path(path)
    if not given.is_absolute() or "\0" in path:
        raise UsageError(f"{path!r} is not an absolute path.", "The page does not know in which folder you are.")
    return given


async def while_connected(request: Request, work: Callable[[], Awaitable[T]], hung_up: list[bool]) -> T:
    """Await some work and note in ``hung_up`` when the client has gone meanwhile, so that the work ends."""
    task = asyncio.ensure_future(work())
    while not task.done():
        await asyncio.wait({task}, timeout=_POLL_S)
        if not task.done() and await request.is_disconnected():
            hung_up[0] = True
    return task.result()
