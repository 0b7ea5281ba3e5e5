"""Styles of a page's elements, as far as they decide what a person sees: shown, struck out, raised, numbered how.

Rules of style sheets are weighed by importance, specificity and order (W3C CSS Cascading and
Inheritance Level 4, 6); a style attribute comes before them. Inheritance, layers and animations are not followed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from lxml.html import HtmlElement

_PROPERTIES = (
    "display",
    "visibility",
    "text-decoration",
    "text-decoration-line",
    "vertical-align",
    "list-style",
    "list-style-type",
    "clip",
    "clip-path",
    "left",
    "text-indent",
)
_TELLING = re.compile("|".join(_PROPERTIES))
_DECLARATION = re.compile(rf"(?:^|;)\s*({'|'.join(sorted(_PROPERTIES, key=len, reverse=True))})\s*:\s*([^;]+)", re.I)
_COMMENT = re.compile(r"/\*.*?\*/|<!--|-->", re.DOTALL)
_STRING = re.compile(r"\"[^\"\n]*[{};][^\"\n]*\"|'[^'\n]*[{};][^'\n]*'")
_PIECE = re.compile(r"([^{};]*)([{};])")
_FEATURE = re.compile(r"\(\s*(min|max)-width\s*:\s*([\d.]+)\s*(px|r?em)\s*\)", re.IGNORECASE)
# the width of window that rules for screens are tried with, in pixels
_WINDOW = 1280
_MOST_CSS = 2_000_000  # characters
_MOST_RULES = 1000
_LONGEST_BODY = 5000  # a longer one holds a picture
# importance, specificity (ids, classes, names), order
_Weight = tuple[bool, tuple[int, int, int], int]


class Styles:
    """The styles that matter of every element of a page.

    Attributes:
        styled: elements that have any, by a rule or by an attribute.
    """

    def __init__(self, page: HtmlElement, sheets: str = "") -> None:
        """Read the page's ``<style>`` elements, after ``sheets``, the text of those that it refers to."""
        self._given: dict[HtmlElement, dict[str, tuple[_Weight, str]]] = {}
        inner = "\n".join(style.text_content() for style in page.iter("style") if _on_screen(style.get("media", "")))
        css = f"{sheets}\n{inner}"[:_MOST_CSS]
        if _TELLING.search(css):
            self._apply(page, css)
        own = (element for element in page.xpath("//*[@style]") if _declarations(element.get("style")[:_LONGEST_BODY]))
        self.styled = list(dict.fromkeys([*self._given, *own]))

    def get(self, element: HtmlElement, name: str) -> str:
        """The value of a property, in lower case; empty where none is given."""
        style = element.get("style")
        inline = _declarations(style[:_LONGEST_BODY]).get(name) if style else None
        weight, value = self._given.get(element, {}).get(name, (None, ""))
        if inline is None or (weight and weight[0] and not inline[1]):
            return value
        return inline[0]

    def is_hidden(self, element: HtmlElement) -> bool:
        """Whether it is not shown, or clipped or moved away so that only screen readers meet it."""
        if self.get(element, "display") == "none" or self.get(element, "visibility") in ("hidden", "collapse"):
            return True
        clip = self.get(element, "clip").replace(" ", "").replace(",", "").replace("px", "")
        if re.fullmatch(r"rect\(([01])\1{3}\)", clip):
            return True
        if re.fullmatch(r"inset\((?:50|100)%.*\)|circle\(0.*\)", self.get(element, "clip-path")):
            return True
        return any(re.match(r"-\d{4,}(?:px)?\b", self.get(element, name)) for name in ("left", "text-indent"))

    def is_struck(self, element: HtmlElement) -> bool:
        """Whether a line runs through its text."""
        return "line-through" in self.get(element, "text-decoration-line")

    def script(self, element: HtmlElement) -> str:
        """``sup`` or ``sub`` for what stands above or below its line, else empty."""
        align = self.get(element, "vertical-align")
        if align in ("super", "sub"):
            return "sup" if align == "super" else "sub"
        length = re.fullmatch(r"(-?)\.?\d[\d.]*(?:em|ex|pt|px|%)", align)
        # boxes are moved for looks; a mark is short
        if length and re.search("[1-9]", align) and len(element.text_content()) <= 8:
            return "sub" if length[1] else "sup"
        return ""

    def list_type(self, element: HtmlElement) -> str:
        """The kind of mark of its items, as ``list-style-type`` names it; empty where none is given."""
        words = [word for word in self.get(element, "list-style-type").split() if word not in _PLACES]
        return words[0] if words else ""

    def _apply(self, page: HtmlElement, css: str) -> None:
        from cssselect import SelectorError, parse

        from ragapp.reading.html.css_match import PageIndex

        index = PageIndex(page)
        for order, (selectors, body) in enumerate(_rules(css)):
            declared = _declarations(body[:_LONGEST_BODY])
            try:
                for selector in parse(selectors) if declared else []:
                    if not selector.pseudo_element:
                        specific = selector.specificity()
                        for element in index.found(selector):
                            self._give(element, declared, specific, order)
            except (SelectorError, ValueError, RecursionError):  # one of another kind or a damaged one
                continue

    def _give(
        self, element: HtmlElement, declared: dict[str, tuple[str, bool]], specific: tuple[int, int, int], order: int
    ) -> None:
        given = self._given.setdefault(element, {})
        for name, (value, important) in declared.items():
            weight = (important, specific, order)
            if name not in given or given[name][0] <= weight:
                given[name] = weight, value


