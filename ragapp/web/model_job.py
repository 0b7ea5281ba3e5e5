"""Loads, switches and fetches models in the background; tells which model runs where."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ragapp.app import App
from ragapp.contract import Answer
from ragapp.errors import ModelError, RagappError


@dataclass(frozen=True, slots=True)
class ModelState:
    """Work on the models."""

    what: str = ""  # ``loading``, ``fetching``, or empty
    name: str = ""  # of the model in hand
    detail: str = ""  # progress in words
    started: float = 0.0  # by the monotonic clock
    told: str = ""  # the last result, in words
    error: str = ""  # why the last work failed; empty otherwise
    changes: int = 0  # grows with every change

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
        self.state = ModelState()
        #: tokens a second that the last answer was written with
        self.tokens_per_s = 0.0

    def load(self) -> None:
        """Bring the language model of the settings into memory."""
        self._begin("loading", self._app.settings.llm.model, lambda: self._app.assistant.prepare())

    def use(self, name: str) -> None:
        """Answer with another language model from now on, and write that choice into the settings file."""
        self._begin("loading", name, lambda: self._use(name))

    def fetch(self, name: str) -> None:
        """Fetch a pack by ``ragapp models pull``, the only command that may."""
        self._begin("fetching", name, lambda: self._fetch(name))

    def close(self) -> None:
        """Stop fetching."""
        if self._child:
            self._child.terminate()

    def running(self) -> Running:
        """What runs where, now."""
        import psutil

        from ragapp.models.memory import free_memory

        llm = self._app.settings.llm
        engine = self._app.__dict__.get("_engine")
        loaded = bool(engine and getattr(engine, "loaded", True))
        placement = getattr(engine, "placement", None) if loaded else None
        return Running(
            model=llm.model,
            embedder=self._app.settings.embedding.model,
            loaded=loaded,
            threads=llm.threads or psutil.cpu_count(logical=False) or os.cpu_count() or 1,
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

    def _begin(self, what: str, name: str, work: Callable[[], object]) -> None:
        def run() -> None:
            error = ""
            try:
                work()
            except RagappError as problem:
                error = str(problem)
            finally:
                told = "" if error else f"{name} ✓"
                self.state = ModelState(told=told, error=error, changes=self.state.changes + 1)
            if not error:
                self._ready()

        with self._lock:
            if self.state.what:
                return
            self.state = ModelState(what, name, started=time.monotonic(), changes=self.state.changes + 1)
        threading.Thread(target=run, name="ragapp-models", daemon=True).start()

    def _use(self, name: str) -> None:
        from ragapp.settings import write_setting

        self._app.use_model(name)
        write_setting("llm", "model", name, self._settings_file)

    def _fetch(self, name: str) -> None:
        command = [sys.executable, "-m", "ragapp"]
        command += ["--settings", str(self._settings_file)] if self._settings_file else []
        environment = {**os.environ, "RAGAPP_PATHS__MODELS": str(self._app.settings.paths.models)}
        pipes: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        command += ["models", "pull", name]
        self._child = subprocess.Popen(command, env=environment, encoding="utf-8", errors="replace", **pipes)
        lines: list[str] = []
        for line in self._child.stdout or ():
            lines = [*lines, line.strip()][-12:]
            self.state = replace(self.state, detail=line.strip(), changes=self.state.changes + 1)
        if self._child.wait():
            raise ModelError(" ".join(lines).removeprefix("ragapp: ") or f"{name} could not be fetched.")
