"""The page's password: a salted hash, a limited number of tries, sessions, and the page that asks for it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from html import escape
from pathlib import Path
from string import Template

from ragapp.errors import SettingsError
from ragapp.words.texts import tr

MIN_CHARACTERS = 10
# scrypt (RFC 7914): 32 MiB and about a tenth of a second a guess
_COST, _BLOCK, _LANES = 2**15, 8, 1
_MEMORY = 128 * _COST * _BLOCK * 2
_SALT_BYTES, _HASH_BYTES = 16, 32
_KIND = "scrypt"

SIGN_IN = "/sign-in"
SIGN_OUT = "/sign-out"

_PAGE = Template(Path(__file__).with_name("sign_in.html").read_text(encoding="utf-8"))


def hash_password(password: str) -> str:
    """The value of ``server.password``: kind, cost, salt and hash of a password.

    Raises SettingsError: it is too short.
    """
    if len(password) < MIN_CHARACTERS:
        raise SettingsError(f"A password has {MIN_CHARACTERS} characters at least.", "Take a longer one.")
    salt = secrets.token_bytes(_SALT_BYTES)
    key, salt_text = (base64.b64encode(value).decode("ascii") for value in (_derive(password, salt), salt))
    return f"{_KIND}${_COST}${_BLOCK}${_LANES}${salt_text}${key}"


def check_hash(stored: str) -> None:
    """Refuse a ``server.password`` that is no hash; it is not repeated in the message, as it may be the password.

    Raises SettingsError: it is none.
    """
    try:
        _parse(stored)
    except ValueError:
        told = "server.password holds no hash of a password."
        raise SettingsError(told, "Let ragapp make it: ragapp ui --set-password") from None


def is_password(password: str, stored: str) -> bool:
    """Whether this is the password, in a time that does not tell how much of it is right."""
    salt, key = _parse(stored)
    return hmac.compare_digest(_derive(password, salt), key)


def _derive(password: str, salt: bytes) -> bytes:
    given, options = password.encode("utf-8", "surrogatepass"), {"maxmem": _MEMORY, "dklen": _HASH_BYTES}
    return hashlib.scrypt(given, salt=salt, n=_COST, r=_BLOCK, p=_LANES, **options)


def _parse(stored: str) -> tuple[bytes, bytes]:
    """Salt and hash. Raises ValueError: this is no value that :func:`hash_password` makes."""
    kind, *numbers, salt, key = stored.split("$")
    cost, block, lanes = map(int, numbers)
    parts = base64.b64decode(salt, validate=True), base64.b64decode(key, validate=True)
    # a hash that somebody else wrote must not take all memory, nor be a weak one
    if kind != _KIND or (cost, block, lanes) != (_COST, _BLOCK, _LANES) or len(parts[1]) != _HASH_BYTES:
        raise ValueError("not of this kind")
    return parts


class Attempts:
    """Limits how often a password may be tried within ``window_s``, by each machine and by all together."""

    _MOST_CLIENTS = 10_000

    def __init__(
        self, each: int = 5, together: int = 50, window_s: float = 300, clock: Callable[[], float] = time.monotonic
    ):
        self._each, self._together, self._window = each, together, window_s
        self._clock = clock
        self._tries: dict[str, list[float]] = {}

    def take(self, client: str) -> float:
        """Count a try before it is made, so that many at once are no way round; returns seconds to wait, if any."""
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
    """Signed-in sessions, by random tokens that live in this process alone; an unused one ends after ``idle_s``.

    Where there are ``most``, the one that was unused longest ends first.
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


def sign_in_page(language: str, problem: str = "", **values: int) -> str:
    """The HTML of the page in a language; ``problem`` is the text that says why the last try did not work, if any."""
    told = f'<p role="alert">{escape(tr(language, problem, **values))}</p>\n' if problem else ""
    words = {name: escape(tr(language, f"sign.{name}")) for name in ("title", "password", "in")}
    return _PAGE.substitute(action=SIGN_IN, message=told, language=language, send=words.pop("in"), **words)
