"""HTML: the main content of a page as headings, paragraphs, lists and tables."""

from __future__ import annotations

import re
from pathlib import Path

from lxml import etree
from lxml.html import HtmlElement, HTMLParser, document_fromstring

from ragapp.reading.blocks import BlockBuilder, section_units
from ragapp.reading.document import DEFAULT_OPTIONS, Document, ReadOptions
from ragapp.reading.html.css import Styles, written_styles
from ragapp.reading.html.forms import fill_in_forms
from ragapp.reading.html.hidden import drop_unseen, tell_dropped
from ragapp.reading.html.inline import flatten_inline
from ragapp.reading.html.lists import item_marks, list_lines
from ragapp.reading.html.tables import is_layout, table_rows
from ragapp.reading.html.tree import BLOCK_TAGS, HEADINGS, LISTS, PARTS, Elements, replace
from ragapp.reading.left_out import LeftOut
from ragapp.reading.text import decode, one_line, read_bytes

_DECLARED = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)
_DROPPED = frozenset(["script", "style", "nav", "template", "head", "dialog", "canvas", "audio", "video", "rp"])
_BLANKS = re.compile(r"\s+")
_SPACES = re.compile("  +")
_MAX_DEPTH = 100  # beyond this, elements are read as flat text, well before Python's recursion ends
# the parser gives up at 2048 open elements; those that it closes by itself are not counted here, so it may be fewer
_MAX_OPEN = 400
_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]*)[^<>]*>")
# elements without content, and those that the next one like them closes
_VOID = ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"]
_NEVER_OPEN = frozenset(["p", "option"]).union(_VOID, PARTS)
_MOST_FRAMES = 50
# a picture in the page itself of fewer characters is an icon
_LARGE_PICTURE = 8000


def read_html(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """Read the main content of an HTML page; a long one is cut into its sections."""
    text, notes = decode_markup(read_bytes(path))
    out, left_out = BlockBuilder(), LeftOut()
    title = add_html(out, text, left_out)
    return Document(title or out.title or path.stem, section_units(out), warnings=notes + left_out.warnings())


def decode_markup(data: bytes) -> tuple[str, list[str]]:
    """:func:`decode` with the encoding that HTML or XML declares."""
    declared = _DECLARED.search(data[:4096])
    return decode(data, declared[1].decode("ascii") if declared else "")


def add_html(out: BlockBuilder, html: str, left_out: LeftOut | None = None, sheets: str = "") -> str:
    """Add the main content of a page, or of a part of one, however malformed; its title, which may be empty.

    What a browser does not show is not added, but noted in ``left_out``. ``sheets`` is the text of style sheets that
    the page refers to.
    """
    page = _parsed(html.replace("\x00", ""))
    if page is None:
        return ""
    left_out = LeftOut() if left_out is None else left_out
    title = next((one_line(element.text_content()) for element in page.iter("title")), "")
    _add_frames(page)
    css = f"{sheets}\n{written_styles(page)}"
    for element in list(page.iter(*_DROPPED)):
        if element.getparent() is not None:
            element.drop_tree()
    elements = Elements(page)
    elements.drop(_asides(elements))
    styles = Styles(elements, css)
    dropped = drop_unseen(elements, styles)
    shown = _main_content(page)
    tell_dropped(dropped, shown, left_out)
    _tell_embedded(shown, left_out)
    fill_in_forms(page, elements)
    flatten_inline(page, elements, styles)
    walker = _HtmlWalker(out, styles)
    walker.walk(shown, 0)
    walker.flush()
    return title


def _asides(elements: Elements) -> list[HtmlElement]:
    """Navigation, and the marks that documentation generators put behind each heading."""
    found = [element for element in elements.having("role") if element.get("role") == "navigation"]
    return found + [element for element in elements.having("class") if element.get("class") == "headerlink"]


def _add_frames(page: HtmlElement) -> None:
    """Put the pages that frames carry in an attribute in their place."""
    for frame in list(page.iter("iframe"))[:_MOST_FRAMES]:
        inner = _parsed(frame.get("srcdoc", "").replace("\x00", ""))
        if inner is not None:
            for child in list(frame):
                frame.remove(child)
            frame.tag, frame.text = "div", None
            frame.extend([*inner.iter("style"), *inner.iter("body")])
            for body in frame.iter("body"):
                body.tag = "div"


def _tell_embedded(shown: HtmlElement, left_out: LeftOut) -> None:
    """Note frames, embedded files and large pictures, and take out what stands for them in old browsers."""
    for frame in list(shown.iter("iframe", "frame", "embed", "object")):
        source = frame.get("src") or frame.get("data") or frame.get("srcdoc") or ""
        if source and not source.startswith(("about:", "javascript:")) and frame.get("width") not in ("0", "1"):
            left_out.add("embedded document", "embedded documents", hint="Save what they show as files of their own.")
        if frame.tag == "iframe":
            replace(frame, " ")
    for picture in shown.iter("img"):
        source = picture.get("src", "")
        if source.startswith("data:image/") and len(source) >= _LARGE_PICTURE:
            left_out.add("picture", "pictures", hint="If there is text in them, save them as files of their own.")


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


def _main_content(page: HtmlElement) -> HtmlElement:
    body = page.find("body")
    whole = body if body is not None else page
    articles = page.findall(".//article")
    found = [*page.iter("main"), *page.xpath("//*[@role='main']"), *(articles if len(articles) == 1 else [])]
    # pages exist whose <main> holds next to nothing
    return found[0] if found and 4 * len(found[0].text_content()) > len(whole.text_content()) else whole


class _HtmlWalker:
    """Adds elements to ``out`` in document order."""

    def __init__(self, out: BlockBuilder, styles: Styles) -> None:
        self._out = out
        self._styles = styles
        self._inline: list[str] = []
        self._mark = ""  # of the list item that begins here

    def flush(self) -> None:
        """End the paragraph."""
        text = _inline_text("".join(self._inline))
        self._inline = []
        if text.strip():
            self._out.text(self._marked(text))

    def walk(self, element: HtmlElement, depth: int) -> None:
        self._text(element.text)
        marks = dict(item_marks(element, self._styles)) if element.tag in LISTS else {}
        for child in element:
            if child.tag == "br":
                self._inline.append("\n")
            elif child.tag in BLOCK_TAGS:
                self.flush()
                if child in marks:
                    self._mark = marks[child].replace("- ", "")
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

    def _marked(self, text: str) -> str:
        mark, self._mark = self._mark, ""
        return mark + text

    def _block(self, element: HtmlElement, depth: int) -> None:
        name = element.tag
        if name in HEADINGS:
            self._out.heading(HEADINGS[name], self._marked(_flat(element)))
        elif name == "pre":
            self._out.text(_flat(element))
        elif name == "table" and not is_layout(element):
            for caption in element.iterchildren("caption"):
                self._out.text(_flat(caption))
            self._out.table(table_rows(element, _flat))
        elif name in LISTS and next(element.iter("table", *HEADINGS), None) is None:
            self._out.text("\n".join(list_lines(element, self._styles, _flat)))
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
        if node is not element and (node.tag in BLOCK_TAGS or (starts and node.tag == "br")):
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
