"""What is being ingested, what came of it, and where files are dropped."""

from __future__ import annotations

from html import escape
from pathlib import Path

from ragapp.contract import FileState, IngestState, RebuildNeed
from ragapp.terminal_text import shown_seconds
from ragapp.web.app_state import AppState
from ragapp.web.ui.render import act, job_box
from ragapp.web.ui.translations import told, tr
from ragapp.words.forms import size
from ragapp.words.texts import step_in

# files in hand that are named
_FILES = 4


def render_drop(state: AppState, language: str) -> str:
    """Where files are dropped, and what can be done with the documents."""
    settings, what = state.app.settings, "pause" if state.job.state.running else "look"
    compare = tr(language, "drop.compare_help")
    tools = [
        act("choose-files", tr(language, "drop.files"), css="primary"),
        act("choose-folder", tr(language, "drop.folder")),
        act("documents", tr(language, "drop.paste"), what="ask-paste"),
        act("documents", tr(language, f"drop.{what}"), what=what),
        # what is ticked is known to the page alone, which enables these
        act("compare-ticked", tr(language, "drop.compare"), css="needs-two", tip=compare, disabled=True),
        act("ticked", tr(language, "drop.label"), css="needs-tick", disabled=True, what="ask-labels"),
        act("ticked", tr(language, "drop.again"), css="needs-tick", disabled=True, what="again"),
        act("ticked", tr(language, "drop.remove"), css="needs-tick danger", disabled=True, what="ask-remove"),
    ]
    folder = str(settings.paths.ingest)
    where = tr(language, "drop.where", folder=folder)
    limit = tr(language, "drop.limit", mb=settings.ingest.max_file_mb)
    return (
        f'<div class="drop-zone" data-folder="{escape(folder)}" data-most-mb="{settings.ingest.max_file_mb}">'
        f'<p class="drop-title">{tr(language, "drop.title")}</p>'
        f'<p class="note">{escape(where)} {escape(limit)}</p></div><div class="toolbar">{"".join(tools)}</div>'
    )


def render_job(job: IngestState, language: str) -> str:
    """What is being ingested; when it has ended, one line of what came of it."""
    shown = escape(told(job.told, language))
    if job.phase == "failed" and job.rebuild:
        return job_box(f"<p>{shown}</p>{render_rebuild(job.rebuild, language)}", problem=True)
    if job.phase == "failed":
        return job_box(shown, problem=True)
    notes = f"<p>{shown}</p>" if shown else ""
    if job.running:
        return job_box(f"{_running(job, language)}{notes}")
    counts = [tr(language, f"job.{status}", n=n) for status, n in job.counts.items() if n]
    line = ", ".join(counts) or tr(language, "job.nothing")
    if job.phase == "paused":
        line = tr(language, "job.paused")
    shown = act("documents", tr(language, "job.show"), css="tool", what="filter", state="run") if counts else ""
    rest = f"<p>{tr(language, 'job.waiting', n=job.waiting)}</p>" if job.waiting else ""
    return job_box(f"<p>{line} {shown}</p>{rest}{notes}")


def _running(job: IngestState, language: str) -> str:
    at = job.progress
    if not at or not at.files:
        words = next((file for file in job.files if file.status == "working" and file.step == "indexing"), None)
        return f"<p>{escape(_step(words, language)) if words else tr(language, 'job.looking')}</p>"
    key = "job.rebuilding" if job.rebuild else "job.running"
    facts = [tr(language, key, done=at.files_done, files=at.files)]
    if at.units:
        facts.append(tr(language, "job.pages", n=at.units))
    if at.bytes:
        read, every = size(at.bytes_done, language), size(at.bytes, language)
        facts.append(tr(language, "job.bytes", read=read, all=every))
    if at.seconds_left is not None:
        facts.append(tr(language, "job.left", time=shown_seconds(at.seconds_left)))
    label = escape(tr(language, "job.progress"))
    bar = f'<progress max="1" value="{at.share:.3f}" aria-label="{label}">{at.share * 100:.0f} %</progress>'
    working = [file for file in job.files if file.status == "working"][:_FILES]
    files = "".join(
        f"<li><strong>{escape(Path(file.path).name)}</strong> <span>{escape(_step(file, language))}</span></li>"
        for file in working
    )
    return f'<p>{escape(" · ".join(facts))}</p>{bar}<ul class="files">{files}</ul>'


def _step(file: FileState, language: str) -> str:
    if not file.step:
        return told(file.text, language)
    return step_in(language, file.step, file.done, file.total)


def render_rebuild(need: RebuildNeed, language: str) -> str:
    """What it takes to make the documents anew for the embedder in use, and the button that does."""
    parts = [tr(language, "rebuild.help")]
    if need.seconds is not None:
        parts.append(tr(language, "rebuild.takes", n=need.chunks_left, time=shown_seconds(need.seconds)))
    if need.prepared:
        parts.append(tr(language, "rebuild.prepared", n=need.prepared))
    button = act("documents", tr(language, "rebuild.begin"), css="primary", what="rebuild")
    return f"<p>{escape(' '.join(parts))}</p><p>{button}</p>"
