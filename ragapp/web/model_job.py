"""Loads, switches and fetches models in the background; tells which model runs where."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ragapp.app import App
from ragapp.contract import Answer, PullProgress
from ragapp.contract.codec import from_values
from ragapp.errors import CancelledError, ModelError, RagappError
from ragapp.llm.options import physical_cores

# seconds over which the speed of a download is measured
RATE_S = 8.0
# how long a fetch that is stopped may take to put away what came
STOP_S = 5.0


@dataclass(frozen=True, slots=True)
class Fetching:
    """How far the models that are fetched together are.

    Attributes:
        number: of the one in hand, counted from 1, of ``count``.
        step: what is being done, as ``ragapp models pull`` tells it.
        done: bytes that are there of ``total``, of all models together.
        rate: bytes a second; 0 while it is not known.
        came: whether all of the one in hand is there, and it is being made ready.
    """

    number: int = 1
    count: int = 1
    step: str = ""
    done: int = 0
    total: int = 0
    rate: float = 0.0
    came: bool = False

    @property
    def seconds_left(self) -> float | None:
        """Seconds until all of it is there; None where nobody can tell."""
        return (self.total - self.done) / self.rate if self.rate and self.total > self.done else None


@dataclass(frozen=True, slots=True)
class ModelState:
    """Work on the models.

    Attributes:
        what: ``loading``, ``fetching``, or empty.
        name: of the model in hand.
        fetching: how far the models are that are being fetched.
        started: by the monotonic clock.
        told: names of the models that the last work brought.
        instead: the model that was to be had in place of one that was not; empty where none was.
        error: why the last work failed; empty otherwise.
        hint: what to do about that.
        failed: the work that failed, as ``what``.
        stopped: whether it was stopped by the person.
        changes: grows with every change.
    """

    what: str = ""
    name: str = ""
    fetching: Fetching = Fetching()
    started: float = 0.0
    told: tuple[str, ...] = ()
    instead: str = ""
    error: str = ""
    hint: str = ""
    failed: str = ""
    stopped: bool = False
    changes: int = 0

    @property
    def seconds(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self.started


@dataclass(frozen=True, slots=True)
class Running:
    """The models in use, and the memory they take."""

    model: str  # name of the language model
    embedder: str  # name of the embedder
    loaded: bool  # whether the language model is in memory
    threads: int  # CPU threads that it uses
    gpu_layers: int  # layers on a GPU; 0 while it is not loaded
    window: int  # size of the context window in tokens; 0 while it is not loaded
    tokens_per_s: float  # of the last answer, 0 before the first
    memory_used: int  # by this process, in bytes
    memory_free: int  # what another model could take, in bytes
    remote: str = ""  # address of the model server where the model runs elsewhere


class ModelJob:
    """Works on the models, one thing at a time, on a thread of its own; ``ready`` is called when some have come."""

    def __init__(self, app: App, settings_file: Path | None = None, ready: Callable[[], None] = lambda: None):
        self._app = app
        self._settings_file = settings_file
        self._ready = ready
        self._lock = threading.Lock()
        self._child: subprocess.Popen[str] | None = None
        self._stopped = False
        self.state = ModelState()
        #: tokens a second that the last answer was written with
        self.tokens_per_s = 0.0

    def load(self) -> None:
        """Bring the language model of the settings into memory."""
        self._begin("loading", self._app.settings.llm.model, self._load)

    def _load(self) -> None:
        self._app.assistant.prepare()

    def use(self, name: str) -> None:
        """Answer with another language model from now on, and write that choice into the settings file."""
        self._begin("loading", name, lambda: self._use(name))

    def fetch(self, wanted: Mapping[str, str]) -> None:
        """Fetch packs by ``ragapp models pull``, the only command that may, one after the other.

        ``wanted`` has with each what will do where it is not to be had (empty: nothing). A language model that comes
        is used from then on where the one of the settings is not here.
        """
        first = next(iter(wanted), "")
        if first:
            self._begin("fetching", first, lambda: self._fetch(dict(wanted)))

    def stop(self) -> None:
        """Stop fetching; what came is kept, and the next fetch goes on from there."""
        self._stopped = True
        if self._child:
            self._child.terminate()

    def close(self) -> None:
        """Stop fetching, and wait for it."""
        self.stop()
        if self._child:
            with suppress(subprocess.TimeoutExpired):
                self._child.wait(STOP_S)
            self._child.kill()

    @property
    def loaded(self) -> bool:
        """Whether a language model is in memory."""
        engine = self._app.__dict__.get("_engine")
        return bool(engine and getattr(engine, "loaded", True))

    def running(self) -> Running:
        """What runs where, now."""
        import psutil

        from ragapp.models.memory import free_memory

        llm = self._app.settings.llm
        engine = self._app.__dict__.get("_engine")
        loaded = self.loaded
        placement = getattr(engine, "placement", None) if loaded else None
        options = getattr(engine, "options", None) if loaded else None
        return Running(
            model=llm.model,
            embedder=self._app.settings.embedding.model,
            loaded=loaded,
            threads=options.threads_used if options else llm.threads or physical_cores(),
            gpu_layers=placement.offloaded if placement else 0,
            window=engine.window if engine and loaded else 0,
            tokens_per_s=self.tokens_per_s,
            memory_used=psutil.Process().memory_info().rss,
            memory_free=free_memory(),
            remote=llm.url if llm.mode == "openai" else "",
        )

    @property
    def percent(self) -> int | None:
        """How much of a language model's weights has been read; None while none is being loaded."""
        from ragapp.llm.loading import loading_progress

        now = loading_progress()
        return int(100 * now.share) if now else None

    def note_answer(self, answer: Answer) -> None:
        """Learn the speed from an answer's figures."""
        tokens, first, total = (answer.timings.get(key, 0) for key in ("answer_tokens", "first_token_s", "total_s"))
        if tokens > 1 and total > first:
            self.tokens_per_s = (tokens - 1) / (total - first)

    def _begin(self, what: str, name: str, work: Callable[[], tuple[tuple[str, ...], str] | None]) -> None:
        def run() -> None:
            ended: dict[str, Any] = {"told": (name,)}
            try:
                if came := work():
                    ended = {"told": came[0], "instead": came[1]}
            except CancelledError:
                ended = {"stopped": True}
            except RagappError as problem:
                ended = {"error": problem.message, "hint": problem.hint, "failed": what, "name": name}
            finally:
                self.state = ModelState(changes=self.state.changes + 1, **ended)
            if "told" in ended:
                self._ready()

        with self._lock:
            if self.state.what:
                return
            self._stopped = False
            self.state = ModelState(what, name, started=time.monotonic(), changes=self.state.changes + 1)
        threading.Thread(target=run, name="ragapp-models", daemon=True).start()

    def _use(self, name: str) -> None:
        from ragapp.settings import write_setting

        self._app.use_model(name)
        write_setting("llm", "model", name, self._settings_file)

    def _fetch(self, wanted: dict[str, str]) -> tuple[tuple[str, ...], str]:
        from ragapp.models.packs import PACKS

        came: list[str] = []
        replaced = ""
        sizes = _Sizes({name: PACKS[name].size for name in wanted})
        for number, (name, other) in enumerate(wanted.items(), 1):
            try:
                self._pull(name, number, sizes)
            except ModelError:
                if not other or self._stopped:
                    raise
                sizes.replace(name, other, PACKS[other].size)
                self._pull(other, number, sizes)
                name = replaced = other
            came.append(name)
        self._begin_to_use([name for name in came if PACKS[name].role == "llm"])
        return tuple(came), replaced

    def _begin_to_use(self, fetched: Sequence[str]) -> None:
        """Use a language model that was just fetched, where that of the settings is not here."""
        from ragapp.models.discovery import find_model

        settings = self._app.settings
        if settings.llm.mode != "local" or not fetched or settings.llm.model in fetched:
            return
        try:
            find_model(settings.llm.model, settings.paths.models, "llm")
        except ModelError:
            self._set(what="loading", name=fetched[-1])
            self._use(fetched[-1])

    def _pull(self, name: str, number: int, sizes: _Sizes) -> None:
        """Fetch one pack. Raises CancelledError: it was stopped; ModelError: it was not to be had."""
        command = [sys.executable, "-m", "ragapp"]
        command += ["--settings", str(self._settings_file)] if self._settings_file else []
        environment = {**os.environ, "RAGAPP_PATHS__MODELS": str(self._app.settings.paths.models)}
        environment["RAGAPP_UI__LANGUAGE"] = "en"  # what it says is put into the language of each page
        command += ["models", "pull", "--json", name]
        problem = PullProgress(name)
        with tempfile.TemporaryFile() as complaints:  # a pipe that nobody reads would fill up
            pipes: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": complaints}
            if self._stopped:
                raise CancelledError("Stopped.")
            self._child = subprocess.Popen(command, env=environment, encoding="utf-8", errors="replace", **pipes)
            if self._stopped:  # meanwhile
                self._child.terminate()
            for line in self._child.stdout or ():
                with suppress(ValueError):
                    at = from_values(PullProgress, json.loads(line))
                    problem = at if at.error else problem
                    if at.step:
                        sizes.note(name, at)
                        progress = sizes.progress(number, at.step)
                        self._set(what="fetching", name=name, fetching=progress)
            code = self._child.wait()
            if self._stopped:
                raise CancelledError("Stopped.")
            if code:
                complaints.seek(0)
                said = complaints.read().decode("utf-8", "replace").strip().removeprefix("ragapp: ")
                raise ModelError(problem.error or said or f"{name} could not be fetched.", problem.hint)

    def _set(self, **values: Any) -> None:
        self.state = replace(self.state, changes=self.state.changes + 1, **values)


