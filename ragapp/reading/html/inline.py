"""Parts of a line of HTML as plain text: raised and lowered text, notes, links, formulas, ruby, drawings."""

from __future__ import annotations

import re

from lxml.html import HtmlElement

from ragapp.reading.html.css import Styles
from ragapp.reading.html.mathml import math_line
from ragapp.reading.html.tree import BLOCK_TAGS, HEADINGS, WRITTEN, Elements, put_behind, replace, text_before
from ragapp.reading.links import address_beside
from ragapp.reading.scripts import lowered, raised
from ragapp.reading.text import one_line

_NOTE_ROLES = re.compile(r"\bnoteref\b|\bdoc-noteref\b")
_MARK = re.compile(r"\d{1,4}|[a-z*†‡§]{1,2}|[ivx]{1,6}", re.IGNORECASE)
_PRINTED_NOTE = re.compile(r"(?:\s*\[[^\[\]]{1,40}\])+\s*")
_STROKES = ("/", "\u2044", "\u2215")
_NO_ADDRESS_IN = ("nav", "button", "summary", *HEADINGS)
# what programs that draw formulas write beside the formula itself
_DRAWN_FORMULAS = (
    "//*[contains(@class, 'katex-html') or contains(@class, 'MathJax_Preview') or contains(@class, 'MJX_Assistive')]"
)


def flatten_inline(page: HtmlElement, elements: Elements, styles: Styles) -> None:
    """Write the parts of lines that HTML draws otherwise than as letters in a row as text."""
    _formulas(page)
    for drawing in list(page.iter("svg")):
        texts = (one_line(text.text_content()) for text in drawing.iter("text") if isinstance(text.tag, str))
        replace(drawing, f" {' '.join(texts)} ")
    for reading in page.iter("rt"):
        text = one_line(reading.text_content())
        for child in list(reading):
            reading.remove(child)
        reading.text = f"({text})" if text else ""
    for quote in page.iter("q"):
        quote.text = "“" + (quote.text or "")
        put_behind(quote, "”")
    _scripts(page, elements, styles)
    _links(page)


def _formulas(page: HtmlElement) -> None:
    formulas = list(page.iter("math", "m:math", "mml:math"))
    if formulas:
        for drawn in page.xpath(_DRAWN_FORMULAS):
            if not any(formula in drawn.iterdescendants() for formula in drawn.iter("math")):
                replace(drawn, "")
    for formula in formulas:
        replace(formula, math_line(formula))


def _scripts(page: HtmlElement, elements: Elements, styles: Styles) -> None:
    by_style = [(element, styles.script(element)) for element in styles.styled]
    for element, script in by_style:
        if script and element.tag not in BLOCK_TAGS and element.tag not in ("sup", "sub", "img", "svg", WRITTEN):
            element.tag = script
    for note in [*elements.having("role"), *elements.having("epub:type")]:
        if note.tag != "a" or not _NOTE_ROLES.search(f"{note.get('role', '')} {note.get('epub:type', '')}"):
            continue
        if next(note.iterancestors("sup"), None) is None and next(note.iter("sup"), None) is None:
            note.tag, note.attrib["role"] = "sup", "doc-noteref"
    found = list(page.iter("sup", "sub"))
    _fractions(found)
    for element in reversed(list(page.iter("sup", "sub"))):  # what is inside another comes after it
        before = element.getprevious()
        if before is not None and before.tag == element.tag and not before.tail:
            _append(before, element.text_content())  # one exponent in two pieces
            replace(element, "")
        else:
            replace(element, _script_text(element))


def _fractions(scripts: list[HtmlElement]) -> None:
    """Write a raised number, a stroke and a lowered number as 1/2."""
    for upper in scripts:
        lower = upper.getnext() if upper.tag == "sup" and (upper.tail or "").strip() in _STROKES else None
        if lower is not None and lower.tag == "sub":
            parts = [part.text_content().strip() for part in (upper, lower)]
            if all(map(str.isdecimal, parts)):
                replace(upper, f"{' ' if text_before(upper)[-1:].isalnum() else ''}{parts[0]}")
                replace(lower, parts[1])
                upper.tail = "/"


def _append(element: HtmlElement, text: str) -> None:
    if len(element):
        element[-1].tail = (element[-1].tail or "") + text
    else:
        element.text = (element.text or "") + text


def _script_text(element: HtmlElement) -> str:
    text = str(element.text_content())
    before = text_before(element)
    if element.tag == "sub":
        return lowered(text, before)
    if _PRINTED_NOTE.fullmatch(text):
        return text  # a mark in brackets of its own
    if _is_note(element) and _MARK.fullmatch(text.strip()):
        return f"{' ' if before[-1:].strip() else ''}[note {text.strip()}]"
    return raised(text, before)


def _is_note(element: HtmlElement) -> bool:
    """Whether raised text is the mark of a note: it leads to another place of the page."""
    around = element.getparent()
    links = [element, *element.iter("a")]
    if around is not None and around.tag == "a" and around.text_content().strip() == element.text_content().strip():
        links.append(around)
    # browsers that save a page write the whole address before the place in it
    return any(
        _NOTE_ROLES.search(f"{link.get('role', '')} {link.get('epub:type', '')}")
        or link.get("href", "").partition("#")[2]
        for link in links
    )


def _links(page: HtmlElement) -> None:
    """Write the address that a link leads to behind its words, unless they say it."""
    for link in page.iter("a"):
        href = link.get("href", "").strip()
        if "hreflang" in link.attrib:
            continue  # the same page in another language
        if href.startswith("#"):
            tail = link.tail or ""
            # the mark of a note, before its text
            if tail[:1].isalnum() and link.text_content().strip().isdecimal() and not text_before(link).strip():
                put_behind(link, " ")
        elif ":" in href and next(link.iterancestors(*_NO_ADDRESS_IN), None) is None:
            words = one_line(link.text_content())
            if words and (address := address_beside(href, words)):
                put_behind(link, f" ({address})")
