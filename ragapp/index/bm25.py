"""The lexical side: BM25 over stems in SQLite's FTS5.

The table holds ready-made terms, one row a chunk with the chunk's id, so it is updated document by document in the
catalog's own transaction.  Beside it stands a table of plain stems (see :mod:`ragapp.index.analysis`): a chunk whose
words would be stemmed otherwise without their accents has each of these stems there, joined to its term.  So a question
typed without accents finds the terms to ask for, and the index itself has one term a word: neither the lengths of
chunks nor the frequencies of terms are changed by it.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ragapp.index.analysis import analyse
from ragapp.index.dates import is_month_term

# a term in the title or heading path says what a chunk is about, but every chunk below it shares it
CONTEXT_WEIGHT = 0.5
MAX_QUESTION_TERMS = 64
# what FTS5 fixes
K1, B, MIN_RARITY = 1.2, 0.75, 1e-6

# joins a plain stem and its term to a word of the table of plain stems: of private use, so no text has it in a word
_JOIN, _BEHIND_JOIN = "\ue000", "\ue001"
# terms that a question asks for beside a plain stem, or days beside a month
MAX_ALIKE = 32
# what a rebuild of the lexical index calls the tables that it fills, until they take the others' place
TABLES = ("lexical", "plain_stems")
NEXT = "_next"

# a term, or all the terms that one word of a question may be indexed under
Word = str | tuple[str, ...]
# the terms of a chunk's context and of its text, in order
Terms = tuple[list[str], list[str]]


def add(
    connection: sqlite3.Connection, chunk_id: int, context: str, text: str, language: str, tables: str = ""
) -> None:
    """Index one chunk inside the caller's transaction; ``context`` is its document's name and title and headings.

    ``tables`` ends the names of the tables: :data:`NEXT` in a rebuild.
    """
    before, body = analyse(context, language), analyse(text, language)
    connection.execute(
        f"INSERT INTO lexical{tables} (rowid, context, body) VALUES (?, ?, ?)",
        (chunk_id, " ".join(before.terms), " ".join(body.terms)),
    )
    if before.plain or body.plain:
        connection.execute(
            f"INSERT INTO plain_stems{tables} (rowid, context, body) VALUES (?, ?, ?)",
            (chunk_id, _joined(before.plain), _joined(body.plain)),
        )


def set_context(connection: sqlite3.Connection, chunk_id: int, context: str, language: str) -> None:
    """Change what stands in front of an indexed chunk, because its document has another name; see :func:`add`."""
    before = analyse(context, language)
    for tables in _kept(connection):
        changed = connection.execute(
            f"UPDATE lexical{tables} SET context = ? WHERE rowid = ?", (" ".join(before.terms), chunk_id)
        )
        if changed.rowcount:  # a rebuild may not have come to it
            connection.execute(
                f"INSERT OR REPLACE INTO plain_stems{tables} (rowid, context, body)"
                f" VALUES (?1, ?2, COALESCE((SELECT body FROM plain_stems{tables} WHERE rowid = ?1), ''))",
                (chunk_id, _joined(before.plain)),
            )


def remove(connection: sqlite3.Connection, chunk_ids: Sequence[int]) -> None:
    """Drop chunks from the index inside the caller's transaction."""
    ids = [(chunk_id,) for chunk_id in chunk_ids]
    for tables in _kept(connection):
        for table in TABLES:
            connection.executemany(f"DELETE FROM {table}{tables} WHERE rowid = ?", ids)


def _joined(plain: Iterable[tuple[str, str]]) -> str:
    return " ".join(f"{stem}{_JOIN}{term}" for stem, term in plain)


def _kept(connection: sqlite3.Connection) -> tuple[str, ...]:
    """How the names of the tables end that a change must go to: those in use, and those of a rebuild under way."""
    name = (f"{TABLES[0]}{NEXT}",)
    under_way = connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", name).fetchone()
    return ("", NEXT) if under_way else ("",)


