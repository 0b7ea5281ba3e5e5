"""The models: what is here, what fits, what runs where; choose, load, fetch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING, Any

from ragapp.contract import EmbedderInfo
from ragapp.models.discovery import FoundModel, list_models
from ragapp.models.memory import format_gib, free_memory
from ragapp.models.packs import PACKS, Pack
from ragapp.web.model_job import ModelState, Running
from ragapp.web.ui.render import act, counted_seconds, job_box, size, table_box
from ragapp.web.ui.tab import Tab, Updates
from ragapp.web.ui.translations import tr
from ragapp.web.visitors import Visitor

if TYPE_CHECKING:
    from gradio.events import Dependency


class ModelsTab(Tab):
    """What runs, what is being done to the models, and the list of them."""

    name = "models"

    def build(self) -> None:
        self.running = self.html("running")
        self.job = self.html("models-job")
        self.table = self.html("models")

    def wire(self, loaded: Dependency) -> None:
        self.on_button("models", self.act, self.outputs, "multiple")

    def show(self, visitor: Visitor) -> Updates:
        """All three, as they are now."""
        visitor.forget("models")
        return self.follow(visitor)

    def follow(self, visitor: Visitor) -> Updates:
        """All three when something was done to the models; how far one is loaded."""
        models, settings, language = self._state.models, self._state.app.settings, visitor.language
        changed, further = visitor.is_new("models", models.state.changes), visitor.is_new("percent", models.percent)
        updates: Updates = {}
        if changed or further:
            updates[self.running], updates[self.job] = self._show_running(language)
        if changed:
            found = list_models(settings.paths.models)
            missing = [pack for name, pack in PACKS.items() if name not in {model.pack for model in found}]
            chosen = [settings.llm.model, settings.embedding.model]
            updates[self.table] = render_models(found, missing, chosen, free_memory(), language)
        return updates

    def _show_running(self, language: str) -> tuple[str, str]:
        models = self._state.models
        running, state, percent, button = models.running(), models.state, models.percent, ""
        if percent is not None and not state.what:  # a question has it loaded
            state = replace(state, what="loading", name=running.model, error="")
        elif not (running.loaded or state.what or running.remote):
            button = act("models", tr(language, "models.load"), css="primary", what="load")
        return render_running(running, language) + button, render_model_job(state, language, percent)

    def act(self, visitor: Visitor, values: dict[str, Any]) -> Updates:
        """Do what a button says."""
        what, name, models = values.get("what"), str(values.get("name", "")), self._state.models
        if what == "load":
            models.load()
        elif what == "use":
            models.use(name)
        elif what == "fetch" and name in PACKS:
            models.fetch(name)
        return self.show(visitor)


def render_running(running: Running, language: str) -> str:
    """What runs where."""
    window = tr(language, "models.tokens", n=running.window) if running.window else ""
    speed = tr(language, "models.per_second", n=format(running.tokens_per_s, ".1f")) if running.tokens_per_s else ""
    used, free = format_gib(running.memory_used), format_gib(running.memory_free)
    facts = [
        ("models.model", running.model),
        ("models.embedder", running.embedder),
        ("models.state", tr(language, "models.loaded" if running.loaded else "models.not_loaded")),
        ("models.where", _where(running, language)),
        ("models.window", window),
        ("models.speed", speed),
        ("models.memory", tr(language, "models.memory_of", used=used, free=free)),
    ]
    rows = "".join(f"<dt>{tr(language, key)}</dt><dd>{escape(value)}</dd>" for key, value in facts if value)
    return f'<dl class="facts">{rows}</dl>'


def render_model_job(state: ModelState, language: str, percent: int | None = None) -> str:
    """What is being loaded (``percent`` of its weights have been read) or fetched, or what came of it."""
    if state.error:
        return job_box(escape(state.error), problem=True)
    if not state.what:
        return job_box(f"<p>{escape(state.told)}</p>") if state.told else ""
    text = tr(language, f"models.{state.what}", name=state.name)
    detail = f"<p>{escape(state.detail)}</p>" if state.detail else ""
    if percent is not None and state.what == "loading":
        text = f"{text}: {percent} %"
        detail = f'<progress max="100" value="{percent}" aria-label="{escape(text)}"></progress>'
    return job_box(f'<p><span class="dot"></span>{escape(text)} {counted_seconds(state.seconds)}</p>{detail}')


def render_models(
    found: Sequence[FoundModel], missing: Sequence[Pack], chosen: Sequence[str], free: int, language: str
) -> str:
    """The models that are here, and those that can be fetched."""
    names = ("models.name", "models.role", "models.size", "models.fit", "models.kind", "models.choose")
    head = "".join(f'<th scope="col">{tr(language, name)}</th>' for name in names)
    rows = "".join(_found(model, chosen, free, language) for model in found)
    rows += "".join(_missing(pack, language) for pack in missing)
    table = f'<table class="models"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
    return table_box(tr(language, "tab.models"), table)


def _where(running: Running, language: str) -> str:
    if running.remote:
        return tr(language, "models.remote", host=running.remote)
    if running.gpu_layers:
        return tr(language, "models.gpu", n=running.gpu_layers, threads=running.threads)
    return tr(language, "models.cpu", threads=running.threads)


def _found(model: FoundModel, chosen: Sequence[str], free: int, language: str) -> str:
    used = model.name in chosen
    fit = escape(model.problem)
    if model.memory is not None and not fit:
        key = "models.fits" if model.memory <= free else "models.too_large"
        fit = tr(language, key, need=format_gib(model.memory))
    parameters = f"{model.parameters / 1e9:.1f} B" if model.parameters else ""
    known = PACKS[model.pack].embedder if model.pack in PACKS else None
    whose = "models.weights_own" if known and model.weights == PACKS[str(model.pack)].weights else "models.weights_4bit"
    told = (_embedder(known, language), tr(language, whose) if known and model.weights else "")
    kind = " · ".join(filter(None, (model.architecture, parameters, model.quantization, *told)))
    choice = ""
    if used:
        choice = f'<span class="used">{tr(language, "models.in_use")}</span>'
    elif model.role == "llm" and not model.problem:
        choice = act("models", tr(language, "models.use"), what="use", name=model.name)
    origin = "" if model.origin == "models" else f' <span class="title">{escape(model.origin)}</span>'
    css = ' class="chosen"' if used else ""
    return (
        f'<tr{css}><td class="name" title="{escape(str(model.path))}">{escape(model.name)}{origin}</td>'
        f"<td>{escape(tr(language, f'role.{model.role}'))}</td><td>{size(model.size)}</td>"
        f"<td>{fit}</td><td>{escape(kind)}</td><td>{choice}</td></tr>"
    )


def _embedder(known: EmbedderInfo | None, language: str) -> str:
    """What an embedder can do and what it costs, in a line."""
    if known is None:
        return ""
    told = [tr(language, "models.english" if known.languages == "English" else "models.many_languages")]
    told.append(tr(language, "models.embeds", dimensions=known.dimensions, tokens=known.tokens))
    if known.relative_time is not None and known.memory is not None:
        cost = {"time": f"{known.relative_time:g}", "memory": format_gib(known.memory)}
        told.append(tr(language, "models.embedder_costs", **cost))
    return " · ".join(told)


def _missing(pack: Pack, language: str) -> str:
    fetch = act("models", tr(language, "models.fetch"), what="fetch", name=pack.name)
    kind = " · ".join(filter(None, (_embedder(pack.embedder, language), pack.licence)))
    return (
        f'<tr class="missing"><td class="name">{escape(pack.name)}</td>'
        f"<td>{escape(tr(language, f'role.{pack.role}'))}</td><td>{size(pack.size)}</td>"
        f"<td>{tr(language, 'models.missing')}</td><td>{escape(kind)}</td><td>{fetch}</td></tr>"
    )
