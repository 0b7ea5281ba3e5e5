"""Finds the tables that a question may be asked of, and the query that answers it."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ragapp.answer.table_links import FindValues, link, value_key
from ragapp.answer.table_plan import Plan, plan
from ragapp.answer.table_sql import written_query
from ragapp.answer.table_telling import Telling
from ragapp.answer.table_words import AskedTable, asked_of_table, chooses_nothing, words_of
from ragapp.contract import TableRow
from ragapp.errors import PathError
from ragapp.index.catalog import Catalog
from ragapp.index.sqlite import IN_MEMORY
from ragapp.index.table_query import Condition, QueryError, Result, RowPlace, TableQuery, TableReader, literal, quoted
from ragapp.index.tables import StoredTable, tables_in
from ragapp.llm.interface import LanguageModel
from ragapp.reading.tables import row_cells
from ragapp.reading.typed.records import Column
from ragapp.retrieval.passage import ScoredChunk
from ragapp.retrieval.scope import matching_documents

# rows that are shown; more are counted
MOST_ROWS, MOST_LISTED = 20, 40
# tables of which a question may be asked, and that answer it where several do as well
MOST_TABLES, MOST_ANSWERS = 40, 3
# distinct values of a column that are kept in memory; of others those are looked up that a question may name
_FEW_VALUES = 2000
_KEPT_COLUMNS = 200


@dataclass(slots=True)
class Answered:
    """A query with what it gave: the first rows that it rests on, their places, and how many rows these are in all."""

    query: TableQuery
    sql: str
    result: Result
    places: list[RowPlace]
    rows: list[TableRow]
    count: int


@dataclass(slots=True)
class TableAnswer:
    """What tables say to a question.

    Attributes:
        answered: queries, several where several tables answer equally well.
        by: whether the question's words told the query, or the model wrote it; or that it could not, ``nobody``:
            then the query is for the rows that have the question's words.
        language: of the question.
    """

    answered: list[Answered]
    by: Literal["words", "model", "nobody"]
    language: str

    @property
    def lines(self) -> list[str]:
        """The answer in words."""
        return [
            line
            for one in self.answered
            for line in Telling(self.language, one.query).lines(one.result, one.count, [row.cells for row in one.rows])
        ]

    @property
    def sql(self) -> str:
        """The queries, one a line."""
        return "\n".join(one.sql for one in self.answered)

    @property
    def seconds(self) -> float:
        """What the queries themselves took."""
        return sum(one.result.seconds for one in self.answered)


class _Values:
    """Distinct values of columns, kept between questions: a stored table never changes."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, int, str], dict[str, list[str]] | None] = OrderedDict()
        self._unique: dict[tuple[str, int, str], bool] = {}

    def find(
        self, path: Path, reader: TableReader, table: StoredTable, column: Column, texts: Sequence[str]
    ) -> list[str]:
        """Those of some texts that are values of a column, as it has them."""
        key = (str(path), table.id, column.name)
        if key not in self._kept:
            name, view = quoted(column.name), quoted(reader.views[table.id])
            found = reader.run(f"SELECT DISTINCT {name} FROM {view} WHERE {name} IS NOT NULL", _FEW_VALUES)
            by_key: dict[str, list[str]] = {}
            for (value,) in found.rows:
                by_key.setdefault(value_key(str(value)), []).append(str(value))
            self._kept[key] = None if found.is_cut else by_key
            if len(self._kept) > _KEPT_COLUMNS:
                self._kept.popitem(last=False)
        known = self._kept[key]
        if known is None:
            return self._looked_up(reader, table, column, texts)
        keys = {form for text in texts for form in (value_key(text), value_key(text).rstrip("s"))}
        return [value for one in keys for value in known.get(one, ())]

    @staticmethod
    def _looked_up(reader: TableReader, table: StoredTable, column: Column, texts: Sequence[str]) -> list[str]:
        forms: list[str | int] = [int(text) for text in texts if text.isdecimal() and column.type == "integer"]
        if not forms:
            forms += dict.fromkeys(form for text in texts for form in (text, text.lower(), text.title(), text.upper()))
        name, view = quoted(column.name), quoted(reader.views[table.id])
        among = ", ".join(map(literal, forms))
        found = reader.run(f"SELECT DISTINCT {name} FROM {view} WHERE {name} IN ({among})", len(forms))
        return [str(value) for (value,) in found.rows]

    def is_unique(self, path: Path, reader: TableReader, table: StoredTable, column: Column) -> bool:
        """Whether no value of a column stands twice."""
        key = (str(path), table.id, column.name)
        if key not in self._unique:
            name, view = quoted(column.name), quoted(reader.views[table.id])
            counted = reader.run(f"SELECT COUNT({name}), COUNT(DISTINCT {name}) FROM {view}").rows[0]
            self._unique[key] = counted[0] == counted[1]
        return self._unique[key]


_VALUES = _Values()


