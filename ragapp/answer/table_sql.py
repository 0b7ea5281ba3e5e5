"""Queries that the language model writes, where the words of a question do not tell one: read, checked, and never run
as they are written.

What it writes is parsed (sqlglot) and taken only as a :class:`TableQuery`: one figure or one group of figures of one
table under conditions that AND joins. All that it compares with must stand in the question, the values that the
question names must be in it, and it must give the kind of figure that the question asks for.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from ragapp.answer.table_links import Links, value_key
from ragapp.answer.table_words import AskedTable
from ragapp.index.table_query import Aggregate, Condition, Operator, QueryError, TableQuery, TableReader, quoted
from ragapp.llm.chat import Message
from ragapp.llm.interface import LanguageModel
from ragapp.reading.typed.records import NUMERIC, Column, Value

if TYPE_CHECKING:
    from sqlglot import expressions

_TRIES = 2
_MOST_TOKENS = 120
_SAMPLES = 3  # values of a column that the model is shown
_LONGEST_SAMPLE = 40
_SYSTEM = (
    "You write one SQLite SELECT statement that answers a question from one table. Use only the given columns, as they"
    " are written, in double quotes. Dates are texts such as '2024-03-31'. Write the statement and nothing else."
)
_AGGREGATES: dict[str, Aggregate] = {"Sum": "sum", "Avg": "average", "Max": "largest", "Min": "smallest"}
_OPERATORS: dict[str, Operator] = {"EQ": "=", "NEQ": "<>", "GT": ">", "GTE": ">=", "LT": "<", "LTE": "<="}
_TURNED: dict[Operator, Operator] = {"=": "=", "<>": "<>", ">": "<", ">=": "<=", "<": ">", "<=": ">="}
_WANTED: dict[str, set[str]] = {
    "sum": {"sum"},
    "average": {"average"},
    "largest": {"largest"},
    "smallest": {"smallest"},
    "count": {"count", "distinct", "sum"},
}


class _NotTaken(Exception):
    """Why a statement is not taken, for the model's next try."""


def written_query(
    engine: LanguageModel,
    asked: AskedTable,
    links: Links,
    reader: TableReader,
    cancelled: Callable[[], bool] = lambda: False,
) -> TableQuery | None:
    """The query that the model writes for a question to a table; None where none of two tries can be taken."""
    messages: list[Message] = [
        {"role": "system", "content": _SYSTEM},
        {"role": "user", "content": engine.escape(_request(asked, links, reader))},
    ]
    for _ in range(_TRIES):
        text = "".join(engine.generate(messages, max_tokens=_MOST_TOKENS, temperature=0.0, cancelled=cancelled))
        if cancelled():
            return None
        try:
            query = read_query(text, links, reader.views[links.table.id])
            check_query(query, asked, links)
            reader.ask(query)
        except (_NotTaken, QueryError) as problem:
            messages += [
                {"role": "assistant", "content": engine.escape(text)},
                {"role": "user", "content": engine.escape(f"That cannot be used: {problem} Write another statement.")},
            ]
            continue
        return query
    return None


def _request(asked: AskedTable, links: Links, reader: TableReader) -> str:
    table = links.table
    view = reader.views[table.id]
    named = {one.column.name: list(one.values) for one in links.values}
    lines = [f"Table {quoted(view)} ({table.document}), columns:"]
    for column in table.columns:
        name = quoted(column.name)
        found = reader.run(
            f"SELECT DISTINCT {name} FROM {quoted(view)} WHERE {name} IS NOT NULL LIMIT {_SAMPLES}", _SAMPLES
        )
        samples = [*named.get(column.name, ()), *(str(row[0]) for row in found.rows)]
        shown = ", ".join(one[:_LONGEST_SAMPLE] for one in dict.fromkeys(samples))
        lines.append(f"- {name} ({column.type}), such as {shown}")
    lines += ["", f"Question: {asked.question}", "", "The SELECT statement:"]
    return "\n".join(lines)


def read_query(text: str, links: Links, view: str) -> TableQuery:
    """A statement as a query to a table.

    Raises:
        _NotTaken: it is none, or of another form than one figure, a group, or the row with the most of something.
    """
    from sqlglot import exp, parse
    from sqlglot.errors import SqlglotError

    statement = re.sub(r"^```(?:sql|sqlite)?|```.*$", "", text.strip(), flags=re.DOTALL).strip()
    try:
        parsed = [one for one in parse(statement, read="sqlite") if one is not None]
    except (SqlglotError, RecursionError):
        raise _NotTaken("it is no SQL.") from None
    if len(parsed) != 1 or not isinstance(parsed[0], exp.Select):
        raise _NotTaken("it must be one SELECT.")
    select = parsed[0]
    allowed = {"kind", "expressions", "from_", "from", "where", "group", "order", "limit", "distinct"}
    if any(value for name, value in select.args.items() if name not in allowed):
        raise _NotTaken("it may have WHERE, GROUP BY, ORDER BY and LIMIT only.")
    tables = list(select.find_all(exp.Table))
    if len(tables) != 1 or tables[0].name.casefold() != view.casefold() or len(list(select.find_all(exp.Select))) != 1:
        raise _NotTaken(f"it must read from {quoted(view)} alone, without another SELECT.")
    return _Reading(links, select, exp).query()


