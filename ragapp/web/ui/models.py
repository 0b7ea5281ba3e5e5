"""The models: what is here, what fits, what runs where; choose, load, fetch."""

from __future__ import annotations

import json
from dataclasses import replace

import gradio as gr

from ragapp.models.discovery import list_models
from ragapp.models.fit import free_memory
from ragapp.models.packs import PACKS
from ragapp.web.ui.render import act
from ragapp.web.ui.render_models import render_model_job, render_models, render_running
from ragapp.web.ui.tab import QUIET, Tab
from ragapp.web.ui.translations import tr
from ragapp.web.visitors import Visitor


class ModelsTab(Tab):
    """Builds the tab; :meth:`wire` ties its events to its work."""

    def build(self) -> None:
        """Make the components."""
        self.running = gr.HTML(elem_id="running", js_on_load=None)
        self.job = gr.HTML(elem_id="models-job", js_on_load=None)
        self.table = gr.HTML(elem_id="models", js_on_load=None)
        self.wire_box = gr.Textbox(visible="hidden", elem_id="wire-models", label="models", show_label=False)

    @property
    def shown(self) -> list:
        """What :meth:`show` fills."""
        return [self.running, self.job, self.table]

    def wire(self) -> None:
        """Tie events to work."""
        quiet = {**QUIET, "queue": False}
        self.wire_box.change(self.act, self.wire_box, self.shown, trigger_mode="multiple", **quiet)

    def show(self, visitor: Visitor) -> tuple:
        """What runs, what is being done, and the list."""
        settings, language = self._desk.app.settings, visitor.language
        found = list_models(settings.paths.models)
        here = {model.pack for model in found if model.pack}
        missing = [pack for name, pack in PACKS.items() if name not in here]
        chosen = [settings.llm.model, settings.embedding.model]
        running, job = self.show_running(visitor)
        return running, job, render_models(found, missing, chosen, free_memory(), language)

    def show_running(self, visitor: Visitor) -> tuple[str, str]:
        """What runs, and what is being done."""
        language, models = visitor.language, self._desk.models
        running = models.running()
        button = ""
        if not running.loaded and not models.state.what and not running.remote:
            button = act("models", tr(language, "models.load"), css="primary", what="load")
        state, percent = models.state, models.percent
        if percent is not None and not state.what:  # a question has it loaded
            state, button = replace(state, what="loading", name=running.model, error=""), ""
        return render_running(running, language) + button, render_model_job(state, language, percent)

    def act(self, wire: str, request: gr.Request) -> tuple:
        """Do what a button says."""
        visitor = self._desk.visitors.of(request.session_hash)
        try:
            values = json.loads(wire or "{}")
            what, name = values.get("what"), str(values.get("name", ""))
        except (ValueError, AttributeError):
            what, name = "", ""
        models = self._desk.models
        if what == "load":
            models.load()
        elif what == "use":
            models.use(name)
        elif what == "fetch" and name in PACKS:
            models.fetch(name)
        return self.show(visitor)
