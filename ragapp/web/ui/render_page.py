"""The frame of the page as inert HTML: header, privacy line, first steps."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from ragapp.web.desk import Readiness
from ragapp.web.ingest_job import JobState
from ragapp.web.model_job import ModelState
from ragapp.web.ui.render import act
from ragapp.web.ui.render_models import render_model_job
from ragapp.web.ui.translations import LANGUAGES, tr


def render_header(job: JobState, language: str) -> str:
    """Name, what is being taken in, language."""
    busy = ""
    if job.running and job.progress and job.progress.files:
        told = tr(language, "job.running", done=job.progress.files_done, files=job.progress.files)
        busy = f'<span class="busy" role="status"><span class="dot"></span>{escape(told)}</span>'
    switch = "".join(
        act("language", name, inner=code.upper(), css="switch chosen" if code == language else "switch", language=code)
        for code, name in LANGUAGES.items()
    )
    group = escape(tr(language, "settings.language"))
    switches = f'<span class="switches" role="group" aria-label="{group}">{switch}</span>'
    return f'<header class="top"><h1>ragapp</h1>{busy}{switches}</header>'


def render_privacy(report: Mapping[str, Any] | None, remote: str, language: str) -> str:
    """Whether anything leaves this machine, with the guard's figures where there is a guard."""
    line = tr(language, "privacy.remote", host=remote) if remote else tr(language, "privacy.line")
    if report is None:
        return f'<div class="privacy"><span class="shield" aria-hidden="true"></span>{escape(line)}</div>'
    outside = report.get("to_allowed_hosts", 0)
    line += f" · {tr(language, 'privacy.connections', n=outside)}"
    facts = [tr(language, "privacy.refused", n=report.get("attempts", 0)), tr(language, "privacy.explained")]
    seen = report.get("refused", ())
    rows = (f"{one.get('address', '')} — {_by(one.get('by', ''))} {one.get('when', '')}" for one in seen)
    refused = "".join(f"<li>{escape(text)}</li>" for text in rows)
    listed = f"<ul>{refused}</ul>" if refused else ""
    return (
        f'<details class="privacy"><summary><span class="shield" aria-hidden="true"></span>{escape(line)}</summary>'
        f'<div class="privacy-more">{"".join(f"<p>{escape(fact)}</p>" for fact in facts)}{listed}</div></details>'
    )


def render_guide(ready: Readiness, models: ModelState, language: str) -> str:
    """What stands in place of a conversation before there is one: the first steps, or what can be asked."""
    if ready.ready:
        tips = "".join(f"<li>{tr(language, f'welcome.{n}')}</li>" for n in (1, 2, 3))
        count = tr(language, "welcome.documents", n=ready.documents) if ready.documents else ""
        return (
            f'<div class="welcome"><h2>{tr(language, "welcome.title")}</h2><p>{escape(count)}</p><ul>{tips}</ul></div>'
        )
    steps = [_models_step(ready, models, language), _documents_step(ready, language)]
    return (
        f'<div class="welcome guide"><h2>{tr(language, "guide.title")}</h2><p>{tr(language, "guide.intro")}</p>'
        f"<ol>{''.join(steps)}</ol></div>"
    )


def _models_step(ready: Readiness, models: ModelState, language: str) -> str:
    if not ready.missing:
        return f'<li class="done"><h3>{tr(language, "guide.models_done")}</h3></li>'
    fetch = "".join(
        act("models", tr(language, "guide.fetch", name=name), css="primary", what="fetch", name=name)
        for name in ready.missing
    )
    working = render_model_job(models, language)
    command = f"ragapp models pull {' '.join(ready.missing)}"
    return (
        f"<li><h3>{tr(language, 'guide.models')}</h3><p>{tr(language, 'guide.models_help')}</p>"
        f'<p>{"" if models.what else fetch}</p>{working}<p class="note">{tr(language, "guide.command")} '
        f"<code>{escape(command)}</code></p></li>"
    )


def _documents_step(ready: Readiness, language: str) -> str:
    if ready.documents:
        return f'<li class="done"><h3>{tr(language, "guide.documents_done", n=ready.documents)}</h3></li>'
    add = act("tab", tr(language, "guide.add"), css="primary", tab="documents")
    samples = act("documents", tr(language, "guide.samples"), what="samples")
    return (
        f"<li><h3>{tr(language, 'guide.documents')}</h3><p>{tr(language, 'guide.documents_help')}</p>"
        f"<p>{add} {samples}</p></li>"
    )


def _by(by: Any) -> str:
    return by if isinstance(by, str) else " → ".join(map(str, by))
