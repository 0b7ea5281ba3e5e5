"""Settings that people change; the rest is shown with where it comes from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from ragapp.contract import CAUTIONS, SettingInfo
from ragapp.errors import RagappError
from ragapp.setting_sources import decided_elsewhere, overridden_settings, setting_rows
from ragapp.settings import local_settings_file, write_setting
from ragapp.settings_file import as_yaml
from ragapp.web.app_state import AppState
from ragapp.web.ui.render import act, job_box
from ragapp.web.ui.render_calibration import render_calibration
from ragapp.web.ui.tab import UNQUEUED, Tab, Updates, in_turn
from ragapp.web.ui.translations import LANGUAGES, told, tr
from ragapp.web.visitors import Visitor

if TYPE_CHECKING:
    from gradio.events import Dependency

# tokens of an answer at the most
LENGTHS = {"short": 128, "normal": 256, "long": 768}
MOST_PASSAGES = 12
THEMES = ("system", "light", "dark")
READING_AHEAD = ("auto", "off")


class SettingsTab(Tab):
    """Language and appearance belong to the browser, ``scripts/core.js`` keeps them; the rest to the person's own
    settings file."""

    name = "settings"

    def __init__(self, state: AppState, i18n: gr.I18n):
        super().__init__(state, i18n)
        # what options of the command line decided: a file cannot change it
        self._overridden = overridden_settings(state.app.settings, state.settings_file)

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
            options = self._options("reading", "read_ahead", "llm")
            self.reading = gr.Radio(_named("reading.{}", READING_AHEAD), value=settings.llm.read_ahead, **options)
        self.calibration = self.html("settings-calibration")
        self.told = self.html("settings-told")
        self.programs = self.html("settings-programs")
        self.every = self.html("settings")
        self.outputs += [self.language, self.theme, self.length, self.passages, self.caution, self.reading]

    def _options(self, name: str, key: str = "", section: str = "answer") -> dict[str, Any]:
        """Options of a component; what an environment variable decides can't be changed here."""
        text = self._i18n
        options = {"label": text(f"settings.{name}"), "elem_id": f"setting-{name}", "interactive": True}
        if key:
            options |= {"info": text(f"settings.{name}_help"), "interactive": self._can_change(section, key)}
        return options

    def _can_change(self, section: str, key: str) -> bool:
        elsewhere = decided_elsewhere(section, key, self._state.settings_file)
        return not elsewhere and f"{section}.{key}" not in self._overridden

    def wire(self, loaded: Dependency) -> None:
        told = [self.told, self.every]
        self.length.input(self.set_length, self.length, told, **UNQUEUED)
        self.passages.release(self.set_passages, self.passages, told, **UNQUEUED)
        self.caution.input(self.set_caution, self.caution, told, **UNQUEUED)
        self.reading.input(self.set_reading, self.reading, told, **UNQUEUED)

    def show(self, visitor: Visitor) -> Updates:
        settings, language = self._state.app.settings, visitor.language
        length = _length(settings.answer.max_tokens)
        return {
            self.language: language,
            self.theme: gr.Radio(choices=_named("theme.{}", THEMES, language)),
            self.length: gr.Radio(choices=_named("length.{}", LENGTHS, language), value=length),
            self.passages: min(settings.retrieval.passages, MOST_PASSAGES),
            self.caution: gr.Radio(choices=_named("caution.{}", CAUTIONS, language), value=settings.answer.caution),
            self.reading: gr.Radio(
                choices=_named("reading.{}", READING_AHEAD, language), value=settings.llm.read_ahead
            ),
            self.calibration: self._show_calibration(language),
            self.programs: render_programs(self._state.app.settings.server.port, language),
            self.every: self.show_every(language),
        }

    def _show_calibration(self, language: str) -> str:
        fitted = render_calibration(self._state.calibration.look(), language)
        shown = tr(language, "frame.pair", what=tr(language, "models.calibration"), told=fitted)
        return f'<p class="note">{escape(shown)}</p>' if fitted else ""

    def show_every(self, language: str) -> str:
        """Every setting with its source."""
        explicit = self._state.settings_file
        rows = setting_rows(self._state.app.settings, explicit, self._overridden)
        try:
            local = str(local_settings_file(explicit))
        except RagappError:  # the file that was named has gone
            local = ""
        return render_settings(rows, local, language)

    def set_length(self, name: str, request: gr.Request) -> Any:
        """Change how long answers may be."""
        return self._set("answer", "max_tokens", LENGTHS.get(name, LENGTHS["normal"]), request)

    def set_passages(self, count: float, request: gr.Request) -> Any:
        """Change how many passages are read."""
        return self._set("retrieval", "passages", max(1, min(MOST_PASSAGES, int(count))), request)

    def set_caution(self, name: str, request: gr.Request) -> Any:
        """Change how sure an answer must be."""
        return self._set("answer", "caution", name, request)

    def set_reading(self, name: str, request: gr.Request) -> Any:
        """Change whether passages are read while nobody asks."""
        return self._set("llm", "read_ahead", name if name in READING_AHEAD else "auto", request)

    def _set(self, section: str, key: str, value: object, request: gr.Request) -> Any:
        visitor = self.visitor(request)
        return in_turn(visitor, lambda: self._keep(section, key, value, visitor.language))

    def _keep(self, section: str, key: str, value: object, language: str) -> Updates:
        problem = False
        setattr(getattr(self._state.app.settings, section), key, value)
        try:
            write_setting(section, key, value, self._state.settings_file)
            news = tr(language, "settings.kept")
        except RagappError as error:
            news, problem = f"{tr(language, 'settings.not_kept')} {told(error, language)}", True
        return {self.told: job_box(escape(news), problem), self.every: self.show_every(language)}


