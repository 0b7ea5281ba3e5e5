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
import re
import shutil
import struct
import threading
import time
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
# The time of change of a file tells when it was used last. Of one that nobody has used it is a moment of 1990, the
# earlier the less likely it is to be asked for, so those go before all that was used.
_UNUSED_S, _USED_S = 631_152_000, 946_684_800
_MOST_RANK = 10_000_000
# how much readings are worth: not used and another model's, not used, used, used now; the time decides among equals
_OTHERS, _UNUSED, _USED, _NOW = range(4)
# so far ahead of the clock a time is wrong: the clock was, or is
_AHEAD_S = 86_400
# what was read by another model and was not used for so long goes as if nobody had used it
_STALE_S = 7 * 86_400
# what is still being written after so long was left behind by a process that was killed
_LEFT_BEHIND_S = 3_600
# tokens first, for PromptStore.longest
_NAME = re.compile(rf"(\d{{1,9}})-[0-9a-f]{{32}}{re.escape(SUFFIX)}")


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
        most_bytes: that the readings of all models may take together. What nobody has used goes first, of other
            models, then of this one, the unlikeliest first; then what was used longest ago.
    """

    def __init__(self, folder: Path, model: str, most_bytes: int):
        self.folder = folder
        self.most_bytes = most_bytes
        self._own = folder / hashlib.sha256(model.encode()).hexdigest()[:16]
        # when the folder was last changed, and the numbers of tokens of the readings in it
        self._lengths: tuple[int, tuple[int, ...]] = 0, ()
        # bytes of the largest reading: the next one may be as large
        self._largest = 0

    def longest(self, tokens: Sequence[int]) -> int:
        """How many of a prompt's first tokens the longest reading of them holds; 0 where there is none."""
        lengths = (length for length in self._known_lengths() if length <= len(tokens))
        return next((length for length in lengths if self._path(tokens[:length]).is_file()), 0)

    def _known_lengths(self) -> tuple[int, ...]:
        """Of the readings that are there, the longest first; other processes write and delete them, too."""
        try:
            changed = self._own.stat().st_mtime_ns
        except OSError:
            return ()
        if self._lengths[0] != changed:
            names = [_NAME.fullmatch(path.name) for path in _files(self._own)]
            self._lengths = changed, tuple(sorted({int(name[1]) for name in names if name}, reverse=True))
        return self._lengths[1]

    def find(self, tokens: Sequence[int]) -> Reading | None:
        """The reading of exactly these tokens; None where there is none, or it is damaged and was deleted."""
        path = self._path(tokens)
        try:
            with path.open("rb") as file:
                # a private mapping can be handed to C without a copy; nothing is written to it
                held = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
            state = _state_in(held, tokens)
        except OSError:
            return None
        except ValueError:  # an empty file
            state = None
        if state is None:
            self.forget(tokens)
            return None
        with suppress(OSError):
            os.utime(path)  # what was used last goes last
        return Reading(len(tokens), state)

    def forget(self, tokens: Sequence[int]) -> None:
        """Delete the reading of exactly these tokens."""
        with suppress(OSError):
            self._path(tokens).unlink()

    def add(self, tokens: Sequence[int], state: bytes, sources: Collection[str], rank: int | None = None) -> bool:
        """Keep a reading, where there is room or others are worth less; returns whether it is kept.

        Args:
            sources: the documents whose text was read; see :func:`forget_all_but`.
            rank: of one that nobody has asked for yet, its place in the order of likelihood that somebody will; 0 is
                the likeliest.

        Raises OSError: it cannot be written, as where the disk is full; nothing is left of it then.
        """
        path = self._path(tokens)
        header = json.dumps({"sources": sorted(sources), "tokens": len(tokens), "state": len(state)}).encode()
        parts = (_HEAD.pack(_MAGIC, _VERSION, len(header)), header, _packed(tokens), state)
        size = sum(map(len, parts)) + _SUM.size
        self._largest = max(self._largest, size)
        if path.is_file():
            return True
        if size > self.most_bytes or not self._make_room(size, rank):
            return False
        for folder in (self.folder, self._own):
            file_permissions.make_private_folder(folder)
        partial = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}.partial")
        try:
            with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                check = 0
                for part in parts:
                    check = zlib.crc32(part, check)
                    file.write(part)
                file.write(_SUM.pack(check))
            if rank is not None:
                os.utime(partial, (_rank_time(rank),) * 2)
            os.replace(partial, path)
        finally:
            with suppress(OSError):
                partial.unlink()
        self._lengths = 0, ()
        return True

    def room(self, rank: int | None = None) -> int:
        """Bytes that can be added of that rank, see :meth:`add`, once the largest reading was."""
        held = [(self._worth(path, state), state.st_size) for path, state in _states(self.folder)]
        mine = self._new_worth(rank)
        self._largest = max([self._largest, *(size for _, size in held)])
        return max(0, self.most_bytes - sum(size for worth, size in held if worth >= mine) - self._largest)

    def trim(self) -> None:
        """Forget what is worth the least where all models' readings take more than they may; all of it for 0."""
        self._make_room(0, None)

    def has(self, tokens: Sequence[int], rank: int | None = None) -> bool:
        """Whether there is a reading of exactly these tokens; where nobody has used it, it gets this rank."""
        path = self._path(tokens)
        try:
            state = path.stat()
        except OSError:
            return False
        if rank is not None and self._worth(path, state)[0] < _USED:
            with suppress(OSError):
                os.utime(path, (_rank_time(rank),) * 2)
        return True

    def _path(self, tokens: Sequence[int]) -> Path:
        return self._own / f"{len(tokens)}-{hashlib.sha256(_packed(tokens)).hexdigest()[:32]}{SUFFIX}"

    def _worth(self, path: Path, state: os.stat_result) -> tuple[int, float]:
        """The less, the sooner it goes."""
        now, changed = time.time(), state.st_mtime
        used = _USED_S <= changed <= now + _AHEAD_S
        if path.parent != self._own and (not used or changed < now - _STALE_S):
            return _OTHERS, changed
        return (_USED, changed) if used else (_UNUSED, changed if changed < _USED_S else 0.0)

    def _new_worth(self, rank: int | None) -> tuple[int, float]:
        return (_NOW, 0.0) if rank is None else (_UNUSED, _rank_time(rank))

    def _make_room(self, size: int, rank: int | None) -> bool:
        """Forget what is worth less than a reading of that many bytes and rank, as far as needed; whether it fits."""
        mine = self._new_worth(rank)
        files = sorted((self._worth(path, state), state.st_size, path) for path, state in _states(self.folder))
        over = size + sum(held for _, held, _ in files) - self.most_bytes
        if over > sum(held for worth, held, _ in files if worth < mine):
            return False
        _delete_left_behind(self.folder)
        for worth, held, path in files:
            if over <= 0 or worth >= mine:
                break
            with suppress(OSError):  # another process may have mapped it, or deleted it just now
                path.unlink()
                over -= held
        return over <= 0


def _delete_left_behind(folder: Path) -> None:
    for path in folder.glob("*/*.partial"):
        with suppress(OSError):
            if path.stat().st_mtime < time.time() - _LEFT_BEHIND_S:
                path.unlink()


def _rank_time(rank: int) -> float:
    """The time of change, in seconds, of a reading that nobody has used."""
    return float(_UNUSED_S + _MOST_RANK - min(rank, _MOST_RANK))


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
