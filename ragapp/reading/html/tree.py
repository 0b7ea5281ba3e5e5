"""Names of HTML's elements by what they do, and changes to a parsed tree that keep its text in place."""

from __future__ import annotations

from lxml.html import HtmlElement

HEADINGS = {f"h{level}": level for level in range(1, 7)}
LISTS = ("ul", "ol")
PARTS = ["li", "dt", "dd", "tbody", "thead", "tfoot", "tr", "td", "th"]  # of lists and tables
_SECTIONS = ["html", "body", "main", "article", "section", "header", "footer", "aside", "address", "details", "summary"]
_OTHERS = ["p", "div", "blockquote", "pre", "center", "hr", "figure", "figcaption", "form", "fieldset", "legend"]
BLOCK_TAGS = frozenset(["dl", "table"]).union(_OTHERS, HEADINGS, LISTS, PARTS, _SECTIONS)

WRITTEN = "data"  # the name of what is plain text already; HTML has it, too, and shows just its text
_MOST_STEPS = 50  # back along a line


def replace(element: HtmlElement, text: str) -> None:
    """Let text stand in place of an element."""
    for child in list(element):
        element.remove(child)
    # the element stays: to take out each of many in one paragraph takes time with the square of their number
    element.tag, element.text = WRITTEN, text


def put_behind(element: HtmlElement, text: str) -> None:
    """Put text right behind an element."""
    element.tail = text + (element.tail or "")


def text_before(element: HtmlElement) -> str:
    """Text on the same line before an element, at least its last character; empty at the start of a line."""
    for _ in range(_MOST_STEPS):
        previous = element.getprevious()
        if previous is not None:
            if previous.tail:
                return str(previous.tail)
            if previous.tag == "br" or previous.tag in BLOCK_TAGS:
                return ""
            if text := str(previous.text_content()):
                return text
            element = previous
            continue
        parent = element.getparent()
        if parent is None:
            return ""
        if parent.text or parent.tag in BLOCK_TAGS:
            return str(parent.text or "")
        element = parent
    return ""
