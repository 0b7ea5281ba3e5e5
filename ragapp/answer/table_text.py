"""Tables for a small model: every value beside the name of its column."""

from __future__ import annotations

from ragapp.reading.tables import ROW, RULE, row_cells


def linearize_tables(text: str) -> str:
    """The text of a chunk with each row of its Markdown tables as ``column: value; column: value``."""
    lines = text.split("\n")
    written: list[str] = []
    header: list[str] = []
    for number, line in enumerate(lines):
        if not ROW.match(line):
            header = []
            written.append(line)
        elif header:
            if not RULE.match(line):
                written.append(_row(header, row_cells(line)))
        elif number + 1 < len(lines) and RULE.match(lines[number + 1]):
            header = row_cells(line)
        else:
            written.append(line)
    return "\n".join(written)


def as_prose(text: str) -> str:
    """A quote on one line for people: rows whose header was not quoted are their cells, without bars."""
    lines = [line for line in linearize_tables(text).split("\n") if not RULE.match(line)]
    return " ".join(
        " ".join("; ".join(filter(None, row_cells(line))) if ROW.match(line) else line for line in lines).split()
    )


def is_row(line: str) -> bool:
    """Whether a line is a row of a Markdown table, and not the rule below its head."""
    return bool(ROW.match(line)) and not RULE.match(line)


def head_of(text: str, begin: int) -> list[str]:
    """The names of the columns of the row that begins at an offset; none where that is the head or no row."""
    lines = text[:begin].split("\n")[:-1]
    for number in range(len(lines) - 1, 0, -1):
        if not ROW.match(lines[number]):
            return []
        if RULE.match(lines[number]):
            return row_cells(lines[number - 1])
    return []


def row_told(text: str, begin: int) -> str:
    """The row that begins at an offset, each value beside the name of its column."""
    line = text[begin:].split("\n", 1)[0]
    return _row(head_of(text, begin), row_cells(line))


def _row(header: list[str], cells: list[str]) -> str:
    named = zip(header + [""] * len(cells), cells, strict=False)
    return "; ".join(f"{name}: {cell}" if name else cell for name, cell in named if cell)
