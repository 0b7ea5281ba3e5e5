"""``server.json`` in the data folder: where the running page listens, and the secret that opens its API."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

SERVER_FILE = "server.json"


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A page that runs.

    Attributes:
        url: base address.
        pid: process id.
        token: opens the API.
    """

    url: str
    pid: int
    token: str


def new_token() -> str:
    """A secret that nobody guesses."""
    return secrets.token_urlsafe(32)


@contextmanager
def announced(data: Path, url: str, token: str) -> Iterator[Path]:
    """Write the file for the time that the page runs; only its owner may read it.

    Args:
        data: ``paths.data``.
        url: base address.
        token: opens the API.
    """
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = data / SERVER_FILE
    staged = file.with_suffix(f".{os.getpid()}")
    staged.unlink(missing_ok=True)
    # made with these rights, not given them afterwards
    with os.fdopen(os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
        json.dump(asdict(RunningServer(url, os.getpid(), token)), stream)
    os.replace(staged, file)
    try:
        yield file
    finally:
        found = read_server_file(data)
        if found and found.pid == os.getpid():
            with suppress(OSError):
                file.unlink()


def read_server_file(data: Path) -> RunningServer | None:
    """The page that the file tells of; None where there is none, or nothing that can be read."""
    try:
        values = json.loads((data / SERVER_FILE).read_text(encoding="utf-8"))
        return RunningServer(str(values["url"]), int(values["pid"]), str(values["token"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
