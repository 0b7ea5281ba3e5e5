"""CSV and its relatives, separated by ``;``, ``,``, tab or ``|``."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from pathlib import Path

from ragapp.reading.document import DEFAULT_OPTIONS, Document, ReadOptions
from ragapp.reading.plain_text import plain_units
from ragapp.reading.sheets.units import SheetUnits
from ragapp.reading.text import clean, decode, read_bytes

_SAMPLE = 65536  # characters that tell the delimiter
_MAX_COLUMNS = 16_384  # Excel's
_MAX_LINE = 1_000_000
_PROTECTED = re.compile(r'="([^"]*)"')  # a formula that programs write so that Excel keeps leading zeros


def read_csv(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """Read a table; a long one in ranges of rows."""
    text, notes = decode(read_bytes(path))
    text = clean(text)
    named = re.match(r"sep=(.)\n", text)  # Excel's own way to say it
    body = text[named.end() :] if named else text
    delimiter = named[1] if named else _delimiter(body)
    if any(len(line) > _MAX_LINE or line.count(delimiter) > _MAX_COLUMNS for line in body.split("\n")):
        return Document(path.stem, plain_units(text), warnings=[*notes, "Its lines are too long for a table."])
    rows = _csv_rows(body, delimiter)
    sheets = SheetUnits()
    if '="' in body:
        rows = [[_plain(cell) if cell.startswith('="') else cell for cell in row] for row in rows]
    sheets.data(enumerate(rows, start=2 if named else 1))
    return sheets.document(path.stem, notes)


def _csv_rows(text: str, delimiter: str) -> list[list[str]]:
    try:
        rows = _parsed(text, delimiter)
        return _escaped_rows(text, delimiter, rows) or rows
    except csv.Error:
        # a quote that is never closed makes one endless field; without quoting every line is a row again
        return [line.split(delimiter) for line in text.split("\n")]


def _plain(cell: str) -> str:
    found = _PROTECTED.fullmatch(cell)
    return found[1] if found else cell


def _parsed(text: str, delimiter: str, escape: str | None = None, skips: bool = False) -> list[list[str]]:
    source = io.StringIO(text, newline="")
    return list(csv.reader(source, delimiter=delimiter, escapechar=escape, skipinitialspace=skips))


def _escaped_rows(text: str, delimiter: str, rows: list[list[str]]) -> list[list[str]] | None:
    """Rows of a program that writes ``\\"`` for a quote, or a space before one, where only so all are of one width."""
    escape = "\\" if '\\"' in text else None
    skips = f'{delimiter} "' in text
    if not (escape or skips) or _is_even(rows):
        return None
    found = _parsed(text, delimiter, escape, skips)
    return found if _is_even(found) else None


def _is_even(rows: list[list[str]]) -> bool:
    return len({len(row) for row in rows if any(row)}) == 1


def _delimiter(text: str) -> str:
    """The delimiter that cuts the first rows most evenly; ``;`` before ``,`` since commas are also in numbers."""
    sample = text[:_SAMPLE]
    if len(text) > _SAMPLE and "\n" in sample:
        sample = sample[: sample.rindex("\n")]
    best, best_share = ",", 0.0
    for delimiter in "\t;|,":
        widths = Counter(len(row) for row in _csv_rows(sample, delimiter) if any(row))
        width, count = max(widths.items(), key=lambda item: item[1] * (item[0] > 1), default=(1, 0))
        share = count / max(widths.total(), 1) if width > 1 else 0.0
        if share > best_share:
            best, best_share = delimiter, share
    return best
