"""What the guard refuses, lets through, names and counts. Each table runs in one guarded process."""

import ast
import json
import os
import re
import stat
import subprocess
import sys
import tomllib

import pytest
from guardkit import ROOT, run_as_template, run_guarded, run_plain

from ragapp import guard
from ragapp.privacy import hub_hosts

TRY = """
import asyncio, json, multiprocessing, os, socket, subprocess, sys, threading
from ragapp import guard
from ragapp.errors import PrivacyError

kept = []

def tcp(address, family=socket.AF_INET):
    with socket.socket(family) as s:
        s.setblocking(False)
        result = s.connect_ex(address)
        return result

def udp(address, family=socket.AF_INET):
    with socket.socket(family, socket.SOCK_DGRAM) as s:
        return s.sendto(b"x", address)

def message(address):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        return s.sendmsg([b"x"], [], 0, address)

def listener(family=socket.AF_INET, host="127.0.0.1"):
    s = socket.socket(family)
    s.bind((host, 0))
    s.listen()
    kept.append(s)
    return s.getsockname()[:2]

def unix():
    a, b = socket.socketpair()
    path = "/tmp/ragapp-guard-%d" % os.getpid()
    with socket.socket(socket.AF_UNIX) as s, socket.socket(socket.AF_UNIX) as c:
        s.bind(path); s.listen(); c.connect(path)
    os.unlink(path)

async def streams(host, port):
    await asyncio.open_connection(host, port)

def fork():
    pid = os.fork()
    if not pid:
        try:
            tcp(("192.0.2.1", 80))
        except PrivacyError:
            os._exit(7)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7

def fetch(library, url):
    import importlib
    return getattr(importlib.import_module(library), "urlopen" if "urllib" in library else "get")(url)

results = {}
for source in json.loads(sys.argv[1]):
    before = guard.report()["attempts"]
    try:
        eval(source)
        error = ""
    except BaseException as caught:
        error = type(caught).__name__
    seen = guard.report()
    last = seen["refused"][-1] if seen["attempts"] > before else {}
    results[source] = [error, last]
print(json.dumps([results, guard.report()]))
"""

REFUSED = [
    ('tcp(("192.0.2.1", 80))', "192.0.2.1:80"),
    ('socket.create_connection(("192.0.2.1", 80))', "192.0.2.1"),
    ('tcp(("2001:db8::1", 80), socket.AF_INET6)', "[2001:db8::1]:80"),
    ('tcp(("::ffff:192.0.2.1", 80), socket.AF_INET6)', "[::ffff:192.0.2.1]:80"),
    ('tcp(("example.com", 80))', "example.com"),
    ('tcp(("10.0.0.1", 80))', "10.0.0.1:80"),
    ('tcp(("169.254.169.254", 80))', "169.254.169.254:80"),
    ('udp(("192.0.2.1", 53))', "192.0.2.1:53"),
    ('udp(("255.255.255.255", 9))', "255.255.255.255:9"),
    ('udp(("example.com", 53))', "example.com"),
    ('message(("192.0.2.1", 53))', "192.0.2.1:53"),
    ('message(("example.com", 53))', "example.com"),
    ('socket.getaddrinfo("example.com", 443)', "example.com"),
    ('socket.getaddrinfo(b"example.com", "https")', "example.com"),
    ('socket.getaddrinfo("127.0.0.1.example.com", 443)', "127.0.0.1.example.com"),
    ('socket.getaddrinfo("localhost.example.com", 443)', "localhost.example.com"),
    ('socket.gethostbyname("example.com")', "example.com"),
    ('socket.gethostbyname_ex("example.com")', "example.com"),
    ('socket.gethostbyaddr("192.0.2.1")', "192.0.2.1"),
    ('socket.getnameinfo(("192.0.2.1", 80), 0)', "192.0.2.1"),
    ('asyncio.run(streams("example.com", 443))', "example.com"),
    ('asyncio.run(streams("192.0.2.1", 443))', "192.0.2.1:443"),
    ('fetch("urllib.request", "http://example.com")', "example.com"),
    ('fetch("httpx", "http://example.com")', "example.com"),
    ('fetch("requests", "http://example.com")', "example.com"),
    ('subprocess.run(["curl", "http://example.com"])', "curl"),
    ('subprocess.run(["anything"], executable="/usr/bin/wget")', "wget"),
    ('subprocess.run("uname; curl example.com", shell=True)', "sh"),
    ('subprocess.run([sys.executable, "-c", "import socket"])', "python"),
    ('subprocess.run([sys.executable, "-m", "pip", "download", "x"])', "python"),
    ('subprocess.run([sys.executable, "/tmp/guard.py", "x"])', "python"),
    ('os.system("true")', "true"),
    ('os.execv("/bin/true", ["true"])', "true"),
    ('os.posix_spawn("/bin/true", ["true"], os.environ)', "true"),
]
ALLOWED = [
    "tcp(listener())",
    "tcp(listener(socket.AF_INET6, '::1'), socket.AF_INET6)",
    "udp(listener())",
    "tcp(('127.8.9.10', listener()[1]))",
    "unix()",
    "fork()",
    "asyncio.run(streams(*listener()))",
    "socket.getaddrinfo('localhost', 80)",
    "socket.getaddrinfo(None, 80)",
    "socket.getaddrinfo('::1', 80)",
    "socket.gethostname()",
    "subprocess.run(['uname'], capture_output=True, check=True)",
    "subprocess.run([sys.executable, '-m', 'ragapp', '--version'], capture_output=True, check=True)",
    "subprocess.run(guard.guarded_command(os.devnull), check=True)",
    "multiprocessing.get_context('spawn').Process(target=int).start()",
]


