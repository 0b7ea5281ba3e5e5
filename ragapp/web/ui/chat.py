"""The chat: ask, see how far it is, read the checked answer, stop, ask again, take it along."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from glob import escape as escape_glob
from pathlib import Path

import gradio as gr

from ragapp.contract import CAUTIONS, Caution
from ragapp.web.desk import Desk
from ragapp.web.evidence import Source, source_of_citation, source_of_passage
from ragapp.web.runs import Exchange
from ragapp.web.ui.render import render_exchange, render_log, render_run
from ragapp.web.ui.render_evidence import render_empty, render_evidence
from ragapp.web.ui.render_page import render_guide
from ragapp.web.ui.tab import QUIET, Tab
from ragapp.web.ui.talks import TalksColumn
from ragapp.web.ui.translations import tr
from ragapp.web.visitors import Choice, Visitor

# an answer that is being written is shown anew so often, at the most
_FRAME_S = 0.06
# how far a model is loaded is looked up so often
_POLL_S = 0.25
# a dropdown with more is of no use; folders and patterns remain
MOST_CHOICES = 500


class ChatTab(Tab):
    """Builds the tab; :meth:`wire` ties its events to its work."""

    def __init__(self, desk: Desk, i18n: gr.I18n):
        super().__init__(desk, i18n)
        self.talks = TalksColumn(desk, i18n)

    def build(self) -> None:
        """Make the components."""
        text = self._i18n
        with gr.Row(elem_id="chat-row"):
            self.talks.build()
            with gr.Column(scale=1, min_width=320, elem_id="talk-column"):
                with gr.Column(elem_id="talk"):
                    self.log = gr.HTML(elem_id="log", js_on_load=None)
                    self.live = gr.HTML(elem_id="live", js_on_load=None)
                with gr.Column(elem_id="composer"):
                    with gr.Row(elem_id="ask-row"):
                        self.question = gr.Textbox(
                            label=text("chat.question"),
                            placeholder=text("chat.placeholder"),
                            show_label=False,
                            lines=1,
                            max_lines=6,
                            autofocus=True,
                            elem_id="question",
                            container=False,
                            scale=8,
                        )
                        self.send = gr.Button(
                            text("chat.send"), variant="primary", elem_id="send", scale=1, min_width=90
                        )
                        self.stop = gr.Button(
                            text("chat.stop"), variant="stop", elem_id="stop", scale=1, min_width=90, visible=False
                        )
                    with gr.Row(elem_id="scope-row"):
                        self.scope = gr.Dropdown(
                            choices=[("…", "")],
                            value="",
                            label=text("chat.scope"),
                            filterable=True,
                            elem_id="scope",
                            container=False,
                            show_label=False,
                            scale=3,
                            min_width=160,
                        )
                        self.export = gr.HTML(elem_id="export", js_on_load=None)
            with gr.Column(scale=1, min_width=320, elem_id="evidence-column"):
                self.evidence = gr.HTML(elem_id="evidence", js_on_load=None)
        self.again = gr.Textbox(visible="hidden", elem_id="wire-retry", label="retry", show_label=False)
        self.pick = gr.Textbox(visible="hidden", elem_id="wire-pick", label="pick", show_label=False)

    @property
    def shown(self) -> list:
        """What :meth:`show` fills."""
        return [self.log, self.live, self.evidence, self.stop, self.send, self.talks.list]

    def wire(self) -> None:
        """Tie events to work."""
        asked = [*self.shown, self.question]
        # not queued: a question is taken at once, and then followed
        for event in (self.question.submit, self.send.click):
            event(self.ask, [self.question, self.scope], asked, queue=False, **QUIET).then(
                self.follow_up, None, self.shown, **QUIET
            )
        self.again.change(self.retry, self.again, asked, queue=False, trigger_mode="multiple", **QUIET).then(
            self.follow_up, None, self.shown, **QUIET
        )
        # not queued: they must get through while the answer is being written
        self.stop.click(self.halt, None, None, queue=False, **QUIET)
        self.pick.change(self.choose, self.pick, self.evidence, queue=False, trigger_mode="always_last", **QUIET)
        self.talks.new.click(self.start_anew, None, asked, **QUIET)
        self.talks.wire_box.change(
            self.act, self.talks.wire_box, self.shown, queue=False, trigger_mode="multiple", **QUIET
        )
        self.talks.search.change(
            self.talks.find, self.talks.search, self.talks.list, queue=False, trigger_mode="always_last", **QUIET
        )

    def visitor(self, request: gr.Request) -> Visitor:
        """Who asks."""
        return self._desk.visitors.of(request.session_hash)

    def ask(self, question: str, scope: str, request: gr.Request) -> tuple:
        """Begin to answer a question."""
        visitor = self.visitor(request)
        if visitor.answering or not (question or "").strip():
            return self._refuse(visitor)
        return self._begin(visitor, question.strip(), scope or "")

    def retry(self, wire: str, request: gr.Request) -> tuple:
        """Ask one of the questions again, with another caution where the button names one."""
        visitor, values = self.visitor(request), _values(wire)
        number, caution = values.get("turn", -1), values.get("caution")
        if visitor.answering or not 0 <= number < len(visitor.exchanges):
            return self._refuse(visitor)
        exchange = visitor.exchanges[number]
        if number == len(visitor.exchanges) - 1:
            visitor.exchanges.pop()
        caution = caution if caution in CAUTIONS else None
        return self._begin(visitor, exchange.question, exchange.within, caution, keep=True)

    def _begin(
        self, visitor: Visitor, question: str, within: str, caution: Caution | None = None, *, keep: bool = False
    ) -> tuple:
        visitor.choice = Choice()
        named = scope_label(within, self._desk.app.settings.paths.ingest, visitor.language)
        self._desk.ask(visitor, question, pattern(within), within, named, caution)
        return *self.show(visitor), gr.skip() if keep else ""

    def _refuse(self, visitor: Visitor) -> tuple:
        """The talk as it is: the browser may already show the question as asked, and only replaces what is new."""
        log, live, *rest = self.show(visitor)
        new = f"<!--{time.monotonic_ns()}-->"
        return log + new, live + new, *rest, gr.skip()

    def follow_up(self, request: gr.Request) -> Iterator[tuple]:
        """Show how a question that was taken gets on."""
        yield from self.follow(self.visitor(request))

    def follow(self, visitor: Visitor) -> Iterator[tuple]:
        """What changes until the visitor's question is answered."""
        run = visitor.run
        seen, skipped = (-1, None), tuple(gr.skip() for _ in range(4))
        while run and run.running:
            now = run.wait(seen[0], _POLL_S), self._desk.models.percent
            if now != seen and run.running:
                seen = now
                yield gr.skip(), render_run(run, visitor.language, now[1]), *skipped
                time.sleep(_FRAME_S)
        if run:
            yield self.show(visitor)
        else:
            yield tuple(gr.skip() for _ in self.shown)

    def show(self, visitor: Visitor) -> tuple:
        """Log, newest exchange, evidence, stop and send, list of conversations, as they are now."""
        language, exchanges, run = visitor.language, visitor.exchanges, visitor.run
        answering = visitor.answering
        if answering:
            log, live = render_log(exchanges, language), render_run(run, language, self._desk.models.percent)
        elif exchanges:
            last = len(exchanges) - 1
            log, live = render_log(exchanges[:-1], language), render_exchange(exchanges[-1], last, language)
            if visitor.choice.exchange < 0:
                visitor.choice = first_choice(exchanges[-1], last)
        else:
            log, live = "", render_guide(self._desk.readiness(), self._desk.models.state, language)
        evidence = render_empty(language) if answering else self.show_evidence(visitor)
        buttons = gr.Button(visible=answering), gr.Button(visible=not answering)
        return log, live, evidence, *buttons, self.talks.show(visitor)

    def show_evidence(self, visitor: Visitor) -> str:
        """The evidence that the visitor has chosen."""
        choice, exchanges = visitor.choice, visitor.exchanges
        answer = exchanges[choice.exchange].answer if 0 <= choice.exchange < len(exchanges) else None
        if not answer:
            return render_empty(visitor.language)
        source = chosen_source(answer, choice)
        shown = self._desk.evidence.show(source) if source else None
        return render_evidence(answer, choice, shown, visitor.language)

    def choose(self, wire: str, request: gr.Request) -> str:
        """Show the evidence of a citation or passage, or leaf in it."""
        visitor, values = self.visitor(request), _values(wire)
        visitor.choice = Choice(
            int(values.get("turn", -1)),
            str(values.get("kind", "citation")),
            int(values.get("n", 0)),
            int(values.get("page", 0)),
        )
        return self.show_evidence(visitor)

    def halt(self, request: gr.Request) -> None:
        """Stop this visitor's answer."""
        if run := self.visitor(request).run:
            run.stop()

    def start_anew(self, request: gr.Request) -> tuple:
        """Begin another conversation."""
        visitor = self.visitor(request)
        self._desk.close_conversation(visitor)
        return (*self.show(visitor), "")

    def act(self, wire: str, request: gr.Request) -> tuple:
        """Open, rename or delete a conversation."""
        visitor = self.visitor(request)
        if self.talks.act(wire, visitor):
            return self.show(visitor)
        return (*(gr.skip() for _ in range(5)), self.talks.show(visitor))

    def choices(self, language: str) -> list[tuple[str, str]]:
        """What a question can be restricted to: folders, then documents."""
        documents, _ = self._desk.documents()
        drop = self._desk.app.settings.paths.ingest
        folders = sorted({str(Path(row.path).parent) for row in documents} - {str(drop)})
        everything = (tr(language, "chat.everything"), "")
        named = [(scope_label(f"{folder}/", drop, language), f"{folder}/") for folder in folders]
        files = [(row.name, row.path) for row in sorted(documents, key=lambda row: row.name.casefold())]
        return [everything, *named[:MOST_CHOICES], *files[:MOST_CHOICES]]


