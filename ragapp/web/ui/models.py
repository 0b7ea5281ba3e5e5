"""The models: what is here, what fits, what runs where; choose, load, fetch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING, Any

from ragapp.contract import EmbedderInfo, LanguageModelInfo
from ragapp.models.discovery import FoundModel, list_models
from ragapp.models.memory import free_memory
from ragapp.models.packs import PACKS, Pack
from ragapp.models.proposal import models_to_fetch, propose
from ragapp.terminal_text import shown_seconds
from ragapp.web.model_job import Fetching, ModelState, Running
from ragapp.web.reading_job import ReadingJob
from ragapp.web.ui.render import act, counted_seconds, job_box, table_box
from ragapp.web.ui.render_calibration import render_calibration
from ragapp.web.ui.tab import Tab, Updates
from ragapp.web.ui.translations import told, tr
from ragapp.web.visitors import Visitor
from ragapp.words.forms import size

if TYPE_CHECKING:
    from gradio.events import Dependency


# how long an embedder takes, measured by all-minilm-l6-v2, in words
_PACES = ((1.2, "quick"), (4.0, "medium"), (float("inf"), "slow"))


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
        visitor.forget("models", "model-table", "loaded", "calibration", "reading")
        return self.follow(visitor)

    def follow(self, visitor: Visitor) -> Updates:
        """All three when something was done to the models; how far one is loaded."""
        models, settings, language = self._state.models, self._state.app.settings, visitor.language
        reading = self._state.reading
        changed, further = visitor.is_new("models", models.state.changes), visitor.is_new("percent", models.percent)
        further |= visitor.is_new("loaded", models.loaded)
        further |= visitor.is_new("calibration", self._state.calibration.state.changes)
        further |= visitor.is_new("reading", (reading.state, reading.running, reading.problem))
        updates: Updates = {}
        if changed or further:
            updates[self.running], updates[self.job] = self._show_running(language)
        state = models.state
        # a fetch tells some times a second how far it is, and the list is the same until it ends
        if visitor.is_new("model-table", (state.what, state.name, state.told, state.error, state.stopped)):
            found = list_models(settings.paths.models)
            missing = [pack for name, pack in PACKS.items() if name not in {model.pack for model in found}]
            chosen = [settings.llm.model, settings.embedding.model]
            free = free_memory()
            best = self._proposal(free, language)
            updates[self.table] = render_models(found, missing, chosen, free, language, best)
        return updates

    def _proposal(self, free: int, language: str) -> str:
        """Name of the pack that this machine could run best; empty where a model was chosen, or it is the default."""
        settings = self._state.app.settings
        default = type(settings)().llm.model
        if settings.llm.mode != "local" or settings.llm.model != default:
            return ""
        name = propose(free, language, default, hub=settings.privacy.hub).name
        return "" if name == default else name

    def _show_running(self, language: str) -> tuple[str, str]:
        models = self._state.models
        running, state, percent, button = models.running(), models.state, models.percent, ""
        if percent is not None and not state.what:  # a question has it loaded
            state = replace(state, what="loading", name=running.model, error="")
        elif not (running.loaded or state.what or running.remote):
            button = act("models", tr(language, "models.load"), css="primary", what="load")
        calibration = render_calibration(self._state.calibration.look(), language)
        reading = render_reading(self._state.reading, language)
        shown = render_running(running, language, calibration, reading)
        return shown + button, render_model_job(state, language, percent)

    def _missing(self, language: str, *, smaller: bool) -> dict[str, str]:
        """The models to fetch before anything can be asked; ``smaller``: those of the settings themselves."""
        state = self._state
        wanted = models_to_fetch(state.app.settings, state.readiness().missing, language, free_memory())
        return {other or name: "" for name, other in wanted.items()} if smaller else wanted

    def act(self, visitor: Visitor, values: dict[str, Any]) -> Updates:
        """Do what a button says."""
        what, name, models = values.get("what"), str(values.get("name", "")), self._state.models
        if what == "load":
            models.load()
        elif what == "use":
            models.use(name)
        elif what == "fetch" and name in PACKS:
            models.fetch({name: ""})
        elif what == "fetch-missing":
            models.fetch(self._missing(visitor.language, smaller=bool(values.get("smaller"))))
        elif what == "stop":
            models.stop()
        return self.show(visitor)


def render_running(running: Running, language: str, calibration: str = "", reading: str = "") -> str:
    """What runs where; ``calibration`` is how its answers are judged, ``reading`` what was read ahead, in words."""
    window = tr(language, "models.tokens", n=running.window) if running.window else ""
    speed = tr(language, "models.per_second", n=format(running.tokens_per_s, ".1f")) if running.tokens_per_s else ""
    used, free = size(running.memory_used, language), size(running.memory_free, language)
    facts = [
        ("models.model", running.model),
        ("models.embedder", running.embedder),
        ("models.state", tr(language, "models.loaded" if running.loaded else "models.not_loaded")),
        ("models.where", _where(running, language)),
        ("models.window", window),
        ("models.speed", speed),
        ("models.memory", tr(language, "models.memory_of", used=used, free=free)),
        ("models.calibration", calibration),
        ("models.reading", reading),
    ]
    rows = "".join(f"<dt>{tr(language, key)}</dt><dd>{escape(value)}</dd>" for key, value in facts if value)
    return f'<dl class="facts">{rows}</dl>'


def render_reading(job: ReadingJob, language: str) -> str:
    """How many passages need not be read any more when somebody asks about them, in words."""
    at = job.state
    if job.problem:
        return told(job.problem, language)
    if at is None or not at.passages:
        return ""
    shown = tr(language, "models.read", done=at.done, passages=at.passages)
    if job.running and at.seconds_left is not None:
        shown += f" {tr(language, 'calibration.left', time=shown_seconds(at.seconds_left))}"
    return shown


def render_model_job(state: ModelState, language: str, percent: int | None = None) -> str:
    """What is being loaded (``percent`` of its weights have been read) or fetched, or what came of it."""
    if state.error:
        return job_box(_failure(state, language), problem=True)
    if state.what == "fetching":
        return job_box(_fetching(state.name, state.fetching, language))
    if not state.what:
        if state.stopped:
            return job_box(f"<p>{tr(language, 'models.stopped')}</p>")
        news = ", ".join(f"{name} ✓" for name in state.told)
        if state.instead:
            news += f" · {tr(language, 'models.instead', name=state.instead)}"
        return job_box(f"<p>{escape(news)}</p>") if news else ""
    text, bar = tr(language, "models.loading", name=state.name), ""
    if percent is not None:
        text = f"{text}: {percent} %"
        bar = f'<progress max="100" value="{percent}" aria-label="{escape(text)}"></progress>'
    return job_box(f'<p><span class="dot"></span>{escape(text)} {counted_seconds(state.seconds)}</p>{bar}')


def _fetching(name: str, at: Fetching, language: str) -> str:
    """Size, rate and time left of what is being fetched, with a button that stops it."""
    text = tr(language, "models.fetching", name=name)
    if at.count > 1:
        text += f" ({tr(language, 'models.number', number=at.number, count=at.count)})"
    facts = []
    if at.total:
        facts.append(tr(language, "models.of", done=size(at.done, language), total=size(at.total, language)))
    if at.rate:
        facts.append(tr(language, "models.rate", rate=size(int(at.rate), language)))
    if at.seconds_left is not None and at.rate:
        facts.append(tr(language, "models.left", time=shown_seconds(at.seconds_left)))
    if at.came:
        facts.append(tr(language, "models.making_ready"))
    percent = 100 * at.done // at.total if at.total else 0
    stop = act("models", tr(language, "models.stop"), what="stop")
    return (
        f'<p><span class="dot"></span>{escape(text)}</p>'
        f'<progress max="100" value="{percent}" aria-label="{escape(text)}"></progress>'
        f'<p class="figures">{escape(" · ".join(facts))}</p><p class="actions">{stop}</p>'
    )


def _failure(state: ModelState, language: str) -> str:
    """What went wrong, what to do, and, folded, what exactly was said."""
    if state.failed != "fetching":
        return f"<p>{escape(told(' '.join(filter(None, (state.error, state.hint))), language))}</p>"
    why, hint = escape(told(state.error, language)), escape(told(state.hint, language))
    return (
        f"<p><strong>{escape(tr(language, 'models.failed', name=state.name))}</strong></p>"
        f"<p>{tr(language, 'models.failed_help')}</p>"
        f"<details><summary>{tr(language, 'models.failed_why')}</summary>"
        f'<pre class="said">{why}</pre><p>{hint}</p></details>'
    )


def render_models(
    found: Sequence[FoundModel],
    missing: Sequence[Pack],
    chosen: Sequence[str],
    free: int,
    language: str,
    proposed: str = "",
) -> str:
    """The models that are here, and those that can be fetched; ``proposed`` is the pack that is recommended."""
    names = ("models.name", "models.role", "models.size", "models.fit", "models.choose")
    head = "".join(f'<th scope="col">{tr(language, name)}</th>' for name in names)
    rows = "".join(_found(model, chosen, free, language) for model in found)
    rows += "".join(_missing(pack, free, language, pack.name == proposed) for pack in missing)
    table = f'<table class="models"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
    note = escape(tr(language, "models.free", free=size(free, language)))
    return f'<p class="note">{note}</p>{table_box(tr(language, "tab.models"), table)}'


def _where(running: Running, language: str) -> str:
    if running.remote:
        return tr(language, "models.remote", host=running.remote)
    if running.gpu_layers:
        return tr(language, "models.gpu", n=running.gpu_layers, threads=running.threads)
    return tr(language, "models.cpu", threads=running.threads)


def _found(model: FoundModel, chosen: Sequence[str], free: int, language: str) -> str:
    used = model.name in chosen
    fit = escape(told(model.problem, language))
    if model.memory is not None and not fit:
        fit = escape(_fit(model.memory, free, language, used))
    parameters = f"{model.parameters / 1e9:.1f} B" if model.parameters else ""
    known = PACKS[model.pack].embedder if model.pack in PACKS else None
    whose = "models.weights_own" if known and model.weights == PACKS[str(model.pack)].weights else "models.weights_4bit"
    known_of = (_embedder(known, language), tr(language, whose) if known and model.weights else "")
    kind = " · ".join(filter(None, (model.architecture, parameters, model.quantization, *known_of)))
    choice = ""
    if used:
        choice = f'<span class="used">{tr(language, "models.in_use")}</span>'
    elif model.role == "llm" and not model.problem:
        choice = act("models", tr(language, "models.use"), what="use", name=model.name)
    origin = "" if model.origin == "models" else f' <span class="title">{escape(model.origin)}</span>'
    tip = "\n".join(filter(None, (str(model.path), _embedder_figures(known, language))))
    name = f'<span title="{escape(tip)}">{escape(model.name)}</span>{origin}'
    return _row("chosen" if used else "", name, kind, model.role, model.size, fit, choice, language)


def _row(css: str, name: str, kind: str, role: str, size_: int, fit: str, choice: str, language: str) -> str:
    """A row of the table, which is a card on a small screen: the label of each cell goes with it."""
    cells = (("role", escape(tr(language, f"role.{role}"))), ("size", size(size_, language)), ("fit", fit))
    shown = "".join(f'<td data-label="{tr(language, f"models.{key}")}">{html}</td>' for key, html in cells)
    return (
        f'<tr class="{css}"><td class="name">{name}<span class="title">{escape(kind)}</span></td>{shown}'
        f'<td class="choose">{choice}</td></tr>'
    )


def _embedder(known: EmbedderInfo | None, language: str) -> str:
    """What an embedder can do and what it costs, in a line."""
    if known is None:
        return ""
    shown = [tr(language, "models.english" if known.languages == "English" else "models.many_languages")]
    if known.relative_time is not None:
        pace = next(name for most, name in _PACES if known.relative_time <= most)
        shown.append(tr(language, f"models.{pace}"))
    return " · ".join(shown)


def _embedder_figures(known: EmbedderInfo | None, language: str) -> str:
    """The same for people who know embedders; shown when it is pointed at."""
    if known is None:
        return ""
    shown = [tr(language, "models.embeds", dimensions=known.dimensions, tokens=known.tokens)]
    if known.relative_time is not None:
        shown.append(tr(language, "models.embedder_costs", time=f"{known.relative_time:g}"))
    return " · ".join(shown)


def _missing(pack: Pack, free: int, language: str, proposed: bool) -> str:
    fetch = act("models", tr(language, "models.fetch"), css="primary" if proposed else "", what="fetch", name=pack.name)
    kind = " · ".join(filter(None, (_embedder(pack.embedder, language), _llm(pack.llm, language), pack.licence)))
    mark = f' <span class="used">{tr(language, "models.proposed")}</span>' if proposed else ""
    fit = escape(_fit(pack.llm.memory, free, language)) if pack.llm else ""
    if pack.embedder and pack.embedder.memory:
        fit = escape(_fit(pack.embedder.memory, free, language))
    figures = escape(_embedder_figures(pack.embedder, language))
    name = f'<span title="{figures}">{escape(pack.name)}</span>{mark}'
    return _row("missing", name, kind, pack.role, pack.size, fit, fetch, language)


def _fit(need: int, free: int, language: str, used: bool = False) -> str:
    """What a model needs of the memory, and whether it is there."""
    key = "models.needs" if used else "models.fits" if need <= free else "models.too_large"
    return tr(language, key, need=size(need, language))


def _llm(known: LanguageModelInfo | None, language: str) -> str:
    """What a language model can do, in a line."""
    if known is None:
        return ""
    codes = known.languages.split()
    key = "models.speaks_yours" if language in codes else "models.speaks_others"
    shown = [tr(language, "models.english" if codes == ["en"] else key, n=len(codes))]
    if known.thinks != "never":
        shown.append(tr(language, "models.thinks"))
    shown.append(tr(language, "models.bounds_shipped" if known.calibration == "shipped" else "models.bounds_own"))
    return " · ".join(shown)
