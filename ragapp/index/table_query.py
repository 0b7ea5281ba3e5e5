"""Questions to typed tables as SQL, run where nothing but those tables can be read, and only for so long.

A connection of its own opens the catalog read-only. It sees one view a table; an authorizer of SQLite lets a statement
select from these views and use a few functions, and nothing else: no other table, no ``ATTACH``, no ``PRAGMA``, no
recursion, no change. Time, rows and the length of texts are limited. It runs in the thread that asks.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Literal, NamedTuple

from ragapp.errors import RagappError
from ragapp.index.sqlite import IN_MEMORY
from ragapp.index.tables import StoredTable
from ragapp.reading.typed.records import Value

Aggregate = Literal["rows", "count", "distinct", "sum", "average", "largest", "smallest", "value"]
Operator = Literal["=", "<>", "<", "<=", ">", ">="]
Part = Literal["", "year", "month"]

#: what a query may take and give
SECONDS = 5.0
MOST_ROWS = 1000
# columns of a view that say where its rows stand
PLACE = ("ragapp_row", "ragapp_unit", "ragapp_start", "ragapp_end", "ragapp_line")
_FUNCTIONS = frozenset(
    [
        "sum",
        "total",
        "avg",
        "count",
        "min",
        "max",
        "round",
        "abs",
        "lower",
        "upper",
        "length",
        "substr",
        "substring",
        "coalesce",
        "ifnull",
        "nullif",
        "like",
        "trim",
        "strftime",
        "date",
    ]
)
_SELECT = re.compile(r"\s*(?:SELECT|WITH)\b", re.IGNORECASE)
_STEPS = 2000  # of SQLite's machine between two looks at the clock
_LONGEST_SQL = 10_000
_LONGEST_TEXT = 1_000_000
_SQL_FUNCTIONS = {"sum": "SUM", "average": "AVG", "largest": "MAX", "smallest": "MIN"}
_PARTS = {"year": 4, "month": 7}  # characters of a date in ISO 8601


class QueryError(RagappError):
    """A query that is not run, or did not end: it is no SELECT from the tables, or takes too long."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What a column must be. For ``=`` and ``<>`` several values are alternatives."""

    column: str
    operator: Operator
    values: tuple[Value, ...]

    def sql(self) -> str:
        """The condition as SQL."""
        name = quoted(self.column)
        texts = [literal(value) for value in self.values]
        if len(texts) > 1:
            return f"{name} {'NOT IN' if self.operator == '<>' else 'IN'} ({', '.join(texts)})"
        return f"{name} {self.operator} {texts[0]}"


@dataclass(frozen=True, slots=True)
class TableQuery:
    """One question to one table.

    Attributes:
        table: that is asked.
        aggregate: what is wanted of the rows that meet the conditions; ``value`` is a cell of the only one.
        column: of which; empty for rows and their count.
        conditions: that all must hold.
        group: column by whose values it is told; empty for one figure.
        group_part: of the dates in that column.
        order: of the groups by their figures; empty for that of their names.
        limit: groups or rows that are wanted at the most; 0 for all.
    """

    table: StoredTable
    aggregate: Aggregate
    column: str = ""
    conditions: tuple[Condition, ...] = ()
    group: str = ""
    group_part: Part = ""
    order: Literal["", "ASC", "DESC"] = ""
    limit: int = 0

    def sql(self, view: str) -> str:
        """The statement, for a view of the table."""
        source = f"FROM {quoted(view)}{self._where()}"
        if self.aggregate == "rows":
            names = ", ".join(quoted(column.name) for column in self.table.columns)
            return f"SELECT {names} {source}" + (f" LIMIT {self.limit}" if self.limit else "")
        figure = self._figure()
        if not self.group:
            return f"SELECT {figure} {source}"
        group = quoted(self.group)
        if self.group_part:
            group = f"substr({group}, 1, {_PARTS[self.group_part]})"
        order = f"2 {self.order}, 1" if self.order else "1"
        limit = f" LIMIT {self.limit}" if self.limit else ""
        return f"SELECT {group}, {figure} {source} GROUP BY 1 ORDER BY {order}{limit}"

    def evidence_sql(self, view: str) -> str:
        """A statement for the places of the rows that the figure rests on."""
        tail = ""
        if self.aggregate in ("largest", "smallest") and not self.group:
            inner = f"(SELECT {self._figure()} FROM {quoted(view)}{self._where()})"
            tail = f" AND {quoted(self.column)} = {inner}"
        elif self.aggregate not in ("rows", "count") and self.column:
            tail = f" AND {quoted(self.column)} IS NOT NULL"
        where = self._where() or " WHERE 1"
        return f"SELECT {', '.join(PLACE)} FROM {quoted(view)}{where}{tail}"

    def _figure(self) -> str:
        if self.aggregate == "count":
            return "COUNT(*)"
        if self.aggregate == "distinct":
            return f"COUNT(DISTINCT {quoted(self.column)})"
        if self.aggregate == "value":
            return quoted(self.column)
        return f"{_SQL_FUNCTIONS[self.aggregate]}({quoted(self.column)})"

    def _where(self) -> str:
        return f" WHERE {' AND '.join(one.sql() for one in self.conditions)}" if self.conditions else ""


