"""Tags and collections of documents: given and taken in the page, and what the list is narrowed to by them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from glob import escape as escape_pattern
from html import escape
from typing import Any

from ragapp.app import App
from ragapp.index.facts import TYPES
from ragapp.index.records import DocumentRow
from ragapp.retrieval.scope import Filter
from ragapp.web.document_list import Choices, Labels
from ragapp.web.ui.documents_forms import render_dialog
from ragapp.web.ui.render import act
from ragapp.web.ui.translations import tr
from ragapp.words.forms import short_day

# tags and collections of the selected documents that are shown, those of most of them
_MOST = 30


def narrowed(before: Filter, kind: str, value: str) -> Filter:
    """A filter with another value of one kind, which has one; an empty one takes it away.

    ``before`` is here the last day, as people say it, not the one behind it.

    Raises:
        ValueError: there is no such kind, or it is no day.
    """
    if kind == "before" and value:
        value = (date.fromisoformat(value) + timedelta(days=1)).isoformat()
    if kind in ("after", "before"):
        day = date.fromisoformat(value).isoformat() if value else ""
        return replace(before, after=day) if kind == "after" else replace(before, before=day)
    given = (value,) if value else ()
    if kind == "collection":
        return replace(before, collections=given)
    if kind == "tag":
        return replace(before, tags=given)
    if kind == "type" and (value in TYPES or not value):
        return replace(before, types=given)
    raise ValueError(kind)


def render_narrowing(choices: Choices, chosen: Filter, language: str) -> str:
    """What the list can be narrowed to: a collection, a tag, a type, days; empty while there is nothing to choose."""
    if not choices.documents:
        return ""
    selects = [
        _select(kind, every, given, language)
        for kind, every, given in (
            ("collection", choices.collections, chosen.collections),
            ("tag", choices.tags, chosen.tags),
            ("type", choices.types, chosen.types),
        )
        if every or given
    ]
    last = (date.fromisoformat(chosen.before) - timedelta(days=1)).isoformat() if chosen.before else ""
    days = _day("after", chosen.after, language) + _day("before", last, language)
    group = escape(tr(language, "narrow.days"))
    dates = f'<span class="days" role="group" aria-label="{group}">{days}</span>'
    clear = act("documents", tr(language, "narrow.clear"), css="tool strong", what="clear") if chosen else ""
    label = escape(tr(language, "narrow.by"))
    return f'<div class="filters narrowing" role="group" aria-label="{label}">{"".join(selects)}{dates}{clear}</div>'


def render_labels(labels: Labels, language: str) -> str:
    """A document's collections and tags, below its name; a click on one narrows the list to it."""
    parts = []
    for kind, names in (("collection", labels.collections), ("tag", labels.tags)):
        for name in names:
            tip = tr(language, f"narrow.to_{kind}", name=name)
            shown = f'<span aria-hidden="true">{"#" if kind == "tag" else "▤ "}</span>{escape(name)}'
            values: dict[str, Any] = {"what": "narrow", "kind": kind, "value": name}
            parts.append(act("documents", tip, inner=shown, tip=tip, css=f"label {kind}", **values))
    return f'<span class="labels">{"".join(parts)}</span>' if parts else ""


def _select(kind: str, every: Sequence[str], given: Sequence[str], language: str) -> str:
    options = [f'<option value="">{escape(tr(language, f"narrow.any_{kind}"))}</option>']
    for value in dict.fromkeys([*every, *given]):
        shown = tr(language, f"type.{value}") if kind == "type" else value
        chosen = " selected" if value in given else ""
        options.append(f'<option value="{escape(value)}"{chosen}>{escape(shown)}</option>')
    label, css = escape(tr(language, f"narrow.{kind}")), "narrow chosen" if given else "narrow"
    return f'<select class="{css}" data-kind="{kind}" aria-label="{label}">{"".join(options)}</select>'


def _day(kind: str, day: str, language: str) -> str:
    css = "narrow chosen" if day else "narrow"
    field = f'<input type="date" class="{css}" data-kind="{kind}" value="{escape(day)}">'
    return f"<label>{escape(tr(language, f'narrow.{kind}'))} {field}</label>"


def render_day(labels: Labels, language: str) -> str:
    """A document's own day, in front of the line on what it is about."""
    if not labels.day:
        return ""
    day = short_day(labels.day, language)
    tip = escape(tr(language, "labels.day", day=day))
    return f'<span class="own-day" title="{tip}">{escape(day)}</span>'


