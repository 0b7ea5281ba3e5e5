"""Files that only their owner can read, whatever the umask; on Windows the rights of the home folder do that."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

FOLDER_MODE = 0o700
FILE_MODE = 0o600


def make_private_folder(folder: Path) -> None:
    """Make a folder for the owner alone; an existing one is not changed, as it may hold other files.

    Raises OSError: it cannot be made.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)


def make_private_file(path: Path) -> None:
    """Make a file for the owner alone before a library creates it; the content of an existing one stays.

    One that is there is not opened: closing it would let go of all locks that this process has on it, SQLite's among
    them. Another process then takes a database for unused, deletes its log, and what is written later is lost.

    Raises OSError: it cannot be made.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, FILE_MODE))
    _restrict(path, FILE_MODE)


def write_atomically(path: Path, text: str, *, lasting: bool = False) -> None:
    """Replace a small file atomically, for the owner alone: readers see the old text or the new one.

    With ``lasting`` it also survives a loss of power.

    Raises OSError: it cannot be written.
    """
    partial = path.with_name(f"{path.name}.partial")
    with suppress(FileNotFoundError):
        partial.unlink()  # may be another's, and open to all
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        if lasting:
            file.flush()
            os.fsync(file.fileno())
    os.replace(partial, path)


def restrict(folder: Path) -> None:
    """Remove all rights of others from a folder that is ragapp's own and all that is in it; links are not followed."""
    _restrict(folder, FOLDER_MODE)
    for root, folders, files in os.walk(folder):
        for names, mode in ((folders, FOLDER_MODE), (files, FILE_MODE)):
            for name in names:
                _restrict(Path(root, name), mode)


def restrict_files(folder: Path, own: Sequence[str]) -> None:
    """Remove all rights of others from ragapp's files in a folder, and from the folder if it has no other files.

    ragapp's files are those whose names begin with one of ``own``; other files are not changed.
    """
    with suppress(OSError):
        names = os.listdir(folder)
        for name in names:
            path = folder / name
            if name.startswith(tuple(own)) and path.is_file():
                _restrict(path, FILE_MODE)
        if all(name.startswith(tuple(own)) for name in names):
            _restrict(folder, FOLDER_MODE)


def _restrict(path: Path, mode: int) -> None:
    if os.name == "nt":
        return
    # another person's file, or one that has just gone, cannot be changed; the folder above it is closed all the same
    with suppress(OSError):
        state = path.lstat()
        if not stat.S_ISLNK(state.st_mode) and stat.S_IMODE(state.st_mode) & ~mode:
            path.chmod(stat.S_IMODE(state.st_mode) & mode)
