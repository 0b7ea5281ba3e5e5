"""The page: its frame, its tabs, and what follows by itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import gradio as gr

from ragapp import guard
from ragapp.web.desk import Desk
from ragapp.web.ui.chat import ChatTab
from ragapp.web.ui.documents import DocumentsTab
from ragapp.web.ui.models import ModelsTab
from ragapp.web.ui.render_documents import render_job
from ragapp.web.ui.render_page import render_guide, render_header, render_privacy
from ragapp.web.ui.settings import SettingsTab
from ragapp.web.ui.tab import QUIET
from ragapp.web.ui.theme import make_theme
from ragapp.web.ui.translations import LANGUAGES, make_i18n, tr, wanted_language
from ragapp.web.visitors import Visitor

_POLL_S = 1.0
_HERE = Path(__file__).parent
# more documents than this are not listed anew for each file that is taken in, but at the end
_MANY = 2000


class Page:
    """Builds the page; what belongs to a visitor is kept by tab, never shared.

    Args:
        desk: what the tabs share.
    """

    stylesheet = _HERE / "style.css"
    script = _HERE / "page.js"

    def __init__(self, desk: Desk):
        self._desk = desk
        self.i18n = make_i18n()
        self._chat = ChatTab(desk, self.i18n)
        self._documents = DocumentsTab(desk, self.i18n)
        self._models = ModelsTab(desk, self.i18n)
        self._settings = SettingsTab(desk, self.i18n)
        self.theme = make_theme()

    def build(self) -> gr.Blocks:
        """The Gradio blocks."""
        text = self.i18n
        with gr.Blocks(title="ragapp", analytics_enabled=False, fill_width=True) as blocks:
            self._header = gr.HTML(elem_id="header", js_on_load=None)
            with gr.Tabs(elem_id="tabs"):
                with gr.Tab(text("tab.chat"), id="chat", elem_id="tab-chat"):
                    self._chat.build()
                with gr.Tab(text("tab.documents"), id="documents", elem_id="tab-documents") as documents:
                    self._documents.build()
                with gr.Tab(text("tab.models"), id="models", elem_id="tab-models") as models:
                    self._models.build()
                with gr.Tab(text("tab.settings"), id="settings", elem_id="tab-settings") as settings:
                    self._settings.build()
            self._privacy = gr.HTML(elem_id="privacy", js_on_load=None)
            self._hello = gr.Textbox(visible="hidden", elem_id="wire-hello", label="hello", show_label=False)
            timer = gr.Timer(_POLL_S)
            for tab in (self._chat, self._documents, self._models, self._settings):
                tab.wire()
            frame = [self._header, self._privacy, self._chat.scope, self._chat.export]
            # the tab has put its name into the box before Gradio made the page of it
            greeted = blocks.load(
                self.greet, self._hello, [*frame, *self._chat.shown, *self._documents.shown], queue=False, **QUIET
            )
            greeted.then(self.resume, None, self._chat.shown, **QUIET)
            documents.select(self.show_documents, None, self._documents.shown, queue=False, **QUIET)
            models.select(self.show_models, None, self._models.shown, queue=False, **QUIET)
            settings.select(self.show_settings, None, self._settings.shown, queue=False, **QUIET)
            following = [
                self._header,
                self._privacy,
                self._chat.scope,
                self._chat.live,
                self._documents.job,
                *(self._documents.drop, self._documents.table, self._documents.failures),
                *self._models.shown,
            ]
            timer.tick(self.follow, None, following, queue=False, **QUIET)
            blocks.unload(self.leave)
        return blocks

    def greet(self, wire: str, request: gr.Request) -> tuple:
        """A tab was opened or loaded again: show it all that is its own."""
        try:
            values = json.loads(wire or "{}")
        except ValueError:
            values = {}
        language = values.get("language")
        if language not in LANGUAGES:
            language = wanted_language(request.headers.get("accept-language", ""))
        tab = str(values.get("tab", ""))
        visitor = self._desk.visitors.greet(request.session_hash, tab, language)
        visitor.seen = {"job": self._desk.job.state, "models": self._desk.models.state.changes}
        visitor.seen["ready"] = self._desk.readiness()
        label = tr(language, "chat.export")
        export = (
            f'<a class="act tool" href="/ui/export/{tab}.md" download="ragapp.md">{label}</a>' if tab.isalnum() else ""
        )
        return (
            render_header(self._desk.job.state, language),
            self.show_privacy(visitor),
            gr.Dropdown(choices=self._chat.choices(language)),
            export,
            *self._chat.show(visitor),
            *self._documents.show(visitor),
        )

    def resume(self, request: gr.Request) -> Iterator[tuple]:
        """Go on showing an answer that was under way when the page was loaded again."""
        visitor = self._visitor(request)
        if visitor.answering:
            yield from self._chat.follow(visitor)
        else:
            yield tuple(gr.skip() for _ in self._chat.shown)

    def follow(self, request: gr.Request) -> tuple:
        """What has changed since this visitor last saw it."""
        visitor = self._visitor(request)
        if not visitor.greeted:
            return tuple(gr.skip() for _ in range(8 + len(self._models.shown)))
        desk, language, seen = self._desk, visitor.language, visitor.seen
        job, before = desk.job.state, seen.get("job")
        privacy = self.show_privacy(visitor)
        same_privacy, seen["privacy"] = seen.get("privacy") == privacy, privacy
        header = job_html = drop = table = failures = scope = live = gr.skip()
        if job is not before:
            seen["job"] = job
            header, job_html = render_header(job, language), render_job(job, language)
            if before is None or before.running != job.running:
                drop = self._documents.show(visitor)[0]
            changed = before is None or before.changes != job.changes
            if changed and (not job.running or len(desk.documents()[0]) < _MANY):
                _, _, table, failures = self._documents.show(visitor)
                scope = gr.Dropdown(choices=self._chat.choices(language))
            elif changed:
                seen["job"] = before
        ready, models = desk.readiness(), desk.models.state
        percent = desk.models.percent
        new_models = models.changes != seen.get("models")
        if (ready != seen.get("ready") or (new_models and ready.missing)) and not visitor.exchanges:
            live = gr.skip() if visitor.answering else render_guide(ready, models, language)
        seen["ready"], seen["models"] = ready, models.changes
        shown = tuple(gr.skip() for _ in self._models.shown)
        if new_models:
            shown = self._models.show(visitor)
        elif percent != seen.get("percent"):
            shown = *self._models.show_running(visitor), gr.skip()
        seen["percent"] = percent
        return (header, gr.skip() if same_privacy else privacy, scope, live, job_html, drop, table, failures, *shown)

    def show_documents(self, request: gr.Request) -> tuple:
        """The documents, now."""
        return self._documents.show(self._visitor(request))

    def show_models(self, request: gr.Request) -> tuple:
        """The models, now."""
        return self._models.show(self._visitor(request))

    def show_settings(self, request: gr.Request) -> tuple:
        """The settings, now."""
        return self._settings.show(self._visitor(request))

    def show_privacy(self, visitor: Visitor) -> str:
        """The privacy line."""
        llm = self._desk.app.settings.llm
        seen = guard.report()
        # without the guard there is no figure that could be told
        return render_privacy(
            seen if seen["guarded"] else None, llm.url if llm.mode == "openai" else "", visitor.language
        )

    def leave(self, request: gr.Request) -> None:
        """A loaded page has gone."""
        self._desk.visitors.leave(request.session_hash)

    def _visitor(self, request: gr.Request) -> Visitor:
        return self._desk.visitors.of(request.session_hash)
