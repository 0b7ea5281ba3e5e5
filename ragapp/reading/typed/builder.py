"""The typed tables of a document, from its blocks: those that have a clear head."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from ragapp.plain_words import counted
from ragapp.reading.document import BLOCK_BREAK, Block, Document, SheetRows
from ragapp.reading.sheets.headers import is_value
from ragapp.reading.sheets.headers import typed_columns as valued_columns
from ragapp.reading.tables import row_cells
from ragapp.reading.typed.columns import ColumnCells, typed_columns
from ragapp.reading.typed.records import NUMERIC, Column, TypedRow, TypedTable, Value
from ragapp.reading.typed.totals import repeated_heads, second_head, total_rows

# what a document's tables hold at the most; further rows are left out, and every answer from the table says so
MOST_ROWS = 500_000
MOST_COLUMNS = 40
MOST_TABLES = 200
_LONGEST_NAME = 80
_LONGEST_CAPTION = 100
# share of the head's cells that have a name
_NAMED = 0.6
# rows of a table outside spreadsheets, below which it is read at a glance
_LEAST_ROWS = 2

_Line = tuple[int, int, int, int]  # unit, start and end of a row in its text, its number


@dataclass(slots=True)
class _Raw:
    """A table as its blocks have it."""

    title: str
    sheet: str
    kind: str
    head: list[str]
    columns: tuple[int, ...]  # their places in the sheet; none outside one
    number: int = -1  # of the table in its file, for spreadsheets
    rows: list[list[str]] = field(default_factory=list)
    lines: list[_Line] = field(default_factory=list)
    exact: list[dict[int, float]] = field(default_factory=list)
    is_workbook: bool = False
    left_out: int = 0


def add_tables(document: Document) -> None:
    """Put the typed tables of a document into it, with a warning for each column that may have been read wrongly.

    What blocks of spreadsheets know of their rows is taken off them.
    """
    document.tables = []
    lost = 0
    for raw in _raw_tables(document):
        for part in _at_heads(raw):
            if len(document.tables) >= MOST_TABLES or (part.left_out and not part.rows):
                lost += 1
            elif table := _typed(part):
                document.tables.append(table)
                document.warnings += _warnings(table, table.title or document.title, len(part.head))
    if lost:
        document.warnings.append(
            f"{counted(lost, 'further table')} of the file cannot be asked for figures: of one file {MOST_TABLES}"
            f" tables and {MOST_ROWS:,} rows are kept for that."
        )
    for unit in document.units:
        unit.blocks = [replace(block, rows=None) if block.rows else block for block in unit.blocks]


def _raw_tables(document: Document) -> list[_Raw]:
    tables: list[_Raw] = []
    kept = 0
    is_next = False  # whether only a new unit stands between the last table and this block
    for unit in document.units:
        offset = 0
        before: Block | None = None
        for block in unit.blocks:
            if block.kind == "table":
                head, rows = _parsed(block.text, offset)
                last = tables[-1] if tables else None
                if not (last and _goes_on(last, block, head, is_next)):
                    last = _begun(block, unit.kind, before, head)
                    tables.append(last)
                kept += _add(last, block.rows, rows, unit.number, MOST_ROWS - kept)
            is_next = block.kind == "table"
            before = block
            offset += len(block.text) + len(BLOCK_BREAK)
    return tables


def _parsed(markdown: str, offset: int) -> tuple[list[str], list[tuple[list[str], int, int]]]:
    """The head of a Markdown table, and its rows with their places in the unit's text."""
    lines = markdown.split("\n")
    rows = []
    start = offset + sum(len(line) + 1 for line in lines[:2])
    for line in lines[2:]:
        rows.append((row_cells(line), start, start + len(line)))
        start += len(line) + 1
    return row_cells(lines[0]), rows


def _goes_on(last: _Raw, block: Block, head: list[str], is_next: bool) -> bool:
    if block.rows:
        return block.rows.table == last.number
    return is_next and last.number < 0 and head == last.head and any(head)


def _begun(block: Block, kind: str, before: Block | None, head: list[str]) -> _Raw:
    known = block.rows
    title = block.headings[-1] if block.headings else ""
    if before and before.kind == "text" and "\n" not in before.text and len(before.text) <= _LONGEST_CAPTION:
        title = before.text if not known else title
    sheet = known.sheet if known else ""
    columns = known.columns if known else ()
    number = known.table if known else -1
    is_workbook = bool(known and known.is_workbook)
    return _Raw(title or sheet, sheet, kind, head, columns, number, is_workbook=is_workbook)


def _add(raw: _Raw, known: SheetRows | None, rows: Sequence[tuple[list[str], int, int]], unit: int, room: int) -> int:
    """Add rows to a table, as many as there is room for; how many they are."""
    for place, (cells, start, end) in enumerate(rows[: max(room, 0)]):
        number = known.numbers[place] if known and place < len(known.numbers) else len(raw.rows) + 1
        raw.rows.append(cells)
        raw.lines.append((unit, start, end, number))
        raw.exact.append(known.exact.get(place, {}) if known else {})
    raw.left_out += max(len(rows) - max(room, 0), 0) + (known.unread if known else 0)
    return min(len(rows), max(room, 0))


