"""Collections, which are named sets of folders and documents, and tags, which are words on documents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from glob import escape
from typing import TYPE_CHECKING

from ragapp.errors import StoreError, UsageError
from ragapp.index.patterns import is_path, path_matcher

if TYPE_CHECKING:
    from ragapp.index.catalog import Catalog

#: of a tag and of the name of a collection
LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class CollectionRow:
    """A collection; its ``patterns`` are those of its folders and documents, see :mod:`ragapp.index.patterns`."""

    name: str
    patterns: tuple[str, ...]


class Labels:
    """The collections and tags of a catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def collections(self) -> list[CollectionRow]:
        """All collections, by name."""
        patterns: dict[str, list[str]] = {}
        for name, pattern in self._catalog.rows(
            "SELECT c.name, m.pattern FROM collections c LEFT JOIN collection_members m ON m.collection_id = c.id"
            " ORDER BY c.name, m.pattern"
        ):
            patterns.setdefault(name, []).extend([pattern] if pattern else [])
        return [CollectionRow(name, tuple(found)) for name, found in patterns.items()]

    def collection(self, name: str) -> CollectionRow:
        """The collection of a name, whose capitals do not matter.

        Raises:
            StoreError: there is none.
        """
        wanted = name.strip().casefold()
        found = next((one for one in self.collections() if one.name.casefold() == wanted), None)
        if found is None:
            raise StoreError(f"There is no collection {name.strip()!r}.", "See: ragapp collections list")
        return found

    def add_to_collection(self, name: str, patterns: Iterable[str]) -> CollectionRow:
        """Add folders and documents to a collection, which is made where there is none of this name.

        Raises:
            UsageError: the name is empty or too long, or would be taken for a pattern or a condition.
        """
        name = _named(name)
        if any(sign in name for sign in "*?[/\\:"):
            raise UsageError(
                f"The name {name!r} would be taken for a pattern.", "Leave out wildcards, slashes and colons."
            )
        with self._catalog.transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO collections (name) VALUES (?)", (name,))
            connection.executemany(
                "INSERT OR IGNORE INTO collection_members SELECT id, ? FROM collections WHERE name = ?",
                [(pattern, name) for pattern in patterns],
            )
        return self.collection(name)

    def remove_from_collection(self, name: str, patterns: Sequence[str] | None = None) -> None:
        """Remove folders and documents from a collection, or all of it where ``patterns`` is None; documents stay.

        Raises:
            StoreError: there is no such collection, or one of the patterns is not in it.
        """
        row = self.collection(name)
        for pattern in patterns or ():
            if pattern not in row.patterns:
                raise StoreError(
                    f"The collection {row.name!r} does not name {pattern!r}.", "See: ragapp collections show NAME"
                )
        which = "(SELECT id FROM collections WHERE name = ?)"
        with self._catalog.transaction() as connection:
            if patterns is None:
                connection.execute("DELETE FROM collections WHERE name = ?", (row.name,))
            else:
                connection.executemany(
                    f"DELETE FROM collection_members WHERE collection_id = {which} AND pattern = ?",
                    [(row.name, pattern) for pattern in patterns],
                )

    def forget_removed(self) -> None:
        """Take out of the collections the paths of single documents that are not in the catalog any more."""
        there = {escape(row[0]) for row in self._catalog.rows("SELECT path FROM documents")}
        rows = self._catalog.rows("SELECT collection_id, pattern FROM collection_members")
        # a path without a wildcard is a document's; folders stay, which are there without a document, too
        gone = [row for row in rows if is_path(row[1]) and row[1] not in there]
        with self._catalog.transaction() as connection:
            connection.executemany("DELETE FROM collection_members WHERE collection_id = ? AND pattern = ?", gone)

    def tag(self, document_ids: Iterable[int], tags: Iterable[str]) -> None:
        """Put tags on documents.

        Raises:
            UsageError: a tag is empty or too long.
        """
        words = [_named(one) for one in tags]
        with self._catalog.transaction() as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO tags SELECT id, ? FROM documents WHERE id = ?",
                [(word, document_id) for document_id in document_ids for word in words],
            )

    def untag(self, document_ids: Iterable[int], tags: Iterable[str] | None = None) -> None:
        """Take tags off documents, or all of them where ``tags`` is None."""
        words = None if tags is None else [_named(one) for one in tags]
        with self._catalog.transaction() as connection:
            for document_id in document_ids:
                if words is None:
                    connection.execute("DELETE FROM tags WHERE document_id = ?", (document_id,))
                else:
                    connection.executemany(
                        "DELETE FROM tags WHERE document_id = ? AND tag = ?", [(document_id, word) for word in words]
                    )

    @property
    def version(self) -> tuple[int, ...]:
        """Changes when a tag or a collection has, in this process or another."""
        rows = self._catalog.rows(
            "SELECT (SELECT COUNT(*) FROM tags), (SELECT COALESCE(MAX(rowid), 0) FROM tags),"
            " (SELECT COUNT(*) FROM collections), (SELECT COALESCE(MAX(rowid), 0) FROM collections),"
            " (SELECT COUNT(*) FROM collection_members), (SELECT COALESCE(MAX(rowid), 0) FROM collection_members)"
        )
        return tuple(rows[0])

    def tag_counts(self) -> dict[str, int]:
        """How many documents have each tag, by tag."""
        rows = self._catalog.rows("SELECT MIN(tag), COUNT(*) FROM tags GROUP BY tag ORDER BY tag")
        return {row[0]: row[1] for row in rows}

    def of_documents(self, ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
        """The tags of those of some documents that have any, by id."""
        tags: dict[int, list[str]] = defaultdict(list)
        query = "SELECT document_id, tag FROM tags WHERE document_id IN ({}) ORDER BY tag"
        for document_id, tag in self._catalog.rows_among(query, ids):
            tags[document_id].append(tag)
        return {document_id: tuple(words) for document_id, words in tags.items()}

    def collections_of(self, paths: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """The collections that each of some paths belongs to, of those paths that belong to any."""
        matchers = [(row.name, path_matcher(row.patterns)) for row in self.collections() if row.patterns]
        if not matchers:
            return {}
        found = {path: tuple(name for name, matches in matchers if matches(path)) for path in paths}
        return {path: names for path, names in found.items() if names}


def _named(text: str) -> str:
    name = " ".join(text.split())
    if not name or len(name) > LONGEST_NAME:
        raise UsageError(f"A name has 1 to {LONGEST_NAME} characters; {name[:LONGEST_NAME]!r} has {len(name)}.")
    return name
