"""Following folders: what changes in them is told once it has come to rest."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ragapp.contract import IngestReport, ProgressListener
from ragapp.errors import PathError
from ragapp.ingest.pipeline import Pipeline
from ragapp.reading.discover import FoundFile

# how often the system's notices are collected, and whether to stop is asked
_STEP_MS = 200


def changes(roots: Sequence[Path], rescan_s: float, stopped: Callable[[], bool]) -> Iterator[bool]:
    """Tell, a few times a second, whether something below the folders has changed since the last time.

    Args:
        roots: files and folders.
        rescan_s: at least every so many seconds a change is told anyway: network drives and full queues tell nothing.
        stopped: ends it.

    Raises:
        PathError: a root is not there (any more).
    """
    for root in roots:
        if not root.exists():
            raise PathError(f"There is nothing at {root}.", "Check the spelling, or make the folder.")
    last = time.monotonic()
    for noticed in _notices(roots, stopped):
        rescan = time.monotonic() - last >= rescan_s
        if rescan:
            last = time.monotonic()
        yield noticed or rescan


def _notices(roots: Sequence[Path], stopped: Callable[[], bool]) -> Iterator[bool]:
    """What the system tells, a few times a second; only the clock where it can't watch so many folders."""
    from watchfiles import watch

    try:
        for noticed in watch(
            *roots,
            watch_filter=None,
            debounce=_STEP_MS,
            step=_STEP_MS // 2,
            rust_timeout=_STEP_MS,
            yield_on_timeout=True,
            stop_event=_Stop(stopped),
            ignore_permission_denied=True,
        ):
            yield bool(noticed)
    except OSError:
        while not stopped():
            time.sleep(_STEP_MS / 1000)
            yield False


class _Stop:
    """What watchfiles asks of an event."""

    def __init__(self, stopped: Callable[[], bool]) -> None:
        self.is_set = stopped


def follow(
    pipeline: Pipeline,
    roots: Sequence[Path],
    *,
    settle_s: float,
    rescan_s: float,
    progress: ProgressListener | None = None,
    stopped: Callable[[], bool] = lambda: False,
    wanted: Callable[[], bool] = lambda: False,
    **options,
) -> Iterator[IngestReport]:
    """Keep the library in step with files and folders until stopped.

    A file that changed less than ``settle_s`` seconds ago may still be on its way; it is taken in when it has come to
    rest.  Other files do not wait for it.

    Args:
        pipeline: takes the files in.
        roots: files and folders.
        settle_s: seconds without a change after which a file counts as whole.
        rescan_s: everything is looked through at least this often.
        progress: told where each run stands.
        stopped: ends it, also in the middle of a run.
        wanted: asked several times a second; a run starts at once, and no file waits, when it says so.
        options: for :meth:`Pipeline.run`.

    Yields:
        The report of each run: one at the start, then one whenever something has changed.

    Raises:
        CancelledError: ``stopped`` said so in the middle of a run.
    """
    rest = _Rest(settle_s)
    due: float | None = time.monotonic()
    # the watch begins before the first look, so that nothing falls between the two
    for changed in changes(roots, rescan_s, stopped):
        asked = wanted()
        if changed and due is None:
            due = time.monotonic() + settle_s
        if asked or (due is not None and time.monotonic() >= due):
            waits = None if asked else rest.waits
            yield pipeline.run(roots, progress=progress, cancelled=stopped, waits=waits, **options)
            due = time.monotonic() + settle_s if rest.end_look() else None


class _Rest:
    """Knows which new or changed files have come to rest: of the same size and time at two looks ``settle_s`` apart."""

    def __init__(self, settle_s: float) -> None:
        self._settle_s = settle_s
        # files that wait: their size and time, and since when they are so; at the last look and at this one
        self._before: dict[Path, tuple[int, int, float]] = {}
        self._now: dict[Path, tuple[int, int, float]] = {}
        self._first_look = True

    def waits(self, file: FoundFile) -> bool:
        """Whether a new or changed file is to be left alone for now."""
        if self._first_look and not 0 <= time.time() - file.mtime_ns / 1e9 < self._settle_s:
            return False  # it has been lying there
        now = time.monotonic()
        size, mtime_ns, since = self._before.get(file.path, (-1, -1, now))
        if (size, mtime_ns) != (file.size, file.mtime_ns):
            since = now
        if now - since >= self._settle_s:
            return False
        self._now[file.path] = file.size, file.mtime_ns, since
        return True

    def end_look(self) -> bool:
        """Note the end of a look; returns whether files wait for the next."""
        self._before, self._now, self._first_look = self._now, {}, False
        return bool(self._before)
