"""Answers at once while the page itself, whose libraries take seconds to load, is being made ready."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

_STARTING = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>ragapp</title>
<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">
<meta http-equiv="refresh" content="1"><style>
:root { color-scheme: light dark }
body { font: 1.05rem system-ui, sans-serif; display: grid; place-items: center; min-height: 90vh }
</style></head><body><p>ragapp is starting … · ragapp démarre…</p></body></html>""".encode()
_FAILED = b"ragapp could not start; the terminal says why."


class Doorway:
    """An ASGI application that stands in for another one until that is ready.

    Args:
        build: makes the other one, on a thread.
        ready: told when it is there.
        failed: told when it cannot be made.
    """

    def __init__(
        self, build: Callable[[], Any], ready: Callable[[], None] = lambda: None,
        failed: Callable[[Exception], None] = lambda error: None,
    ):  # fmt: skip
        self._build = build
        self._ready = ready
        self._failed = failed
        self._inner: Any = None
        self._problem = False

    async def __call__(self, scope: dict, receive: Callable, send: Callable) -> None:
        """Hand a request on, or ask for patience."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif self._inner is not None:
            await self._inner(scope, receive, send)
        elif scope["type"] == "http":
            await self._answer(scope["path"], send)

    async def _answer(self, path: str, send: Callable) -> None:
        status = 500 if self._problem else 200 if path == "/" else 503
        body = _FAILED if self._problem else _STARTING
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
            self._failed(error)
            return
        async with inner.router.lifespan_context(inner):
            self._inner = inner
            self._ready()
            await closing.wait()
            self._inner = None
