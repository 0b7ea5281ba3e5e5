"""What the guard of this process lets through and has seen, and how it refuses."""

from __future__ import annotations

import os
import re
import sys
import threading
import time
from collections import Counter, deque
from contextlib import suppress
from types import FrameType
from typing import NoReturn

from ragapp.errors import PrivacyError, ProgramError

#: a host, or with a leading dot a host and its subdomains; and a port, None for any
Rule = tuple[str, int | None]

# refusals that are kept with their address, and bytes that the tally may grow to
_KEPT = 100
_TALLY_BYTES = 64 * 1024
_HERE = os.path.dirname(os.path.abspath(__file__))
_STDLIB = os.path.dirname(os.path.abspath(os.__file__))


class State:
    """The guard of one process."""

    def __init__(self) -> None:
        self.installed = self.remembers = self.watches = False
        self.rules: set[Rule] = set()
        self.found: set[Rule] = set()  # addresses that allowed names resolved to
        self.commands: list[list[str]] = []  # may be started just now, though they are not guarded
        self.local = self.remote = self.refusals = 0
        self.refused: deque[dict[str, str]] = deque(maxlen=_KEPT)
        self.tally = ""
        self.lock = threading.RLock()


state = State()


def refuse(kind: str, address: str, what: str) -> NoReturn:
    """Record an attempt and raise PrivacyError, or ProgramError where a program was to be started."""
    by = _libraries_on_stack()
    with state.lock:
        state.refusals += 1
        when = time.strftime("%Y-%m-%dT%H:%M:%S%z")
        state.refused.append({"address": address, "by": by, "when": when, "kind": kind})
        if state.tally:
            _count(by)
    message = f"{what} was refused; {by} tried."
    if kind == "program":
        raise ProgramError(message, "ragapp needs no such program; please report it.")
    raise PrivacyError(
        message, "Nothing but this machine may be reached. If you want it, name the host in privacy.allow."
    )


def read_tally(file: str | os.PathLike[str]) -> dict[str, int]:
    """Refusals by library, as counted in a file; empty where there were none."""
    try:
        with open(file, encoding="utf-8") as stream:
            return dict(Counter(line.strip() for line in stream if line.strip()))
    except OSError:
        return {}


def _count(by: str) -> None:
    with suppress(OSError):  # an attempt that cannot be counted is refused all the same
        descriptor = os.open(state.tally, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with open(descriptor, "ab") as stream:
            if os.fstat(descriptor).st_size < _TALLY_BYTES:
                stream.write(f"{by}\n".encode())


def _libraries_on_stack() -> str:
    """The libraries on the stack, from the one that ragapp called to the one that tried."""
    chain: list[str] = []
    frame: FrameType | None = sys._getframe(1)
    while frame:
        name = _store(frame.f_code.co_filename, frame.f_globals.get("__name__", ""))
        if name == "ragapp" and chain:
            break
        if name and name not in chain:
            chain.append(name)
        frame = frame.f_back
    return " > ".join(reversed(chain)) or "Python"


def _store(file: str, module: str) -> str:
    """The package that a frame belongs to; empty for the standard library and the guard."""
    path = os.path.abspath(file)
    if os.path.dirname(path) == _HERE:
        return ""
    if found := re.match(r".*/(?:site|dist)-packages/([^/]+)", path.replace("\\", "/")):
        return found[1].removesuffix(".py")
    if path.startswith(_STDLIB + os.sep) or file.startswith("<frozen"):
        return ""
    return os.path.basename(path) if module in ("__main__", "__mp_main__") else module.split(".")[0]
