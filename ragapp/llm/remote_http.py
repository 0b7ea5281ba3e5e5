"""Requests to a model server that can be stopped at any moment, and whose every failure is told.

The requests run on an event loop of their own: cancelling one there closes its connection at once, whether it is being
made, waiting for the first byte or in the middle of an answer, which no blocking read can do.
"""

from __future__ import annotations

import asyncio
import json
import queue
import re
import ssl
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import CancelledError as FutureCancelledError
from concurrent.futures import Future
from typing import Any

from ragapp.errors import CancelledError, ModelError
from ragapp.llm.remote_address import Address
from ragapp.llm.stopping import Cancelled

_POLL_S = 0.05
CONNECT_S = 10.0
# shorter than servers keep an idle connection, so that none is used that the other side is closing
_KEEP_S = 2.0
# far more than any answer; a server that never ends its line or its answer must not fill the memory
MOST_BYTES = 8 << 20
_SAID_CHARACTERS = 300
_END = object()
_DONE = b"[DONE]"
_AGAIN = "Ask again, and look into the server's log."
_LOOK = "Look into the server's log."


class Refused(ModelError):
    """The server answered with an error.

    Attributes:
        status: HTTP status; 200 where it failed in the middle of an answer.
        said: the server's own words, shortened.
    """

    def __init__(self, message: str, hint: str, status: int, said: str):
        super().__init__(message, hint)
        self.status = status
        self.said = said


class NotSpoken(ModelError):
    """The server answered with something that is no JSON."""


