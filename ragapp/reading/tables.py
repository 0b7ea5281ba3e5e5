"""Tables: cells laid out on a grid, tidied and written as Markdown; and the reader of CSV."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from ragapp.reading.document import Block, Document, Unit
from ragapp.reading.text import clean, decode, read_bytes

Cell = tuple[str, int, int]  # text, rows it spans, columns it spans
_MAX_SPAN = 64


def spread_cells(rows: Iterable[list[Cell]]) -> list[list[str]]:
    """Lay cells that span rows and columns out on a grid.

    A cell over several rows is repeated in each, so that a row can be read alone; a cell over several columns is
    repeated only in the first row, where it is a heading over them.
    """
    grid: list[list[str]] = []
    carried: dict[int, tuple[str, int]] = {}
    for cells in rows:
        line = {column: text for column, (text, _) in carried.items()}
        carried = {column: (text, left - 1) for column, (text, left) in carried.items() if left > 1}
        column = 0
        for text, down, across in cells:
            while column in line:
                column += 1
            for offset in range(max(1, min(across, _MAX_SPAN))):
                shown = text if offset == 0 or (not grid and len(cells) > 1) else ""
                line[column + offset] = shown
                if down > 1:
                    carried[column + offset] = (shown, down - 1)
            column += max(1, min(across, _MAX_SPAN))
        grid.append([line.get(column, "") for column in range(max(line, default=-1) + 1)])
    return grid


def tidy_rows(rows: list[list[str]]) -> list[list[str]]:
    """The rows, cleaned, of one length, without the rows and columns that are blank throughout."""
    kept = [[_one_line(cell) for cell in row] for row in rows]
    kept = [row for row in kept if any(row)]
    width = max((len(row) for row in kept), default=0)
    padded = [row + [""] * (width - len(row)) for row in kept]
    used = [column for column in range(width) if any(row[column] for row in padded)]
    return [[row[column] for column in used] for row in padded]


def split_titles(rows: list[list[str]]) -> tuple[list[str], list[list[str]]]:
    """Separate the lone cells above a table's header (its titles) from the table; expects tidy rows."""
    titles: list[str] = []
    while len(rows) > 1 and len(rows[0]) > 1:
        filled = [cell for cell in rows[0] if cell]
        # ["", "Total"] is the header of a two-column table whose first column has no name
        if len(filled) != 1 or (len(rows[0]) == 2 and not rows[0][0]):
            break
        titles.append(filled[0])
        rows = tidy_rows(rows[1:])
    return titles, rows


def markdown_table(rows: list[list[str]]) -> str:
    """Rows as a Markdown table; the first row is the header.

    Args:
        rows: at least one row; short rows are filled up.

    Returns:
        One line per row and the rule below the header; ``|`` in cells is escaped, line ends are spaces.
    """
    width = max(len(row) for row in rows)
    lines = [
        "| " + " | ".join(_one_line(cell).replace("|", "\\|") for cell in row + [""] * (width - len(row))) + " |"
        for row in rows
    ]
    lines.insert(1, "| " + " | ".join(["---"] * width) + " |")
    return "\n".join(lines)


def _one_line(cell: str) -> str:
    if cell.isascii() and cell.isprintable():
        return cell.strip()  # most cells of large sheets
    return " ".join(line.strip() for line in clean(cell).split("\n") if line.strip())


# --- CSV

_SAMPLE = 65536  # characters that tell the delimiter


def read_csv(path: Path) -> Document:
    """Read a table of values separated by ``;``, ``,``, tab or ``|``.

    Raises:
        ReadingError: the file cannot be opened or is not text.
    """
    text, notes = decode(read_bytes(path))
    text = clean(text)
    named = re.match(r"sep=(.)\n", text)  # Excel's own way to say it
    body = text[named.end() :] if named else text
    delimiter = named[1] if named else _delimiter(body)
    rows = tidy_rows(_csv_rows(body, delimiter))
    blocks = [Block(markdown_table(rows), "table")] if rows else []
    return Document(path.stem, [Unit(1, "sheet", blocks=blocks)], warnings=notes)


def _csv_rows(text: str, delimiter: str) -> list[list[str]]:
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error:
        # a quote that is never closed makes one endless field; without quoting every line is a row again
        return [line.split(delimiter) for line in text.split("\n")]


def _delimiter(text: str) -> str:
    """The delimiter that cuts the first rows most evenly; ``;`` before ``,`` since commas are also in numbers."""
    sample = text if len(text) <= _SAMPLE else text[: text.rfind("\n", 0, _SAMPLE)]
    best, best_share = ",", 0.0
    for delimiter in "\t;|,":
        widths = Counter(len(row) for row in _csv_rows(sample, delimiter) if any(row))
        width, count = max(widths.items(), key=lambda item: item[1] * (item[0] > 1), default=(1, 0))
        share = count / max(widths.total(), 1) if width > 1 else 0.0
        if share > best_share:
            best, best_share = delimiter, share
    return best