@pytest.fixture(scope="module")
def tried():
    sources = [source for source, _ in REFUSED] + ALLOWED
    done = run_guarded(TRY, json.dumps(sources))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(("source", "address"), REFUSED, ids=[source for source, _ in REFUSED])
def test_refused(tried, source, address):
    error, last = tried[0][source]
    assert error in ("PrivacyError", "ProgramError")
    assert re.sub(r"^python[\d.]+$", "python", last["address"]) == address
    assert set(last) == {"address", "by", "when", "kind"}


@pytest.mark.parametrize("source", ALLOWED)
def test_let_through(tried, source):
    assert tried[0][source] == ["", {}]


def test_everything_is_counted(tried):
    report = tried[1]
    assert report["attempts"] == len(REFUSED)
    assert report["connections"] == 4
    assert report["to_allowed_hosts"] == 0


def test_the_library_that_tried_is_named():
    code = """
import httpx, sys, threading
from ragapp import guard
from pathlib import Path
folder = Path(sys.argv[1]) / "site-packages" / "phoner"
folder.mkdir(parents=True)
(folder / "__init__.py").write_text("import httpx\\ndef home():\\n    return httpx.get('http://example.com')\\n")
sys.path.insert(0, str(folder.parent))
import phoner
try:
    phoner.home()
except Exception as error:
    print(type(error).__name__, error)
print(guard.report()["refused"][0]["by"])
"""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        first, by = run_guarded(code, folder).stdout.splitlines()
    assert by.endswith("phoner > httpx > httpcore")
    assert "phoner > httpx > httpcore tried" in first
    assert first.startswith("PrivacyError Looking up example.com was refused;")
    assert "privacy.allow" in first


def test_what_the_hook_cannot_see_is_not_imported():
    assert run_guarded("import uvloop").stderr.splitlines()[-1].startswith("ModuleNotFoundError")


RESOLVED = """
import socket, sys
numbers = {"model.test": "192.0.2.7", "a.hub.test": "192.0.2.8"}
def fake(host, port, *rest):
    sys.audit("socket.getaddrinfo", host, port, *rest)
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (numbers[host], port))]
socket.getaddrinfo = fake
from ragapp.privacy import protect
from ragapp import guard
protect()
guard.allow(["model.test:8000", ".hub.test"])
for host, port in (("192.0.2.7", 8000), ("model.test", 8000), ("192.0.2.7", 8000), ("192.0.2.7", 22),
                   ("model.test", 22), ("a.hub.test", 443), ("192.0.2.8", 1), ("ahub.test", 1)):
    s = socket.socket()
    s.setblocking(False)
    try:
        if host[0].isalpha():
            socket.getaddrinfo(host, port)
        else:
            s.connect_ex((host, port))
        print(host, port, "through")
    except Exception as error:
        print(host, port, type(error).__name__)
print(guard.report()["to_allowed_hosts"])
"""


