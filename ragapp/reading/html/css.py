"""Styles of a page's elements, as far as they decide what a person sees: shown, struck out, raised, numbered how.

Rules of style sheets are weighed by importance, specificity and order (W3C CSS Cascading and
Inheritance Level 4, 6); a style attribute comes before them. Inheritance, layers and animations are not followed.
"""

from __future__ import annotations

import re
from collections.abc import Set
from functools import lru_cache
from typing import TYPE_CHECKING

from lxml import etree
from lxml.html import HtmlElement

from ragapp.reading.html.tree import Elements

if TYPE_CHECKING:
    from ragapp.reading.html.css_match import PageIndex

_LENGTH = r"-?\.?\d[\d.]*(?:em|ex|pt|px|%)"
# the properties that are looked at, and which of their values decide what a person sees; others only undo these
_DECIDING = {
    "display": "none",
    "visibility": "hidden|collapse",
    "text-decoration-line": ".*line-through.*",
    "vertical-align": rf"super|sub|(?=.*[1-9]){_LENGTH}",
    "list-style-type": ".+",
    "clip": r"rect\(\s*([01])(?:px)?(?:[\s,]+\1(?:px)?){3}\s*\)",
    "clip-path": r"inset\((?:50|100)%.*\)|circle\(0.*\)",
    "left": r"-\d{4,}(?:px)?\b.*",
    "text-indent": r"-\d{4,}(?:px)?\b.*",
}
_SHORTHANDS = {"text-decoration": "text-decoration-line", "list-style": "list-style-type"}
_DECIDES = {name: re.compile(values, re.DOTALL) for name, values in _DECIDING.items()}
_PROPERTIES = sorted([*_DECIDING, *_SHORTHANDS], key=len, reverse=True)
_TELLING = re.compile("|".join(_PROPERTIES), re.IGNORECASE)
_DECLARATION = re.compile(rf"(?:^|;)\s*({'|'.join(_PROPERTIES)})\s*:\s*([^;]+)", re.IGNORECASE)
_ZERO = r"\s*:\s*0(?:\.0+)?(?:px|pt|r?em|%)?\s*(?:!important\s*)?(?:;|$)"
_NO_HEIGHT = re.compile(rf"(?:^|[\s;])(?:max-)?height{_ZERO}", re.IGNORECASE)
_NO_SIZE = re.compile(rf"(?:^|[\s;])font-size{_ZERO}", re.IGNORECASE)
_CUT_OFF = re.compile(r"(?:^|[\s;])overflow\s*:\s*hidden", re.IGNORECASE)
_PLAIN_MARKS = re.compile(r"(?:none|disc|circle|square|inside|outside|inherit|initial|\s)+")
_COMMENT = re.compile(r"/\*.*?\*/|<!--|-->", re.DOTALL)
# all of them are matched, so that the end of one is never taken for the start of another
_STRING = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'")
_PIECE = re.compile(r"([^{};]*)([{};])")
_FEATURE = re.compile(r"\(\s*(min|max)-width\s*:\s*([\d.]+)\s*(px|r?em)\s*\)", re.IGNORECASE)
# the width of window that rules for screens are tried with, in pixels
_WINDOW = 1280
_MOST_CSS = 2_000_000  # characters
_MOST_RULES = 2000
_LONGEST_BODY = 5000  # a longer one holds a picture
# importance, specificity (ids, classes, names), order
_Weight = tuple[bool, tuple[int, int, int], int]
_Declared = dict[str, tuple[str, bool]]  # value, and whether it is marked as important


