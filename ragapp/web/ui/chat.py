"""The chat: ask, see how far it is, read the checked answer, stop, ask again, take it along."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from glob import escape as escape_glob
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr
from gradio.components import Component

from ragapp.contract import CAUTIONS, Answer, Caution
from ragapp.web.app_state import AppState, Readiness
from ragapp.web.evidence import Source, source_of
from ragapp.web.model_job import ModelState
from ragapp.web.runs import Exchange
from ragapp.web.ui.conversations import ConversationsColumn
from ragapp.web.ui.documents import render_rebuild
from ragapp.web.ui.models import render_model_job
from ragapp.web.ui.render import act, render_exchange, render_log, render_run
from ragapp.web.ui.render_evidence import render_empty, render_evidence
from ragapp.web.ui.tab import QUIET, UNQUEUED, Tab, Updates
from ragapp.web.ui.translations import tr
from ragapp.web.visitors import Choice, Visitor

if TYPE_CHECKING:
    from gradio.events import Dependency

# an answer that is being written is shown anew so often, at the most
_FRAME_S = 0.06
# how far a model is loaded is looked up so often
_POLL_S = 0.25
# a dropdown with more is of no use; folders and patterns remain
MOST_CHOICES = 500


class ChatTab(Tab):
    """Questions, answers, and beside them conversations and evidence."""

    name = "chat"
    at_load = True

    def __init__(self, state: AppState, i18n: gr.I18n):
        super().__init__(state, i18n)
        self._conversations = ConversationsColumn(state, i18n)

    def build(self) -> None:
        text = self._i18n
        plain: dict[str, Any] = {"show_label": False, "container": False}
        size: dict[str, Any] = {"scale": 1, "min_width": 90}
        with gr.Row(elem_id="chat-row"):
            self._conversations.build()
            with gr.Column(scale=1, min_width=320, elem_id="talk-column"):
                with gr.Column(elem_id="talk"):
                    self.log, self.live = self.html("log"), self.html("live")
                with gr.Column(elem_id="composer"):
                    with gr.Row(elem_id="ask-row"):
                        label, hint = text("chat.question"), text("chat.placeholder")
                        lines = {"lines": 1, "max_lines": 6, "autofocus": True, "scale": 8, **plain}
                        self.question = gr.Textbox(label=label, placeholder=hint, elem_id="question", **lines)
                        self.send = gr.Button(text("chat.send"), variant="primary", elem_id="send", **size)
                        self.stop = gr.Button(text("chat.stop"), variant="stop", elem_id="stop", visible=False, **size)
                    with gr.Row(elem_id="scope-row"):
                        options = {"filterable": True, "scale": 3, "min_width": 160, **plain}
                        label, every = text("chat.scope"), [("…", "")]
                        self.scope = gr.Dropdown(every, value="", label=label, elem_id="scope", **options)
                        self.export = self.html("export")
            with gr.Column(scale=1, min_width=320, elem_id="evidence-column"):
                self.evidence = self.html("evidence")
        self.outputs += [self.send, self.stop, self.scope, *self._conversations.outputs]

    def wire(self, loaded: Dependency) -> None:
        column, outputs = self._conversations, self.outputs
        asked: list[Component] = [*outputs, self.question]
        follow = self.follow_answer, None, outputs
        # not queued: a question is taken at once, and then followed
        for event in (self.question.submit, self.send.click):
            event(self.ask, [self.question, self.scope], asked, **UNQUEUED).then(*follow, **QUIET)
        self.on_button("retry", self.retry, outputs, "multiple").then(*follow, **QUIET)
        self.on_button("pick", self.pick, [self.evidence], "always_last")
        self.on_button("conversations", self.act, outputs, "multiple")
        loaded.then(*follow, **QUIET)  # of a question asked before a reload
        self.stop.click(self.halt, None, None, **UNQUEUED)
        # not queued either, or a question asked at once would overtake it and be dropped
        column.new.click(self.start_anew, None, asked, **UNQUEUED)
        column.search.change(column.find, column.search, column.list, trigger_mode="always_last", **UNQUEUED)

    def ask(self, question: str, scope: str, request: gr.Request) -> Updates:
        """Begin to answer a question."""
        visitor, question = self.visitor(request), (question or "").strip()
        if visitor.answering or not question:
            return self._refuse(visitor)
        return {**self._begin(visitor, question, scope or ""), self.question: ""}

    def retry(self, visitor: Visitor, values: dict[str, Any]) -> Updates:
        """Ask one of the questions again, with another caution where the button names one."""
        number, caution = values.get("turn", -1), values.get("caution")
        if visitor.answering or not 0 <= number < len(visitor.exchanges):
            return self._refuse(visitor)
        exchange = visitor.exchanges[number]
        if number == len(visitor.exchanges) - 1:
            visitor.exchanges.pop()
        return self._begin(visitor, exchange.question, exchange.scope, caution if caution in CAUTIONS else None)

    def _begin(self, visitor: Visitor, question: str, scope: str, caution: Caution | None = None) -> Updates:
        visitor.choice = Choice()
        name = scope_label(scope, self._state.app.settings.paths.ingest, visitor.language)
        self._state.ask(visitor, Exchange(question, scope=scope, scope_name=name), pattern(scope), caution)
        return self.show_talk(visitor)

    def _refuse(self, visitor: Visitor) -> Updates:
        """The talk as it is: the browser may already show the question as asked, and only replaces what is new."""
        shown, new = self.show_talk(visitor), f"<!--{time.monotonic_ns()}-->"
        return {**shown, self.log: shown[self.log] + new, self.live: shown[self.live] + new}

    def follow_answer(self, request: gr.Request) -> Iterator[Any]:
        """What changes until the visitor's question is answered."""
        visitor = self.visitor(request)
        run = visitor.run
        if run is None:
            yield gr.skip()
            return
        seen: tuple[int, int | None] = (-1, None)
        while run.running:
            now = run.wait(seen[0], _POLL_S), self._state.models.percent
            if now != seen and run.running:
                seen = now
                yield {self.live: render_run(run, visitor.language, now[1])}
                time.sleep(_FRAME_S)
        yield self.show_talk(visitor)

    def show(self, visitor: Visitor) -> Updates:
        """The talk, what a question can be restricted to, and where the conversation can be had as a file."""
        ready, models, language = self._state.readiness(), self._state.models.state, visitor.language
        visitor.seen |= {"scope": self._state.listing_version, "guide": _guide_depends_on(ready, models)}
        label, tab = tr(language, "chat.export"), visitor.tab
        link = f'<a class="act tool" href="/ui/export/{tab}.md" download="ragapp.md">{label}</a>' if tab else ""
        return {**self.show_talk(visitor), self.scope: gr.Dropdown(choices=self.choices(language)), self.export: link}

    def follow(self, visitor: Visitor) -> Updates:
        """New documents to restrict a question to, and the first steps as they are done."""
        updates: Updates = {}
        if visitor.is_new("scope", self._state.listing_version):
            updates[self.scope] = gr.Dropdown(choices=self.choices(visitor.language))
        ready, models = self._state.readiness(), self._state.models.state
        empty = not visitor.exchanges and not visitor.answering
        if visitor.is_new("guide", _guide_depends_on(ready, models)) and empty:
            updates[self.live] = render_guide(ready, models, visitor.language)
        return updates

    def show_talk(self, visitor: Visitor) -> Updates:
        """Log, newest exchange, evidence, buttons and list of conversations, as they are now."""
        language, exchanges, run = visitor.language, visitor.exchanges, visitor.run
        evidence = render_empty(language)
        if run and run.running:
            log, live = render_log(exchanges, language), render_run(run, language, self._state.models.percent)
        elif exchanges:
            last = len(exchanges) - 1
            log, live = render_log(exchanges[:-1], language), render_exchange(exchanges[-1], last, language)
            if visitor.choice.exchange < 0:
                visitor.choice = first_choice(exchanges[-1].answer, last)
            evidence = self.show_evidence(visitor)
        else:
            log, live = "", render_guide(self._state.readiness(), self._state.models.state, language)
        return {
            self.log: log,
            self.live: live,
            self.evidence: evidence,
            self.stop: gr.Button(visible=visitor.answering),
            self.send: gr.Button(visible=not visitor.answering),
            self._conversations.list: self._conversations.show(visitor),
        }

    def show_evidence(self, visitor: Visitor) -> str:
        """The evidence that the visitor has chosen."""
        choice, exchanges = visitor.choice, visitor.exchanges
        answer = exchanges[choice.exchange].answer if 0 <= choice.exchange < len(exchanges) else None
        if not answer:
            return render_empty(visitor.language)
        source = chosen_source(answer, choice)
        shown = self._state.evidence.show(source) if source else None
        return render_evidence(answer, choice, shown, visitor.language)

    def pick(self, visitor: Visitor, values: dict[str, Any]) -> Updates:
        """Show the evidence of a citation or passage, or leaf in it."""
        exchange, n, page = (int(values.get(name, default)) for name, default in (("turn", -1), ("n", 0), ("page", 0)))
        visitor.choice = Choice(exchange, str(values.get("kind", "citation")), n, page)
        return {self.evidence: self.show_evidence(visitor)}

    def halt(self, request: gr.Request) -> None:
        """Stop this visitor's answer."""
        if run := self.visitor(request).run:
            run.stop()

    def start_anew(self, request: gr.Request) -> Updates:
        """Begin another conversation."""
        visitor = self.visitor(request)
        self._state.close_conversation(visitor)
        return {**self.show_talk(visitor), self.question: ""}

    def act(self, visitor: Visitor, values: dict[str, Any]) -> Updates:
        """Open, rename or delete a conversation."""
        if self._conversations.act(visitor, values):
            return self.show_talk(visitor)
        return {self._conversations.list: self._conversations.show(visitor)}

    def choices(self, language: str) -> list[tuple[str, str]]:
        """What a question can be restricted to: folders, then documents."""
        documents, _ = self._state.documents()
        drop = self._state.app.settings.paths.ingest
        folders = sorted({str(Path(row.path).parent) for row in documents} - {str(drop)})
        named = [(scope_label(f"{folder}/", drop, language), f"{folder}/") for folder in folders]
        files = [(row.name, row.path) for row in sorted(documents, key=lambda row: row.name.casefold())]
        return [(tr(language, "chat.everything"), ""), *named[:MOST_CHOICES], *files[:MOST_CHOICES]]