class _Reading:
    """Reads one parsed SELECT."""

    def __init__(self, links: Links, select: expressions.Select, exp: Any):
        self._table, self._select, self._exp = links.table, select, exp
        self._columns = {column.name.casefold(): column for column in links.table.columns}

    def query(self) -> TableQuery:
        select, exp = self._select, self._exp
        conditions = self._conditions(select.args["where"].this) if select.args.get("where") else []
        shown = [one.this if isinstance(one, exp.Alias) else one for one in select.expressions]
        figures = [one for one in shown if isinstance(one, exp.AggFunc)]
        limit = self._limit()
        if not figures:
            return self._extreme_or_rows(conditions, limit)
        if len(figures) != 1:
            raise _NotTaken("it must give one figure.")
        aggregate, column = self._figure(figures[0])
        group = self._group()
        others = [one for one in shown if one is not figures[0]]
        if group is None and others:
            raise _NotTaken("beside the figure it may give only the column of GROUP BY.")
        order: Literal["", "ASC", "DESC"] = ""
        if select.args.get("order"):
            order = "DESC" if select.args["order"].expressions[0].args.get("desc") else "ASC"
        name = column.name if column else ""
        if group is None:
            return TableQuery(self._table, aggregate, name, tuple(conditions))
        return TableQuery(self._table, aggregate, name, tuple(conditions), group.name, order=order, limit=limit)

    def _extreme_or_rows(self, conditions: list[Condition], limit: int) -> TableQuery:
        order = self._select.args.get("order")
        if order is None:
            if self._select.args.get("group") or not conditions:
                raise _NotTaken("it must give a figure, or rows under a condition.")
            return TableQuery(self._table, "rows", conditions=tuple(conditions))
        first = order.expressions[0]
        column = self._column(first.this)
        if limit != 1:
            raise _NotTaken("rows in an order must be limited to one.")
        return TableQuery(
            self._table, "largest" if first.args.get("desc") else "smallest", column.name, tuple(conditions)
        )

    def _figure(self, figure: Any) -> tuple[Aggregate, Column | None]:
        exp = self._exp
        inner = figure.this
        if isinstance(figure, exp.Count):
            if isinstance(inner, exp.Distinct) and len(inner.expressions) == 1:
                return "distinct", self._column(inner.expressions[0])
            if isinstance(inner, exp.Star | exp.Column | exp.Literal):
                return "count", None
            raise _NotTaken("COUNT must be of rows, or of the different values of a column.")
        aggregate = _AGGREGATES.get(type(figure).__name__)
        if aggregate is None:
            raise _NotTaken("the figure must be COUNT, SUM, AVG, MAX or MIN.")
        column = self._column(inner)
        if column.type not in NUMERIC and not (column.type == "date" and aggregate in ("largest", "smallest")):
            raise _NotTaken(f"{quoted(column.name)} holds no figures.")
        return aggregate, column

    def _group(self) -> Column | None:
        group = self._select.args.get("group")
        if group is None:
            return None
        if len(group.expressions) != 1:
            raise _NotTaken("GROUP BY must have one column.")
        return self._column(group.expressions[0])

    def _limit(self) -> int:
        limit = self._select.args.get("limit")
        if limit is None:
            return 0
        value = self._value(limit.expression)
        if not isinstance(value, int):
            raise _NotTaken("LIMIT must be a number.")
        return value

    def _column(self, part: Any) -> Column:
        exp = self._exp
        name = part.name if isinstance(part, exp.Column) else ""
        if isinstance(part, exp.Literal) and part.is_string:  # 'Region', where "Region" is meant
            name = part.this
        column = self._columns.get(name.casefold())
        if column is None:
            raise _NotTaken(f"there is no column {quoted(name or part.sql())}.")
        return column

    def _conditions(self, part: Any) -> list[Condition]:
        exp = self._exp
        if isinstance(part, exp.Paren):
            return self._conditions(part.this)
        if isinstance(part, exp.And):
            return [*self._conditions(part.left), *self._conditions(part.right)]
        if isinstance(part, exp.Or):
            return [self._alternatives([*self._conditions(part.left), *self._conditions(part.right)])]
        if isinstance(part, exp.Between):
            name = self._column(part.this).name
            low, high = self._value(part.args["low"]), self._value(part.args["high"])
            return [Condition(name, ">=", (low,)), Condition(name, "<=", (high,))]
        if isinstance(part, exp.In) and part.expressions:
            return [Condition(self._column(part.this).name, "=", tuple(map(self._value, part.expressions)))]
        if isinstance(part, exp.Like) and self._prefix_year(part):
            return self._prefix_year(part)
        operator = _OPERATORS.get(type(part).__name__)
        if operator is None:
            raise _NotTaken("conditions must compare a column with a value.")
        left, right = part.left, part.right
        if isinstance(left, exp.Literal) and not left.is_string:
            left, right, operator = right, left, _TURNED[operator]
        return [Condition(self._column(left).name, operator, (self._value(right),))]

    def _prefix_year(self, part: Any) -> list[Condition]:
        """``LIKE '2024-03%'`` of a date as its first day and the one behind its last."""
        pattern = part.expression
        found = (
            re.fullmatch(r"(\d{4})(?:-(\d\d))?-?%", pattern.this) if isinstance(pattern, self._exp.Literal) else None
        )
        column = self._column(part.this)
        if not found or column.type != "date":
            return []
        year, month = int(found[1]), int(found[2] or 0)
        behind = f"{year + month // 12:04}-{month % 12 + 1:02}" if month else str(year + 1)
        first = f"{year:04}-{month:02}" if month else str(year)
        return [Condition(column.name, ">=", (first,)), Condition(column.name, "<", (behind,))]

    @staticmethod
    def _alternatives(parts: list[Condition]) -> Condition:
        if len({(one.column, one.operator) for one in parts}) != 1 or parts[0].operator != "=":
            raise _NotTaken("OR may only join values of one column.")
        return Condition(parts[0].column, "=", tuple(value for one in parts for value in one.values))

    def _value(self, part: Any) -> Value:
        exp = self._exp
        if isinstance(part, exp.Neg):
            value = self._value(part.this)
            if isinstance(value, int | float):
                return -value
        if isinstance(part, exp.Boolean):
            return int(part.this)
        if isinstance(part, exp.Literal):
            if part.is_string:
                return str(part.this)
            number = float(part.this)
            return int(number) if number.is_integer() else number
        if isinstance(part, exp.Column) and part.args.get("table") is None:  # "North", where 'North' is meant
            return str(part.name)
        raise _NotTaken("conditions must compare with a value that is written out.")


