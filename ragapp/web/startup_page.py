"""Answers at once while the page itself, whose libraries take seconds to load, is being made."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import Receive, Scope, Send

_READY = "/ui/ready"
# so long the browser's question whether the page is there is held open
_HELD_S = 20.0
_STARTING = Template(Path(__file__).with_name("starting.html").read_text(encoding="utf-8"))
_FAILED = b"ragapp could not start; the terminal says why."


class StartupPage:
    """An ASGI application that stands in for another one until ``build`` has made that, on a thread.

    ``ready`` is told when it is there, ``failed`` when it cannot be made.
    """

    def __init__(
        self,
        build: Callable[[], FastAPI],
        ready: Callable[[], None] = lambda: None,
        failed: Callable[[Exception], None] = lambda error: None,
    ):
        self._build = build
        self._ready = ready
        self._failed = failed
        self._app: FastAPI | None = None
        self._problem = False
        self._settled = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on, or ask for patience."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif self._app is not None:
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._answer(scope["path"], send)

    async def _answer(self, path: str, send: Send) -> None:
        if path == _READY:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._settled.wait(), _HELD_S)
        status = 500 if self._problem else 200 if path in ("/", _READY) else 503
        starting = _STARTING.substitute(ready=_READY).encode()
        kind, body = (b"text/plain", _FAILED) if self._problem else (b"text/html; charset=utf-8", starting)
        headers = [(b"content-type", kind), (b"cache-control", b"no-store"), (b"retry-after", b"1")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _live(self, receive: Receive, send: Send) -> None:
        closing = asyncio.Event()
        await receive()
        opening = asyncio.create_task(self._open(closing))
        await send({"type": "lifespan.startup.complete"})
        await receive()
        closing.set()
        await opening
        await send({"type": "lifespan.shutdown.complete"})

    async def _open(self, closing: asyncio.Event) -> None:
        try:
            app = await asyncio.to_thread(self._build)
        except Exception as error:
            self._problem = True
            self._settled.set()
            self._failed(error)
            return
        async with app.router.lifespan_context(app):
            self._app = app
            self._settled.set()
            self._ready()
            await closing.wait()
            self._app = None
