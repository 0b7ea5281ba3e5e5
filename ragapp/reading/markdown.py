"""Markdown, by way of the HTML that it stands for."""

from __future__ import annotations

import re
from pathlib import Path

from ragapp.reading.blocks import BlockBuilder, section_units
from ragapp.reading.document import DEFAULT_OPTIONS, Document, ReadOptions
from ragapp.reading.html import add_html
from ragapp.reading.text import clean, decode, read_bytes

_FRONT_MATTER = re.compile(r"\A---\n([A-Za-z][\w-]*:(?:.*\n)*?)(?:---|\.\.\.)(?:\n|\Z)")
_TITLE_LINE = re.compile(r"^title:[ \t]*(.+)$", re.MULTILINE | re.IGNORECASE)
_HTML_TAG = re.compile(
    r"<(?:!--|/?(?:a|abbr|b|big|blockquote|br|center|cite|code|dd|del|details|div|dl|dt|em|figcaption|figure|font|"
    r"h[1-6]|hr|i|img|ins|kbd|li|mark|ol|p|picture|pre|q|s|samp|script|section|small|source|span|strike|strong|style|"
    r"sub|summary|sup|table|tbody|td|th|thead|tr|tt|u|ul|var|video)\b)",
    re.IGNORECASE,
)
# the parser silently leaves out what is nested deeper than it is told, and its time grows with the square of what
# these bound; text beyond them is no prose
_MAX_NESTING = 100
_TOO_DEEP = re.compile(r"^(?:[ \t]*(?:>|[-*+] |\d+[.)] )){20}|^[ \t]{100}[ \t]*[^\s|]", re.MULTILINE)
_LONGEST_LINE = 200_000
_MOST_BRACKETS = 5000


def read_markdown(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """Read Markdown with tables; front matter gives the title, else the first heading of level 1."""
    text, notes = decode(read_bytes(path))
    text = clean(text)
    out = BlockBuilder()
    front = _FRONT_MATTER.match(text)
    named = _TITLE_LINE.search(front[1]) if front else None
    if front:
        out.text(front[1])
        text = text[front.end() :]
    add_markdown(out, text)
    title = named[1].strip().strip("\"'") if named else out.title
    return Document(title or path.stem, section_units(out), warnings=notes)


def add_markdown(out: BlockBuilder, text: str) -> None:
    """Add the blocks of Markdown, which must be clean text."""
    from markdown_it import MarkdownIt

    if _is_no_prose(text):
        out.paragraphs(text)
        return
    parser = MarkdownIt("commonmark", {"breaks": True, "maxNesting": _MAX_NESTING}).enable(["table", "strikethrough"])
    tokens = parser.parse(text)
    for token in (leaf for outer in tokens for leaf in (outer, *(outer.children or []))):
        if token.type in ("html_inline", "html_block") and not _HTML_TAG.match(token.content.lstrip()):
            token.type = "text"  # <name> is a placeholder that a person wrote, not markup
    add_html(out, parser.renderer.render(tokens, parser.options, {}))


def _is_no_prose(text: str) -> bool:
    return (
        any(len(line) > _LONGEST_LINE for line in text.split("\n"))
        or any(paragraph.count("[") > _MOST_BRACKETS for paragraph in text.split("\n\n"))
        or _TOO_DEEP.search(text) is not None
    )
