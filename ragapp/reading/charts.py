"""Charts of Office files as titles and tables (ISO/IEC 29500-1, chapter 21.2).

The values are those that the chart itself holds, the caches of the cells that it was drawn from: rows that are hidden
and series that are filtered out are not in them, as they are not in the picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ragapp.reading.blocks import BlockBuilder
from ragapp.reading.chart_data import Chart, join_levels, number_of, shown_value
from ragapp.reading.chartex import chartex_text
from ragapp.reading.drawingml import TextContext, child, local, plain_text
from ragapp.reading.left_out import LeftOut
from ragapp.reading.package import xml_root
from ragapp.reading.text import one_line, whole_number

# what a chart can show at the most; a damaged file may name any number
_MAX_POINTS = 100_000
_MAX_SERIES = 1000
_LONGEST_UNIT = 60  # a longer title of an axis is told above the table, not in its header
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
    title = _title(child(space, "title"))
    if title:
        chart.lines.append(title)
    area = child(space, "plotArea")
    if area is not None:
        reader = _PlotArea(area, _flag(child(root, "date1904"), default=False))
        series = reader.series()
        chart.lines += reader.lines
        chart.tables = _tables(series)
    return chart


class _PlotArea:
    """Reads the series of all plots in an area with what its axes say."""

    def __init__(self, area: Any, date1904: bool) -> None:
        self._area = area
        self._date1904 = date1904
        self._axes = {_val(child(axis, "axId")): axis for axis in area if local(axis).endswith("Ax")}
        self.lines: list[str] = []

    def series(self) -> list[_Series]:
        """The series in the order of the legend."""
        found: list[tuple[int, _Series]] = []
        for plot in self._area:
            if not local(plot).endswith("Chart"):
                continue
            horizontal, vertical = self._plot_axes(plot)
            for series in plot.iterchildren("{*}ser"):
                if len(found) >= _MAX_SERIES:
                    break
                order = whole_number(_val(child(series, "order")), len(found))
                found.append((order, self._series(plot, series, horizontal, vertical, len(found) + 1)))
        found.sort(key=lambda pair: pair[0])
        return [series for _, series in found]

    def _plot_axes(self, plot: Any) -> tuple[Any, Any]:
        """The axis of the categories and that of the values, each None where there is none."""
        axes = [self._axes[key] for node in plot.iterchildren("{*}axId") if (key := _val(node)) in self._axes]
        values = [axis for axis in axes if local(axis) == "valAx"]
        if local(plot) in ("scatterChart", "bubbleChart"):
            across = [axis for axis in values if _val(child(axis, "axPos")) in ("b", "t")]
            up = [axis for axis in values if axis not in across]
            return next(iter(across), None), next(iter(up), None)
        others = [axis for axis in axes if local(axis) in ("catAx", "dateAx")]
        return next(iter(others), None), next(iter(values), None)

    def _series(self, plot: Any, series: Any, horizontal: Any, vertical: Any, number: int) -> _Series:
        name = _series_name(series) or f"Series{number}"
        unit = self._unit(vertical)
        labels = _label_settings(plot, series)
        points = _Labels(labels, child(series, "dLbls"), series)
        percent = _val(child(labels, "showPercent")) in ("1", "true") if labels is not None else False
        scatter = local(plot) in ("scatterChart", "bubbleChart")
        source = child(series, "yVal" if scatter else "val")
        found = _Series(
            name=_with_unit(name, unit),
            values=self._numbers(source, points.code, _axis_code(vertical)),
            categories={} if scatter else self._cells(child(series, "cat"), horizontal),
            x=self._cells(child(series, "xVal"), horizontal) if scatter else {},
            sizes=self._numbers(child(series, "bubbleSize"), "", "") if scatter else {},
            labels=points.typed(),
            group="scatter" if scatter else "category",
            category_title=self._axis_title(horizontal),
        )
        if percent and local(plot) in ("pieChart", "pie3DChart", "doughnutChart", "ofPieChart"):
            found.shares = self._shares(source, points.code)
        self._trend(series)
        return found

    def _cells(self, source: Any, axis: Any) -> dict[int, str]:
        """Categories, or places on the horizontal axis."""
        if source is None:
            return {}
        texts = _texts(source)
        return texts if texts is not None else self._numbers(source, _axis_code(axis), "")

    def _numbers(self, source: Any, code: str, axis_code: str) -> dict[int, str]:
        """The numbers of a source as shown: by the code of the labels, else that of the cells, else of the axis."""
        return {
            index: shown_value(value, code or (own if own not in ("", "General") else axis_code), self._date1904)
            for index, value, own in _points(source)
        }

    def _shares(self, source: Any, code: str) -> dict[int, str]:
        numbers = {
            index: abs(number) for index, value, _ in _points(source) if (number := number_of(value)) is not None
        }
        total = sum(numbers.values())
        if not total:
            return {}
        # the code of the labels is that of the percentage where no value stands beside it
        return {
            index: shown_value(repr(n / total), code if "%" in code else "0%", False) for index, n in numbers.items()
        }

    def _axis_title(self, axis: Any) -> str:
        if axis is None or _flag(child(axis, "delete"), default=False):
            return ""
        return one_line(_title(child(axis, "title")))

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
        units = child(axis, "dispUnits")
        if units is None:
            return
        label = one_line(_title(child(units, "dispUnitsLbl")))
        name = _val(child(units, "builtInUnit"))
        custom = _val(child(units, "custUnit"))
        scale = f"{_UNITS[name]:,}" if name in _UNITS else custom
        if scale:
            self._tell(f"The axis shows {label or 'values'} in units of {scale}.")

    def _tell(self, line: str) -> None:
        if line not in self.lines:
            self.lines.append(line)

    def _trend(self, series: Any) -> None:
        for trend in series.iterchildren("{*}trendline"):
            text = one_line(_title(child(trend, "trendlineLbl")))
            if text:
                self._tell(f"Trend line: {text}")


class _Labels:
    """The labels of one series' points."""

    def __init__(self, settings: Any, own: Any, series: Any) -> None:
        self._own = own
        self._series = series
        form = child(settings, "numFmt") if settings is not None else None
        linked = _flag_text(form.get("sourceLinked", "0")) if form is not None else True
        shown = settings is not None and any(
            _val(child(settings, name)) in ("1", "true") for name in ("showVal", "showPercent", "showBubbleSize")
        )
        self.code = form.get("formatCode", "") if form is not None and shown and not linked else ""

    def typed(self) -> dict[int, str]:
        """What was typed into labels, or comes from a range of cells, by the index of the point."""
        found: dict[int, str] = {}
        ranges = self._range()
        if self._own is None:
            return found
        if any(
            _flag_text(node.get("val", "1")) for node in self._own.iterfind("{*}extLst/{*}ext/{*}showDataLabelsRange")
        ):
            found |= ranges
        for label in self._own.iterchildren("{*}dLbl"):
            index = whole_number(_val(child(label, "idx")), -1)
            if _flag(child(label, "delete"), default=False):
                found.pop(index, None)
                continue
            rich = child(label, "tx", "rich")
            if rich is None:
                continue
            # what fields show stands in the table already
            named = {"CELLRANGE": ranges.get(index, "")} | dict.fromkeys(_KNOWN_FIELDS, "")
            text = one_line(plain_text(rich, TextContext(fields=tuple(named.items()))))
            if text.strip(" ;,:%()"):
                found[index] = text
        return found

    def _range(self) -> dict[int, str]:
        cache = next(self._series.iterfind("{*}extLst/{*}ext/{*}datalabelsRange/{*}dlblRangeCache"), None)
        return {index: one_line(text) for index, text, _ in _cached(cache)} if cache is not None else {}


