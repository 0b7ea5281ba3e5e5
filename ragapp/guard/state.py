"""What the guard of this process may let through, and what it has seen."""

from __future__ import annotations

import json
import os
import threading
import time
from collections import deque
from collections.abc import Iterable

from ragapp.errors import PrivacyError, ProgramError
from ragapp.guard.rules import Rule, parse_entry
from ragapp.guard.stack import who

#: in the environment of every process that is to be guarded: what it may reach, and where refusals are counted
VARIABLE = "_RAGAPP_GUARD"
# refusals that are kept with their address, and bytes that the file of counts may grow to
_KEPT = 100
_TALLY_BYTES = 64 * 1024


class State:
    """The guard of one process."""

    def __init__(self) -> None:
        self.installed = self.remembers = self.watches = False
        self.rules: set[Rule] = set()
        self.found: set[Rule] = set()  # addresses that allowed names were found to have
        self.commands: list[list[str]] = []  # may be started just now, though they are not guarded
        self.local = self.remote = self.refusals = 0
        self.refused: deque[dict[str, str]] = deque(maxlen=_KEPT)
        self.tally = ""
        self.lock = threading.RLock()


state = State()


def read_environment() -> None:
    """Take over what the process that started this one has said."""
    try:
        given = json.loads(os.environ.get(VARIABLE) or "{}")
        rules = {(str(host), port) for host, port in given.get("allow", ())}
    except (ValueError, TypeError, AttributeError):
        return
    state.rules |= rules
    state.tally = str(given.get("tally", ""))


def environment(entries: Iterable[str] = (), *, own: bool = False) -> dict[str, str]:
    """What a guarded process needs in its environment to reach some hosts.

    Args:
        entries: these hosts; see :func:`ragapp.guard.allow`.
        own: and those that this process may reach.
    """
    rules = {parse_entry(entry) for entry in entries} | (state.rules if own else set())
    return {VARIABLE: json.dumps({"allow": sorted(rules, key=str), "tally": state.tally})}


def tell_children() -> None:
    """Have the processes that this one starts guarded; what this one may reach is none of their business."""
    os.environ.update(environment())


def count_in(file: str | os.PathLike) -> None:
    """Have refusals counted in a file, those of the processes that this one starts, too; it never holds an address."""
    state.tally = os.fspath(file)
    if state.installed:
        tell_children()


def report() -> dict:
    """What this process's guard has seen.

    Returns:
        ``connections`` (all that were made), ``to_allowed_hosts`` (those that left this machine), ``attempts`` (how
        many were refused), and ``refused``: of the latest of these ``{"address", "by", "when", "kind"}``, where ``by``
        names the libraries from the one that was called to the one that tried.
    """
    return {
        "guarded": state.installed,
        "connections": state.local + state.remote,
        "to_allowed_hosts": state.remote,
        "attempts": state.refusals,
        "refused": list(state.refused),
    }


def read_tally(file: str | os.PathLike) -> dict[str, int]:
    """How many attempts were refused so far, by library, as :func:`count_in` kept them; empty where none was."""
    counts: dict[str, int] = {}
    try:
        with open(file, encoding="utf-8") as stream:
            for line in stream:
                if by := line.strip():
                    counts[by] = counts.get(by, 0) + 1
    except OSError:
        return {}
    return counts


def refuse(kind: str, address: str, what: str) -> None:
    """Note an attempt and refuse it.

    Raises:
        PrivacyError: always; ProgramError where a program was to be started.
    """
    by = who()
    with state.lock:
        state.refusals += 1
        when = time.strftime("%Y-%m-%dT%H:%M:%S%z")
        state.refused.append({"address": address, "by": by, "when": when, "kind": kind})
        _count(by)
    message = f"{what} was refused; {by} tried."
    if kind == "program":
        raise ProgramError(message, "ragapp needs no such program; please report it.")
    raise PrivacyError(
        message, "Nothing but this machine may be reached. If you want it, name the host in privacy.allow."
    )


def _count(by: str) -> None:
    if not state.tally:
        return
    try:
        descriptor = os.open(state.tally, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            if os.fstat(descriptor).st_size < _TALLY_BYTES:
                os.write(descriptor, f"{by}\n".encode())
        finally:
            os.close(descriptor)
    except OSError:
        pass  # that it cannot be counted is no reason to let it pass
