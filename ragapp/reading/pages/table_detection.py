"""Table detection on a page: rows of pieces that stand in columns below a header.

Only what is surely a table becomes one: its columns are separated by gaps that no cell crosses, and its first row is a
header (bold above plain, words above numbers, or the first row of a ruled grid).  All else stays lines of text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from ragapp.reading.pages.grids import Grid, Rule, grid_cells
from ragapp.reading.pages.layout import Line, Piece

Columns = list[tuple[float, float]]  # left and right edge of each

_MIN_GUTTER_EM = 0.45
VALUE = re.compile(r"^[\s(<>~≈±+−–-]*[$€£¥]?\s?[\d.,'’\s/:%-]*\d[\d.,'’\s/:-]*\s?\W{0,2}[A-Za-z€£¥°%²³µ/]{0,6}\)?\.?$")
_MAX_LONE_ROWS = 3  # rows with one piece between two rows of several
_MAX_CELL = 400
_MAX_DRAWN_CELL = 1500
_MOSTLY_FILLED = 0.7  # share of its cells that have text in a drawn table without a header
_MAX_TRIES = 3


def find_tables(lines: Sequence[Line], rules: Sequence[Rule], em: float) -> list[tuple[int, int, list[list[str]]]]:
    """(first line, line after the last, rows of cells) of each table among the lines of a page in reading order.

    The first row is the header.  ``rules`` are the horizontal ones of the page, ``em`` is the usual height of a line.
    """
    found = []
    start = 0
    taken = failed = 0  # the first line that belongs to no table yet; tries within one run
    while start < len(lines):
        end = run_end(lines, start, em)
        first = start - 1 if start > taken and _is_head_of(lines[start - 1], lines[start:end], em) else start
        table = _table(lines[first:end], rules, em) if end - first >= 2 else []
        if not table and first < start:
            first = start
            table = _table(lines[first:end], rules, em) if end - first >= 2 else []
        if table:
            found.append((first, end, table))
            start = taken = end
            failed = 0
        elif end - start > 2 and failed < _MAX_TRIES:
            start += 1  # the first rows of a run may be titles
            failed += 1
        else:
            start = max(end - 1, start + 1) if end - start > 2 else start + 1
            failed = 0
    return found


def drawn_tables(lines: Sequence[Line], grids: Sequence[Grid]) -> list[Grid]:
    """The grids of a page that are tables, or may be the rest of one; the others are diagrams and forms."""
    found = []
    for grid in grids:
        inside = [Line(pieces) for line in lines if (pieces := list(filter(grid.holds, line.pieces)))]
        cells, bold = grid_cells(grid, inside)
        filled = sum(bool(cell) for row in cells for cell in row)
        rest = len(cells) > 2 and filled >= _MOSTLY_FILLED * (len(grid.ys) - 1) * (len(grid.xs) - 1)
        if cells and (rest or headed_table(cells, bold)):
            found.append(grid)
    return found


def headed_table(cells: list[list[str]], bold: list[bool]) -> list[list[str]]:
    """The rows of a table whose cells are drawn, the header first; empty where it has none.

    Its cells, and whether a row is bold, are those of :func:`ragapp.reading.pages.grids.grid_cells`.
    """
    while len(cells) > 2 and sum(map(bool, cells[0])) > 1 and len(set(cells[0])) == 1:
        cells, bold = cells[1:], bold[1:]  # a title across the table
    if len(cells) > 2 and len(cells[0]) > len(set(cells[0])) and not any(map(VALUE.match, cells[1])):
        # what is said over several columns, and below it what each holds
        head = [" ".join(dict.fromkeys(filter(None, pair))) for pair in zip(*cells[:2], strict=True)]
        cells, bold = [head, *cells[2:]], [bold[0], *bold[2:]]
    if len(cells) < 2 or len(cells[0]) < 2 or any(len(cell) > _MAX_DRAWN_CELL for row in cells for cell in row):
        return []
    named = all(any(map(str.isalpha, cell)) for cell in cells[0] if cell) and (len(cells) > 2 or bold[0])
    return cells if named and _may_be_head(cells[0]) and _has_head(cells, bold, ruled=True) else []


def _is_head_of(line: Line, rows: Sequence[Line], em: float) -> bool:
    """Whether a line above a run of rows is its header, with cells too close to each other to be pieces."""
    close = rows[0].top - line.bottom < 2.5 * em and line.bottom <= rows[0].top + 0.3 * em
    return close and len(line.pieces[0].words) > 1 and bool(_with_head(line, columns_of(rows, em, lone=False)))


def _with_head(line: Line, columns: Columns) -> Columns:
    """The columns, widened to the header cells above them; empty where these are fewer than three, or do not fit.

    The line is cut at its widest gaps into as many cells as there are columns; each must stand above its column.
    """
    words = [word for piece in line.pieces for word in piece.spans]
    for names in (columns, columns[1:]):
        if len(names) < 3 or len(words) < len(names):
            continue
        gaps = sorted(
            ((right[1] - left[2], index) for index, (left, right) in enumerate(pairwise(words), start=1)), reverse=True
        )
        inside = gaps[len(names) - 1][0] if len(gaps) >= len(names) else 0.0
        if gaps[len(names) - 2][0] < 1.3 * max(inside, 0.0):
            continue
        cuts = [0, *sorted(index for _, index in gaps[: len(names) - 1]), len(words)]
        spans = [(words[a][1], words[b - 1][2]) for a, b in pairwise(cuts)]
        if all(min(a[1], b[1]) > max(a[0], b[0]) for a, b in zip(spans, names, strict=True)):
            wider = [(min(a[0], b[0]), max(a[1], b[1])) for a, b in zip(spans, names, strict=True)]
            return [*columns[: len(columns) - len(names)], *wider]
    return []


def run_end(lines: Sequence[Line], start: int, em: float) -> int:
    """The end of the run of rows that share columns with the first."""
    if len(lines[start].pieces) < 2:
        return start + 1
    columns = columns_of(lines[start : start + 1], em)
    end = last = start + 1
    bottom = lines[start].bottom
    while end < len(lines) and end - last <= _MAX_LONE_ROWS:
        line = lines[end]
        if line.top > bottom + 2.5 * em or line.bottom < lines[start].top:
            break
        fewer = columns_of(lines[start : end + 1], em, lone=False)
        if len(line.pieces) > 1:
            if len(fewer) < 2 or len(fewer) < min(len(columns), max(2, len(line.pieces))) or len(fewer) < len(columns):
                break
            columns, last = fewer, end + 1
        elif not _fits(line, columns, em):
            break
        bottom = max(bottom, line.bottom)
        end += 1
    # cells that hang below the last row
    while last < end and last > start and lines[last].top < lines[last - 1].bottom + 0.45 * em:
        last += 1
    return last


def columns_of(lines: Sequence[Line], em: float, lone: bool = True) -> Columns:
    """(left, right) of each column: the columns are separated by gaps that no piece crosses."""
    spans = sorted((piece.x0, piece.x1) for line in lines if lone or len(line.pieces) > 1 for piece in line.pieces)
    columns: Columns = []
    for left, right in spans:
        if columns and left < columns[-1][1] + _MIN_GUTTER_EM * em:
            columns[-1] = (columns[-1][0], max(columns[-1][1], right))
        else:
            columns.append((left, right))
    return columns


def _fits(line: Line, columns: Columns, em: float) -> bool:
    """Whether a lone piece can continue a cell: it lies in one column, or begins at the left edge of an inner one."""
    if any(line.x0 > left - em and line.x1 < right + em for left, right in columns):
        return True
    return any(abs(line.x0 - left) < 0.5 * em for left, _ in columns[1:])


def _table(lines: Sequence[Line], rules: Sequence[Rule], em: float) -> list[list[str]]:
    columns = columns_of(lines, em, lone=False)
    finer = columns_of(lines[1:], em, lone=False)
    if len(finer) > len(columns) or len(lines[0].pieces) == 1:
        columns = _with_head(lines[0], finer) or columns
    if len(columns) < 2:
        return []
    rows, inner = rows_in(lines, columns, rules, em)
    if not _may_be_head(cells_of(rows[0], columns, em)) and not _bold(rows[0]):
        return []
    cells = [cells_of(row, columns, em) for row in rows]
    bold = [_bold(row) for row in rows]
    ruled = inner >= max(1, len(rows) - 1)
    cells, bold = _joined_head(cells, bold)
    if len(cells) < 2 or not _may_be_head(cells[0]) or any(len(cell) > _MAX_CELL for row in cells for cell in row):
        return []
    return cells if _has_head(cells, bold, ruled) else []


def rows_in(lines: Sequence[Line], columns: Columns, rules: Sequence[Rule], em: float) -> tuple[list[list[Piece]], int]:
    """The rows of a table with these columns, and how many rules lie between them."""
    left, right = columns[0][0], columns[-1][1]
    top, bottom = min(line.top for line in lines), max(line.bottom for line in lines)
    across = sorted(
        y for y, a, b in rules if top - em < y < bottom + em and min(b, right) - max(a, left) > 0.5 * (right - left)
    )
    rows = _ruled_rows(lines, across, em) or _plain_rows(lines, columns, em)
    return rows, sum(top + 0.3 * em < y < bottom - 0.3 * em for y in across)


def _ruled_rows(lines: Sequence[Line], across: list[float], em: float) -> list[list[Piece]]:
    """Rows as the rules separate them, where there are rules between most rows; else empty."""
    levels: list[float] = []
    for y in across:
        if not levels or y - levels[-1] > 0.5 * em:
            levels.append(y)
    rows: dict[int, list[Piece]] = {}
    for line in lines:
        for piece in line.pieces:
            middle = (piece.top + piece.bottom) / 2
            rows.setdefault(sum(y < middle for y in levels), []).append(piece)
    several = sum(len(line.pieces) > 1 for line in lines)
    if len(rows) < 3 or len(rows) < 0.6 * several:
        return []
    return [rows[level] for level in sorted(rows)]


def _plain_rows(lines: Sequence[Line], columns: Columns, em: float) -> list[list[Piece]]:
    rows: list[list[Piece]] = []
    bottom = 0.0
    for line in lines:
        lone = len(line.pieces) == 1
        hangs = line.top < bottom + 0.45 * em
        inner = line.x0 > columns[0][1]
        if rows and lone and (inner or hangs) and _fits(line, columns, em) and (inner or len(rows) > 1):
            rows[-1].extend(line.pieces)
        else:
            rows.append(list(line.pieces))
        bottom = line.bottom
    return rows


def cells_of(row: list[Piece], columns: Columns, em: float) -> list[str]:
    texts: list[list[tuple[float, float, str]]] = [[] for _ in columns]
    for piece in row:
        for text, left, right in _parts(piece, columns, em):
            texts[_column_of(left, right, columns, em)].append((piece.top, left, text))
    cells = []
    for parts in texts:
        parts.sort(key=lambda part: part[0])
        lines: list[list[tuple[float, float, str]]] = []
        for part in parts:
            if lines and abs(part[0] - lines[-1][0][0]) < 0.5 * em:
                lines[-1].append(part)
            else:
                lines.append([part])
        cells.append(" ".join(text for line in lines for _, _, text in sorted(line, key=lambda part: part[1])))
    return cells


def _parts(piece: Piece, columns: Columns, em: float) -> list[tuple[str, float, float]]:
    """The words of a piece that runs over columns with wide gaps at their borders, else the whole piece."""
    places = [_column_of(left, right, columns, em) for _, left, right in piece.words]
    if len(set(places)) > 1 and all(
        right[1] - left[2] >= _MIN_GUTTER_EM * em
        for (left, a), (right, b) in pairwise(zip(piece.words, places, strict=True))
        if a != b
    ):
        return piece.words
    return [(piece.text, piece.x0, piece.x1)]


def _column_of(left: float, right: float, columns: Columns, em: float) -> int:
    shared = [min(right, b) - max(left, a) for a, b in columns]
    best = max(range(len(columns)), key=lambda index: shared[index])
    # what runs over several columns belongs to the one that it begins in
    begins = [index for index, (a, _) in enumerate(columns) if abs(left - a) < 0.5 * em]
    return begins[0] if begins and shared[best] > 0 else best


def _bold(row: list[Piece]) -> bool:
    known = [piece for piece in row if piece.words]
    return bool(known) and all(piece.bold for piece in known)


def _joined_head(cells: list[list[str]], bold: list[bool]) -> tuple[list[list[str]], list[bool]]:
    """A header of two or three bold rows joined into one row."""
    height = next((index for index, is_bold in enumerate(bold) if not is_bold), 0)
    if not 1 < height <= 3 or height == len(cells) or all(cells[0]):
        return cells, bold
    head = [" ".join(filter(None, parts)) for parts in zip(*cells[:height], strict=True)]
    return [head, *cells[height:]], [True, *bold[height:]]


def _may_be_head(head: list[str]) -> bool:
    """Whether a row has text in each column but for the first at most, and no values or labels of a form."""
    labels = any(cell.endswith(":") or VALUE.match(cell) for cell in head if cell)
    return not labels and sum(not cell for cell in head) <= (0 if head[0] else 1)


def _has_head(cells: list[list[str]], bold: list[bool], ruled: bool) -> bool:
    head, body = cells[0], cells[1:]
    filled = sum(bool(cell) for row in body for cell in row)
    if filled < 0.5 * len(body) * len(head) or filled < len(head):
        return False
    if bold[0] and not all(bold[1:]):
        return True
    columns = ([row[column] for row in body if row[column]] for column in range(len(head)))
    values = sum(sum(bool(VALUE.match(cell)) for cell in below) >= 0.6 * len(below) for below in columns if below)
    if len(head) == 2:
        # "Name: x / Amount: 5" is no table; two columns need rows enough to tell
        return values == 1 and len(body) >= 3 and not bold[0] and not head[0].endswith(":")
    return values >= 1 or (ruled and len(body) >= 2)