_KNOWN_FIELDS = ("CATEGORYNAME", "SERIESNAME", "VALUE", "PERCENTAGE", "XVALUE", "YVALUE", "BUBBLESIZE")


def _label_settings(plot: Any, series: Any) -> Any:
    """The labels that a series has, or those of its whole plot."""
    own = child(series, "dLbls")
    return own if own is not None else child(plot, "dLbls")


def _tables(series: Sequence[_Series]) -> list[list[list[str]]]:
    """The series side by side where they have the same categories, else in tables of their own."""
    tables: list[list[list[str]]] = []
    kept = [one for one in series if one.values or one.sizes]
    runs: list[list[_Series]] = []
    for one in kept:
        same = next((run for run in runs if _same_rows(run[0], one)), None) if not one.sizes else None
        if same is None:
            runs.append([one])
        else:
            same.append(one)
    for run in runs:
        tables.append(_table(run))
    return tables


def _same_rows(first: _Series, other: _Series) -> bool:
    if first.group != other.group or first.sizes:
        return False
    if first.group == "scatter":
        return first.x == other.x
    # a series without categories takes those of the first
    return not other.categories or not first.categories or first.categories == other.categories


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
    indexes = sorted(set(heads).union(*(cells for _, cells in columns)))[:_MAX_POINTS]
    rows = [
        # points without a category are counted, as on the axis
        [heads.get(index, "" if heads else str(index + 1)), *(cells.get(index, "") for _, cells in columns)]
        for index in indexes
    ]
    return [[title, *(name for name, _ in columns)], *rows]


