"""HTML: the main content of a page as headings, paragraphs, lists and tables."""

from __future__ import annotations

import re
from pathlib import Path

from lxml import etree
from lxml.html import HtmlElement, HTMLParser, document_fromstring

from ragapp.reading.blocks import BlockBuilder, section_units
from ragapp.reading.document import DEFAULT_OPTIONS, Document, ReadOptions
from ragapp.reading.tables import spread_cells
from ragapp.reading.text import decode, one_line, read_bytes, whole_number

_DECLARED = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)
_CONTROLS = ["button", "select", "option", "input", "textarea", "dialog"]
_OTHER_MEDIA = ["svg", "canvas", "iframe", "object", "annotation", "rp"]
_DROPPED = frozenset(["script", "style", "nav", "template", "noscript", "head", *_OTHER_MEDIA, *_CONTROLS])
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
# what may be hidden by an attribute, and the mark that documentation generators put behind each heading
_SUSPECTS = "//*[@hidden or @style or @aria-hidden='true' or @role='navigation' or @class='headerlink']"
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_LISTS = ("ul", "ol")
_PARTS = ["li", "dt", "dd", "tbody", "thead", "tfoot", "tr", "td", "th"]  # of lists and tables
_SECTIONS = ["html", "body", "main", "article", "section", "header", "footer", "aside", "address", "details", "summary"]
_OTHERS = ["p", "div", "blockquote", "pre", "center", "hr", "figure", "figcaption", "form", "fieldset", "legend"]
_BLOCK_TAGS = frozenset(["dl", "table"]).union(_OTHERS, _HEADINGS, _LISTS, _PARTS, _SECTIONS)
_BLANKS = re.compile(r"\s+")
_SPACES = re.compile("  +")
_MAX_DEPTH = 100  # beyond this, elements are read as flat text, well before Python's recursion ends
_MAX_LIST_DEPTH = 30
# the parser gives up at 2048 open elements; those that it closes by itself are not counted here, so it may be fewer
_MAX_OPEN = 400
_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]*)[^<>]*>")
# elements without content, and those that the next one like them closes
_VOID = ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"]
_NEVER_OPEN = frozenset(["p", "option"]).union(_VOID, _PARTS)


def read_html(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """Read the main content of an HTML page; a long one is cut into its sections."""
    text, notes = decode_markup(read_bytes(path))
    out = BlockBuilder()
    title = add_html(out, text)
    return Document(title or out.title or path.stem, section_units(out), warnings=notes)


def decode_markup(data: bytes) -> tuple[str, list[str]]:
    """:func:`decode` with the encoding that HTML or XML declares."""
    declared = _DECLARED.search(data[:4096])
    return decode(data, declared[1].decode("ascii") if declared else "")


def add_html(out: BlockBuilder, html: str) -> str:
    """Add the main content of a page, or of a part of one, however malformed; its title, which may be empty."""
    page = _parsed(html.replace("\x00", ""))
    if page is None:
        return ""
    title = next((one_line(element.text_content()) for element in page.iter("title")), "")
    _drop_hidden(page)
    walker = _HtmlWalker(out)
    walker.walk(_main_content(page), 0)
    walker.flush()
    return title


def _parsed(html: str) -> HtmlElement | None:
    # huge_tree lifts the limit on the length of one text; the limit on the depth stays, eight times as deep
    limits = {"huge_tree": True, "no_network": True, "default_doctype": False}
    parser = HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, **limits)
    try:
        page = document_fromstring(html.encode("utf-8", "replace"), parser=parser)
        if any("depth" in entry.message for entry in parser.error_log):
            page = document_fromstring(_flattened(html).encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError):  # nothing in it
        return None
    return page


def _flattened(html: str) -> str:
    """The markup without the tags that are nested too deep; their text stays."""
    depth = 0

    def kept(match: re.Match[str]) -> str:
        nonlocal depth
        if match[2].lower() in _NEVER_OPEN:
            return match[0] if depth < _MAX_OPEN else " "
        depth += -1 if match[1] else 1
        return match[0] if depth + bool(match[1]) <= _MAX_OPEN else " "

    return _TAG.sub(kept, html)


def _drop_hidden(page: HtmlElement) -> None:
    hidden = [element for element in page.iter(*_DROPPED)]
    hidden += [element for element in page.xpath(_SUSPECTS) if _is_hidden(element)]
    for element in hidden:
        if element.getparent() is not None:
            element.drop_tree()


def _is_hidden(element: HtmlElement) -> bool:
    if element.tag in ("html", "body"):
        return False  # hidden only until a script has run
    others = ("hidden" in element.attrib, element.get("aria-hidden") == "true", element.get("role") == "navigation")
    return any(others) or element.get("class") == "headerlink" or bool(_HIDDEN_STYLE.search(element.get("style", "")))


