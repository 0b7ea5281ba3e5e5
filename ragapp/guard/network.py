"""The allow list, and connections, datagrams and name look-ups checked against it before they happen."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from ragapp.guard.state import Rule, refuse, state

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

# address families that stay within this machine
_WITHIN = ("AF_UNIX", "AF_NETLINK")


def parse_entry(entry: str) -> Rule:
    """A ``host`` or ``host:port`` as (host in lower case, port or None).

    Raises:
        ValueError: it is neither.
    """
    text = entry.strip()
    if address := _parse_address(text.strip("[]")):
        return str(address), None
    host, colon, port = text.rpartition(":")
    if not colon:
        host, port = text, ""
    host = host.strip("[]").rstrip(".").lower()
    if not host or set(host) & set("/@?#*\\ \t\n") or (colon and not (port.isdigit() and 0 < int(port) < 65536)):
        raise ValueError(f"{entry!r} is no host or host:port")
    return str(_parse_address(host) or host), int(port) if colon else None


def check_connection(event: str, arguments: tuple[Any, ...]) -> None:
    """Check ``socket.connect``, ``sendto`` and ``sendmsg``."""
    connection, address = arguments[:2]
    if address is None:  # a datagram on a connection that was let through
        return
    family = getattr(connection, "family", None)
    if isinstance(address, (str, bytes)) or str(getattr(family, "name", family)) in _WITHIN:
        return
    host, port = _text(address[0]), address[1] if len(address) > 1 and isinstance(address[1], int) else None
    if is_local(host):
        state.local += event == "socket.connect"
    elif is_allowed(host, port, state.rules | state.found):
        state.remote += event == "socket.connect"
    else:
        place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        refuse("connection", place, f"A connection to {place}")


def check_name(event: str, arguments: tuple[Any, ...]) -> None:
    """Check ``socket.getaddrinfo`` and its kin: looking up a name tells it to others, too."""
    name = _text(arguments[0][0] if event == "socket.getnameinfo" else arguments[0])
    port = arguments[1] if event == "socket.getaddrinfo" and isinstance(arguments[1], int) else None
    if name and not is_local(name) and not is_allowed(name, port or None, state.rules | state.found):
        refuse("look-up", name, f"A connection to {name}" if _parse_address(name) else f"Looking up {name}")


def watch_sockets(event: str, arguments: tuple[Any, ...]) -> None:
    """Check names that are passed to a socket: the interpreter looks them up before it raises the audit event.

    Done when the first socket is made, as most commands need not spend the time to import the module.
    """
    socket = sys.modules.get("socket")
    if state.watches or socket is None:
        return
    state.watches = True

    def watched(name: str) -> Callable[..., Any]:
        method = getattr(socket.socket, name)

        def call(self: object, *values: Any) -> Any:
            address = values[0] if name.startswith("connect") else values[-1]
            if isinstance(address, tuple) and address and isinstance(address[0], (str, bytes)):
                host = _text(address[0])
                if not _parse_address(host):
                    check_name("socket.getaddrinfo", (host, *address[1:]))
            return method(self, *values)

        call.__name__, call.__doc__ = name, method.__doc__
        return call

    for name in ("connect", "connect_ex", "sendto", "sendmsg"):
        if hasattr(socket.socket, name):
            setattr(socket.socket, name, watched(name))


def remember_addresses() -> None:
    """Allow the addresses that an allowed name resolves to, since a connection is made to the address."""
    import socket

    if state.remembers:
        return
    state.remembers = True
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, port: Any, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0) -> Any:
        found = real(host, port, family, type, proto, flags)
        name = _text(host).rstrip(".").lower()
        if name and not is_local(name):
            ports = {rule_port for rule, rule_port in state.rules if _matches(rule, name)}
            for *_, address in found:
                number = str(_parse_address(str(address[0])))
                state.found |= {(number, rule_port) for rule_port in ports}
        return found

    socket.getaddrinfo = getaddrinfo


def _parse_address(host: str) -> IPv4Address | IPv6Address | None:
    """A numeric address, IPv4 inside IPv6 unwrapped; None for a name."""
    import ipaddress

    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def is_local(host: str) -> bool:
    """Whether a host can be nothing but this machine."""
    address = _parse_address(host)
    if address is None:
        return host in ("localhost", "localhost.", "ip6-localhost")
    return address.is_loopback or address.is_unspecified  # nothing but this machine answers to 0.0.0.0


def is_allowed(host: str, port: int | None, rules: Iterable[Rule]) -> bool:
    """Whether a rule names this host, and this port where both name one."""
    name = str(_parse_address(host) or host.rstrip(".").lower())
    return any(
        _matches(rule, name) and (rule_port is None or port is None or port == rule_port) for rule, rule_port in rules
    )


def _matches(rule: str, name: str) -> bool:
    return name == rule or (rule.startswith(".") and (name == rule[1:] or name.endswith(rule)))


def _text(value: str | bytes | bytearray | None) -> str:
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("ascii", "replace")
    return "" if value is None else str(value)
