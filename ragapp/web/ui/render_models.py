"""Models, memory and settings as inert HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from ragapp.models.discovery import FoundModel
from ragapp.models.fit import gib
from ragapp.models.packs import Pack
from ragapp.web.model_job import ModelState, Running
from ragapp.web.setting_sources import SettingRow
from ragapp.web.ui.render import act
from ragapp.web.ui.render_documents import size
from ragapp.web.ui.translations import tr


def render_running(running: Running, language: str) -> str:
    """What runs where."""
    window = tr(language, "models.tokens", n=running.window) if running.window else ""
    speed = tr(language, "models.per_second", n=format(running.tokens_per_s, ".1f")) if running.tokens_per_s else ""
    memory = tr(language, "models.memory_of", used=gib(running.memory_used), free=gib(running.memory_free))
    facts = [
        ("models.model", running.model),
        ("models.embedder", running.embedder),
        ("models.state", tr(language, "models.loaded" if running.loaded else "models.not_loaded")),
        ("models.where", _where(running, language)),
        ("models.window", window),
        ("models.speed", speed),
        ("models.memory", memory),
    ]
    rows = "".join(f"<dt>{tr(language, key)}</dt><dd>{escape(value)}</dd>" for key, value in facts if value)
    return f'<dl class="facts">{rows}</dl>'


def render_model_job(state: ModelState, language: str, percent: int | None = None) -> str:
    """What is being loaded or fetched.

    Args:
        state: what is done to the models.
        language: of the page.
        percent: of a model's weights that have been read, None while none is being loaded.
    """
    if state.error:
        return f'<div class="job problem" role="alert">{escape(state.error)}</div>'
    if state.what:
        text = tr(language, f"models.{state.what}", name=state.name)
        counted = f'<span class="seconds" data-started="{state.seconds:.1f}">{state.seconds:.0f} s</span>'
        detail = f"<p>{escape(state.detail)}</p>" if state.detail else ""
        if percent is not None and state.what == "loading":
            text = f"{text}: {percent} %"
            detail = f'<progress max="100" value="{percent}" aria-label="{escape(text)}"></progress>'
        return f'<div class="job" role="status"><p><span class="dot"></span>{escape(text)} {counted}</p>{detail}</div>'
    return f'<div class="job" role="status"><p>{escape(state.told)}</p></div>' if state.told else ""


def render_models(
    found: Sequence[FoundModel], missing: Sequence[Pack], chosen: Sequence[str], free: int, language: str
) -> str:
    """The models that are here, and those that can be fetched."""
    names = ("models.name", "models.role", "models.size", "models.fit", "models.kind", "models.choose")
    head = "".join(f'<th scope="col">{tr(language, name)}</th>' for name in names)
    rows = "".join(_found(model, chosen, free, language) for model in found)
    rows += "".join(_missing(pack, language) for pack in missing)
    label = escape(tr(language, "tab.models"))
    return (
        f'<div class="table-wrap" tabindex="0" role="region" aria-label="{label}"><table class="models"><thead>'
        f"<tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


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


def _where(running: Running, language: str) -> str:
    if running.remote:
        return tr(language, "models.remote", host=running.remote)
    if running.gpu_layers:
        return tr(language, "models.gpu", n=running.gpu_layers, threads=running.threads)
    return tr(language, "models.cpu", threads=running.threads)


def _found(model: FoundModel, chosen: Sequence[str], free: int, language: str) -> str:
    used = model.name in chosen
    fits = model.memory is None or model.memory <= free
    if model.problem:
        fit = escape(model.problem)
    elif model.memory is None:
        fit = ""
    else:
        fit = tr(language, "models.fits" if fits else "models.too_large", need=gib(model.memory))
    kind = " · ".join(
        part
        for part in (
            model.architecture or "",
            f"{model.parameters / 1e9:.1f} B" if model.parameters else "",
            model.quantization or "",
        )
        if part
    )
    if used:
        choose = f'<span class="used">{tr(language, "models.in_use")}</span>'
    elif model.role == "llm" and not model.problem:
        choose = act("models", tr(language, "models.use"), what="use", name=model.name)
    else:
        choose = ""
    origin = "" if model.origin == "models" else f' <span class="title">{escape(model.origin)}</span>'
    css = ' class="chosen"' if used else ""
    return (
        f'<tr{css}><td class="name" title="{escape(str(model.path))}">{escape(model.name)}{origin}</td>'
        f"<td>{escape(tr(language, f'role.{model.role}'))}</td><td>{size(model.size)}</td>"
        f"<td>{fit}</td><td>{escape(kind)}</td><td>{choose}</td></tr>"
    )


def _missing(pack: Pack, language: str) -> str:
    fetch = act("models", tr(language, "models.fetch"), what="fetch", name=pack.name)
    return (
        f'<tr class="missing"><td class="name">{escape(pack.name)}</td>'
        f"<td>{escape(tr(language, f'role.{pack.role}'))}</td><td>{size(pack.size)}</td>"
        f"<td>{tr(language, 'models.missing')}</td><td>{escape(pack.licence)}</td><td>{fetch}</td></tr>"
    )
