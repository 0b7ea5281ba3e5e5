"""Connections, datagrams and look-ups of names, held against the rules before they happen."""

from __future__ import annotations

import sys

from ragapp.guard.rules import is_allowed, is_local, matches, parse_address
from ragapp.guard.state import refuse, state

_WITHIN = ("AF_UNIX", "AF_NETLINK")


def check_connection(event: str, arguments: tuple) -> None:
    """``socket.connect``, ``sendto`` and ``sendmsg``."""
    connection, address = arguments[:2]
    if address is None:  # a datagram on a connection that was let through
        return
    family = getattr(connection, "family", None)
    if isinstance(address, (str, bytes)) or str(getattr(family, "name", family)) in _WITHIN:
        return  # within this machine by nature
    host, port = _text(address[0]), address[1] if len(address) > 1 and isinstance(address[1], int) else None
    if is_local(host):
        state.local += event == "socket.connect"
    elif is_allowed(host, port, state.rules | state.found):
        state.remote += event == "socket.connect"
    else:
        place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        refuse("connection", place, f"A connection to {place}")


def check_name(event: str, arguments: tuple) -> None:
    """``socket.getaddrinfo`` and its kin: a name that is looked up is told to others, too."""
    name = _text(arguments[0][0] if event == "socket.getnameinfo" else arguments[0])
    port = arguments[1] if event == "socket.getaddrinfo" and isinstance(arguments[1], int) else None
    if name and not is_local(name) and not is_allowed(name, port or None, state.rules | state.found):
        refuse("look-up", name, f"A connection to {name}" if parse_address(name) else f"Looking up {name}")


def watch_sockets(event: str, arguments: tuple) -> None:
    """A name that is given to a socket itself is looked up before the interpreter tells of it; so it is checked here.

    Done when the first socket is made: to import their module takes a while that most commands need not spend.
    """
    socket = sys.modules.get("socket")
    if state.watches or socket is None:
        return
    state.watches = True

    def watched(name: str):
        method = getattr(socket.socket, name)

        def call(self, *values):
            address = values[0] if name.startswith("connect") else values[-1]
            if isinstance(address, tuple) and address and isinstance(address[0], (str, bytes)):
                host = _text(address[0])
                if not parse_address(host):
                    check_name("socket.getaddrinfo", (host, *address[1:]))
            return method(self, *values)

        call.__name__, call.__doc__ = name, method.__doc__
        return call

    for name in ("connect", "connect_ex", "sendto", "sendmsg"):
        if hasattr(socket.socket, name):
            setattr(socket.socket, name, watched(name))


def remember_addresses() -> None:
    """What an allowed name is found to be is allowed, too: a connection is made to the number."""
    import socket

    if state.remembers:
        return
    state.remembers = True
    real = socket.getaddrinfo

    def getaddrinfo(host, port, family=0, type=0, proto=0, flags=0):
        found = real(host, port, family, type, proto, flags)
        name = _text(host).rstrip(".").lower()
        if name and not is_local(name):
            ports = {rule_port for rule, rule_port in state.rules if matches(rule, name)}
            for *_, address in found:
                number = str(parse_address(str(address[0])))
                state.found |= {(number, rule_port) for rule_port in ports}
        return found

    socket.getaddrinfo = getaddrinfo


def _text(value) -> str:
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("ascii", "replace")
    return "" if value is None else str(value)
