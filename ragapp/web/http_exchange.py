"""A request and its response, as ASGI has them: what :mod:`ragapp.web.security` asks of one and sends with the other.

Every response tells the browser to load nothing from elsewhere and to run nothing that was slipped in.
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ragapp.web.api_errors import refusal_json
from ragapp.words.messages import in_language
from ragapp.words.texts import choose_language

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

# What Gradio needs was measured in Chromium on the page: its inline scripts get a nonce; components set styles on
# their elements, which no nonce covers; pictures and fonts come inside style sheets.
_POLICY = {
    "default-src": "'none'",
    "script-src": "'self' 'nonce-{nonce}'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "media-src": "'self' blob:",
    "frame-src": "'self'",
    "worker-src": "'self' blob:",
    "object-src": "'none'",
    "base-uri": "'self'",  # Gradio sets the document's base to its own root
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
_ALWAYS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # nobody else is told; without any, browsers would say of the page's own forms that they come from nowhere
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=(), interest-cohort=()",
    "x-robots-tag": "noindex",
}
# what the program itself brings may stay in the browser's cache, what comes from documents may not
_CACHEABLE = re.compile(r"/(?:assets|static|svelte)/|/(?:theme\.css|ui/page\.js|favicon\.ico|manifest\.json)$")
_SCRIPT = re.compile(rb"<script(?=[\s>])", re.IGNORECASE)

Headers = list[tuple[bytes, bytes]]


class Request:
    """What is asked of a scope."""

    def __init__(self, scope: Scope):
        self.scope = scope
        self.path: str = scope["path"]
        self.method: str = scope.get("method", "GET")
        self.client: str = (scope.get("client") or ("?",))[0]

    def header(self, name: bytes) -> bytes:
        """One header's value; empty where there is none, or more than one."""
        found: list[bytes] = [value for key, value in self.scope["headers"] if key.lower() == name]
        return found[0] if len(found) == 1 else b""

    @property
    def host(self) -> tuple[str, int | None]:
        """Host in lower case and port of the ``Host`` header."""
        text = self.header(b"host").decode("latin-1")
        try:
            parts = urlsplit(f"//{text}")
            return (parts.hostname or "").rstrip(".") if parts.netloc == text and "@" not in text else "", parts.port
        except ValueError:
            return "", None

    def cookie(self, name: str) -> str:
        """One cookie's value, empty where there is none."""
        pairs = (pair.strip().partition("=") for pair in self.header(b"cookie").decode("latin-1").split(";"))
        return next((value for key, _, value in pairs if key == name), "")

    def is_navigation(self) -> bool:
        """Whether a person opens a page."""
        mode = self.header(b"sec-fetch-mode")
        html = b"text/html" in self.header(b"accept")
        return self.method in ("GET", "HEAD") and (mode == b"navigate" if mode else html)

    def is_from_own_site(self) -> bool:
        """Whether no other site makes the browser ask.

        Browsers send ``Origin`` with whatever may change something and with every websocket, and ``Sec-Fetch-Site``
        with everything; other programs send neither, and act for the person who started them.
        """
        origin = self.header(b"origin")
        present = any(name.lower() == b"origin" for name, _ in self.scope["headers"])
        if present:
            host = self.header(b"host").lower()
            if origin.lower() not in (b"http://" + host, b"https://" + host):
                return False
        site = self.header(b"sec-fetch-site")
        if site in (b"", b"same-origin", b"none"):
            return True
        # a link elsewhere may lead here, but not into a frame and not with a form
        top = self.header(b"sec-fetch-dest") == b"document" and self.header(b"sec-fetch-mode") == b"navigate"
        return self.method in ("GET", "HEAD") and self.scope["type"] == "http" and top

    def for_app(self, to_program: bool = False) -> Scope:
        """The scope as the app gets it: a page is sent as it is, so that its scripts can be marked.

        A program that asks for the head of something gets that of what GET would give.
        """
        if to_program and self.method == "HEAD":
            return {**self.scope, "method": "GET"}
        if b"text/html" not in self.header(b"accept"):
            return self.scope
        headers = [(name, value) for name, value in self.scope["headers"] if name.lower() != b"accept-encoding"]
        return {**self.scope, "headers": headers}


