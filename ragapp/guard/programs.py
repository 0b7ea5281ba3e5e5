"""Programs that may be started: those that are guarded themselves, and a few that need no network."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import dropwhile
from typing import Any

from ragapp.guard.state import refuse, state

# the OCR engine, and programs of the system by which libraries ask what machine this is
_KNOWN = frozenset(
    {"tesseract", "uname", "ldconfig", "ldd", "gcc", "cc", "ld", "objdump", "lscpu", "sysctl", "sw_vers", "getconf"}
)
_START = os.path.join(os.path.dirname(os.path.abspath(__file__)), "launcher.py")
_SWITCHES = ("-I", "-P", "-s", "-E", "-u", "-B")


def guarded_command(script: str | os.PathLike[str], *arguments: str, isolated: bool = False) -> list[str]:
    """The command that runs a Python file with the guard installed before its first line.

    An ``isolated`` one ignores environment variables and user packages (``python -I``), and is sealed off the network
    where the system can do that (:mod:`ragapp.guard.seccomp`).
    """
    return [sys.executable, "-I" if isolated else "-P", _START, os.fspath(script), *arguments]


@contextmanager
def allow_program(command: Iterable[str]) -> Iterator[None]:
    """Allow one command, guarded or not, while the context lasts."""
    words = list(map(str, command))
    state.commands.append(words)
    try:
        yield
    finally:
        state.commands.remove(words)


def check_program(event: str, arguments: tuple[Any, ...]) -> None:
    """Check ``subprocess.Popen``, ``os.system``, ``os.exec`` and their kin."""
    words = _words(event, arguments)
    if words in state.commands or _is_own(words):
        return
    first = words[0].split() if words else []
    name = os.path.basename(first[0]).lower().removesuffix(".exe") if first else ""
    if name not in _KNOWN:
        refuse("program", name, f"Starting the program {name!r}")


def _words(event: str, arguments: tuple[Any, ...]) -> list[str]:
    if event == "os.system":
        return [os.fsdecode(arguments[0])]
    if event == "subprocess.Popen":
        program, given = arguments[:2]
        if isinstance(given, (str, bytes)):  # Windows
            return [os.fsdecode(given)]
        return [os.fsdecode(program or given[0]), *map(os.fsdecode, list(given)[1:])]
    # os.exec, os.posix_spawn, os.spawn, os.startfile: path and arguments are the first that are a path and a list
    path = next((value for value in arguments if isinstance(value, (str, bytes))), "")
    given = next((value for value in arguments if isinstance(value, (list, tuple))), ())
    return [os.fsdecode(path), *map(os.fsdecode, given[1:])]


def _is_own(words: list[str]) -> bool:
    """Whether this Python is started with something that installs the guard first."""
    pythons = {os.path.abspath(path) for path in (sys.executable, getattr(sys, "_base_executable", "")) if path}
    if not words or os.path.abspath(words[0]) not in pythons:
        return False
    rest = list(dropwhile(_SWITCHES.__contains__, words[1:]))
    if rest[:1] == ["-m"]:
        return len(rest) > 1 and rest[1].split(".")[0] == "ragapp"
    if rest[:1] == ["-c"]:  # how multiprocessing starts its processes; their environment has the guard
        return len(rest) > 1 and rest[1].startswith("from multiprocessing.")
    return bool(rest) and os.path.abspath(rest[0]) == _START
