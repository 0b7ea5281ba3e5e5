"""The server at ``/mcp`` of the running page, by streamable HTTP.

It stands behind :class:`ragapp.web.security.Security` like the API: host, origin and token are checked there.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from starlette.routing import BaseRoute, Route

from ragapp.web.app_state import AppState

if TYPE_CHECKING:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
    from starlette.types import Receive, Scope, Send

# programs that are connected at a time, and how long one may be silent
MOST_SESSIONS, IDLE_S = 64, 1800.0


class McpDoor:
    """A :class:`ragapp.web.server.Door`; nothing is loaded before a program comes."""

    def __init__(self, state: AppState):
        self._state = state
        self._opening = asyncio.Lock()
        self._manager: StreamableHTTPSessionManager | None = None
        self._running: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()
        self.routes: Sequence[BaseRoute] = (Route("/mcp", _Endpoint(self)),)

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """As long as the page lives; at its end every session ends."""
        try:
            yield
        finally:
            self._closing.set()
            if self._running:
                await self._running

    async def manager(self) -> StreamableHTTPSessionManager:
        """The library's session manager, which runs."""
        async with self._opening:
            if self._manager is None:
                self._manager = await asyncio.to_thread(self._make)
                begun = asyncio.Event()
                self._running = asyncio.create_task(self._run(self._manager, begun))
                await begun.wait()
            return self._manager

    def _make(self) -> StreamableHTTPSessionManager:
        from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

        from ragapp.mcp.page_library import PageLibrary
        from ragapp.mcp.server import make_server

        server = make_server(PageLibrary(self._state), write=self._state.app.settings.mcp.write)
        return StreamableHTTPSessionManager(server, max_sessions=MOST_SESSIONS, session_idle_timeout=IDLE_S)

    async def _run(self, manager: StreamableHTTPSessionManager, begun: asyncio.Event) -> None:
        # its task group must end in the task that it began in, which that of a request is not
        async with manager.run():
            begun.set()
            await self._closing.wait()


class _Endpoint:
    """An ASGI application: as a function it would be given requests."""

    def __init__(self, door: McpDoor):
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        manager = await self._door.manager()
        await manager.handle_request(scope, receive, send)