class Response:
    """Sends responses with the headers that protect; a program is told a refusal as the API tells it."""

    def __init__(self, scope: Scope, send: Send, to_program: bool = False):
        self._scope, self.raw = scope, send
        self._to_program = to_program
        self._nonce = secrets.token_urlsafe(18)  # that of this response's own scripts
        self._page: bytearray | None = None
        self._start: Message = {}
        self.started = self.closed = False

    async def send(self, status: int, body: bytes, headers: Headers | None = None) -> None:
        """A whole response."""
        headers = [(b"content-length", str(len(body)).encode()), *(headers or [])]
        headers = secured(headers, self._scope["path"], self._nonce)
        await self.raw({"type": "http.response.start", "status": status, "headers": headers})
        await self.raw({"type": "http.response.body", "body": body})

    async def send_html(self, status: int, html: str, headers: Headers | None = None) -> None:
        """A page of this module's own."""
        await self.send(status, html.encode(), [(b"content-type", b"text/html; charset=utf-8"), *(headers or [])])

    async def refuse(self, status: int, text: str, headers: Headers | None = None) -> None:
        """Say no, in the language that is asked for, and let nothing more out."""
        wanted = next((value for name, value in self._scope.get("headers", ()) if name == b"accept-language"), b"")
        text = in_language(text, choose_language(wanted.decode("latin-1")))
        if self._scope["type"] == "websocket":
            await self.raw({"type": "websocket.close", "code": 1008})
        elif not self.started:
            kind = b"application/json" if self._to_program else b"text/plain; charset=utf-8"
            told = json.dumps(refusal_json(self._scope["path"], status, text)) if self._to_program else text
            plain = [(b"content-type", kind), (b"connection", b"close")]
            await self.send(status, told.encode(), [*plain, *(headers or [])])
        self.closed = True

    async def pass_on(self, message: Message) -> None:
        """What the app sends."""
        if self.closed:
            return
        if message["type"] == "http.response.start":
            self.started = True
            headers = secured(list(message.get("headers", ())), self._scope["path"], self._nonce)
            message = {**message, "headers": headers}
            if any(name.lower() == b"content-type" and value.startswith(b"text/html") for name, value in headers):
                self._page, self._start = bytearray(), message
                return
        elif message["type"] == "http.response.body" and self._to_program and self._scope.get("method") == "HEAD":
            message = {**message, "body": b""}
        elif message["type"] == "http.response.body" and self._page is not None:
            self._page += message.get("body", b"")
            if message.get("more_body"):
                return
            await self._send_page()
            return
        await self.raw(message)

    async def _send_page(self) -> None:
        body = with_nonce(bytes(self._page or b""), self._nonce)
        headers = [(name, value) for name, value in self._start["headers"] if name.lower() != b"content-length"]
        if self._scope.get("method") != "HEAD":
            headers.append((b"content-length", str(len(body)).encode()))
        await self.raw({**self._start, "headers": headers})
        await self.raw({"type": "http.response.body", "body": body})


async def drained(receive: Receive, limit: int, seconds: float) -> None:
    """Take in and throw away the rest of a body, up to a limit and a time.

    A client that is still sending when the connection is closed is told of that, not of why it was refused.
    """
    taken = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while taken <= limit:
                message = await receive()
                taken += len(message.get("body", b""))
                if message["type"] == "http.disconnect" or not message.get("more_body"):
                    return


async def read_body(receive: Receive, limit: int) -> bytes | None:
    """A request's body, None where it is longer than the limit."""
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if len(body) > limit:
            return None
        if not message.get("more_body"):
            return body


def content_policy(nonce: str) -> str:
    """The Content-Security-Policy of a response whose scripts have this nonce."""
    return "; ".join(f"{name} {value.format(nonce=nonce)}" for name, value in _POLICY.items())


def secured(headers: Headers, path: str, nonce: str) -> Headers:
    """A response's headers with what protects put in, and what opens it to other sites taken out."""
    is_pdf = any(name.lower() == b"content-type" and value.startswith(b"application/pdf") for name, value in headers)
    # a browser shows a PDF by a page of its own making, which must load what it needs
    policy = "frame-ancestors 'none'" if is_pdf else content_policy(nonce)
    own = {**_ALWAYS, "content-security-policy": policy}
    if not _CACHEABLE.search(path):
        own["cache-control"] = "no-store"
    names = {name.encode() for name in own}
    kept = [
        (name, value)
        for name, value in headers
        if name.lower() not in names and not name.lower().startswith(b"access-control-") and name.lower() != b"server"
    ]
    return [*kept, *((name.encode(), value.encode()) for name, value in own.items())]


def with_nonce(html: bytes, nonce: str) -> bytes:
    """The page with its nonce on each script that it was sent with."""
    return _SCRIPT.sub(lambda match: match[0] + f' nonce="{nonce}"'.encode(), html)
