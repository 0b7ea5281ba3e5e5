"""The page: its frame, its tabs, and what follows by itself."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component

from ragapp import guard
from ragapp.contract import IngestState
from ragapp.data_files import load_yaml
from ragapp.web.app_state import AppState
from ragapp.web.calibration_job import CalibrationState
from ragapp.web.ui.chat import ChatTab
from ragapp.web.ui.documents import DocumentsTab
from ragapp.web.ui.models import ModelsTab
from ragapp.web.ui.render import act
from ragapp.web.ui.settings import SettingsTab
from ragapp.web.ui.tab import UNQUEUED, Tab, Updates, in_turn
from ragapp.web.ui.translations import LANGUAGES, make_i18n, tr
from ragapp.web.visitors import Visitor

#: in the order in which they stand; another tab is added here, its texts to the files of ``ragapp/words``
TABS: tuple[type[Tab], ...] = (ChatTab, DocumentsTab, ModelsTab, SettingsTab)
#: in the order in which they hold
STYLESHEETS = sorted((Path(__file__).parent / "styles").glob("*.css"))
_POLL_S = 1.0


class Page:
    """Builds the page; what belongs to a visitor is kept by browser tab, never shared."""

    def __init__(self, state: AppState):
        self._state = state
        self.i18n = make_i18n()
        self._tabs = [tab(state, self.i18n) for tab in TABS]

    def build(self) -> gr.Blocks:
        """The Gradio blocks."""
        blocks: gr.Blocks
        with gr.Blocks(title="ragapp", analytics_enabled=False, fill_width=True) as blocks:
            self._header = gr.HTML(elem_id="header", js_on_load=None)
            with gr.Tabs(elem_id="tabs"):
                opened = [self._build(tab) for tab in self._tabs]
            self._privacy = gr.HTML(elem_id="privacy", js_on_load=None)
            frame: list[Component] = [self._header, self._privacy]
            first = [output for tab in self._tabs if tab.at_load for output in tab.outputs]
            loaded = blocks.load(self.greet, None, frame + first, **UNQUEUED)
            for tab, item in zip(self._tabs, opened, strict=True):
                tab.wire(loaded)
                item.select(tab.selected, None, tab.outputs, **UNQUEUED)
            every = [output for tab in self._tabs for output in tab.outputs]
            gr.Timer(_POLL_S).tick(self.follow, None, frame + every, **UNQUEUED)
            blocks.unload(self.leave)
        return blocks

    def _build(self, tab: Tab) -> gr.Tab:
        item: gr.Tab
        with gr.Tab(self.i18n(f"tab.{tab.name}"), id=tab.name, elem_id=f"tab-{tab.name}") as item:
            tab.build()
        return item

    def greet(self, request: gr.Request) -> Any:
        """A browser tab was opened or loaded again: show it all that is its own.

        Its name and language stand in the address for as long as it takes; see ``scripts/core.js``.
        """
        asked = request.query_params
        language = asked.get("language", "en")
        language = language if language in LANGUAGES else "en"
        visitor = self._state.visitors.greet(request.session_hash or "", asked.get("tab", ""), language)
        visitor.arrived = {name: value for name, value in asked.items() if name not in ("tab", "language")}
        return in_turn(visitor, lambda: self._welcome(visitor))

    def _welcome(self, visitor: Visitor) -> Updates:
        updates = self._follow_frame(visitor)
        for tab in self._tabs:
            if tab.at_load:
                updates |= tab.open(visitor)
        visitor.greeted = True
        return updates

    def follow(self, request: gr.Request) -> Any:
        """What has changed since this visitor last saw it."""
        visitor = self._state.visitors.of(request.session_hash or "")
        return in_turn(visitor, lambda: self._changed(visitor))

    def _changed(self, visitor: Visitor) -> Updates:
        if not visitor.greeted:
            return {}
        updates = self._follow_frame(visitor)
        for tab in self._tabs:
            if tab.name in visitor.tabs:
                updates |= tab.follow(visitor)
        return updates

    def _follow_frame(self, visitor: Visitor) -> Updates:
        llm, seen = self._state.app.settings.llm, guard.report()
        # without the guard there is no figure that could be told
        counted = seen if seen["guarded"] else None
        shown = {
            self._header: render_header(self._state.job.state, visitor.language, self._state.calibration.state),
            self._privacy: render_privacy(counted, llm.url if llm.mode == "openai" else "", visitor.language),
        }
        return {place: html for place, html in shown.items() if visitor.is_new(str(place.elem_id), html)}

    def leave(self, request: gr.Request) -> None:
        """A loaded page has gone."""
        self._state.visitors.leave(request.session_hash or "")


def make_theme() -> gr.themes.Base:
    """Calm colours and the system's own fonts; nothing is fetched from elsewhere.  the style sheets do the rest."""
    values = load_yaml("theme.yaml", __file__)
    theme: gr.themes.Base = gr.themes.Base(**values["base"]).set(**values["variables"])
    return theme


def render_header(job: IngestState, language: str, calibration: CalibrationState | None = None) -> str:
    """Name, what is being done in the background, language."""
    busy = ""
    if job.running and job.progress and job.progress.files:
        told = tr(language, "job.running", done=job.progress.files_done, files=job.progress.files)
        busy = f'<span class="busy" role="status"><span class="dot"></span>{escape(told)}</span>'
    elif calibration and calibration.running:
        told = tr(language, "calibration.header", done=calibration.done, questions=calibration.questions)
        tip = escape(tr(language, "calibration.explained"))
        busy = f'<span class="busy quiet" title="{tip}">{escape(told)}</span>'
    switch = "".join(
        act("language", name, inner=code.upper(), css="switch chosen" if code == language else "switch", language=code)
        for code, name in LANGUAGES.items()
    )
    group = escape(tr(language, "settings.language"))
    switches = f'<span class="switches" role="group" aria-label="{group}">{switch}</span>'
    return f'<header class="top"><h1>ragapp</h1>{busy}{switches}</header>'


def render_privacy(report: Mapping[str, Any] | None, remote: str, language: str) -> str:
    """Whether anything leaves this machine: the guard's figures, and the model server where there is one."""
    line = tr(language, "privacy.remote", host=remote) if remote else tr(language, "privacy.line")
    if report is None:
        return f'<div class="privacy"><span class="shield" aria-hidden="true"></span>{escape(line)}</div>'
    line += f" · {tr(language, 'privacy.connections', n=report.get('to_allowed_hosts', 0))}"
    facts = [tr(language, "privacy.refused", n=report.get("attempts", 0)), tr(language, "privacy.explained")]
    refused = "".join(f"<li>{escape(_refused(one))}</li>" for one in report.get("refused", ()))
    listed = f"<ul>{refused}</ul>" if refused else ""
    return (
        f'<details class="privacy"><summary><span class="shield" aria-hidden="true"></span>{escape(line)}</summary>'
        f'<div class="privacy-more">{"".join(f"<p>{escape(fact)}</p>" for fact in facts)}{listed}</div></details>'
    )


def _refused(one: Mapping[str, Any]) -> str:
    by = one.get("by", "")
    who = by if isinstance(by, str) else " → ".join(map(str, by))
    return f"{one.get('address', '')} — {who} {one.get('when', '')}"
