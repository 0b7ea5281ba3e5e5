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
    shapes = [_shapes(one) for one in patterns]

    def matches(path: str) -> bool:
        where = _normalised(path)
        above, _, file = where.rpartition("/")
        return any(
            name.match(file) or whole.match(where) or folder.match(f"{above}/") for name, whole, folder in shapes
        )

    return matches


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
