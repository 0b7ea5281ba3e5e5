"""The server on standard input and output, for a program that starts ``ragapp mcp`` itself."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import closing, suppress

import anyio

from ragapp.errors import CancelledError
from ragapp.mcp.own_library import OwnLibrary
from ragapp.settings import Settings

# Whether models and catalog can be let go is looked at so often: a restore waits for others to let go for longer, but
# not much.
_REST_S = 0.5


def serve_stdio(settings: Settings, *, write: bool, tell: Callable[[str], None]) -> None:
    """Serve the program at the other end until it closes its end.

    Nothing but the protocol reaches stdout: the library keeps a copy of it for itself and turns what others would write
    there to stderr. ``tell`` is told what a person should know.
    """
    # a thread waits for the next line and cannot be interrupted; nothing is half done that another start does not mend
    with suppress(ValueError):  # not the main thread
        signal.signal(signal.SIGINT, lambda number, frame: os._exit(CancelledError.exit_code))
    with closing(OwnLibrary(settings, tell)) as library:
        anyio.run(_serve, library, write)


async def _serve(library: OwnLibrary, write: bool) -> None:
    from mcp.server.stdio import stdio_server

    from ragapp.mcp.server import make_server

    server = make_server(library, write=write)
    async with stdio_server() as (incoming, outgoing), anyio.create_task_group() as group:
        group.start_soon(_rest, library)
        await server.run(incoming, outgoing, server.create_initialization_options())
        group.cancel_scope.cancel()


async def _rest(library: OwnLibrary) -> None:
    while True:
        await anyio.sleep(_REST_S)
        await anyio.to_thread.run_sync(library.rest)
