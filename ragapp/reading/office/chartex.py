"""Charts that came with Office 2016 (``cx:chartSpace``, [MS-ODRAWXML] 2.24.3): waterfall, treemap, histogram …

They hold the data that they were drawn from, which for a histogram are the values before they were counted.
"""

from __future__ import annotations

from typing import Any

from ragapp.reading.office.chart_data import MAX_POINTS, Chart, join_levels, shown_value
from ragapp.reading.office.drawingml import child, plain_text
from ragapp.reading.text import one_line, whole_number

_Level = dict[int, str]


def chartex_text(root: Any) -> Chart:
    """The title and the values of such a chart, from the root element of its part."""
    chart = Chart()
    space = child(root, "chart")
    title = _text(child(space, "title")) if space is not None else ""
    if title:
        chart.lines.append(title)
    data = {node.get("id", ""): node for node in root.iterfind("{*}chartData/{*}data")}
    area = child(space, "plotArea") if space is not None else None
    if area is None:
        return chart
    for axis in area.iterchildren("{*}axis"):
        axis_title = _text(child(axis, "title"))
        if axis_title and axis.get("hidden", "0") not in ("1", "true"):
            chart.lines.append(f"Axis: {axis_title}")
    for series in area.iterfind("{*}plotAreaRegion/{*}series"):
        reference = child(series, "dataId")
        source = data.get(reference.get("val", "")) if reference is not None else None
        if source is None or series.get("hidden", "0") in ("1", "true"):
            continue
        rows = _rows(series, source)
        if rows:
            chart.tables.append(rows)
    return chart


def _rows(series: Any, source: Any) -> list[list[str]]:
    heads: _Level = {}
    columns: list[tuple[str, _Level]] = []
    name = _text(child(series, "tx"))
    for dimension in source.iterchildren("{*}strDim", "{*}numDim"):
        kind = dimension.get("type", "")
        levels = [_points(level) for level in dimension.iterchildren("{*}lvl")]
        if not any(levels):
            continue
        if kind in ("cat", "entityId", "colorStr"):
            heads = heads or join_levels(levels)
        else:
            columns.append((kind, levels[0]))
    if not columns:
        return []
    totals = {whole_number(node.get("val", ""), -1) for node in series.iterfind("{*}layoutPr/{*}subtotals/{*}idx")}
    indexes = sorted(set(heads).union(*(cells for _, cells in columns)))[:MAX_POINTS]
    rows = []
    for index in indexes:
        head = heads.get(index, "" if heads else str(index + 1))
        # a waterfall's totals stand on the ground; the other values are steps
        marked = f"{head} (total)" if index in totals and "total" not in head.lower() else head
        rows.append([marked, *(cells.get(index, "") for _, cells in columns)])
    main = name or "Value"
    return [["", *(main if len(columns) == 1 else f"{main} ({kind})" for kind, _ in columns)], *rows]


def _points(level: Any) -> _Level:
    code = level.get("formatCode", "")
    found: _Level = {}
    for point in level.iterchildren("{*}pt"):
        index = whole_number(point.get("idx", ""), -1)
        if index >= 0 and point.text and len(found) < MAX_POINTS:
            found[index] = shown_value(point.text, code) if _holds_numbers(level) else one_line(point.text)
    return found


def _holds_numbers(level: Any) -> bool:
    """Whether a level holds numbers, by the dimension that it stands in."""
    return str(level.getparent().tag).endswith("}numDim")


def _text(holder: Any) -> str:
    """The text of a title or a name: typed, or taken from a cell."""
    if holder is None:
        return ""
    rich = child(holder, "tx", "rich")
    if rich is None:
        rich = child(holder, "rich")
    typed = one_line(plain_text(rich)) if rich is not None else ""
    return typed or one_line(next((value.text or "" for value in holder.iter("{*}v")), ""))