def _main_content(page: HtmlElement) -> HtmlElement:
    body = page.find("body")
    whole = body if body is not None else page
    articles = page.findall(".//article")
    found = [*page.iter("main"), *page.xpath("//*[@role='main']"), *(articles if len(articles) == 1 else [])]
    # pages exist whose <main> holds next to nothing
    return found[0] if found and 4 * len(found[0].text_content()) > len(whole.text_content()) else whole


class _HtmlWalker:
    """Adds elements to ``out`` in document order."""

    def __init__(self, out: BlockBuilder) -> None:
        self._out = out
        self._inline: list[str] = []

    def flush(self) -> None:
        """End the paragraph."""
        self._out.text(_inline_text("".join(self._inline)))
        self._inline = []

    def walk(self, element: HtmlElement, depth: int) -> None:
        self._text(element.text)
        for child in element:
            if child.tag == "br":
                self._inline.append("\n")
            elif child.tag in _BLOCK_TAGS:
                self.flush()
                self._block(child, depth + 1)
                self.flush()
            elif depth < _MAX_DEPTH:
                self.walk(child, depth + 1)
            else:
                self._inline.append(_flat(child))
            self._text(child.tail)

    def _text(self, text: str | None) -> None:
        if text:
            self._inline.append(_BLANKS.sub(" ", text))

    def _block(self, element: HtmlElement, depth: int) -> None:
        name = element.tag
        if name in _HEADINGS:
            self._out.heading(_HEADINGS[name], _flat(element))
        elif name == "pre":
            self._out.text(_flat(element))
        elif name == "table" and not _is_layout(element):
            for caption in element.iterchildren("caption"):
                self._out.text(_flat(caption))
            self._out.table(_table_rows(element))
        elif name in _LISTS and next(element.iter("table", *_HEADINGS), None) is None:
            self._out.text("\n".join(_list_lines(element, 0)))
        elif depth < _MAX_DEPTH:
            self.walk(element, depth)
        else:
            self._out.text(_flat(element))


def _inline_text(text: str) -> str:
    return "\n".join(line.strip() for line in _SPACES.sub(" ", text).split("\n"))


def _flat(element: HtmlElement) -> str:
    """The text of an element, one line a block; preformatted text keeps its lines and spaces."""
    parts: list[str] = []
    kept: list[str] = []
    preformatted = 0

    for event, node in etree.iterwalk(element, events=("start", "end")):
        starts = event == "start"
        if node is not element and (node.tag in _BLOCK_TAGS or (starts and node.tag == "br")):
            parts.append("\n")
        if node.tag == "pre":
            preformatted += 1 if starts else -1
        text = node.text if starts else node.tail
        if not text or not (starts or node is not element):
            continue
        if preformatted:
            parts.append(f"\x00{len(kept)}\x00")  # stands for the text while spaces around it are collapsed
            kept.append(text)
        else:
            parts.append(_BLANKS.sub(" ", text))
    lines = [line for line in _inline_text("".join(parts)).split("\n") if line]
    return re.sub("\x00(\\d+)\x00", lambda match: kept[int(match[1])], "\n".join(lines)).strip("\n")


def _is_layout(table: HtmlElement) -> bool:
    """Whether a table is there for layout: it holds other tables and has no header of its own."""
    nested = next(table.iterdescendants("table"), None) is not None
    return nested and not any(_belongs(header, table) for header in table.iter("th"))


def _belongs(part: HtmlElement, table: HtmlElement) -> bool:
    return next(part.iterancestors("table"), None) is table


def _table_rows(table: HtmlElement) -> list[list[str]]:
    return spread_cells(
        [(_flat(cell), _span(cell, "rowspan"), _span(cell, "colspan")) for cell in row.iterchildren("td", "th")]
        for row in table.iter("tr")
        if _belongs(row, table)
    )


def _span(element: HtmlElement, name: str) -> int:
    return whole_number(element.get(name, "").strip(), 1, digits=5)


def _list_lines(element: HtmlElement, depth: int) -> list[str]:
    if depth >= _MAX_LIST_DEPTH:
        return _flat(element).split("\n")
    lines: list[str] = []
    number = _span(element, "start")
    for item in element.iterchildren("li", *_LISTS):
        if item.tag in _LISTS:
            lines += ["  " + line for line in _list_lines(item, depth + 1)]
            continue
        mark = f"{number}. " if element.tag == "ol" else "- "
        number += 1
        nested = [inner for inner in item.iter(*_LISTS) if next(inner.iterancestors(*_LISTS)) is element]
        for inner in nested:
            inner.drop_tree()
        if text := _flat(item):
            lines += [(" " * len(mark) if row else mark) + line for row, line in enumerate(text.split("\n"))]
        for inner in nested:
            lines += ["  " + line for line in _list_lines(inner, depth + 1)]
    return lines
