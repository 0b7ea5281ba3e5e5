"""Questions and answers as inert HTML: every text that comes from a document, a question or a model is escaped.

Buttons carry what they do in ``data-`` attributes; ``page.js`` tells it to the server.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from html import escape
from typing import Any

from ragapp.answer.export import Words, entries_markdown
from ragapp.answer.grounding import MARK
from ragapp.answer.table_text import linearize_tables
from ragapp.contract import Answer, Citation, Passage, Place, Stage
from ragapp.web.runs import AnswerRun, Exchange
from ragapp.web.ui.translations import tr

SNIPPET_CHARACTERS = 220
# from here on an answer counts as sure, or as fairly sure
SURE, FAIRLY_SURE = 0.75, 0.5


def act(name: str, label: str, /, *, inner: str = "", tip: str = "", css: str = "", **values: Any) -> str:
    """A button, which does ``name``: one of the ``acts`` of ``page.js``, or a box made by ``Tab.on_button``.

    ``inner`` is the HTML that is shown, the escaped label when empty; ``tip`` is shown when it is pointed at; ``css``
    has further classes; ``values`` are handed to what it does.
    """
    named = f' aria-label="{escape(label)}"' if inner else ""
    told = f' title="{escape(tip)}"' if tip else ""
    data = escape(json.dumps(values, ensure_ascii=False))
    return (
        f'<button type="button" class="act {css}" data-act="{name}" data-values="{data}"{named}{told}>'
        f"{inner or escape(label)}</button>"
    )


def job_box(html: str, problem: bool = False) -> str:
    """A box that tells of work or of what came of it, also to people who do not see it."""
    return f'<div class="job{" problem" if problem else ""}" role="{"alert" if problem else "status"}">{html}</div>'


def table_box(label: str, table: str) -> str:
    """A table that can be scrolled by keys, too; the label is for people who do not see it."""
    return f'<div class="table-wrap" tabindex="0" role="region" aria-label="{escape(label)}">{table}</div>'


def counted_seconds(seconds: float) -> str:
    """Seconds since something began; ``page.js`` counts them on."""
    return f'<span class="seconds" data-started="{seconds:.1f}">{seconds:.0f} s</span>'


def size(count: int) -> str:
    """Bytes for people: ``1.2 MB``."""
    for unit, divisor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= divisor:
            return f"{count / divisor:.1f} {unit}" if count < 100 * divisor else f"{count / divisor:.0f} {unit}"
    return f"{count} B"


def render_place(place: Place, language: str) -> str:
    """How a unit is pointed at, as plain text; empty for a unit that is the whole file."""
    if place.kind == "page":
        return f"p. {place.page} ({place.label})" if place.label else f"p. {place.page}"
    if place.kind in ("slide", "sheet") or (place.kind == "section" and not place.label):
        return tr(language, f"place.{place.kind}", name=place.label or place.page)
    return place.label


def render_log(exchanges: Sequence[Exchange], language: str) -> str:
    """Finished exchanges."""
    return "".join(render_exchange(exchange, n, language) for n, exchange in enumerate(exchanges))


def render_exchange(exchange: Exchange, number: int, language: str) -> str:
    """A question with its answer, or with why there is none; its number counts from 0."""
    if exchange.answer:
        body = render_answer(exchange.answer, number, language)
        body += render_figures(exchange.answer, number, language, exchange.stopped)
    elif exchange.error:
        body = f'<div class="problem" role="alert">{escape(exchange.error)}</div>' + _tools(number, language)
    else:
        body = f'<div class="stopped">{tr(language, "chat.stopped")}</div>' + _tools(number, language)
    return f'<section class="exchange" data-turn="{number}">{_asked(exchange, language)}{body}</section>'


def render_run(run: AnswerRun, language: str, percent: int | None = None) -> str:
    """A question on its way: what is written so far, and the stage.

    ``percent`` of the model's weights have been read; None while it is not being loaded.
    """
    parts = [_asked(run.asked, language)]
    if run.thought and not run.written:
        parts.append(
            f'<details class="thought"><summary>{tr(language, "chat.thinking")}</summary>'
            f"<p>{escape(run.thought)}</p></details>"
        )
    if run.written:
        shown = escape(MARK.sub("", run.written))
        parts.append(f'<div class="answer">{shown}<span class="cursor"></span></div>')
    stage = run.stage or Stage("searching")
    name = "stopping" if run.stopping else stage.name
    text = tr(language, f"stage.{name}", **asdict(stage))
    if name == "searching" and percent is not None:
        text = tr(language, "stage.loading", percent=percent)
    parts.append(
        f'<div class="stage" role="status"><span class="dot"></span><span>{escape(text)}</span> '
        f"{counted_seconds(run.seconds)}</div>"
    )
    return f'<section class="exchange running">{"".join(parts)}</section>'


def render_answer(answer: Answer, number: int, language: str) -> str:
    """A checked answer: marks for its sources, sentences without support marked as such; or that there is none."""
    understood = ""
    if standalone := answer.understood_as:
        understood = f'<div class="understood">{escape(tr(language, "answer.understood", question=standalone))}</div>'
    if answer.abstained:
        return understood + render_abstained(answer, number, language)
    cited = {citation.n: citation for citation in answer.citations}
    parts = []
    for sentence in answer.sentences:
        text = escape(MARK.sub("", sentence.text))
        if sentence.supported:
            marks = "".join(render_mark(cited[n], number, language) for n in sentence.citations if n in cited)
            parts.append(f"<span>{text}{marks}</span>")
        else:
            told = escape(tr(language, "answer.unsupported"))
            parts.append(f'<span class="unsupported" title="{told}">{text}<span class="flag"> {told}</span></span>')
    body = f'<div class="answer" lang="{escape(answer.language)}">{" ".join(parts)}</div>'
    return understood + body + _notes(answer, language)


def render_mark(citation: Citation, number: int, language: str) -> str:
    """The small number that leads to the evidence."""
    place = render_place(citation, language)
    where = f"{citation.document}, {place}" if place else citation.document
    label = tr(language, "answer.source", n=citation.n, where=where)
    return act("pick", label, inner=str(citation.n), tip=where, css="mark", turn=number, kind="citation", n=citation.n)


def render_abstained(answer: Answer, number: int, language: str) -> str:
    """The answer that the documents do not say it, with what comes nearest."""
    near = "".join(f"<li>{render_passage(passage, number, language)}</li>" for passage in answer.passages[:3])
    nearest = f'<p class="hint">{tr(language, "abstained.nearest")}</p><ul class="near">{near}</ul>' if near else ""
    offer = ""
    if answer.suggested_caution:
        button = act("retry", tr(language, "abstained.bolder"), turn=number, caution=answer.suggested_caution)
        offer = f'<p class="hint perhaps">{tr(language, "abstained.perhaps")} {button}</p>'
    return (
        f'<div class="abstained"><h3>{tr(language, "abstained.title")}</h3>'
        f"<p>{escape(answer.answer)} {tr(language, 'abstained.help')}</p>{offer}{nearest}"
        f"{_notes(answer, language)}</div>"
    )


def render_passage(passage: Passage, number: int, language: str, *, score: bool = False) -> str:
    """A passage as a button that shows it where it stands."""
    place = render_place(passage, language)
    text = " ".join(linearize_tables(passage.text).split())
    snippet = text[:SNIPPET_CHARACTERS] + ("…" if len(text) > SNIPPET_CHARACTERS else "")
    figure = tr(language, "evidence.score", score=format(passage.score, ".2f"))
    scored = f'<span class="score">{escape(figure)}</span>' if score else ""
    inner = (
        f'<span class="where"><strong>{escape(passage.document)}</strong> {escape(place)}{scored}</span>'
        f'<span class="snippet">{escape(snippet)}</span>'
    )
    label = f"{passage.document}, {place}: {snippet}"
    return act("pick", label, inner=inner, css="passage", turn=number, kind="passage", n=passage.n)


def render_figures(answer: Answer, number: int, language: str, stopped: bool = False) -> str:
    """Below an answer: how sure it is, what made it, how long it took, and what can be done with it."""
    facts = []
    if not answer.abstained:
        confidence = answer.confidence
        level = "high" if confidence >= SURE else "medium" if confidence >= FAIRLY_SURE else "low"
        facts.append(
            f'<span class="confidence {level}" title="{escape(tr(language, "confidence.help"))}">'
            f'<span class="level" aria-hidden="true"></span>{tr(language, f"confidence.{level}")}'
            f" {confidence * 100:.0f} %</span>"
        )
    if stopped:
        facts.append(tr(language, "chat.stopped"))
    if "total_s" in answer.timings:
        first = answer.timings.get("first_token_s")
        told = f", {tr(language, 'figures.first', s=format(first, '.1f'))}" if first else ""
        facts.append(f"{answer.timings['total_s']:.1f} s{escape(told)}")
    facts.append(escape(answer.model))
    if dropped := answer.context.passages_dropped:
        facts.append(escape(tr(language, "figures.dropped", n=dropped)))
    shown = " · ".join(f'<span class="fact">{fact}</span>' for fact in facts if fact)
    return f'<div class="foot"><span class="figures">{shown}</span>{_tools(number, language, copy=True)}</div>'


def render_markdown(exchanges: Sequence[Exchange], language: str) -> str:
    """A conversation as Markdown, with the quotes that its answers rest on."""
    entries = []
    for exchange in exchanges:
        scope = f" ({_scope(exchange, language)})" if exchange.scope else ""
        answer = exchange.answer or exchange.error or tr(language, "chat.stopped")
        entries.append((f"{exchange.question}{scope}", answer))
    words = Words(
        understood=tr(language, "answer.understood"),
        unsupported=tr(language, "answer.unsupported"),
        sources=f"{tr(language, 'evidence.sources')}:",
        reading=tr(language, "export.reading"),
        nearest=tr(language, "abstained.nearest"),
        place=lambda place: render_place(place, language),
    )
    return entries_markdown(tr(language, "export.title"), entries, words=words)


def _scope(exchange: Exchange, language: str) -> str:
    return tr(language, "chat.within", name=exchange.scope_name or exchange.scope)


def _asked(exchange: Exchange, language: str) -> str:
    within = f'<span class="within">{escape(_scope(exchange, language))}</span>' if exchange.scope else ""
    return f'<div class="asked"><h2>{escape(exchange.question)}</h2>{within}</div>'


def _tools(number: int, language: str, *, copy: bool = False) -> str:
    tools = [act("copy", tr(language, "chat.copy"), css="tool", turn=number)] if copy else []
    tools.append(act("retry", tr(language, "chat.retry"), css="tool", turn=number))
    return f'<span class="tools">{"".join(tools)}</span>'


def _notes(answer: Answer, language: str) -> str:
    """What stands beside an answer: its note, and what was not read of the documents that it rests on."""
    told = f'<p class="answer-note">{escape(answer.note)}</p>' if answer.note else ""
    for read in answer.warnings:
        title = escape(tr(language, "answer.reading", document=read.document, n=len(read.warnings)))
        items = "".join(f"<li>{escape(warning)}</li>" for warning in read.warnings)
        told += f'<details class="answer-note"><summary>{title}</summary><ul>{items}</ul></details>'
    return told
