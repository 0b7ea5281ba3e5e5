"""Slides of an OpenDocument presentation: what is on each, then what its speaker says."""

from __future__ import annotations

from typing import Any

from ragapp.reading.blocks import BlockBuilder
from ragapp.reading.odf_context import OdfContext
from ragapp.reading.odf_furniture import slide_furniture
from ragapp.reading.odf_names import DRAW, PRESENTATION, elements
from ragapp.reading.odf_text import TextReader

_FURNITURE = frozenset(("footer", "header", "date-time", "page-number"))


def is_hidden_slide(page: Any, context: OdfContext) -> bool:
    """Whether a slide is left out when the presentation is shown (20.404)."""
    style = page.get(f"{DRAW}style-name")
    return context.styles.property("drawing-page", style, f"{PRESENTATION}visibility") == "hidden"


def read_slide(page: Any, presentation: Any, context: OdfContext, furniture: set[str]) -> BlockBuilder:
    """Read one slide; ``furniture`` holds the headers and footers that were read before, and takes its own."""
    out = BlockBuilder()
    reader = TextReader(context, out)
    frames = [frame for frame in elements(page) if frame.tag != f"{PRESENTATION}notes"]
    title = next((frame for frame in frames if _is_title(frame)), None)
    if title is not None:
        out.heading(1, context.text_of(title))
    for frame in frames:
        if frame is not title and frame.get(f"{PRESENTATION}class") not in _FURNITURE:
            reader.container([frame])
    for line in slide_furniture(presentation, page, context):
        if line not in furniture:
            furniture.add(line)
            out.text(line)
    notes = page.find(f"{PRESENTATION}notes")
    said = [_notes(frame, context) for frame in elements(notes) if frame.get(f"{PRESENTATION}class") not in _FURNITURE]
    if text := "\n".join(filter(None, said)):
        out.text(f"Notes: {text}")
    for comment in context.take_comments():
        out.text(comment)
    return out


def _is_title(frame: Any) -> bool:
    return bool(frame.get(f"{PRESENTATION}class") == "title" and frame.get(f"{PRESENTATION}placeholder") != "true")


def _notes(frame: Any, context: OdfContext) -> str:
    is_text = frame.tag != f"{DRAW}page-thumbnail" and frame.get(f"{PRESENTATION}placeholder") != "true"
    return context.text_of([frame]) if is_text else ""