class Connection:
    """Speaks JSON and server-sent events with one server, and with nobody else: no proxy, no redirect.

    Args:
        address: of the server.
        key: bearer token, may be empty.
        timeout_s: how long the server may say nothing.
    """

    def __init__(self, address: Address, key: str, timeout_s: float):
        self.address = address
        self._key = key
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._client = None

    def fetch(self, method: str, url: str, body: dict | None = None, cancelled: Cancelled | None = None) -> Any:
        """One JSON answer.

        Raises:
            Refused: the server says that it failed.
            ModelError: it cannot be reached, says nothing, or answers with something that is no JSON.
            CancelledError: ``cancelled`` said so.
        """

        async def work(put: Callable[[bytes], None]) -> None:
            async with self._send(method, url, body) as response:
                await self._check(response, url)
                put(await _whole(response, url))

        raw = b"".join(self._run(work, url, cancelled))
        try:
            answer = json.loads(raw)
        except ValueError:
            raise self._not_spoken(url, raw) from None
        self._check_error(answer, url, raw)
        return answer

    def events(self, url: str, body: dict, cancelled: Cancelled | None = None) -> Iterator[dict]:
        """The data of server-sent events, as they come; leaving the iteration closes the connection.

        Raises:
            Refused: the server says that it failed.
            ModelError: it cannot be reached, falls silent, breaks off, or sends something else.
            CancelledError: ``cancelled`` said so.
        """

        async def work(put: Callable[[bytes], None]) -> None:
            async with self._send("POST", url, body) as response:
                await self._check(response, url)
                kind = response.headers.get("content-type", "")
                if "text/event-stream" not in kind:
                    raise self._not_spoken(url, await _whole(response, url))
                async for data in self._events(response, url):
                    put(data)
                    if data == _DONE:
                        return

        ended = False
        for data in self._run(work, url, cancelled):
            if data == _DONE:
                return
            try:
                event = json.loads(data)
            except ValueError:
                raise self._not_spoken(url, data) from None
            if not isinstance(event, dict):
                raise self._not_spoken(url, data)
            self._check_error(event, url, data)
            ended = ended or _finishes(event)
            yield event
        if not ended:
            raise ModelError(f"{url} broke off in the middle of an answer.", _AGAIN)

    def close(self) -> None:
        """Close what is open; the next request opens it again."""
        with self._lock:
            loop, thread, client = self._loop, self._thread, self._client
            self._loop = self._thread = self._client = None
        if loop:
            asyncio.run_coroutine_threadsafe(_end(client), loop).result(CONNECT_S)
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()

    def _started(self) -> asyncio.AbstractEventLoop:
        import httpx

        with self._lock:
            if self._loop is None:
                headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
                # the system's certificates, so that a company's own authority is known; none where none is needed,
                # as reading them takes a while
                trust = ssl.create_default_context if self.address.encrypted else _trust_nobody
                self._client = httpx.AsyncClient(
                    verify=trust(),
                    trust_env=False,
                    follow_redirects=False,
                    headers={**headers, "Accept-Encoding": "identity", "User-Agent": "ragapp"},
                    timeout=httpx.Timeout(self._timeout_s, connect=min(CONNECT_S, self._timeout_s)),
                    limits=httpx.Limits(keepalive_expiry=_KEEP_S),
                )
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, name="ragapp-remote", daemon=True)
                self._thread.start()
            return self._loop

    def _send(self, method: str, url: str, body: dict | None):
        return self._client.stream(method, url, json=body)

    def _run(
        self, work: Callable[[Callable[[bytes], None]], Awaitable[None]], url: str, cancelled: Cancelled | None
    ) -> Iterator[bytes]:
        """What ``work`` puts, while it works."""
        import httpx

        loop = self._started()
        arrived: queue.SimpleQueue = queue.SimpleQueue()
        future: Future = asyncio.run_coroutine_threadsafe(work(arrived.put), loop)
        future.add_done_callback(lambda _: arrived.put(_END))
        try:
            while True:
                if cancelled and cancelled():
                    raise CancelledError("Stopped.")
                try:
                    piece = arrived.get(timeout=_POLL_S)
                except queue.Empty:
                    continue
                if piece is _END:
                    break
                yield piece
            future.result()
        except FutureCancelledError:
            raise CancelledError("Stopped.") from None
        except httpx.HTTPError as error:
            raise self._unreached(error, url) from None
        finally:
            future.cancel()

    def _unreached(self, error: Exception, url: str) -> ModelError:
        import httpx

        place = self.address.place
        reason = self._clean(str(error)) or type(error).__name__
        if "CERTIFICATE" in reason.upper() or "SSL" in reason.upper():
            return ModelError(
                f"The encrypted connection to {place} failed: {reason}.",
                "Check that llm.url is right, and that this machine knows the authority of the server's certificate.",
            )
        if isinstance(error, httpx.ConnectTimeout):
            return ModelError(
                f"{place} cannot be reached: no answer.", "Check llm.url, the network and the firewall between."
            )
        if isinstance(error, httpx.ConnectError):
            return ModelError(f"{place} cannot be reached: {reason}.", "Start the server there, or check llm.url.")
        if isinstance(error, httpx.TimeoutException):
            return ModelError(
                f"{url} said nothing for {self._timeout_s:g} s.",
                "It may be busy or loading a model: ask again later, or raise llm.timeout.",
            )
        return ModelError(f"The connection to {place} broke off: {reason}.", _AGAIN)

    async def _check(self, response, url: str) -> None:
        """Raise what an HTTP status says."""
        status = response.status_code
        if status == 200:
            return
        said = self._words(await _whole(response, url))
        told = f": {said}." if said else "."
        if 300 <= status < 400:
            target = self._clean(response.headers.get("location", "")).partition("?")[0] or "nowhere"
            message, hint = f"{url} sends on to {target}.", "Set llm.url to the server itself."
        elif status in (401, 403):
            message = f"{url} refused the key{told}" if self._key else f"{url} wants a key{told}"
            hint = "Put the right key into an environment variable, and its name into llm.api_key_env."
        elif status in (404, 405):
            message = f"{url} is not served, or not with this model{told}"
            hint = "Check llm.url, which ends with /v1 for most servers, and llm.model."
        elif status == 429:
            after = self._clean(response.headers.get("retry-after", ""))
            message = f"{url} has too much to do{told}"
            hint = f"Ask again in {after} s." if after.isdigit() else "Ask again later."
        elif status == 503:
            message, hint = f"{url} is not ready{told}", "Wait until it has loaded its model."
        elif status >= 500:
            message, hint = f"{url} failed with status {status}{told}", _LOOK
        else:
            message = f"{url} refused the request with status {status}{told}"
            hint = "Check llm.model and that the server speaks OpenAI's chat completions."
        raise Refused(message, hint, status, said)

    async def _events(self, response, url: str) -> AsyncIterator[bytes]:
        """Data of server-sent events (WHATWG HTML, 9.2.6), an event's lines joined.

        Lines are told by bytes: httpx's own reader also cuts at characters such as U+2028, which may stand in JSON.
        """
        held, data = b"", []
        async for piece in _limited(response, url):
            *lines, held = (held + piece).split(b"\n")
            for line in lines:
                line = line.removesuffix(b"\r")
                if not line and data:
                    yield b"\n".join(data)
                    data = []
                name, _, value = line.partition(b":")
                if name == b"data":
                    data.append(value.removeprefix(b" "))
                elif name == b"error":  # llama.cpp before 2025
                    data.append(b'{"error":' + value + b"}")
                elif line and name not in (b"", b"event", b"id", b"retry"):
                    raise self._not_spoken(url, line)
        if data:
            yield b"\n".join(data)

    def _not_spoken(self, url: str, raw: bytes) -> NotSpoken:
        start = self._clean(raw[: 1 << 16].decode("utf-8", "replace"))[:60]
        return NotSpoken(
            f"{url} answered with something that is no JSON: {start!r}.",
            "Check that llm.url is the base URL of an OpenAI-compatible server, which mostly ends with /v1.",
        )

    def _check_error(self, answer: Any, url: str, raw: bytes) -> None:
        """Raise the error that comes under the flag of success: in a stream, it has no other way."""
        if isinstance(answer, dict) and answer.get("error"):
            said = self._words(raw)
            raise Refused(f"{url} failed while it answered: {said}.", _LOOK, 200, said)

    def _words(self, raw: bytes) -> str:
        """What an error answer says, in one line."""
        text = raw[: 1 << 16].decode("utf-8", "replace")
        try:
            said = json.loads(text)
        except ValueError:
            # a page made for people says nothing to them here
            return "" if "<html" in text.lower() else self._clean(text)
        for name in ("error", "message", "detail"):
            while isinstance(said, dict) and said.get(name):
                said = said[name]
        return self._clean(said if isinstance(said, str) else json.dumps(said, ensure_ascii=False))

    def _clean(self, text: str) -> str:
        """Words of a stranger: one short line without control characters, and never the key."""
        if self._key:
            text = text.replace(self._key, "…")
        text = re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", " ", text).strip()
        return (f"{text[:_SAID_CHARACTERS]}…" if len(text) > _SAID_CHARACTERS else text).rstrip(".")


def _trust_nobody() -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _finishes(event: dict) -> bool:
    """Whether this is the last piece of an answer; some servers say no more after it."""
    choices = event.get("choices")
    return isinstance(choices, list) and any(isinstance(one, dict) and one.get("finish_reason") for one in choices)


async def _end(client) -> None:
    """Close the client, whatever is under way."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await client.aclose()


async def _whole(response, url: str) -> bytes:
    raw = bytearray()
    async for piece in _limited(response, url):
        raw += piece
    return bytes(raw)


async def _limited(response, url: str) -> AsyncIterator[bytes]:
    taken = 0
    async for piece in response.aiter_bytes():
        taken += len(piece)
        if taken > MOST_BYTES:
            raise ModelError(f"{url} answered with more than {MOST_BYTES >> 20} MiB.", _LOOK)
        yield piece
