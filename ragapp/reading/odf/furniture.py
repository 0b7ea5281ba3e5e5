"""Headers and footers of OpenDocument files, each once: of the pages of a text, of the slides of a presentation."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from ragapp.reading.odf.context import OdfContext
from ragapp.reading.odf.names import DRAW, FO, OFFICE, PRESENTATION, STYLE, elements
from ragapp.reading.odf.styles import Styles
from ragapp.reading.text import one_line

# what is left of "Page 3 of 12" without its numbers
_ONLY_PAGES = re.compile(r"(?:(?:page|seite|pages?|p[áa]gina|p|s)?\W*(?:of|von|sur|de|d[ei])?\W*)", re.IGNORECASE)
_PARTS = ("header", "header-first", "header-left", "footer", "footer-first", "footer-left")


def page_furniture(context: OdfContext) -> tuple[list[str], list[str]]:
    """The headers, then the footers, of the pages that a text has, without those that only number the pages."""
    headers: dict[str, None] = {}
    footers: dict[str, None] = {}
    for master in _used_masters(context):
        for part in elements(master):
            name = part.tag.removeprefix(STYLE)
            if name in _PARTS and part.get(f"{STYLE}display") != "false":
                text = one_line(furniture_text(part, context))
                if not _ONLY_PAGES.fullmatch(text):
                    (headers if name.startswith("header") else footers)[text] = None
    return [f"Header: {text}" for text in headers], [f"Footer: {text}" for text in footers]


def furniture_text(element: Iterable[Any], context: OdfContext) -> str:
    """The text of an element of a master page, or of some, whose automatic styles are its own part's."""
    own, numbers = context.styles, context.is_furniture
    context.styles, context.is_furniture = Styles(context.parts.styles, context.parts.styles), True
    try:
        return context.text_of(element)
    finally:
        context.styles, context.is_furniture = own, numbers


def _masters(context: OdfContext) -> dict[str, Any]:
    """The master pages by their names."""
    styles = context.parts.styles
    masters = styles.find(f"{OFFICE}master-styles") if styles is not None else None
    return {page.get(f"{STYLE}name", ""): page for page in elements(masters) if page.tag == f"{STYLE}master-page"}


def slide_size(page: Any, context: OdfContext) -> tuple[str, str]:
    """Width and height of a slide as they are written; empty where nothing says them."""
    master = _masters(context).get(page.get(f"{DRAW}master-page-name", ""))
    if master is None:
        return "", ""
    for layout in context.parts.styles.iter(f"{STYLE}page-layout"):
        if layout.get(f"{STYLE}name") == master.get(f"{STYLE}page-layout-name"):
            looks = layout.find(f"{STYLE}page-layout-properties")
            return (
                (looks.get(f"{FO}page-width", ""), looks.get(f"{FO}page-height", "")) if looks is not None else ("", "")
            )
    return "", ""


def master_drawings(page: Any, context: OdfContext) -> list[Any]:
    """What the master page of a slide shows behind it, without places for the slide's own texts (19.402)."""
    style = page.get(f"{DRAW}style-name")
    if context.styles.property("drawing-page", style, f"{PRESENTATION}background-objects-visible") == "false":
        return []
    master = _masters(context).get(page.get(f"{DRAW}master-page-name", ""))
    return [
        drawing
        for drawing in elements(master)
        if drawing.tag.startswith(DRAW) and not drawing.get(f"{PRESENTATION}class")
    ]


def _used_masters(context: OdfContext) -> Iterable[Any]:
    styles = context.parts.styles
    if styles is None:
        return ()
    pages = _masters(context)
    named = ["Standard" if "Standard" in pages else next(iter(pages), "")]
    for root in (context.parts.content, styles):
        # an empty name is that of no page
        named += (style.get(f"{STYLE}master-page-name", "") for style in root.iter(f"{STYLE}style"))
    used: dict[str, Any] = {}
    while named:
        name = named.pop(0)
        if name in pages and name not in used:
            used[name] = pages[name]
            named.append(pages[name].get(f"{STYLE}next-style-name", ""))
    return used.values()


def slide_furniture(presentation: Any, page: Any, context: OdfContext) -> list[str]:
    """The header and the footer that a slide shows of those that the presentation declares (10.9.3)."""
    lines = []
    for kind in ("header", "footer"):
        name = page.get(f"{PRESENTATION}use-{kind}-name")
        style = page.get(f"{DRAW}style-name")
        shown = context.styles.property("drawing-page", style, f"{PRESENTATION}display-{kind}") == "true"
        for declared in presentation.iterchildren(f"{PRESENTATION}{kind}-decl") if name and shown else ():
            if declared.get(f"{PRESENTATION}name") == name and (text := one_line("".join(declared.itertext()))):
                lines.append(f"{kind.capitalize()}: {text}")
    return lines
