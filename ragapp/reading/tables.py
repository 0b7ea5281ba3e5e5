"""Tables: spanning cells laid out on a grid, blank rows and columns removed, rows written as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ragapp.reading.text import clean

Cell = tuple[str, int, int]  # text, rows it spans, columns it spans
_MAX_SPAN = 64
# beyond this, rows keep their own lengths: one absurdly long row must not lengthen a million others
_MAX_GRID = 5_000_000
_MAX_CARRIED = 100_000  # cells that spans over rows may add to a table
#: lines of a Markdown table: a row, and the rule below its head, which is such a line as well
ROW = re.compile(r"^\s*\|.*\|\s*$")
RULE = re.compile(r"^\s*\|(?:\s*:?-+:?\s*\|)+\s*$")
# between cells, not in one
_BAR = re.compile(r"(?<!\\)\|")


def spread_cells(rows: Iterable[list[Cell]]) -> list[list[str]]:
    """Lay cells that span rows and columns out on a grid.

    A cell over several rows is repeated in each, so that every row can be read alone; one over several columns is
    repeated only in the first row, where it heads them.
    """
    grid: list[list[str]] = []
    carried: dict[int, tuple[str, int]] = {}
    added = 0
    for cells in rows:
        added += len(carried)
        if added > _MAX_CARRIED:
            carried = {}
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
    """The rows cleaned and padded to one length, without blank rows and columns."""
    kept = [[cell_text(cell) for cell in row] for row in rows]
    kept = [row for row in kept if any(row)]
    width = max((len(row) for row in kept), default=0)
    if width * len(kept) > _MAX_GRID:
        return kept
    padded = [row + [""] * (width - len(row)) for row in kept]
    used = [column for column in range(width) if any(row[column] for row in padded)]
    return padded if len(used) == width else [[row[column] for column in used] for row in padded]


def split_titles(rows: list[list[str]]) -> tuple[list[str], list[list[str]]]:
    """Titles (rows of one cell above the header) and the remaining rows, of rows from :func:`tidy_rows`."""
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
    """At least one row as a Markdown table, the first row its header; ``|`` is escaped, line ends become spaces."""
    width = max(len(row) for row in rows)
    if width * len(rows) > _MAX_GRID // 10 and width * len(rows) > 4 * sum(map(len, rows)):
        width = 0  # rows keep their own lengths
    lines = [
        "| " + " | ".join(cell_text(cell).replace("|", "\\|") for cell in row + [""] * (width - len(row))) + " |"
        for row in rows
    ]
    lines.insert(1, "| " + " | ".join(["---"] * max(width, len(rows[0]))) + " |")
    return "\n".join(lines)


def row_cells(line: str) -> list[str]:
    """The cells of a row that :func:`markdown_table` wrote, or of a part of one."""
    cells = [cell.strip().replace("\\|", "|") for cell in _BAR.split(line.strip())]
    # what is before the first bar and behind the last is no cell
    return cells[not cells[0] : len(cells) - (len(cells) > 1 and not cells[-1])]


def cell_text(cell: str) -> str:
    """A cell's text, cleaned, on one line."""
    if cell.isascii() and cell.isprintable():
        return cell.strip()  # most cells of large sheets
    return " ".join(line.strip() for line in clean(cell).split("\n") if line.strip())