class _Sizes:
    """Bytes of models that are fetched together, and how quickly they come."""

    def __init__(self, totals: dict[str, int]):
        self._totals, self._done = totals, dict.fromkeys(totals, 0)
        self._step = ""
        self._seen: deque[tuple[float, int]] = deque()

    def replace(self, name: str, other: str, size: int) -> None:
        """Another model is fetched in place of one."""
        self._totals = {other if one == name else one: size if one == name else n for one, n in self._totals.items()}
        self._done = {other if one == name else one: 0 if one == name else n for one, n in self._done.items()}

    def note(self, name: str, at: PullProgress) -> None:
        """What was told of one of them; a step of unknown size changes nothing."""
        if at.step != self._step:
            self._step = at.step
            self._seen.clear()
        if at.total:
            self._totals[name], self._done[name] = at.total, min(at.done, at.total)
            now = time.monotonic()
            self._seen.append((now, at.done))
            while now - self._seen[0][0] > RATE_S:
                self._seen.popleft()

    def progress(self, number: int, step: str) -> Fetching:
        """All of it; what came before the one in hand is whole."""
        names = list(self._totals)
        for name in names[: number - 1]:
            self._done[name] = self._totals[name]
        rate = 0.0
        if len(self._seen) > 1 and (took := self._seen[-1][0] - self._seen[0][0]) > 0.5:
            rate = max(0.0, (self._seen[-1][1] - self._seen[0][1]) / took)
        now = names[number - 1]
        came = bool(step) and self._done[now] >= self._totals[now]
        return Fetching(number, len(names), step, sum(self._done.values()), sum(self._totals.values()), rate, came)
