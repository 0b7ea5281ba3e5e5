"""What charts of all kinds have in common: titles and tables, categories of several levels, values as shown."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from ragapp.reading.text import one_line


@dataclass(slots=True)
class Chart:
    """What a chart shows."""

    lines: list[str] = field(default_factory=list)  # its title, and what holds for all of it
    tables: list[list[list[str]]] = field(default_factory=list)  # rows, the first of them the header


def join_levels(levels: list[dict[int, str]]) -> dict[int, str]:
    """Categories of several levels, the innermost first, as one text each: ``2024 Q1``.

    A level is named at the first of the points that it holds for (21.2.2.102).
    """
    if not levels:
        return {}
    joined = dict(levels[0])
    for level in levels[1:]:
        above = ""
        for index in sorted(set(joined) | set(level)):
            above = level.get(index, "") or above
            joined[index] = f"{above} {joined.get(index, '')}".strip()
    return joined


def number_of(value: str) -> float | None:
    """A finite number as a cache writes it; None for anything else."""
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def shown_value(value: str, code: str, date1904: bool = False) -> str:
    """A value of a cache as a number format shows it; what is no number as it is."""
    number = number_of(value)
    if number is None:
        return one_line(value)
    return f"{number:.15g}"
