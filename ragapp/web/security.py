"""Access control of the page and the API: who may ask, from which site, and how much.

A page on 127.0.0.1 is reachable by every web site that the person has open, through the person's own browser. So the
host that is asked for is checked (another name that was made to point here is DNS rebinding), and the site that asks
(a form or script elsewhere is CSRF); with a password, a session; and on the API's paths, its token.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import math
import re
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from urllib.parse import parse_qs

from ragapp.errors import SettingsError
from ragapp.web.http_exchange import Request, Response, drained, read_body
from ragapp.web.passwords import SIGN_IN, SIGN_OUT, Attempts, Sessions, check_hash, is_password, sign_in_page
from ragapp.words.texts import choose_language

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_MIB = 1024 * 1024
# a password and its name in a form
_FORM_BYTES = 4096
# so much more than is taken is read before a program is told, and for so long
_DRAINED_BYTES, _DRAINED_S = 64 * _MIB, 20.0
_TOKEN_PATHS = re.compile(r"/(?:api|v1|mcp)(?:/|$)")
# tell whoever watches the server that it is there, and nothing of what it holds
_PROBES = frozenset({"/health", "/ready"})
_METRICS = "/metrics"
_UPLOADS = re.compile(r"/ui/upload$")
# the page's own, and what it needs of Gradio's; the rest of those hand out or accept files by ways of their own, fetch
# other addresses, or change the program
_ROUTES = re.compile(
    r"/(?:$|health$|ready$|metrics$|config/?$|theme\.css$|favicon\.ico$|manifest\.json$|pwa_icon(?:/|$)|assets/|static/|ui/|docs$|openapi\.json$"
    r"|gradio_api/(?:queue/(?:join|data)|run/predict|heartbeat/|reset|cancel|info|theme\.css|startup-events|app_id|user))"
)
# after decoding there is nothing left to decode in an honest path, and no way up
_ODD_PATH = re.compile(r"(?i)(?:^|[/\\=])\.\.(?:[/\\]|$)|[\x00-\x1f\\]|%(?:2e|2f|5c|25|00)|//")


@dataclass(frozen=True, slots=True)
class Policy:
    """Who may ask, and how much."""

    port: int  # of the server
    loopback: bool = True  # whether it listens to this machine only
    # names of this machine under which others may ask for it; addresses need not be named
    names: frozenset[str] = frozenset()
    token: str = ""  # opens the API, beside those that programs are given
    password: str = ""  # hash as :func:`ragapp.web.passwords.hash_password` makes it, empty for none
    upload_bytes: int = 200 * _MIB  # what one upload may have
    body_bytes: int = 4 * _MIB  # what any other request may have
    # pattern that paths of the page match from their beginning; all others are not there
    routes: re.Pattern[str] = _ROUTES
    metrics: Literal["off", "token", "open"] = "token"  # who may see /metrics


def policy_for(
    host: str,
    port: int,
    *,
    password: str = "",
    token: str = "",
    max_file_mb: int = 200,
    names: Iterable[str] = (),
    metrics: Literal["off", "token", "open"] = "token",
) -> Policy:
    """The policy for an address that is listened on, with further ``names`` under which others may ask for it.

    Raises:
        SettingsError: the address is none, the password no hash, or there is none although another address than this
            machine's own is to be listened on, or others can ask by a name.
    """
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        raise SettingsError(f"server.host {host!r} is not an address.", "Use 127.0.0.1.") from None
    if password:
        check_hash(password)
    elif not loopback:
        raise SettingsError(
            f"The page is not served on {host} without a password: everybody there could read your documents.",
            "Set one with: ragapp ui --set-password, or use 127.0.0.1.",
        )
    elif names := list(names):
        raise SettingsError(
            f"The page is not served as {names[0]} without a password: everybody there could read your documents.",
            "Set one with: ragapp ui --set-password, or leave server.names empty.",
        )
    own = set() if loopback else {socket.gethostname(), f"{socket.gethostname()}.local"}
    known = frozenset(name.lower().rstrip(".") for name in (*own, *names))
    return Policy(port, loopback, known, token, password, (max_file_mb + 1) * _MIB, metrics=metrics)


def warning(policy: Policy) -> str:
    """What a person should know before the page is opened to the network; empty where it is not."""
    if policy.loopback:
        return ""
    return (
        "The page is open to the network, and what it shows and the password can be read on the way: it has no TLS."
        " Put a reverse proxy with a certificate in front of it, or use an SSH tunnel to 127.0.0.1."
    )


class Security:
    """ASGI middleware that refuses what the policy does not allow; it must be the outermost.

    ``accepts`` says whether a token is one that programs were given.
    """

    def __init__(
        self,
        app: ASGIApp,
        policy: Policy,
        attempts: Attempts | None = None,
        sessions: Sessions | None = None,
        accepts: Callable[[str], bool] = lambda token: False,
    ):
        self._app = app
        self._policy = policy
        self._accepts = accepts
        self._attempts = attempts or Attempts()
        self._sessions = sessions or Sessions()
        self._cookie = f"ragapp_{policy.port}"  # cookies do not know of ports
        self._checking = asyncio.Semaphore(2)  # each takes 32 MiB

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what is refused, hand on what is not."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        response = Response(scope, send, bool(_TOKEN_PATHS.match(request.path)))
        refusal = self._refusal(request)
        if refusal:
            await response.refuse(*refusal)
        elif scope["type"] == "http" and self._policy.password and request.path in (SIGN_IN, SIGN_OUT):
            await self._sign(request, receive, response)
        elif not self._may_ask(request):
            await self._turn_away(request, response)
        else:
            await self._hand_on(request, receive, response)

    def _refusal(self, request: Request) -> tuple[int, str] | None:
        if not self._is_own_host(request):
            return 421, "This host is not served here."
        if _ODD_PATH.search(request.path):
            return 400, "This path is not valid."
        if not request.is_from_own_site():
            return 403, "Another site may not ask here."
        if _TOKEN_PATHS.match(request.path):
            return None
        if request.path == _METRICS and self._policy.metrics == "off":
            return 404, "There is nothing here."
        if not self._policy.routes.match(request.path) and request.path not in (SIGN_IN, SIGN_OUT):
            return 404, "There is nothing here."
        return None

    def _is_own_host(self, request: Request) -> bool:
        host, port = request.host
        if port not in (self._policy.port, None):
            return False
        if host == "localhost" or host in self._policy.names:
            return True
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return False  # a name that anybody may have made to point here
        return address.is_loopback or not self._policy.loopback

    def _may_ask(self, request: Request) -> bool:
        if request.path in _PROBES or (request.path == _METRICS and self._policy.metrics == "open"):
            return True
        if _wants_token(request.path):
            scheme, _, given = request.header(b"authorization").partition(b" ")
            given = given.strip(b" ")
            if scheme.lower() != b"bearer" or not given:
                return False
            own = self._policy.token.encode()
            return (bool(own) and hmac.compare_digest(given, own)) or self._accepts(given.decode("latin-1"))
        return not self._policy.password or self._sessions.goes_on(request.cookie(self._cookie))

    async def _turn_away(self, request: Request, response: Response) -> None:
        if _wants_token(request.path):
            await response.refuse(401, "The API's token is missing or wrong.", [(b"www-authenticate", b"Bearer")])
        elif request.is_navigation():
            await response.send(303, b"", [(b"location", SIGN_IN.encode())])
        else:
            await response.refuse(401, "Sign in first.")

    async def _sign(self, request: Request, receive: Receive, response: Response) -> None:
        if request.path == SIGN_OUT:
            self._sessions.end(request.cookie(self._cookie))
            gone = self._set_cookie("", 0, request)
            await response.send(303, b"", [(b"location", SIGN_IN.encode()), gone])
            return
        language = choose_language(request.header(b"accept-language").decode("latin-1"))
        if request.method != "POST":
            await response.send_html(200, sign_in_page(language))
            return
        wait = self._attempts.take(request.client)
        if wait:
            page = sign_in_page(language, "sign.wait", seconds=math.ceil(wait))
            await response.send_html(429, page, [(b"retry-after", str(int(wait) + 1).encode())])
            return
        form = await read_body(receive, _FORM_BYTES)
        if form is None:
            await response.refuse(413, "This is too much.")
            return
        password = parse_qs(form.decode("utf-8", "replace")).get("password", [""])[0]
        async with self._checking:
            right = await asyncio.to_thread(is_password, password, self._policy.password)
        if not right:
            await response.send_html(403, sign_in_page(language, "sign.wrong"))
            return
        self._attempts.forgive(request.client)
        cookie = self._set_cookie(self._sessions.begin(), int(self._sessions.idle_s), request)
        await response.send(303, b"", [(b"location", b"/"), cookie])

    def _set_cookie(self, value: str, seconds: int, request: Request) -> tuple[bytes, bytes]:
        secure = "; Secure" if request.scope.get("scheme") == "https" else ""
        text = f"{self._cookie}={value}; Max-Age={seconds}; Path=/; HttpOnly; SameSite=Strict{secure}"
        return b"set-cookie", text.encode()

    async def _hand_on(self, request: Request, receive: Receive, response: Response) -> None:
        if request.scope["type"] == "websocket":
            await self._app(request.scope, receive, response.raw)
            return
        to_program = bool(_TOKEN_PATHS.match(request.path))
        limit = self._policy.upload_bytes if _UPLOADS.match(request.path) else self._policy.body_bytes
        length = request.header(b"content-length")
        if length.isdigit() and int(length) > limit:
            if to_program:
                await drained(receive, _DRAINED_BYTES, _DRAINED_S)
            await response.refuse(413, f"More than {limit // _MIB} MiB are not taken.")
            return
        taken = 0

        async def limited() -> Message:
            nonlocal taken
            if response.closed:
                return {"type": "http.disconnect"}
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > limit:
                if to_program and message.get("more_body"):
                    await drained(receive, _DRAINED_BYTES, _DRAINED_S)
                await response.refuse(413, f"More than {limit // _MIB} MiB are not taken.")
                return {"type": "http.disconnect"}
            return message

        try:
            await self._app(request.for_app(to_program), limited, response.pass_on)
        except Exception:
            if not response.closed:  # what fails because it was cut off has been answered
                raise


def _wants_token(path: str) -> bool:
    return bool(_TOKEN_PATHS.match(path)) or path == _METRICS