def pattern(scope: str) -> str:
    """The shell pattern of a scope: a document's path, or a folder's with a slash at its end."""
    return escape_glob(scope) + "*" * scope.endswith("/")


def scope_label(scope: str, drop: Path, language: str) -> str:
    """What a scope is called: a document's name, or the folder's (from the drop folder on); empty for none."""
    path = Path(scope)
    if not scope.endswith("/"):
        return path.name
    return tr(language, "chat.folder", name=path.relative_to(drop) if path.is_relative_to(drop) else path.name or path)


def first_choice(answer: Answer | None, number: int) -> Choice:
    """The evidence that is shown by itself: the first citation, or nothing."""
    cited = answer.citations if answer and not answer.abstained else ()
    return Choice(number, "citation", cited[0].n) if cited else Choice(number)


def chosen_source(answer: Answer, choice: Choice) -> Source | None:
    """The source of a choice, None where there is no such citation or passage."""
    listed = answer.passages if choice.kind == "passage" else answer.citations
    found = next((source_of(one) for one in listed if one.n == choice.n), None)
    if found and choice.page and choice.page != found.page:
        return replace(found, page=choice.page, quote="", start=0, label="")
    return found


def render_guide(ready: Readiness, models: ModelState, language: str) -> str:
    """What stands in place of a conversation before there is one: the first steps, or what can be asked."""
    if ready.ready:
        tips = "".join(f"<li>{tr(language, f'welcome.{n}')}</li>" for n in (1, 2, 3))
        count = escape(tr(language, "welcome.documents", n=ready.documents))
        return f'<div class="welcome"><h2>{tr(language, "welcome.title")}</h2><p>{count}</p><ul>{tips}</ul></div>'
    return (
        f'<div class="welcome guide"><h2>{tr(language, "guide.title")}</h2><p>{tr(language, "guide.intro")}</p>'
        f"<ol>{_models_step(ready, models, language)}{_documents_step(ready, language)}</ol></div>"
    )


