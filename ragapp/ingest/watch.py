"""Following folders: files are ingested once they have come to rest, and uploads appear only when they are whole."""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from ragapp.contract import IngestReport, ProgressListener
from ragapp.errors import PathError
from ragapp.reading.discover import FoundFile

if TYPE_CHECKING:
    from ragapp.ingest.pipeline import Pipeline

# how often the system's notices are collected, and whether to stop is asked
_STEP_MS = 200
# the dot hides it from ingestion, whatever the ignore rules say
_STAGED = ".ragapp-upload-"


def partial_upload_path(target: Path) -> Path:
    """Where an upload is put together before it gets its name: beside it, so that it need not be copied then."""
    return target.with_name(f"{_STAGED}{secrets.token_hex(8)}.part")


def delete_partial_uploads(folder: Path, idle_s: float = 0.0) -> int:
    """Delete unfinished uploads from the drop folder, and return how many.

    Those to which something was added within the last ``idle_s`` seconds may be under way, and stay.
    """
    left = 0
    for path in folder.rglob(f"{_STAGED}*"):
        with suppress(FileNotFoundError):  # it has become whole just now
            if path.is_file() and not path.is_symlink() and time.time() - path.stat().st_mtime >= idle_s:
                path.unlink()
                left += 1
    return left


def changes(roots: Sequence[Path], rescan_s: float, stopped: Callable[[], bool]) -> Iterator[bool]:
    """Yield, a few times a second, whether something below the roots has changed since the last time.

    A change is reported at least every ``rescan_s`` seconds, since network drives and full queues report none.

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
    """The system's notices, a few times a second; only the clock where it cannot watch so many folders."""
    from watchfiles import watch

    stop: Any = SimpleNamespace(is_set=stopped)  # all that is asked of an event
    try:
        for noticed in watch(
            *roots,
            watch_filter=None,
            debounce=_STEP_MS,
            step=_STEP_MS // 2,
            rust_timeout=_STEP_MS,
            yield_on_timeout=True,
            stop_event=stop,
            ignore_permission_denied=True,
        ):
            yield bool(noticed)
    except OSError:
        while not stopped():
            time.sleep(_STEP_MS / 1000)
            yield False


def follow(
    pipeline: Pipeline,
    roots: Sequence[Path],
    *,
    settle_s: float,
    rescan_s: float,
    progress: ProgressListener | None = None,
    stopped: Callable[[], bool] = lambda: False,
    wanted: Callable[[], bool] = lambda: False,
    **options: Any,
) -> Iterator[IngestReport]:
    """Keep the library in step with files and folders until stopped: run at once, then whenever something has changed.

    A file that changed less than ``settle_s`` seconds ago may still be incomplete; it is ingested when it has come to
    rest.  Other files do not wait for it.

    Args:
        rescan_s: seconds after which everything is looked through again at the latest.
        stopped: ends it, also in the middle of a run.
        wanted: asked several times a second; when it returns true, a run starts at once, and no file waits.
        options: for :meth:`Pipeline.run`.

    Raises:
        CancelledError: ``stopped`` returned true in the middle of a run.
    """
    rest = _Rest(settle_s)
    due = time.monotonic()
    # the watch begins before the first look, so that nothing falls between the two
    for changed in changes(roots, rescan_s, stopped):
        asked = wanted()
        if changed:
            due = min(due, time.monotonic() + settle_s)
        if asked or time.monotonic() >= due:
            waits = None if asked else rest.waits
            yield pipeline.run(roots, progress=progress, cancelled=stopped, waits=waits, **options)
            due = time.monotonic() + settle_s if rest.end_look() else math.inf


class _Rest:
    """Which new or changed files have come to rest: those of the same size and time at two looks ``settle_s`` apart."""

    def __init__(self, settle_s: float) -> None:
        self._settle_s = settle_s
        # waiting files with their size and time, and since when; at the last look and at this one
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
        """End a look; returns whether files wait for the next."""
        self._before, self._now, self._first_look = self._now, {}, False
        return bool(self._before)
