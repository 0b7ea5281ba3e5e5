"""Answers at once while the page itself, whose libraries take seconds to load, is being made ready."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from ragapp.web.assets import preloads

_READY = "/ui/ready"
# so long a browser's question whether the page is there waits for the answer
_HELD_S = 20.0
_STARTING = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>ragapp</title>
<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">
<noscript><meta http-equiv="refresh" content="1"></noscript><style>
:root {{ color-scheme: light dark }}
body {{ font: 1.05rem system-ui, sans-serif; display: grid; place-items: center; min-height: 90vh }}
</style>{preloads}</head><body><p>ragapp is starting … · ragapp démarre…</p>
<script>fetch("{ready}").finally(() => setTimeout(() => location.reload(), 50))</script></body></html>"""
_FAILED = b"ragapp could not start; the terminal says why."


class Doorway:
    """An ASGI application that stands in for another one until that is ready.

    Args:
        build: makes the other one, on a thread.
        ready: told when it is there.
        failed: told when it cannot be made.
    """

    def __init__(
        self,
        build: Callable[[], Any],
        ready: Callable[[], None] = lambda: None,
        failed: Callable[[Exception], None] = lambda error: None,
    ):
        self._build = build
        self._ready = ready
        self._failed = failed
        self._inner: Any = None
        self._problem = False
        self._settled = asyncio.Event()
        self._starting = _STARTING.format(ready=_READY, preloads=preloads().decode()).encode()

    async def __call__(self, scope: dict, receive: Callable, send: Callable) -> None:
        """Hand a request on, or ask for patience."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif self._inner is not None:
            await self._inner(scope, receive, send)
        elif scope["type"] == "http":
            await self._answer(scope["path"], send)

    async def _answer(self, path: str, send: Callable) -> None:
        if path == _READY:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._settled.wait(), _HELD_S)
        status = 500 if self._problem else 200 if path in ("/", _READY) else 503
        body = _FAILED if self._problem else self._starting
        kind = b"text/plain" if self._problem else b"text/html; charset=utf-8"
        headers = [(b"content-type", kind), (b"cache-control", b"no-store"), (b"retry-after", b"1")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _live(self, receive: Callable, send: Callable) -> None:
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
            inner = await asyncio.to_thread(self._build)
        except Exception as error:
            self._problem = True
            self._settled.set()
            self._failed(error)
            return
        async with inner.router.lifespan_context(inner):
            self._inner = inner
            self._settled.set()
            self._ready()
            await closing.wait()
            self._inner = None
