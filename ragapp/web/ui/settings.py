"""Settings that people change; the rest is shown with where it comes from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import gradio as gr

from ragapp.contract import CAUTIONS
from ragapp.errors import RagappError
from ragapp.settings import find_settings_file, write_setting
from ragapp.web.setting_sources import SettingRow, decided_elsewhere, setting_rows
from ragapp.web.ui.render import job_box
from ragapp.web.ui.tab import UNQUEUED, Tab, Updates
from ragapp.web.ui.translations import LANGUAGES, tr
from ragapp.web.visitors import Visitor

if TYPE_CHECKING:
    from gradio.events import Dependency

# tokens of an answer at the most
LENGTHS = {"short": 128, "normal": 256, "long": 768}
MOST_PASSAGES = 12
THEMES = ("system", "light", "dark")


class SettingsTab(Tab):
    """Language and appearance belong to the browser, ``page.js`` keeps them; the rest to the settings file."""

    name = "settings"

    def build(self) -> None:
        settings = self._state.app.settings
        with gr.Row():
            languages = [(name, code) for code, name in LANGUAGES.items()]
            self.language = gr.Radio(languages, **self._options("language"))
            self.theme = gr.Radio(_named("theme.{}", THEMES), value="system", **self._options("theme"))
        with gr.Row():
            length, most = _length(settings.answer.max_tokens), MOST_PASSAGES
            self.length = gr.Radio(_named("length.{}", LENGTHS), value=length, **self._options("length", "max_tokens"))
            options = self._options("passages", "passages", "retrieval")
            self.passages = gr.Slider(1, most, min(settings.retrieval.passages, most), step=1, **options)
            options = self._options("caution", "caution")
            self.caution = gr.Radio(_named("caution.{}", CAUTIONS), value=settings.answer.caution, **options)
        self.told = self.html("settings-told")
        self.every = self.html("settings")
        self.outputs += [self.language, self.theme, self.length, self.passages, self.caution]

    def _options(self, name: str, key: str = "", section: str = "answer") -> dict[str, Any]:
        """Options of a component; what an environment variable decides can't be changed here."""
        text = self._i18n
        options = {"label": text(f"settings.{name}"), "elem_id": f"setting-{name}", "interactive": True}
        if key:
            options |= {"info": text(f"settings.{name}_help"), "interactive": not decided_elsewhere(section, key)}
        return options

    def wire(self, loaded: Dependency) -> None:
        told = [self.told, self.every]
        self.length.input(self.set_length, self.length, told, **UNQUEUED)
        self.passages.release(self.set_passages, self.passages, told, **UNQUEUED)
        self.caution.input(self.set_caution, self.caution, told, **UNQUEUED)

    def show(self, visitor: Visitor) -> Updates:
        settings, language = self._state.app.settings, visitor.language
        length = _length(settings.answer.max_tokens)
        return {
            self.language: language,
            self.theme: gr.Radio(choices=_named("theme.{}", THEMES, language)),
            self.length: gr.Radio(choices=_named("length.{}", LENGTHS, language), value=length),
            self.passages: min(settings.retrieval.passages, MOST_PASSAGES),
            self.caution: gr.Radio(choices=_named("caution.{}", CAUTIONS, language)),
            self.every: self.show_every(language),
        }

    def show_every(self, language: str) -> str:
        """Every setting with its source."""
        explicit = self._state.settings_file
        file = find_settings_file(explicit)
        rows = setting_rows(self._state.app.settings, explicit)
        return render_settings(rows, str(file or tr(language, "settings.no_file")), language)

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
        language, problem = self.visitor(request).language, False
        setattr(getattr(self._state.app.settings, section), key, value)
        try:
            told = tr(language, "settings.kept", file=write_setting(section, key, value, self._state.settings_file))
        except RagappError as error:
            told, problem = f"{tr(language, 'settings.not_kept')} {error}", True
        return job_box(escape(told), problem), self.show_every(language)


def render_settings(rows: Mapping[str, Sequence[SettingRow]], file: str, language: str) -> str:
    """Every setting with its value and where that comes from, read-only."""
    parts = [f'<p class="note">{escape(tr(language, "settings.file", file=file))}</p>']
    for section, settings in rows.items():
        body = "".join(
            f'<tr><th scope="row"><code>{escape(row.key)}</code></th><td><code>{escape(row.value)}</code></td>'
            f"<td>{escape(tr(language, f'source.{row.source}', name=row.origin))}</td></tr>"
            for row in settings
        )
        parts.append(
            f'<details class="section"><summary><code>{escape(section)}</code></summary><table>{body}</table></details>'
        )
    return "".join(parts)


def _named(group: str, values: Iterable[str], language: str = "en") -> list[tuple[str, str]]:
    return [(tr(language, group.format(value)), value) for value in values]


def _length(tokens: int) -> str:
    return min(LENGTHS, key=lambda name: abs(LENGTHS[name] - tokens))
