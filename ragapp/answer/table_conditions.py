"""The conditions that the words of a question set: values, dates, numbers to compare with, yes and no."""

from __future__ import annotations

import re
from collections.abc import Callable

from ragapp.answer.table_links import Links, Mention
from ragapp.answer.table_words import AskedTable, Period
from ragapp.index.table_query import Condition
from ragapp.index.tables import StoredTable
from ragapp.reading.typed.records import NUMERIC, Column

# of columns that number rows, and are not added up
KEYS = re.compile(
    r"(?:.*\W)?(?:id|no|nr|n°|number|numéro|num|code|ref|reference|référence|year|année|an|jahr|zip|phone|poste|extension)\.?",
    re.IGNORECASE,
)
_YEARS = re.compile(r"(?:.*\W)?(?:year|année|an|exercice|jahr|fiscal year)", re.IGNORECASE)

# whether no value of a column stands twice
IsUnique = Callable[[StoredTable, Column], bool]


class ConditionReader:
    """Reads the conditions of one question to one table, and keeps which of its words and columns are accounted for."""

    def __init__(self, asked: AskedTable, links: Links, is_unique: IsUnique):
        self._asked, self._links, self._table = asked, links, links.table
        self._is_unique = is_unique
        self._used: list[Mention] = []
        self._conditions: list[Condition] = []
        # what was concluded from a word that names no column, such as "expensive"
        self.implied = 0.0

    # words

    def _claim(self, begin: int, end: int) -> None:
        for place, word in enumerate(self._asked.words):
            if begin < word.end and word.start < end:
                self._links.claimed.add(place)

    def _claim_wanted(self) -> None:
        for name in ("average", "largest", "smallest", "sum", "count", "list", "per", "different", "compare", "value"):
            for span in self._asked.spans(name):
                self._claim(*span)

    def _free(self, kinds: frozenset[str] | set[str] | None = None) -> list[Mention]:
        """Columns that are named and not used yet, of some types."""
        return [
            one for one in self._links.mentions if one not in self._used and (not kinds or one.column.type in kinds)
        ]

    def _use(self, column: Column) -> None:
        self._used += [one for one in self._links.mentions if one.column == column and one not in self._used]

    def _word_at(self, place: int) -> int:
        """The place among the words of the one that begins at or behind a character."""
        words = self._asked.words
        return next((n for n, word in enumerate(words) if word.start >= place), len(words))

    # conditions

    def _is_denied(self, first: int) -> bool:
        """Whether "not", "except" stands before a word."""
        begin = self._asked.words[first].start
        return any(0 <= begin - end <= 12 for _, end in self._asked.spans("not"))

    def _add_values(self) -> bool:
        by_column: dict[tuple[str, bool], list[str | int]] = {}
        for one in self._links.values:
            denied = self._is_denied(one.first)
            by_column.setdefault((one.column.name, denied), []).extend(one.values)
            self._use(one.column) if self._is_near(one.column, one.first, one.last) else None
        for (name, denied), values in by_column.items():
            self._conditions.append(Condition(name, "<>" if denied else "=", tuple(dict.fromkeys(values))))
        for span in self._asked.spans("not"):
            if any(0 <= self._asked.words[one.first].start - span[1] <= 12 for one in self._links.values):
                self._claim(*span)
        return True

    def _is_near(self, column: Column, first: int, last: int) -> bool:
        """Whether a column is named right beside its value: "region North", "North region"."""
        return any(
            one.column == column and (0 < first - one.last <= 3 or 0 < one.first - last <= 2)
            for one in self._links.mentions
        )

    def _add_numbers(self) -> bool:
        """Numbers right behind a column's name: "order 1042", "year 2023"."""
        words = self._asked.words
        for mention in self._free():
            place = mention.last + 1
            if place >= len(words) or place in self._links.claimed or not words[place].text.isdecimal():
                continue
            number = int(words[place].text)
            if mention.column.type == "integer":
                self._conditions.append(Condition(mention.column.name, "=", (number,)))
            elif mention.column.type == "text":
                self._conditions.append(Condition(mention.column.name, "=", (words[place].text,)))
            else:
                continue
            self._used.append(mention)
            self._links.claimed.add(place)
            self._asked.periods = [
                one for one in self._asked.periods if not (one.start <= words[place].start < one.end)
            ]
        return True

    def _add_bounds(self) -> bool:
        for bound in self._asked.bounds:
            column = self._measured(bound.start, bound.unit)
            if column is None:
                return False
            self._conditions.append(Condition(column.name, bound.operator, (bound.value,)))
            self._claim(bound.start, bound.end)
        return True

    def _measured(self, place: int, unit: str) -> Column | None:
        """The column that a number is compared with: the nearest that is named before it, else the only one."""
        at = self._word_at(place)
        named = [one for one in self._links.mentions if one.column.type in NUMERIC]
        before = [one for one in named if one.first < at]
        if before:
            nearest = before[-1]
            self._use(nearest.column)
            return nearest.column
        if len(named) == 1 and self._asked.wanted.keys() <= {"list", "count"}:
            self._use(named[0].column)
            return named[0].column
        if unit:
            alike = [column for column in self._table.columns if column.unit == unit]
        else:
            alike = self._amounts() if self._asked.spans("expensive") else self._figures()
        if self._asked.spans("expensive"):
            for span in self._asked.spans("expensive"):
                self._claim(*span)
        return alike[0] if len(alike) == 1 else None

    def _figures(self) -> list[Column]:
        """Columns of figures that are no keys."""
        return [one for one in self._table.columns if one.type in NUMERIC and not KEYS.fullmatch(one.name)]

    def _amounts(self) -> list[Column]:
        return [one for one in self._table.columns if one.type == "money"]

    def _add_periods(self) -> bool:
        for at, period in enumerate(self._asked.periods):
            self._claim(period.start, period.end)
            if at in self._links.periods:
                continue
            if not self._add_period(period):
                return False
        return True

    def _add_period(self, period: Period) -> bool:
        dated = [one for one in self._table.columns if one.type == "date"]
        named = [one.column for one in self._links.mentions if one.column.type == "date"]
        column = named[0] if len(set(named)) == 1 else dated[0] if len(dated) == 1 else None
        if column is not None:
            self._use(column)
            if period.first:
                self._conditions.append(Condition(column.name, ">=", (period.first,)))
            if period.behind:
                self._conditions.append(Condition(column.name, "<", (period.behind,)))
            return True
        years = [one for one in self._table.columns if one.type == "integer" and _YEARS.fullmatch(one.name)]
        if not dated and len(years) == 1 and period.year:
            self._use(years[0])
            if not period.bound:
                self._conditions.append(Condition(years[0].name, "=", (period.year,)))
                return True
            if period.first:
                self._conditions.append(Condition(years[0].name, ">=", (int(period.first[:4]),)))
            if period.behind:
                self._conditions.append(Condition(years[0].name, "<", (int(period.behind[:4]),)))
            return True
        # a year that the document is named after
        texts = f"{self._table.title} {self._table.sheet} {self._table.document_title} {self._table.document}"
        return bool(period.year and not period.bound and not dated and re.search(rf"(?<!\d){period.year}(?!\d)", texts))

    def _add_truths(self) -> None:
        """A column of yes and no that is named chooses the rows that say yes, or no where that is denied."""
        for mention in self._free({"boolean"}):
            denied = self._is_denied(mention.first)
            self._conditions.append(Condition(mention.column.name, "=", (0 if denied else 1,)))
            self._used.append(mention)
            if denied:
                for span in self._asked.spans("not"):
                    self._claim(*span)

    def _column(self, name: str) -> Column:
        return next(one for one in self._table.columns if one.name == name)
