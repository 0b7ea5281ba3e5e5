import os
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


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="there the system has one command")
def test_the_persons_own_browser_gets_the_address(tmp_path, monkeypatch):
    program, seen = tmp_path / "mine", tmp_path / "seen"
    program.write_text(f'#!/bin/sh\necho "$1" > {seen}\n', encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("BROWSER", str(program))
    assert open_browser("http://127.0.0.1:7860")
    for _ in range(200):
        if seen.exists() and seen.read_text(encoding="utf-8"):
            break
        time.sleep(0.02)
    assert seen.read_text(encoding="utf-8").strip() == "http://127.0.0.1:7860"
    monkeypatch.setenv("PATH", os.fspath(tmp_path / "nothing"))
    monkeypatch.delenv("BROWSER")
    assert not open_browser("http://127.0.0.1:7860")
