"""Names of HTML's elements by what they do, and changes to a parsed tree that keep its text in place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from lxml import etree
from lxml.html import HtmlElement

HEADINGS = {f"h{level}": level for level in range(1, 7)}
LISTS = ("ul", "ol")
PARTS = ["li", "dt", "dd", "tbody", "thead", "tfoot", "tr", "td", "th"]  # of lists and tables
_SECTIONS = ["html", "body", "main", "article", "section", "header", "footer", "aside", "address", "details", "summary"]
_OTHERS = ["p", "div", "blockquote", "pre", "center", "hr", "figure", "figcaption", "form", "fieldset", "legend"]
BLOCK_TAGS = frozenset(["dl", "table"]).union(_OTHERS, HEADINGS, LISTS, PARTS, _SECTIONS)

WRITTEN = "data"  # the name of what is plain text already; HTML has it, too, and shows just its text
_MOST_STEPS = 50  # back along a line


class Elements:
    """The elements of a page as it was read, found by attribute.

    They are kept: as long as an element of Python's is, lxml makes no new one for it, which takes most of the time of
    going through a page.

    Attributes:
        all: in document order.
        by_attribute: those that have an attribute of a name, in document order.
    """

    def __init__(self, page: HtmlElement) -> None:
        self.all: list[HtmlElement] = list(page.iter(etree.Element))
        self.by_attribute: dict[str, list[HtmlElement]] = defaultdict(list)
        for element in self.all:
            for name in element.attrib:
                self.by_attribute[name].append(element)

    def having(self, name: str) -> list[HtmlElement]:
        """Those that have an attribute of a name."""
        return self.by_attribute.get(name, [])

    def drop(self, elements: Iterable[HtmlElement]) -> None:
        """Take elements out of the page, with all that is in them; the text behind each stays."""
        gone: set[HtmlElement] = set()
        for element in elements:
            if element not in gone:
                gone.update(element.iter())
                element.drop_tree()
        if gone:
            self.all = [element for element in self.all if element not in gone]
            for name, found in self.by_attribute.items():
                self.by_attribute[name] = [element for element in found if element not in gone]


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