def check_query(query: TableQuery, asked: AskedTable, links: Links) -> None:
    """Raises _NotTaken where a query compares with what the question does not say, leaves out what it says, or gives
    another kind of figure."""
    wanted = [kind for kind in asked.wanted if kind not in ("list", "value")]
    if wanted and not any(query.aggregate in _WANTED[kind] for kind in wanted):
        raise _NotTaken(f"the question asks for {' or '.join(wanted)}.")
    kept = {value_key(str(value)) for one in query.conditions for value in one.values}
    for mention in links.values:
        if not {value_key(value) for value in mention.values} & kept and mention.column.name != query.group:
            raise _NotTaken(f"{quoted(mention.column.name)} must be {mention.values[0]!r}.")
    said = value_key(asked.question)
    columns = {column.name: column for column in query.table.columns}
    for condition in query.conditions:
        column = columns[condition.column]
        for value in condition.values:
            if column.type == "boolean" and value in (0, 1):
                continue
            if not _is_said(value, said, asked):
                raise _NotTaken(f"the question does not say {value!r}.")
    spoken = {one.start for one in asked.bounds}
    if len(spoken) > sum(one.operator in ("<", "<=", ">", ">=") for one in query.conditions):
        raise _NotTaken("a number that the question compares with is missing.")
    dated = any(columns[one.column].type in ("date", "integer") for one in query.conditions)
    if len(asked.periods) > len(links.periods) and not dated:
        raise _NotTaken("the days that the question names are missing.")


def _is_said(value: Value, said: str, asked: AskedTable) -> bool:
    if isinstance(value, int | float):
        figures = {bound.value for bound in asked.bounds} | {one.year for one in asked.periods}
        return value in figures or re.search(rf"(?<!\d){re.escape(str(value))}(?!\d)", said) is not None
    text = str(value)
    if re.fullmatch(r"\d{4}(?:-\d\d){0,2}", text):
        ends = {end for one in asked.periods for end in (one.first, one.behind) if end}
        return any(text.startswith(end[:7]) or end.startswith(text) for end in ends)
    return value_key(text) in said