def _texts(source: Any) -> dict[int, str] | None:
    """The texts of a source of categories; None where it holds numbers."""
    for way in ("strRef", "strLit", "multiLvlStrRef"):
        node = child(source, way)
        if node is None:
            continue
        cache = node if way == "strLit" else child(node, "strCache" if way == "strRef" else "multiLvlStrCache")
        if cache is None:
            return {}
        if way != "multiLvlStrRef":
            return {index: one_line(text) for index, text, _ in _cached(cache)}
        return join_levels(
            [{index: one_line(text) for index, text, _ in _cached(level)} for level in cache.iterchildren("{*}lvl")]
        )
    return None


def _points(source: Any) -> Iterable[tuple[int, str, str]]:
    """Index, value and format code of the points of a source of numbers."""
    if source is None:
        return []
    for way in ("numRef", "strRef"):
        node = child(source, way)
        if node is not None:
            cache = child(node, "numCache" if way == "numRef" else "strCache")
            return _cached(cache) if cache is not None else []
    literal = child(source, "numLit")
    return _cached(literal) if literal is not None else []


def _cached(cache: Any) -> Iterable[tuple[int, str, str]]:
    code = cache.findtext("{*}formatCode") or ""
    count = 0
    for point in cache.iterchildren("{*}pt"):
        index = whole_number(point.get("idx", ""), -1)
        text = point.findtext("{*}v") or ""
        if index >= 0 and text and count < _MAX_POINTS:
            count += 1
            yield index, text, point.get("formatCode") or code


def _series_name(series: Any) -> str:
    source = child(series, "tx")
    if source is None:
        return ""
    cache = child(source, "strRef", "strCache")
    if cache is not None:  # a name over several cells
        return one_line(" ".join(text for _, text, _ in _cached(cache)))
    return one_line(source.findtext("{*}v") or "")


def _title(title: Any) -> str:
    """The text of a title or label: typed, or taken from a cell."""
    if title is None:
        return ""
    rich = child(title, "tx", "rich")
    if rich is not None:
        return plain_text(rich)
    cache = child(title, "tx", "strRef", "strCache")
    return " ".join(text for _, text, _ in _cached(cache)) if cache is not None else ""


def _with_unit(name: str, unit: str) -> str:
    return name if not unit or unit.lower() in name.lower() else f"{name} ({unit})"


def _axis_code(axis: Any) -> str:
    """The number format that an axis has of its own."""
    form = child(axis, "numFmt") if axis is not None else None
    if form is None or _flag_text(form.get("sourceLinked", "0")):
        return ""
    code = str(form.get("formatCode", ""))
    return "" if code == "General" else code


def _val(node: Any) -> str:
    return str(node.get("val", "")) if node is not None else ""


def _flag_text(value: str) -> bool:
    return value.lower() in ("1", "true", "on")


def _flag(node: Any, *, default: bool) -> bool:
    """A switch: off where the element is missing, on where it has no value (21.2.3.6)."""
    return _flag_text(node.get("val", "1")) if node is not None else default
