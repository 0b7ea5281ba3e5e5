"""What is known of a document besides its text: its own day, author and type, and the years that its name states."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import PurePath

from ragapp.index.dates import dates

#: families of formats, by the names that people give them; what is in none of them is text
TYPES: dict[str, tuple[str, ...]] = {
    "pdf": (".pdf",),
    "word": (".docx", ".docm", ".dotx", ".dotm", ".odt", ".ott", ".fodt", ".rtf"),
    "excel": (*(".xlsx", ".xlsm", ".xltx", ".xltm", ".xls", ".xlt"), *(".ods", ".ots", ".fods", ".csv", ".tsv")),
    "powerpoint": (".pptx", ".pptm", ".ppsx", ".ppsm", ".potx", ".odp", ".otp", ".fodp"),
    "mail": (".eml", ".msg"),
    "web": (".html", ".htm", ".xhtml", ".mht", ".mhtml"),
    "image": (".png", ".jpg", ".jpeg", ".gif", ".tif", ".tiff", ".bmp", ".webp"),
    "text": (),
}
_FAMILY = {suffix: family for family, suffixes in TYPES.items() for suffix in suffixes}
# a date that stands within the first so many characters is the document's own
_NEAR_TITLE = 600
_YEARS = range(1900, 2101)
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_MAIL_HEAD = re.compile(r"^(From|Date): (.+)$", re.MULTILINE)
_LONGEST_AUTHOR = 200


def type_of(name: str) -> str:
    """The family of formats that a file belongs to by its name; see :data:`TYPES`."""
    return _FAMILY.get(PurePath(name).suffix.lower(), "text")


def stated_day(text: str) -> str:
    """The first day, ISO 8601, with its year that stands near the beginning of a text; empty where there is none."""
    for found, _ in dates(text[:_NEAR_TITLE]):
        if found.year is not None and found.year in _YEARS:
            try:
                return date(found.year, found.month, found.day).isoformat()
            except ValueError:  # 31 February
                continue
    return ""


def file_day(mtime_ns: int) -> str:
    """The day, ISO 8601, UTC, of a file's time in nanoseconds."""
    try:
        return datetime.fromtimestamp(mtime_ns / 1e9, UTC).date().isoformat()
    except (OverflowError, OSError, ValueError):
        return ""


@lru_cache(maxsize=20_000)
def stated_years(name: str, title: str) -> frozenset[int]:
    """The years that a document's name and title state."""
    return frozenset(int(year) for year in _YEAR.findall(f"{name}\n{title}"))


def facts_of(kind: str, text: str, day: str = "", author: str = "") -> dict[str, str]:
    """The columns of a document's row that hold its day, where that is from, and its author.

    Args:
        kind: of its first unit.
        text: of its first unit.
        day: by its properties, ISO 8601; what they lack is looked for in the text.
        author: by its properties.
    """
    if kind == "mail":
        head = dict(_MAIL_HEAD.findall(text[: 4 * _NEAR_TITLE]))
        author = author or head.get("From", "")[:_LONGEST_AUTHOR]
        day = day or stated_day(head.get("Date", ""))
    stated = "" if day else stated_day(text)
    return {"written": day or stated, "dated_by": "properties" if day else "text" * bool(stated), "author": author}


def fill_in(connection: sqlite3.Connection) -> None:
    """Look in the stored texts for what is to be known of documents that an earlier version stored, once.

    Their files are not read: what only properties tell is known when a document is read again.
    """
    if not connection.execute("SELECT 1 FROM documents WHERE written IS NULL LIMIT 1").fetchone():
        return
    rows: Iterable[tuple[int, str, str]] = connection.execute(
        "SELECT d.id, COALESCE(u.kind, ''), COALESCE(substr(u.text, 1, ?), '') FROM documents d"
        " LEFT JOIN units u ON u.document_id = d.id AND u.number = 1 WHERE d.written IS NULL",
        (4 * _NEAR_TITLE,),
    ).fetchall()
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.executemany(
            "UPDATE documents SET written = :written, dated_by = :dated_by, author = :author"
            " WHERE id = :id AND written IS NULL",
            [{"id": document_id, **facts_of(kind, text)} for document_id, kind, text in rows],
        )
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
