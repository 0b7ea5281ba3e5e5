"""Readings of prompts that outlive the process: the keys and values of a prompt's beginning, one file for each.

A file is whole or not there: it is written beside its place and then renamed, and a checksum over all of it is held
against it before it is used.  Its name follows from the tokens and from what the numbers depend on, so a changed model,
template or text finds nothing.  Several processes may use one folder.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import os
import shutil
import struct
import threading
import zlib
from array import array
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from ragapp import file_permissions

#: in the data folder
FOLDER_NAME = "prompts"
SUFFIX = ".kv"
# where the size is left to ragapp: so much of what is free on the disk, and never more than so many bytes
FREE_SHARE = 0.1
MOST_BYTES = 4 << 30
_MAGIC = b"ragappkv"
_VERSION = 1
_HEAD = struct.Struct("<8sII")  # magic, version, bytes of the header that follows
_SUM = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read of a prompt's beginning.

    Attributes:
        tokens: how many of the prompt's first tokens it holds.
        state: their keys and values, as :meth:`ragapp.llm.llamacpp.Context.state` gives them.
    """

    tokens: int
    state: memoryview


class Usage(NamedTuple):
    """What a folder of readings takes."""

    readings: int
    bytes: int


class PromptStore:
    """The readings of one model.

    Args:
        folder: of all models; made at the first reading.
        model: all that the numbers depend on besides the tokens: weights, options, library, processor.
        most_bytes: that the readings of all models may take together; what was used longest ago goes first.
    """

    def __init__(self, folder: Path, model: str, most_bytes: int):
        self.folder = folder
        self.most_bytes = most_bytes
        self._own = folder / hashlib.sha256(model.encode()).hexdigest()[:16]
        self._lengths: set[int] | None = None
        # bytes of the largest reading that was added: the next one may be as large
        self._largest = 0

    def longest(self, tokens: Sequence[int]) -> int:
        """How many of a prompt's first tokens the longest reading of them holds; 0 where there is none."""
        if self._lengths is None:
            self._lengths = {int(path.stem.split("-")[0]) for path in _files(self._own)}
        lengths = sorted((length for length in self._lengths if length <= len(tokens)), reverse=True)
        return next((length for length in lengths if self._path(tokens[:length]).is_file()), 0)

    def find(self, tokens: Sequence[int]) -> Reading | None:
        """The reading of exactly these tokens; None where there is none, or it is damaged and was deleted."""
        path = self._path(tokens)
        try:
            with path.open("rb") as file:
                # a private mapping can be handed to C without a copy; nothing is written to it
                held = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
        except (OSError, ValueError):
            return None
        state = _state_in(held, tokens)
        if state is None:
            with suppress(OSError):
                path.unlink()
            return None
        with suppress(OSError):
            os.utime(path)  # what was used last goes last
        return Reading(len(tokens), state)

    def add(self, tokens: Sequence[int], state: bytes, sources: Collection[str]) -> None:
        """Keep a reading, and forget the oldest where there is no more room.

        ``sources`` name the documents whose text was read; see :func:`forget_all_but`.

        Raises OSError: it cannot be written, as where the disk is full; nothing is left of it then.
        """
        path = self._path(tokens)
        header = json.dumps({"sources": sorted(sources), "tokens": len(tokens), "state": len(state)}).encode()
        parts = (_HEAD.pack(_MAGIC, _VERSION, len(header)), header, _packed(tokens), state)
        size = sum(map(len, parts)) + _SUM.size
        if path.is_file() or size > self.most_bytes:
            return
        self._largest = max(self._largest, size)
        for folder in (self.folder, self._own):
            file_permissions.make_private_folder(folder)
        self._make_room(size)
        partial = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}.partial")
        try:
            with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                check = 0
                for part in parts:
                    check = zlib.crc32(part, check)
                    file.write(part)
                file.write(_SUM.pack(check))
            os.replace(partial, path)
        finally:
            with suppress(OSError):
                partial.unlink()
        if self._lengths is not None:
            self._lengths.add(len(tokens))

    @property
    def room(self) -> int:
        """Bytes that can be added without forgetting anything."""
        return max(0, self.most_bytes - usage(self.folder).bytes - self._largest)

    def has(self, tokens: Sequence[int]) -> bool:
        """Whether there is a reading of exactly these tokens."""
        return self._path(tokens).is_file()

    def _path(self, tokens: Sequence[int]) -> Path:
        return self._own / f"{len(tokens)}-{hashlib.sha256(_packed(tokens)).hexdigest()[:32]}{SUFFIX}"

    def _make_room(self, size: int) -> None:
        files = sorted((state.st_mtime_ns, state.st_size, path) for path, state in _states(self.folder))
        over = size + sum(held for _, held, _ in files) - self.most_bytes
        for _, held, path in files:
            if over <= 0:
                return
            with suppress(OSError):  # another process may have mapped it, or deleted it just now
                path.unlink()
                over -= held


def budget(folder: Path, wanted_mb: int | None) -> int:
    """Bytes that readings may take: so many MB, or a tenth of what is free on the disk, 4 GiB at the most.

    What they take already counts as free.
    """
    if wanted_mb is not None:
        return wanted_mb << 20
    there = folder
    while not there.exists() and there != there.parent:
        there = there.parent
    try:
        free = shutil.disk_usage(there).free
    except OSError:
        return 0
    return min(MOST_BYTES, int(FREE_SHARE * (free + usage(folder).bytes)))


def usage(folder: Path) -> Usage:
    """How many readings there are, of all models, and their bytes."""
    sizes = [state.st_size for _, state in _states(folder)]
    return Usage(len(sizes), sum(sizes))


def forget_all_but(folder: Path, sources: Collection[str]) -> int:
    """Delete all readings but those whose text is only from these documents; returns how many.

    What cannot be read is deleted, too: nobody knows what it holds.

    Raises OSError: one can't be deleted.
    """
    known, gone = set(sources), 0
    for path in [*_files(folder), *folder.glob("*/*.partial")]:
        if path.suffix == SUFFIX and (told := _sources(path)) is not None and told <= known:
            continue
        path.unlink(missing_ok=True)
        gone += 1
    return gone


def _files(folder: Path) -> list[Path]:
    """Of one model, or of all."""
    return [path for pattern in (f"*{SUFFIX}", f"*/*{SUFFIX}") for path in folder.glob(pattern)]


def _states(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    for path in _files(folder):
        with suppress(OSError):
            yield path, path.stat()


def _packed(tokens: Sequence[int]) -> bytes:
    return array("i", tokens).tobytes()


def _sources(path: Path) -> set[str] | None:
    try:
        with path.open("rb") as file:
            magic, version, size = _HEAD.unpack(file.read(_HEAD.size))
            header = json.loads(file.read(size)) if (magic, version) == (_MAGIC, _VERSION) else {}
        return set(header["sources"])
    except (OSError, ValueError, KeyError, TypeError, struct.error):
        return None


def _state_in(held: mmap.mmap, tokens: Sequence[int]) -> memoryview | None:
    """The state of these tokens in a mapped file, None where that holds something else, or is not whole."""
    view = memoryview(held)
    end = len(view) - _SUM.size
    if end < _HEAD.size:
        return None
    magic, version, size = _HEAD.unpack_from(view)
    begin = _HEAD.size + size
    packed = _packed(tokens)
    if (magic, version) != (_MAGIC, _VERSION) or begin + len(packed) > end:
        return None
    if zlib.crc32(view[:end]) != _SUM.unpack_from(view, end)[0] or view[begin : begin + len(packed)] != packed:
        return None
    return view[begin + len(packed) : end]
