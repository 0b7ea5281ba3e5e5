"""Markdown, by way of the HTML that it stands for."""

from __future__ import annotations

import re
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragapp.reading.blocks import BlockBuilder, section_units
from ragapp.reading.document import DEFAULT_OPTIONS, Document, ReadOptions
from ragapp.reading.html.reader import add_html
from ragapp.reading.left_out import LeftOut
from ragapp.reading.text import clean, decode, read_bytes

if TYPE_CHECKING:
    from markdown_it.token import Token

_FRONT_MATTER = re.compile(r"\A---\n([A-Za-z][\w-]*:(?:.*\n)*?)(?:---|\.\.\.)(?:\n|\Z)")
_TITLE_LINE = re.compile(r"^title:[ \t]*(.+)$", re.MULTILINE | re.IGNORECASE)
_HTML_TAG = re.compile(
    r"<(?:!--|/?(?:a|abbr|b|big|blockquote|br|center|cite|code|dd|del|details|div|dl|dt|em|figcaption|figure|font|"
    r"form|h[1-6]|hr|i|iframe|img|input|ins|kbd|label|legend|li|mark|math|ol|option|p|picture|pre|q|rp|rt|ruby|s|samp|"
    r"script|section|select|small|source|span|strike|strong|style|sub|summary|sup|svg|table|tbody|td|template|"
    r"textarea|tfoot|th|thead|tr|tt|u|ul|var|video|wbr)\b)",
    re.IGNORECASE,
)
# the parser silently leaves out what is nested deeper than it is told, and its time grows with the square of what
# these bound; text beyond them is no prose
_MAX_NESTING = 100
_TOO_DEEP = re.compile(r"^(?:[ \t]*(?:>|[-*+] |\d+[.)] )){20}|^[ \t]{100}[ \t]*[^\s|]", re.MULTILINE)
_LONGEST_LINE = 200_000
_MOST_BRACKETS = 5000


def read_markdown(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """Read Markdown with tables, task lists and notes; front matter gives the title, else the first main heading."""
    text, notes = decode(read_bytes(path))
    text = clean(text)
    out, left_out = BlockBuilder(), LeftOut()
    front = _FRONT_MATTER.match(text)
    named = _TITLE_LINE.search(front[1]) if front else None
    if front:
        out.text(front[1])
        text = text[front.end() :]
    add_markdown(out, text, left_out)
    title = named[1].strip().strip("\"'") if named else out.title
    return Document(title or path.stem, section_units(out), warnings=notes + left_out.warnings())


def add_markdown(out: BlockBuilder, text: str, left_out: LeftOut | None = None) -> None:
    """Add the blocks of Markdown, which must be clean text; what is not shown is noted in ``left_out``."""
    from markdown_it import MarkdownIt
    from mdit_py_plugins.footnote import footnote_plugin
    from mdit_py_plugins.tasklists import tasklists_plugin

    if _is_no_prose(text):
        out.paragraphs(text)
        return
    parser = MarkdownIt("commonmark", {"breaks": True, "maxNesting": _MAX_NESTING}).enable(["table", "strikethrough"])
    found: dict[str, Any] = {}
    tokens = parser.use(footnote_plugin, inline=False).use(tasklists_plugin).parse(text, found)
    for token in (leaf for outer in tokens for leaf in (outer, *(outer.children or []))):
        if token.type in ("html_inline", "html_block") and not _HTML_TAG.match(token.content.lstrip()):
            token.type = "text"  # <name> is a placeholder that a person wrote, not markup
    unmarked = sum(number < 0 for number in found.get("footnotes", {}).get("refs", {}).values())
    if left_out is not None:
        left_out.add("note without a mark in the text", "notes without a mark in the text", count=unmarked)
    _write_notes(tokens)
    add_html(out, parser.renderer.render(tokens, parser.options, {}), left_out)


def _write_notes(tokens: list[Token]) -> None:
    """Write the marks of notes as ``[note 3]``, with their printed numbers, and each note behind its mark."""
    for place, token in enumerate(tokens):
        for leaf in token.children or []:
            if leaf.type == "footnote_ref":
                leaf.type, leaf.content = "text", f" [note {leaf.meta['id'] + 1}]"
        if token.type == "footnote_open":
            inline = next((later for later in tokens[place : place + 3] if later.type == "inline"), None)
            if inline is not None and inline.children:
                first = copy(inline.children[0])
                first.type, first.tag, first.content = "text", "", f"[note {token.meta['id'] + 1}] "
                inline.children.insert(0, first)
    tokens[:] = [token for token in tokens if not token.type.startswith("footnote_")]


def _is_no_prose(text: str) -> bool:
    return (
        any(len(line) > _LONGEST_LINE for line in text.split("\n"))
        or any(paragraph.count("[") > _MOST_BRACKETS for paragraph in text.split("\n\n"))
        or _TOO_DEEP.search(text) is not None
    )
