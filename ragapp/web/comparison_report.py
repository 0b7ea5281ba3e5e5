"""A comparison as a file to keep: Markdown, or one HTML file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from html import escape

from ragapp.contract import Change, Comparison, Piece, Quote
from ragapp.web.export_files import Heading, html_file
from ragapp.web.ui.render import render_place
from ragapp.web.ui.render_comparison import SIGNS, counts_told, grouped, render_pieces
from ragapp.web.ui.translations import told, tr
from ragapp.words.forms import short_day

# what Markdown would take for its own
_MARKUP = re.compile(r"([\\`*_~\[\]<>#|&])")


def report_heading(found: Comparison, language: str) -> Heading:
    """Title and day of a report, which its file is called by."""
    title = f"{tr(language, 'compare.title')}: {found.before.document} → {found.after.document}"
    return Heading(title, datetime.now().astimezone().date().isoformat())


def report_markdown(found: Comparison, language: str) -> str:
    """A comparison in Markdown; what was removed is struck through, and what is new is bold."""
    heading = report_heading(found, language)
    lines = [f"# {_plain(heading.title)}", "", f"{short_day(heading.day, language)} · {counts_told(found, language)}"]
    lines += ["", *(f"- {_plain(line)}" for line in _told(found, language))]
    for name, changes in grouped(found.changes).items():
        lines += ["", f"## {tr(language, f'compare.{name}')}"]
        section = None
        for change in changes:
            if change.section != section:
                section = change.section
                lines += ["", f"### {_plain(section) or tr(language, 'compare.no_heading')}"]
            lines += ["", f"**{SIGNS[change.kind]} {_kind(change, language)}**"]
            lines += ["", _plain(f"{tr(language, 'compare.in_words')} {change.explanation}")] * bool(change.explanation)
            for which, quote, side in _quotes(change):
                where = f"{tr(language, f'compare.{which}')}, {_where(quote, language)}"
                words = _marked(change.pieces, side) if change.pieces else _plain(quote.shown)
                lines += ["", f"> {_plain(where)}:  ", *(f"> {line}" for line in words.split("\n"))]
    return "\n".join(lines) + "\n"


def report_html(found: Comparison, language: str) -> str:
    """A comparison as one HTML file that needs nothing else."""
    heading = report_heading(found, language)
    notes = "".join(f"<li>{escape(line)}</li>" for line in _told(found, language))
    body = f"<ul>{notes}</ul>" if notes else ""
    for name, changes in grouped(found.changes).items():
        items, section = "", None
        for change in changes:
            if change.section != section:
                section = change.section
                items += f"<h3>{escape(section or tr(language, 'compare.no_heading'))}</h3>"
            items += _html_change(change, language)
        body += f"<section><h2>{escape(tr(language, f'compare.{name}'))}</h2>{items}</section>"
    below = f"{short_day(heading.day, language)} · {counts_told(found, language)}"
    return html_file(heading.title, below, body, language)


def _html_change(change: Change, language: str) -> str:
    words = ""
    if change.explanation:
        words = f"<p>{escape(tr(language, 'compare.in_words'))} {escape(change.explanation)}</p>"
    quotes = ""
    for which, quote, side in _quotes(change):
        where = f"{tr(language, f'compare.{which}')}, {_where(quote, language)}"
        shown = render_pieces(change.pieces, side) if change.pieces else escape(quote.shown).replace("\n", "<br>")
        quotes += f'<p class="told">{escape(where)}</p><blockquote>{shown}</blockquote>'
    return f"<h4>{SIGNS[change.kind]} {escape(_kind(change, language))}</h4>{words}{quotes}"


def _told(found: Comparison, language: str) -> Iterator[str]:
    """What is to be known of a comparison, a line each."""
    if found.about:
        key = "compare.near" if found.sections else "compare.near_none"
        yield tr(language, key, topic=found.about, sections="; ".join(found.sections))
    for note in found.notes:
        yield told(note, language)
    if found.explained:
        said = sum(bool(change.explanation) for change in found.changes)
        yield tr(language, "compare.explained", said=said, n=found.explained)


def _quotes(change: Change) -> Iterator[tuple[str, Quote, str]]:
    for which, quote, side in (("before", change.before, "removed"), ("after", change.after, "added")):
        if quote:
            yield which, quote, side


def _kind(change: Change, language: str) -> str:
    kind = tr(language, "compare.is_moved" if change.kind == "moved" else f"compare.{change.kind}")
    facts = ", ".join(tr(language, f"compare.{fact}") for fact in change.facts)
    return f"{kind} ({facts})" if facts else kind


def _where(quote: Quote, language: str) -> str:
    place = render_place(quote, language)
    return f"{quote.document}, {place}" if place else quote.document


def _marked(pieces: tuple[Piece, ...], side: str) -> str:
    sign, text = "~~" if side == "removed" else "**", ""
    for piece in pieces:
        if piece.kind == "same":
            text += _plain(piece.text)
        elif piece.kind == side:
            words = piece.text.strip()
            front, _, behind = piece.text.partition(words) if words else (piece.text, "", "")
            text += f"{front}{sign}{_plain(words)}{sign}{behind}" if words else front
    return text


def _plain(text: str) -> str:
    """A text that Markdown shows as it is."""
    return _MARKUP.sub(r"\\\1", text)
