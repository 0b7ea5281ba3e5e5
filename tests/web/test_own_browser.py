import os
import socket
import subprocess
import sys
import time

import pytest

from ragapp.web.browser import open_browser, wants_browser


@pytest.mark.parametrize(
    ("terminal", "environment", "platform", "wanted"),
    [
        (True, {"DISPLAY": ":0"}, "linux", True),
        (True, {"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        (True, {"WSL_DISTRO_NAME": "Debian"}, "linux", True),
        (True, {}, "darwin", True),
        (True, {}, "win32", True),
        (True, {}, "linux", False),
        (False, {"DISPLAY": ":0"}, "linux", False),
        (True, {"DISPLAY": ":0", "CI": "true"}, "linux", False),
        (True, {"DISPLAY": "localhost:10.0", "SSH_CONNECTION": "10.0.0.1 5 10.0.0.2 22"}, "linux", False),
    ],
)
def test_a_browser_is_opened_where_a_person_sits(terminal, environment, platform, wanted):
    assert wants_browser(terminal, environment, platform) is wanted


one_command = pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="there the system has one command")


@one_command
def test_the_persons_own_browser_gets_the_address(tmp_path, monkeypatch):
    program, seen = _own_browser(tmp_path)
    monkeypatch.setenv("BROWSER", str(program))
    assert open_browser("http://127.0.0.1:7860")
    assert _address(seen, 5) == "http://127.0.0.1:7860"
    monkeypatch.setenv("PATH", os.fspath(tmp_path / "nothing"))
    monkeypatch.delenv("BROWSER")
    assert not open_browser("http://127.0.0.1:7860")


@one_command
def test_ragapp_ui_shows_its_page_in_it(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    program, seen = _own_browser(tmp_path)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAGAPP_")}
    environment |= {"PYTHONPATH": os.pathsep.join(sys.path), "BROWSER": str(program)}
    command = [sys.executable, "-m", "ragapp", "ui", "--browser", "--port", str(port)]
    with (tmp_path / "said.txt").open("wb") as said:
        page = subprocess.Popen(command, env=environment, cwd=tmp_path, stdout=said, stderr=said)
        try:
            assert _address(seen, 60) == f"http://127.0.0.1:{port}"
        finally:
            page.terminate()
            page.wait(20)


def _own_browser(folder):
    """A program that writes down which address it is given, and where it does."""
    program, seen = folder / "mine", folder / "seen"
    program.write_text(f'#!/bin/sh\necho "$1" > {seen}\n', encoding="utf-8")
    program.chmod(0o755)
    return program, seen


def _address(seen, seconds):
    until = time.monotonic() + seconds
    while not (seen.exists() and seen.read_text(encoding="utf-8")) and time.monotonic() < until:
        time.sleep(0.02)
    return seen.read_text(encoding="utf-8").strip()
