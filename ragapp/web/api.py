"""The API for programs, below ``/api``: it gives the records of :mod:`ragapp.contract`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from fastapi import APIRouter, HTTPException, Request
from starlette.concurrency import run_in_threadpool

from ragapp.answer.assistant import answer_of
from ragapp.contract import Answer, DocumentList, IngestReport, IngestState, Removal, SearchResult
from ragapp.errors import StoreError, UsageError
from ragapp.web.api_shapes import REFUSED, Ingest, Question, Remove, Search

if TYPE_CHECKING:
    from ragapp.web.app_state import AppState

T = TypeVar("T")
# a disconnected client is noticed so often
_POLL_S = 0.1


def make_api(state: AppState) -> APIRouter:
    """The routes below ``/api``, for those whom :class:`ragapp.web.security.Security` has let in by their token."""
    router = APIRouter(prefix="/api", responses=REFUSED)

    @router.post("/ask")
    async def ask(body: Question, request: Request) -> Answer:
        hung_up = [False]

        def work() -> Answer:
            if body.turns and body.conversation is not None:
                raise UsageError("A question has either turns or a conversation.", "Leave one of them out.")
            if body.conversation is None:
                ask = partial(state.app.assistant.ask, turns=[turn.as_turn() for turn in body.turns])
            else:
                ask = partial(state.app.chat(body.conversation if isinstance(body.conversation, int) else None).ask)
            events = ask(body.question, scope=body.scope, caution=body.caution, cancelled=lambda: hung_up[0])
            answer = answer_of(events)
            state.models.note_answer(answer)
            return answer

        return await while_connected(request, lambda: run_in_threadpool(work), hung_up)

    @router.post("/search")
    def search(body: Search) -> SearchResult:
        return state.app.search(body.query, body.k, body.scope)

    @router.get("/documents")
    def documents() -> DocumentList:
        return state.app.documents()

    @router.post("/documents/remove")
    def remove(body: Remove) -> Removal:
        catalog = state.app.store.catalog
        rows = [catalog.document(document_id) for document_id in body.ids]
        for document_id, row in zip(body.ids, rows, strict=True):
            if row is None:
                raise StoreError(f"There is no document {document_id}.", "See: ragapp documents list")
        state.job.remove(body.ids)
        removed = tuple(row.described() for row in rows if row)
        return Removal(removed, files_kept=tuple(row.path for row in removed if Path(row.path).exists()))

    @router.post("/ingest")
    def ingest(body: Ingest) -> IngestReport:
        paths = [_absolute(path) for path in body.paths] or [state.app.drop_folder()]
        report: IngestReport = state.job.run(paths, force=body.force, prune=body.prune, ocr=body.ocr).result()
        return report

    @router.get("/ingest")
    def ingest_state() -> IngestState:
        return state.job.state

    @router.get("/openapi.json", include_in_schema=False)
    def document(request: Request) -> dict[str, Any]:
        schema: dict[str, Any] = request.app.openapi()
        return schema

    add_nothing_else(router)
    return router


def add_nothing_else(router: APIRouter) -> None:
    """Say of every other address below a router that there is nothing; else the page would be asked for it."""
    methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

    @router.api_route("", methods=methods, include_in_schema=False)
    @router.api_route("/{rest:path}", methods=methods, include_in_schema=False)
    def nothing(request: Request) -> None:
        raise HTTPException(404, f"There is nothing to {request.method} here.")


def _absolute(path: str) -> Path:
    """A path of the asker, who may stand in another folder than the page.

    Raises UsageError: it is relative, or no path.
    """
    given = Path(path)
    if not given.is_absolute() or "\0" in path:
        raise UsageError(f"{path!r} is no absolute path.", "The page does not know in which folder you are.")
    return given


async def while_connected(request: Request, work: Callable[[], Awaitable[T]], hung_up: list[bool]) -> T:
    """Await some work and note in ``hung_up`` when the client has gone meanwhile, so that the work ends."""
    task = asyncio.ensure_future(work())
    while not task.done():
        await asyncio.wait({task}, timeout=_POLL_S)
        if not task.done() and await request.is_disconnected():
            hung_up[0] = True
    return task.result()