class RowPlace(NamedTuple):
    """Where a row stands: its number in the table, its unit with the offsets there, its number in the file."""

    row: int
    unit: int
    start: int
    end: int
    line: int


@dataclass(slots=True)
class Result:
    """What a statement gave; ``is_cut`` where there was more."""

    columns: list[str]
    rows: list[tuple[Value, ...]] = field(default_factory=list)
    is_cut: bool = False
    seconds: float = 0.0


class TableReader:
    """Some tables of a catalog, to be asked by SQL; use it as a context manager.

    Args:
        path: of the catalog.
        tables: that can be asked; each has a view that is named after it, see :attr:`views`.
        cancelled: asked often; True ends a statement.
    """

    def __init__(
        self, path: Path, tables: Sequence[StoredTable], cancelled: Callable[[], bool] = lambda: False
    ) -> None:
        if str(path) == IN_MEMORY:
            raise QueryError("Tables of a catalog that is no file cannot be asked.")
        #: the name of each table's view, by its id
        self.views: dict[int, str] = view_names(tables)
        self._cancelled = cancelled
        self._deadline = 0.0
        try:
            self._connection = sqlite3.connect(
                f"{path.resolve().as_uri()}?mode=ro", uri=True, check_same_thread=False, isolation_level=None
            )
            self._connection.execute("PRAGMA query_only = OFF")  # the views are temporary, of this connection
            self._connection.execute("PRAGMA temp_store = MEMORY")
            for table in tables:
                self._connection.execute(_view(table, self.views[table.id]))
            self._connection.execute("PRAGMA query_only = ON")
        except sqlite3.Error as error:
            raise QueryError(f"The tables in {path} cannot be read: {error}.") from None
        self._limit()
        self._names = {name.casefold() for name in self.views.values()}
        self._connection.set_authorizer(self._authorized)
        self._connection.set_progress_handler(self._is_over, _STEPS)

    def __enter__(self) -> TableReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the catalog."""
        self._connection.close()

    def run(self, sql: str, most: int = MOST_ROWS, seconds: float = SECONDS) -> Result:
        """What one SELECT gives, ``most`` rows at the most.

        Raises:
            QueryError: it is no single SELECT from the views, or took longer than so many ``seconds``.
        """
        if not _SELECT.match(sql):
            raise QueryError("The query is not one SELECT from the tables.")
        begun = time.monotonic()
        self._deadline = begun + seconds
        try:
            cursor = self._connection.execute(sql)
            columns = [one[0] for one in cursor.description or ()]
            rows = cursor.fetchmany(most + 1)
            cursor.close()
        except (sqlite3.Error, sqlite3.Warning, UnicodeError) as error:
            if "interrupted" in str(error):
                if self._cancelled():
                    raise QueryError("Stopped.") from None
                raise QueryError(f"The query took longer than {seconds:g} s.") from None
            raise QueryError(f"The query is not one SELECT from the tables: {error}.") from None
        return Result(columns, rows[:most], len(rows) > most, time.monotonic() - begun)

    def ask(self, query: TableQuery) -> Result:
        """What a query gives; see :meth:`run`."""
        return self.run(query.sql(self.views[query.table.id]))

    def evidence(self, query: TableQuery, most: int) -> tuple[list[RowPlace], int]:
        """The places of the first rows that a query's figure rests on, and how many rows these are in all."""
        sql = query.evidence_sql(self.views[query.table.id])
        places = [RowPlace(*map(int, row)) for row in self.run(f"{sql} LIMIT {most}").rows]  # type: ignore[arg-type]
        if len(places) < most:
            return places, len(places)
        counted = self.run(sql.replace(f"SELECT {', '.join(PLACE)}", "SELECT COUNT(*)", 1)).rows[0][0]
        return places, int(counted or 0)

    def _limit(self) -> None:
        limits = {
            sqlite3.SQLITE_LIMIT_SQL_LENGTH: _LONGEST_SQL,
            sqlite3.SQLITE_LIMIT_LENGTH: _LONGEST_TEXT,
            sqlite3.SQLITE_LIMIT_ATTACHED: 0,
            sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 5,
            sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 100,
            sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 200,
        }
        for which, most in limits.items():
            self._connection.setlimit(which, most)

    def _is_over(self) -> bool:
        return time.monotonic() > self._deadline or self._cancelled()

    def _authorized(
        self, action: int, first: str | None, second: str | None, database: str | None, inner: str | None
    ) -> int:
        if action == sqlite3.SQLITE_SELECT:
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_FUNCTION and second and second.lower() in _FUNCTIONS:
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_READ and first:
            if first.casefold() in self._names:
                return sqlite3.SQLITE_OK
            # the rows of all tables stand in one: only through a view
            if first == "table_rows" and inner and inner.casefold() in self._names:
                return sqlite3.SQLITE_OK
        return sqlite3.SQLITE_DENY