def candidate_tables(
    catalog: Catalog, asked: AskedTable, found: Sequence[ScoredChunk], scope: str
) -> list[StoredTable]:
    """The tables that a question may be asked of: with its words in their names and heads, or of found documents."""
    try:
        ids = matching_documents(catalog.documents(), scope) if scope else None
    except PathError:
        return []
    rank = {document: n for n, document in enumerate(dict.fromkeys(one.chunk.document_id for one in found))}
    said = {key for word in asked.words if not chooses_nothing(word.text, asked.language) for key in word.keys}

    def order(table: StoredTable) -> tuple[float, int]:
        names = [table.title, table.sheet, table.document_title, re.sub(r"[-_.]", " ", table.document)]
        names += [column.name for column in table.columns]
        keys = {key for name in dict.fromkeys(names) for word in words_of(name, asked.language) for key in word.keys}
        near = 1.0 / (1 + rank[table.document_id]) if table.document_id in rank else 0.0
        return -len(said & keys) - 2 * near, table.id

    return sorted(tables_in(catalog, ids), key=order)[:MOST_TABLES]


def table_answer(
    catalog: Catalog,
    question: str,
    language: str,
    *,
    found: Sequence[ScoredChunk] = (),
    scope: str = "",
    engine: LanguageModel | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> TableAnswer | None:
    """What the tables of a catalog say to a question; None where it is none to them.

    Args:
        language: of the question, ISO 639-1.
        found: passages that were found for it, the best first.
        scope: restricts the documents.
        engine: writes a query where the question's words do not tell it; None for none.
        cancelled: asked often.
    """
    asked = asked_of_table(question, language)
    if asked is None or str(catalog.path) == IN_MEMORY:
        return None
    tables = candidate_tables(catalog, asked, found, scope)
    if not tables:
        return None
    try:
        with TableReader(catalog.path, tables, cancelled) as reader:
            if plans := best_plans(asked, tables, reader, catalog.path):
                return TableAnswer([_run(catalog, reader, one.query) for one in plans], "words", language)
            return _written(asked, tables, reader, catalog, engine, cancelled) if engine else None
    except QueryError:  # stopped, or too slow: passages may still answer
        return None


def best_plans(asked: AskedTable, tables: Sequence[StoredTable], reader: TableReader, path: Path) -> list[Plan]:
    """The queries of the tables that account best for a question; several only where they do so equally well."""
    plans = []
    for table in tables:
        made = plan(
            # each table takes words of the question for its own
            asked_of_table(asked.question, asked.language) or asked,
            table,
            _finder(reader, path),
            lambda one, column: _VALUES.is_unique(path, reader, one, column),
        )
        if made:
            plans.append(made)
    best = max((one.score for one in plans), default=0.0)
    return [one for one in plans if one.score == best][:MOST_ANSWERS]


def _finder(reader: TableReader, path: Path) -> FindValues:
    return lambda table, column, texts: _VALUES.find(path, reader, table, column, texts)


def _written(
    asked: AskedTable,
    tables: Sequence[StoredTable],
    reader: TableReader,
    catalog: Catalog,
    engine: LanguageModel,
    cancelled: Callable[[], bool],
) -> TableAnswer | None:
    """A query that the model writes for the table that has most of the question's words; None where none has most.

    Writing takes seconds, and nearly every question with "how many" that passages do not answer names some column.
    """
    if asked.wanted.keys() <= {"list", "value"}:
        return None
    ranked = []
    for place, table in enumerate(tables):
        links = link(asked, table, _finder(reader, catalog.path)) if table.kind == "sheet" else None
        if not links or len(links.unclaimed(asked)) >= len(links.claimed):
            continue  # most of the question is about something else
        whole = sum(one.is_whole for one in links.mentions)
        if links.values or whole:
            ranked.append((-(2 * len(links.values) + whole + len(links.names)), place, links))
    if not ranked:
        return None
    links = min(ranked, key=lambda one: one[:2])[2]
    query = written_query(engine, asked, links, reader, cancelled)
    if query is not None:
        return TableAnswer([_run(catalog, reader, query)], "model", asked.language)
    conditions = tuple(Condition(one.column.name, "=", one.values) for one in links.values)
    rows = TableQuery(links.table, "rows", conditions=conditions)
    return TableAnswer([_run(catalog, reader, rows)], "nobody", asked.language)


def _run(catalog: Catalog, reader: TableReader, query: TableQuery) -> Answered:
    result = reader.ask(query)
    places, count = reader.evidence(query, MOST_LISTED if query.aggregate == "rows" else MOST_ROWS)
    rows = _rows(catalog, query.table, places)
    return Answered(query, query.sql(reader.views[query.table.id]), result, places, rows, count)


def _rows(catalog: Catalog, table: StoredTable, places: Sequence[RowPlace]) -> list[TableRow]:
    """The first rows that the figure rests on, with their places and their cells as they are written."""
    names = tuple(column.name for column in table.columns)
    texts: dict[int, str] = {}
    rows = []
    for place in places:
        if place.unit not in texts:
            texts[place.unit] = catalog.unit_text(table.document_id, place.unit)
        cells = row_cells(texts[place.unit][place.start : place.end]) if place.end > place.start else []
        cells = [*cells[: len(names)], *[""] * (len(names) - len(cells))]
        rows.append(
            TableRow(
                table.document,
                table.path,
                place.unit,
                table.sheet,
                table.kind,
                where=table.row_place(place.unit, place.line),
                columns=names,
                cells=tuple(cells),
            )
        )
    return rows
