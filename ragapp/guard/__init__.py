"""The guard: refuses, reports and counts whatever would reach another machine, whichever library tries.

It is an audit hook of the interpreter (PEP 578), which no library can remove: every connection, datagram and name
look-up that Python makes, and every program that it starts, is checked against an allow list before it happens.
Processes that ragapp starts are guarded from their first line, too.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable
from typing import Any

from ragapp.guard.network import check_connection, check_name, parse_entry, remember_addresses, watch_sockets
from ragapp.guard.programs import allow_program, check_program, guarded_command
from ragapp.guard.state import read_tally, state

__all__ = [
    "VARIABLE",
    "allow",
    "allow_program",
    "count_refusals_in",
    "environment",
    "guarded_command",
    "install",
    "parse_entry",
    "read_tally",
    "report",
]

#: environment variable of every process that is to be guarded: what it may reach, and where refusals are counted
VARIABLE = "_RAGAPP_GUARD"
_CHECKS: dict[str, Callable[[str, tuple[Any, ...]], None]] = {
    "socket.__new__": watch_sockets,
    **dict.fromkeys(("socket.connect", "socket.sendto", "socket.sendmsg"), check_connection),
    **dict.fromkeys(
        ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo"), check_name
    ),
    **dict.fromkeys(
        ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.startfile"), check_program
    ),
}


def install() -> None:
    """Guard this process for good, and the processes that it starts; a second call changes nothing."""
    if state.installed:
        return
    state.installed = True
    _read_environment()
    os.environ.update(environment())
    # uvloop connects without Python, unseen by the hook; where its import fails, asyncio's own loop is used
    sys.modules.setdefault("uvloop", None)  # type: ignore[arg-type]
    allow(())
    sys.addaudithook(_hook)


def allow(entries: Iterable[str]) -> None:
    """Let this process, but not those that it starts, reach hosts.

    Each is a ``host`` or ``host:port``; ``.example.org`` includes subdomains. Anything else raises ValueError.
    """
    state.rules |= {parse_entry(entry) for entry in entries}
    if state.rules:
        remember_addresses()


def environment(entries: Iterable[str] = (), *, own: bool = False) -> dict[str, str]:
    """Environment of a guarded process that may reach these hosts, and with ``own`` those of this process, too."""
    rules = {parse_entry(entry) for entry in entries} | (state.rules if own else set())
    return {VARIABLE: json.dumps({"allow": sorted(rules, key=str), "tally": state.tally})}


def count_refusals_in(file: str | os.PathLike[str]) -> None:
    """Count refusals of this process and its children in a file, which never holds an address."""
    state.tally = os.fspath(file)
    if state.installed:
        os.environ.update(environment())


def report() -> dict[str, Any]:
    """What the guard of this process has seen.

    ``connections`` counts all that were made, ``to_allowed_hosts`` those that left this machine, ``attempts`` refusals.
    ``refused`` has the latest of these as ``{"address", "by", "when", "kind"}``; ``by`` names the libraries from the
    one that ragapp called to the one that tried.
    """
    return {
        "guarded": state.installed,
        "connections": state.local + state.remote,
        "to_allowed_hosts": state.remote,
        "attempts": state.refusals,
        "refused": list(state.refused),
    }


def _read_environment() -> None:
    """Take over the allow list and tally that the parent process passed on."""
    try:
        given = json.loads(os.environ.get(VARIABLE) or "{}")
        rules = {(str(host), port) for host, port in given.get("allow", ())}
    except (ValueError, TypeError, AttributeError):
        return
    state.rules |= rules
    state.tally = str(given.get("tally", ""))


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if check := _CHECKS.get(event):
        check(event, arguments)