class LabelsForm:
    """Gives and takes tags, and puts documents into collections, by the same functions as the commands."""

    def __init__(self, app: App):
        self._app = app

    def do(self, what: str, ids: Sequence[int], name: str) -> None:
        """Give (``tag``) or take (``untag``) a tag, put documents into a collection or take them out.

        Raises:
            UsageError: a name is empty, too long, or would be taken for a pattern.
            StoreError: there is no such collection any more.
        """
        labels = self._app.catalog.labels
        if what == "tag":
            labels.tag(ids, [name])
        elif what == "untag":
            labels.untag(ids, [name])
        else:
            paths = list(map(escape_pattern, self._paths(ids)))
            if what == "collect":
                labels.add_to_collection(name, paths)
            else:
                there = set(labels.collection(name).patterns)
                labels.remove_from_collection(name, [path for path in paths if path in there])

    def render(self, ids: Sequence[int], choices: Choices, language: str, problem: str = "") -> str:
        """The form for some documents; empty where none of them is there."""
        catalog = self._app.catalog
        rows = [row for one in ids[:1] if (row := catalog.document(one))]
        if not rows:
            return ""
        tags = Counter(tag for words in catalog.labels.of_documents(ids).values() for tag in words)
        paths = self._paths(ids)
        found = catalog.labels.collections_of(paths)
        collections = Counter(name for names in found.values() for name in names)
        return render_form(rows[0], len(ids), tags, collections, self._by_hand(paths), choices, language, problem)

    def _paths(self, ids: Sequence[int]) -> list[str]:
        return [path for (path,) in self._app.catalog.rows_among("SELECT path FROM documents WHERE id IN ({})", ids)]

    def _by_hand(self, paths: Sequence[str]) -> set[str]:
        """The collections that some of the documents were put into themselves, not by a folder."""
        own = {escape_pattern(path) for path in paths}
        return {row.name for row in self._app.catalog.labels.collections() if own.intersection(row.patterns)}


def render_form(
    first: DocumentRow,
    count: int,
    tags: Counter[str],
    collections: Counter[str],
    by_hand: set[str],
    choices: Choices,
    language: str,
    problem: str = "",
) -> str:
    """The form: what the documents have, each with a way to take it, and a line to give more."""
    title = tr(language, "labels.title", n=count) if count > 1 else tr(language, "labels.title_of", name=first.name)
    body = f'<p class="told wrong" role="alert">{escape(problem)}</p>' if problem else ""
    for kind, had, every in (("tag", tags, choices.tags), ("collection", collections, choices.collections)):
        take, give = ("untag", "tag") if kind == "tag" else ("uncollect", "collect")
        chips = ""
        for name, n in had.most_common(_MOST):
            part = "" if n == count else f' <span class="n">{n}/{count}</span>'
            sign = ""
            if kind == "tag" or name in by_hand:
                label = tr(language, f"labels.{take}", name=name)
                sign = act("documents", label, inner="✕", tip=label, css="tool", what=take, name=name)
            folder = "" if sign else f' title="{escape(tr(language, "labels.by_folder"))}"'
            chips += f'<li class="label"{folder}>{escape(name)}{part}{sign}</li>'
        none = f'<span class="note">{escape(tr(language, f"labels.no_{kind}"))}</span>'
        offered = "".join(f'<option value="{escape(one)}"></option>' for one in every if had[one] < count)
        button = act(f"label-{give}", tr(language, f"labels.{give}"), what=give)
        body += (
            f"<h4>{escape(tr(language, f'labels.{kind}s'))}</h4>"
            f"{f'<ul class=label-list>{chips}</ul>' if chips else none}"
            f'<p class="give"><label><span>{escape(tr(language, f"labels.new_{kind}"))}</span> <input type="text"'
            f' class="field" maxlength="80" autocomplete="off" list="offered-{kind}" data-enter="label-{give}"></label>'
            f'<datalist id="offered-{kind}">{offered}</datalist> {button}</p>'
        )
    close = act("documents", tr(language, "documents.close"), css="primary", what="cancel")
    return render_dialog(title, body, close)


def as_values(values: dict[str, Any]) -> tuple[str, str]:
    """Kind and value of a button or field that narrows the list."""
    return str(values["kind"]), str(values["value"])
