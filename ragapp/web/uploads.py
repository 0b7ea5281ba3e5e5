"""Names of files that a browser sends: a name within one folder, of a kind that is read, shown as it is."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath, PureWindowsPath

from ragapp.errors import PathError
from ragapp.inert import terminal_text
from ragapp.reading.registry import SUFFIXES

# what common file systems take
_MOST_BYTES = 200
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f]')
# Windows takes these for devices, whatever the suffix
_DEVICES = re.compile(r"(?i)(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)")


def safe_name(given: str) -> str:
    """The name under which an uploaded file may be stored.

    Args:
        given: what the browser says the file is called; folders in it are dropped.

    Raises:
        PathError: nothing of it can be a name, or there is no reader for such files.
    """
    name = unicodedata.normalize("NFC", PureWindowsPath(PurePosixPath(given).name).name)
    name = _FORBIDDEN.sub("_", terminal_text(name)).strip(" .\t\n")
    suffix = PurePosixPath(name).suffix.lower()
    if not name or name.startswith(".") or _DEVICES.match(name):
        raise PathError("A file without a proper name is not taken.", "Give it a name such as report.pdf.")
    if suffix not in SUFFIXES:
        raise PathError(f"{name} is not taken: there is no reader for {suffix or 'files without a suffix'}.",
                        "See: docs/formats.md")  # fmt: skip
    stem = name[: -len(suffix)].encode()[: _MOST_BYTES - len(suffix)].decode("utf-8", "ignore")
    return stem + name[-len(suffix) :]
