"""Which elements of a page a selector means, found from its last part, by the classes and ids that the page has.

cssselect parses selectors (W3C Selectors Level 4). As XPath over a whole page a sheet of fifty rules takes ten times as
long as parsing the page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Set
from functools import cached_property, lru_cache
from typing import Any

from cssselect import SelectorError, parse, parser
from lxml.html import HtmlElement

from ragapp.reading.html.tree import Elements

# never so on a page that is only looked at
_STATES = ("hover", "focus", "active", "visited", "target", "focus-within", "focus-visible", "checked")
_MOST_STEPS = 2_000_000
# one selector of a list of them
_SELECTOR = re.compile(r"(?:\([^()]*\)|\[[^\[\]]*\]|[^,()\[\]])+")
_IN_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_NAME = re.compile(r"[.#][\w-]+")
# a selector with one of these in it means no element of the page
_NEVER = re.compile(rf"::|:(?:before|after|first-line|first-letter|{'|'.join(_STATES)})(?![\w-])")


class UnknownSelectorError(ValueError):
    """A selector has a part that is not known here, or the page's selectors ask for too many steps."""


class PageIndex:
    """The elements of a page by class and id."""

    def __init__(self, elements: Elements) -> None:
        self._all = elements.all
        self._steps = 0
        self._classes: dict[HtmlElement, frozenset[str]] = {}
        self._by_class: dict[str, list[HtmlElement]] = {}
        self._by_id: dict[str, list[HtmlElement]] = {}
        # by identity; the tree is kept with it, so that no other takes its place
        self._contexts: dict[int, tuple[Any, frozenset[HtmlElement]]] = {}
        self._below: dict[int, dict[HtmlElement, bool]] = {}
        alike: dict[str, list[HtmlElement]] = {}
        for element in elements.having("class"):
            alike.setdefault(element.get("class"), []).append(element)
        for given, those in alike.items():
            names = frozenset(given.split())
            self._classes.update(dict.fromkeys(those, names))
            for name in names:
                self._by_class.setdefault(name, []).extend(those)
        for element in elements.having("id"):
            self._by_id.setdefault(element.get("id"), []).append(element)

    def found(
        self, selectors: str, among: Set[HtmlElement] | None = None
    ) -> Iterator[tuple[list[HtmlElement], tuple[int, int, int]]]:
        """The elements that each of a list of selectors means, and its specificity; only those ``among`` some.

        A selector that is damaged, or of a kind that is not known here, means none.
        """
        for text in _SELECTOR.findall(selectors):
            plain = _IN_BRACKETS.sub("", text)
            if _NEVER.search(plain) or ("\\" not in plain and not self._has_names(plain)):
                continue
            try:
                selector = _parsed(text)
                found = [*self._found(selector.parsed_tree, among)] if selector else []
            except (UnknownSelectorError, RecursionError):
                continue
            if selector and found:
                yield found, selector.specificity()

    def _has_names(self, selector: str) -> bool:
        """Whether the page has all classes and ids that a selector names."""
        return all(name[1:] in (self._by_class if name[0] == "." else self._by_id) for name in _NAME.findall(selector))

    def _found(self, tree: Any, among: Set[HtmlElement] | None = None) -> Iterator[HtmlElement]:
        for element in self._candidates(tree):
            if (among is None or element in among) and self._matches(element, tree):
                yield element

    def _context(self, tree: Any) -> frozenset[HtmlElement]:
        """The elements that the part of a selector before its last combinator means."""
        kept = self._contexts.get(id(tree))
        if kept is None:
            kept = self._contexts[id(tree)] = tree, frozenset(self._found(tree))
        return kept[1]

    def _is_below(self, element: HtmlElement, tree: Any, context: frozenset[HtmlElement]) -> bool:
        """Whether an element lies in one of the context; what is learnt of those above it is kept."""
        known = self._below.setdefault(id(tree), {})
        passed: list[HtmlElement] = []
        below, above = False, element
        while above is not None:
            if above in known:
                below = known[above]
                break
            passed.append(above)
            above = above.getparent()
            if above in context:
                below = True
                break
        known.update(dict.fromkeys(passed, below))
        return below

    def _candidates(self, tree: Any) -> Iterable[HtmlElement]:
        last = tree.subselector if isinstance(tree, parser.CombinedSelector) else tree
        while not isinstance(last, parser.Element):
            if isinstance(last, parser.Class):
                return self._by_class.get(last.class_name, [])
            if isinstance(last, parser.Hash):
                return self._by_id.get(last.id, [])
            if not hasattr(last, "selector"):
                raise UnknownSelectorError(type(last).__name__)
            last = last.selector
        return self._by_name.get(last.element.lower(), []) if last.element else self._all

    @cached_property
    def _by_name(self) -> dict[str, list[HtmlElement]]:
        found: dict[str, list[HtmlElement]] = {}
        for element in self._all:
            found.setdefault(element.tag, []).append(element)
        return found

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
            if tree.combinator == " ":
                return self._is_below(element, tree.selector, context)
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


@lru_cache(4096)
def _parsed(text: str) -> parser.Selector | None:
    """One selector; None for a damaged one, and for one of a part that is no element."""
    try:
        selectors = parse(text)
    except (SelectorError, ValueError, RecursionError):
        return None
    return selectors[0] if len(selectors) == 1 and not selectors[0].pseudo_element else None


def _is_element(node: HtmlElement) -> bool:
    return isinstance(node.tag, str)


def _related(element: HtmlElement, combinator: str) -> Iterator[HtmlElement]:
    if combinator == ">":
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
