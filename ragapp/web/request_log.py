"""A line for each request, for whoever runs the server: who, which part, how it ended, how long it took.

What is asked for stands in none: neither query nor body, and of the path only what is the program's own.
"""

from __future__ import annotations

import logging
import re
import sys
import time
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TYPE_CHECKING

from ragapp import file_permissions
from ragapp.errors import PathError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from ragapp.settings import Server

_MIB = 1024 * 1024
# paths whose first two parts are the program's own words; what stands behind may name a document
_KNOWN = re.compile(
    r"/(?:(?:api|v1|ui|gradio_api)(?:/[a-z_]{1,24}(?=/|$))?|(?:assets|static|docs|mcp|health|ready|metrics)(?=/|$))"
)
_NAME = "ragapp.requests"


class _PrivateLog(RotatingFileHandler):
    """Each of its files is for the owner alone: addresses of people stand in it."""

    def _open(self) -> TextIOWrapper:
        file_permissions.make_private_file(Path(self.baseFilename))
        return super()._open()


class RequestLog:
    """ASGI middleware that writes a line when a request has ended."""

    def __init__(self, app: ASGIApp, logger: logging.Logger):
        self._app, self._logger = app, logger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on, and note how it ended."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, began = 0, time.monotonic()

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            # 499: whoever asked was gone, or was cut off, before there was an answer
            client = (scope.get("client") or ("?",))[0]
            told = client, scope["method"], part_of(scope["path"]), status or 499, time.monotonic() - began
            self._logger.info("%s %s %s %d %.3fs", *told)


def part_of(path: str) -> str:
    """What of a path may be written down: which part of the program was asked."""
    if path == "/":
        return "/"
    known = _KNOWN.match(path)
    if not known:
        return "/…"
    return known[0] if known[0] == path else f"{known[0]}/…"


def request_logger(settings: Server) -> logging.Logger:
    """A logger as ``server.log`` says. The web server's own errors, whose tracebacks may hold anything, stay out of it.

    Raises:
        PathError: the file cannot be written.
    """
    handler: logging.Handler
    if settings.log == "-":
        handler = logging.StreamHandler(sys.stderr)
    else:
        file = Path(settings.log)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            most = settings.log_mb * _MIB
            handler = _PrivateLog(file, maxBytes=most, backupCount=settings.log_files, encoding="utf-8")
        except OSError as error:
            told = f"The log {file} cannot be written: {error.strerror}."
            raise PathError(told, "Check server.log, and who may write there.") from None
    form = logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S%z")
    handler.setFormatter(form)
    logger = logging.getLogger(_NAME)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    for old in logger.handlers[:]:
        logger.removeHandler(old)
        old.close()
    logger.addHandler(handler)
    return logger
