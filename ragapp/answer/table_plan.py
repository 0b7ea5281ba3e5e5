"""The query that a question asks of one table, where its words alone tell: nothing is guessed.

A query is made only where every word of the question that says something is accounted for: as the figure that is
wanted, a column, a value, a date, a number to compare with, or the name of the table. Of two readings none is taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ragapp.answer.table_conditions import KEYS, ConditionReader, IsUnique
from ragapp.answer.table_links import FindValues, Mention, link
from ragapp.answer.table_words import AskedTable
from ragapp.index.table_query import Aggregate, Part, TableQuery
from ragapp.index.tables import StoredTable
from ragapp.reading.typed.records import NUMERIC, Column

_MANY = 2  # places that "how many" may stand before what is counted


@dataclass(frozen=True, slots=True)
class Plan:
    """A query, and how many words of the question its table accounts for; values count twice."""

    query: TableQuery
    score: float


def plan(asked: AskedTable, table: StoredTable, find: FindValues, is_unique: IsUnique) -> Plan | None:
    """The query that a question asks of a table; None where its words alone do not tell."""
    links = link(asked, table, find)
    if links is None:
        return None
    maker = _Maker(asked, links, is_unique)
    query = maker.query()
    if query is None:
        return None
    whole = sum(one.is_whole for one in links.mentions)
    score = (
        2 * len(links.values)
        + whole
        + 0.5 * (len(links.mentions) - whole)
        + len(links.names)
        + 0.25 * len(links.people)
        + maker.implied
    )
    return Plan(query, score) if score else None


class _Maker(ConditionReader):
    """Makes the query of one question to one table."""

    def query(self) -> TableQuery | None:
        wanted = self._asked.wanted
        self._claim_wanted()
        if not (self._add_values() and self._add_numbers() and self._add_bounds() and self._add_periods()):
            return None
        self._add_truths()
        group, part = self._group()
        query = self._figure(group, part, set(wanted))
        if query is None or self._links.unclaimed(self._asked):
            return None
        return query

    # figures

    def _group(self) -> tuple[Column | None, Part]:
        """The column by whose values the figure is told, and the part of its dates."""
        if self._asked.spans("compare"):
            several = [one for one in self._conditions if one.operator == "=" and len(one.values) > 1]
            if len(several) == 1:
                return self._column(several[0].column), ""
        for _, end in self._asked.spans("per"):
            at = self._word_at(end)
            for name in ("month", "year"):
                parts: dict[str, Part] = {"month": "month", "year": "year"}
                if any(self._word_at(begin) == at for begin, _ in self._asked.spans(f"period_{name}")):
                    dated = [one for one in self._table.columns if one.type == "date"]
                    if len(dated) == 1:
                        self._links.claimed.add(at)
                        return dated[0], parts[name]
            for mention in self._free():
                if at <= mention.first <= at + 1 and mention.column.type in ("text", "boolean", "integer", "date"):
                    self._used.append(mention)
                    return mention.column, ""
        return None, ""

    def _figure(self, group: Column | None, part: Part, wanted: set[str]) -> TableQuery | None:
        most: Literal["", "largest", "smallest"] = ""
        if wanted & {"largest", "smallest"}:
            if {"largest", "smallest"} <= wanted:
                return None
            most = "largest" if "largest" in wanted else "smallest"
        if "average" in wanted:
            return self._grouped_figure("average", most, group, part)
        if most:
            counts = group is None and self._asked.spans("mostrows") and not self._free({*NUMERIC, "date"})
            if counts and (subject := self._subject()):
                return self._most_rows(most, subject)
            if group is None and wanted & {"sum", "count"}:
                subject = self._subject()
                if subject and (wanted & {"sum"} or "count" in wanted):
                    return self._superlative("sum" if "sum" in wanted else "count", most, subject)
            return self._extreme(most, group, part)
        if "sum" in wanted and not ("count" in wanted and not self._free(set(NUMERIC))):
            return self._grouped_figure("sum", "", group, part)
        if "count" in wanted:
            return self._count(group, part)
        return self._rows(group) if "list" in wanted else self._value(group)

    def _value(self, group: Column | None) -> TableQuery | None:
        """One cell: of a column of figures, in the row that has a key; where there are more rows none is meant."""
        named = list(dict.fromkeys(one.column for one in self._free({*NUMERIC, "date"}) if one.is_whole))
        keyed = [one for one in self._conditions if self._is_unique(self._table, self._column(one.column))]
        if group or len(named) != 1 or len(keyed) != 1 or len(keyed[0].values) != 1 or self._table.kind != "sheet":
            return None
        self._use(named[0])
        if any(one.column.name != keyed[0].column for one in self._free()):
            return None
        return self._made("value", named[0], None, "")

    def _grouped_figure(self, aggregate: Aggregate, most: str, group: Column | None, part: Part) -> TableQuery | None:
        measure = self._measure()
        if measure is None:
            return None
        if most:
            subject = self._subject()
            return self._superlative(aggregate, most, subject, measure) if subject and group is None else None
        if any(one.column.type != "text" or not self._is_rows(one) for one in self._free()):
            return None
        return self._made(aggregate, measure, group, part)

    def _is_rows(self, mention: Mention) -> bool:
        """Whether a column that is named may stand for the rows as such: "the total price of all products"."""
        return self._asked.words[mention.last].text.lower().endswith(("s", "x"))

    def _measure(self) -> Column | None:
        """The column of figures that is wanted: the one that is named, else the only one of amounts, or of figures."""
        named = list(dict.fromkeys(one.column for one in self._free(set(NUMERIC))))
        if len(named) > 1:  # "the average flow of all readings", which are numbered
            keys = [one for one in named if one.type == "integer" and self._is_unique(self._table, one)]
            named = [one for one in named if one not in keys]
            if len(named) == 1:
                for key in keys:
                    self._use(key)
        if len(named) == 1:
            self._use(named[0])
            return named[0]
        if named:
            return None
        for columns in (self._amounts(), self._figures()):
            if len(columns) == 1:
                return columns[0]
            if columns:
                return None
        return None

    def _subject(self) -> Column | None:
        """The column that "which" asks for: "which region has …"."""
        for _, end in self._asked.spans("which"):
            at = self._word_at(end)
            for mention in self._free({"text"}):
                if at <= mention.first <= at + 1:
                    self._used.append(mention)
                    return mention.column
        return None

    def _superlative(
        self, aggregate: Aggregate, most: str, subject: Column, measure: Column | None = None
    ) -> TableQuery | None:
        """The group that has the most, or the least, of a figure."""
        if aggregate != "count" and measure is None:
            measure = self._measure()
            if measure is None:
                return None
        if self._free() or (measure and self._is_mixed(measure)):
            return None
        return TableQuery(
            self._table,
            aggregate,
            measure.name if measure else "",
            tuple(self._conditions),
            subject.name,
            order="DESC" if most == "largest" else "ASC",
            limit=1,
        )

    def _most_rows(self, most: Literal["largest", "smallest"], subject: Column) -> TableQuery | None:
        """The group with the most rows: "which port had the fewest shipments"."""
        rest = self._free()
        if any(not self._is_unique(self._table, one.column) for one in rest):
            return None
        if not rest and not self._links.names | self._links.people:
            return None  # the most of what?
        self._used += rest
        return self._superlative("count", most, subject)

    def _extreme(self, most: Literal["largest", "smallest"], group: Column | None, part: Part) -> TableQuery | None:
        """The largest or smallest value, and the rows that have it."""
        subject = self._subject()
        named = list(dict.fromkeys(one.column for one in self._free({*NUMERIC, "date"})))
        measure = named[0] if len(named) == 1 else None
        if measure:
            self._use(measure)
        elif not named:
            if self._asked.spans("recent"):
                columns = [one for one in self._table.columns if one.type == "date"]
            elif self._asked.spans("expensive"):
                columns = self._amounts()
            else:
                columns = []
            measure = columns[0] if len(columns) == 1 else None
            self.implied += measure is not None
        for name in ("expensive", "recent"):
            for span in self._asked.spans(name):
                self._claim(*span)
        if measure is None or (group is None and self._is_mixed(measure)):
            return None
        if subject and not self._is_unique(self._table, subject) and measure.type != "date":
            return None  # of a region, is it one row or its total that is the largest?
        if any(one.column.type != "text" for one in self._free()):
            return None
        return self._made(most, measure, group, part)

    def _count(self, group: Column | None, part: Part) -> TableQuery | None:
        _, end = self._asked.wanted["count"]
        at = self._word_at(end)
        counted = next((one for one in self._free() if at <= one.first <= at + _MANY and one.is_whole), None)
        rest = [one for one in self._free() if one is not counted]
        if rest or not (counted or self._says_rows(at)):
            return None
        different = bool(self._asked.spans("different"))
        if counted is None:
            return None if different else self._made("count", None, group, part)
        column = counted.column
        self._used.append(counted)
        unique = self._is_unique(self._table, column)
        if column.type in NUMERIC and not KEYS.fullmatch(column.name) and not unique:
            # units that were sold are added up; in the table of a handbook nobody asks for that
            if self._table.kind != "sheet" or different or not (self._conditions or "sum" in self._asked.wanted):
                return None
            return self._made("sum", column, group, part)
        if column == group:
            return None
        if not different and unique:
            return self._made("count", None, group, part)
        return self._made("distinct", column, group, part)

    def _says_rows(self, at: int) -> bool:
        """Whether something but a value says what is counted: "how many Overdue" may be of anything."""
        first = any(at <= one.first <= at + 1 for one in self._links.values)
        named = self._links.names | self._links.people or any(one.is_whole for one in self._free())
        return not first or bool(named)

    def _rows(self, group: Column | None) -> TableQuery | None:
        if group is not None or not self._conditions:
            return None
        return TableQuery(self._table, "rows", conditions=tuple(self._conditions))

    def _made(self, aggregate: Aggregate, column: Column | None, group: Column | None, part: Part) -> TableQuery | None:
        if column is not None and aggregate in ("sum", "average", "largest", "smallest") and self._is_mixed(column):
            return None
        return TableQuery(
            self._table,
            aggregate,
            column.name if column else "",
            tuple(self._conditions),
            group.name if group else "",
            part,
        )

    @staticmethod
    def _is_mixed(column: Column) -> bool:
        """Whether figures of a column must not be added up or compared."""
        return column.doubt is not None and column.doubt.kind == "mixed_currencies"
