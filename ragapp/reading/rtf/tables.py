"""Tables of RTF documents: cells laid on the grid of all rows' edges, merged ones repeated where they hold.

Source: Microsoft, Rich Text Format Specification 1.9.1, "Table Definitions".
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ragapp.reading.tables import Cell, spread_cells

_NEAR = 20  # twips (a point) that edges of different rows may differ and still be one


@dataclass(slots=True)
class CellFormat:
    """The definition of a cell: its right edge in twips, and whether it goes on with the one to its left or above."""

    right: int = 0
    joins_left: bool = False
    joins_above: bool = False


@dataclass(slots=True)
class Row:
    """A row: its left edge in twips, the definitions of its cells, and their texts."""

    left: int = 0
    formats: list[CellFormat] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    _format: CellFormat = field(default_factory=CellFormat)  # of the cell that is being defined

    def word(self, word: str, number: int | None) -> bool:
        """Take what is said of the row and its cells; False for other words."""
        if word == "trowd":
            self.formats, self.left, self._format = [], 0, CellFormat()
        elif word == "trleft":
            self.left = number or 0
        elif word == "clmrg":
            self._format.joins_left = True
        elif word == "clvmrg":
            self._format.joins_above = True
        elif word == "cellx":
            self._format.right = number or 0
            self.formats.append(self._format)
            self._format = CellFormat()
        else:
            return False
        return True

    def next(self) -> Row:
        """The row behind, which has the same cells until it is defined."""
        return Row(self.left, self.formats)


def table_rows(rows: list[Row]) -> list[list[str]]:
    """The texts of a table's cells by row and column."""
    if any(len(row.formats) < len(row.texts) for row in rows):
        return [row.texts for row in rows]  # without definitions there are no places
    columns = _columns(rows)
    grid: list[list[Cell]] = []
    above: dict[int, str] = {}
    for row in rows:
        cells: list[Cell] = []
        left = columns[row.left]
        if left:
            cells.append(("", 1, left))
        for text, shape in zip(row.texts, row.formats, strict=False):
            right = columns[shape.right]
            if shape.joins_left and cells:
                before, _, across = cells[-1]
                cells[-1] = (before or text, 1, across + max(right - left, 0))
            else:
                text = above.get(left, text) if shape.joins_above else text
                above[left] = text
                cells.append((text, 1, max(right - left, 1)))
            left = max(right, left + 1)
        grid.append(cells)
    return spread_cells(grid)


def _columns(rows: list[Row]) -> dict[int, int]:
    """The number of the column that begins at each edge."""
    edges = [{row.left, *(shape.right for shape in row.formats)} for row in rows]
    together = sorted(set().union(*edges))
    columns: dict[int, int] = {}
    first = None
    number = -1
    for edge in together:
        apart = first is None or edge - first > _NEAR or any({first, edge} <= own for own in edges)
        if apart:
            number, first = number + 1, edge
        columns[edge] = number
    return columns