def test_an_allowed_host_is_reached_at_the_addresses_that_it_was_found_to_have():
    assert run_plain(RESOLVED).stdout.splitlines() == [
        "192.0.2.7 8000 PrivacyError",  # nobody has asked yet whose number it is
        "model.test 8000 through",
        "192.0.2.7 8000 through",
        "192.0.2.7 22 PrivacyError",
        "model.test 22 PrivacyError",
        "a.hub.test 443 through",
        "192.0.2.8 1 through",
        "ahub.test 1 PrivacyError",
        "2",
    ]


@pytest.mark.parametrize(
    ("entry", "rule"),
    [
        ("gpu.example", ("gpu.example", None)),
        ("GPU.example.:8000", ("gpu.example", 8000)),
        ("192.0.2.1:80", ("192.0.2.1", 80)),
        ("::1", ("::1", None)),
        ("[2001:DB8::1]:80", ("2001:db8::1", 80)),
        ("http://x", None),
        ("a b", None),
        ("", None),
        ("x:y", None),
        ("x:0", None),
        ("x:70000", None),
        ("*", None),
    ],
)
def test_entries_of_privacy_allow(entry, rule):
    if rule:
        assert guard.parse_entry(entry) == rule
    else:
        with pytest.raises(ValueError, match="no host"):
            guard.parse_entry(entry)


# child processes

CHILD = """
import json, socket
try:
    socket.create_connection(("192.0.2.1", 80), timeout=0.2)
    said = "through"
except Exception as error:
    said = str(error)
print(json.dumps({"text": said}), flush=True)
"""


def test_a_script_of_ragapps_own_is_guarded_from_its_first_line(tmp_path):
    (tmp_path / "child.py").write_text(CHILD)
    for isolated in (False, True):
        command = guard.guarded_command(tmp_path / "child.py", isolated=isolated)
        out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert "A connection to 192.0.2.1 was refused; child.py tried" in out


def test_the_process_of_the_template_is_guarded(monkeypatch, tmp_path):
    assert "A connection to 192.0.2.1 was refused" in run_as_template(CHILD, monkeypatch, tmp_path)


SPAWNED = """
import multiprocessing, socket
if __name__ == "__main__":
    import ragapp.__main__
from ragapp import guard

def work(pipe):
    try:
        socket.create_connection(("192.0.2.1", 80), timeout=0.2)
        pipe.send("through")
    except Exception as error:
        pipe.send(f"{type(error).__name__} {guard.report()['guarded']}")

if __name__ == "__main__":
    here, there = multiprocessing.Pipe()
    multiprocessing.get_context("spawn").Process(target=work, args=(there,)).start()
    print(here.recv())
"""


def test_a_worker_is_guarded_before_it_imports_anything(tmp_path):
    script = tmp_path / "main.py"
    script.write_text(SPAWNED)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False, env=environment)
    assert done.stdout.strip() == "PrivacyError True", done.stderr


def test_a_child_gets_none_of_its_parents_permissions():
    code = """
import json, os
from ragapp import guard
guard.allow(["gpu.example"])
print(json.loads(os.environ[guard.VARIABLE])["allow"], json.loads(guard.environment(own=True)[guard.VARIABLE])["allow"])
"""
    assert run_guarded(code).stdout.strip() == "[] [['gpu.example', None]]"


def test_one_unguarded_program_for_as_long_as_it_is_allowed():
    code = """
import subprocess, sys
from ragapp import guard
command = [sys.executable, "-c", "print('ran')"]
with guard.allow_program(command):
    print(subprocess.run(command, capture_output=True, text=True).stdout.strip())
    for other in (command[:-1] + ["print(2)"], ["curl"]):
        try:
            subprocess.run(other)
        except FileNotFoundError as error:
            print(type(error).__name__)
try:
    subprocess.run(command)
except FileNotFoundError as error:
    print(type(error).__name__)
"""
    assert run_guarded(code).stdout.split() == ["ran", "ProgramError", "ProgramError", "ProgramError"]


