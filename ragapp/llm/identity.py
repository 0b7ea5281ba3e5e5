"""Which model a file holds, whatever it is called."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from pathlib import Path

_PIECES = 16
_PIECE_BYTES = 256 * 1024
_SHARD = re.compile(r"(.+)-(\d{5})-of-(\d{5})(\.gguf)", re.IGNORECASE)


def file_identity(path: Path) -> str:
    """The size of a file in bytes and a hash of 16 pieces of it, its beginning and end among them.

    A model of many gigabytes need not be read for it. Files of two models differ throughout; one in which only a few
    tensors were changed, as by an adapter that was merged into it, may look the same.

    Raises OSError: it cannot be read.
    """
    state = path.stat()
    return _identity(path, state.st_size, state.st_mtime_ns)


def shards(path: Path) -> list[Path]:
    """All files of a model whose first one is given: ``name-00001-of-00003.gguf`` and so on, else that one alone."""
    parts = _SHARD.fullmatch(path.name)
    if not parts:
        return [path]
    return [path.with_name(f"{parts[1]}-{n:05}-of-{parts[3]}{parts[4]}") for n in range(1, int(parts[3]) + 1)]


@lru_cache(maxsize=64)
def _identity(path: Path, size: int, mtime_ns: int) -> str:
    digest = hashlib.sha256()
    last = max(0, size - _PIECE_BYTES)
    with path.open("rb") as file:
        for number in range(_PIECES):
            file.seek(last * number // (_PIECES - 1))
            digest.update(file.read(_PIECE_BYTES))
    return f"{size}-{digest.hexdigest()[:32]}"
