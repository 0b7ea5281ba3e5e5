"""The kernel's own bar in the processes that parse strangers' files: tried past Python, where no audit hook sees it."""

import json
import platform
import subprocess
import sys

import pytest
from guardkit import run_as_template, run_plain

from ragapp import guard

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"), reason="seccomp is Linux's"
)
NATIVE = """
import ctypes, json, os, socket, subprocess, sys
libc = ctypes.CDLL(None, use_errno=True)
def made(family, kind=1):
    return libc.socket(family, kind, 0) >= 0
before = [made(family) for family in (1, 2, 10)]
{seal}
after = [made(family) for family in (1, 2, 10)]
datagram, raw, pair = made(2, 2), made(17, 3), socket.socketpair() is not None
attempt = "import socket\\ntry:\\n    socket.socket()\\nexcept PermissionError:\\n    print('barred')"
command = [sys.executable, "-c", attempt]
child = subprocess.run(command, capture_output=True, text=True).stdout.strip() if {children} else ""
ring = libc.syscall(425, 8, ctypes.create_string_buffer(512))
print(json.dumps({{"text": json.dumps([before, after, datagram, raw, pair, child, ring < 0 and ctypes.get_errno()])}}))
"""


def test_no_socket_to_another_machine_can_be_made():
    code = NATIVE.format(seal="from ragapp.guard.seccomp import deny_network\nassert deny_network()", children=True)
    done = run_plain(code)
    assert done.returncode == 0, done.stderr
    seen = json.loads(json.loads(done.stdout)["text"])
    assert seen == [[True, True, seen[0][2]], [True, False, False], False, False, True, "barred", 13]


def test_an_isolated_script_is_barred_from_its_first_line(tmp_path):
    script = tmp_path / "child.py"
    script.write_text(NATIVE.format(seal="", children=False))
    for isolated in (True, False):
        command = guard.guarded_command(script, isolated=isolated)
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        before, *_ = json.loads(json.loads(done.stdout)["text"])
        assert before[:2] == [True, not isolated]


def test_the_worker_that_reads_files_is_barred(tmp_path, monkeypatch):
    """A reader that does what taken-over native code would do."""
    from storekit import WordEmbedder, chunker_of

    from ragapp.ingest.worker import Limits, Worker
    from ragapp.reading import registry
    from ragapp.reading.document import ReadOptions

    (tmp_path / "nativereader.py").write_text(
        "import ctypes\n"
        "from ragapp.reading.document import Block, Document, Unit\n"
        "from ragapp.reading import registry\n"
        "def read_file(path, options):\n"
        "    made = [ctypes.CDLL(None).socket(family, 1, 0) >= 0 for family in (1, 2, 10)]\n"
        "    return Document('t', [Unit(1, 'page', '', [Block(str(made))])], 'en')\n"
        "registry.read_file = read_file\n"
        "class Chunker:\n"
        "    def __init__(self, real):\n"
        "        self.real = real\n"
        "    def __getattr__(self, name):\n"
        "        if name.startswith('__') or name == 'real':\n"
        "            raise AttributeError(name)\n"
        "        return getattr(self.real, name)\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("ragapp.reading.registry.read_file", registry.read_file)  # put back after the test
    from nativereader import Chunker

    (tmp_path / "a.txt").write_text("x")
    # the worker imports the chunker's module when it unpickles it
    with Worker(Chunker(chunker_of(WordEmbedder())), Limits(), ReadOptions()) as preparer:
        read = preparer.prepare(tmp_path / "a.txt")
    assert read.document.units[0].text == "[True, False, False]"


def test_the_process_that_renders_templates_is_barred(tmp_path, monkeypatch):
    said = run_as_template(NATIVE.format(seal="", children=False), monkeypatch, tmp_path)
    assert json.loads(said)[0][:2] == [True, False]
