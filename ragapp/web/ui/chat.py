"""The chat: ask, see how far it is, read the checked answer, stop, ask again or otherwise, rate it, take it along."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import gradio as gr

from ragapp.answer.suggestions import Suggester
from ragapp.contract import CAUTIONS, Answer, Feedback
from ragapp.errors import RagappError
from ragapp.web.app_state import AppState
from ragapp.web.evidence import Source, source_of
from ragapp.web.runs import AnswerRun, Exchange
from ragapp.web.scopes import joined, missing, parted, scope_name
from ragapp.web.ui.conversations import ConversationsColumn
from ragapp.web.ui.first_steps import FirstSteps
from ragapp.web.ui.render_answer import render_exchange, render_log, render_run, sentence_quotes
from ragapp.web.ui.render_evidence import render_empty, render_evidence
from ragapp.web.ui.render_talk import (
    render_exports,
    render_lost,
    render_replaced,
    render_scope,
    render_state,
    render_suggestions,
)
from ragapp.web.ui.tab import QUIET, UNQUEUED, Tab, Updates, in_turn
from ragapp.web.ui.translations import tr
from ragapp.web.visitors import Choice, Visitor

if TYPE_CHECKING:
    from gradio.events import Dependency

# an answer that is being written is shown anew so often, at the most
_FRAME_S = 0.06
# how far a model is loaded is looked up so often
_POLL_S = 0.25


class ChatTab(Tab):
    """Questions, answers, and beside them conversations and evidence."""

    name = "chat"
    at_load = True

    def __init__(self, state: AppState, i18n: gr.I18n):
        super().__init__(state, i18n)
        self._conversations = ConversationsColumn(state, i18n)
        self._first_steps = FirstSteps(state)

    def build(self) -> None:
        text = self._i18n
        plain: dict[str, Any] = {"show_label": False, "container": False}
        size: dict[str, Any] = {"scale": 1, "min_width": 90}
        with gr.Row(elem_id="chat-row"):
            self._conversations.build()
            with gr.Column(scale=1, min_width=320, elem_id="talk-column"):
                with gr.Column(elem_id="talk"):
                    self.log, self.live, self.after = self.html("log"), self.html("live"), self.html("after")
                with gr.Column(elem_id="composer"):
                    with gr.Row(elem_id="ask-row"):
                        label, hint = text("chat.question"), text("chat.placeholder")
                        lines = {"lines": 1, "max_lines": 6, "autofocus": True, "scale": 8, **plain}
                        # what is typed is sent by scripts/talk.js, which keeps it until the server has it
                        gr.Textbox(label=label, placeholder=hint, elem_id="question", **lines)
                        self.send = gr.Button(text("chat.send"), variant="primary", elem_id="send", **size)
                        self.stop = gr.Button(text("chat.stop"), variant="stop", elem_id="stop", visible=False, **size)
                    with gr.Row(elem_id="scope-row"):
                        self.scope, self.export = self.html("scope"), self.html("export")
            with gr.Column(scale=1, min_width=320, elem_id="evidence-column"):
                self.evidence = self.html("evidence")
        self.outputs += [self.send, self.stop, *self._conversations.outputs]

    def wire(self, loaded: Dependency) -> None:
        column, outputs = self._conversations, self.outputs
        follow = self.follow_answer, None, outputs
        # not queued: a question is taken at once, and then followed
        for name, work in (("ask", self.ask), ("retry", self.retry)):
            self.on_button(name, work, outputs, "multiple").then(*follow, **QUIET)
        self.on_button("pick", self.pick, [self.evidence], "always_last", in_turns=False)
        self.on_button("conversations", self.act, outputs, "multiple").then(*follow, **QUIET)
        self.on_button("talk", self.act_on_talk, outputs, "multiple")
        self.on_button("scope", self.restrict, [self.scope], "always_last")
        self.on_button("first", self.first_step, [self.live], "multiple")
        loaded.then(*follow, **QUIET)  # of a question asked before a reload
        self.stop.click(self.halt, None, None, **UNQUEUED)
        # not queued either, or a question asked at once would overtake it and be dropped
        column.new.click(self.start_anew, None, outputs, **UNQUEUED)
        column.search.change(column.find, column.search, column.list, trigger_mode="always_last", **UNQUEUED)

    def ask(self, visitor: Visitor, values: dict[str, Any]) -> Updates:
        """Begin to answer a question, behind the last one or in the place of one that was edited."""
        question = str(values.get("question") or "").strip()
        if not _takes(visitor, values, possible=bool(question)):
            return self._refuse(visitor)
        at = values.get("edit")
        edited = isinstance(at, int) and 0 <= at < len(visitor.exchanges)
        given = values.get("scope")
        scope = joined(given) if isinstance(given, list) else visitor.scope
        return self._begin(visitor, Exchange(question, scope=scope), at=at if edited else None)

    def retry(self, visitor: Visitor, values: dict[str, Any]) -> Updates:
        """Ask one of the questions again: with another caution or other documents, or taken as it was written.

        It is understood as before, not by its own answer. The last one is asked in its own place, an earlier one anew.
        """
        number, caution = values.get("turn", -1), values.get("caution")
        known = isinstance(number, int) and 0 <= number < len(visitor.exchanges)
        if not _takes(visitor, values, possible=known):
            return self._refuse(visitor)
        exchange = visitor.exchanges[number]
        understood = exchange.answer.standalone if exchange.answer else ""
        if values.get("as_written"):
            understood = " ".join(exchange.question.split())
        given = values.get("scope")
        scope = joined(given) if isinstance(given, list) else exchange.scope
        options: dict[str, Any] = {
            "caution": caution if caution in CAUTIONS else None,
            "at": number if number == len(visitor.exchanges) - 1 else None,
            "standalone": understood or None,
        }
        return self._begin(visitor, Exchange(exchange.question, scope=scope), **options)

    def _begin(self, visitor: Visitor, asked: Exchange, **options: Any) -> Updates:
        visitor.choice = Choice()
        documents, drop = self._state.documents()[0], self._state.app.settings.paths.ingest
        asked = replace(asked, scope_name=scope_name(asked.scope, drop))
        gone = missing(asked.scope, documents)
        if gone and len(gone) == len(parted(asked.scope)) and documents:
            told = tr(visitor.language, "scope.gone", names=scope_name("\n".join(gone), drop))
            visitor.exchanges.append(replace(asked, error=told))
        else:
            self._state.ask(visitor, asked, **options)
        return self.show_talk(visitor)

    def _refuse(self, visitor: Visitor) -> Updates:
        """The talk as it is: the browser may already show the question as asked, and only replaces what is new."""
        shown, new = self.show_talk(visitor), f"<!--{time.monotonic_ns()}-->"
        return {**shown, self.log: shown[self.log] + new, self.live: shown[self.live] + new}

    def follow_answer(self, request: gr.Request) -> Iterator[Any]:
        """What changes until the visitor's question is answered, and then what to ask next."""
        visitor = self.visitor(request)
        run = visitor.run
        if run is None:
            yield self._suggest(visitor)
            return
        seen: tuple[int, int | None] = (-1, None)
        while run.running:
            now = run.wait(seen[0], _POLL_S), self._state.models.percent
            if now != seen and run.running:
                seen = now
                yield in_turn(visitor, lambda: self._so_far(visitor, run))
                time.sleep(_FRAME_S)
        yield in_turn(visitor, lambda: self.show_talk(visitor))
        yield self._suggest(visitor)

    def _so_far(self, visitor: Visitor, run: AnswerRun) -> Updates:
        """How far a question is; nothing where it was answered just now, or another conversation was opened."""
        if visitor.run is not run or not run.running:
            return {}
        return {self.live: render_run(run, visitor.language, self._state.models.percent)}

    def _suggest(self, visitor: Visitor) -> Any:
        """Look for what could be asked behind the last answer, once; nobody waits meanwhile."""
        with visitor.turn:
            exchanges = list(visitor.exchanges)
            wanted = not visitor.answering and visitor.suggested[0] != len(exchanges) - 1
        answer = exchanges[-1].answer if exchanges else None
        if answer is None or not wanted:
            return gr.skip()
        app, asked = self._state.app, [exchange.question for exchange in exchanges]
        try:
            suggester = Suggester(app.catalog, lambda text, k, within: app.retriever.search(text, k, within).passages)
            found = suggester.after(answer, exchanges[-1].scope, asked)
        except RagappError:  # the store is being changed; there is nothing to say of that here
            return gr.skip()

        def show() -> Updates:
            last = visitor.exchanges[-1] if visitor.exchanges else None
            if visitor.answering or last is None or last.answer is not answer:
                return {}
            visitor.suggested = len(visitor.exchanges) - 1, found
            return {self.after: self._render_after(visitor)}

        return in_turn(visitor, show)

    def open(self, visitor: Visitor) -> Updates:
        wanted = visitor.arrived.pop("conversation", "")
        if wanted.isdecimal() and int(wanted) != visitor.conversation:
            self._conversations.act(visitor, {"what": "open", "id": int(wanted)})
        return super().open(visitor)

    def show(self, visitor: Visitor) -> Updates:
        """The talk, what a question can be restricted to, and where the conversation can be had as a file."""
        visitor.seen |= {"guide": self._first_steps.depends_on()}
        return self.show_talk(visitor)

    def follow(self, visitor: Visitor) -> Updates:
        """What other tabs did to the conversations, documents that went, and the first steps as they are done."""
        updates: Updates = {}
        if visitor.is_new("answering", visitor.answering):  # buttons have no number by which the newest is known
            updates |= self._show_buttons(visitor)
        empty = not visitor.exchanges and not visitor.answering
        if visitor.is_new("guide", self._first_steps.depends_on()) and empty:
            updates[self.live] = self._first_steps.render(visitor.language)
        if visitor.is_new("scope", shown := self._render_scope(visitor)):
            updates[self.scope] = shown
        try:
            version = self._state.app.conversations.version
            if visitor.is_new("conversations", version):
                updates[self._conversations.list] = self._conversations.show(visitor)
                if self._state.refresh(visitor):
                    updates |= self.show_talk(visitor)
        except RagappError:  # the store is being opened or can't be
            pass
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
            log, live = "", self._first_steps.render(language)
        visitor.seen["scope"] = scope = self._render_scope(visitor)
        return {
            self.log: log,
            self.live: live,
            self.after: self._render_after(visitor),
            self.evidence: evidence,
            self.scope: scope,
            self.export: self._render_exports(visitor),
            self._conversations.list: self._conversations.show(visitor),
            **self._show_buttons(visitor),
        }

    def _show_buttons(self, visitor: Visitor) -> Updates:
        answering = visitor.answering
        return {self.stop: gr.Button(visible=answering), self.send: gr.Button(visible=not answering)}

    def _render_after(self, visitor: Visitor) -> str:
        """What stands behind the newest exchange: notices, suggestions, and what the browser must know."""
        session, title, idle = visitor.session, "", not visitor.answering
        try:
            if session and session.conversation:
                title = session.conversation.title
        except RagappError:  # it was deleted elsewhere; an answer on its way begins another one
            visitor.lost = visitor.lost or idle
        html = render_state(visitor, title)
        if visitor.lost:
            html += render_lost(visitor)
        if visitor.answering:
            return html
        if session and session.replaced and session.replaced.turns:
            html += render_replaced(len(session.replaced.turns), visitor.language)
        number, suggested = visitor.suggested
        if visitor.exchanges and number == len(visitor.exchanges) - 1:
            html += render_suggestions(suggested, visitor.language)
        return html

    def _render_scope(self, visitor: Visitor) -> str:
        gone = missing(visitor.scope, self._state.documents()[0]) if visitor.scope else []
        return render_scope(visitor.scope, self._state.app.settings.paths.ingest, gone, visitor.language)

    def _render_exports(self, visitor: Visitor) -> str:
        try:
            rated = self._state.app.conversations.rated_count
        except RagappError:
            rated = 0
        return render_exports(visitor.tab if visitor.exchanges else "", visitor.language, rated)

    def show_evidence(self, visitor: Visitor) -> str:
        """The evidence that the visitor has chosen."""
        choice, exchanges = visitor.choice, visitor.exchanges
        answer = exchanges[choice.exchange].answer if 0 <= choice.exchange < len(exchanges) else None
        if not answer:
            return render_empty(visitor.language)
        source = chosen_source(answer, choice)
        if source is None and not (answer.citations or answer.passages):
            return render_empty(visitor.language)
        shown = self._state.evidence.show(source) if source else None
        return render_evidence(answer, choice, shown, visitor.language)

    def pick(self, visitor: Visitor, values: dict[str, Any]) -> Any:
        """Show the evidence of a citation or passage; nothing else waits for the page on which it stands."""
        n, quote = (int(values.get(name, 0)) for name in ("n", "quote"))
        choice = Choice(int(values.get("turn", -1)), str(values.get("kind", "citation")), n, quote)
        with visitor.turn:
            visitor.choice, talk = choice, visitor.session
        shown = self.show_evidence(visitor)

        def show() -> Updates:
            return {self.evidence: shown} if visitor.choice == choice and visitor.session is talk else {}

        return in_turn(visitor, show)

    def halt(self, request: gr.Request) -> None:
        """Stop this visitor's answer."""
        if run := self.visitor(request).run:
            run.stop()

    def start_anew(self, request: gr.Request) -> Any:
        """Begin another conversation."""
        visitor = self.visitor(request)
        return in_turn(visitor, lambda: self._closed(visitor))

    def _closed(self, visitor: Visitor) -> Updates:
        self._state.close_conversation(visitor)
        return self.show_talk(visitor)

    def act(self, visitor: Visitor, values: dict[str, Any]) -> Updates:
        """Open, rename or delete a conversation, or bring it back."""
        if self._conversations.act(visitor, values):
            return self.show_talk(visitor)
        return {self._conversations.list: self._conversations.show(visitor), self.after: self._render_after(visitor)}

    def act_on_talk(self, visitor: Visitor, values: dict[str, Any]) -> Updates:
        """Rate an answer, bring back what it has replaced, or keep a conversation that was deleted elsewhere."""
        what = values.get("what")
        try:
            if what == "rate":
                self._rate(visitor, values)
            elif what == "undo" and visitor.session and visitor.session.replaced and not visitor.answering:
                self._state.app.conversations.put_back(visitor.session.replaced)
                visitor.session.replaced, visitor.suggested = None, (-1, ())
                self._state.refresh(visitor)
            elif what == "keep" and visitor.lost and not visitor.answering:
                self._state.keep(visitor)
        except RagappError:  # deleted by another tab just now: the talk tells so
            self._state.refresh(visitor)
        return self.show_talk(visitor)

    def _rate(self, visitor: Visitor, values: dict[str, Any]) -> None:
        number, rating = values.get("turn", -1), values.get("rating", "")
        if not isinstance(number, int) or not 0 <= number < len(visitor.exchanges):
            return
        exchange = visitor.exchanges[number]
        feedback = Feedback(
            rating if rating in ("up", "down") else "",
            str(values.get("note") or ""),
            str(values.get("expected") or ""),
            bool(values.get("unanswerable")),
        )
        if exchange.turn:
            self._state.app.conversations.rate(exchange.turn, feedback)
            visitor.exchanges[number] = replace(exchange, feedback=feedback)

    def first_step(self, visitor: Visitor, values: dict[str, Any]) -> Updates:
        """Do what a button of the first screen says."""
        problem = self._first_steps.act(values, visitor.language)
        return {} if visitor.exchanges else {self.live: problem + self._first_steps.render(visitor.language)}

    def restrict(self, visitor: Visitor, values: dict[str, Any]) -> Updates:
        """Restrict the next question to documents and folders, and keep that with the conversation."""
        patterns = values.get("patterns")
        visitor.scope = joined(patterns if isinstance(patterns, list) else [])
        if visitor.conversation is not None:
            try:
                self._state.app.conversations.set_scope(visitor.conversation, visitor.scope)
            except RagappError:  # deleted elsewhere: the talk tells so
                visitor.lost = True
        visitor.seen["scope"] = shown = self._render_scope(visitor)
        return {self.scope: shown}


