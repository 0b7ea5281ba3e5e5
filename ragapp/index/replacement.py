"""Another catalog in the place of that of a data folder; a kill at any moment leaves the old store or the new one.

The new store is made ready in a folder inside the data folder. One rename, of the catalog, decides: before it, what is
there is the old store; from it on, the new one. What remains to be done then is done by the next process that owns the
store (:func:`finish`), which also clears away what was not decided.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path

from ragapp import file_permissions
from ragapp.errors import StoreError

CATALOG_NAME = "catalog.sqlite3"
CHROMA_NAME = "chroma"
# what belongs to a store beside its catalog and cannot be made anew from it
SIDE_FILES = ("calibration.json", "calibration-questions.jsonl")
# where a new store is made ready; what its list says is complete
STAGE_NAME = "store.restoring"
_LIST_NAME = "ready.json"
# how folders with stores begin that gave way
ASIDE_PREFIX = "store.before-restore-"
_LOG_SUFFIXES = ("-wal", "-shm", "-journal")
# how long others may take to let go of the catalog
_BUSY_S = 3.0
_AGAIN_S = 0.05


def under_way(folder: Path) -> int:
    """A number that tells the restore that is making a store ready from any other, or any further step of it; 0 where
    there is none."""
    try:
        return (folder / STAGE_NAME).stat().st_mtime_ns
    except OSError:
        return 0


def begin(folder: Path) -> Path:
    """An empty folder in which a new store is made ready; the caller owns the store. Raises OSError."""
    finish(folder)
    stage = folder / STAGE_NAME
    file_permissions.make_private_folder(stage)
    return stage


def finish(folder: Path) -> None:
    """Bring to its end what a process that was killed had begun; the caller owns the store.

    Raises OSError: files cannot be moved or deleted.
    """
    stage = folder / STAGE_NAME
    if not stage.is_dir():
        return
    try:
        ready = json.loads((stage / _LIST_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        ready = None
    if ready and not (stage / CATALOG_NAME).exists():
        _place_sides(folder, stage, ready["sides"])
    elif ready and ready["aside"] and ready["linked"]:
        # nothing was decided: the catalog has its second name no longer
        shutil.rmtree(folder / ready["aside"], ignore_errors=True)
    shutil.rmtree(stage)


def put_in_place(folder: Path) -> Path | None:
    """Have the store that is ready in the stage take the place of the one in the folder; the caller owns the store.

    The catalog in the stage is closed and has no log.

    Returns:
        The folder with the store that was there, which can be used as a data folder; None where there was none.

    Raises:
        StoreError: another process reads the catalog; nothing was changed.
        OSError: files cannot be moved; nothing was changed, or :func:`finish` ends it.
    """
    stage, catalog = folder / STAGE_NAME, folder / CATALOG_NAME
    aside = _free_name(folder) if catalog.exists() else None
    with _held(catalog) as whole:
        sides = [name for name in SIDE_FILES if (stage / name).is_file()]
        ready = {"sides": sides, "aside": aside.name if aside else "", "linked": whole}
        file_permissions.write_atomically(stage / _LIST_NAME, json.dumps(ready), lasting=True)
        sync_folder(stage)
        if aside:
            _put_aside(folder, aside)
        # Its vectors are those of the old catalog, by ids that the new one may have, too. Without them the old store is
        # whole as well, as they are filled in from its catalog.
        if (folder / CHROMA_NAME).exists():
            os.replace(folder / CHROMA_NAME, stage / CHROMA_NAME)
        for suffix in _LOG_SUFFIXES:  # of a damaged catalog; a whole one has none by now
            Path(f"{catalog}{suffix}").unlink(missing_ok=True)
        sync_folder(folder)
        os.replace(stage / CATALOG_NAME, catalog)
        sync_folder(folder)
    finish(folder)
    return aside


def asides(folder: Path) -> list[Path]:
    """The folders with stores that gave way to others."""
    with suppress(OSError):
        return sorted(path for path in folder.iterdir() if path.name.startswith(ASIDE_PREFIX) and path.is_dir())
    return []


@contextmanager
def _held(catalog: Path) -> Iterator[bool]:
    """Keep others from opening a catalog while it is replaced, as one file without a log; false for a damaged one.

    Without its log no process can take what stands in that for the new catalog's. SQLite refuses to begin a new log for
    a file that was moved away since it was opened.
    """
    if not catalog.exists():
        yield False
        return
    with closing(sqlite3.connect(catalog, isolation_level=None, timeout=_BUSY_S)) as connection:
        try:
            _end_log(connection)
            if os.name != "nt":  # Windows moves no file that is open
                connection.execute("BEGIN EXCLUSIVE")
            whole = True
        except sqlite3.DatabaseError as error:
            if "locked" in str(error) or "busy" in str(error):
                raise StoreError(
                    f"Another ragapp process reads the store in {catalog.parent}.",
                    "Let it finish or stop it, then try again.",
                ) from None
            whole = False
        if os.name == "nt" or not whole:
            connection.close()
        yield whole


def _end_log(connection: sqlite3.Connection) -> None:
    """Have a catalog in one file. SQLite's busy timeout does not cover the end of a log, at which nobody else may have
    the file open: a process that has nothing to do lets go of it when it sees that there is a stage.

    Raises sqlite3.DatabaseError: somebody has it still, or it is damaged.
    """
    deadline = time.monotonic() + _BUSY_S
    while True:
        try:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            if connection.execute("PRAGMA journal_mode = DELETE").fetchall() == [("delete",)]:
                return
            raise sqlite3.OperationalError("locked by another connection")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(_AGAIN_S)


def _put_aside(folder: Path, aside: Path) -> None:
    """Give the old store a second place; the first one stays until the new catalog is there."""
    file_permissions.make_private_folder(aside)
    for name in (CATALOG_NAME, *SIDE_FILES, *(f"{CATALOG_NAME}{suffix}" for suffix in _LOG_SUFFIXES)):
        if (folder / name).is_file():
            try:
                os.link(folder / name, aside / name)
            except OSError:  # a file system without links
                shutil.copy2(folder / name, aside / name)
    sync_folder(aside)


def _place_sides(folder: Path, stage: Path, sides: list[str]) -> None:
    for name in SIDE_FILES:
        if (stage / name).exists():
            os.replace(stage / name, folder / name)
        elif name not in sides:
            (folder / name).unlink(missing_ok=True)
    sync_folder(folder)


def _free_name(folder: Path) -> Path:
    stamp = datetime.now().strftime("%Y-%m-%d-%H%M%S")
    path, n = folder / f"{ASIDE_PREFIX}{stamp}", 2
    while path.exists():
        path, n = folder / f"{ASIDE_PREFIX}{stamp}-{n}", n + 1
    return path


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk."""
    if os.name == "nt":
        return  # Windows opens no folders
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
