"""Tables on slides (ISO/IEC 29500-1, 21.1.3): merged cells where they hold, a header of several rows as one."""

from __future__ import annotations

from typing import Any

from ragapp.reading.office.drawingml import TextContext, child, plain_text
from ragapp.reading.powerpoint.order import is_figure
from ragapp.reading.text import one_line, whole_number

_MAX_CELLS = 100_000
_MAX_HEADER = 4  # rows


def table_rows(table: Any, context: TextContext) -> list[list[str]]:
    """The rows of an ``a:tbl``, its header on the first one: ``2024 / Revenue``.

    A cell that is merged over rows holds in each of them. One over columns heads each of them in the header, and is
    written once elsewhere, since a figure that is repeated would be another figure.
    """
    rows = _cell_rows(table)
    settings = child(table, "tblPr")
    is_headed = settings is not None and _is_on(settings, "firstRow")
    header = _header_rows(rows, context) if is_headed else 0
    texts: list[list[str]] = []
    for number, row in enumerate(rows):
        line: list[str] = []
        for column, cell in enumerate(row):
            if _is_on(cell, "vMerge"):
                line.append(texts[-1][column] if texts and column < len(texts[-1]) else "")
            elif _is_on(cell, "hMerge"):
                line.append(line[-1] if line and number < header and not _is_one_cell(row) else "")
            else:
                line.append(_text(cell, context))
        texts.append(line)
    if header < 2:
        return texts
    columns = range(len(texts[0]))
    names = [_joined([row[column] for row in texts[:header] if column < len(row)]) for column in columns]
    return [names, *texts[header:]]


def _cell_rows(table: Any) -> list[list[Any]]:
    rows: list[list[Any]] = []
    left = _MAX_CELLS
    for row in table.iterchildren("{*}tr"):
        rows.append(list(row.iterchildren("{*}tc"))[:left])
        left -= len(rows[-1])
    return [row for row in rows if row]


def _header_rows(rows: list[list[Any]], context: TextContext) -> int:
    """How many rows are the header, going by its merged cells."""
    if not rows or _is_one_cell(rows[0]):
        return 1
    wide = any(_span(cell, "gridSpan") > 1 for cell in rows[0])
    down = min(max(_span(cell, "rowSpan") for cell in rows[0]), _MAX_HEADER)
    if down > 1 and wide and len(rows) > down:
        return down
    return 2 if wide and len(rows) > 2 and _names_columns(rows, context) else 1


def _names_columns(rows: list[list[Any]], context: TextContext) -> bool:
    """Whether the second row has names where the first has a merged cell, above figures."""
    under = [column for column, cell in enumerate(rows[0]) if _span(cell, "gridSpan") > 1 or _is_on(cell, "hMerge")]
    names = [_text(rows[1][column], context) for column in under if column < len(rows[1])]
    below = [_text(rows[2][column], context) for column in under if column < len(rows[2])]
    return all(name and not is_figure(name) for name in names) and any(map(is_figure, below))


def _is_one_cell(row: list[Any]) -> bool:
    """Whether the first cell of a row is all of it: a title, not a header."""
    return len(row) > 1 and all(_is_on(cell, "hMerge") for cell in row[1:])


def _joined(names: list[str]) -> str:
    kept: list[str] = []
    for name in map(one_line, names):
        if name and name not in kept:
            kept.append(name)
    return " / ".join(kept)


def _text(cell: Any, context: TextContext) -> str:
    body = child(cell, "txBody")
    return plain_text(body, context) if body is not None else ""


def _span(cell: Any, name: str) -> int:
    return whole_number(cell.get(name, "1"), 1)


def _is_on(element: Any, name: str) -> bool:
    return element.get(name, "0") in ("1", "true")
