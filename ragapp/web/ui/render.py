"""What all HTML of the page is made of; it is inert: each text of a document, a question or a model is escaped.

Buttons carry what they do in ``data-`` attributes; ``scripts/core.js`` tells it to the server.
"""

from __future__ import annotations

import json
from html import escape
from typing import Any

from ragapp.answer.table_text import as_prose
from ragapp.contract import Passage, Place
from ragapp.web.ui.translations import tr
from ragapp.words.texts import place_in

SNIPPET_CHARACTERS = 220


def act(
    name: str, label: str, /, *, inner: str = "", tip: str = "", css: str = "", disabled: bool = False, **values: Any
) -> str:
    """A button, which does ``name``: one of the ``acts`` of the scripts, or a box made by ``Tab.on_button``.

    ``inner`` is the HTML that is shown, the escaped label when empty; ``tip`` is shown when it is pointed at; ``css``
    has further classes; ``disabled`` until a script enables it; ``values`` are handed to what it does.
    """
    named = f' aria-label="{escape(label)}"' if inner else ""
    told = f' title="{escape(tip)}"' if tip else ""
    data = escape(json.dumps(values, ensure_ascii=False))
    off = " disabled" if disabled else ""
    return (
        f'<button type="button" class="act {css}" data-act="{name}" data-values="{data}"{named}{told}{off}>'
        f"{inner or escape(label)}</button>"
    )


def job_box(html: str, problem: bool = False) -> str:
    """A box that tells of work or of what came of it, also to people who do not see it."""
    return f'<div class="job{" problem" if problem else ""}" role="{"alert" if problem else "status"}">{html}</div>'


def table_box(label: str, table: str) -> str:
    """A table that can be scrolled by keys, too; the label is for people who do not see it."""
    return f'<div class="table-wrap" tabindex="0" role="region" aria-label="{escape(label)}">{table}</div>'


def counted_seconds(seconds: float) -> str:
    """Seconds since something began; ``scripts/core.js`` counts them on."""
    return f'<span class="seconds" data-started="{seconds:.1f}">{seconds:.0f} s</span>'


def render_place(place: Place, language: str) -> str:
    """How a unit is pointed at, as plain text; empty for a unit that is the whole file."""
    return place_in(language, place.kind, place.page, place.label)


def render_passage(passage: Passage, number: int, language: str, *, score: bool = False) -> str:
    """A passage as a button that shows it where it stands."""
    place = render_place(passage, language)
    text = as_prose(passage.text)
    snippet = text[:SNIPPET_CHARACTERS] + ("…" if len(text) > SNIPPET_CHARACTERS else "")
    figure = tr(language, "evidence.score", score=format(passage.score, ".2f"))
    scored = f'<span class="score">{escape(figure)}</span>' if score else ""
    inner = (
        f'<span class="where"><strong>{escape(passage.document)}</strong> {escape(place)}{scored}</span>'
        f'<span class="snippet">{escape(snippet)}</span>'
    )
    label = f"{passage.document}, {place}: {snippet}"
    return act("pick", label, inner=inner, css="passage", turn=number, kind="passage", n=passage.n)