def test_only_pulling_and_the_browser_of_the_person_open_the_guard():
    openers = {}
    for file in (ROOT / "ragapp").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                owner = getattr(getattr(node.func, "value", None), "id", "guard")
                opens = name in ("allow_program", "allow", "environment") and owner == "guard"
                if opens and file.parent.name != "guard":
                    openers.setdefault(name, set()).add(file.relative_to(ROOT / "ragapp").as_posix())
    assert openers == {
        # the browser: one command, with the page's address; the disk: what the system says of it, asked by full paths
        # pip and the compiler that it starts make a bundle
        "allow_program": {
            "bundle/compiled.py",
            "bundle/pip_runs.py",
            "maintenance/disk_encryption.py",
            "models/sources.py",
            "web/browser.py",
        },
        "environment": {"models/sources.py"},
        "allow": {"privacy.py"},
    }


@pytest.mark.parametrize(
    ("url", "proxy", "hosts"),
    [
        ("https://huggingface.co", "", [".huggingface.co", ".hf.co"]),
        ("https://mirror.example:8443/hub", "", [".mirror.example"]),
        ("https://mirror.example", "http://u:p@proxy.example:3128", [".mirror.example", "proxy.example"]),
        ("", "proxy.example:3128", ["proxy.example"]),
    ],
)
def test_hosts_of_a_hub(monkeypatch, url, proxy, hosts):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    if proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy)
    assert hub_hosts(url) == hosts


# the command


def test_the_guard_is_there_before_any_library():
    code = """
import sys
seen = {}
def hook(event, arguments):
    if event == "import" and arguments[0].split(".")[0] in ("typer", "pydantic", "yaml", "socket"):
        module = sys.modules.get("ragapp.guard")
        seen.setdefault(arguments[0], bool(module) and module.report()["guarded"])
sys.addaudithook(hook)
import ragapp.__main__, typer, socket
print(seen.pop("typer"), all(seen.values()), bool(seen))
"""
    assert run_plain(code).stdout.strip() == "True True True"
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
    assert scripts == {"ragapp": "ragapp.__main__:run"}


def test_what_a_library_hides_is_told_at_the_end():
    code = """
import socket, sys
try:
    socket.create_connection(("192.0.2.1", 80))
except Exception:
    pass
sys.argv = ["ragapp", "--version"]
ragapp.__main__.run()
"""
    assert "Note: <string> tried to reach 192.0.2.1; it was refused." in run_guarded(code).stderr


def test_refusals_are_counted_without_what_they_were_about(tmp_path):
    tally = tmp_path / "refused.log"
    code = """
import socket, subprocess, sys
from ragapp import guard
guard.count_refusals_in(sys.argv[1])
child = "import ragapp, socket\\ntry:\\n    socket.getaddrinfo('secret.example.com', 1)\\nexcept Exception:\\n    pass"
for attempt in range(2):
    try:
        socket.getaddrinfo("secret.example.com", 1)
    except Exception:
        pass
command = [sys.executable, "-c", child]
with guard.allow_program(command):
    subprocess.run(command, check=True)
"""
    done = run_guarded(code, tally)
    assert done.returncode == 0, done.stderr
    assert guard.read_tally(tally) == {"<string>": 3}
    assert "secret" not in tally.read_text()
    assert stat.S_IMODE(tally.stat().st_mode) == 0o600
    assert guard.read_tally(tmp_path / "none") == {}


def test_doctor_tells_what_was_refused(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    (data / "refused.log").write_text("chromadb > posthog\nchromadb > posthog\n")
    code = "import sys; sys.argv = ['ragapp', 'doctor', '--json']; ragapp.__main__.run()"
    done = run_guarded(code, RAGAPP_PATHS__DATA=str(data), RAGAPP_PATHS__MODELS=str(tmp_path))
    check = next(check for check in json.loads(done.stdout)["checks"] if check["name"] == "network")
    assert check["status"] == "warn"
    assert "2 attempts to leave it were refused so far: chromadb > posthog (2)" in check["detail"]
    assert "nothing but this machine may be reached" in check["detail"]
