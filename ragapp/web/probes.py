"""What watches a server asks of it: ``/health``, ``/ready`` and ``/metrics``; none tells anything of the documents.

They are answered from the first moment on, while the page itself is still being made.
"""

from __future__ import annotations

import asyncio
import json
import math
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ragapp.disk_usage import file_size, tree_size
from ragapp.errors import RagappError
from ragapp.index.store import CATALOG_NAME, CHROMA_NAME
from ragapp.web.openai_errors import STOPPING_RETRY_S

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from ragapp.app import App
    from ragapp.llm.interface import LanguageModel
    from ragapp.web.app_state import AppState

HEALTH, READY, METRICS = "/health", "/ready", "/metrics"
#: why questions cannot be answered now
Reason = Literal[
    "starting",
    "stopping",
    "model_missing",
    "model_unusable",
    "model_server_away",
    "store_unusable",
    "documents_of_another_embedder",
]
# what was found holds so long, so that probes cost a model server next to nothing
_KEPT_S = 5.0
# folders are measured again after so long
_MEASURED_S = 60.0
_RETRY_S = 5


class Probes:
    """ASGI middleware that answers the probes and hands on the rest; it stands behind
    :class:`ragapp.web.security.Security`, which says who may see them.

    Args:
        app: the page.
        state: what all tabs share.
        started: whether the page is there.
    """

    def __init__(self, app: ASGIApp, state: AppState, started: Callable[[], bool]):
        self._app, self._state, self._started = app, state, started
        self._found: tuple[float, tuple[Reason, ...]] = (-math.inf, ())
        self._looking = threading.Lock()
        self._sizes: tuple[float, int] = (-math.inf, 0)
        _add_gauges(state, self._vector_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a probe, or hand on."""
        path = scope.get("path") if scope["type"] == "http" else None
        if path == HEALTH:
            await _send(scope, send, 200, b'{"status": "ok"}')
        elif path == READY:
            reasons = await asyncio.to_thread(self.reasons)
            body = json.dumps({"ready": not reasons, "reasons": reasons}).encode()
            wait = STOPPING_RETRY_S if "stopping" in reasons else _RETRY_S
            headers = [(b"retry-after", str(wait).encode())] if reasons else []
            await _send(scope, send, 503 if reasons else 200, body, headers=headers)
        elif path == METRICS:
            text, kind = await asyncio.to_thread(self._state.metrics.text)
            await _send(scope, send, 200, text, kind.encode())
        else:
            await self._app(scope, receive, send)

    def reasons(self) -> tuple[Reason, ...]:
        """Why questions cannot be answered now; nothing where they can. An empty store is ready to be filled."""
        if self._state.app.questions.ending:
            return ("stopping",)
        if not self._started():
            return ("starting",)
        with self._looking:
            if time.monotonic() - self._found[0] > _KEPT_S:
                reasons = _reasons(self._state)
                self._found = time.monotonic(), reasons
            return self._found[1]

    def _vector_bytes(self) -> float:
        if time.monotonic() - self._sizes[0] > _MEASURED_S:
            folder = self._state.app.settings.paths.data / CHROMA_NAME
            self._sizes = time.monotonic(), tree_size(folder)
        return self._sizes[1]


def _reasons(state: AppState) -> tuple[Reason, ...]:
    app, found = state.app, list[Reason]()
    readiness = state.readiness()
    if readiness.missing:
        found.append("model_missing")
    else:
        found += _of_model(app)
    if readiness.rebuild:
        found.append("documents_of_another_embedder")
    try:
        app.catalog.document_count()
    except RagappError:
        found.append("store_unusable")
    return tuple(found)


def _of_model(app: App) -> list[Reason]:
    from ragapp.llm.remote import OpenAIModel

    try:
        app.check_llm()
    except RagappError:
        return ["model_unusable"]
    model = _model(app)
    return ["model_server_away"] if isinstance(model, OpenAIModel) and not model.reachable() else []


def _add_gauges(state: AppState, vector_bytes: Callable[[], float]) -> None:
    app, gauge = state.app, state.metrics.gauge
    queue, catalog = app.questions, app.settings.paths.data / CATALOG_NAME
    gauge("ragapp_questions_running", "Questions that are being answered.", lambda: queue.callers - queue.waiting)
    gauge("ragapp_questions_waiting", "Questions that wait for others.", lambda: queue.waiting)
    gauge("ragapp_question_places", "Questions that can be answered at a time.", lambda: queue.places)
    waiting = app.settings.server.waiting
    gauge("ragapp_program_places", "Questions of programs that may run or wait at a time.", lambda: waiting)
    gauge("ragapp_documents", "Documents in the store.", lambda: _known(lambda: app.catalog.document_count()))
    gauge("ragapp_chunks", "Passages in the store.", lambda: _known(lambda: app.catalog.chunk_count()))
    gauge("ragapp_catalog_bytes", "The catalog on disk, its log included.", lambda: _catalog_bytes(catalog))
    gauge("ragapp_vector_store_bytes", "Chroma's files on this disk; 0 where a server keeps them.", vector_bytes)
    gauge("ragapp_files_waiting", "Files that wait to be ingested.", lambda: state.job.state.waiting)
    gauge("ragapp_ingesting", "1 while files are being ingested.", lambda: state.job.state.running)
    gauge("ragapp_model_loaded", "1 while the language model is ready to answer at once.", lambda: _loaded(app))


def _known(count: Callable[[], int]) -> float:
    with suppress(RagappError):
        return count()
    return math.nan


def _model(app: App) -> LanguageModel | None:
    """The language model in use, None before anybody needed it."""
    model: LanguageModel | None = app.__dict__.get("_engine")
    return model


def _loaded(app: App) -> bool:
    model = _model(app)
    return bool(model and model.loaded)


def _catalog_bytes(catalog: Path) -> int:
    return sum(file_size(catalog.with_name(catalog.name + end)) for end in ("", "-wal"))


async def _send(
    scope: Scope,
    send: Send,
    status: int,
    body: bytes,
    kind: bytes = b"application/json",
    headers: list[tuple[bytes, bytes]] | None = None,
) -> None:
    allowed = scope["method"] in ("GET", "HEAD")
    status, body = (status, body) if allowed else (405, b"")
    told = [(b"content-type", kind), (b"content-length", str(len(body)).encode()), *(headers or [])]
    told += [] if allowed else [(b"allow", b"GET, HEAD")]
    await send({"type": "http.response.start", "status": status, "headers": told})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
