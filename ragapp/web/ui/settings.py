"""Settings that people change; the rest is shown with where it comes from."""

from __future__ import annotations

from collections.abc import Iterable

import gradio as gr

from ragapp.contract import CAUTIONS
from ragapp.errors import RagappError
from ragapp.settings import find_settings_file, write_setting
from ragapp.web.setting_sources import decided_elsewhere, setting_rows
from ragapp.web.ui.render_models import render_settings
from ragapp.web.ui.tab import QUIET, Tab
from ragapp.web.ui.translations import LANGUAGES, tr
from ragapp.web.visitors import Visitor

# tokens of an answer at the most
LENGTHS = {"short": 128, "normal": 256, "long": 768}
MOST_PASSAGES = 12
THEMES = ("system", "light", "dark")


class SettingsTab(Tab):
    """Builds the tab; :meth:`wire` ties its events to its work."""

    def build(self) -> None:
        """Make the components."""
        text, settings = self._i18n, self._desk.app.settings
        with gr.Row():
            self.language = gr.Radio(
                [(name, code) for code, name in LANGUAGES.items()],
                label=text("settings.language"),
                elem_id="setting-language",
                interactive=True,
            )
            self.theme = gr.Radio(
                _named("theme.{}", THEMES),
                value="system",
                label=text("settings.theme"),
                elem_id="setting-theme",
                interactive=True,
            )
        with gr.Row():
            self.length = gr.Radio(
                _named("length.{}", LENGTHS),
                value=_length(settings.answer.max_tokens),
                label=text("settings.length"),
                info=text("settings.length_help"),
                elem_id="setting-length",
                interactive=not decided_elsewhere("answer", "max_tokens"),
            )
            self.passages = gr.Slider(
                1,
                MOST_PASSAGES,
                min(settings.retrieval.passages, MOST_PASSAGES),
                step=1,
                label=text("settings.passages"),
                info=text("settings.passages_help"),
                elem_id="setting-passages",
                interactive=not decided_elsewhere("retrieval", "passages"),
            )
            self.caution = gr.Radio(
                _named("caution.{}", CAUTIONS),
                value=settings.answer.caution,
                label=text("settings.caution"),
                info=text("settings.caution_help"),
                elem_id="setting-caution",
                interactive=not decided_elsewhere("answer", "caution"),
            )
        self.told = gr.HTML(elem_id="settings-told", js_on_load=None)
        self.every = gr.HTML(elem_id="settings", js_on_load=None)

    @property
    def shown(self) -> list:
        """What :meth:`show` fills."""
        return [self.language, self.theme, self.length, self.passages, self.caution, self.every]

    def wire(self) -> None:
        """Tie events to work; language and theme belong to the browser, ``page.js`` keeps them."""
        quiet = {**QUIET, "queue": False}
        told = [self.told, self.every]
        self.length.input(self.set_length, self.length, told, **quiet)
        self.passages.release(self.set_passages, self.passages, told, **quiet)
        self.caution.input(self.set_caution, self.caution, told, **quiet)

    def show(self, visitor: Visitor) -> tuple:
        """The values now."""
        settings, language = self._desk.app.settings, visitor.language
        return (
            language,
            gr.Radio(choices=_named("theme.{}", THEMES, language)),
            gr.Radio(choices=_named("length.{}", LENGTHS, language), value=_length(settings.answer.max_tokens)),
            min(settings.retrieval.passages, MOST_PASSAGES),
            gr.Radio(choices=_named("caution.{}", CAUTIONS, language)),
            self.show_every(visitor),
        )

    def show_every(self, visitor: Visitor) -> str:
        """Every setting with its source."""
        explicit = self._desk.settings_file
        file = find_settings_file(explicit)
        rows = setting_rows(self._desk.app.settings, explicit)
        return render_settings(rows, str(file or tr(visitor.language, "settings.no_file")), visitor.language)

    def set_length(self, name: str, request: gr.Request) -> tuple[str, str]:
        """Change how long answers may be."""
        return self._set("answer", "max_tokens", LENGTHS.get(name, LENGTHS["normal"]), request)

    def set_passages(self, count: float, request: gr.Request) -> tuple[str, str]:
        """Change how many passages are read."""
        return self._set("retrieval", "passages", max(1, min(MOST_PASSAGES, int(count))), request)

    def set_caution(self, name: str, request: gr.Request) -> tuple[str, str]:
        """Change how sure an answer must be."""
        return self._set("answer", "caution", name, request)

    def _set(self, section: str, key: str, value: object, request: gr.Request) -> tuple[str, str]:
        from html import escape

        visitor = self._desk.visitors.of(request.session_hash)
        setattr(getattr(self._desk.app.settings, section), key, value)
        try:
            file = write_setting(section, key, value, self._desk.settings_file)
            told, css = tr(visitor.language, "settings.kept", file=file), "job"
        except RagappError as error:
            told, css = f"{tr(visitor.language, 'settings.not_kept')} {error}", "job problem"
        return f'<div class="{css}" role="status">{escape(told)}</div>', self.show_every(visitor)


def _named(group: str, values: Iterable[str], language: str = "en") -> list[tuple[str, str]]:
    return [(tr(language, group.format(value)), value) for value in values]


def _length(tokens: int) -> str:
    return min(LENGTHS, key=lambda name: abs(LENGTHS[name] - tokens))
