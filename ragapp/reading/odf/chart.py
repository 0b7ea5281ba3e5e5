"""Charts of OpenDocument files as titles and a table of the values that they show.

A chart keeps its values in a table of its own (OpenDocument 1.3 part 3, 11.2 and 19.13); how its axes show numbers is
in the styles of the axes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from ragapp.reading.odf.names import CHART, CHARTOOO, OFFICE, STYLE, TABLE, TEXT
from ragapp.reading.odf.number_styles import Format, NumberStyles
from ragapp.reading.odf.styles import Styles
from ragapp.reading.odf.table import cells_of, grid_of, table_parts, table_rows
from ragapp.reading.sheets.number_format import is_date_code
from ragapp.reading.text import one_line

_MAX_ROWS = 2000


@dataclass(slots=True)
class ChartText:
    """What a chart says."""

    title: str = ""  # with the subtitle and the titles of the axes of values, a line for each
    rows: list[list[str]] = field(default_factory=list)  # the names of the series, then a row for each category


def chart_text(root: Any, body: Any, most: int = _MAX_ROWS) -> ChartText:
    """Read a chart: the root of its part, whose styles it names, and its ``office:chart``; ``most`` rows of it."""
    chart = next(body.iterchildren(f"{CHART}chart"), None)
    if chart is None:
        return ChartText()
    plot = chart.find(f"{CHART}plot-area")
    axes = list(plot.iterchildren(f"{CHART}axis")) if plot is not None else []
    across = [axis for axis in axes if axis.get(f"{CHART}dimension") == "x"]
    up = [axis for axis in axes if axis.get(f"{CHART}dimension") != "x"]
    table = next(chart.iterchildren(f"{TABLE}table"), None)
    rows = plain_rows(table, min(most, _MAX_ROWS))
    dates = any(axis.get(f"{CHARTOOO}axis-type") == "date" for axis in across)
    if table is not None and not dates and _names_categories(table):
        across = []  # the axis has the names as they are, whatever format is kept for it
    styles = Styles(None, root)
    numbers = NumberStyles(styles.data_styles)
    _show(rows, _axis_formats(across, styles, numbers), _axis_formats(up, styles, numbers))
    name = next(filter(None, (_title(axis, "title") for axis in across)), "")
    if rows and not rows[0][0] and any(row[0] for row in rows):
        rows[0][0] = name or "Category"
        name = ""
    lines = [_title(chart, "title"), _title(chart, "subtitle"), name, *(_title(axis, "title") for axis in up)]
    return ChartText("\n".join(filter(None, lines)), rows)


def plain_rows(table: Any, most: int) -> list[list[str]]:
    """The rows of a table of plain cells that hold something, up to a number of them; None is read as none."""
    found: list[list[str]] = []
    for part in table_parts(table, _plain_text, most) if table is not None else ():
        found += [row for row in grid_of(part)[: most - len(found)] if any(row)]
    return found


def _names_categories(table: Any) -> bool:
    """Whether the first column below the header holds texts, though they may look like numbers, as years do."""
    rows = [row for row, is_header, _ in islice(table_rows(table), _MAX_ROWS) if not is_header]
    first = [next(iter(cells_of(row)), None) for row in rows]
    return any(cell is not None and cell.get(f"{OFFICE}value-type") == "string" for cell in first)


def _plain_text(cell: Any) -> str:
    paragraphs = [one_line("".join(line.itertext())) for line in cell.iterchildren(f"{TEXT}p")]
    text = " ".join(filter(None, paragraphs)) if paragraphs else cell.get(f"{OFFICE}value", "")
    return "" if text == "NaN" else text  # a gap


def _title(element: Any, name: str) -> str:
    title = element.find(f"{CHART}{name}")
    return one_line(" ".join("".join(line.itertext()) for line in title.iter(f"{TEXT}p"))) if title is not None else ""


def _axis_formats(axes: list[Any], styles: Styles, numbers: NumberStyles) -> Format | None:
    """The format of axes that show dates or percentages; None where they show plain numbers, or differ."""
    found = set()
    for axis in axes:
        name = styles.attribute("chart", axis.get(f"{CHART}style-name"), f"{STYLE}data-style-name")
        found.add(numbers.format(name) if name else None)
    axis_format = found.pop() if len(found) == 1 else None
    code = axis_format.code if axis_format else None
    return axis_format if code and (is_date_code(code) or "%" in code) else None


def _show(rows: list[list[str]], across: Format | None, up: Format | None) -> None:
    """Write numbers as the axes show them."""
    for row in rows[1:]:
        for place, text in enumerate(row):
            axis = up if place else across
            number = _number(text) if axis and text else None
            if axis is None or number is None:
                continue
            if "%" in (axis.code or ""):  # an axis rounds to its marks, the values between them are not on it
                row[place] = f"{number * 100:.6g}%"
            else:
                row[place] = axis.shown(number) or text


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) < 1e15 else None
