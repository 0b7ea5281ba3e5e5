"""Tables of HTML as rows, with a header of several rows joined into one."""

from __future__ import annotations

from collections.abc import Callable

from lxml.html import HtmlElement

from ragapp.reading.tables import Cell, spread_cells
from ragapp.reading.text import whole_number

_MOST_HEADER_ROWS = 5
_MAX_SPAN = 64


def table_rows(table: HtmlElement, flat: Callable[[HtmlElement], str]) -> list[list[str]]:
    """The rows of a table in the order in which they are shown; ``flat`` gives the text of a cell.

    A header of several rows becomes one row, in which every column is named by all of them: ``2024 / Revenue``.
    """
    rows = _rows_in_order(table)
    cells = [[_cell(cell, flat) for cell in row.iterchildren("td", "th")] for row in rows]
    count = _header_rows(rows)
    width = max((sum(across for _, _, across in row) for row in cells[: count + 1]), default=0)
    titles: list[list[Cell]] = []
    while count > 1 and len(cells[0]) <= 1 and not (cells[0] and cells[0][0][2] < width):
        titles.append(cells.pop(0))  # one cell over the whole table is its title
        count -= 1
    if count < 2:
        return [[cell[0] for cell in row] for row in titles] + spread_cells(cells)
    header = [(name, 1, 1) for name in _joined(cells[:count])]
    return [[cell[0] for cell in row] for row in titles] + spread_cells([header, *cells[count:]])


def is_layout(table: HtmlElement) -> bool:
    """Whether a table is there for layout: it says so, or holds other tables and has no header of its own."""
    if table.get("role") in ("presentation", "none"):
        return True
    nested = next(table.iterdescendants("table"), None) is not None
    return nested and not any(_belongs(header, table) for header in table.iter("th"))


def _belongs(part: HtmlElement, table: HtmlElement) -> bool:
    return next(part.iterancestors("table"), None) is table


def _rows_in_order(table: HtmlElement) -> list[HtmlElement]:
    """The header first and the footer last, wherever they are in the source (CSS 2.2, 17.2)."""
    rows = [row for row in table.iter("tr") if _belongs(row, table)]
    places = {"thead": 0, "tfoot": 2}
    return sorted(rows, key=lambda row: places.get(row.getparent().tag, 1))


def _header_rows(rows: list[HtmlElement]) -> int:
    """How many rows at the top are the header: those of ``thead``, else those with nothing but ``th``."""
    count: int = sum(row.getparent().tag == "thead" for row in rows)
    if not count:
        count = next((number for number, row in enumerate(rows) if not _is_header(row)), len(rows))
    return count if count <= _MOST_HEADER_ROWS and count < len(rows) else min(count, 1)


def _is_header(row: HtmlElement) -> bool:
    """Whether it has nothing but ``th``, or an empty corner before them."""
    cells = list(row.iterchildren("td", "th"))
    corner = len(cells) > 1 and cells[0].tag == "td" and not cells[0].text_content().strip()
    return bool(cells) and all(cell.tag == "th" for cell in cells[corner:])


def _cell(cell: HtmlElement, flat: Callable[[HtmlElement], str]) -> Cell:
    return flat(cell), _span(cell, "rowspan"), _span(cell, "colspan")


def _span(element: HtmlElement, name: str) -> int:
    return whole_number(element.get(name, "").strip(), 1, digits=5)


def _joined(rows: list[list[Cell]]) -> list[str]:
    """The names of the columns: the texts above each, without repeats."""
    columns: list[list[str]] = []
    taken: dict[tuple[int, int], str] = {}
    for number, row in enumerate(rows):
        column = 0
        for text, down, across in row:
            while (number, column) in taken:
                column += 1
            for right in range(max(1, min(across, _MAX_SPAN))):
                for below in range(min(down or len(rows), len(rows) - number)):
                    taken.setdefault((number + below, column + right), text)
            column += max(1, min(across, _MAX_SPAN))
    width = max((column for _, column in taken), default=-1) + 1
    columns = [[taken.get((number, column), "") for number in range(len(rows))] for column in range(width)]
    return [" / ".join(dict.fromkeys(filter(None, names))) for names in columns]