def _takes(visitor: Visitor, values: dict[str, Any], *, possible: bool) -> bool:
    """Whether what the browser sends is begun: where it is possible, did not come before, and nothing else is answered.

    The browser is told by the name that it gave it whether it was taken.
    """
    name = str(values.get("name") or "")
    came_before = name in visitor.taken or (values.get("again") and _is_answered(visitor, values))
    begun = possible and not came_before and not visitor.answering
    visitor.heard(name, taken=bool(came_before or begun))
    return begun


def _is_answered(visitor: Visitor, values: dict[str, Any]) -> bool:
    """Whether a question that comes again has been answered since it was first sent, or is being answered."""
    question = str(values.get("question") or "").strip()
    if visitor.answering and visitor.run:
        return visitor.run.asked.question == question
    last = visitor.session.turns[-1] if visitor.session and visitor.session.turns else None
    # by the turn that was the last one then, not by the clock: the browser's machine may have another
    return last is not None and last.question == question and values.get("behind", last.id) != last.id


def first_choice(answer: Answer | None, number: int) -> Choice:
    """The evidence that is shown by itself: the first citation, or nothing."""
    cited = answer.citations if answer and not answer.abstained else ()
    return Choice(number, "citation", cited[0].n) if cited else Choice(number)


def chosen_source(answer: Answer, choice: Choice) -> Source | None:
    """The source of a choice, None where there is no such citation, passage or listed document."""
    if choice.kind == "listed":
        if not 1 <= choice.n <= len(answer.listed):
            return None
        place = answer.listed[choice.n - 1]
        return Source(place.document, place.path, 1)
    listed = answer.passages if choice.kind == "passage" else answer.citations
    found = next((source_of(one) for one in listed if one.n == choice.n), None)
    if found and choice.kind == "citation" and choice.quote > 0:
        n, quote = (*sentence_quotes(answer)[choice.quote - 1 : choice.quote], (0, ""))[0]
        found = replace(found, quote=quote) if n == choice.n else found
    return found
