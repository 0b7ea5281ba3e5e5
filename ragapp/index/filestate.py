"""What can be trusted of files that another library changes in place."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from ragapp import private

# what is larger is sealed by its size alone: reading it would take as long as opening it
SEALED_WHOLE_BYTES = 32 * 2**20


class FileState:
    """One word in a small file, which the next process reads before it opens the others.

    Args:
        path: the small file.
    """

    SAVED = ""
    LOGGED = "logged"
    SAVING = "saving"
    OPENING = "opening"
    DAMAGED = "damaged"

    def __init__(self, path: Path):
        self._path = path

    def get(self) -> str:
        """The word; ``SAVED`` where there is none."""
        with suppress(OSError, ValueError):
            return self._path.read_text(encoding="ascii")
        return self.SAVED

    def set(self, state: str, lasting: bool = False) -> None:
        """Replace the word; ``DAMAGED`` stays until the file is deleted.

        Args:
            state: the new word.
            lasting: whether it must outlast a loss of power, too.

        Raises:
            OSError: it cannot be written.
        """
        if self.get() not in (state, self.DAMAGED):
            _replace(self._path, state, lasting)


class Seal:
    """Sizes and checksums of files as they were saved.

    A library that trusts its files may do worse than fail when they are damaged: from a cut list of links, Chroma's
    graph has been seen to write files until the disk was full.

    Args:
        path: where the sizes and checksums are kept.
    """

    def __init__(self, path: Path):
        self._path = path

    def write(self, files: Iterable[Path]) -> None:
        """Seal the files as they are now, which is on the disk when this returns.

        Raises:
            OSError: a file cannot be read, or the seal cannot be written.
        """
        sealed = {}
        for file in files:
            _sync(file)
            _sync(file.parent)
            sealed[file.relative_to(self._path.parent).as_posix()] = _signature(file)
        _replace(self._path, json.dumps(sealed), lasting=True)

    def broken(self) -> str:
        """Name of the first file that is not as it was sealed, empty when all are or none was."""
        try:
            sealed = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return ""
        except (OSError, ValueError):
            return self._path.name
        for name, signature in sealed.items():
            try:
                if _signature(self._path.parent / name) != signature:
                    return name
            except OSError:
                return name
        return ""


def _signature(file: Path) -> list[int]:
    size = file.stat().st_size
    return [size] if size > SEALED_WHOLE_BYTES else [size, zlib.crc32(file.read_bytes())]


def _replace(path: Path, text: str, lasting: bool) -> None:
    private.make_folder(path.parent)
    private.replace_text(path, text, lasting=lasting)
    if lasting:
        _sync(path.parent)


def _sync(path: Path) -> None:
    if path.is_dir() and os.name == "nt":
        return  # Windows opens no folders
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
