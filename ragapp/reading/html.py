"""Readers of HTML and of Markdown, which is defined by the HTML it stands for."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from ragapp.errors import ReadingError
from ragapp.reading.blocks import BlockBuilder
from ragapp.reading.document import Document
from ragapp.reading.tables import spread_cells
from ragapp.reading.text import clean, decode, read_bytes

if TYPE_CHECKING:
    from bs4 import Tag

_DECLARED = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)
_DROPPED = frozenset([
    "script", "style", "nav", "template", "noscript", "head", "svg", "canvas", "iframe", "object", "button", "select",
    "option", "input", "textarea", "annotation", "rp", "dialog",
])  # fmt: skip
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_BLOCK_TAGS = frozenset([
    "address", "article", "aside", "blockquote", "body", "center", "dd", "details", "div", "dl", "dt", "fieldset",
    "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "html", "legend",
    "li", "main", "ol", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
])  # fmt: skip
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_LISTS = ("ul", "ol")
_MAX_DEPTH = 100  # beyond this, elements are read as flat text, well before Python's recursion ends


def read_html(path: Path) -> Document:
    """Read the main content of an HTML page.

    Raises:
        ReadingError: the file cannot be opened, is not text, or is beyond what the parser takes.
    """
    data = read_bytes(path)
    declared = _DECLARED.search(data[:4096])
    text, notes = decode(data, declared[1].decode("ascii") if declared else "")
    out = BlockBuilder()
    title = add_html(out, text)
    return Document(title or out.title or path.stem, [out.unit()], warnings=notes)


def add_html(out: BlockBuilder, html: str) -> str:
    """Add the blocks of HTML's main content.

    Args:
        out: where the blocks go.
        html: a page or a part of one.

    Returns:
        The page's title; empty where it has none.

    Raises:
        ReadingError: the parser does not take it.
    """
    from bs4 import BeautifulSoup
    from bs4.exceptions import ParserRejectedMarkup

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # remarks about how the markup looks, meant for programmers
            soup = BeautifulSoup(html.replace("\x00", ""), "html.parser")
    except (ParserRejectedMarkup, AssertionError) as error:
        raise ReadingError(f"the HTML is malformed ({error})", "Open it in a browser and save it again.") from error
    title = " ".join(clean(soup.title.get_text()).split()) if soup.title else ""
    for tag in soup.find_all(_is_hidden):
        tag.extract()
    walker = _HtmlWalker(out)
    walker.walk(_main_content(soup), 0)
    walker.flush()
    return title


def _is_hidden(tag: Tag) -> bool:
    if tag.name in ("html", "body"):
        return False  # hidden only until a script has run
    if tag.name in _DROPPED or tag.has_attr("hidden"):
        return True
    if tag.get("aria-hidden") == "true" or tag.get("role") == "navigation":
        return True
    return bool(_HIDDEN_STYLE.search(str(tag.get("style", ""))))


def _main_content(soup: Tag) -> Tag:
    whole = soup.body or soup
    articles = soup.find_all("article")
    main = soup.find("main") or soup.find(attrs={"role": "main"}) or (articles[0] if len(articles) == 1 else None)
    # pages exist whose <main> holds next to nothing
    return main if main and 4 * len(main.get_text()) > len(whole.get_text()) else whole


class _HtmlWalker:
    """Walks elements in order and hands what it finds to a builder."""

    def __init__(self, out: BlockBuilder) -> None:
        self._out = out
        self._inline: list[str] = []

    def flush(self) -> None:
        """End the paragraph."""
        self._out.text(_inline_text("".join(self._inline)))
        self._inline = []

    def walk(self, node: Tag, depth: int) -> None:
        for child in list(node.children):
            if _is_text(child):
                self._inline.append(_collapsed(child))
            elif child.name == "br":
                self._inline.append("\n")
            elif child.name in _BLOCK_TAGS:
                self.flush()
                self._block(child, depth + 1)
                self.flush()
            elif child.name and depth < _MAX_DEPTH:
                self.walk(child, depth + 1)
            elif child.name:
                self._inline.append(_flat(child))

    def _block(self, tag: Tag, depth: int) -> None:
        if tag.name in _HEADINGS:
            self._out.heading(_HEADINGS[tag.name], _flat(tag))
        elif tag.name == "pre":
            self._out.text(_flat(tag))
        elif tag.name == "table" and not _is_layout(tag):
            if tag.caption:
                self._out.text(_flat(tag.caption))
            self._out.table(_table_rows(tag))
        elif tag.name in _LISTS and not tag.find(["table", *_HEADINGS]):
            self._out.text("\n".join(_list_lines(tag, 0)))
        elif depth < _MAX_DEPTH:
            self.walk(tag, depth)
        else:
            self._out.text(_flat(tag))


def _is_text(node: object) -> bool:
    from bs4 import NavigableString

    return type(node) is NavigableString  # its subclasses are comments and declarations


def _collapsed(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def _inline_text(text: str) -> str:
    return "\n".join(line.strip() for line in re.sub(r"  +", " ", text).split("\n"))


def _flat(tag: Tag) -> str:
    """The text of an element, a line for each block in it; preformatted text keeps its lines and spaces."""
    parts: list[str] = []
    preformatted = tag.name == "pre" or tag.find("pre") is not None
    kept: list[str] = []
    for node in tag.descendants:
        if not _is_text(node):
            if node.name == "br" or node.name in _BLOCK_TAGS:
                parts.append("\n")
            continue
        if getattr(node.previous_sibling, "name", None) in _BLOCK_TAGS:
            parts.append("\n")
        if preformatted and (tag.name == "pre" or node.find_parent("pre")):
            parts.append(f"\x00{len(kept)}\x00")  # stands for the text while spaces around it are collapsed
            kept.append(node)
        else:
            parts.append(_collapsed(node))
    lines = [line for line in _inline_text("".join(parts)).split("\n") if line]
    return re.sub("\x00(\\d+)\x00", lambda match: kept[int(match[1])], "\n".join(lines)).strip("\n")


def _is_layout(table: Tag) -> bool:
    """Whether a table only arranges other tables on the page: it holds some and has no header of its own."""
    headers = (cell for cell in table.find_all("th") if cell.find_parent("table") is table)
    return table.find("table") is not None and next(headers, None) is None


def _table_rows(table: Tag) -> list[list[str]]:
    rows = [row for row in table.find_all("tr") if row.find_parent("table") is table]
    return spread_cells(
        [
            (_flat(cell), _span(cell, "rowspan"), _span(cell, "colspan"))
            for cell in row.find_all(["td", "th"], recursive=False)
        ]
        for row in rows
    )


def _span(cell: Tag, name: str) -> int:
    value = str(cell.get(name, "1")).strip()
    return int(value) if value.isascii() and value.isdigit() and len(value) < 6 else 1


def _list_lines(tag: Tag, depth: int) -> list[str]:
    lines: list[str] = []
    number = _span(tag, "start")
    for item in tag.find_all(["li", *_LISTS], recursive=False):
        if item.name in _LISTS:
            lines += ["  " + line for line in _list_lines(item, depth + 1)]
            continue
        mark = f"{number}. " if tag.name == "ol" else "- "
        number += 1
        nested = [inner for inner in item.find_all(_LISTS) if inner.find_parent(_LISTS) is tag] if depth < 30 else []
        for inner in nested:
            inner.extract()
        text = _flat(item)
        if text:
            lines += [(" " * len(mark) if row else mark) + line for row, line in enumerate(text.split("\n"))]
        for inner in nested:
            lines += ["  " + line for line in _list_lines(inner, depth + 1)]
    return lines


# --- Markdown

_FRONT_MATTER = re.compile(r"\A---\n([A-Za-z][\w-]*:(?:.*\n)*?)(?:---|\.\.\.)(?:\n|\Z)")
_TITLE_LINE = re.compile(r"^title:[ \t]*(.+)$", re.MULTILINE | re.IGNORECASE)
_HTML_TAG = re.compile(
    r"<(?:!--|/?(?:a|abbr|b|big|blockquote|br|center|cite|code|dd|del|details|div|dl|dt|em|figcaption|figure|font|"
    r"h[1-6]|hr|i|img|ins|kbd|li|mark|ol|p|picture|pre|q|s|samp|script|section|small|source|span|strike|strong|style|"
    r"sub|summary|sup|table|tbody|td|th|thead|tr|tt|u|ul|var|video)\b)",
    re.IGNORECASE,
)


def read_markdown(path: Path) -> Document:
    """Read Markdown with tables; front matter gives the title, else the first heading of level 1.

    Raises:
        ReadingError: the file cannot be opened or is not text.
    """
    from markdown_it import MarkdownIt

    text, notes = decode(read_bytes(path))
    text = clean(text)
    out = BlockBuilder()
    front = _FRONT_MATTER.match(text)
    named = _TITLE_LINE.search(front[1]) if front else None
    if front:
        out.text(front[1])
        text = text[front.end() :]
    parser = MarkdownIt("commonmark", {"breaks": True}).enable(["table", "strikethrough"])
    tokens = parser.parse(text)
    for token in (leaf for outer in tokens for leaf in (outer, *(outer.children or []))):
        if token.type in ("html_inline", "html_block") and not _HTML_TAG.match(token.content.lstrip()):
            token.type = "text"  # <name> is a placeholder that a person wrote, not markup
    add_html(out, parser.renderer.render(tokens, parser.options, {}))
    title = named[1].strip().strip("\"'") if named else out.title
    return Document(title or path.stem, [out.unit()], warnings=notes)
