"""Runs the child processes that may reach the network: the hub's and pip."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

TICK_S = 0.2


def watch(
    command: list[str], environment: dict[str, str], log: Path, tick: Callable[[], None], request: str = ""
) -> int:
    """Run a command with its output in ``log``, calling ``tick`` now and then; it never outlives this call."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=out, stderr=subprocess.STDOUT, env=environment, cwd=log.parent
        )
    try:
        with suppress(BrokenPipeError):
            process.stdin.write(request.encode())
            process.stdin.flush()
        while True:
            try:
                return process.wait(timeout=TICK_S)
            except subprocess.TimeoutExpired:
                tick()
    finally:
        process.kill()
        process.wait()
        with suppress(OSError):
            process.stdin.close()


def log_lines(log: Path) -> list[str]:
    """What a command said: its lines that are not blank."""
    return [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