class Styles:
    """The styles that matter of every element of a page.

    Attributes:
        styled: elements that have any, by a rule or by an attribute.
    """

    def __init__(self, elements: Elements, css: str) -> None:
        """Find what the rules of style sheets and the ``style`` attributes say about elements."""
        self._given: dict[HtmlElement, dict[str, tuple[_Weight, str]]] = {}
        self._own: dict[HtmlElement, _Declared] = {}
        self._squeezed: set[HtmlElement] = set()
        for element in elements.having("style"):
            if declared := _declarations(element.get("style")[:_LONGEST_BODY]):
                self._own[element] = declared
            if _squeezed(element):
                self._squeezed.add(element)
        if _TELLING.search(css):
            self._apply(elements, css[:_MOST_CSS])
        self.styled = list(dict.fromkeys([*self._given, *self._own, *self._squeezed]))

    def get(self, element: HtmlElement, name: str) -> str:
        """The value of a property, in lower case; empty where none is given."""
        inline = self._own.get(element, {}).get(name)
        weight, value = self._given.get(element, {}).get(name, (None, ""))
        if inline is None or (weight and weight[0] and not inline[1]):
            return value
        return inline[0]

    def is_hidden(self, element: HtmlElement) -> bool:
        """Whether it is not shown, or clipped or moved away so that only screen readers meet it."""
        return element in self._squeezed or any(_decides(name, self.get(element, name)) for name in _HIDING)

    def is_struck(self, element: HtmlElement) -> bool:
        """Whether a line runs through its text."""
        return "line-through" in self.get(element, "text-decoration-line")

    def script(self, element: HtmlElement) -> str:
        """``sup`` or ``sub`` for what stands above or below its line, else empty."""
        align = self.get(element, "vertical-align")
        if align in ("super", "sub"):
            return "sup" if align == "super" else "sub"
        # boxes are moved for looks; a mark is short
        if _decides("vertical-align", align) and len(element.text_content()) <= 8:
            return "sub" if align.startswith("-") else "sup"
        return ""

    def list_type(self, element: HtmlElement) -> str:
        """The kind of mark of its items, as ``list-style-type`` names it; empty where none is given."""
        words = [word for word in self.get(element, "list-style-type").split() if word not in _PLACES]
        return words[0] if words else ""

    def _apply(self, elements: Elements, css: str) -> None:
        from ragapp.reading.html.css_match import PageIndex

        numbered = any(element.tag == "ol" for element in elements.all)
        rules = [(order, *rule) for order, rule in enumerate(_rules(css))]
        deciding = [rule for rule in rules if _deciding(rule[2], numbered)]
        own = {element for element, declared in self._own.items() if _deciding(declared, numbered)}
        if not deciding and not own:
            return
        names = {name for _, _, declared in deciding for name in _deciding(declared, numbered)}
        names.update(name for element in own for name in self._own[element])
        index = PageIndex(elements)
        self._match(index, deciding[:_MOST_RULES], None)
        # the other rules matter only where they undo something
        undoing = [rule for rule in rules if not names.isdisjoint(rule[2]) and not _deciding(rule[2], numbered)]
        self._match(index, undoing, {*self._given, *own})

    def _match(self, index: PageIndex, rules: list[tuple[int, str, _Declared]], among: Set[HtmlElement] | None) -> None:
        for order, selectors, declared in rules:
            for found, specific in index.found(selectors, among):
                for element in found:
                    self._give(element, declared, specific, order)

    def _give(self, element: HtmlElement, declared: _Declared, specific: tuple[int, int, int], order: int) -> None:
        given = self._given.setdefault(element, {})
        for name, (value, important) in declared.items():
            weight = (important, specific, order)
            if name not in given or given[name][0] <= weight:
                given[name] = weight, value


def written_styles(page: HtmlElement) -> str:
    """The text of the page's ``<style>`` elements that hold on a screen."""
    return "\n".join(style.text_content() for style in page.iter("style") if on_screen(style.get("media", "")))


_HIDING = ("display", "visibility", "clip", "clip-path", "left", "text-indent")
_PLACES = ("inside", "outside")


def _squeezed(element: HtmlElement) -> bool:
    """Whether its own style leaves no room for its text, as mails do it with the line that a list of mails shows."""
    style = element.get("style")[:_LONGEST_BODY]
    if _NO_HEIGHT.search(style) and _CUT_OFF.search(style):
        return True
    return bool(_NO_SIZE.search(style)) and not any(
        "font" in inner.get("style", "") for inner in element.iterdescendants(etree.Element)
    )


def _decides(name: str, value: str) -> bool:
    return bool(value) and _DECIDES[name].fullmatch(value) is not None


def _deciding(declared: _Declared, numbered: bool) -> list[str]:
    """The properties of a rule that decide what is seen; ``numbered`` says that the page has numbered lists."""
    return [
        name
        for name, (value, _) in declared.items()
        if _decides(name, value) and (numbered or name != "list-style-type" or not _PLAIN_MARKS.fullmatch(value))
    ]


@lru_cache(4096)
def _declarations(body: str) -> _Declared:
    """The properties that matter, and whether each is marked as important; the last of a name holds."""
    found: _Declared = {}
    for match in _DECLARATION.finditer(body):
        value, _, mark = match[2].strip().lower().partition("!")
        name = match[1].lower()
        found[_SHORTHANDS.get(name, name)] = value.strip(), mark.strip() == "important"
    return found


@lru_cache(2)
def _rules(css: str) -> list[tuple[str, _Declared]]:
    """Selectors and declarations of the rules that hold on a screen and matter here."""
    css = _STRING.sub(lambda text: '""' if re.search("[{};]", text[0]) else text[0], _COMMENT.sub(" ", css))
    rules: list[tuple[str, _Declared]] = []
    selectors, outside, body = "", 0, 0  # outside: how deep in blocks that do not hold
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
            elif selectors:
                declared = css[body : min(match.end() - 1, body + _LONGEST_BODY)]
                if _TELLING.search(declared) and (found := _declarations(declared)):
                    rules.append((selectors, found))
            selectors = ""
    return rules


def _holds(at_rule: str) -> bool:
    name, _, condition = at_rule[1:].partition(" ")
    if name.lower() == "media":
        return on_screen(condition)
    return name.lower() in ("supports", "layer") and " not " not in f" {condition} "


def on_screen(media: str) -> bool:
    """Whether a list of media queries holds for a window on a screen."""
    return not media.strip() or any(_query_holds(query.strip().lower()) for query in media.split(","))


def _query_holds(query: str) -> bool:
    for least, size, unit in _FEATURE.findall(query):
        width = float(size) * (1 if unit == "px" else 16) if size.count(".") <= 1 and size != "." else 0
        if (width > _WINDOW) if least == "min" else (width < _WINDOW):
            return False
    rest = _FEATURE.sub(" ", query).replace("only ", " ").split()
    return all(word in ("all", "screen", "and") for word in rest)
