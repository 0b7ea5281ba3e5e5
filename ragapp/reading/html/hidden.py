"""What a page holds and does not show: hidden, struck-out and folded parts.

A folded part (an answer, a tab) is shown by a click, so it is read; a hidden one has no visible way to it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from functools import cached_property
from operator import itemgetter

from lxml.html import HtmlElement

from ragapp.reading.html.css import Styles
from ragapp.reading.html.tree import HEADINGS, Elements
from ragapp.reading.left_out import LeftOut
from ragapp.reading.text import one_line

_STRUCK = ("del", "s", "strike")
_NOTES = re.compile(r"\b(?:doc-)?(?:foot|end|rear)?notes?\b")
# what Bootstrap and its like call parts that unfold
_FOLDING = re.compile(
    r"(?:^|[\s_-])(?:accordion|collaps|tab-?pan|tab-?content|faq|expand|fold(?!er)|spoiler|toggle|disclosure)",
    re.IGNORECASE,
)
_CONTROLLING = ("aria-controls", "data-target", "data-bs-target", "data-toggle", "data-bs-toggle", "aria-expanded")
_HINT = "Show them in the browser, copy the text and index it if they should be found."
# how many of a kind are told with the heading above them
_MOST_PLACES = 6
# shorter text of a noscript element is a request to switch scripts on
_LONG_NOSCRIPT = 200

Dropped = tuple[tuple[str, str], str, HtmlElement]  # kind, place, the element that it was in


def drop_unseen(elements: Elements, styles: Styles) -> list[Dropped]:
    """Take hidden and struck-out parts out of a page; those with words in them are returned."""
    unseen = {element: ("hidden passage", "hidden passages") for element in _hidden(elements, styles)}
    unseen |= {element: ("struck-out passage", "struck-out passages") for element in _struck(elements, styles)}
    dropped: list[Dropped] = []
    headings = _Headings(elements)
    for element, kind in unseen.items():
        parent = element.getparent()
        if parent is None:
            continue
        least = _LONG_NOSCRIPT if element.tag == "noscript" else 3 if kind[0].startswith("hidden") else 1
        if sum(map(str.isalnum, element.text_content())) >= least:
            place = headings.above(element) if len(dropped) < _MOST_PLACES else ""
            dropped.append((kind, place, parent))
        if element.tag in ("td", "th"):
            for child in list(element):
                element.remove(child)
            element.text = ""  # its column stays
        else:
            element.drop_tree()
    return dropped


def tell_dropped(dropped: list[Dropped], shown: HtmlElement, left_out: LeftOut) -> None:
    """Note what was taken out of the part of the page that is read."""
    for kind, place, parent in dropped:
        if parent is shown or any(above is shown for above in parent.iterancestors()):
            left_out.add(*kind, place, hint=_HINT if kind[0].startswith("hidden") else "")


def _hidden(elements: Elements, styles: Styles) -> Iterator[HtmlElement]:
    yield from (element for element in elements.all if element.tag == "noscript")
    suspects = [*elements.having("hidden"), *filter(styles.is_hidden, styles.styled)]
    controlled = _controlled_ids(elements) if suspects else set()
    for element in suspects:
        # a page may be hidden only until a script has run
        if element.tag not in ("html", "body") and not _can_unfold(element, controlled):
            yield element


def _struck(elements: Elements, styles: Styles) -> Iterator[HtmlElement]:
    yield from (element for element in elements.all if element.tag in _STRUCK)
    for element in styles.styled:
        if styles.is_struck(element) and element.tag not in ("html", "body"):
            yield element


def _controlled_ids(elements: Elements) -> set[str]:
    """The ids of what buttons and tabs show and hide."""
    ids: set[str] = set()
    controls = {control: None for name in _CONTROLLING for control in elements.having(name)}
    controls |= {tab: None for tab in elements.having("role") if tab.get("role") == "tab"}
    for control in controls:
        for name in ("aria-controls", "data-target", "data-bs-target", "href"):
            ids.update(word.lstrip("#") for word in control.get(name, "").split())
    ids.discard("")
    return ids


def _can_unfold(element: HtmlElement, controlled: set[str]) -> bool:
    if element.get("role") in ("dialog", "alertdialog", "navigation", "menu") or element.tag in ("nav", "dialog"):
        return False
    if element.get("role") == "tabpanel" or element.get("hidden") == "until-found":
        return True
    if _NOTES.search(f"{element.get('role', '')} {element.get('epub:type', '')}"):
        return True  # shown beside the text or in a window of its own
    if element.get("id", "") in controlled or _FOLDING.search(element.get("class", "")):
        return True
    before = element.getprevious()
    return before is not None and element.tag not in ("input", "br", "img") and _unfolds(before)


def _unfolds(element: HtmlElement) -> bool:
    """Whether an element is a button that shows and hides what follows it, or holds nothing else."""
    if any(inner.get("aria-expanded") for inner in element.iter() if isinstance(inner.tag, str)):
        return True
    buttons = list(element.iter("button"))
    # the button of a form sends it
    if len(buttons) != 1 or element.tag == "form" or next(element.iterancestors("form"), None) is not None:
        return False
    return bool(one_line(element.text_content()) == one_line(buttons[0].text_content()))


class _Headings:
    """The headings of a page, found by what follows them."""

    def __init__(self, elements: Elements) -> None:
        self._elements = elements

    @cached_property
    def _places(self) -> dict[HtmlElement, int]:
        return {element: place for place, element in enumerate(self._elements.all)}

    @cached_property
    def _found(self) -> list[tuple[int, HtmlElement]]:
        return [(self._places[element], element) for element in self._elements.all if element.tag in HEADINGS]

    def above(self, element: HtmlElement) -> str:
        """The text of the last heading before an element; empty where there is none."""
        around = set(element.iterancestors())
        top = self._elements.all[0]
        count = bisect_left(self._found, self._places[element], key=itemgetter(0))
        for _, heading in reversed(self._found[:count]):
            if heading not in around and any(above is top for above in heading.iterancestors()):
                return one_line(heading.text_content())[:80]
        return ""
