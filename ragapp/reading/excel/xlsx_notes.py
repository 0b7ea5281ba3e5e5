"""Notes and threaded comments at the cells of a sheet (ISO/IEC 29500-1, 18.7; MS-XLSX, 2.1.16 for threads)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ragapp.reading.excel.xlsx_parts import Parts, is_on, local
from ragapp.reading.excel.xlsx_sheet import area, cell_name
from ragapp.reading.excel.xlsx_text import CellStyle, rich_text, seen_text
from ragapp.reading.sheets.grid import Cells, Spans
from ragapp.reading.text import one_line

_MOST_NOTES = 50_000
_Notes = dict[tuple[int, int], list[str]]


def sheet_notes(
    parts: Parts, sheet: str, people: Mapping[str, str], rows: Mapping[int, Cells], hidden: tuple[Spans, Spans]
) -> dict[int, list[str]]:
    """Lines such as ``Note on B4 (Rent): …`` by the row of their cell.

    Args:
        parts: of the workbook.
        sheet: the name of the sheet's part.
        people: names of those who commented, by their ids.
        rows: the sheet's cells, for the name of a row.
        hidden: rows and columns whose notes nobody sees.
    """
    found: _Notes = {}
    for name in parts.related(sheet, "comments"):
        root = parts.root(name)
        for comment in () if root is None else root.iter("{*}comment"):
            body = next((child for child in comment if local(child) == "text"), None)
            text = "" if body is None else one_line(seen_text(rich_text(body), CellStyle()).text)
            _keep(found, comment, "Note on {}: ", text)
    threads: _Notes = {}
    for name in parts.related(sheet, "threadedComment"):
        root = parts.root(name)
        for comment in () if root is None else root.iter("{*}threadedComment"):
            _keep(threads, comment, _opening(comment, people), one_line(comment.findtext("{*}text") or ""))
    # beside a thread, older versions are shown a note that says so and holds the same words
    found |= threads
    lines: dict[int, list[str]] = {}
    for (row, column), texts in sorted(found.items()):
        if row not in hidden[0] and column not in hidden[1]:
            named = cell_name(row, column) + _row_name(rows.get(row, {}), column)
            lines.setdefault(row, []).extend(text.replace("{}", named, 1) for text in texts)
    return lines


def people(parts: Parts, workbook: str) -> dict[str, str]:
    """The names of those who wrote threaded comments, by their ids."""
    roots = [parts.root(name) for name in parts.related(workbook, "person")]
    return {
        item.get("id") or "": one_line(item.get("displayName") or "")
        for root in roots
        if root is not None
        for item in root.iter("{*}person")
    }


def _keep(found: _Notes, comment: Any, opening: str, text: str) -> None:
    place = area(comment.get("ref") or "")
    if place and text and len(found) < _MOST_NOTES:
        found.setdefault(place[:2], []).append(opening + text)


def _opening(comment: Any, names: Mapping[str, str]) -> str:
    by = names.get(comment.get("personId") or "", "").replace("{", "(").replace("}", ")")
    kind = "Reply" if comment.get("parentId") else "Resolved comment" if is_on(comment.get("done")) else "Comment"
    return f"{kind} on {{}}{f' by {by}' if by else ''}: "


def _row_name(cells: Cells, column: int) -> str:
    """The first words of a row, which tell what a note is about, unless the note is at them."""
    first = min(cells, default=column)
    if first == column or not cells[first] or len(cells[first]) > 80:
        return ""
    return f" ({one_line(cells[first])})"
