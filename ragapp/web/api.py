"""The API: the same answers for programs, below ``/api``."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from starlette.concurrency import run_in_threadpool

from ragapp.answer.result import Answer, hit_json
from ragapp.errors import StoreError, UsageError
from ragapp.web.api_answers import Answered, Documents, Ingested, IngestState, Removed, Searched, answers
from ragapp.web.api_shapes import Ingest, Question, Remove, Search
from ragapp.web.desk import Desk

# a disconnected client is noticed so often
_POLL_S = 0.1


def make_api(desk: Desk) -> APIRouter:
    """The routes below ``/api``, for those whom :class:`ragapp.web.security.Security` has let in by their token.

    Args:
        desk: the parts that they work with.
    """
    router = APIRouter(prefix="/api")

    @router.post("/ask", **answers(Answered))
    async def ask(body: Question, request: Request) -> dict[str, Any]:
        return await answered(desk, request, body.question, within=body.within, caution=body.caution)

    @router.post("/search", **answers(Searched))
    def search(body: Search) -> dict[str, Any]:
        retriever = desk.app.retriever
        started = time.monotonic()
        found = retriever.search(body.query, body.k, body.within)
        hits = [hit_json(passage) for passage in found.passages]
        seconds = round(time.monotonic() - started, 3)
        return {"query": body.query, "hits": hits, "seconds": seconds, "stages": found.seconds}

    @router.get("/documents", **answers(Documents))
    def documents() -> dict[str, Any]:
        catalog = desk.app.library.catalog
        unread = catalog.unread()
        return {
            "documents": [row.as_json() for row in catalog.documents()],
            "failures": [file.as_json() for file in unread if file.status == "failed"],
            "skipped": [file.as_json() for file in unread if file.status == "skipped"],
        }

    @router.post("/documents/remove", **answers(Removed))
    def remove(body: Remove) -> dict[str, Any]:
        catalog = desk.app.library.catalog
        rows = [catalog.document(document_id) for document_id in body.ids]
        for document_id, row in zip(body.ids, rows, strict=True):
            if row is None:
                raise StoreError(f"There is no document {document_id}.", "See: ragapp documents list")
        desk.job.remove(body.ids)
        return {"removed": [row.as_json() for row in rows if row]}

    @router.post("/ingest", **answers(Ingested))
    def ingest(body: Ingest) -> dict[str, Any]:
        paths = [_absolute(path) for path in body.paths] or [desk.app.drop_folder()]
        report = desk.job.run(paths, force=body.force, prune=body.prune, ocr=body.ocr).result()
        files = [asdict(file) for file in report.files]
        return {"files": files, "totals": report.totals, "warnings": report.warnings}

    @router.get("/ingest", **answers(IngestState))
    def ingest_status() -> dict[str, Any]:
        state = desk.job.state
        return {
            "phase": state.phase,
            "told": state.told,
            "counts": state.counts,
            "progress": asdict(state.progress) if state.progress else None,
            "files": [{"path": file.path, "status": file.status, "text": file.text} for file in state.files],
        }

    @router.get("/openapi.json", include_in_schema=False)
    def document(request: Request) -> dict[str, Any]:
        return request.app.openapi()

    add_nothing_else(router)
    return router


def add_nothing_else(router: APIRouter) -> None:
    """Say of every other address below a router that there is nothing; else the page would be asked for it.

    Args:
        router: with all its routes.
    """
    methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

    @router.api_route("", methods=methods, include_in_schema=False)
    @router.api_route("/{rest:path}", methods=methods, include_in_schema=False)
    def nothing(request: Request) -> None:
        raise HTTPException(404, f"There is nothing to {request.method} here.")


def _absolute(path: str) -> Path:
    """A path of the asker, who may stand in another folder than the page.

    Raises:
        UsageError: it is relative, or no path.
    """
    given = Path(path)
    if not given.is_absolute() or "\0" in path:
        raise UsageError(f"{path!r} is no absolute path.", "The page does not know in which folder you are.")
    return given


async def answered(desk: Desk, request: Request, question: str, **restricted: Any) -> dict[str, Any]:
    """An answer in the shape of ``ragapp ask --json``; when the client hangs up, the work ends.

    Args:
        desk: has the assistant.
        request: of the client.
        question: in any language.
        restricted: to which documents, and by which caution; see :meth:`ragapp.answer.assistant.Assistant.ask`.
    """
    hung_up = [False]
    events = desk.app.assistant.ask

    def work() -> dict[str, Any]:
        for event in events(question, **restricted, cancelled=lambda: hung_up[0]):
            if isinstance(event, Answer):
                desk.models.note_answer(event.as_json())
                return event.as_json()
        raise AssertionError("ask() ends with an Answer")

    return await while_connected(request, lambda: run_in_threadpool(work), hung_up)


async def while_connected(request: Request, work: Callable[[], Awaitable], hung_up: list[bool]) -> Any:
    """Await some work and note in ``hung_up`` when the client has gone meanwhile."""
    task = asyncio.ensure_future(work())
    while not task.done():
        await asyncio.wait({task}, timeout=_POLL_S)
        if not task.done() and await request.is_disconnected():
            hung_up[0] = True
    return task.result()
