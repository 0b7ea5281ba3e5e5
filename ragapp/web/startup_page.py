"""Answers at once while the page itself, whose libraries take seconds to load, is being made."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from contextlib import suppress
from html import escape
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from ragapp.web.api_errors import refusal_json
from ragapp.words.messages import in_language
from ragapp.words.texts import choose_language, languages, tr

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import Receive, Scope, Send

_READY = "/ui/ready"
# so long the browser's question whether the page is there is held open
_HELD_S = 20.0
_STARTING = Template(Path(__file__).with_name("starting.html").read_text(encoding="utf-8"))
_STARTING_WORDS = "ragapp is starting. Ask again in a few seconds."
_FOR_PROGRAMS = re.compile(r"/(?:api|v1|mcp)(?:/|$)")


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

    @property
    def started(self) -> bool:
        """Whether the page is there."""
        return self._app is not None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on, or ask for patience."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif self._app is not None:
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, send)

    async def _answer(self, scope: Scope, send: Send) -> None:
        path = scope["path"]
        if path == _READY:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._settled.wait(), _HELD_S)
        status = 500 if self._problem else 200 if path in ("/", _READY) else 503
        wanted = next((value for name, value in scope.get("headers", ()) if name == b"accept-language"), b"").decode(
            "latin-1"
        )
        language = choose_language(wanted)
        kind, body = b"text/plain; charset=utf-8", tr(language, "start.failed")
        if _FOR_PROGRAMS.match(path):
            told = body if self._problem else in_language(_STARTING_WORDS, language)
            kind, body = b"application/json", json.dumps(refusal_json(path, status, told))
        elif not self._problem:
            # the browser knows whether another language was chosen
            texts = " ".join(f'data-{code}="{escape(tr(code, "start.starting"))}"' for code in languages())
            values = {"language": language, "texts": texts, "told": escape(tr(language, "start.starting"))}
            kind, body = b"text/html; charset=utf-8", _STARTING.substitute(values, ready=_READY)
        headers = [(b"content-type", kind), (b"cache-control", b"no-store"), (b"retry-after", b"1")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body.encode()})

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
