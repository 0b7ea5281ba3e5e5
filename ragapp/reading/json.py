"""JSON and JSON Lines: lists of records as tables, other values as lines with their paths."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ragapp.reading.blocks import BlockBuilder, section_units
from ragapp.reading.document import DEFAULT_OPTIONS, Document, ReadOptions
from ragapp.reading.plain_text import plain_units
from ragapp.reading.sheets.units import SheetUnits
from ragapp.reading.text import clean, decode, one_line, read_bytes

_RUN = 2000  # characters of one block of values
_MAX_COLUMNS = 200
_TITLES = ("title", "name")


def read_json(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """Read JSON: a list of flat records becomes a table, all else lines like ``invoice.lines[3].price: 12``."""
    text, notes = decode(read_bytes(path))
    try:
        value = _parsed(text)
    except ValueError as error:
        return _read_lines(path, text, notes, f"It is not valid JSON ({error}); it was read as plain text.")
    return _document(path, value, notes)


def read_json_lines(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """Read JSON Lines: one value a line."""
    text, notes = decode(read_bytes(path))
    return _read_lines(path, text, notes, "Not every line is valid JSON; it was read as plain text.")


def _parsed(text: str) -> Any:
    """The value, its numbers as they are written; ValueError if it is not valid, or nested too deep."""
    try:
        return json.loads(text.removeprefix("\ufeff"), parse_int=str, parse_float=str)
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def _read_lines(path: Path, text: str, notes: list[str], problem: str) -> Document:
    """Read JSON Lines, or plain text, with the warning ``problem``, where there are not two or more."""
    try:
        values = [_parsed(line) for line in text.split("\n") if line.strip()]
    except ValueError:
        values = []
    if len(values) < 2:
        return Document(path.stem, plain_units(text), warnings=[*notes, problem])
    return _document(path, values, notes)


def _document(path: Path, value: Any, notes: list[str]) -> Document:
    named = next((value[key] for key in _TITLES if isinstance(value, dict) and isinstance(value.get(key), str)), "")
    title = one_line(named)[:200] or path.stem
    if records := _table(value):
        sheets = SheetUnits()
        sheets.table("", enumerate(records, start=0))
        for unit in sheets.units:
            unit.label = unit.label.replace("row", "record", 1)
        return sheets.document(title, notes)
    out = BlockBuilder()
    _add(out, value)
    return Document(title, section_units(out), warnings=notes)


def _table(value: Any) -> list[list[str]] | None:
    """A list of flat records as rows, their keys the header; None for any other value."""
    if not isinstance(value, list) or len(value) < 2 or not all(isinstance(record, dict) for record in value):
        return None
    keys = list(dict.fromkeys(key for record in value for key in record))
    filled = sum(len(record) for record in value)
    # records that share next to no keys would make a table of blanks
    if not keys or len(keys) > _MAX_COLUMNS or filled * 3 < len(keys) * len(value):
        return None
    if any(_is_nested(item) for record in value for item in record.values()):
        return None
    return [keys, *([_cell(record.get(key)) for key in keys] for record in value)]


def _is_nested(value: Any) -> bool:
    if isinstance(value, list):
        return any(isinstance(item, (dict, list)) for item in value)
    return isinstance(value, dict)


def _cell(value: Any) -> str:
    return ", ".join(map(_shown, value)) if isinstance(value, list) else _shown(value)


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _add(out: BlockBuilder, value: Any) -> None:
    """Add a value: its branches of the first level are headings, tables stay tables, the rest is lines."""
    branches: Iterable[tuple[str, Any]] = value.items() if isinstance(value, dict) else [("", value)]
    lines: list[str] = []

    def end_lines() -> None:
        out.text("\n".join(lines))
        lines.clear()

    for key, branch in branches:
        is_section = isinstance(branch, (dict, list)) and key and branch
        if is_section:
            end_lines()
            out.heading(1, key)
        for where, item in _walk(branch, key):
            if isinstance(item, list):  # rows of a table
                end_lines()
                if where and where != key:
                    out.text(f"{where}:")
                out.table(item)
                continue
            text = clean(item).strip()
            lines.append(f"{where}: {text}" if where else text)
            if sum(map(len, lines)) > _RUN:
                end_lines()
        if is_section:
            end_lines()
    end_lines()


def _walk(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Leaves and tables below a value, in order, with their paths."""
    pending: list[tuple[str, Any]] = [(path, value)]
    while pending:
        where, item = pending.pop()
        rows = _table(item) if isinstance(item, list) else None
        if rows:
            yield where, rows
        elif isinstance(item, list) and not _is_nested(item):
            yield where, _cell(item)
        elif isinstance(item, (dict, list)) and item:
            branches = item.items() if isinstance(item, dict) else enumerate(item)
            inner = [
                (f"{where}[{key}]" if isinstance(item, list) else f"{where}.{key}" if where else str(key), branch)
                for key, branch in branches
            ]
            pending += reversed(inner)
        elif not isinstance(item, (dict, list)):
            yield where, _shown(item)