def alike(connection: sqlite3.Connection, term: str) -> list[str]:
    """Terms of the index to ask for beside a question's: those whose plain stem it is, or the days of its month."""
    if is_month_term(term):
        table, begin, end = "lexical", f"{term}0", f"{term}:"
    else:
        table, begin, end = "plain_stems", f"{term}{_JOIN}", f"{term}{_BEHIND_JOIN}"
    _see_terms(connection)
    found = connection.execute(
        f"SELECT term FROM temp.{table}_terms WHERE term >= ? AND term < ? ORDER BY doc DESC, term LIMIT {MAX_ALIKE}",
        (begin, end),
    )
    return [row[0].rpartition(_JOIN)[2] for row in found]


def _see_terms(connection: sqlite3.Connection) -> None:
    for table in TABLES:
        connection.execute(f"CREATE VIRTUAL TABLE IF NOT EXISTS temp.{table}_terms USING fts5vocab(main, {table}, row)")


def frequencies(connection: sqlite3.Connection, wanted: Sequence[str]) -> dict[str, int]:
    """How many chunks hold each term, in text or context; terms that none holds are left out."""
    _see_terms(connection)
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

    def score(self, question: Iterable[Word], frequencies: Mapping[str, int], terms: Terms) -> float:
        """BM25 of one chunk, as :func:`match` gives it; a hundred chunks are quicker scored so than by a second search.

        ``frequencies`` are those of the question's terms, and ``terms`` is what :func:`indexed` gives for the chunk.
        """
        context, body = terms
        longer = 1 - B + B * (len(context) + len(body)) / (self.length or 1)
        score = 0.0
        for word in _asked(question):
            count = sum(CONTEXT_WEIGHT * context.count(term) + body.count(term) for term in word)
            if count:
                frequency = word_frequency(word, frequencies, self.chunks)
                rarity = max(MIN_RARITY, math.log((self.chunks - frequency + 0.5) / (frequency + 0.5)))
                score += rarity * count * (K1 + 1) / (count + K1 * longer)
        return score


def word_frequency(word: Iterable[str], frequencies: Mapping[str, int], chunks: int) -> int:
    """In how many of all ``chunks`` a word occurs, by the frequencies of its terms.

    They are summed, since a chunk that has a word in two spellings or languages is rare; so it is at most that many.
    """
    return min(chunks, sum(frequencies.get(term, 0) for term in word))


def _asked(question: Iterable[Word]) -> list[tuple[str, ...]]:
    """The words of a question up to so many terms; a term counts for the first word that has it."""
    words, seen = [], set[str]()
    for word in question:
        terms = [term for term in ((word,) if isinstance(word, str) else word) if term not in seen]
        terms = terms[: MAX_QUESTION_TERMS - len(seen)]
        seen.update(terms)
        if terms:
            words.append(tuple(terms))
    return words


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
    connection: sqlite3.Connection, question: Iterable[Word], limit: int, within: Sequence[int] | None = None
) -> dict[int, float]:
    """BM25 scores by chunk id of the best chunks that hold any of the question's words; all above zero.

    Only chunks of ``within`` are looked at, all when it is None.
    """
    words = _asked(question)
    if not words or (within is not None and not within):
        return {}
    if all(len(word) == 1 for word in words):
        return _match_terms(connection, [word[0] for word in words], limit, within)
    known = frequencies(connection, [term for word in words for term in word])
    words = [there for word in words if (there := tuple(term for term in word if term in known))]
    if all(len(word) == 1 for word in words):
        return _match_terms(connection, [word[0] for word in words], limit, within)
    # FTS5 takes each term for a word of its own, so it proposes only; a rare spelling weighs too much with it
    proposed = _match_terms(connection, [term for word in words for term in word], 2 * limit, within)
    statistics = scale(connection)
    scores = {
        chunk: statistics.score(words, known, held) for chunk, held in indexed(connection, list(proposed)).items()
    }
    best = sorted(scores.items(), key=lambda one: (-one[1], one[0]))
    return dict(best[:limit])


def _match_terms(
    connection: sqlite3.Connection, terms: Sequence[str], limit: int, within: Sequence[int] | None
) -> dict[int, float]:
    """As :func:`match`, each term for itself."""
    if not terms:
        return {}
    # terms hold no quotes by construction; those around them keep FTS5's own words (AND, NEAR) from meaning anything
    expression = " OR ".join(f'"{term}"' for term in terms)
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
