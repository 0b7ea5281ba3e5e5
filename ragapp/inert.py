"""Text of documents, questions and models made inert for the place where it is shown.

A document's text is data. In a terminal, a spreadsheet, a Markdown viewer or a page it must do nothing but be read:
control no cursor, compute no formula, fetch no picture, open no link.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from functools import cache

# ECMA-48: control strings (OSC, DCS, SOS, PM, APC) up to their end, control sequences, other escapes; both in the
# seven-bit form and in that of one C1 character.  A string that is not ended takes no more than its line.
_ESCAPES = re.compile(
    r"(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c|(?=\x1b|\n|\Z))"
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    r"|\x1b[ -/]*[0-~]?"
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# they turn the order of what is shown around, so that a name or an amount reads as another
_BIDI = re.compile(r"[\u202a-\u202e\u2066-\u2069]")
_UNSAFE_JSON = re.compile(r"[\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20\u2212|%]|[\t\r\n]")
_NUMBER = re.compile(r"[+\-\u2212]?\d[\d\s.,'\u00a0\u202f]*\s?%?")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>|~&!$@])")
# four columns make code of a line, in which nothing is an escape
_INDENT = re.compile(r"^(?: {4,}| {0,3}\t)[ \t]*", re.MULTILINE)
_MARKDOWN_START = re.compile(r"^(\s*)(#{1,6}|[-+=]|\d+(?=[.)]))", re.MULTILINE)
_MARKDOWN_LINK = re.compile(r"(?i)\b(https?|ftp)://|\b(www)\.|\b(mailto|xmpp):")


def terminal_text(text: str) -> str:
    """Text for a terminal: no escape sequences, no control characters but tab and line feed, no turned order."""
    return _BIDI.sub("", _CONTROLS.sub("", _ESCAPES.sub("", text)))


def terminal_json(document: str) -> str:
    """The same JSON document with what a terminal may act on written as ``\\u`` escapes."""
    return _UNSAFE_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", document)


def csv_cell(value: object) -> str:
    """A cell that no spreadsheet takes for a formula; numbers stay numbers.

    By OWASP's "CSV injection": what begins like a formula gets an apostrophe in front.
    """
    text = "" if value is None else str(value)
    if _FORMULA.match(text) and not _NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def csv_text(rows: Iterable[Sequence[object]]) -> str:
    """Rows as CSV (RFC 4180), every cell quoted and inert."""
    stream = io.StringIO()
    csv.writer(stream, quoting=csv.QUOTE_ALL).writerows([csv_cell(cell) for cell in row] for row in rows)
    return stream.getvalue()


def markdown_text(text: str) -> str:
    """Text that a Markdown viewer shows as it is: no HTML, picture, link, heading, list or table comes of it."""
    text = _INDENT.sub("   ", _MARKDOWN.sub(r"\\\1", terminal_text(text)))
    text = _MARKDOWN_START.sub(_escape_start, text)
    return _MARKDOWN_LINK.sub(_break_link, text)


def html_text(markdown: str) -> str:
    """An answer in Markdown as HTML for the page: words, emphasis, lists, tables and code, and nothing that acts.

    HTML in it is shown as text; a link is its words and its address as text; a picture is its description. No element
    has an attribute.
    """
    return _renderer().render(terminal_text(markdown))


def _escape_start(match: re.Match) -> str:
    space, mark = match.groups()
    # `1\.` is no list; the others are no heading, list or line
    return f"{space}{mark}\\" if mark.isdigit() else f"{space}\\{mark}"


def _break_link(match: re.Match) -> str:
    # what is escaped is no address to those viewers that make links of bare ones
    found = match[0]
    return found.replace(":", "\\:", 1) if ":" in found else found.replace(".", "\\.", 1)


@cache
def _renderer():
    from html import escape

    from markdown_it import MarkdownIt

    markdown = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable(["table", "strikethrough"])
    # every address is let through here, as none becomes an address
    markdown.validateLink = lambda url: True

    def bare(renderer, tokens, at, options, env) -> str:
        tokens[at].attrs = {}
        return renderer.renderToken(tokens, at, options, env)

    def image(renderer, tokens, at, options, env) -> str:
        return escape(tokens[at].content or "")

    def link_close(renderer, tokens, at, options, env) -> str:
        opening = next(token for token in reversed(tokens[:at]) if token.type == "link_open")
        words = "".join(token.content for token in tokens[tokens.index(opening) + 1 : at])
        address = str(opening.attrs.get("href", ""))
        return "" if not address or words == address else f" ({escape(address)})"

    def fence(renderer, tokens, at, options, env) -> str:
        return f"<pre><code>{escape(tokens[at].content)}</code></pre>\n"

    for name in ("ordered_list_open", "th_open", "td_open"):
        markdown.add_render_rule(name, bare)
    markdown.add_render_rule("image", image)
    markdown.add_render_rule("link_open", lambda *ignored: "")
    markdown.add_render_rule("link_close", link_close)
    markdown.add_render_rule("fence", fence)
    return markdown
