"""What stands around a talk as inert HTML: notices, suggestions, the documents it is restricted to, its exports."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from html import escape
from pathlib import Path

from ragapp.answer.suggestions import Suggestion
from ragapp.web.scopes import parted, scope_choice
from ragapp.web.ui.render import act
from ragapp.web.ui.translations import tr
from ragapp.web.visitors import Visitor


def render_state(visitor: Visitor, title: str) -> str:
    """What the browser must know of the talk: which conversation it is, and what became of the questions it sent."""
    turns = visitor.session.turns if visitor.session else ()
    state = {
        "conversation": visitor.conversation or 0,
        "title": title,
        "last": turns[-1].id if turns else 0,  # the turn behind which the next question stands
        "answering": visitor.answering,
        "lost": visitor.lost,
        "taken": visitor.taken,
        "refused": visitor.refused,
    }
    return f'<span hidden class="talk-state" data-state="{escape(json.dumps(state, ensure_ascii=False))}"></span>'


def render_lost(visitor: Visitor) -> str:
    """That the open conversation was deleted elsewhere, and what can be done."""
    language = visitor.language
    if not visitor.exchanges:
        return f'<div class="talk-notice" role="status">{escape(tr(language, "lost.address"))}</div>'
    keep = act("talk", tr(language, "lost.keep"), what="keep")
    new = act("conversations", tr(language, "chat.new"), what="new")
    return (
        f'<div class="talk-notice" role="status"><p>{escape(tr(language, "lost.deleted"))}</p><p>{keep} {new}</p></div>'
    )


def render_replaced(count: int, language: str) -> str:
    """That an answer has taken the place of others, which can be brought back; ``count`` is how many."""
    told = escape(tr(language, "chat.replaced", n=count))
    undo = act("talk", tr(language, "chat.undo"), css="undo-button", what="undo")
    return (
        f'<div class="talk-notice undo" role="status"><span>{told}</span><span class="undo-tools">{undo}</span></div>'
    )


def render_suggestions(suggested: Sequence[Suggestion], language: str) -> str:
    """Questions to ask next, as buttons."""
    if not suggested:
        return ""
    buttons = "".join(
        f"<li>{act('ask', one.label, css='suggestion', question=one.question, scope=parted(one.scope))}</li>"
        for one in suggested
    )
    label = escape(tr(language, "chat.suggested"))
    return f'<div class="suggestions"><h3>{label}</h3><ul>{buttons}</ul></div>'


def render_scope(scope: str, drop: Path, gone: Collection[str], language: str) -> str:
    """What the next question is restricted to, each with a button that takes it away.

    ``gone`` are the patterns that no document matches any more.
    """
    chips = ""
    for pattern in parted(scope):
        choice = scope_choice(pattern, drop)
        name = choice.shown(language)
        css, tip = ("scope-chip", choice.folder)
        if pattern in gone:
            css, tip = "scope-chip gone", tr(language, "scope.gone_tip")
        remove = act("scope-remove", tr(language, "scope.remove", name=name), inner="✕", css="tool", pattern=pattern)
        told = f' title="{escape(tip)}"' if tip else ""
        chips += f'<li class="{css}"{told}><span>{escape(name)}</span>{remove}</li>'
    label = tr(language, "scope.add") if chips else tr(language, "chat.everything")
    spoken = f"{tr(language, 'chat.scope')}: {label}"
    opener = act("scope-open", spoken, inner=f"{escape(label)} <span aria-hidden='true'>▾</span>", css="scope-open")
    listed = f"<ul>{chips}</ul>" if chips else ""
    patterns = escape(json.dumps(parted(scope), ensure_ascii=False))
    return (
        f'<div class="scope-box" data-scope="{patterns}"><span class="scope-label">'
        f"{escape(tr(language, 'chat.scope'))}</span>{listed}{opener}</div>"
    )


def render_exports(tab: str, language: str, rated: int) -> str:
    """The keyboard overview, and how the conversation can be had as a file; ``tab`` is empty where it is empty."""
    keys = act("keys", tr(language, "keys.open"), inner="?", tip=tr(language, "keys.open"), css="tool")
    if not tab and not rated:
        return keys
    links = []
    if tab:
        for suffix in ("md", "html"):
            label = tr(language, f"export.{suffix}")
            links.append(f'<a class="act tool" href="/ui/export/{tab}.{suffix}" download>{escape(label)}</a>')
    if rated:
        label = tr(language, "export.rated", n=rated)
        links.append(f'<a class="act tool" href="/ui/rated.jsonl" download>{escape(label)}</a>')
    title = escape(tr(language, "chat.export"))
    files = f"<summary class='act tool'>{title}</summary><div>{''.join(links)}</div>"
    return f'<details class="menu up">{files}</details>{keys}'
