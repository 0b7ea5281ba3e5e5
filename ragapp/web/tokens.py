"""``tokens.json`` in the data folder: the keys that programs are given, which hold until they are withdrawn.

The default one is kept as it is, so that it can be shown again: its file belongs to the owner alone, and lies beside
the text of all documents, which is all that it opens. Of every other one only the hash is kept.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path

from ragapp import file_permissions
from ragapp.errors import StoreError, UsageError

TOKENS_FILE = "tokens.json"
DEFAULT = "default"
PREFIX = "ragapp-"
#: characters that a token which a person brings must have at least
MIN_CHARACTERS = 20
# how long a command waits for another one, or for the page
_WAIT_S = 10.0
_NAME = re.compile(r"[\w][\w .@-]{0,63}")
# what may stand in an HTTP header behind "Bearer" (RFC 6750)
_TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]+=*")


@dataclass(frozen=True, slots=True)
class Token:
    """A key as it is kept; days are ISO 8601, ``used`` is empty where it never was."""

    name: str
    sha256: str
    made: str
    used: str = ""
    token: str = ""  # of the default one alone


class Tokens:
    """The tokens of a data folder. All methods raise StoreError where the file cannot be read or written."""

    def __init__(self, data: Path):
        self.file = data / TOKENS_FILE
        self._seen: tuple[int, ...] = ()
        self._kept: tuple[Token, ...] = ()

    def all(self) -> list[Token]:
        """Those that hold, the default one first."""
        return sorted(self._read(), key=lambda one: (one.name != DEFAULT, one.name.casefold()))

    def prepare(self) -> None:
        """Make the default one where there never was a file; one that was withdrawn stays so."""
        with self._changing() as kept:
            if not self.file.exists():
                kept.append(_made(DEFAULT, _new(), True))

    def default(self) -> str:
        """The default one, made where there never was one. Raises UsageError: it was withdrawn."""
        self.prepare()
        for one in self._read():
            if one.name == DEFAULT:
                return one.token
        raise UsageError("The default token was withdrawn.", "Make another: ragapp token new")

    def new(self, name: str = DEFAULT, token: str = "") -> str:
        """Make a token; a new default one takes the place of the old.

        Args:
            name: what it is called in the list.
            token: one that the person brings; empty to make one.

        Raises UsageError: the name is taken or no name, or the token is too short or no token.
        """
        if not _NAME.fullmatch(name):
            raise UsageError(f"{name!r} is no name for a token.", "Use letters, digits and - _ . @")
        if token and (len(token) < MIN_CHARACTERS or not _TOKEN.fullmatch(token)):
            told = f"A token has {MIN_CHARACTERS} characters at least: letters without accents, digits and - . _ ~ + /"
            raise UsageError(told, "Leave it out, and one is made.")
        given = token or _new()
        with self._changing() as kept:
            if name != DEFAULT and any(one.name.casefold() == name.casefold() for one in kept):
                raise UsageError(
                    f"There is a token {name!r} already.", f"Withdraw it first: ragapp token revoke {name}"
                )
            kept[:] = [one for one in kept if one.name != name]
            kept.append(_made(name, given, name == DEFAULT))
        return given

    def revoke(self, name: str) -> None:
        """Withdraw a token; it opens nothing from now on. Raises UsageError: there is none of this name."""
        with self._changing() as kept:
            left = [one for one in kept if one.name != name]
            if len(left) == len(kept):
                raise UsageError(f"There is no token {name!r}.", "See: ragapp token list")
            kept[:] = left

    def accepts(self, given: str) -> bool:
        """Whether this is a token that holds now; the day of its use is noted.

        The file is read anew when it has changed, so a withdrawn token is refused at the next request.
        """
        digest = _digest(given)
        try:
            known = self._current()
        except StoreError:
            return False  # what cannot be read opens nothing
        # all are compared, so that the time tells nothing of them
        found = [one for one in known if hmac.compare_digest(one.sha256, digest)]
        for one in found:
            if one.used != _today():
                with suppress(StoreError), self._changing() as kept:
                    kept[:] = [replace(it, used=_today()) if it.sha256 == digest else it for it in kept]
        return bool(found)

    def _current(self) -> tuple[Token, ...]:
        seen: tuple[int, ...] = ()
        with suppress(OSError):
            state = self.file.stat()
            seen = (state.st_mtime_ns, state.st_size, state.st_ino)
        if seen != self._seen:
            self._kept = tuple(self._read())
            self._seen = seen
        return self._kept if seen else ()

    def _read(self) -> list[Token]:
        try:
            values = json.loads(self.file.read_text(encoding="utf-8"))
            return [Token(**{name: str(value) for name, value in one.items()}) for one in values["tokens"]]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            told = f"{self.file} cannot be read: {getattr(error, 'strerror', None) or 'it is damaged'}."
            raise StoreError(told, "Delete it, and give programs a new token: ragapp token new") from None

    @contextmanager
    def _changing(self) -> Iterator[list[Token]]:
        """The tokens, which are written when they have been changed, while no other process writes them."""
        from filelock import FileLock, Timeout

        try:
            file_permissions.make_private_folder(self.file.parent)
            with FileLock(self.file.with_suffix(".lock"), timeout=_WAIT_S, mode=file_permissions.FILE_MODE):
                before = self._read()
                kept = list(before)
                yield kept
                if kept != before or not self.file.exists():
                    text = json.dumps({"tokens": [asdict(one) for one in kept]}, indent=1)
                    file_permissions.write_atomically(self.file, text, lasting=True)
        except Timeout:
            raise StoreError(f"{self.file} is being changed by another process.", "Try again.") from None
        except OSError as error:
            raise StoreError(f"{self.file} cannot be written: {error.strerror}.", "Look at its folder.") from None


def _new() -> str:
    return PREFIX + secrets.token_urlsafe(32)


def _made(name: str, token: str, keep: bool) -> Token:
    return Token(name, _digest(token), _today(), token=token if keep else "")


def _digest(token: str) -> str:
    # 256 random bits cannot be guessed from their hash, so no slow one is needed
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _today() -> str:
    return date.today().isoformat()
