"""What floats above the cells of a sheet: text boxes, charts, diagrams, pictures and form controls.

ISO/IEC 29500-1, 20.5 (drawings of sheets); part 4, 19.4 (VML, in which controls are kept).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from ragapp.reading.excel.xlsx_parts import Parts, is_on, local, relation_id
from ragapp.reading.left_out import LeftOut
from ragapp.reading.office.charts import chart_text
from ragapp.reading.office.diagrams import diagram_text
from ragapp.reading.office.drawingml import TextContext, body_text, child, shown_children, text_body
from ragapp.reading.tables import markdown_table, tidy_rows
from ragapp.reading.text import clean, one_line

MAX_SHAPES = 20_000
_MAX_DEPTH = 50  # groups in groups
_TICKS = {"checkbox": ("☒", "☐"), "radio": ("◉", "○")}


@dataclass(slots=True)
class Drawn:
    """What is drawn on a sheet: texts and Markdown tables from top to bottom, and the names of picture parts."""

    texts: list[str] = field(default_factory=list)
    pictures: list[str] = field(default_factory=list)  # empty for one that is not in the file


def sheet_drawings(
    parts: Parts, sheet: str, controls: Sequence[tuple[str, str]], left_out: LeftOut, place: str
) -> Drawn:
    """What the drawings of a sheet show.

    Args:
        parts: of the workbook.
        sheet: the name of the sheet's part.
        controls: relationships and shapes' numbers of its form controls.
        left_out: counts what is not read.
        place: where the sheet is, for ``left_out``.
    """
    drawn = Drawn()
    for name in parts.related(sheet, "drawing"):
        _Drawing(parts, name, left_out, place).add(drawn)
    for name in parts.related(sheet, "vmlDrawing"):
        drawn.texts += _controls(parts, name, _control_states(parts, sheet, controls))
    return drawn


class _Drawing:
    def __init__(self, parts: Parts, name: str, left_out: LeftOut, place: str) -> None:
        self._parts = parts
        self._relations = parts.relations(name)
        self._root = parts.root(name)
        self._left_out = left_out
        self._place = place
        self._context = TextContext(link=self._address, left_out=left_out, place=place)
        self._shapes = 0

    def add(self, drawn: Drawn) -> None:
        anchors = [] if self._root is None else list(shown_children(self._root))
        for anchor in sorted(anchors, key=_position):
            for shape in shown_children(anchor):
                self._shape(shape, drawn, 0)

    def _shape(self, shape: Any, drawn: Drawn, depth: int) -> None:
        self._shapes += 1
        if self._shapes > MAX_SHAPES or depth > _MAX_DEPTH or _is_hidden(shape):
            return
        kind = local(shape)
        if kind == "grpSp":
            for inner in shown_children(shape):
                self._shape(inner, drawn, depth + 1)
        elif kind in ("sp", "cxnSp") and not _is_control(shape):
            body = child(shape, "txBody")
            text = body_text(text_body(body, self._context)) if body is not None else ""
            if text:
                drawn.texts.append(text)
            drawn.pictures += self._pictures(shape)
        elif kind == "pic":
            drawn.pictures += self._pictures(shape) or [""]
        elif kind == "graphicFrame":
            self._frame(shape, drawn)

    def _frame(self, frame: Any, drawn: Drawn) -> None:
        for data in frame.iter("{*}graphicData"):
            for content in data:
                try:
                    if local(content) == "chart":
                        drawn.texts += self._chart(self._target(relation_id(content)))
                    elif local(content) == "relIds":
                        drawn.texts += self._diagram(content)
                except (etree.XMLSyntaxError, ValueError, KeyError, TypeError, AttributeError, IndexError):
                    self._left_out.add("damaged chart", "damaged charts", self._place)

    def _chart(self, name: str) -> list[str]:
        data = self._parts.read(name) if name else None
        if not data:
            self._left_out.add("chart", "charts", self._place)
            return []
        chart = chart_text(data)
        title = "Chart: " + "\n".join(chart.lines) if chart.lines else "Chart:"
        tables = [rows for rows in map(tidy_rows, chart.tables) if rows]
        if not tables:
            self._left_out.add("chart without data", "charts without data", self._place)
        return [title, *map(markdown_table, tables)] if tables or chart.lines else []

    def _diagram(self, ids: Any) -> list[str]:
        names = {key.rpartition("}")[2]: self._target(value) for key, value in ids.attrib.items()}
        data = self._parts.read(names["dm"]) if names.get("dm") else None
        if not data:
            self._left_out.add("diagram", "diagrams", self._place)
            return []
        drawing = next(
            (relation.target for relation in self._relations.values() if relation.kind == "diagramDrawing"), ""
        )
        several = sum(relation.kind == "diagramDrawing" for relation in self._relations.values()) > 1
        seen = self._parts.read(drawing) if drawing and not several else None
        text = diagram_text(data, seen).text
        return [text] if text else []

    def _pictures(self, shape: Any) -> list[str]:
        """The parts of the pictures that a shape is, or is filled with; empty names for those that are not there."""
        return [self._target(_embedded(blip)) for blip in shape.iter("{*}blip")]

    def _target(self, relation: str) -> str:
        found = self._relations.get(relation)
        return found.target if found and not found.external else ""

    def _address(self, relation: str) -> str:
        found = self._relations.get(relation)
        return found.target if found and found.external else ""


def _embedded(blip: Any) -> str:
    """The relationship of a picture (``r:embed``)."""
    return next((value for key, value in blip.attrib.items() if key.endswith("}embed")), "")


def _position(anchor: Any) -> tuple[int, int]:
    start = child(anchor, "from")
    if start is None:
        return 0, 0
    try:
        return int(start.findtext("{*}row") or 0), int(start.findtext("{*}col") or 0)
    except ValueError:
        return 0, 0


def _is_hidden(shape: Any) -> bool:
    names = (item for wrapper in shape if local(wrapper).startswith("nv") for item in wrapper if local(item) == "cNvPr")
    return any(is_on(item.get("hidden")) for item in names)


def _is_control(shape: Any) -> bool:
    """Whether a shape stands in for a form control, which is read from its VML."""
    return any(local(item) == "compatExt" for item in shape.iter())


def _controls(parts: Parts, name: str, states: Mapping[str, str]) -> Iterator[str]:
    """Form controls with their state, from their legacy drawing and, where they are, their newer properties."""
    root = parts.root(name, told=False)  # HTML in it is often not well-formed
    for count, shape in enumerate(() if root is None else root.iter("{*}shape")):
        data = next((item for item in shape if local(item) == "ClientData"), None)
        kind = (data.get("ObjectType") or "").lower() if data is not None else ""
        if data is None or kind in ("", "note", "pict", "shape", "group") or count > MAX_SHAPES:
            continue
        label = one_line(clean(" ".join(text for box in shape.iter("{*}textbox") for text in box.itertext())))
        number = (shape.get("id") or "").rpartition("_s")[2]
        if kind in _TICKS:
            state = states.get(number, data.findtext("{*}Checked") or "0").strip().lower()
            yield f"{_TICKS[kind][state not in ('1', 'checked')]} {label or 'check box without words'}"
        elif label:
            yield label


def _control_states(parts: Parts, sheet: str, controls: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The states of form controls by the numbers of their shapes."""
    relations = parts.relations(sheet) if controls else {}
    states = {}
    for name, shape in controls[:MAX_SHAPES]:
        relation = relations.get(name)
        properties = parts.root(relation.target) if relation and relation.kind == "ctrlProp" else None
        if properties is not None:
            states[shape] = properties.get("checked") or "0"
    return states
