"""What a query to a table gave, in words: the figure with its unit, the conditions, and what is doubtful of it."""

from __future__ import annotations

from collections.abc import Sequence

from ragapp.answer.table_words import table_rules
from ragapp.index.table_query import Condition, Result, TableQuery
from ragapp.reading.typed.currencies import sign_of
from ragapp.reading.typed.records import NUMERIC, Column, Value
from ragapp.words import forms

_BEFORE = frozenset("£$¥₹")
# decimals of an average beyond those of its values
_MORE_DIGITS = 2
# cells of a row that are listed besides those of the conditions
_NAMING = 3
_MOST_LINES = 40
# rows that have the largest or smallest value and are named with it
_FEW_ROWS = 3


class Telling:
    """Tells one query's result in a language (ISO 639-1)."""

    def __init__(self, language: str, query: TableQuery):
        self._language, self._query = language, query
        self._told: dict[str, str] = table_rules()[language]["told"]
        self._columns = {column.name: column for column in query.table.columns}

    def lines(self, result: Result, count: int, rows: Sequence[Sequence[str]]) -> list[str]:
        """The sentences or lines of the answer.

        Args:
            result: of the query.
            count: rows that it rests on.
            rows: the first of them, as they are written.
        """
        query = self._query
        if query.aggregate == "rows":
            return [f"- {self._row(cells)}" for cells in rows] or [self._say("none")]
        if query.group:
            if not result.rows:
                return [self._say("none")]
            if query.limit == 1:
                return [self._say(f"group_{query.aggregate}") + f" {self._group(result.rows[0])}"]
            shown = [f"- {self._group(row)}" for row in result.rows[:_MOST_LINES]]
            return [self._say(f"group_{query.aggregate}"), *shown]
        value = result.rows[0][0] if result.rows else None
        if query.aggregate == "count":
            if not value:
                return [self._say("none")]
            return [self._say("count" if query.conditions else "count_all", n=value)]
        if query.aggregate == "distinct":
            return [self._say("distinct", n=value)]
        if value is None:
            return [self._say("no_figure" if count else "none")]
        column = self._columns[query.column]
        dated = "date_" if column.type == "date" else ""
        told = self._say(f"{dated}{query.aggregate}", n=count, value=self.value(value, column, query.aggregate))
        if query.aggregate in ("largest", "smallest") and count <= _FEW_ROWS:
            return [told, *(f"- {self._row(cells)}" for cells in rows)]
        return [told]

    def notes(self, count: int, shown: int) -> list[str]:
        """What a person should know beside the figure."""
        found = [self._told["by_query"]]
        if self._query.aggregate == "rows" and count > shown:
            found.append(self._told["more_rows"].format(shown=shown, count=self._number(count)))
        return found

    def doubts(self) -> list[str]:
        """Why the figure may be wrong: rows of the table are missing, or columns that the query uses may have been read
        wrongly."""
        query = self._query
        used = [query.column, query.group, *(one.column for one in query.conditions)]
        left_out = query.table.left_out
        found = [self._told["left_out"].format(n=self._number(left_out))] if left_out else []
        for name in dict.fromkeys(filter(None, used)):
            doubt = self._columns[name].doubt
            if doubt:
                values = {"column": name, "line": doubt.line, "cells": doubt.cells, "example": doubt.example}
                found.append(self._told[doubt.kind].format(**values))
        return found

    def value(self, value: Value, column: Column, aggregate: str = "") -> str:
        """A value as a person of the language writes it, with its unit."""
        if value is None:
            return self._told["empty"]
        if column.type == "boolean":
            return self._told["yes" if value else "no"]
        if column.type == "date":
            text = str(value)
            return forms.short_day(text, self._language) if len(text) == 10 else text
        if isinstance(value, str) or column.type not in NUMERIC:
            return str(value)
        digits = column.digits if column.type != "integer" else 0
        if aggregate == "average":
            digits = 2 if column.type == "money" else digits + _MORE_DIGITS
        elif column.type == "money" and digits:
            digits = max(digits, 2)
        text = self._number(value, digits)
        unit = sign_of(column.unit)
        if not unit:
            return text
        if self._language == "en" and unit in _BEFORE:
            return f"-{unit}{text[1:]}" if text.startswith("-") else f"{unit}{text}"
        if unit == "%" and self._language == "en":
            return f"{text}%"
        return f"{text} {unit}"

    def _number(self, value: float, digits: int = 0) -> str:
        return forms.number(round(value, digits) if digits else round(value), self._language, digits or None)

    def _say(self, key: str, **values: object) -> str:
        query = self._query
        table = query.table
        where = f"{table.document}, {table.sheet}" if table.sheet else table.document
        if not table.sheet and table.title and table.kind != "sheet":
            where = f"{table.document}, {table.title}"
        shown = self._told["and"].join(self._condition(one) for one in query.conditions)
        number = values.get("n")
        if isinstance(number, int):
            values["n"] = self._number(number)
        return self._told[key].format(
            table=where,
            column=query.column,
            group=query.group,
            rows=self._told["row" if number == 1 else "rows"],
            conditions=self._told["with"].format(conditions=shown) if shown else "",
            **values,
        )

    def _condition(self, one: Condition) -> str:
        column = self._columns[one.column]
        sign = {"<>": "≠", "<=": "≤", ">=": "≥"}.get(one.operator, one.operator)
        shown = self._told["or"].join(self._shown_bound(value, column) for value in one.values)
        return f"{one.column} {sign} {shown}"

    def _shown_bound(self, value: Value, column: Column) -> str:
        if isinstance(value, float | int) and column.type in NUMERIC and column.type != "integer":
            exact = Column(column.name, column.type, column.unit, 0 if float(value).is_integer() else column.digits)
            return self.value(value, exact)
        return self.value(value, column)

    def _group(self, row: Sequence[Value]) -> str:
        query = self._query
        grouped = self._columns[query.group]
        name = str(row[0]) if query.group_part and row[0] is not None else self.value(row[0], grouped)
        if query.aggregate in ("count", "distinct"):
            return f"{name}: {self._number(float(row[1] or 0))}"
        return f"{name}: {self.value(row[1], self._columns[query.column], query.aggregate)}"

    def _row(self, cells: Sequence[str]) -> str:
        names = [column.name for column in self._query.table.columns]
        wanted = [one.column for one in self._query.conditions]
        naming = _NAMING if self._query.aggregate == "rows" else _NAMING - 1
        shown = [n for n in range(len(names)) if n < naming or names[n] in wanted]
        said = [cells[n] if n == 0 else f"{names[n]}: {cells[n]}" for n in shown if n < len(cells) and cells[n]]
        return "; ".join(said)
