"""Which documents a search is restricted to."""

from __future__ import annotations

import fnmatch
import re
import unicodedata
from collections.abc import Iterable

from ragapp.errors import PathError
from ragapp.index.records import DocumentRow


def documents_within(rows: Iterable[DocumentRow], pattern: str) -> list[int]:
    """Ids of the documents that a pattern names.

    Args:
        rows: all documents.
        pattern: a shell pattern for a file's name or whole path (``*.pdf``, ``travel-policy*``), or a collection, which
            is a folder anywhere above the file (``contracts``, ``contracts/2024``, ``contr*``).  Case does not matter,
            nor which way the slashes lean.

    Raises:
        PathError: no document matches.
    """
    wanted = _plain(pattern).strip("/")
    name, path, folder = (re.compile(fnmatch.translate(shape)) for shape in (wanted, _plain(pattern), f"*/{wanted}/*"))
    chosen = []
    for row in rows:
        where = _plain(row.path)
        above = where.rpartition("/")[0] + "/"
        if name.match(where.rpartition("/")[2]) or path.match(where) or folder.match(above):
            chosen.append(row.id)
    if not chosen:
        raise PathError(f"No document or folder matches {pattern!r}.", "See: ragapp documents list")
    return chosen


def _plain(text: str) -> str:
    # macOS gives file names with their accents apart, people type them whole
    return unicodedata.normalize("NFC", text).replace("\\", "/").casefold()