def _at_heads(raw: _Raw) -> Iterator[_Raw]:
    """A table without heads that stand again within it, cut where another table's head stands."""
    width = len(raw.head)
    raw.rows = [row[:width] + [""] * (width - len(row)) for row in raw.rows]
    again = repeated_heads(raw.rows, raw.head)
    if again:
        kept = [place for place in range(len(raw.rows)) if place not in again]
        raw.rows, raw.lines = [raw.rows[n] for n in kept], [raw.lines[n] for n in kept]
        raw.exact = [raw.exact[n] for n in kept]
    while (place := second_head(raw.rows, valued_columns(raw.rows))) is not None:
        yield replace(raw, rows=raw.rows[:place], lines=raw.lines[:place], exact=raw.exact[:place], left_out=0)
        head = raw.rows[place]
        width = max(column for column, name in enumerate(head) if name) + 1  # of a narrower table
        raw = replace(
            raw,
            head=head[:width],
            rows=[row[:width] for row in raw.rows[place + 1 :]],
            lines=raw.lines[place + 1 :],
            exact=raw.exact[place + 1 :],
        )
    yield raw


def _typed(raw: _Raw) -> TypedTable | None:
    """A table with the types of its columns; None where its head is not clear."""
    width = min(len(raw.head), MOST_COLUMNS)
    named = [name for name in raw.head[:width] if name]
    least = 1 if raw.number >= 0 else _LEAST_ROWS
    if len(named) < 2 or len(named) < _NAMED * width or len(raw.rows) < least or sum(map(_is_figure, named)) > 1:
        return None
    if any(_is_like_cells(name, [row[place] for row in raw.rows]) for place, name in enumerate(raw.head[:width])):
        return None
    lines = [line[3] for line in raw.lines]
    names = _unique(raw.head[:width])
    columns = [
        ColumnCells(
            name,
            [row[place] for row in raw.rows],
            lines,
            {n: exact[place] for n, exact in enumerate(raw.exact) if place in exact},
        )
        for place, name in enumerate(names)
    ]
    typed = typed_columns(columns, raw.is_workbook)
    numeric = {place: values for place, (column, values) in enumerate(typed) if column.type in NUMERIC}
    totals = total_rows([row[:width] for row in raw.rows], numeric)
    if totals:  # a form that only totals have, or their names, say nothing of the column
        typed = _without(columns, totals, typed, raw.is_workbook)
    if len(totals) == len(raw.rows):
        return None
    rows = [
        TypedRow(*raw.lines[n], n in totals, values)
        for n, values in enumerate(zip(*(values for _, values in typed), strict=True))
    ]
    first = raw.columns[0] if raw.columns else -1
    table = TypedTable(raw.title, raw.sheet, raw.kind, first, [column for column, _ in typed], rows, raw.left_out)
    return table


def _is_figure(name: str) -> bool:
    """Whether a head's cell holds a figure, and no year; one of a head of several rows only if all of it is one, which
    ``2024 / Cost`` is not."""
    parts = name.split(" / ")
    return all(is_value(part) and not (part.isdecimal() and 1900 <= int(part) <= 2100) for part in parts)


def _is_like_cells(name: str, cells: Sequence[str]) -> bool:
    """Whether a head's cell is a key such as those below it (``SP-2011``), so that the row is data."""
    return _is_key(name) and sum(_shape(cell) == _shape(name) for cell in cells) * 2 > len(cells)


def _is_key(text: str) -> bool:
    return any(map(str.isdigit, text)) and any(map(str.isalpha, text))


def _shape(text: str) -> str:
    return "".join("9" if sign.isdigit() else "a" if sign.isalpha() else sign for sign in text)


def _without(
    columns: Sequence[ColumnCells], totals: set[int], typed: list[tuple[Column, list[Value]]], is_workbook: bool
) -> list[tuple[Column, list[Value]]]:
    """The types of columns by the rows that are no totals; the totals keep what they had before."""
    kept = [n for n in range(len(columns[0].texts)) if n not in totals]
    if not kept:
        return typed
    back = {n: place for place, n in enumerate(kept)}
    parts = [
        ColumnCells(
            column.name,
            [column.texts[n] for n in kept],
            [column.lines[n] for n in kept],
            {back[n]: value for n, value in column.exact.items() if n in back},
        )
        for column in columns
    ]
    found = []
    for (_, before), (column, values) in zip(typed, typed_columns(parts, is_workbook), strict=True):
        whole = [before[n] if n in totals else values[back[n]] for n in range(len(before))]
        found.append((column, whole))
    return found


def _unique(head: Sequence[str]) -> list[str]:
    """Names of columns, each once; one without a name is called by its place."""
    names: list[str] = []
    counted: Counter[str] = Counter()
    for place, name in enumerate(head, 1):
        name = (name or f"column {place}")[:_LONGEST_NAME].strip()
        counted[name.casefold()] += 1
        names.append(name if counted[name.casefold()] == 1 else f"{name} ({counted[name.casefold()]})")
    return names


def _warnings(table: TypedTable, where: str, width: int) -> Iterator[str]:
    """What a person should know of a table that is so wide: columns whose form changes, columns and rows that are
    missing."""
    for column in table.columns:
        doubt = column.doubt
        if doubt and doubt.kind in ("changed_numbers", "mixed_numbers"):
            yield (
                f'In the table "{where}" the numbers of "{column.name}" change their form at row {doubt.line}:'
                f" {doubt.example}. Sums of them may be wrong."
            )
        elif doubt and doubt.kind in ("changed_dates", "mixed_dates"):
            yield (
                f'In the table "{where}" the dates of "{column.name}" change the order of day and month at row'
                f" {doubt.line}: {doubt.example}."
            )
    if more_columns := max(0, width - MOST_COLUMNS):
        yield (
            f'Of the table "{where}" the first {MOST_COLUMNS} columns are kept for counting and adding up;'
            f" {more_columns:,} more are not."
        )
    if table.left_out:
        yield (
            f'Of the table "{where}" the first {len(table.rows):,} rows are kept for counting and adding up;'
            f" {table.left_out:,} more are not."
        )