_SHORTHANDS = {"text-decoration": "text-decoration-line", "list-style": "list-style-type"}
_PLACES = ("inside", "outside")


@lru_cache(4096)
def _declarations(body: str) -> dict[str, tuple[str, bool]]:
    """The properties that matter, and whether each is marked as important; the last of a name holds."""
    found: dict[str, tuple[str, bool]] = {}
    for match in _DECLARATION.finditer(body):
        value, _, mark = match[2].strip().lower().partition("!")
        name = match[1].lower()
        found[_SHORTHANDS.get(name, name)] = value.strip(), mark.strip() == "important"
    return found


def _rules(css: str) -> Iterator[tuple[str, str]]:
    """Selectors and declarations of the rules that hold on a screen and matter here."""
    css = _STRING.sub('""', _COMMENT.sub(" ", css))
    selectors, outside, count = "", 0, 0  # outside: how deep in blocks that do not hold
    for match in _PIECE.finditer(css):
        text, mark = match[1].strip(), match[2]
        if mark == "{":
            if outside or (text.startswith("@") and not _holds(text)):
                outside += 1
            selectors = "" if text.startswith("@") else text
            body = match.end()
        elif mark == "}":
            if outside:
                outside -= 1
            elif selectors and count < _MOST_RULES:
                declared = css[body : match.end() - 1]
                if _TELLING.search(declared):
                    count += 1
                    yield selectors, declared
            selectors = ""


def _holds(at_rule: str) -> bool:
    name, _, condition = at_rule[1:].partition(" ")
    if name.lower() == "media":
        return _on_screen(condition)
    return name.lower() in ("supports", "layer") and " not " not in f" {condition} "


def _on_screen(media: str) -> bool:
    """Whether a list of media queries holds for a window on a screen."""
    return not media.strip() or any(_query_holds(query.strip().lower()) for query in media.split(","))


def _query_holds(query: str) -> bool:
    for least, size, unit in _FEATURE.findall(query):
        width = float(size) * (1 if unit == "px" else 16) if size.count(".") <= 1 and size != "." else 0
        if (width > _WINDOW) if least == "min" else (width < _WINDOW):
            return False
    rest = _FEATURE.sub(" ", query).replace("only ", " ").split()
    return all(word in ("all", "screen", "and") for word in rest)
