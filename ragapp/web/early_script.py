"""Puts the page's own script in front of Gradio's: what Gradio is told of language and functions must be there first.

Gradio itself adds what it calls the head only after it has started.
"""

from __future__ import annotations

from collections.abc import Callable


class EarlyScript:
    """ASGI middleware.

    Args:
        app: whose page it is.
        script: address of the script.
        more: further tags.
    """

    def __init__(self, app: Callable, script: str, more: bytes = b""):
        self._app = app
        self._tags = f'<script src="{script}"></script>'.encode() + more

    async def __call__(self, scope: dict, receive: Callable, send: Callable) -> None:
        """Hand on, the page at ``/`` with the script in it."""
        if scope["type"] != "http" or scope["path"] != "/" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        # what is compressed could not be read here
        headers = [(name, value) for name, value in scope["headers"] if name.lower() != b"accept-encoding"]
        start: dict = {}
        body = b""

        async def collect(message: dict) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                start = message
                return
            body += message.get("body", b"")
            if message.get("more_body"):
                return
            body = body.replace(b"<head>", b"<head>" + self._tags, 1)
            kept = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
            kept.append((b"content-length", str(len(body)).encode()))
            await send({**start, "headers": kept})
            await send({"type": "http.response.body", "body": body})

        await self._app({**scope, "headers": headers}, receive, collect)
