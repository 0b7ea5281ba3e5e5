"""Which type a column has, by all of its cells, and whether it may have been read wrongly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from ragapp.reading.typed.currencies import CURRENCIES
from ragapp.reading.typed.records import Column, ColumnType, Doubt, DoubtKind, Value
from ragapp.reading.typed.values import Day, Number, day_of, is_blank, number_of, truth_of, unit_in_head

# share of a column's filled cells that must be values of a type
SHARE = 0.9
_FORMS = ("point", "comma")


@dataclass(frozen=True, slots=True)
class ColumnCells:
    """The cells of one column: their texts, the numbers of their rows, and exact values where the file has more than it
    shows, by the place in ``texts``."""

    name: str
    texts: Sequence[str]
    lines: Sequence[int]
    exact: dict[int, float]


class _Readable(Protocol):
    @property
    def sure(self) -> str: ...

    @property
    def is_ambiguous(self) -> bool: ...


_Kind = TypeVar("_Kind", bound=_Readable)


def typed_columns(columns: Sequence[ColumnCells], is_workbook: bool) -> list[tuple[Column, list[Value]]]:
    """Each column with its type, and its cells as values of it.

    Args:
        columns: of one table.
        is_workbook: whether numbers are shown with decimal points unless their cells hold text, as the readers of
            spreadsheets show them.
    """
    numbers = [_parsed(column.texts, number_of) for column in columns]
    votes = Counter(number.sure for found in numbers for number in found if number is not None)
    usual = "comma" if votes["comma"] > votes["point"] else "point"
    is_told = is_workbook or bool(votes["point"] or votes["comma"])
    return [_typed(column, found, usual, is_told, is_workbook) for column, found in zip(columns, numbers, strict=True)]


def _parsed(texts: Sequence[str], parse: Callable[[str], _Kind | None]) -> list[_Kind | None]:
    known: dict[str, _Kind | None] = {}
    found = []
    for text in texts:
        if text not in known:
            known[text] = parse(text)
        found.append(known[text])
    return found


def _typed(
    column: ColumnCells, numbers: list[Number | None], usual: str, is_told: bool, is_workbook: bool
) -> tuple[Column, list[Value]]:
    texts = column.texts
    filled = [place for place, text in enumerate(texts) if not is_blank(text)]
    if not filled:
        return Column(column.name), [None] * len(texts)
    truths = _truths(texts, filled)
    if truths is not None:
        return Column(column.name, "boolean"), truths
    if sum(numbers[place] is not None for place in filled) >= SHARE * len(filled):
        if found := _numeric(column, numbers, filled, usual, is_told, is_workbook):
            return found
    else:
        days = _parsed(texts, day_of)
        if sum(days[place] is not None for place in filled) >= SHARE * len(filled):
            return _dated(column, days, filled)
    return Column(column.name), [None if is_blank(text) else text for text in texts]


def _truths(texts: Sequence[str], filled: Sequence[int]) -> list[Value] | None:
    found: list[Value] = [None] * len(texts)
    for place in filled:
        truth = truth_of(texts[place])
        if truth is None:
            return None
        found[place] = truth
    return found if len(filled) > 1 else None


def _numeric(
    column: ColumnCells,
    numbers: Sequence[Number | None],
    filled: Sequence[int],
    usual: str,
    is_told: bool,
    is_workbook: bool,
) -> tuple[Column, list[Value]] | None:
    units = Counter(number.unit for place in filled if (number := numbers[place]) and number.unit)
    others = set(units) - CURRENCIES
    if len(others) > 1 or (others and len(units) > 1):
        return None
    told = _by_thousands(numbers) if not is_workbook else numbers
    forms, doubt = _forms(column, told, usual, is_told, "numbers")
    values: list[Value] = [None] * len(numbers)
    digits = 0
    for place in filled:
        number = numbers[place]
        if number is None:
            continue
        values[place] = number.read(forms[place])
        digits = max(digits, number.digits(forms[place]))
    for place, exact in column.exact.items():
        if values[place] is not None:
            values[place] = int(exact) if exact.is_integer() else exact
    if len(units) > 1:
        doubt = Doubt("mixed_currencies", cells=len(units), example=", ".join(sorted(units)))
    unit = next(iter(units), "") or unit_in_head(column.name)
    whole = all(value is None or isinstance(value, int) for value in values)
    kind: ColumnType = "integer" if whole else "decimal"
    if unit == "%":
        kind = "percent"
        doubt = doubt or _without_sign(column, numbers, filled)
        values = [_hundredfold(value, place, column) for place, value in enumerate(values)]
    elif unit in CURRENCIES:
        kind = "money"
    doubt = doubt or _not_read(column, numbers, filled)
    return Column(column.name, kind, unit if len(units) < 2 else "", digits, doubt), values


def _by_thousands(numbers: Sequence[Number | None]) -> Sequence[Number | None]:
    """Numbers of which some can only be thousands, since both marks stand in them (``1,234`` and ``1.234``) and nothing
    else tells their form: of a device or a person that changed it."""
    ambiguous = [number for number in numbers if number is not None and number.is_ambiguous]
    is_told = any(number is not None and number.sure for number in numbers)
    if is_told or len({number.as_thousands for number in ambiguous}) < 2:
        return numbers
    return [number and number.in_thousands() for number in numbers]


def _without_sign(column: ColumnCells, numbers: Sequence[Number | None], filled: Sequence[int]) -> Doubt | None:
    """The doubt about a column of percentages in which some cells have no sign: 0.4 may be 40% or 0.4%."""
    bare = [place for place in filled if (number := numbers[place]) and not number.unit and number.point != 0]
    if not bare or len(bare) == sum(numbers[place] is not None for place in filled):
        return None
    return Doubt("bare_percentages", column.lines[bare[0]], len(bare), column.texts[bare[0]])


def _hundredfold(value: Value, place: int, column: ColumnCells) -> Value:
    """A share as the file holds it (0.256), as it is shown (25.6)."""
    is_share = place in column.exact and isinstance(value, int | float) and "%" in column.texts[place]
    return round(value * 100, 10) if is_share and isinstance(value, int | float) else value


def _dated(column: ColumnCells, days: Sequence[Day | None], filled: Sequence[int]) -> tuple[Column, list[Value]]:
    orders, doubt = _forms(column, days, "day", False, "dates")
    values: list[Value] = [None] * len(days)
    for place in filled:
        day = days[place]
        values[place] = day.read(orders[place]) if day else None
    return Column(column.name, "date", doubt=doubt or _not_read(column, days, filled)), values


def _not_read(column: ColumnCells, found: Sequence[object | None], filled: Sequence[int]) -> Doubt | None:
    lost = [place for place in filled if found[place] is None]
    return Doubt("not_read", column.lines[lost[0]], len(lost), column.texts[lost[0]]) if lost else None


_CHANGED: dict[str, tuple[DoubtKind, DoubtKind, DoubtKind]] = {
    "numbers": ("changed_numbers", "mixed_numbers", "unsure_numbers"),
    "dates": ("changed_dates", "mixed_dates", "unsure_dates"),
}


def _forms(
    column: ColumnCells, found: Sequence[_Readable | None], usual: str, is_told: bool, what: str
) -> tuple[list[str], Doubt | None]:
    """The form in which each cell is read, and what is doubtful about that.

    A cell that may have either form has that of the last one above it that can have only one.
    """
    changed, mixed, unsure = _CHANGED[what]
    sure = [(place, one.sure) for place, one in enumerate(found) if one is not None and one.sure]
    ambiguous = [place for place, one in enumerate(found) if one is not None and one.is_ambiguous]
    kinds = list(dict.fromkeys(form for _, form in sure))
    if len(kinds) < 2:
        form = kinds[0] if kinds else usual
        doubt = None
        if not kinds and ambiguous and not is_told:
            doubt = Doubt(unsure, column.lines[ambiguous[0]], len(ambiguous), column.texts[ambiguous[0]])
        return [form] * len(found), doubt
    forms, at, current = [], 0, sure[0][1]
    for place in range(len(found)):
        if at < len(sure) and sure[at][0] == place:
            current, at = sure[at][1], at + 1
        forms.append(current)
    turn = next(place for place, form in sure if form != sure[0][1])
    once = all((form == sure[0][1]) == (place < turn) for place, form in sure)
    counted = sum(form != kinds[0] for _, form in sure)
    return forms, Doubt(changed if once else mixed, column.lines[turn], counted, column.texts[turn])
