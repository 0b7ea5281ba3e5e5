"""Reads passages ahead while nobody asks anything."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from ragapp.answer.reading_ahead import ReadingProgress, read_ahead
from ragapp.app import App
from ragapp.errors import RagappError
from ragapp.web import idle_job
from ragapp.web.idle_job import IdleJob

if TYPE_CHECKING:
    from psutil import Process

    from ragapp.llm.interface import LanguageModel

# so long nobody may have asked, and so often it is looked
IDLE_S = 20.0
LOOK_S = 2.0
# percent of the processors that other programs may use when it begins, and while it is at work
_BUSY, _BUSY_BESIDE = 50.0, 20.0


class ReadingJob(IdleJob):
    """Reads passages with the model in memory, which is loaded for that only where documents have come or changed.

    Attributes:
        state: how far it is, None before the first look at the documents.
        running: whether passages are being read now.
        problem: why no more can be read, in words; empty where it can.
    """

    def __init__(self, app: App, busy: Callable[[], bool], idle_s: float = IDLE_S) -> None:
        super().__init__(app, busy, idle_s, LOOK_S)
        self.state: ReadingProgress | None = None
        self.running = False
        self.problem = ""
        # with these models and documents there is nothing left to read; and those that were there first
        self._finished: tuple[str, int] | None = None
        self._first: tuple[str, int] | None = None

    def _allowed(self) -> bool:
        return self._app.settings.llm.read_ahead == "auto"

    def _wanted(self) -> bool:
        others, key = self._others_at_work(), self._key()
        self._first = self._first or key
        loaded = bool(self._engine and self._engine.loaded)
        return others < _BUSY and key != self._finished and (loaded or key != self._first)

    def _others_at_work(self) -> float:
        """Percent of the processors that other programs have used since this was asked last; 0 the first time."""
        import psutil

        own = self._process.cpu_percent() / (psutil.cpu_count() or 1)
        return psutil.cpu_percent() - own

    @cached_property
    def _process(self) -> Process:
        import psutil

        return psutil.Process()

    def _key(self) -> tuple[str, int] | None:
        """What there is to read, and by which model; None while that is not known."""
        try:
            documents = self._app.catalog.rows("SELECT id, name, ingested_at FROM documents ORDER BY id")
            return self._app.model_pair().key, hash(tuple(documents))
        except (RagappError, OSError):
            return None

    def _work(self) -> None:
        key, assistant, stopped = self._key(), self._app.assistant, False
        begun = assistant.asked_at
        engine: LanguageModel

        def cancelled() -> bool:
            nonlocal stopped
            stopped = stopped or self._interrupted(engine, assistant, begun) or self._busy()
            return stopped

        def tell(at: ReadingProgress) -> None:
            nonlocal stopped
            self.state = at
            stopped = stopped or not idle_job.on_mains() or self._others_at_work() >= _BUSY_BESIDE

        self.running = True
        try:
            engine = self._app.engine()
            self.state = read_ahead(
                engine,
                self._app.catalog,
                self._app.settings,
                asked_about=self._app.conversations.asked_about(),
                cancelled=cancelled,
                progress=tell,
            )
            self.problem = ""
            if not stopped:
                self._finished = key
        except RagappError as error:
            self.problem, self._finished = str(error), key
        finally:
            self.running = False
