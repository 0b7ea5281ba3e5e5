"""The lexical side: BM25 over stems in SQLite's FTS5.

The table holds ready-made terms, one row a chunk with the chunk's id, so it is updated document by document in the
catalog's own transaction.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ragapp.index.analysis import terms

# a term in the title or heading path says what a chunk is about, but every chunk below it shares it
CONTEXT_WEIGHT = 0.5
MAX_QUESTION_TERMS = 64
# what FTS5 fixes
K1, B, MIN_RARITY = 1.2, 0.75, 1e-6

# the terms of a chunk's context and of its text, in order
Terms = tuple[list[str], list[str]]


def add(connection: sqlite3.Connection, chunk_id: int, context: str, text: str, language: str) -> None:
    """Index one chunk inside the caller's transaction; ``context`` is its document's name and title and headings."""
    connection.execute(
        "INSERT INTO lexical (rowid, context, body) VALUES (?, ?, ?)",
        (chunk_id, " ".join(terms(context, language)), " ".join(terms(text, language))),
    )


def set_context(connection: sqlite3.Connection, chunk_id: int, context: str, language: str) -> None:
    """Change what stands in front of an indexed chunk, because its document has another name; see :func:`add`."""
    connection.execute("UPDATE lexical SET context = ? WHERE rowid = ?", (" ".join(terms(context, language)), chunk_id))


def remove(connection: sqlite3.Connection, chunk_ids: Sequence[int]) -> None:
    """Drop chunks from the index inside the caller's transaction."""
    connection.executemany("DELETE FROM lexical WHERE rowid = ?", [(chunk_id,) for chunk_id in chunk_ids])


def frequencies(connection: sqlite3.Connection, wanted: Sequence[str]) -> dict[str, int]:
    """How many chunks hold each term, in text or context; terms that none holds are left out."""
    connection.execute("CREATE VIRTUAL TABLE IF NOT EXISTS temp.lexical_terms USING fts5vocab(main, lexical, row)")
    found = (
        connection.execute("SELECT term, doc FROM temp.lexical_terms WHERE term = ?", (term,)).fetchone()
        for term in dict.fromkeys(wanted)
    )
    return {row[0]: row[1] for row in found if row}


def indexed(connection: sqlite3.Connection, chunk_ids: Sequence[int]) -> dict[int, Terms]:
    """The terms of chunks, in order: those of the context and those of the text, by chunk id."""
    rows = connection.execute(
        "SELECT rowid, context, body FROM lexical WHERE rowid IN (SELECT value FROM json_each(?))", (_json(chunk_ids),)
    )
    return {row[0]: (row[1].split(), row[2].split()) for row in rows}


@dataclass(frozen=True, slots=True)
class Bm25Statistics:
    """What BM25 measures a chunk by: how many are indexed, and their mean number of terms in context and text."""

    chunks: int
    length: float

    def score(self, question: Sequence[str], frequencies: Mapping[str, int], terms: Terms) -> float:
        """BM25 of one chunk, as :func:`match` gives it; a hundred chunks are quicker scored so than by a second search.

        ``question`` has index terms, ``frequencies`` theirs, and ``terms`` is what :func:`indexed` gives for the chunk.
        """
        context, body = terms
        longer = 1 - B + B * (len(context) + len(body)) / (self.length or 1)
        score = 0.0
        for term in question[:MAX_QUESTION_TERMS]:
            count = CONTEXT_WEIGHT * context.count(term) + body.count(term)
            if count:
                frequency = frequencies[term]
                rarity = max(MIN_RARITY, math.log((self.chunks - frequency + 0.5) / (frequency + 0.5)))
                score += rarity * count * (K1 + 1) / (count + K1 * longer)
        return score


def scale(connection: sqlite3.Connection) -> Bm25Statistics:
    """The totals that FTS5 keeps for its own BM25, read from the first record of its shadow table ``lexical_data``.

    It holds variable-length numbers: the rows of the table, then the terms of each column. The public way, summing a
    ``fts5vocab`` table, reads the whole index: 70 ms for 20,000 chunks, ten times what the search takes.
    """
    row = connection.execute("SELECT block FROM lexical_data WHERE id = 1").fetchone()
    chunks, *columns = _numbers(row[0] if row else b"") or [0]
    return Bm25Statistics(chunks, sum(columns) / chunks if chunks else 0.0)


def _numbers(block: bytes) -> list[int]:
    """SQLite's variable-length numbers, seven bits a byte; none here reaches the ninth byte, which has eight."""
    numbers, value = [], 0
    for byte in block:
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            numbers.append(value)
            value = 0
    return numbers


def match(
    connection: sqlite3.Connection, question: Sequence[str], limit: int, within: Sequence[int] | None = None
) -> dict[int, float]:
    """BM25 scores by chunk id of the best chunks that hold any of the question's index terms; all above zero.

    Only chunks of ``within`` are looked at, all when it is None.
    """
    if not question or (within is not None and not within):
        return {}
    # terms hold no quotes by construction; those around them keep FTS5's own words (AND, NEAR) from meaning anything
    expression = " OR ".join(f'"{term}"' for term in question[:MAX_QUESTION_TERMS])
    query = f"SELECT rowid, -bm25(lexical, {CONTEXT_WEIGHT}, 1.0) AS score FROM lexical WHERE lexical MATCH ?"
    parameters: list[str | int] = [expression]
    if within is not None:
        # A subquery over the table-valued json_each has no limit on the number of ids.  The plus keeps SQLite from
        # running the match anew for each of them.
        query += " AND +rowid IN (SELECT value FROM json_each(?))"
        parameters.append(_json(within))
    query += " ORDER BY score DESC, rowid LIMIT ?"
    return {row[0]: row[1] for row in connection.execute(query, (*parameters, limit))}


def _json(ids: Sequence[int]) -> str:
    return f"[{','.join(map(str, ids))}]"
