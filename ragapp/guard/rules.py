"""What counts as this machine, and what the person allowed besides it."""

from __future__ import annotations

from collections.abc import Iterable

#: a host, or with a leading dot a host and its subdomains; and a port, None for all
Rule = tuple[str, int | None]


def parse_entry(entry: str) -> Rule:
    """A ``host`` or ``host:port`` as (host in lower case, port or None).

    Raises:
        ValueError: it is neither.
    """
    text = entry.strip()
    number = parse_address(text.strip("[]"))
    if number:
        return str(number), None
    host, colon, port = text.rpartition(":")
    if not colon:
        host, port = text, ""
    host = host.strip("[]").rstrip(".").lower()
    if not host or set(host) & set("/@?#*\\ \t\n") or (colon and not (port.isdigit() and 0 < int(port) < 65536)):
        raise ValueError(f"{entry!r} is no host or host:port")
    return str(parse_address(host) or host), int(port) if colon else None


def parse_address(host: str):
    """A numeric address (an ``ipaddress`` object, IPv4 inside IPv6 unwrapped), None for a name."""
    import ipaddress

    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def is_local(host: str) -> bool:
    """Whether a host can be nothing but this machine."""
    if host in ("localhost", "localhost.", "ip6-localhost"):
        return True
    address = parse_address(host)
    # nothing but this machine answers to 0.0.0.0
    return address is not None and (address.is_loopback or address.is_unspecified)


def is_allowed(host: str, port: int | None, rules: Iterable[Rule]) -> bool:
    """Whether a rule names this host, and this port where both say one."""
    name = str(parse_address(host) or host.rstrip(".").lower())
    return any(
        matches(rule, name) and (rule_port is None or port is None or port == rule_port) for rule, rule_port in rules
    )


def matches(rule: str, name: str) -> bool:
    """Whether a rule's host is, or holds, this one."""
    return name == rule or (rule.startswith(".") and (name == rule[1:] or name.endswith(rule)))
