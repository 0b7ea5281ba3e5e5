"""Two documents side by side as inert HTML: what changed between them, each quote a link to its place."""

from __future__ import annotations

import json
from collections.abc import Iterable
from html import escape
from urllib.parse import urlencode

from ragapp.compare.explain import explainable
from ragapp.contract import Change, Comparison, Document, Piece, Quote
from ragapp.web.comparison_run import ComparisonRun
from ragapp.web.ui.render import act, counted_seconds, job_box, render_place
from ragapp.web.ui.translations import told, tr
from ragapp.words.forms import short_day

#: changes that are shown at a time
SHOWN_AT_ONCE = 60
# characters of an added or removed text that are shown; the viewer has all
_SHOWN = 600
# behind the end of any unit
_END = 999_999_999
SIGNS = {"changed": "~", "added": "+", "removed": "−", "moved": "↕"}
_TAGS = {"removed": "del", "added": "ins"}


def render_comparison(run: ComparisonRun, tab: str, language: str, *, most: int, seconds: float = 0.0) -> str:
    """What is known of a comparison.

    Args:
        tab: name of the browser's tab, by which its report is fetched; empty where it has none.
        most: changes that are shown.
        seconds: for how long changes have been put into words.
    """
    back = act("compare", tr(language, "compare.back"), css="tool strong", what="close")
    title = f'<h2 id="comparison-title" tabindex="-1">{escape(tr(language, "compare.title"))}</h2>'
    found = run.found
    reports = _reports(tab, language) if found and found.related and tab else ""
    head = f'<div class="comparison-bar">{back}{reports}</div>{title}'
    if found is None:
        problem = job_box(escape(told(run.error, language)), problem=True) if run.error else ""
        body = problem or job_box(escape(tr(language, "compare.working")))
    else:
        body = _sides(found, language) + _about(run, language) + _notes(found, language)
        body += (_words(run, language, seconds) + _groups(found, language, most)) if found.related else ""
    return (
        f'<section class="comparison" aria-labelledby="comparison-title" data-pair="{run.before}-{run.after}">'
        f"{head}{body}</section>"
    )


def quote_mark(quote: Quote) -> str:
    """The span of a quote as an address has it; to the end of its unit where it goes on in the next."""
    return f"{quote.start}-{_END if quote.to_page else quote.end}"


def grouped(changes: Iterable[Change]) -> dict[str, list[Change]]:
    """Changes by what a person looks for first: figures, then wording, then what only stands elsewhere."""
    groups: dict[str, list[Change]] = {"figures": [], "wording": [], "moved": []}
    for change in changes:
        groups["figures" if change.facts else "moved" if change.kind == "moved" else "wording"].append(change)
    return {name: group for name, group in groups.items() if group}


def counts_told(found: Comparison, language: str) -> str:
    """How many changes there are, by kind, in a line."""
    kinds = [(kind, found.count(kind)) for kind in ("changed", "added", "removed", "moved")]
    parts = [tr(language, f"compare.n_{kind}", n=count) for kind, count in kinds if count]
    if not found.about:
        parts.append(tr(language, "compare.n_same", n=found.unchanged))
    if not found.changes:
        parts.insert(0, tr(language, "compare.nothing_there" if found.about else "compare.nothing"))
    return ", ".join(parts)


def shortened(text: str) -> str:
    """A long text as far as it is shown."""
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN].rsplit(' ', 1)[0]} …"


def render_pieces(pieces: Iterable[Piece], side: str) -> str:
    """One of two texts, with what the other has not marked; ``side`` is ``removed`` or ``added``."""
    marked = ""
    for piece in pieces:
        if piece.kind == "same":
            marked += escape(piece.text)
        elif piece.kind == side:
            words = piece.text.strip()
            front, _, behind = piece.text.partition(words) if words else (piece.text, "", "")
            tag = _TAGS[side]
            marked += f"{front}<{tag}>{escape(words)}</{tag}>{behind}" if words else front
    return marked


def _reports(tab: str, language: str) -> str:
    links = "".join(
        f'<a class="act tool" href="/ui/comparison/{tab}.{suffix}" download>'
        f"{escape(tr(language, f'compare.report_{suffix}'))}</a>"
        for suffix in ("md", "html")
    )
    label = escape(tr(language, "compare.report"))
    return f'<span class="reports" role="group" aria-label="{label}">{label} {links}</span>'


def _sides(found: Comparison, language: str) -> str:
    swap = tr(language, "compare.swap")
    button = act("compare", swap, inner="⇄", tip=swap, css="swap", what="swap")
    sides = [
        f'<div class="side"><span class="which">{escape(tr(language, f"compare.{which}"))}</span> '
        f"{_document(document, language)}</div>"
        for which, document in (("before", found.before), ("after", found.after))
    ]
    return f'<div class="sides">{sides[0]}{button}{sides[1]}</div>'


def _document(document: Document, language: str) -> str:
    name = act("documents", document.document, css="name", tip=document.path, what="preview", id=document.id)
    day = tr(language, "compare.day", day=short_day(document.day, language)) if document.day else ""
    return f'{name} <span class="day">{escape(day)}</span>'