def view_names(tables: Sequence[StoredTable]) -> dict[int, str]:
    """A short name for each table, each once: of its sheet, its title or its document."""
    names: dict[int, str] = {}
    taken: set[str] = {"table_rows"}
    for table in tables:
        stem = table.document.rpartition(".")[0] or table.document
        usual = re.fullmatch(r"(?:sheet|feuil(?:le)?|tabelle|hoja|foglio|blad)\s?\d*", table.sheet, re.IGNORECASE)
        name = (
            re.sub(r"\W+", "_", table.sheet if table.sheet and not usual else stem).strip("_")[:40].lower() or "table"
        )
        number, own = 1, name
        while own in taken or own.startswith("sqlite"):
            number += 1
            own = f"{name}_{number}"
        taken.add(own)
        names[table.id] = own
    return names


def quoted(name: str) -> str:
    """A name as SQL writes it."""
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


def literal(value: Value) -> str:
    """A value as SQL writes it."""
    if value is None:
        return "NULL"
    if isinstance(value, str):
        escaped = value.replace("'", "''").replace("\0", "")
        return f"'{escaped}'"
    return repr(value)


def _view(table: StoredTable, name: str) -> str:
    stored = ("n", "unit", "start", '"end"', "line")
    places = ", ".join(f"{column} AS {shown}" for column, shown in zip(stored, PLACE, strict=True))
    cells = ", ".join(f"c{place} AS {quoted(column.name)}" for place, column in enumerate(table.columns))
    return (
        f"CREATE TEMP VIEW {quoted(name)} AS SELECT {places}, {cells} FROM main.table_rows"
        f" WHERE table_id = {int(table.id)} AND is_total = 0"
    )
