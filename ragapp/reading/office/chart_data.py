"""What charts of all kinds have in common: titles, caches of cells, categories of several levels, values as shown."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ragapp.reading.office.drawingml import child, plain_text
from ragapp.reading.sheets.number_format import is_date_code, shown, shown_with_raw
from ragapp.reading.text import one_line, whole_number

# what a chart can show at the most (Excel 2007 drew 32,000 a series); a damaged file may name any number
MAX_POINTS = 100_000
_ERRORS = ("#N/A", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#NULL!")


@dataclass(slots=True)
class Chart:
    """What a chart shows."""

    lines: list[str] = field(default_factory=list)  # its title, and what holds for all of it
    tables: list[list[list[str]]] = field(default_factory=list)  # rows, the first of them the header
    invisible: int = 0  # series that nobody sees, and that are in none of the tables


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


def shown_value(value: str, code: str, *, date_1904: bool = False) -> str:
    """A value of a cache as a number format shows it; what is no number as it is."""
    number = number_of(value)
    return one_line(value) if number is None else shown_with_raw(number, code, date_1904=date_1904)


def axis_value(value: str, code: str, *, date_1904: bool = False) -> str:
    """A value by the number format of its axis, which rounds for the marks at the axis and not for the values."""
    number = number_of(value)
    if number is None:
        return one_line(value)
    if not code or is_date_code(code):
        return shown_with_raw(number, code, date_1904=date_1904)
    if "%" in code:
        return f"{shown(number * 100, '')}%"
    rounded, full = shown(number, code), shown(number, "")
    return rounded if re.sub(r"\D", "", rounded).rstrip("0") == re.sub(r"\D", "", full).rstrip("0") else full


def cached_texts(source: Any) -> dict[int, str] | None:
    """The texts of a source of categories; None where it holds numbers."""
    for way in ("strRef", "strLit", "multiLvlStrRef"):
        node = child(source, way)
        if node is None:
            continue
        cache = node if way == "strLit" else child(node, "strCache" if way == "strRef" else "multiLvlStrCache")
        if cache is None:
            return {}
        if way != "multiLvlStrRef":
            return {index: one_line(text) for index, text, _ in cached(cache)}
        return join_levels(
            [{index: one_line(text) for index, text, _ in cached(level)} for level in cache.iterchildren("{*}lvl")]
        )
    return None


def cached_points(source: Any) -> Iterable[tuple[int, str, str]]:
    """Index, value and format code of the points of a source of numbers."""
    if source is None:
        return []
    for way in ("numRef", "strRef"):
        node = child(source, way)
        if node is not None:
            cache = child(node, "numCache" if way == "numRef" else "strCache")
            return cached(cache) if cache is not None else []
    literal = child(source, "numLit")
    return cached(literal) if literal is not None else []


def cached(cache: Any) -> Iterable[tuple[int, str, str]]:
    """Index, value and format code of the points of a cache (21.2.2.150); blank points and errors are gaps."""
    code = cache.findtext("{*}formatCode") or ""
    count = 0
    for point in cache.iterchildren("{*}pt"):
        index = whole_number(point.get("idx", ""), -1)
        text = point.findtext("{*}v") or ""
        if index >= 0 and text and text not in _ERRORS and count < MAX_POINTS:
            count += 1
            yield index, text, point.get("formatCode") or code


def title_text(title: Any) -> str:
    """The text of a title or label: typed, or taken from a cell."""
    if title is None:
        return ""
    rich = child(title, "tx", "rich")
    if rich is not None:
        return plain_text(rich)
    cache = child(title, "tx", "strRef", "strCache")
    return " ".join(text for _, text, _ in cached(cache)) if cache is not None else ""


def value_of(node: Any) -> str:
    """The ``val`` of an element that may be missing; empty where it is."""
    return str(node.get("val", "")) if node is not None else ""


def is_on(value: str) -> bool:
    """Whether the value of a switch is on, as ``xsd:boolean`` is written."""
    return value.lower() in ("1", "true", "on")


def switch(node: Any, *, default: bool) -> bool:
    """A switch: off where the element is missing, on where it has no value (21.2.3.6)."""
    return is_on(node.get("val", "1")) if node is not None else default
