"""Which elements of a page a selector means, found from its last part, by the classes and ids that the page has.

cssselect parses selectors (W3C Selectors Level 4). As XPath over a whole page a sheet of fifty rules takes ten times as
long as parsing the page.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cssselect import parser
from lxml.html import HtmlElement

# never so on a page that is only looked at
_STATES = ("hover", "focus", "active", "visited", "target", "focus-within", "focus-visible", "checked")
_MOST_STEPS = 2_000_000


class UnknownSelectorError(ValueError):
    """A selector has a part that is not known here, or the page's selectors ask for too many steps."""


class PageIndex:
    """The elements of a page by class and id."""

    def __init__(self, page: HtmlElement) -> None:
        self._page = page
        self._steps = 0
        self._classes: dict[HtmlElement, frozenset[str]] = {}
        self._by_class: dict[str, list[HtmlElement]] = {}
        self._by_id: dict[str, list[HtmlElement]] = {}
        # by identity; the tree is kept with it, so that no other takes its place
        self._contexts: dict[int, tuple[Any, frozenset[HtmlElement]]] = {}
        for element in page.xpath("//*[@class]"):
            names = self._classes[element] = frozenset(element.get("class").split())
            for name in names:
                self._by_class.setdefault(name, []).append(element)
        for element in page.xpath("//*[@id]"):
            self._by_id.setdefault(element.get("id"), []).append(element)

    def found(self, selector: parser.Selector) -> list[HtmlElement]:
        """The elements that a selector means; UnknownSelectorError where that cannot be told."""
        return self._found(selector.parsed_tree)

    def _found(self, tree: Any) -> list[HtmlElement]:
        return [element for element in self._candidates(tree) if self._matches(element, tree)]

    def _context(self, tree: Any) -> frozenset[HtmlElement]:
        """The elements that the part of a selector before its last combinator means."""
        kept = self._contexts.get(id(tree))
        if kept is None:
            kept = self._contexts[id(tree)] = tree, frozenset(self._found(tree))
        return kept[1]

    def _candidates(self, tree: Any) -> list[HtmlElement]:
        last = tree.subselector if isinstance(tree, parser.CombinedSelector) else tree
        name = None
        while not isinstance(last, parser.Element):
            if isinstance(last, parser.Class):
                return self._by_class.get(last.class_name, [])
            if isinstance(last, parser.Hash):
                return self._by_id.get(last.id, [])
            if not hasattr(last, "selector"):
                raise UnknownSelectorError(type(last).__name__)
            last = last.selector
        name = last.element
        return list(self._page.iter(name.lower())) if name else [one for one in self._page.iter() if _is_element(one)]

    def _matches(self, element: HtmlElement, tree: Any) -> bool:
        self._steps += 1
        if self._steps > _MOST_STEPS:
            raise UnknownSelectorError("too many steps")
        if isinstance(tree, parser.Element):
            return tree.element is None or tree.element.lower() == element.tag
        if isinstance(tree, parser.CombinedSelector):
            context = self._context(tree.selector)
            if not context or not self._matches(element, tree.subselector):
                return False
            return any(other in context for other in _related(element, tree.combinator))
        if not hasattr(tree, "selector"):
            raise UnknownSelectorError(type(tree).__name__)
        return self._has(element, tree) and self._matches(element, tree.selector)

    def _has(self, element: HtmlElement, part: Any) -> bool:
        """Whether an element has what one part of a selector asks for."""
        if isinstance(part, parser.Class):
            return part.class_name in self._classes.get(element, ())
        if isinstance(part, parser.Hash):
            return bool(element.get("id") == part.id)
        if isinstance(part, parser.Attrib):
            return _has_attribute(element, part)
        if isinstance(part, parser.Negation):
            return not self._matches(element, part.subselector)
        if isinstance(part, (parser.Matching, parser.SpecificityAdjustment)):
            return any(self._matches(element, one) for one in part.selector_list)
        if isinstance(part, parser.Pseudo):
            if part.ident in _STATES:
                return False
            if part.ident in ("first-child", "last-child"):
                siblings = element.itersiblings(preceding=part.ident == "first-child")
                return not any(_is_element(other) for other in siblings)
        raise UnknownSelectorError(type(part).__name__)


def _is_element(node: HtmlElement) -> bool:
    return isinstance(node.tag, str)


def _related(element: HtmlElement, combinator: str) -> Iterator[HtmlElement]:
    if combinator == " ":
        yield from element.iterancestors()
    elif combinator == ">":
        parent = element.getparent()
        if parent is not None:
            yield parent
    elif combinator in "+~":
        for other in element.itersiblings(preceding=True):
            yield other
            if combinator == "+":
                return
    else:
        raise UnknownSelectorError(combinator)


def _has_attribute(element: HtmlElement, part: parser.Attrib) -> bool:
    found = element.get(part.attrib.lower())
    if found is None or part.operator == "exists":
        return found is not None
    value = str(found)
    wanted = str(getattr(part.value, "value", part.value) or "")
    tests = {
        "=": value == wanted,
        "~=": wanted in value.split(),
        "^=": bool(wanted) and value.startswith(wanted),
        "$=": bool(wanted) and value.endswith(wanted),
        "*=": bool(wanted) and wanted in value,
        "|=": value == wanted or value.startswith(f"{wanted}-"),
    }
    if part.operator not in tests:
        raise UnknownSelectorError(part.operator)
    return tests[part.operator]
