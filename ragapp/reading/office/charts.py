"""Charts of Office files as titles and tables (ISO/IEC 29500-1, chapter 21.2).

The values are those that the chart itself holds, the caches of the cells that it was drawn from: rows that are hidden
and series that are filtered out are not in them, as they are not in the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ragapp.reading.blocks import BlockBuilder
from ragapp.reading.left_out import LeftOut
from ragapp.reading.office.chart_data import (
    MAX_POINTS,
    Chart,
    axis_value,
    cached,
    cached_points,
    cached_texts,
    is_on,
    number_of,
    shown_value,
    switch,
    title_text,
    value_of,
)
from ragapp.reading.office.chart_labels import SeriesLabels
from ragapp.reading.office.chartex import chartex_text
from ragapp.reading.office.drawingml import child, local
from ragapp.reading.package import xml_root
from ragapp.reading.sheets.number_format import is_date_code
from ragapp.reading.text import one_line, whole_number

_MAX_SERIES = 1000
_LONGEST_UNIT = 60  # a longer title of an axis is told above the table, not in its header
_ONE_SERIES = ("pieChart", "pie3DChart", "ofPieChart")
_FILLED = ("barChart", "bar3DChart", "areaChart", "area3DChart")
_UNITS = {
    "hundreds": 100,
    "thousands": 1000,
    "tenThousands": 10_000,
    "hundredThousands": 100_000,
    "millions": 1_000_000,
    "tenMillions": 10_000_000,
    "hundredMillions": 100_000_000,
    "billions": 10**9,
    "trillions": 10**12,
}


@dataclass(slots=True)
class _Series:
    name: str
    values: dict[int, str]
    categories: dict[int, str]
    x: dict[int, str] = field(default_factory=dict)  # of scatter and bubble charts
    sizes: dict[int, str] = field(default_factory=dict)
    shares: dict[int, str] = field(default_factory=dict)
    labels: dict[int, str] = field(default_factory=dict)  # typed, or taken from cells
    group: str = "category"
    category_title: str = ""


def add_chart(out: BlockBuilder, xml: bytes, left_out: LeftOut | None = None, place: str = "") -> bool:
    """Add what the XML of a chart part shows; False where it holds no data, which is told.

    Raises:
        lxml.etree.XMLSyntaxError: it is no XML.
    """
    chart = chart_text(xml)
    if chart.lines:
        out.text("\n".join(chart.lines))
    for rows in chart.tables:
        out.table(rows)
    if left_out is not None:
        left_out.add("invisible series of a chart", "invisible series of charts", place, chart.invisible)
    if not chart.tables and left_out is not None:
        left_out.add("chart without data", "charts without data", place, hint="Its values are not in the file.")
    return bool(chart.tables)


def chart_text(xml: bytes) -> Chart:
    """The title and the values of a chart, from the XML of its part."""
    root = xml_root(xml)
    if child(root, "chartData") is not None:
        return chartex_text(root)
    chart = Chart()
    space = child(root, "chart")
    if space is None:
        return chart
    title = title_text(child(space, "title"))
    if title:
        chart.lines.append(title)
    area = child(space, "plotArea")
    if area is not None:
        reader = _PlotArea(area, switch(child(root, "date1904"), default=False))
        series = reader.series()
        chart.lines += reader.lines
        chart.tables = _tables(series)
        chart.invisible = reader.invisible
    return chart


class _PlotArea:
    """Reads the series of all plots in an area with what its axes say."""

    def __init__(self, area: Any, date_1904: bool) -> None:
        self._area = area
        self._date_1904 = date_1904
        self._axes = {value_of(child(axis, "axId")): axis for axis in area if local(axis).endswith("Ax")}
        self.lines: list[str] = []
        self.invisible = 0  # series that are drawn without a fill and a line

    def series(self) -> list[_Series]:
        """The series in the order of the legend."""
        found: list[tuple[int, _Series]] = []
        for plot in self._area:
            if not local(plot).endswith("Chart"):
                continue
            horizontal, vertical = self._plot_axes(plot)
            for series in _drawn_series(plot):
                if len(found) >= _MAX_SERIES:
                    break
                if _is_invisible(plot, series):
                    self.invisible += 1
                    continue
                order = whole_number(value_of(child(series, "order")), len(found))
                found.append((order, self._series(plot, series, horizontal, vertical, len(found) + 1)))
        found.sort(key=lambda pair: pair[0])
        return [series for _, series in found]

    def _plot_axes(self, plot: Any) -> tuple[Any, Any]:
        """The axis of the categories and that of the values, each None where there is none."""
        axes = [self._axes[key] for node in plot.iterchildren("{*}axId") if (key := value_of(node)) in self._axes]
        values = [axis for axis in axes if local(axis) == "valAx"]
        if local(plot) in ("scatterChart", "bubbleChart"):
            across = [axis for axis in values if value_of(child(axis, "axPos")) in ("b", "t")]
            up = [axis for axis in values if axis not in across]
            return next(iter(across), None), next(iter(up), None)
        others = [axis for axis in axes if local(axis) in ("catAx", "dateAx")]
        return next(iter(others), None), next(iter(values), None)

    def _series(self, plot: Any, series: Any, horizontal: Any, vertical: Any, number: int) -> _Series:
        name = _series_name(series) or f"Series{number}"
        unit = self._unit(vertical)
        labels = SeriesLabels(plot, series)
        scatter = local(plot) in ("scatterChart", "bubbleChart")
        source = child(series, "yVal" if scatter else "val")
        found = _Series(
            name=_with_unit(name, unit),
            values=self._numbers(source, labels.code, _axis_code(vertical), _scale(vertical) if labels.shown else 1.0),
            categories={} if scatter else self._cells(child(series, "cat"), horizontal),
            x=self._cells(child(series, "xVal"), horizontal) if scatter else {},
            sizes=self._numbers(child(series, "bubbleSize"), "", "") if scatter else {},
            labels=labels.typed(),
            group="scatter" if scatter else "category",
            category_title=self._axis_title(horizontal),
        )
        if labels.show("showPercent") and local(plot) in (*_ONE_SERIES, "doughnutChart"):
            found.shares = self._shares(source, labels.code)
        self._trend(series)
        return found

    def _cells(self, source: Any, axis: Any) -> dict[int, str]:
        """Categories, or places on the horizontal axis."""
        if source is None:
            return {}
        texts = cached_texts(source)
        return texts if texts is not None else self._numbers(source, _axis_code(axis), "")

    def _numbers(self, source: Any, code: str, axis_code: str, scale: float = 1.0) -> dict[int, str]:
        """The numbers of a source as shown: by the code of the labels, else that of the cells, else of the axis."""
        found = {}
        for index, value, own in cached_points(source):
            cell_code = "" if own == "General" else own
            number = number_of(value) if scale != 1 else None
            if number is not None:  # the labels are scaled as the axis is
                scaled = shown_value(repr(number / scale), code or cell_code)
                found[index] = f"{scaled} (in full: {number:.15g})"
            elif code or cell_code or not axis_code:
                found[index] = shown_value(value, code or cell_code, date_1904=self._date_1904)
            else:
                found[index] = axis_value(value, axis_code, date_1904=self._date_1904)
        return found

    def _shares(self, source: Any, code: str) -> dict[int, str]:
        numbers = {
            index: abs(number) for index, value, _ in cached_points(source) if (number := number_of(value)) is not None
        }
        total = sum(numbers.values())
        if not total:
            return {}
        # the code of the labels is that of the percentage where no value stands beside it
        return {index: shown_value(repr(n / total), code if "%" in code else "0%") for index, n in numbers.items()}

    def _axis_title(self, axis: Any) -> str:
        if axis is None or switch(child(axis, "delete"), default=False):
            return ""
        return one_line(title_text(child(axis, "title")))

    def _unit(self, axis: Any) -> str:
        """What the axis of values says of them."""
        title = self._axis_title(axis)
        if axis is not None:
            self._tell_scale(axis)
        if len(title) > _LONGEST_UNIT:
            self._tell(title)
            return ""
        return title

    def _tell_scale(self, axis: Any) -> None:
        scale = _scale(axis)
        if scale != 1:
            label = one_line(title_text(child(axis, "dispUnits", "dispUnitsLbl")))
            self._tell(f"The axis shows {label or 'values'} in units of {scale:,.15g}.")

    def _tell(self, line: str) -> None:
        if line not in self.lines:
            self.lines.append(line)

    def _trend(self, series: Any) -> None:
        for trend in series.iterchildren("{*}trendline"):
            text = one_line(title_text(child(trend, "trendlineLbl")))
            if text:
                self._tell(f"Trend line: {text}")


def _drawn_series(plot: Any) -> list[Any]:
    """The series of a plot that are drawn; of a pie, which has room for one, the first."""
    series = list(plot.iterchildren("{*}ser"))
    if local(plot) in _ONE_SERIES and series:
        return [min(series, key=lambda one: whole_number(value_of(child(one, "order")), 0))]
    return series


def _is_invisible(plot: Any, series: Any) -> bool:
    """Whether bars or areas have no fill, no line and no labels, as those that others are stacked on."""
    look = child(series, "spPr")
    if local(plot) not in _FILLED or look is None or child(look, "noFill") is None:
        return False
    line = child(look, "ln")
    if line is not None and child(line, "noFill") is None:
        return False
    return not SeriesLabels(plot, series).shown


def _tables(series: Sequence[_Series]) -> list[list[list[str]]]:
    """The series side by side where they have the same categories, else in tables of their own."""
    runs: dict[Any, list[_Series]] = {}
    for number, one in enumerate(series):
        if not one.values and not one.sizes:
            continue
        heads = one.x if one.group == "scatter" else one.categories
        key: Any = (one.group, tuple(heads.items()))
        if one.sizes:
            key = number
        elif not heads and one.group == "category":  # it takes the categories of the first series
            key = next((known for known, run in runs.items() if run[0].group == "category"), key)
        runs.setdefault(key, []).append(one)
    return [_table(run) for run in runs.values()]


def _table(run: list[_Series]) -> list[list[str]]:
    first = run[0]
    heads = next((one.categories for one in run if one.categories), {}) if first.group == "category" else first.x
    title = first.category_title or ("x" if first.group == "scatter" else "")
    columns: list[tuple[str, dict[int, str]]] = []
    for one in run:
        columns.append((one.name, one.values))
        shown = "" if len(run) == 1 else f" ({one.name})"
        if one.sizes:
            columns.append((f"Size{shown}", one.sizes))
        if one.shares:
            columns.append((f"Share{shown}", one.shares))
        if one.labels:
            columns.append((f"Label{shown}", one.labels))
    indexes = sorted(set(heads).union(*(cells for _, cells in columns)))[:MAX_POINTS]
    rows = [
        # points without a category are counted, as on the axis
        [heads.get(index, "" if heads else str(index + 1)), *(cells.get(index, "") for _, cells in columns)]
        for index in indexes
    ]
    return [[title, *(name for name, _ in columns)], *rows]


def _series_name(series: Any) -> str:
    source = child(series, "tx")
    if source is None:
        return ""
    cache = child(source, "strRef", "strCache")
    if cache is not None:  # a name over several cells
        return one_line(" ".join(text for _, text, _ in cached(cache)))
    return one_line(source.findtext("{*}v") or "")


def _with_unit(name: str, unit: str) -> str:
    return name if not unit or unit.lower() in name.lower() else f"{name} ({unit})"


def _scale(axis: Any) -> float:
    """What the values of an axis are divided by before they are shown."""
    units = child(axis, "dispUnits") if axis is not None else None
    name = value_of(child(units, "builtInUnit")) if units is not None else ""
    custom = number_of(value_of(child(units, "custUnit"))) if units is not None else None
    return float(_UNITS.get(name, 0) or custom or 1)


def _axis_code(axis: Any) -> str:
    """The number format that an axis has of its own, or of its dates: not every program writes that to the cells."""
    form = child(axis, "numFmt") if axis is not None else None
    code = str(form.get("formatCode", "")) if form is not None else ""
    if form is None or (is_on(form.get("sourceLinked", "0")) and not (local(axis) == "dateAx" and is_date_code(code))):
        return ""
    return "" if code == "General" else code
