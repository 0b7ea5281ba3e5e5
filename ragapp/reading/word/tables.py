"""Tables of Word documents on a grid.

Source: ISO/IEC 29500-1, 17.4 (tables): omitted cells (17.4.14, 17.4.15), merged cells (17.4.17, 17.4.22, 17.4.84),
header rows (17.4.49), hidden rows (17.4.20), and tracked changes of rows and cells (17.13.5).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ragapp.reading.sheets.headers import header_rows, joined_header
from ragapp.reading.tables import cell_text
from ragapp.reading.text import whole_number
from ragapp.reading.word.looks import VAL, W, is_on

_MAX_SPAN = 64
# cells that all spans of one table may add
_MAX_ADDED = 200_000
_ROW = f"{W}tr"
_PAGE_BREAK = f"{W}lastRenderedPageBreak"


@dataclass(slots=True)
class Grid:
    """The rows of a table."""

    rows: list[list[str]] = field(default_factory=list)
    across: list[dict[int, str]] = field(default_factory=list)  # what cells over several columns show in the others
    down: int = 1  # the most rows that a cell which begins in the first row covers
    headers: int = 0  # how many rows are marked as header
    breaks: list[int] = field(default_factory=list)  # rows that begin a page
    hidden: int = 0  # rows


def table_grid(rows: Iterable[Any], cells: Callable[[Any], Iterable[Any]], text: Callable[[Any], str]) -> Grid:
    """The grid of a table.

    Args:
        rows: its ``w:tr`` elements.
        cells: the ``w:tc`` elements of a row.
        text: the text of a cell.
    """
    grid = Grid()
    above: dict[int, tuple[str, int]] = {}  # by column: the text of the cell above, and the row in which it begins
    added = 0
    for row in rows:
        if is_hidden(row):
            grid.hidden += 1
            continue
        place = len(grid.rows)
        if next(row.iter(_PAGE_BREAK), None) is not None:
            grid.breaks.append(place)  # Word marks every cell of the row
        if _row_property(row, "tblHeader") and grid.headers == place:
            grid.headers += 1
        column = _omitted(row)
        line: dict[int, str] = {}
        across: dict[int, str] = {}
        for cell in cells(row):
            about = cell.find(f"{W}tcPr")
            span = _span(about)
            added += span
            if added > _MAX_ADDED:
                span = 1
            begun = above.get(column)
            if begun is not None and _continues(about, "vMerge"):
                shown, first = begun
                grid.down = max(grid.down, place + 1) if first == 0 else grid.down
            else:
                shown, first = cell_text(text(cell)), place
            if _continues(about, "hMerge"):
                shown, first = line.get(column - 1) or across.get(column - 1, ""), place
                across[column] = shown
                line[column] = ""
            else:
                line[column] = shown
                across.update((column + offset, shown) for offset in range(1, span))
            above.update((column + offset, (shown, first)) for offset in range(span))
            column += span
        grid.rows.append([line.get(number, "") for number in range(column)])
        grid.across.append(across)
    return grid


def table_rows(grid: Grid) -> tuple[list[str], list[list[str]], list[int]]:
    """Titles above a table, its rows with one header row first, and the rows (from 1 on) that begin a page.

    A cell over several columns names each of them in the header; below, a value holds for each of them.
    """
    rows, across, breaks, marked = grid.rows, grid.across, grid.breaks, grid.headers
    width = max(map(len, rows), default=0)
    if width * len(rows) > _MAX_ADDED * 10:
        return [], rows, breaks
    rows = [row + [""] * (width - len(row)) for row in rows]
    titles: list[str] = []
    while len(rows) > 1 and width > 2 and rows[0][0] and not any(rows[0][1:]):
        titles.append(rows[0][0])
        rows, across, marked = rows[1:], across[1:], max(marked - 1, 0)
        breaks = [place - 1 for place in breaks if place > 0]
    if not rows:
        return titles, rows, []
    if 0 < marked < len(rows):
        count = marked
    else:
        count = header_rows(rows, across, grid.down - len(titles), -1) if len(rows) > 2 else 1
    header = joined_header(rows[:count], across[:count])
    body = [_spread(row, over) for row, over in zip(rows[count:], across[count:], strict=True)]
    return titles, [header, *body], [place - count + 1 for place in breaks if place >= count]


def row_lines(grid: Grid) -> list[str]:
    """The rows of a table inside a cell, a line each, with the names of its columns where it has a header."""
    if len(grid.rows) > 2 and min(map(len, grid.rows)) > 1:
        _, (header, *rows), _ = table_rows(grid)
        return [
            ", ".join(f"{name}: {text}" if name else text for name, text in zip(header, row, strict=False) if text)
            for row in rows
        ]
    return ["; ".join(filter(None, row)) for row in grid.rows]


def continuations(table: Any) -> Iterator[Any]:
    """The tables behind a table that are shown as its further rows.

    Word shows tables of one style with nothing between them as one table. One that begins with a header of its own is
    another table all the same, so its first row must have figures where the columns of the first table have some.
    """
    first = list(table.iterchildren(_ROW))
    if len(first) < 2:
        return
    head, last = _plain_cells(first[0]), _plain_cells(first[-1])
    figures = [
        at for at, (name, value) in enumerate(zip(head, last, strict=False)) if not _figure(name) and _figure(value)
    ]
    following = table.getnext()
    while following is not None and following.tag == table.tag and _style(following) == _style(table):
        row = next(following.iterchildren(_ROW), None)
        cells = _plain_cells(row) if row is not None else []
        if len(cells) != len(head) or _row_property(row, "tblHeader") or not figures:
            return
        if not all(_figure(cells[at]) for at in figures):
            return
        yield following
        following = following.getnext()


def _plain_cells(row: Any) -> list[str]:
    return ["".join(text.text or "" for text in cell.iter(f"{W}t")).strip() for cell in row.iterchildren(f"{W}tc")]


def _figure(text: str) -> bool:
    return text[:1].isdigit() or text[1:2].isdigit()


def _style(table: Any) -> str:
    found = table.find(f"{W}tblPr/{W}tblStyle")
    return found.get(VAL, "") if found is not None else ""


def is_hidden(row: Any) -> bool:
    """Whether a row is hidden."""
    return _row_property(row, "hidden")


def is_deleted(element: Any) -> bool:
    """Whether a row or a cell is deleted, the change being tracked."""
    names = ("trPr", "del") if element.tag == f"{W}tr" else ("tcPr", "cellDel")
    return element.find("/".join(f"{W}{name}" for name in names)) is not None


def _spread(row: list[str], across: dict[int, str]) -> list[str]:
    """A row below the header, where what is merged over columns holds for each of them.

    What begins in the first column names the row, as a subtitle or a total does, and stands once.
    """
    names = 1
    while names in across:
        names += 1
    return [text or (across.get(column, "") if column > names else "") for column, text in enumerate(row)]


def _row_property(row: Any, name: str) -> bool:
    found = row.find(f"{W}trPr/{W}{name}")
    return found is not None and is_on(found)


def _omitted(row: Any) -> int:
    found = row.find(f"{W}trPr/{W}gridBefore")
    return min(whole_number(found.get(VAL, ""), 0), _MAX_SPAN) if found is not None else 0


def _span(about: Any) -> int:
    found = about.find(f"{W}gridSpan") if about is not None else None
    return max(1, min(whole_number(found.get(VAL, ""), 1), _MAX_SPAN)) if found is not None else 1


def _continues(about: Any, name: str) -> bool:
    """Whether a cell goes on with the one above (``vMerge``) or before it (``hMerge``)."""
    found = about.find(f"{W}{name}") if about is not None else None
    return found is not None and found.get(VAL, "continue") == "continue"
