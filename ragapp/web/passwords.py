"""The page's password: a salted hash, a limited number of tries, sessions, and the page that asks for it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from html import escape

from ragapp.errors import SettingsError

MIN_CHARACTERS = 10
# scrypt (RFC 7914): 32 MiB and about a tenth of a second a guess
_COST, _BLOCK, _LANES = 2**15, 8, 1
_MEMORY = 128 * _COST * _BLOCK * 2
_SALT_BYTES, _HASH_BYTES = 16, 32
_KIND = "scrypt"

SIGN_IN = "/sign-in"
SIGN_OUT = "/sign-out"

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>ragapp: sign in</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body {{ font-family: system-ui, sans-serif; max-width: 20rem; margin: 15vh auto; padding: 0 1rem }}
:root {{ color-scheme: light dark }}
input, button {{ font: inherit; width: 100%; box-sizing: border-box; padding: .5rem; margin-top: .5rem }}
p {{ color: #b3261e }}
</style></head>
<body><h1>ragapp</h1>
<form method="post" action="{action}">
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required autofocus>
<button type="submit">Sign in</button>
{message}</form></body></html>
"""


def hash_password(password: str) -> str:
    """The value of ``server.password``: kind, cost, salt and hash of a password.

    Raises:
        SettingsError: it is too short.
    """
    if len(password) < MIN_CHARACTERS:
        raise SettingsError(f"A password has {MIN_CHARACTERS} characters at least.", "Take a longer one.")
    salt = secrets.token_bytes(_SALT_BYTES)
    values = (_derive(password, salt, _COST, _BLOCK, _LANES), salt)
    key, salt_text = (base64.b64encode(value).decode("ascii") for value in values)
    return f"{_KIND}${_COST}${_BLOCK}${_LANES}${salt_text}${key}"


def check_hash(stored: str) -> None:
    """Refuse a ``server.password`` that is no hash; it is not repeated in the message, as it may be the password.

    Raises:
        SettingsError: it is none.
    """
    try:
        _parse(stored)
    except ValueError:
        raise SettingsError(
            "server.password holds no hash of a password.", "Let ragapp make it: ragapp ui --set-password"
        ) from None


def is_password(password: str, stored: str) -> bool:
    """Whether this is the password, in a time that does not tell how much of it is right."""
    salt, key, cost, block, lanes = _parse(stored)
    return hmac.compare_digest(_derive(password, salt, cost, block, lanes), key)


def _derive(password: str, salt: bytes, cost: int, block: int, lanes: int) -> bytes:
    return hashlib.scrypt(
        password.encode("utf-8", "surrogatepass"),
        salt=salt,
        n=cost,
        r=block,
        p=lanes,
        maxmem=_MEMORY,
        dklen=_HASH_BYTES,
    )


def _parse(stored: str) -> tuple[bytes, bytes, int, int, int]:
    kind, *numbers, salt, key = stored.split("$")
    cost, block, lanes = map(int, numbers)
    parts = base64.b64decode(salt, validate=True), base64.b64decode(key, validate=True)
    # a hash that somebody else wrote must not take all memory, nor be a weak one
    if kind != _KIND or (cost, block, lanes) != (_COST, _BLOCK, _LANES) or len(parts[1]) != _HASH_BYTES:
        raise ValueError("not of this kind")
    return *parts, cost, block, lanes


class Attempts:
    """Limits how often a password may be tried, by each machine and by all together.

    Args:
        each: tries of one machine within the window.
        together: tries of all machines within the window.
        window_s: seconds.
        clock: of a steady time in seconds.
    """

    _MOST_CLIENTS = 10_000

    def __init__(
        self, each: int = 5, together: int = 50, window_s: float = 300, clock: Callable[[], float] = time.monotonic
    ):
        self._each, self._together, self._window = each, together, window_s
        self._clock = clock
        self._tries: dict[str, list[float]] = {}

    def take(self, client: str) -> float:
        """Count a try before it is made, so that many at once are no way round.

        Returns:
            0 where it may be made, else seconds to wait.
        """
        now = self._clock()
        for name in [name for name, times in self._tries.items() if times[-1] <= now - self._window]:
            del self._tries[name]
        recent = {name: [at for at in times if at > now - self._window] for name, times in self._tries.items()}
        own, every = recent.get(client, []), sorted(at for times in recent.values() for at in times)
        for times, most in ((own, self._each), (every, self._together)):
            if len(times) >= most:
                return max(1.0, times[-most] + self._window - now)
        if client in self._tries or len(self._tries) < self._MOST_CLIENTS:
            self._tries[client] = [*own, now]
        return 0.0

    def forgive(self, client: str) -> None:
        """Forget a machine's tries: it knows the password."""
        self._tries.pop(client, None)


class Sessions:
    """Signed-in sessions, by random tokens that live in this process alone.

    Args:
        idle_s: seconds after which an unused one ends.
        most: how many there may be; the one that was unused longest ends first.
        clock: of a steady time in seconds.
    """

    def __init__(self, idle_s: float = 12 * 3600, most: int = 100, clock: Callable[[], float] = time.monotonic):
        self.idle_s, self._most, self._clock = idle_s, most, clock
        self._used: dict[bytes, float] = {}

    def begin(self) -> str:
        """A new session's token."""
        token = secrets.token_urlsafe(32)
        while len(self._used) >= self._most:
            del self._used[min(self._used, key=self._used.__getitem__)]
        self._used[_digest(token)] = self._clock()
        return token

    def goes_on(self, token: str) -> bool:
        """Whether this is the token of a session; its idle time starts anew."""
        # looked up by its hash, so that the time that takes tells nothing of the token
        digest, now = _digest(token), self._clock()
        used = self._used.get(digest)
        if used is None or now - used > self.idle_s:
            self._used.pop(digest, None)
            return False
        self._used[digest] = now
        return True

    def end(self, token: str) -> None:
        """End a session."""
        self._used.pop(_digest(token), None)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def sign_in_page(message: str = "") -> str:
    """The HTML of the page.

    Args:
        message: why the last try did not work; escaped here.
    """
    told = f'<p role="alert">{escape(message)}</p>\n' if message else ""
    return _PAGE.format(action=SIGN_IN, message=told)
