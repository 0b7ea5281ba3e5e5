"""``server.json`` in the data folder: where the running page listens, and the secret that opens its API."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from ragapp import file_permissions

SERVER_FILE = "server.json"


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A page that runs."""

    url: str  # base address
    pid: int  # process id
    token: str  # opens the API


def new_token() -> str:
    """A secret that nobody guesses."""
    return secrets.token_urlsafe(32)


@contextmanager
def announced(data: Path, url: str, token: str) -> Iterator[Path]:
    """Write the file for the time that the page runs; only its owner may read it."""
    file_permissions.make_private_folder(data)
    file = data / SERVER_FILE
    file_permissions.write_atomically(file, json.dumps(asdict(RunningServer(url, os.getpid(), token))))
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
