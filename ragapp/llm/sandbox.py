"""Rendering a template that somebody else wrote, in a process of its own.

A chat template is a program. Jinja's sandbox keeps it from Python's objects but not from looping for ever or filling
the memory, and no list of forbidden operations is complete; so it runs in a small process whose memory and time are
limited and which is killed when it takes more.
"""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
import threading
import time
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from ragapp import guard
from ragapp.plain_words import reason_of

_CHILD = Path(__file__).with_name("sandbox_child.py")
_MEMORY_BYTES = 512 * 1024 * 1024
_CPU_S = 2
_WALL_S = 30
_POLL_S = 0.02
_START_S = 60
# an answer is a prompt: what the chat holds, and a few words a turn
_EXTRA_CHARACTERS = 1_000_000
_ESCAPED = 6  # bytes of JSON a character, at the most


class TemplateFailure(Exception):
    """The template refused the chat, failed, or took more than a template may; the text says which."""

    def __init__(self, what: str, *, hopeless: bool = False):
        super().__init__(what)
        self.hopeless = hopeless  # it had to be stopped, so that trying it otherwise is no use


class Sandbox:
    """One Jinja template in one process, which is started at first use and again after it had to be killed."""

    def __init__(self, source: str):
        self._source = source
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._answers: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def start(self) -> None:
        """Start the process and read the template; raises TemplateFailure where it is not valid, or takes too much."""
        with self._lock:
            self._running()

    def render(self, variables: Mapping[str, Any]) -> str:
        """What the template makes of these variables, which JSON can hold; raises TemplateFailure."""
        line = json.dumps(variables)
        allowed = len(line) * 2 + _EXTRA_CHARACTERS
        with self._lock:
            return self._ask(self._running(), {"variables": variables, "characters": allowed}, allowed)

    def close(self) -> None:
        with self._lock:
            self._end()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self._end()
        try:
            # isolated: neither the environment nor the folder it is started in can slip in other code
            self._process = process = subprocess.Popen(
                guard.guarded_command(_CHILD, str(_MEMORY_BYTES), isolated=True),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            raise TemplateFailure(f"the process that renders it does not start: {reason_of(error)}") from None
        self._answers = queue.SimpleQueue()
        weakref.finalize(self, _kill, process)
        threading.Thread(target=_read, args=(process.stdout, self._answers), daemon=True).start()
        try:
            self._ask(process, {"source": self._source}, _EXTRA_CHARACTERS, _START_S)
        except TemplateFailure:
            self._end()
            raise
        return process

    def _ask(
        self, process: subprocess.Popen[bytes], request: dict[str, Any], characters: int, wall_s: float = _WALL_S
    ) -> str:
        try:
            assert process.stdin  # a pipe, as asked for
            process.stdin.write(json.dumps(request | {"cpu_s": _CPU_S}).encode() + b"\n")
            process.stdin.flush()
        except OSError:
            self._end()
            raise TemplateFailure("the process that renders it died") from None
        started, line, problem = time.monotonic(), b"", ""
        seconds_before, size_before = _spent(process.pid)
        while not line.endswith(b"\n"):
            try:
                piece = self._answers.get(timeout=_POLL_S)
                line += piece
                if not piece:
                    code = _exit_code(process)
                    # below zero the system ended it for what it took
                    ended = f"the process that renders it ended (exit {code})"
                    problem = ended if code >= 0 else "it takes too much time or memory"
                elif len(line) > characters * _ESCAPED:
                    problem = "it writes without end"
            except queue.Empty:
                seconds, size = _spent(process.pid)
                # the start of Python itself counts here, too; it takes a tenth of this
                if seconds - seconds_before > _CPU_S or time.monotonic() - started > wall_s:
                    problem = f"it takes longer than {_CPU_S} s"
                elif size - size_before > _MEMORY_BYTES:
                    problem = "it takes too much memory"
            if problem:
                self._end()
                raise TemplateFailure(problem, hopeless=True)
        answer: dict[str, str] = json.loads(line)
        if "error" in answer:
            raise TemplateFailure(answer["error"])
        return answer["text"]

    def _end(self) -> None:
        if self._process is not None:
            _kill(self._process)
            self._process = None


def _spent(pid: int) -> tuple[float, int]:
    """Seconds of processor time and bytes of memory that a process has taken."""
    import psutil

    try:
        process = psutil.Process(pid)
        times = process.cpu_times()
        return times.user + times.system, process.memory_info().rss
    except psutil.Error:
        return 0.0, 0


def _exit_code(process: subprocess.Popen[bytes]) -> int:
    try:
        return process.wait(1)
    except subprocess.TimeoutExpired:  # it has closed its output and goes on
        process.kill()
        return process.wait()


def _read(stream: IO[bytes], answers: queue.SimpleQueue[bytes]) -> None:
    with contextlib.suppress(OSError, ValueError):
        while piece := stream.readline(65536):
            answers.put(piece)
    answers.put(b"")


def _kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    if process.stdin:
        with contextlib.suppress(OSError):
            process.stdin.close()
