"""Frames and shapes of OpenDocument files: text boxes, charts, embedded sheets, pictures, controls.

Source: OpenDocument 1.3 part 3, chapters 10 and 11.
"""

from __future__ import annotations

from typing import Any, Protocol

from ragapp.reading.odf.chart import chart_text, plain_rows
from ragapp.reading.odf.context import OdfContext
from ragapp.reading.odf.inline import formula_of
from ragapp.reading.odf.names import DRAW, DRAWOOO, OFFICE, PRESENTATION, TABLE, TEXT, elements

_TEXTS = frozenset(f"{TEXT}{name}" for name in ("p", "h", "list", "numbered-paragraph"))
_GROUPS = frozenset((f"{DRAW}g", f"{DRAW}a"))
# rows of an embedded sheet, which shows a few of them as a picture
_MAX_ROWS = 100
_EMBEDDED_HINT = "Index it as a file of its own."


class Target(Protocol):
    """What reads the text inside drawings."""

    context: OdfContext

    def container(self, element: Any) -> None:
        """Read what stands in an element."""

    def line(self, text: str) -> None:
        """Add a text of its own."""

    def table(self, element: Any) -> None:
        """Read a table."""

    def rows(self, rows: list[list[str]]) -> None:
        """Add a table that is not the document's own."""


def read_drawing(drawing: Any, target: Target) -> None:
    """Read a frame, a shape, or a group of them."""
    context = target.context
    if context.is_unseen:
        return
    if context.is_on_hidden_layer(drawing):
        context.left_out.add("shape on a hidden layer", "shapes on hidden layers", context.place())
        return
    if drawing.get(f"{DRAWOOO}display", drawing.get(f"{DRAW}display")) == "none":
        context.hidden()
        return
    if drawing.tag in _GROUPS:
        for child in elements(drawing):
            if child.tag.startswith(DRAW):
                read_drawing(child, target)
    elif drawing.tag == f"{DRAW}control":
        target.line(context.controls.get(drawing.get(f"{DRAW}control", ""), ""))
    elif drawing.tag == f"{DRAW}frame":
        if drawing.get(f"{PRESENTATION}placeholder") != "true":
            _frame(drawing, target)
    else:
        for child in elements(drawing):
            if child.tag in _TEXTS:
                target.container([child])
            elif child.tag == f"{OFFICE}annotation":
                context.comment(child)


def _frame(frame: Any, target: Target) -> None:
    """Read the first of a frame's contents that says something; the others show the same in another way (10.4.2)."""
    context = target.context
    if (formula := formula_of(frame, context)) is not None:
        target.line(formula)
        return
    for child in elements(frame):
        if child.tag == f"{DRAW}text-box":
            return target.container(child)
        if child.tag == f"{TABLE}table":
            return target.table(child)
        if child.tag == f"{DRAW}object" and _object(child, target):
            return None
        if child.tag in (f"{DRAW}object", f"{DRAW}object-ole", f"{DRAW}floating-frame", f"{DRAW}applet"):
            context.left_out.add("embedded document", "embedded documents", context.place(), hint=_EMBEDDED_HINT)
            return None
        if child.tag == f"{DRAW}image":
            # where there are several, the first is the best, and the last is one that every program can show
            return target.line(context.picture_text(list(frame.iterchildren(f"{DRAW}image"))[-1]))
        if child.tag == f"{DRAW}plugin":
            context.left_out.add("sound or film", "sounds and films", context.place())
            return None
    return None


def _object(element: Any, target: Target) -> bool:
    """Read a chart or a sheet that is embedded; False where it is something else."""
    root = target.context.parts.embedded(element)
    body = root.find(f"{OFFICE}body") if root is not None else None
    context = target.context
    for kind in elements(body) if context.object_rows > 0 else ():
        if kind.tag == f"{OFFICE}chart":
            chart = chart_text(root, kind, context.object_rows)
            context.object_rows -= len(chart.rows)
            if chart.title:
                target.line(chart.title)
            target.rows(chart.rows)
            if not chart.rows:
                hint = "Its values are not in the file."
                context.left_out.add("chart without data", "charts without data", context.place(), hint=hint)
            return True
        if kind.tag == f"{OFFICE}spreadsheet":
            table = next(kind.iterchildren(f"{TABLE}table"), None)
            rows = plain_rows(table, min(context.object_rows, _MAX_ROWS))
            context.object_rows -= len(rows)
            target.rows(rows)
            return bool(rows)
    return False
