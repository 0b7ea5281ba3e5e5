"""How far a pull is: what is told of it, and how a console shows it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress


class Progress(Protocol):
    """Told how far a pull is.  A new ``start`` ends what was shown before; ``finish`` may be called twice."""

    def start(self, label: str, total_bytes: int, done_bytes: int) -> None:
        """A step begins; ``total_bytes`` is 0 when nobody knows how long it takes."""

    def advance(self, bytes_: int) -> None:
        """That many more bytes are there.  Raising ends the pull, which can be gone on with later."""

    def finish(self) -> None:
        """Nothing more will come."""


class SilentProgress:
    """Shows nothing."""

    def start(self, label: str, total_bytes: int, done_bytes: int) -> None: ...
    def advance(self, bytes_: int) -> None: ...
    def finish(self) -> None: ...


class ReportedProgress:
    """Tells step, bytes that are there and bytes of it to a function, some times a second."""

    EVERY_S = 0.25

    def __init__(self, tell: Callable[[str, int, int], None]):
        self._tell = tell
        self._label, self._total, self._done, self._told = "", 0, 0, 0.0

    def start(self, label: str, total_bytes: int, done_bytes: int) -> None:
        self._label, self._total, self._done = label, total_bytes, done_bytes
        self._say()

    def advance(self, bytes_: int) -> None:
        self._done += bytes_
        if time.monotonic() - self._told >= self.EVERY_S:
            self._say()

    def finish(self) -> None:
        if self._label:
            self._say()
        self._label = ""

    def _say(self) -> None:
        self._told = time.monotonic()
        self._tell(self._label, self._done, self._total)


def console_progress(told: Callable[[str], str] = str) -> Progress:
    """A bar on stderr, or now and then a line where stderr is no terminal; ``told`` puts it into a language."""
    return _Bar(told) if sys.stderr.isatty() else _Lines(told)


class _Bar:
    def __init__(self, told: Callable[[str], str]) -> None:
        self._told = told
        self._bar: RichProgress | None = None

    def start(self, label: str, total_bytes: int, done_bytes: int) -> None:
        from rich import progress as shown
        from rich.console import Console

        self.finish()
        columns = (shown.TextColumn("{task.description}"), shown.BarColumn(), shown.DownloadColumn())
        rates = (shown.TransferSpeedColumn(), shown.TimeRemainingColumn())
        self._bar = shown.Progress(*columns, *rates, console=Console(stderr=True))
        self._task = self._bar.add_task(self._told(label), total=total_bytes or None, completed=done_bytes)
        self._bar.start()

    def advance(self, bytes_: int) -> None:
        if self._bar:
            self._bar.update(self._task, advance=bytes_)

    def finish(self) -> None:
        if self._bar:
            self._bar.stop()
            self._bar = None


class _Lines:
    """A line at the start and then every ten seconds, for logs."""

    EVERY_S = 10.0

    def __init__(self, told: Callable[[str], str]) -> None:
        self._told = told
        self._label, self._total, self._done, self._said = "", 0, 0, 0.0

    def start(self, label: str, total_bytes: int, done_bytes: int) -> None:
        self._label, self._total, self._done = label, total_bytes, done_bytes
        self._say()

    def advance(self, bytes_: int) -> None:
        self._done += bytes_
        if time.monotonic() - self._said >= self.EVERY_S:
            self._say()

    def finish(self) -> None:
        if self._label and self._done >= self._total > 0:
            self._say()
        self._label = ""

    def _say(self) -> None:
        self._said = time.monotonic()
        amount = f": {self._done / 1e6:,.0f} of {self._total / 1e6:,.0f} MB" if self._total else ""
        print(self._told(f"{self._label}{amount}"), file=sys.stderr, flush=True)
