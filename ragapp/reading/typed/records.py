"""Tables whose columns have types: what is kept beside the text for questions that count and add up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

ColumnType = Literal["text", "integer", "decimal", "money", "percent", "date", "boolean"]
NUMERIC: frozenset[ColumnType] = frozenset(("integer", "decimal", "money", "percent"))
# what a column was read with doubt for
DoubtKind = Literal[
    "changed_numbers",  # 1,234.50 up to a row, 1 234,50 from it on
    "mixed_numbers",  # both, anywhere
    "bare_percentages",  # 40% and 0.4
    "unsure_numbers",  # 1,234 in every cell: thousands, or decimals
    "changed_dates",  # 31/12/2024 up to a row, 12/31/2024 from it on
    "mixed_dates",
    "unsure_dates",  # 03/04/2024 in every cell
    "mixed_currencies",
    "not_read",  # cells that hold something else
]
# text, number, date as ISO 8601, 0 or 1; None where nothing is in the cell, or nothing of the column's type
Value = str | int | float | None


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a column may have been read wrongly.

    Attributes:
        kind: what is odd about it.
        line: of the first row where that shows, as the table numbers its rows.
        cells: how many cells it concerns.
        example: what stands in the first of them.
    """

    kind: DoubtKind
    line: int = 0
    cells: int = 0
    example: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        name: as the head has it; unique in its table.
        type: of its values.
        unit: ISO 4217 code of its currency, ``%``, or another unit such as ``kg``; empty where there is none.
        digits: decimals that its values are shown with, at the most.
        doubt: why it may have been read wrongly, if it may.
    """

    name: str
    type: ColumnType = "text"
    unit: str = ""
    digits: int = 0
    doubt: Doubt | None = None


class TypedRow(NamedTuple):
    """A row: where it stands in the unit's text, its number, whether it is a total, and a value for each column."""

    unit: int
    start: int
    end: int
    line: int
    is_total: bool
    values: tuple[Value, ...]


@dataclass(slots=True)
class TypedTable:
    """A table with a clear head.

    Attributes:
        title: the heading or caption that it stands below, else the name of its sheet; may be empty.
        sheet: name of its sheet; empty where it is in none.
        kind: of the units that it is in.
        first_column: the place of its first column in the sheet, 0-based; -1 where rows have no cells to be named.
        columns: in order.
        rows: in order, totals among them.
        left_out: rows that are not kept, since there are too many.
    """

    title: str
    sheet: str
    kind: str
    first_column: int
    columns: list[Column]
    rows: list[TypedRow] = field(default_factory=list)
    left_out: int = 0
