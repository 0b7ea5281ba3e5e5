"""HTTP with one model server: its address, whether documents may be sent there, and requests that can be cancelled.

Requests run on an event loop in a thread of its own: cancelling a task there closes its connection at once, also while
the server says nothing, which no blocking read can do.  This module is imported only where a server is used.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import os
import re
import ssl
import threading
from collections.abc import AsyncGenerator, Coroutine, Generator, Sequence
from concurrent.futures import CancelledError as FutureCancelledError
from concurrent.futures import Future, wait
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit, urlunsplit

import httpx2

from ragapp.errors import CancelledError, ModelError, SettingsError
from ragapp.guard import parse_entry
from ragapp.llm.fair_lock import Cancelled

CONNECT_S = 10.0
# far more than any answer; a server that never ends its line or its answer must not fill the memory
MOST_BYTES = 8 << 20
_POLL_S = 0.05
# shorter than servers keep an idle connection, so that none is used that the other side is closing
_KEEP_S = 2.0
_MESSAGE_CHARACTERS = 300
_DONE = "[DONE]"
_AGAIN = "Ask again, and look into the server's log."
_LOOK = "Look into the server's log."
_PORTS = {"http": 80, "https": 443}
_EXAMPLE = "Write it like http://gpu.example:8000/v1, which is what the server's own manual calls the base URL."

Body = dict[str, Any]
_T = TypeVar("_T")


class Address(NamedTuple):
    """A server's address."""

    url: str  # base of the OpenAI-compatible interface, without a slash at the end
    root: str  # the same without /v1: base of the server's own interface
    host: str  # in lower case, without brackets
    port: int
    encrypted: bool

    @property
    def loopback(self) -> bool:
        """Whether it is this machine, under a name that cannot mean another."""
        try:
            return self.host == "localhost" or ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def place(self) -> str:
        """Host and port, as ``privacy.allow`` takes them."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(url: str) -> Address:
    """The parts of ``llm.url``; raises SettingsError for anything but http(s), a password, a query or a fragment."""
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise SettingsError("llm.url is not a valid address.", _EXAMPLE) from None
    if "@" in parts.netloc or parts.query or parts.fragment:
        # not repeated in the message: it may hold a secret
        message = "llm.url holds a user name, a password, a query or a fragment."
        hint = "Leave only scheme, host, port and path, and name the environment variable of a key in llm.api_key_env."
        raise SettingsError(message, hint)
    if parts.scheme not in _PORTS or not host or re.search(r"[\s%\\]", parts.netloc):
        raise SettingsError(f"llm.url cannot be {url!r}.", _EXAMPLE)
    clean = urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", ""))
    root = clean.removesuffix("/v1")
    return Address(clean, root, host.rstrip("."), port or _PORTS[parts.scheme], parts.scheme == "https")


def check_allowed(url: str, allow: Sequence[str]) -> None:
    """Refuse an ``llm.url`` that is neither on this machine nor named in ``privacy.allow`` (``host`` or ``host:port``).

    The SettingsError says what is not valid or not allowed; its hint holds the line to add.
    """
    address = parse_address(url)
    try:
        rules = {parse_entry(entry) for entry in allow}
    except ValueError as error:
        raise SettingsError(f"privacy.allow: {error}.", 'Write a host or host:port, "gpu.example:8000".') from None
    if address.loopback or rules & {(address.host, None), (address.host, address.port)}:
        return
    entries = ", ".join(f'"{entry}"' for entry in (*allow, address.place))
    message = f"llm.url sends questions and passages of your documents to {address.place}, which is not allowed."
    hint = f"If that is what you want, write into settings.yaml, below privacy: allow: [{entries}]"
    raise SettingsError(message, hint)


def read_key(variable: str) -> str:
    """The bearer token in an environment variable; empty where ``llm.api_key_env`` names none.

    Raises SettingsError where the name is not valid, it is not set, or what it holds cannot stand in a header.
    """
    if not variable:
        return ""
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", variable):
        # not repeated in the message: it may be the key itself
        message = "llm.api_key_env is not the name of an environment variable."
        hint = "Put the key into an environment variable, and that variable's name into llm.api_key_env."
        raise SettingsError(message, hint)
    key = os.environ.get(variable, "").strip()
    if not key:
        message = f"The environment variable {variable}, which llm.api_key_env names, is not set."
        raise SettingsError(message, f"Set it to the server's key: export {variable}=…")
    if not re.fullmatch(r"[!-~]+", key):
        hint = "Copy the key again, nothing else."
        raise SettingsError(f"What the environment variable {variable} holds cannot be a key.", hint)
    return key


class ErrorResponse(ModelError):
    """The server answered with an error; ``said`` are its own words, shortened."""

    def __init__(self, message: str, hint: str, status: int, said: str):
        super().__init__(message, hint)
        self.status = status  # 200 where it failed in the middle of an answer
        self.said = said


class InvalidResponse(ModelError):
    """The server answered with something that is not JSON."""


class _Opened(NamedTuple):
    client: httpx2.AsyncClient
    loop: asyncio.AbstractEventLoop
    stop: asyncio.Event
    thread: threading.Thread


async def _keep_open(client: httpx2.AsyncClient, ready: Future[_Opened]) -> None:
    async with client:
        stop = asyncio.Event()
        ready.set_result(_Opened(client, asyncio.get_running_loop(), stop, threading.current_thread()))
        await stop.wait()


class Connection:
    """Speaks JSON and server-sent events with one server, and with nobody else: no proxy, no redirect.

    Requests raise ErrorResponse where the server says that it failed, ModelError where it cannot be reached, falls
    silent for ``timeout_s`` or sends something else, and CancelledError soon after ``cancelled`` says so. ``key`` is
    the bearer token, may be empty.
    """

    def __init__(self, address: Address, key: str, timeout_s: float):
        self.address, self._key, self._timeout_s = address, key, timeout_s
        self._lock = threading.Lock()
        self._opened: _Opened | None = None

    def fetch(self, method: str, url: str, body: Body | None = None, cancelled: Cancelled | None = None) -> Any:
        """One JSON answer."""
        opened = self._open()

        async def ask() -> bytes:
            async with opened.client.stream(method, url, json=body) as response:
                await self._check(response, url)
                return await _read_body(response, url)

        return self._parsed(self._wait(ask(), opened.loop, url, cancelled), url)

    def events(self, url: str, body: Body, cancelled: Cancelled | None = None) -> Generator[Body, None, None]:
        """The data of server-sent events, as they come; closing the generator closes the connection."""
        opened = self._open()
        stream = self._event_data(opened.client, url, body)

        async def following() -> str | None:
            return await anext(stream, None)

        complete = False
        try:
            while (data := self._wait(following(), opened.loop, url, cancelled)) != _DONE:
                if data is None and complete:
                    return
                if data is None:
                    raise ModelError(f"{url} broke off in the middle of an answer.", _AGAIN)
                event = self._parsed(data, url)
                if not isinstance(event, dict):
                    raise self._invalid(url, data)
                choices = event.get("choices")
                # some servers say no more after the last piece
                complete = complete or any(
                    isinstance(choice, dict) and bool(choice.get("finish_reason"))
                    for choice in (choices if isinstance(choices, list) else ())
                )
                yield event
        finally:
            asyncio.run_coroutine_threadsafe(stream.aclose(), opened.loop)

    def close(self) -> None:
        """Close what is open; the next request opens it again."""
        with self._lock:
            opened, self._opened = self._opened, None
        if opened:
            opened.loop.call_soon_threadsafe(opened.stop.set)
            opened.thread.join(CONNECT_S)

    def _open(self) -> _Opened:
        with self._lock:
            if self._opened is None:
                headers = {"Accept-Encoding": "identity", "User-Agent": "ragapp"}
                if self._key:
                    headers["Authorization"] = f"Bearer {self._key}"
                # the system's certificates, so that a company's own authority is known; none where none is needed,
                # as reading them takes a while
                encrypted = self.address.encrypted
                client = httpx2.AsyncClient(
                    verify=ssl.create_default_context() if encrypted else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
                    trust_env=False,
                    follow_redirects=False,
                    headers=headers,
                    timeout=httpx2.Timeout(self._timeout_s, connect=min(CONNECT_S, self._timeout_s)),
                    limits=httpx2.Limits(keepalive_expiry=_KEEP_S),
                )
                ready: Future[_Opened] = Future()
                work = _keep_open(client, ready)
                threading.Thread(target=asyncio.run, args=(work,), name="ragapp-remote", daemon=True).start()
                self._opened = ready.result()
            return self._opened

    def _wait(
        self, work: Coroutine[Any, Any, _T], loop: asyncio.AbstractEventLoop, url: str, cancelled: Cancelled | None
    ) -> _T:
        """What a coroutine returns; it is cancelled, which closes its connection, when the caller wants no more."""
        future = asyncio.run_coroutine_threadsafe(work, loop)
        try:
            while not (cancelled and cancelled()):
                if wait([future], _POLL_S).done:
                    return future.result()
            raise CancelledError("Stopped.")
        except FutureCancelledError:
            raise CancelledError("Stopped.") from None
        except httpx2.HTTPError as error:
            raise self._transport_error(error, url) from None
        finally:
            future.cancel()

    async def _event_data(self, client: httpx2.AsyncClient, url: str, body: Body) -> AsyncGenerator[str, None]:
        """The data of an answer's server-sent events."""
        async with client.stream("POST", url, json=body, headers={"Accept": "text/event-stream"}) as response:
            await self._check(response, url)
            kind = response.headers.get("content-type", "")
            if kind.partition(";")[0].strip().lower() != "text/event-stream":
                raise self._invalid(url, await _read_body(response, url))
            start = bytearray()
            pieces = _bounded(response, url, start)
            bounded = httpx2.Response(200, headers={"Content-Type": kind}, content=pieces, request=response.request)
            silent = True
            async for event in httpx2.EventSource(bounded, None):
                silent = False
                yield event.data
            field, _, value = bytes(start).partition(b":")
            if silent and field == b"error":  # llama.cpp before 2025
                yield f'{{"error":{value.decode("utf-8", "replace")}}}'
            elif silent and field:
                raise self._invalid(url, bytes(start))

    async def _check(self, response: httpx2.Response, url: str) -> None:
        """Raise what an HTTP status says."""
        status = response.status_code
        if status == 200:
            return
        said = self._error_text(await _read_body(response, url))
        if 300 <= status < 400:
            target = self._one_line(response.headers.get("location", "")).partition("?")[0] or "nowhere"
            raise ErrorResponse(f"{url} sends on to {target}.", "Set llm.url to the server itself.", status, said)
        if status in (401, 403):
            what = "refused the key" if self._key else "wants a key"
            hint = "Put the right key into an environment variable, and its name into llm.api_key_env."
        elif status in (404, 405):
            what = "is not served, or not with this model"
            hint = "Check llm.url, which ends with /v1 for most servers, and llm.model."
        elif status == 429:
            after = self._one_line(response.headers.get("retry-after", ""))
            what, hint = "has too much to do", f"Ask again {f'in {after} s' if after.isdigit() else 'later'}."
        elif status == 503:
            what, hint = "is not ready", "Wait until it has loaded its model."
        elif status >= 500:
            what, hint = f"failed with status {status}", _LOOK
        else:
            what = f"refused the request with status {status}"
            hint = "Check llm.model and that the server speaks OpenAI's chat completions."
        raise ErrorResponse(f"{url} {what}{f': {said}' if said else ''}.", hint, status, said)

    def _parsed(self, raw: str | bytes, url: str) -> Any:
        """The JSON of an answer; an error that comes under the flag of success is raised."""
        try:
            answer = json.loads(raw)
        except (ValueError, RecursionError):
            raise self._invalid(url, raw) from None
        if isinstance(answer, dict) and answer.get("error"):
            said = self._error_text(raw)
            raise ErrorResponse(f"{url} failed while it answered: {said}.", _LOOK, 200, said)
        return answer

    def _transport_error(self, error: Exception, url: str) -> ModelError:
        place = self.address.place
        reason = self._one_line(str(error)) or type(error).__name__
        if "CERTIFICATE" in reason.upper() or "SSL" in reason.upper():
            message = f"The encrypted connection to {place} failed: {reason}."
            hint = "Check that llm.url is right, and that this machine knows the authority of the server's certificate."
        elif isinstance(error, httpx2.ConnectTimeout):
            message = f"{place} cannot be reached: no answer."
            hint = "Check llm.url, the network and the firewall between."
        elif isinstance(error, httpx2.ConnectError):
            message, hint = f"{place} cannot be reached: {reason}.", "Start the server there, or check llm.url."
        elif isinstance(error, httpx2.TimeoutException):
            message = f"{url} said nothing for {self._timeout_s:g} s."
            hint = "It may be busy or loading a model: ask again later, or raise llm.timeout."
        else:
            message, hint = f"The connection to {place} broke off: {reason}.", _AGAIN
        return ModelError(message, hint)

    def _invalid(self, url: str, raw: str | bytes) -> InvalidResponse:
        return InvalidResponse(
            f"{url} answered with something that is not JSON: {self._one_line(_text(raw))[:60]!r}.",
            "Check that llm.url is the base URL of an OpenAI-compatible server, which mostly ends with /v1.",
        )

    def _error_text(self, raw: str | bytes) -> str:
        """What an error answer says, in one line."""
        text = _text(raw)
        try:
            said = json.loads(text)
        except (ValueError, RecursionError):
            # a page made for people says nothing to them here
            return "" if "<html" in text.lower() else self._one_line(text)
        for name in ("error", "message", "detail"):
            while isinstance(said, dict) and said.get(name):
                said = said[name]
        return self._one_line(said if isinstance(said, str) else json.dumps(said, ensure_ascii=False))

    def _one_line(self, text: str) -> str:
        """Words of a stranger: one short line without control characters, and never the key."""
        if self._key:
            text = text.replace(self._key, "…")
        text = re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", " ", text).strip()
        return (f"{text[:_MESSAGE_CHARACTERS]}…" if len(text) > _MESSAGE_CHARACTERS else text).rstrip(".")


def _text(raw: str | bytes) -> str:
    start = raw[: 1 << 16]
    return start if isinstance(start, str) else start.decode("utf-8", "replace")


async def _read_body(response: httpx2.Response, url: str) -> bytes:
    return b"".join([piece async for piece in _bounded(response, url, bytearray())])


async def _bounded(response: httpx2.Response, url: str, start: bytearray) -> AsyncGenerator[bytes, None]:
    """The body, which must not be longer than :data:`MOST_BYTES`; ``start`` gets how it begins."""
    taken = 0
    async for piece in response.aiter_bytes():
        taken += len(piece)
        if taken > MOST_BYTES:
            raise ModelError(f"{url} answered with more than {MOST_BYTES >> 20} MiB.", _LOOK)
        if len(start) < 1 << 16:
            start += piece
        yield piece
