"""Documents and files as a long list shows them: searched, filtered, sorted and cut into pages by SQLite.

A list line is a document, a file that is not in the store as it lies there, or one that waits to be ingested.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Literal

from ragapp.index.analysis import plain

if TYPE_CHECKING:
    from ragapp.index.catalog import Catalog

LineState = Literal["ready", "warnings", "failed", "changed", "gone", "waiting", "removed", "skipped"]
#: what a list can be narrowed to; ``run``: what the last run has changed
STATES: tuple[str, ...] = ("ready", "warnings", "failed", "changed", "gone", "waiting", "removed", "skipped", "run")
#: shown while no state is chosen: neither what there is no reader for nor what was removed nor what waits
_SHOWN = "('ready', 'warnings', 'failed', 'changed', 'gone')"

# SQL by which each column is sorted
COLUMNS: dict[str, str] = {
    "name": "plain(name)",
    "folder": "plain(folder_of(path))",
    "type": "suffix_of(name)",
    "pages": "units",
    "coverage": "CASE WHEN units THEN 1.0 * (units - without_text) / units ELSE 0 END",
    "state": "rank",
    "date": "day",
    "size": "size",
}

_RANKS = " ".join(f"WHEN '{state}' THEN {rank}" for rank, state in enumerate(STATES))
_FIGURES = re.compile(r"\d[\d.,\s]*")


@dataclass(frozen=True, slots=True)
class Around:
    """What the catalog does not know of the files.

    Attributes:
        gone: ids of documents whose files are not where they were.
        changed: ids of those whose files have changed since.
        waiting: paths of files that are not ingested yet.
        run: paths of the files that the last run has changed.
    """

    gone: tuple[int, ...] = ()
    changed: tuple[int, ...] = ()
    waiting: tuple[str, ...] = ()
    run: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """What a list is asked for.

    Attributes:
        warning: a kind of warning, see :func:`warning_kind`.
        only: ids of the documents that it is narrowed to, without files that are none; None for all lines.
    """

    search: str = ""
    state: str = ""
    warning: str = ""
    column: str = "name"
    down: bool = False
    offset: int = 0
    limit: int = 50
    only: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the list.

    Attributes:
        id: of the document; None for a file that is none.
        size: of the file in bytes, -1 where it is not known.
        day: when it was ingested or tried, ISO 8601, UTC.
        reason: why a file is not in the store, without a full stop.
    """

    id: int | None
    path: str
    name: str
    title: str
    size: int
    day: str
    units: int
    without_text: int
    units_ocr: int
    needing_ocr: int
    warnings: tuple[str, ...]
    state: LineState
    reason: str
    hint: str

    @property
    def wants_password(self) -> bool:
        """Whether a password would help; no other hint names this setting."""
        return self.state == "failed" and "ingest.passwords" in self.hint


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list, how many lines the whole of it has, and how many stand before the part."""

    lines: tuple[Line, ...]
    total: int
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Counts:
    """How many lines there are by state and by kind of warning; ``all`` are those that are shown without a filter."""

    states: Mapping[str, int] = field(default_factory=dict)
    warnings: Mapping[str, int] = field(default_factory=dict)
    all: int = 0


def add_functions(connection: sqlite3.Connection) -> None:
    """Have a connection know the functions that the queries here use."""
    for name, function in (("plain", plain), ("folder_of", _folder), ("suffix_of", _suffix), ("base_name", _name)):
        connection.create_function(name, 1, function, deterministic=True)
    connection.create_function("has_words", 2, _has_words, deterministic=True)
    connection.create_function("warning_kind", 1, warning_kind, deterministic=True)


def warning_kind(warning: str) -> str:
    """A warning without its figures: what is alike in those of several documents."""
    return _FIGURES.sub("… ", warning).strip()


def _has_words(text: str, words: str) -> bool:
    """Whether a text has all of some words, which are plain; it is made plain once for all of them."""
    bare = plain(text)
    return all(word in bare for word in words.split())


def list_page(catalog: Catalog, query: Query, around: Around) -> Page:
    """The lines that a query asks for, and how many there are in all."""
    where, values = _where(query)
    entries, found = _entries(query.state, around)
    parameters = [*found, *values]
    counted = f"WITH entries AS ({entries}) SELECT COUNT(*) FROM entries WHERE {where}"
    total = int(catalog.rows(counted, parameters)[0][0])
    # a list that has become shorter shows its last page
    offset = max(0, min(query.offset, (total - 1) // query.limit * query.limit))
    column = COLUMNS.get(query.column, COLUMNS["name"])
    # names are compared as people read them only where many lines are alike: it takes as long as all else
    ties = "plain(name)" if query.column in ("type", "folder", "state") else "name"
    way, back = ("DESC", "ASC") if query.down else ("ASC", "DESC")
    limit, begin = query.limit, offset
    # SQLite sorts only as far as the page: the second half is sorted from its end
    mirrored = offset > total // 2
    if mirrored:
        limit = min(limit, total - offset)
        begin, way, back = total - offset - limit, back, way
    second = "DESC" if mirrored else "ASC"
    rows = catalog.rows(
        f"WITH entries AS ({entries}) SELECT *, CASE state {_RANKS} END AS rank FROM entries WHERE {where}"
        f" ORDER BY {column} {way}, {ties} {second}, path {second} LIMIT {int(limit)} OFFSET {int(begin)}",
        parameters,
    )
    return Page(tuple(map(_line, reversed(rows) if mirrored else rows)), total, offset)


def matching_ids(catalog: Catalog, query: Query, around: Around) -> list[int]:
    """Ids of all documents that a query finds, on whatever page of the list."""
    where, values = _where(query)
    entries, found = _entries(query.state, around)
    sql = f"WITH entries AS ({entries}) SELECT id FROM entries WHERE id IS NOT NULL AND {where} ORDER BY id"
    return [row[0] for row in catalog.rows(sql, [*found, *values])]


def count_lines(catalog: Catalog, around: Around) -> Counts:
    """How many lines there are by state and by kind of warning."""
    entries, found = _entries("", around)
    rows = catalog.rows(f"WITH entries AS ({entries}) SELECT state, COUNT(*) FROM entries GROUP BY state", found)
    states = dict(rows)
    shown = sum(states.get(state, 0) for state in ("ready", "warnings", "failed", "changed", "gone"))
    states |= {"waiting": len(around.waiting), "run": len(around.run)}
    kinds = catalog.rows(
        "SELECT warning_kind(value), COUNT(DISTINCT documents.id) FROM documents, json_each(documents.warnings)"
        " WHERE warnings != '[]' GROUP BY 1 ORDER BY 2 DESC, 1"
    )
    return Counts(states, dict(kinds), shown)


def _where(query: Query) -> tuple[str, list[Any]]:
    conditions = [f"state IN {_SHOWN}" if not query.state else "TRUE" if query.state == "run" else "state = ?"]
    values: list[Any] = [query.state] if query.state not in ("", "run") else []
    if words := plain(query.search):
        conditions.append("has_words(title || ' ' || path, ?)")
        values.append(words)
    if query.only is not None:
        conditions.append("id IN (SELECT value FROM json_each(?))")
        values.append(_json(query.only))
    if query.warning:
        conditions.append("EXISTS (SELECT 1 FROM json_each(warnings) WHERE warning_kind(value) = ?)")
        values.append(query.warning)
    return " AND ".join(conditions), values


def _entries(state: str, around: Around) -> tuple[str, list[Any]]:
    """A query for all lines, and its parameters."""
    known = "CASE"
    values: list[Any] = []
    for name, ids in (("gone", around.gone), ("changed", around.changed)):
        if ids:
            known += f" WHEN id IN (SELECT value FROM json_each(?)) THEN '{name}'"
            values.append(_json(ids))
    known += " WHEN warnings != '[]' OR units_needing_ocr THEN 'warnings' ELSE 'ready' END"
    columns = "units, units_without_text AS without_text, units_ocr, units_needing_ocr AS needing_ocr, warnings"
    documents = (
        f"SELECT id, path, name, title, size, ingested_at AS day, {columns}, {known} AS state, '' AS reason, '' AS hint"
        " FROM documents"
    )
    none = "0, 0, 0, 0, '[]'"
    unread = (
        f"SELECT NULL, path, base_name(path), '', size, tried_at, {none}, CASE WHEN status = 'failed' THEN 'failed'"
        " WHEN reason = 'removed by hand' THEN 'removed' ELSE 'skipped' END, reason, hint FROM unread"
    )
    nameless = f"SELECT NULL, value, base_name(value), '', -1, '', {none}, '{{}}', '', '' FROM json_each(?)"
    if state == "waiting":
        return f"{documents} WHERE FALSE UNION ALL {nameless.format('waiting')}", [*values, _json(around.waiting)]
    if state == "run":
        paths = _json(around.run)
        run = "path IN (SELECT value FROM json_each(?))"
        rest = (
            f"{nameless.format('removed')} WHERE value NOT IN (SELECT path FROM documents)"
            " AND value NOT IN (SELECT path FROM unread)"
        )
        sql = f"{documents} WHERE {run} UNION ALL {unread} WHERE {run} UNION ALL {rest}"
        return sql, [*values, paths, paths, paths]
    return f"{documents} UNION ALL {unread}", values


def _json(values: Iterable[int | str]) -> str:
    return json.dumps(list(values))


def _line(row: tuple[Any, ...]) -> Line:
    values = list(row[:14])
    values[10] = tuple(json.loads(values[10]))
    return Line(*values)


@lru_cache(200_000)
def _folder(path: str) -> str:
    return os.path.dirname(path)


def _name(path: str) -> str:
    return os.path.basename(path)


def _suffix(name: str) -> str:
    return PurePath(name).suffix.lower()