def _about(run: ComparisonRun, language: str) -> str:
    label, found = escape(tr(language, "compare.about")), run.found
    field = (
        f'<label>{label} <input type="text" class="topic" maxlength="200" value="{escape(run.about)}"'
        f' placeholder="{escape(tr(language, "compare.topic"))}" autocomplete="off"></label>'
    )
    buttons = act("compare-about", tr(language, "compare.narrow"))
    if run.about:
        buttons += act("compare", tr(language, "compare.whole"), css="tool strong", what="about", topic="")
    where = ""
    if found and found.about:
        key = "compare.near" if found.sections else "compare.near_none"
        told_where = tr(language, key, topic=found.about, sections="; ".join(found.sections))
        where = f'<p class="note">{escape(told_where)}</p>'
    return f'<div class="about" role="search">{field} {buttons}</div>{where}'


def _notes(found: Comparison, language: str) -> str:
    items = "".join(f"<li>{escape(told(note, language))}</li>" for note in found.notes)
    return f'<ul class="notes">{items}</ul>' if items else ""


def _words(run: ComparisonRun, language: str, seconds: float) -> str:
    """The counts, and the plain words of the language model: asked for, under way, or there."""
    found = run.found
    assert found
    counts = f'<p class="counts" role="status">{escape(counts_told(found, language))}</p>'
    chosen = len(explainable(found))
    if not chosen:
        return counts
    if run.error:
        counts += job_box(escape(told(run.error, language)), problem=True)
    if run.running:
        part, parts = (run.stage.part, run.stage.parts) if run.stage else (1, chosen)
        doing = tr(language, "stage.stopping" if run.stopping else "stage.explaining", part=part, parts=parts)
        stop = act("compare", tr(language, "chat.stop"), css="tool strong", what="stop")
        bar = f'<progress max="{parts}" value="{part - 1}" aria-label="{escape(doing)}"></progress>'
        return counts + job_box(f"<p>{escape(doing)} {counted_seconds(seconds)} {stop}</p>{bar}")
    help_ = f'<span class="note">{escape(tr(language, "compare.explain_help", n=chosen))}</span>'
    if not found.explained:
        button = act("compare", tr(language, "compare.explain"), css="primary", what="explain")
        return f'{counts}<p class="explain">{button} {help_}</p>'
    said = sum(bool(change.explanation) for change in found.changes)
    line = escape(tr(language, "compare.explained", said=said, n=found.explained))
    again = act("compare", tr(language, "compare.explain_again"), css="tool strong", what="explain")
    again = again if found.explained < chosen else ""
    return f'{counts}<p class="explain note" role="status">{line} {again}</p>'


def _groups(found: Comparison, language: str, most: int) -> str:
    html, left = "", most
    for name, changes in grouped(found.changes).items():
        if left <= 0:
            break
        items, section = "", None
        for change in changes[:left]:
            if change.section != section:
                section = change.section
                path = " › ".join(section.split(" > ")) if section else tr(language, "compare.no_heading")
                items += ("</ul>" if items else "") + f'<h4>{escape(path)}</h4><ul class="changes">'
            items += _change(change, found, language)
        left -= len(changes[:left])
        html += f"<h3>{escape(tr(language, f'compare.{name}'))}</h3>{items}</ul>"
    rest = len(found.changes) - most
    if rest > 0:
        html += f"<p>{act('compare', tr(language, 'compare.more', n=min(rest, SHOWN_AT_ONCE)), what='more')}</p>"
    return html


def _change(change: Change, found: Comparison, language: str) -> str:
    kind = escape(tr(language, "compare.is_moved" if change.kind == "moved" else f"compare.{change.kind}"))
    facts = "".join(f' <span class="badge">{escape(tr(language, f"compare.{fact}"))}</span>' for fact in change.facts)
    line = (
        f'<p class="kind {change.kind}"><span class="sign" aria-hidden="true">{SIGNS[change.kind]}</span> '
        f"{kind}{facts}</p>"
    )
    words = ""
    if change.explanation:
        label = escape(tr(language, "compare.in_words"))
        words = f'<p class="in-words"><span class="which">{label}</span> {escape(change.explanation)}</p>'
    quotes = "".join(
        _quote(quote, document, change, which, language)
        for which, quote, document in (("before", change.before, found.before), ("after", change.after, found.after))
        if quote
    )
    return f'<li class="change">{line}{words}<div class="quotes">{quotes}</div></li>'


def _quote(quote: Quote, document: Document, change: Change, which: str, language: str) -> str:
    """A quote as a link: a click shows its place beside the list, a new tab shows it with the questions."""
    mark = quote_mark(quote)
    address = "/?" + urlencode({"document": document.id, "page": quote.page, "mark": mark}, safe=",")
    values = {"what": "preview", "id": document.id, "page": quote.page, "mark": mark}
    if change.pieces:
        words = render_pieces(change.pieces, "removed" if which == "before" else "added")
    else:
        words = escape(shortened(quote.shown)).replace("\n", "<br>")
        tag = _TAGS.get(change.kind)
        words = f"<{tag}>{words}</{tag}>" if tag else words
    place = render_place(quote, language)
    where = (
        f'<span class="where">{escape(tr(language, f"compare.{which}"))}{f", {escape(place)}" if place else ""}</span>'
    )
    # of what stands elsewhere the words are shown once
    shown = "" if change.kind == "moved" and which == "before" else f'<span class="words">{words}</span>'
    return (
        f'<a class="quote-link" href="{escape(address)}" data-act="documents"'
        f' data-values="{escape(json.dumps(values))}">{where} {shown}</a>'
    )