def _guide_depends_on(ready: Readiness, models: ModelState) -> tuple[Readiness, int]:
    return ready, models.changes if ready.missing else 0


def _models_step(ready: Readiness, models: ModelState, language: str) -> str:
    if not ready.missing:
        return f'<li class="done"><h3>{tr(language, "guide.models_done")}</h3></li>'
    fetch = "".join(
        act("models", tr(language, "guide.fetch", name=name), css="primary", what="fetch", name=name)
        for name in ready.missing
    )
    command = f"ragapp models pull {' '.join(ready.missing)}"
    return (
        f"<li><h3>{tr(language, 'guide.models')}</h3><p>{tr(language, 'guide.models_help')}</p>"
        f"<p>{'' if models.what else fetch}</p>{render_model_job(models, language)}"
        f'<p class="note">{tr(language, "guide.command")} <code>{escape(command)}</code></p></li>'
    )


def _documents_step(ready: Readiness, language: str) -> str:
    if ready.rebuild:
        text = f"<p>{tr(language, 'guide.rebuilding')}</p>"
        if not ready.rebuilding:
            text = render_rebuild(ready.rebuild, language)
        return f"<li><h3>{tr(language, 'guide.rebuild')}</h3>{text}</li>"
    if ready.documents:
        return f'<li class="done"><h3>{tr(language, "guide.documents_done", n=ready.documents)}</h3></li>'
    add = act("tab", tr(language, "guide.add"), css="primary", tab="documents")
    samples = act("documents", tr(language, "guide.samples"), what="samples")
    return (
        f"<li><h3>{tr(language, 'guide.documents')}</h3><p>{tr(language, 'guide.documents_help')}</p>"
        f"<p>{add} {samples}</p></li>"
    )
