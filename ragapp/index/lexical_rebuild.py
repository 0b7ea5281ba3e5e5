"""The lexical index made anew from the catalog's own text when the analysis of text has changed.

The new index grows beside the old one, some chunks a transaction, and takes its place at the end.  Until then the old
one is searched; what is killed goes on where it stopped, and documents may be stored and removed meanwhile.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable

from ragapp.index import bm25
from ragapp.index.analysis import analysis_version
from ragapp.index.catalog import Catalog
from ragapp.index.catalog_writes import LEXICAL_ANALYSIS, context_line

# state in the catalog: the analysis of the index that is being made
_UNDER_WAY = "lexical_analysis_next"
# so many that others who want the catalog wait for a fraction of a second
_CHUNKS_A_TIME = 250


def is_current(catalog: Catalog) -> bool:
    """Whether the lexical index was made by the analysis of this ragapp and of the stemmers that are installed."""
    return catalog.get_state(LEXICAL_ANALYSIS) == analysis_version() or not catalog.chunk_count()


def rebuild(catalog: Catalog, progress: Callable[[int, int], None] | None = None) -> int:
    """Index every chunk anew, and return how many there are.

    ``progress`` gets the number of chunks that are done, and of all; what it raises stops the rebuild, which goes on
    from there the next time.
    """
    version = analysis_version()
    with catalog.transaction() as connection:
        if catalog.get_state(_UNDER_WAY) != version:
            _begin(connection)
            connection.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (_UNDER_WAY, version))
    total = catalog.chunk_count()
    done = int(catalog.rows(f"SELECT COUNT(*) FROM lexical{bm25.NEXT}_docsize")[0][0])
    while True:
        if progress:
            progress(done, max(done, total))
        with catalog.transaction() as connection:
            added = _add_some(connection)
            done += added
            if not added:  # and nothing can be stored before the new index is the one in use
                _take_place(connection, version)
                return done


def _begin(connection: sqlite3.Connection) -> None:
    for table in bm25.TABLES:
        connection.execute(f"DROP TABLE IF EXISTS {table}{bm25.NEXT}")
        (made,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,)).fetchone()
        connection.execute(f"CREATE VIRTUAL TABLE {table}{bm25.NEXT} USING {made.partition(' USING ')[2]}")


def _add_some(connection: sqlite3.Connection) -> int:
    rows = connection.execute(
        "SELECT c.id, d.name, d.title, c.headings, c.text, d.language FROM chunks c JOIN documents d"
        f" ON d.id = c.document_id WHERE c.id > (SELECT COALESCE(MAX(id), 0) FROM lexical{bm25.NEXT}_docsize)"
        f" ORDER BY c.id LIMIT {_CHUNKS_A_TIME}"
    ).fetchall()
    for chunk_id, name, title, headings, text, language in rows:
        bm25.add(connection, chunk_id, context_line(name, title, json.loads(headings)), text, language, bm25.NEXT)
    return len(rows)


def _take_place(connection: sqlite3.Connection, version: str) -> None:
    for table in bm25.TABLES:
        connection.execute(f"DROP TABLE {table}")
        connection.execute(f"ALTER TABLE {table}{bm25.NEXT} RENAME TO {table}")
    connection.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (LEXICAL_ANALYSIS, version))
    connection.execute("DELETE FROM state WHERE key = ?", (_UNDER_WAY,))
