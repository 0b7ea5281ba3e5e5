"""Lists of HTML as lines, with the numbers and letters that a browser gives their items (HTML Standard, 4.4.5)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lxml.html import HtmlElement

from ragapp.reading.html.css import Styles
from ragapp.reading.html.tree import LISTS
from ragapp.reading.numerals import NumeralStyle, numeral
from ragapp.reading.text import whole_number

_MAX_DEPTH = 30
_TYPES: dict[str, NumeralStyle] = {
    "1": "decimal",
    "a": "lower-letter",
    "A": "upper-letter",
    "i": "lower-roman",
    "I": "upper-roman",
}
_STYLES: dict[str, NumeralStyle] = {
    "decimal": "decimal",
    "decimal-leading-zero": "decimal-zero",
    "lower-alpha": "lower-letter",
    "lower-latin": "lower-letter",
    "upper-alpha": "upper-letter",
    "upper-latin": "upper-letter",
    "lower-roman": "lower-roman",
    "upper-roman": "upper-roman",
}
_BULLETS = ("disc", "circle", "square", "none", "disclosure-open", "disclosure-closed")


def item_marks(items: HtmlElement, styles: Styles) -> Iterator[tuple[HtmlElement, str]]:
    """The items of a list, and the lists that stand directly in it, each with its mark (``3. ``, ``- ``)."""
    children = list(items.iterchildren("li", *LISTS))
    numbered = items.tag == "ol"
    count = sum(child.tag == "li" for child in children)
    downwards = numbered and "reversed" in items.attrib
    number = _number(items.get("start"), count if downwards else 1)
    own = styles.list_type(items) or items.get("type", "")
    for child in children:
        if child.tag != "li":
            yield child, ""
            continue
        number = _number(child.get("value"), number) if numbered else number
        kind = styles.list_type(child) or child.get("type", "") or own
        yield child, _mark(number, kind, numbered)
        number += -1 if downwards else 1


def list_lines(items: HtmlElement, styles: Styles, flat: Callable[[HtmlElement], str], depth: int = 0) -> list[str]:
    """The lines of a list, those of lists inside it indented; ``flat`` gives the text of an element in lines."""
    if depth >= _MAX_DEPTH:
        return flat(items).split("\n")
    lines: list[str] = []
    for item, mark in item_marks(items, styles):
        if item.tag in LISTS:
            lines += ["  " + line for line in list_lines(item, styles, flat, depth + 1)]
            continue
        nested = [inner for inner in item.iter(*LISTS) if next(inner.iterancestors(*LISTS)) is items]
        for inner in nested:
            inner.drop_tree()
        if text := flat(item):
            boxed = mark == "- " and text[:1] in "☐☒"
            mark = "" if boxed else mark
            lines += [(" " * len(mark) if row else mark) + line for row, line in enumerate(text.split("\n"))]
        for inner in nested:
            lines += ["  " + line for line in list_lines(inner, styles, flat, depth + 1)]
    return lines


def _number(text: str | None, otherwise: int) -> int:
    text = (text or "").strip()
    sign = -1 if text.startswith("-") else 1
    found = whole_number(text.removeprefix("-"), -1)
    return otherwise if found < 0 else sign * found


def _mark(number: int, kind: str, numbered: bool) -> str:
    if kind in _BULLETS or not (numbered or kind in _STYLES):
        return "- "
    style = _TYPES.get(kind) or _STYLES.get(kind, "decimal")
    return f"{numeral(number, style, repeat_letters=False)}. "
