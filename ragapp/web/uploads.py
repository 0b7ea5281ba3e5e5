"""Stores uploaded files in the drop folder: under safe names, never over another file."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import AsyncIterator
from pathlib import Path

from ragapp.errors import PathError
from ragapp.ingest.watch import partial_upload_path
from ragapp.reading.registry import reason_unread

# what Windows, shells or people stumble over in a name
_ODD = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_MOST_NAME, _MOST_FOLDERS = 150, 8


class UploadError(PathError):
    """An upload is refused."""


def safe_path(given: str) -> Path:
    """A safe relative path, made of what the browser calls a file, or folder and file, of any system.

    At most eight folders and a name, none of them hidden or reserved. Raises UploadError: nothing of it can be a name.
    """
    parts = [_safe_name(part) for part in re.split(r"[/\\]+", unicodedata.normalize("NFC", given))]
    parts = [part for part in parts if part]
    if not parts:
        raise UploadError("The file has no name that can be kept.", "Give it another name.")
    return Path(*parts[-_MOST_FOLDERS - 1 :])


def _safe_name(name: str) -> str:
    name = _ODD.sub("_", name).strip().strip(".").strip()
    name = name.encode("utf-8", "replace").decode("utf-8")
    if _RESERVED.fullmatch(name):
        name = f"_{name}"
    stem, dot, suffix = name.rpartition(".")
    while name and len(name.encode()) > _MOST_NAME:
        stem = stem[:-1] if dot else stem
        name = f"{stem}.{suffix}" if dot and stem else name[:-1]
    return name


def free_path(path: Path) -> Path:
    """The path itself, or with a number behind its name where there is such a file."""
    n = 2
    free = path
    while os.path.lexists(free):
        free = path.with_name(f"{path.stem} ({n}){path.suffix}")
        n += 1
    return free


def refuse_too_large(given: str, announced: str, most_bytes: int) -> None:
    """Raise UploadError where an upload is announced with more bytes than a file may have; before any are taken."""
    if announced.isdigit() and int(announced) > most_bytes:
        raise _too_large(safe_path(given).name, most_bytes)


def _too_large(name: str, most_bytes: int) -> UploadError:
    return UploadError(f"{name} is larger than {most_bytes // 1024**2} MB.", "See ingest.max_file_mb.")


async def store_upload(given: str, content: AsyncIterator[bytes], folder: Path, most_bytes: int) -> Path:
    """Store a file that comes in pieces in the drop folder; it gets its name when it is whole.

    Returns where it lies now; a file of the same name and content that was there already is taken for it.

    Raises UploadError: too large, of a kind that is not read, or the disk refused.
    """
    relative = safe_path(given)
    target = folder / relative
    staged = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.parent.resolve().is_relative_to(folder.resolve()):
            raise UploadError(f"{relative} would lie outside of the drop folder.", "Check the folder's links.")
        staged = partial_upload_path(target)
        size = 0
        with staged.open("xb") as stream:
            async for piece in content:
                size += len(piece)
                if size > most_bytes:
                    raise _too_large(target.name, most_bytes)
                stream.write(piece)
        return _settle(staged, target)
    except OSError as error:
        raise UploadError(f"{relative.name} could not be stored: {error.strerror or error}.") from None
    finally:
        if staged is not None:
            staged.unlink(missing_ok=True)


def _settle(staged: Path, target: Path) -> Path:
    if target.is_file() and _same(staged, target):
        return target
    final = free_path(target)
    # the suffix decides, so the check needs the final one
    probe = staged.with_suffix(final.suffix)
    os.replace(staged, probe)
    try:
        if unread := reason_unread(probe):
            raise UploadError(f"{target.name}: {unread[0]}.", unread[1])
        os.link(probe, final)
    except OSError:
        os.rename(probe, final)  # a file system without links
    finally:
        probe.unlink(missing_ok=True)
    return final


def _same(one: Path, other: Path) -> bool:
    from ragapp.reading.discover import hash_file

    return one.stat().st_size == other.stat().st_size and hash_file(one) == hash_file(other)
