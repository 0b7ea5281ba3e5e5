"""Labels at the points of a chart (ISO/IEC 29500-1, 21.2.2.47 and 21.2.2.49)."""

from __future__ import annotations

from typing import Any

from ragapp.reading.office.chart_data import cached, is_on, switch, value_of
from ragapp.reading.office.drawingml import TextContext, child, plain_text
from ragapp.reading.text import one_line, whole_number

# what these fields show stands in the table already
_KNOWN_FIELDS = ("CATEGORYNAME", "SERIESNAME", "VALUE", "PERCENTAGE", "XVALUE", "YVALUE", "BUBBLESIZE")


class SeriesLabels:
    """The labels of one series' points.

    Attributes:
        shown: whether they show figures.
        code: the number format that they have of their own; empty where they take that of the cells.
    """

    def __init__(self, plot: Any, series: Any) -> None:
        self._series = series
        self._own = child(series, "dLbls")
        self.settings = self._own if self._own is not None else child(plot, "dLbls")
        form = child(self.settings, "numFmt")
        linked = is_on(form.get("sourceLinked", "0")) if form is not None else True
        self.shown = any(self.show(name) for name in ("showVal", "showPercent", "showBubbleSize"))
        self.code = form.get("formatCode", "") if form is not None and self.shown and not linked else ""

    def show(self, name: str) -> bool:
        """Whether the labels show one thing: ``showPercent``."""
        found = child(self.settings, name)
        return found is not None and is_on(found.get("val", "1"))

    def typed(self) -> dict[int, str]:
        """What was typed into labels, or comes from a range of cells, by the index of the point."""
        found: dict[int, str] = {}
        ranges = self._range()
        if self._own is None:
            return found
        if any(is_on(node.get("val", "1")) for node in self._own.iterfind("{*}extLst/{*}ext/{*}showDataLabelsRange")):
            found |= ranges
        for label in self._own.iterchildren("{*}dLbl"):
            index = whole_number(value_of(child(label, "idx")), -1)
            if switch(child(label, "delete"), default=False):
                found.pop(index, None)
                continue
            rich = child(label, "tx", "rich")
            if rich is None:
                continue
            named = {"CELLRANGE": ranges.get(index, "")} | dict.fromkeys(_KNOWN_FIELDS, "")
            text = one_line(plain_text(rich, TextContext(fields=tuple(named.items()))))
            if text.strip(" ;,:%()"):
                found[index] = text
        return found

    def _range(self) -> dict[int, str]:
        cache = next(self._series.iterfind("{*}extLst/{*}ext/{*}datalabelsRange/{*}dlblRangeCache"), None)
        return {index: one_line(text) for index, text, _ in cached(cache)} if cache is not None else {}
