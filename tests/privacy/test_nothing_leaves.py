"""The proof: the whole journey in a network namespace that has nothing but loopback, every network call traced."""

from __future__ import annotations

import ipaddress
import re

import pytest
from journeykit import CANARY, QUESTION_CANARY, ROOT, need

# an address in a system call, as strace writes it
ADDRESS = re.compile(r'inet_(?:addr|pton)\((?:AF_INET6?, )?"([^"]+)"')


@pytest.mark.real
def test_the_whole_journey_needs_no_network(journey):
    need("namespaces", journey.seen is not None, "network namespaces are not allowed here (unshare --net).")
    assert journey.seen == {
        "interfaces": ["lo"],
        "ingested": 3,
        "hit": "travel-policy-2025.pdf",
        "asked": 1,
        "page": 200,
        "network": "ok",
        "refused": False,
        "strangers": {},
    }


@pytest.mark.real
@pytest.mark.browser
def test_a_real_browser_needs_no_network(visited):
    need("browser", visited is not None, "there is no Chromium, or network namespaces are not allowed here.")
    assert {key: visited[key] for key in ("interfaces", "elsewhere", "complaints", "refused")} == {
        "interfaces": ["lo"],
        "elsewhere": [],
        "complaints": [],
        "refused": False,
    }
    # the browser saw what there was to see
    assert visited["requests"] > 10
    assert (visited["answered"], visited["evidence"], visited["source"]) == (True, True, "vault.md")
    assert QUESTION_CANARY in visited["asked"]


@pytest.mark.real
@pytest.mark.browser
def test_a_browser_that_has_signed_in_keeps_its_session_to_itself(visited):
    need("browser", visited is not None, "there is no Chromium, or network namespaces are not allowed here.")
    assert visited["cookies"] == [{"httpOnly": True, "sameSite": "Strict", "path": "/"}]
    assert visited["script_sees"] == ""


@pytest.mark.real
@pytest.mark.browser
def test_what_came_through_the_page_is_purged_to_the_last_byte(visited):
    need("browser", visited is not None, "there is no Chromium, or network namespaces are not allowed here.")
    stores = [path for path in visited["held"] if path.startswith(("data/catalog.sqlite3", "data/chroma/"))]
    assert stores, "the search must find what the store holds"
    assert set(visited["held"]) - set(stores) == {"drop/vault.md"}
    assert visited["forgotten"] == 1
    # the person's own file stays, and the command says so
    assert (visited["left"], visited["kept"]) == (["drop/vault.md"], ["drop/vault.md"])


@pytest.mark.real
@pytest.mark.browser
def test_what_the_page_writes_is_for_its_owner_alone(visited):
    need("browser", visited is not None, "there is no Chromium, or network namespaces are not allowed here.")
    assert visited["open_to_others"] == []


@pytest.mark.real
def test_no_system_call_of_the_journey_names_another_machine(journey):
    need("strace", journey.trace is not None, "strace is missing or not allowed here (apt install strace).")
    assert addresses_outside(journey.trace) == []
    # the trace saw what there was to see: the page was fetched, and by no one but this machine
    assert 'inet_addr("127.0.0.1")' in journey.trace
    assert len(re.findall(r"\bconnect\(", journey.trace)) > 0


def addresses_outside(trace: str) -> list[str]:
    """Lines of a trace that send to an address which is no loopback; to listen is no contact."""
    found = []
    for line in trace.splitlines():
        call = re.search(r"\b(connect|sendto|sendmsg|sendmmsg)\(", line)
        if call:
            numbers = [ipaddress.ip_address(number.partition("%")[0]) for number in ADDRESS.findall(line)]
            found += [line for number in numbers if not (getattr(number, "ipv4_mapped", None) or number).is_loopback]
    return found


@pytest.mark.parametrize(
    ("line", "outside"),
    [
        ('9 connect(5, {sa_family=AF_INET, sin_addr=inet_addr("192.0.2.1")}, 16) = -1', True),
        ('9 connect(5, {sa_family=AF_INET, sin_addr=inet_addr("127.0.0.1")}, 16) = 0', False),
        ('9 connect(5, {sa_family=AF_INET6, inet_pton(AF_INET6, "2001:db8::1", &sin6_addr)}', True),
        ('9 connect(5, {sa_family=AF_INET6, inet_pton(AF_INET6, "::1", &sin6_addr)}', False),
        ('9 sendto(3, "x", 1, 0, {sa_family=AF_INET, sin_addr=inet_addr("8.8.8.8")}, 16) = 1', True),
        ('9 sendmmsg(3, [{msg_hdr={msg_name={sa_family=AF_INET, sin_addr=inet_addr("9.9.9.9")}}}], 2, 0) = 2', True),
        ('9 connect(5, {sa_family=AF_UNIX, sun_path="/run/nscd/socket"}, 110) = -1 ENOENT', False),
        ('9 bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0', False),
    ],
)
def test_a_trace_is_read_rightly(line, outside):
    assert bool(addresses_outside(line)) == outside


@pytest.mark.real
def test_nothing_that_was_read_or_asked_is_written_elsewhere(journey):
    """Whatever the program wrote, in its data, the home or the temporary folder: the store alone holds content."""
    marks = [mark.encode(code) for mark in (CANARY, QUESTION_CANARY) for code in ("utf-8", "utf-16-le")]
    stores, others = [], []
    for path in journey.home.rglob("*"):
        if path.is_file() and path.parent.name != "docs" and any(mark in path.read_bytes() for mark in marks):
            inside = path.relative_to(journey.home).as_posix().startswith(("data/catalog.sqlite3", "data/chroma/"))
            (stores if inside else others).append(path)
    assert stores, "the search must find what the store holds"
    assert others == []


def test_a_proof_that_is_demanded_is_not_skipped(monkeypatch):
    monkeypatch.setattr("journeykit.DEMANDED", {"strace"})
    need("strace", True, "")
    with pytest.raises(pytest.fail.Exception, match="NOT PROVEN"):
        need("strace", False, "it is missing.")
    with pytest.warns(UserWarning, match="NOT PROVEN"), pytest.raises(pytest.skip.Exception):
        need("namespaces", False, "they are not allowed.")
    demanded = re.search(r"TESTS_DEMAND=(\S+)", (ROOT / ".ci" / "run").read_text(encoding="utf-8"))[1]
    assert set(demanded.split(",")) == {"namespaces", "strace", "browser"}
