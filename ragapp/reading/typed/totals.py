"""Rows of a table that are no data: totals, and heads that stand again within it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ragapp.reading.sheets.headers import is_name, is_value
from ragapp.reading.sheets.split import TOTALS
from ragapp.reading.typed.records import Value
from ragapp.reading.typed.values import is_blank

_TOTAL = (
    r"(?:grand|sub|sous|general|overall|report|zwischen|gesamt|running|sum|tussen)?[\s-]*"
    r"(?:totals?|totaux|totale|totaal|sum|summe|somme|suma|soma|gesamt(?:summe|betrag)?|subtotals?|insgesamt"
    r"|montant total"
    r"|average|mean|moyenne|mittelwert|durchschnitt|promedio|media|gemiddelde)"
    r"(?:[\s-]+(?:general|général|generale|amount|sum|ht|ttc|€|eur|row))?"
)
_WHOLE = re.compile(rf"{_TOTAL}\s*[:.]?|{TOTALS}", re.IGNORECASE)
_BEGIN = re.compile(rf"(?:{_TOTAL})\b|.+\b(?:total|subtotal|summe)$", re.IGNORECASE)
_CLOSE = 0.006  # of a sum of shown values, times the number of values that may be rounded


def total_rows(rows: Sequence[Sequence[str]], numeric: Mapping[int, Sequence[Value]]) -> set[int]:
    """Places of the rows that add up or average others.

    A row is one that says so and nothing else ("Total", "Gesamt"). One whose name only begins so ("Total North", and
    perhaps a customer "Total SA") is one where a column of figures is the sum of those right above it, up to the last
    total or the head. One without a name is one where it is the last, and every column of figures is such a sum.

    Args:
        rows: their cells.
        numeric: values of the columns that hold figures, by the column's place.
    """
    found: set[int] = set()
    begin = 0
    for place, row in enumerate(rows):
        texts = [text for column, text in enumerate(row) if text and column not in numeric and not is_value(text)]
        if any(map(_WHOLE.fullmatch, texts)) or (
            texts and _BEGIN.match(texts[0]) and _adds_up(place, begin, numeric, found, any)
        ):
            found.add(place)
            begin = place + 1
    last = len(rows) - 1
    if last > 2 and last not in found and numeric:
        named = [text for column, text in enumerate(rows[last]) if text and column not in numeric]
        if not named and _adds_up(last, 0, numeric, found, all):
            found.add(last)
    return found


def _adds_up(place: int, begin: int, numeric: Mapping[int, Sequence[Value]], totals: set[int], which: object) -> bool:
    """Whether figures of a row are the sums of those above it, from a row on or of all that are no totals."""
    agree = []
    for values in numeric.values():
        total = values[place]
        if not isinstance(total, int | float):
            continue
        sums = []
        for first in {begin, 0}:
            above = [values[n] for n in range(first, place) if n not in totals]
            figures = [value for value in above if isinstance(value, int | float)]
            if len(figures) > 1:
                sums.append((sum(figures), len(figures)))
        agree.append(any(abs(found - total) <= _CLOSE * count + abs(total) * 1e-9 for found, count in sums))
    return bool(agree) and (all(agree) if which is all else any(agree))


def repeated_heads(rows: Sequence[Sequence[str]], head: Sequence[str]) -> set[int]:
    """Places of the rows that have the head's names again, as pages of a long table begin."""
    named = [column for column, name in enumerate(head) if name]
    return {
        place
        for place, row in enumerate(rows)
        if len(named) > 1 and all(row[column] == head[column] for column in named)
    }


def second_head(rows: Sequence[Sequence[str]], valued: set[int]) -> int | None:
    """The place of a row that is the head of another table below: names where all rows above and below have values.

    ``valued`` are the columns that hold values in most rows.
    """
    for place, row in enumerate(rows[:-1]):
        named = [text for text in row if text]
        if not place or not valued or len(named) < 2 or len(set(named)) < len(named):
            continue
        heads = [row[column] for column in valued if row[column]]
        if not heads or not all(is_name(text) and not is_value(text) and not is_blank(text) for text in heads):
            continue
        # a narrower table leaves the columns empty that it has not; one row alone may lack something itself
        empty = [column for column, text in enumerate(row) if not text]
        if empty and len(rows) - place < 3:
            continue
        if any(map(is_value, rows[place + 1])) and not any(below[n] for below in rows[place + 1 :] for n in empty):
            return place
    return None