def render_programs(port: int, language: str) -> str:
    """Where other programs on this computer find ragapp, and how they get in; ``scripts/first.js`` puts the page's own
    address in."""
    address = f"http://127.0.0.1:{port}/v1"
    copy = act("copy-address", tr(language, "settings.copy_address"), css="tool")
    docs = escape(tr(language, "settings.program_docs"))
    return (
        f'<section class="programs"><h2>{tr(language, "settings.programs")}</h2>'
        f"<p>{escape(tr(language, 'settings.programs_help'))}</p>"
        f'<dl class="facts"><dt>{tr(language, "settings.address")}</dt>'
        f'<dd><code class="own-address" data-path="/v1">{escape(address)}</code> {copy}</dd>'
        f"<dt>{tr(language, 'settings.token')}</dt><dd>{tr(language, 'settings.token_help')} "
        f"<code>ragapp token show</code></dd>"
        f"<dt>{tr(language, 'settings.program_model')}</dt><dd><code>ragapp</code></dd></dl>"
        f'<p><a href="/docs" target="_blank" rel="noopener">{docs}</a></p></section>'
    )


def render_settings(rows: Mapping[str, Sequence[SettingInfo]], local: str, language: str) -> str:
    """Every setting with its value and what decides it, read-only; what was changed stands first.

    ``local`` is the person's own file.
    """
    every = [row for part in rows.values() for row in part]
    changed = [row for row in every if row.source != "default" or row.pending]
    parts = [f"<h2>{tr(language, 'settings.every')}</h2>"]
    if local:
        text = escape(tr(language, "settings.file", file="\0")).replace("\0", f"<code>{escape(local)}</code>")
        parts.append(f'<p class="note">{text}</p>')
    if any(row.pending for row in every):
        parts.append(job_box(escape(tr(language, "settings.pending"))))
    if changed:
        title = escape(tr(language, "settings.changed", n=len(changed)))
        parts.append(f'<details class="section" open><summary>{title}</summary>{_table(changed, language)}</details>')
    parts += [
        f'<details class="section"><summary><code>{escape(section)}</code></summary>{_table(part, language)}</details>'
        for section, part in rows.items()
    ]
    return "".join(parts)


def _table(rows: Iterable[SettingInfo], language: str) -> str:
    body = "".join(
        f'<tr><th scope="row"><code>{escape(row.key)}</code></th><td><code>{escape(_value(row.value))}</code></td>'
        f"<td>{_origin(row, language)}</td></tr>"
        for row in rows
    )
    return f'<table class="settings">{body}</table>'


def _value(value: object) -> str:
    """A value as it would stand in a settings file; a text without quotes."""
    return value if isinstance(value, str) else as_yaml(value)


def _origin(row: SettingInfo, language: str) -> str:
    told = tr(language, "source.next") if row.pending else ""
    if row.source == "default":
        return escape(told)
    name = f"{Path(row.file).name}:{row.line}" if row.line else Path(row.file).name
    from_where = tr(language, f"source.{row.source}", name=row.variable or name)
    tip = f' title="{escape(row.file)}"' if row.file else ""
    return f"<span{tip}>{escape(from_where)}</span>{f' · {escape(told)}' if told else ''}"


def _named(group: str, values: Iterable[str], language: str = "en") -> list[tuple[str, str]]:
    return [(tr(language, group.format(value)), value) for value in values]


def _length(tokens: int) -> str:
    return min(LENGTHS, key=lambda name: abs(LENGTHS[name] - tokens))
