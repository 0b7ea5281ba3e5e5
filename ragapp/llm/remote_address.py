"""Where a language model that runs elsewhere is, and whether the person allows sending documents there."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlsplit, urlunsplit

from ragapp.errors import SettingsError

_PORTS = {"http": 80, "https": 443}
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_EXAMPLE = "Write it like http://gpu.example:8000/v1, which is what the server's own manual calls the base URL."


class Address(NamedTuple):
    """A server's address.

    Attributes:
        url: without a slash at the end; what OpenAI-compatible paths are put behind.
        root: the same without ``/v1``; what the server's own paths are put behind.
        host: in lower case, without brackets.
        port: always given.
        encrypted: whether it is https.
    """

    url: str
    root: str
    host: str
    port: int
    encrypted: bool

    @property
    def loopback(self) -> bool:
        """Whether it is this machine, under a name that cannot mean another."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def place(self) -> str:
        """Host and port, as ``privacy.allow`` takes them."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(url: str) -> Address:
    """The parts of ``llm.url``.

    Raises:
        SettingsError: it is no http(s) address, or holds a password, a query or a fragment.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise SettingsError("llm.url is not a valid address.", _EXAMPLE) from None
    if "@" in parts.netloc or parts.query or parts.fragment:
        # not repeated in the message: it may hold a secret
        raise SettingsError(
            "llm.url holds a user name, a password, a query or a fragment.",
            "Leave only scheme, host, port and path, and name the environment variable of a key in llm.api_key_env.",
        )
    if parts.scheme not in _PORTS or not host or re.search(r"[\s%\\]", parts.netloc):
        raise SettingsError(f"llm.url cannot be {url!r}.", _EXAMPLE)
    clean = urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", ""))
    root = clean.removesuffix("/v1")
    return Address(clean, root, host.rstrip("."), port or _PORTS[parts.scheme], parts.scheme == "https")


def check_allowed(url: str, allow: Sequence[str]) -> None:
    """Refuse to send anything to an address that the person has not allowed.

    This machine needs no permission: naming it in ``llm.url`` is enough.

    Args:
        url: ``llm.url``.
        allow: ``privacy.allow``: ``host``, which stands for all its ports, or ``host:port``.

    Raises:
        SettingsError: the address or an entry is not valid, or the address is not allowed; the hint holds the line to
            add.
    """
    address = parse_address(url)
    allowed = [_parse_entry(entry) for entry in allow]
    if address.loopback or any(host == address.host and port in (None, address.port) for host, port in allowed):
        return
    entries = ", ".join(f'"{entry}"' for entry in (*allow, address.place))
    raise SettingsError(
        f"llm.url sends questions and passages of your documents to {address.place}, which is not allowed.",
        f"If that is what you want, write into settings.yaml, below privacy: allow: [{entries}]",
    )


def _parse_entry(entry: str) -> tuple[str, int | None]:
    try:
        bare = ipaddress.ip_address(entry.strip("[] "))
    except ValueError:
        pass
    else:
        return str(bare), None
    try:
        parts = urlsplit(f"//{entry.strip()}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or re.search(r"[\s/@?#*\\]", entry.strip()):
        raise SettingsError(
            f"privacy.allow cannot hold {entry!r}.", 'Write a host or host:port, such as "gpu.example:8000".'
        )
    return host.rstrip("."), port


def read_key(variable: str) -> str:
    """The bearer token, empty where none is wanted.

    Args:
        variable: ``llm.api_key_env``, the name of an environment variable.

    Raises:
        SettingsError: it is no name of a variable, the variable is not set, or cannot stand in a header.
    """
    if not variable:
        return ""
    if not _VARIABLE.fullmatch(variable):
        # not repeated in the message: it may be the key itself
        raise SettingsError(
            "llm.api_key_env is not the name of an environment variable.",
            "Put the key into an environment variable, and that variable's name into llm.api_key_env.",
        )
    key = os.environ.get(variable, "").strip()
    if not key:
        raise SettingsError(
            f"The environment variable {variable}, which llm.api_key_env names, is not set.",
            f"Set it to the server's key: export {variable}=…",
        )
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise SettingsError(
            f"What the environment variable {variable} holds cannot be a key.", "Copy the key again, nothing else."
        )
    return key
