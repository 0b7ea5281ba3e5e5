"""What stands in place of a conversation before there is one: the first steps, or what can be asked."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Mapping, Sequence
from functools import partial
from html import escape
from pathlib import Path

from ragapp.answer.first_questions import suggested_questions
from ragapp.contract import IngestState
from ragapp.errors import RagappError
from ragapp.models.memory import free_memory
from ragapp.models.packs import PACKS
from ragapp.models.proposal import models_to_fetch
from ragapp.retrieval.retriever import best_by_words
from ragapp.settings import Paths
from ragapp.web.app_state import AppState, Readiness
from ragapp.web.model_job import ModelState
from ragapp.web.ui.documents_job import render_job, render_rebuild
from ragapp.web.ui.models import render_model_job
from ragapp.web.ui.render import act, job_box
from ragapp.web.ui.translations import told, tr
from ragapp.words.forms import size

# while documents come, questions are looked for again after so long
_AGAIN_S = 5.0


class FirstSteps:
    """The first screen of all visitors; questions are looked for once for each state of the documents."""

    def __init__(self, state: AppState):
        self._state = state
        self._found: dict[str, tuple[int, float, list[str]]] = {}
        self._looks = 0

    def depends_on(self) -> tuple[object, ...]:
        """What the first screen shows: as long as it is the same, so is the screen."""
        ready, job = self._state.readiness(), self._state.job.state
        # while nothing can be asked yet, how far things are is in sight
        coming = () if ready.ready else (self._state.models.state.changes, job.changes, job.running, job.progress)
        return ready, self._state.listing_version, self._state.samples_wanted, self._looks, coming

    def render(self, language: str) -> str:
        """The first screen as it is now."""
        state, ready = self._state, self._state.readiness()
        if ready.ready:
            return render_welcome(ready.documents, self.questions(language), language)
        settings = state.app.settings
        wanted = models_to_fetch(settings, ready.missing, language, free_memory()) if ready.missing else {}
        at_work, wish = (state.models.state, state.job.state), state.samples_wanted
        return render_guide(ready, wanted, *at_work, settings.paths, language, wish)

    def act(self, values: Mapping[str, object], language: str) -> str:
        """Do what a button says; what went wrong, as HTML."""
        try:
            if values.get("what") == "samples":
                self._state.add_samples()
        except RagappError as error:
            return job_box(escape(told(error, language)), problem=True)
        return ""

    def questions(self, language: str) -> list[str]:
        """Questions that the documents can answer; where they have changed, they are looked for in the background."""
        version, running = self._state.listing_version, self._state.job.state.running
        known, looked, questions = self._found.get(language, (-1, 0.0, []))
        if known != version and not (running and time.monotonic() - looked < _AGAIN_S):
            self._found[language] = version, time.monotonic(), questions
            threading.Thread(target=self._look, args=(language, version), name="ragapp-questions", daemon=True).start()
        return questions

    def _look(self, language: str, version: int) -> None:
        # by words alone: whoever only opens the page need not wait for the embedder, nor have it in memory
        catalog = self._state.app.catalog
        try:
            questions = suggested_questions(
                catalog, self._state.documents()[0], language, partial(best_by_words, catalog)
            )
        except (RagappError, sqlite3.Error):  # what is wrong is told elsewhere, or the page is being stopped
            return
        self._found[language] = version, time.monotonic(), questions
        self._looks += 1


def render_welcome(documents: int, questions: Sequence[str], language: str) -> str:
    """What can be asked, as buttons that ask it."""
    tips = "".join(f"<li>{tr(language, f'welcome.{n}')}</li>" for n in (1, 2, 3))
    count = escape(tr(language, "welcome.documents", n=documents))
    asked = ""
    if questions:
        buttons = "".join(
            f"<li>{act('ask', question, css='suggestion', question=question, scope=[])}</li>" for question in questions
        )
        title = tr(language, "welcome.suggested")
        asked = f'<h3 class="suggested">{title}</h3><ul class="suggestions">{buttons}</ul>'
    return (
        f'<div class="welcome"><h2>{tr(language, "welcome.title")}</h2><p>{count}</p>{asked}'
        f'<ul class="tips">{tips}</ul></div>'
    )


def render_guide(
    ready: Readiness,
    wanted: Mapping[str, str],
    models: ModelState,
    job: IngestState,
    paths: Paths,
    language: str,
    samples_wanted: bool = False,
) -> str:
    """The first steps: models, then documents.

    ``wanted`` are the models to fetch, as :func:`ragapp.models.proposal.models_to_fetch` gives them;
    ``samples_wanted``: whether the sample documents come as soon as the models are here.
    """
    title = tr(language, "guide.title") if ready.missing and not ready.documents else tr(language, "guide.nearly")
    return (
        f'<div class="welcome guide"><h2>{title}</h2><p>{tr(language, "guide.intro")}</p>'
        f"<ol>{_models_step(ready, wanted, models, language, paths.models)}"
        f"{_documents_step(ready, job, paths.ingest, language, samples_wanted)}</ol></div>"
    )


def _models_step(ready: Readiness, wanted: Mapping[str, str], models: ModelState, language: str, folder: Path) -> str:
    if not ready.missing:
        return f'<li class="done"><h3>{tr(language, "guide.models_done")}</h3></li>'
    unknown = [name for name in ready.missing if name not in PACKS]
    problems = "".join(f'<p class="problem">{escape(tr(language, "guide.no_pack", name=name))}</p>' for name in unknown)
    fetch = ""
    if wanted and not models.what:
        total = sum(PACKS[name].size for name in wanted)
        fetch = act(
            "models", tr(language, "guide.fetch", size=size(total, language)), css="primary", what="fetch-missing"
        )
        other = [name for name, instead in wanted.items() if instead]
        if other:
            smaller = sum(PACKS[instead or name].size for name, instead in wanted.items())
            label = tr(language, "guide.fetch_smaller", size=size(smaller, language))
            fetch += f" {act('models', label, what='fetch-missing', smaller=True)}"
        fetch = f'<p class="actions">{fetch}</p>'
    parts = "".join(f"<li>{_wanted_model(name, language)}</li>" for name in wanted)
    known = [name for name in ready.missing if name in PACKS]
    command = f"ragapp models pull {' '.join(wanted or known)}"
    by_hand = (
        f'<details class="by-hand"><summary>{tr(language, "guide.by_hand")}</summary>'
        f"<p>{tr(language, 'guide.command')} <code>{escape(command)}</code></p>"
        f"<p>{escape(tr(language, 'guide.offline', folder=folder))}</p></details>"
    )
    return (
        f"<li><h3>{tr(language, 'guide.models')}</h3><p>{tr(language, 'guide.models_help')}</p>"
        f'<ul class="wanted">{parts}</ul>{problems}{fetch}{render_model_job(models, language)}{by_hand}</li>'
    )


def _wanted_model(name: str, language: str) -> str:
    pack = PACKS[name]
    role = tr(language, f"guide.{'embedder' if pack.role == 'embedder' else 'llm'}")
    return f"{escape(role)} <strong>{escape(name)}</strong>, {size(pack.size, language)}"


def _documents_step(ready: Readiness, job: IngestState, drop: Path, language: str, samples_wanted: bool) -> str:
    if ready.rebuild:
        text = f"<p>{tr(language, 'guide.rebuilding')}</p>"
        if not ready.rebuilding:
            text = render_rebuild(ready.rebuild, language)
        return f"<li><h3>{tr(language, 'guide.rebuild')}</h3>{text}</li>"
    if ready.documents:
        return f'<li class="done"><h3>{tr(language, "guide.documents_done", n=ready.documents)}</h3></li>'
    add = act("choose-here", tr(language, "guide.add"), css="primary" if not ready.missing else "")
    samples = act("first", tr(language, "guide.samples"), what="samples")
    waiting = at_work = ""
    if samples_wanted:
        waiting = job_box(f"<p>{tr(language, 'guide.samples_wait')}</p>")
    elif ready.missing:
        waiting = f"<p>{tr(language, 'guide.waits')}</p>"
    elif job.running or job.phase == "failed":
        at_work = render_job(job, language)
    where = escape(tr(language, "guide.drop_folder", folder="\0")).replace("\0", f"<code>{escape(str(drop))}</code>")
    return (
        f"<li><h3>{tr(language, 'guide.documents')}</h3><p>{tr(language, 'guide.documents_help')}</p>"
        f'<p class="actions">{add} {samples}</p>{waiting}{at_work}<p class="note">{where}</p></li>'
    )
