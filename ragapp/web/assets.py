"""Gradio's own files, whose names change with their content: sent from memory, kept by the browser, fetched early.

They can be sent before Gradio itself is imported, so the browser has them by the time that the page is there.
"""

from __future__ import annotations

import gzip
import mimetypes
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

# what the page loads, in this order; another version of Gradio has other names, and then nothing is fetched early
_LIST = Path(__file__).parent / "ui" / "assets.txt"
_ADDRESS = "/assets/"
# with `?v=` in their address, which changes with what they hold
_VERSIONED = ("/theme.css", "/ui/page.js")
_KEEP = (b"cache-control", b"private, max-age=31536000, immutable")
_TEXT = (".js", ".css", ".svg")


@cache
def assets_folder() -> Path | None:
    """Where Gradio has them, None where it has none; Gradio is not imported."""
    spec = find_spec("gradio")
    folder = Path(spec.origin).parent / "templates" / "frontend" / "assets" if spec and spec.origin else None
    return folder if folder and folder.is_dir() else None


@cache
def preloads() -> bytes:
    """Tags by which a page has the browser fetch, and parse, what it will need."""
    folder = assets_folder()
    tags = []
    for name in _LIST.read_text(encoding="utf-8").split():
        if folder and (folder / name).is_file():
            kind = 'rel="modulepreload"' if name.endswith(".js") else 'rel="preload" as="style" crossorigin'
            tags.append(f'<link {kind} href="{_ADDRESS}{name}">')
    return "".join(tags).encode()


class Assets:
    """ASGI middleware.

    Args:
        app: answers everything else.
    """

    def __init__(self, app: Callable):
        self._app = app
        folder = assets_folder()
        self._files = {path.name: path for path in folder.iterdir()} if folder else {}
        self._kept: dict[tuple[str, bool], bytes] = {}

    async def __call__(self, scope: dict, receive: Callable, send: Callable) -> None:
        """Answer what is asked of Gradio's files, hand on the rest."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
        elif scope["path"].startswith(_ADDRESS) and (name := scope["path"][len(_ADDRESS) :]) in self._files:
            await self._send_file(name, scope, send)
        elif scope["path"] in _VERSIONED and scope.get("query_string", b"").startswith(b"v="):
            await self._app(scope, receive, lambda message: send(_kept_by_browser(message)))
        else:
            await self._app(scope, receive, send)

    async def _send_file(self, name: str, scope: dict, send: Callable) -> None:
        accepted = b",".join(value for key, value in scope["headers"] if key.lower() == b"accept-encoding")
        packed = name.endswith(_TEXT) and b"gzip" in accepted
        body = self._kept.get((name, packed))
        if body is None:
            body = self._files[name].read_bytes()
            body = self._kept[name, packed] = gzip.compress(body, 6) if packed else body
        kind = (
            "text/javascript" if name.endswith(".js") else mimetypes.guess_type(name)[0] or "application/octet-stream"
        )
        headers = [
            (b"content-type", kind.encode()),
            (b"content-length", str(len(body)).encode()),
            (b"vary", b"accept-encoding"),
            _KEEP,
        ]
        if packed:
            headers.append((b"content-encoding", b"gzip"))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _kept_by_browser(message: dict) -> dict:
    if message["type"] != "http.response.start" or message["status"] != 200:
        return message
    headers = [(name, value) for name, value in message["headers"] if name.lower() != b"cache-control"]
    return {**message, "headers": [*headers, _KEEP]}
