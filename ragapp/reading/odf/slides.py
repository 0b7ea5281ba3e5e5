"""Slides of an OpenDocument presentation: what is on each, then what its speaker says."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ragapp.reading.blocks import BlockBuilder
from ragapp.reading.document import BLOCK_BREAK, Block
from ragapp.reading.odf.context import OdfContext
from ragapp.reading.odf.furniture import furniture_text, master_drawings, slide_furniture, slide_size
from ragapp.reading.odf.names import DRAW, OFFICE, PRESENTATION, SVG, elements
from ragapp.reading.odf.text import TextReader
from ragapp.reading.powerpoint.order import Box, bounds, write_in_order

_FURNITURE = frozenset(("footer", "header", "date-time", "page-number"))
_LENGTH = re.compile(r"(-?\d{1,9}(?:\.\d{1,9})?)(cm|mm|in|pt|pc|px)")
_UNITS = {"cm": 1.0, "mm": 0.1, "in": 2.54, "pt": 2.54 / 72, "pc": 2.54 / 6, "px": 2.54 / 96}
_MOVED = re.compile(r"translate\s*\(\s*(\S+?)[\s,]+(\S+?)\s*\)")
_MAX_DEPTH = 20  # of groups in groups


def is_hidden_slide(page: Any, context: OdfContext) -> bool:
    """Whether a slide is left out when the presentation is shown (20.404)."""
    style = page.get(f"{DRAW}style-name")
    return context.styles.property("drawing-page", style, f"{PRESENTATION}visibility") == "hidden"


def read_slide(page: Any, presentation: Any, context: OdfContext, furniture: set[str]) -> BlockBuilder:
    """Read one slide; ``furniture`` holds the headers and footers that were read before, and takes its own."""
    out = BlockBuilder()
    frames = [frame for frame in elements(page) if frame.tag.startswith(DRAW)]
    width, height = map(_centimetres, slide_size(page, context))
    if width and height:
        inside = [frame for frame in frames if not _is_beside(_place(frame), width, height)]
        context.left_out.add(
            "shape beside the slide", "shapes beside the slide", context.place(), len(frames) - len(inside)
        )
        frames = inside
    else:
        width = height = float("inf")
    title = next((frame for frame in frames if _is_title(frame)), None)
    if title is not None:
        out.heading(1, context.text_of([title]))
    shown = [frame for frame in frames if frame is not title and not _is_furniture(frame)]
    boxes = [box for frame in shown if (box := _box(frame, context, 0)) is not None]
    if all(box.right > box.left or box.bottom > box.top for box in boxes):
        write_in_order(boxes, out)
    else:  # some have no place of their own
        _write_all(boxes, out)
    for line in slide_furniture(presentation, page, context):
        if line not in furniture:
            furniture.add(line)
            out.text(line)
    for drawing in master_drawings(page, context):
        text = "" if _is_beside(_place(drawing), width, height) else furniture_text([drawing], context)
        if any(map(str.isalnum, text)) and text not in furniture:
            furniture.add(text)
            out.text(text)
    notes = page.find(f"{PRESENTATION}notes")
    said = [context.text_of([frame]) for frame in elements(notes) if _is_note(frame)]
    if text := "\n".join(filter(None, said)):
        out.text(f"Notes: {text}")
    for annotation in page.iterchildren(f"{OFFICE}annotation"):
        context.comment(annotation)
    for comment in context.take_comments():
        out.text(comment)
    return out


def _box(drawing: Any, context: OdfContext, depth: int) -> Box | None:
    """A drawing that was read, with its place; None where it shows nothing that is read."""
    if drawing.tag == f"{DRAW}g" and depth < _MAX_DEPTH and not context.is_on_hidden_layer(drawing):
        found = (_box(child, context, depth + 1) for child in elements(drawing) if child.tag.startswith(DRAW))
        inside = [box for box in found if box is not None]
        return Box(*bounds(inside), inside=inside) if inside else None
    read = BlockBuilder()
    TextReader(context, read).container([drawing])
    read.end_list()
    if not read.blocks:
        return None
    is_text = all(block.kind == "text" for block in read.blocks)
    text = BLOCK_BREAK.join(block.text for block in read.blocks) if is_text else ""
    return Box(*_place(drawing), text=text, write=_writer(read.blocks))


def _writer(blocks: list[Block]) -> Callable[[BlockBuilder], None]:
    def write(out: BlockBuilder) -> None:
        for block in blocks:
            if block.kind == "table":
                out.end_list()
                out.add_table(block.text)
            else:
                out.text(block.text)

    return write


def _write_all(boxes: list[Box], out: BlockBuilder) -> None:
    for box in boxes:
        if box.write is not None:
            box.write(out)
        _write_all(box.inside, out)


def _place(drawing: Any) -> tuple[float, float, float, float]:
    """Left, top, right and bottom in centimetres; four times the same where there is none."""
    left, top = _length(drawing, "x"), _length(drawing, "y")
    moved = _MOVED.search(drawing.get(f"{DRAW}transform", ""))
    if moved:
        left, top = left + _centimetres(moved[1]), top + _centimetres(moved[2])
    if drawing.get(f"{SVG}x1"):  # lines
        left, top = _length(drawing, "x1"), _length(drawing, "y1")
        return left, top, max(left, _length(drawing, "x2")), max(top, _length(drawing, "y2"))
    return left, top, left + _length(drawing, "width"), top + _length(drawing, "height")


def _is_beside(place: tuple[float, float, float, float], width: float, height: float) -> bool:
    """Whether a box lies wholly beside a slide, where nobody sees it."""
    left, top, right, bottom = place
    return right > left and bottom > top and (right <= 0 or bottom <= 0 or left >= width or top >= height)


def _length(drawing: Any, name: str) -> float:
    return _centimetres(drawing.get(f"{SVG}{name}", ""))


def _centimetres(text: str) -> float:
    match = _LENGTH.fullmatch(text.strip())
    return float(match[1]) * _UNITS[match[2]] if match else 0.0


def _is_title(frame: Any) -> bool:
    return bool(frame.get(f"{PRESENTATION}class") == "title" and frame.get(f"{PRESENTATION}placeholder") != "true")


def _is_furniture(frame: Any) -> bool:
    return frame.get(f"{PRESENTATION}class") in _FURNITURE


def _is_note(frame: Any) -> bool:
    is_text = frame.tag != f"{DRAW}page-thumbnail" and frame.get(f"{PRESENTATION}placeholder") != "true"
    return is_text and not _is_furniture(frame)
