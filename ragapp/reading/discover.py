"""Finding files: folders walked in a fixed order, with patterns to ignore."""

from __future__ import annotations

import fnmatch
import hashlib
import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ragapp.errors import PathError, TransientReadingError

# of a path that is told because nothing is there; a real one has no more
_SHOWN_CHARACTERS = 4096
# thumbnails, recycle bins, snapshots and the like of Windows, macOS, Samba and network drives (Synology, QNAP, NetApp,
# TrueNAS); upper and lower case are the same, since shares are
SYSTEM_FOLDERS = frozenset(
    name.casefold()
    for name in (
        *("$RECYCLE.BIN", "RECYCLER", "RECYCLED", "System Volume Information", "found.000", "$WINDOWS.~BT", "$Extend"),
        *("#recycle", "#snapshot", "@eaDir", "@tmp", "@Recycle", "@Recently-Snapshot", "@SynoResource", "@sharebin"),
        *("~snapshot", "lost+found", "Network Trash Folder", "Network Recycle Bin", "Temporary Items", "__MACOSX"),
        *("TheVolumeSettingsFolder", "recycle bin"),
    )
)


@dataclass(frozen=True, slots=True)
class FoundFile:
    path: Path  # absolute, symbolic links not resolved
    size: int  # in bytes
    mtime_ns: int  # time of the last change, nanoseconds since the epoch
    problem: str = ""  # why it cannot be read; empty where it can


def discover(paths: Iterable[Path], ignore: Iterable[str] = (), exclude: Iterable[Path] = ()) -> list[FoundFile]:
    """Walk files and folders; each file once, sorted by path.

    Hidden files and folders (leading dot), :data:`SYSTEM_FOLDERS` and names that match one of the shell patterns in
    ``ignore`` are left out, but for paths that are given themselves; so are the absolute paths in ``exclude``.
    Folders that link back to one of their parents are entered once.  PathError if a path does not exist or may not be
    read.
    """
    # one pattern for them all: a folder may hold a hundred thousand names
    ignored = re.compile("|".join(fnmatch.translate(os.path.normcase(pattern)) for pattern in (".*", *ignore)))
    found: dict[Path, FoundFile] = {}
    for given in paths:
        path = absolute(given)
        try:
            is_there = path.exists()
        except PermissionError:
            is_there = True
        except (OSError, ValueError):  # no name can be so long, or hold half a character
            is_there = False
        if not is_there:
            raise PathError(f"There is nothing at {str(path)[:_SHOWN_CHARACTERS]}.", "Check the spelling.")
        if not os.access(path, os.R_OK):
            raise PathError(f"{path} may not be read.", "Check its permissions.")
        for file in _walk(path, ignored) if path.is_dir() else [path]:
            found.setdefault(file, _look_at(file))
    for path in exclude:
        found.pop(path, None)
    return sorted(found.values(), key=lambda file: str(file.path))


def absolute(given: Path) -> Path:
    """The absolute path, with ``~`` expanded; PathError for an unknown user in it."""
    try:
        return Path(os.path.abspath(given.expanduser()))
    except RuntimeError:
        raise PathError(f"There is nothing at {given}.", "Check the spelling.") from None


def unreadable(error: OSError) -> TransientReadingError:
    """The system's message about a file that cannot be opened or read, as an error of that file."""
    return TransientReadingError(f"cannot be read ({error.strerror or error})", "Check the file and its permissions.")


def hash_file(path: Path) -> str:
    """SHA-256 of a file's bytes, as 64 hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def in_system_folder(path: str, below: Iterable[str]) -> bool:
    """Whether a path, which lies below some of the folders ``below`` (each with a separator at its end), lies in one of
    :data:`SYSTEM_FOLDERS` there."""
    outermost = min((folder for folder in below if path.startswith(folder)), key=len)
    return any(part.casefold() in SYSTEM_FOLDERS for part in path[len(outermost) :].split(os.sep)[:-1])


def _walk(root: Path, ignored: re.Pattern[str]) -> Iterator[Path]:
    entered: set[tuple[int, int]] = set()
    closed: list[Path] = []
    for folder, folders, files in os.walk(root, followlinks=True, onerror=lambda e: closed.append(Path(e.filename))):
        try:
            here = os.stat(folder)
        except OSError:  # a drive that went away meanwhile
            folders.clear()
            closed.append(Path(folder))
            continue
        if (here.st_dev, here.st_ino) in entered:
            folders.clear()
            continue
        entered.add((here.st_dev, here.st_ino))
        folders[:] = sorted(
            name
            for name in folders
            if name.casefold() not in SYSTEM_FOLDERS and not ignored.match(os.path.normcase(name))
        )
        for name in files:
            if not ignored.match(os.path.normcase(name)):
                yield Path(folder, name)
    yield from closed


def _look_at(path: Path) -> FoundFile:
    try:
        status = path.stat()
    except OSError as error:
        return FoundFile(path, 0, 0, f"cannot be read ({error.strerror})")
    problem = ""
    if stat.S_ISDIR(status.st_mode):
        problem = "is a folder that cannot be listed (permissions)"
    elif not stat.S_ISREG(status.st_mode):
        problem = "is not a regular file"
    elif not os.access(path, os.R_OK):
        problem = "may not be read (permissions)"
    elif os.fsencode(path) != str(path).encode("utf-8", "ignore"):
        problem = "has a name that is not valid UTF-8"
    return FoundFile(path, status.st_size, status.st_mtime_ns, problem)
