"""Opens the page in the person's own browser."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from ragapp.guard.programs import allow_program

# where one of these is set, nobody sits before this machine
_REMOTE = ("CI", "SSH_CONNECTION", "SSH_TTY")
_OPENERS = ("wslview", "xdg-open", "gio", "x-www-browser", "sensible-browser")


def wants_browser(terminal: bool, environment: Mapping[str, str] | None = None, platform: str = sys.platform) -> bool:
    """Whether a person seems to sit before this machine: a terminal, a screen, and no connection from elsewhere.

    Args:
        terminal: whether what is said goes to a terminal.
    """
    environment = os.environ if environment is None else environment
    if not terminal or any(environment.get(name) for name in _REMOTE):
        return False
    screen = any(environment.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"))
    return platform in ("win32", "darwin") or screen


def open_browser(url: str) -> bool:
    """Ask the system to show a page; whether there is something that does."""
    if sys.platform == "win32":
        with allow_program([url]), suppress(OSError):
            os.startfile(url)
            return True
        return False
    command = _command(url)
    if not command:
        return False
    # what it says is for nobody, and it goes on when ragapp is stopped
    silent: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
    with allow_program(command), suppress(OSError):
        subprocess.Popen(command, start_new_session=True, **silent)
        return True
    return False


def _command(url: str) -> list[str]:
    if sys.platform == "darwin":
        return ["/usr/bin/open", url]
    own = os.environ.get("BROWSER", "").split(os.pathsep)[0]
    found = next(filter(None, map(shutil.which, filter(None, (own, *_OPENERS)))), None)
    if found is None:
        return []
    return [found, "open", url] if os.path.basename(found) == "gio" else [found, url]
