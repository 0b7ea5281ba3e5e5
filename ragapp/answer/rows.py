"""Tables as a small model reads them best: every value beside the name of its column."""

from __future__ import annotations

import re

_ROW = re.compile(r"^\s*\|(.*)\|\s*$")
_RULE = re.compile(r"^\s*\|(?:\s*:?-+:?\s*\|)+\s*$")
_BAR = re.compile(r"(?<!\\)\|")


def spell_out_rows(text: str) -> str:
    """Markdown tables with each row as ``column: value; column: value``; what is no table stays as it is.

    Args:
        text: of a chunk; the header of a table is repeated in each of its chunks.
    """
    lines = text.split("\n")
    written: list[str] = []
    header: list[str] = []
    for number, line in enumerate(lines):
        cells = _cells(line)
        if cells is None:
            header = []
            written.append(line)
        elif header:
            if not _RULE.match(line):
                written.append(_row(header, cells))
        elif number + 1 < len(lines) and _RULE.match(lines[number + 1]):
            header = cells
        else:
            written.append(line)
    return "\n".join(written)


def _cells(line: str) -> list[str] | None:
    row = _ROW.match(line)
    return [cell.strip().replace("\\|", "|") for cell in _BAR.split(row[1])] if row else None


def _row(header: list[str], cells: list[str]) -> str:
    named = zip(header + [""] * len(cells), cells, strict=False)
    return "; ".join(f"{name}: {cell}" if name else cell for name, cell in named if cell)
