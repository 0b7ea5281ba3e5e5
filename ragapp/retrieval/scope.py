"""The documents that a search is restricted to."""

from __future__ import annotations

import fnmatch
import re
import unicodedata
from collections.abc import Iterable

from ragapp.errors import PathError
from ragapp.index.records import DocumentRow


def matching_documents(rows: Iterable[DocumentRow], pattern: str) -> list[int]:
    """Ids of the documents that a pattern names.

    It is a shell pattern for a file's name or whole path (``*.pdf``, ``travel-policy*``), or for a folder anywhere
    above the file (``contracts``, ``contracts/2024``, ``contr*``); case and the direction of slashes do not matter.

    Raises:
        PathError: no document matches.
    """
    wanted = _normalised(pattern).strip("/")
    shapes = (wanted, _normalised(pattern), f"*/{wanted}/*")
    name, path, folder = (re.compile(fnmatch.translate(shape)) for shape in shapes)
    chosen = []
    for row in rows:
        where = _normalised(row.path)
        above, _, file = where.rpartition("/")
        if name.match(file) or path.match(where) or folder.match(f"{above}/"):
            chosen.append(row.id)
    if not chosen:
        raise PathError(f"No document or folder matches {pattern!r}.", "See: ragapp documents list")
    return chosen


def _normalised(text: str) -> str:
    # macOS decomposes accents in file names, people type them composed
    return unicodedata.normalize("NFC", text).replace("\\", "/").casefold()
