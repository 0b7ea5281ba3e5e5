"""Patterns of files and folders: a name, a shell pattern, or a folder."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from fnmatch import translate
from functools import lru_cache
from pathlib import PureWindowsPath

_ESCAPED = re.compile(r"\[[*?[]\]")


def path_matcher(patterns: Iterable[str]) -> Callable[[str], bool]:
    """What tells whether a path is named by any of some patterns.

    They are shell patterns for a file's name or whole path (``*.pdf``, ``travel-policy*``), or for a folder anywhere
    above the file (``contracts``, ``contracts/2024``, ``contr*``); case and the direction of slashes do not matter.
    """
    every = list(patterns)
    # whole paths, of which a collection may have thousands, are looked up; the others are tried one by one
    plain = {_normalised(_unescaped(one)) for one in every if is_path(one) and _parts(one) > 1}
    folders: dict[int, set[str]] = {}
    for one in plain:
        folders.setdefault(one.strip("/").count("/") + 1, set()).add(one.strip("/"))
    shapes = [_shapes(one) for one in every if not (is_path(one) and _parts(one) > 1)]

    def matches(path: str) -> bool:
        where = _normalised(path)
        above, _, file = where.rpartition("/")
        if where in plain or _is_below(above, folders):
            return True
        return any(
            name.match(file) or whole.match(where) or folder.match(f"{above}/") for name, whole, folder in shapes
        )

    return matches


def _is_below(above: str, folders: dict[int, set[str]]) -> bool:
    """Whether folders with some number of parts, by that number, are in a path or stand above it."""
    parts = above.strip("/").split("/")
    return any(
        "/".join(parts[begin : begin + count]) in named
        for count, named in folders.items()
        for begin in range(0 if above.startswith("/") else 1, len(parts) - count + 1)
    )


def _parts(pattern: str) -> int:
    return _normalised(pattern).strip("/").count("/") + 1


def _unescaped(pattern: str) -> str:
    return _ESCAPED.sub(lambda found: found[0][1], pattern)


def is_path(pattern: str) -> bool:
    """Whether a pattern is the whole path of one file, escaped, and no folder or shell pattern."""
    bare = _ESCAPED.sub("", pattern)
    return not any(sign in bare for sign in "*?[") and bool(PureWindowsPath(bare).root or PureWindowsPath(bare).drive)


@lru_cache(maxsize=1000)
def _shapes(pattern: str) -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """Of a file's name, of its whole path, and of the folders above it."""
    wanted = _normalised(pattern).strip("/")
    name, path, folder = wanted, _normalised(pattern), f"*/{wanted}/*"
    return re.compile(translate(name)), re.compile(translate(path)), re.compile(translate(folder))


def _normalised(text: str) -> str:
    # macOS decomposes accents in file names, people type them composed
    return unicodedata.normalize("NFC", text).replace("\\", "/").casefold()
