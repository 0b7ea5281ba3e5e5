"""Where documents' files lie, when a store is taken to another place: paths moved, whatever system wrote them."""

from __future__ import annotations

import json
import os
import re
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath
from typing import Any

from ragapp.backup.snapshot import tables_of
from ragapp.errors import PathError, UsageError
from ragapp.index.catalog_writes import rename
from ragapp.ingest.drives import DRIVES

# more folders than these are told as the ones above them
MOST_FOLDERS = 8
_OF_WINDOWS = re.compile(r"[A-Za-z]:[\\/]|\\\\")
# marks a document's path while others are changed; no path begins so
_MARK = "\0"


@dataclass(frozen=True, slots=True)
class Move:
    """Files that lay below ``old``, a path of whatever system, lie below ``new`` here."""

    old: str
    new: Path


def parse_move(text: str) -> Move:
    """``OLD=NEW``. Raises UsageError: it is not of this form, or OLD is no absolute path."""
    old, equals, new = text.partition("=")
    if not equals or not old or not new or not _pure(old).is_absolute():
        raise UsageError(
            f"{text!r} does not say what was where.", "Write it so: --move /home/alice/contracts=/srv/contracts"
        )
    return Move(old, Path(os.path.abspath(Path(new).expanduser())))


def moved(path: str, moves: Iterable[Move]) -> str:
    """Where a path is by the innermost move that it lies below; itself where it is below none."""
    pure, best, place = _pure(path), -1, path
    for move in moves:
        old = _pure(move.old)
        if type(old) is not type(pure) or not pure.is_relative_to(old) or len(old.parts) <= best:
            continue
        rest = pure.parts[len(old.parts) :]
        if ".." not in rest:  # it would lead out again
            best, place = len(old.parts), str(Path(move.new, *rest))
    return place


def folders_of(paths: Iterable[str]) -> list[str]:
    """The outermost folders that files lie in; where these are many, those above them."""
    folders = {_pure(path).parent for path in paths}
    while True:
        outermost = {folder for folder in folders if not any(above in folders for above in folder.parents)}
        if len(outermost) <= MOST_FOLDERS:
            return sorted(map(str, outermost))
        deepest = max(len(folder.parts) for folder in outermost)
        folders = {folder.parent if len(folder.parts) == deepest else folder for folder in outermost}


def count_by_folder(paths: Sequence[str]) -> dict[str, int]:
    """How many of the files lie below each of :func:`folders_of`."""
    folders = folders_of(paths)
    counts = dict.fromkeys(folders, 0)
    for path in paths:
        above = set(map(str, _pure(path).parents))
        counts[next(folder for folder in folders if folder in above)] += 1
    return counts


def move_documents(connection: sqlite3.Connection, moves: Sequence[Move]) -> int:
    """Give the documents of a catalog the paths that they have by moves, wherever the catalog has them.

    That is: documents, files that were not read, what answers that are kept cite, what questions were restricted
    to and what collections are made of. Drives among the old folders are forgotten.

    Args:
        connection: in a transaction.

    Returns:
        How many documents have another path now.

    Raises:
        PathError: two documents would have the same path.
    """
    if not moves:
        return 0
    rows = connection.execute("SELECT id, path, name, size, mtime_ns FROM documents").fetchall()
    new = {row[0]: moved(row[1], moves) for row in rows}
    taken: dict[str, str] = {}
    for document, path, *_ in rows:
        if (other := taken.setdefault(new[document], path)) != path:
            raise PathError(
                f"{other} and {path} would both be {new[document]}.", "Give each its own place with --move."
            )
    changed = [row for row in rows if new[row[0]] != row[1]]
    connection.executemany(
        "UPDATE documents SET path = ? WHERE id = ?", [(f"{_MARK}{row[0]}", row[0]) for row in changed]
    )
    for document, _, name, size, mtime_ns in changed:
        if _pure(new[document]).name == name:
            connection.execute("UPDATE documents SET path = ? WHERE id = ?", (new[document], document))
        else:
            rename(connection, document, Path(new[document]), size, mtime_ns)
    for (path,) in connection.execute("SELECT path FROM unread").fetchall():
        connection.execute("UPDATE OR REPLACE unread SET path = ? WHERE path = ?", (moved(path, moves), path))
    _move_in_conversations(connection, lambda path: moved(path, moves))
    drives = connection.execute("SELECT value FROM state WHERE key = ?", (DRIVES,)).fetchone()
    if drives:
        kept = [drive for drive in json.loads(drives[0]) if moved(drive, moves) == drive]
        connection.execute("UPDATE state SET value = ? WHERE key = ?", (json.dumps(kept), DRIVES))
    return len(changed)


def _move_in_conversations(connection: sqlite3.Connection, place: Callable[[str], str]) -> None:
    for table in ("turns", "conversations"):
        for row_id, scope in connection.execute(f"SELECT id, scope FROM {table} WHERE scope != ''").fetchall():
            lines = "\n".join(map(place, scope.split("\n")))
            connection.execute(f"UPDATE {table} SET scope = ? WHERE id = ?", (lines, row_id))
    # a backup of an earlier version has no collections
    kept = "collection_members" in tables_of(connection)
    query = "SELECT rowid, pattern FROM collection_members"
    for row_id, pattern in connection.execute(query).fetchall() if kept else ():
        values = place(pattern), row_id
        connection.execute("UPDATE OR IGNORE collection_members SET pattern = ? WHERE rowid = ?", values)
    for (turn,) in connection.execute("SELECT id FROM turns").fetchall():
        (answer,) = connection.execute("SELECT answer FROM turns WHERE id = ?", (turn,)).fetchone()
        values = json.loads(answer)
        if _move_paths(values, place):
            connection.execute("UPDATE turns SET answer = ? WHERE id = ?", (json.dumps(values), turn))


def _move_paths(value: Any, place: Callable[[str], str]) -> bool:
    """Change every ``path`` of a document in an answer, in place; whether there was one to change."""
    changed = False
    for one in value if isinstance(value, list) else value.values() if isinstance(value, dict) else ():
        changed |= _move_paths(one, place)
    if (
        isinstance(value, dict)
        and isinstance(value.get("path"), str)
        and (new := place(value["path"])) != value["path"]
    ):
        value["path"] = new
        changed = True
    return changed


def _pure(path: str) -> PurePath:
    return PureWindowsPath(path) if _OF_WINDOWS.match(path) else PurePosixPath(path)
