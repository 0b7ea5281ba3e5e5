"""The guard: what would reach another machine is refused, told and counted, whoever tries.

It is an audit hook of the interpreter (PEP 578), which no library can take off again: each connection, datagram and
look-up of a name that Python makes, and each program that it starts, is held against a short list before it happens.
Processes that ragapp starts itself are guarded from their first line, too.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable

from ragapp.guard.network import check_connection, check_name, remember_addresses, watch_sockets
from ragapp.guard.programs import check_program, guarded_command, program_allowed
from ragapp.guard.rules import parse_entry
from ragapp.guard.state import (
    VARIABLE,
    count_in,
    environment,
    read_environment,
    read_tally,
    report,
    state,
    tell_children,
)

__all__ = [
    "VARIABLE",
    "allow",
    "count_in",
    "environment",
    "guarded_command",
    "install",
    "parse_entry",
    "program_allowed",
    "read_tally",
    "report",
]

_CHECKS: dict[str, Callable[[str, tuple], None]] = {
    "socket.__new__": watch_sockets,
    **dict.fromkeys(("socket.connect", "socket.sendto", "socket.sendmsg"), check_connection),
    **dict.fromkeys(
        ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo"), check_name
    ),
    **dict.fromkeys(
        ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.startfile"), check_program
    ),
}
# it makes connections without Python, so the hook would not see them; asyncio's own loop stands in for it
_UNSEEN = ("uvloop",)


def install() -> None:
    """Guard this process for good, and have the processes that it starts guarded; a second call changes nothing."""
    if state.installed:
        return
    state.installed = True
    read_environment()
    tell_children()
    for name in _UNSEEN:
        sys.modules.setdefault(name, None)  # to import it raises ImportError
    if state.rules:
        remember_addresses()
    sys.addaudithook(_hook)


def allow(entries: Iterable[str]) -> None:
    """Let this process, not those that it starts, reach these hosts.

    Args:
        entries: ``host`` or ``host:port``; ``.example.org`` stands for its subdomains, too.

    Raises:
        ValueError: an entry is neither.
    """
    state.rules |= {parse_entry(entry) for entry in entries}
    if state.rules:
        remember_addresses()


def _hook(event: str, arguments: tuple) -> None:
    check = _CHECKS.get(event)
    if check:
        check(event, arguments)