def pattern(within: str) -> str:
    """What the search is restricted by, for a document's path or a folder's path with a slash at its end."""
    if not within:
        return ""
    return f"{escape_glob(within)}*" if within.endswith("/") else escape_glob(within)


def scope_label(within: str, drop: Path, language: str) -> str:
    """What a restriction is called: a document's name, or the folder's; empty for none.

    Args:
        within: a document's path, or a folder's with a slash at its end.
        drop: folders in the drop folder are called by where they lie in it.
        language: of the page.
    """
    if within.endswith("/"):
        return tr(language, "chat.folder", name=_short(within[:-1], drop))
    return Path(within).name


def first_choice(exchange: Exchange, number: int) -> Choice:
    """The evidence that is shown by itself: the first citation, or nothing."""
    answer = exchange.answer or {}
    citations = [] if answer.get("abstained") else answer.get("citations", [])
    return Choice(number, "citation", citations[0]["n"]) if citations else Choice(number)


def chosen_source(answer: dict, choice: Choice) -> Source | None:
    """The source of a choice, None where there is no such citation or passage."""
    listed, make = (
        (answer["passages"], source_of_passage)
        if choice.kind == "passage"
        else (answer["citations"], source_of_citation)
    )
    found = next((make(entry) for entry in listed if entry["n"] == choice.n), None)
    if found and choice.page and choice.page != found.page:
        return replace(found, page=choice.page, quote="", start=0, label="")
    return found


def _short(folder: str, drop: Path) -> str:
    path = Path(folder)
    return str(path.relative_to(drop)) if path.is_relative_to(drop) else path.name or folder


def _values(wire: str) -> dict:
    try:
        values = json.loads(wire or "{}")
    except ValueError:
        return {}
    return values if isinstance(values, dict) else {}
