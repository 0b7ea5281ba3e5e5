"""Reads passages ahead while nobody asks anything."""

from __future__ import annotations

from collections.abc import Callable

from ragapp.answer.reading_ahead import ReadingProgress, read_ahead
from ragapp.app import App
from ragapp.errors import RagappError
from ragapp.web import idle_job
from ragapp.web.idle_job import IdleJob

# so long nobody may have asked, and so often it is looked
IDLE_S = 20.0
LOOK_S = 2.0
# percent of the processors that may be at work already
_BUSY = 50.0


class ReadingJob(IdleJob):
    """Reads passages with the model in memory; it is not loaded for that.

    Attributes:
        state: how far it is, None before the first look at the documents.
        running: whether passages are being read now.
    """

    def __init__(self, app: App, busy: Callable[[], bool], idle_s: float = IDLE_S) -> None:
        super().__init__(app, busy, idle_s, LOOK_S)
        self.state: ReadingProgress | None = None
        self.running = False
        # with these models and documents there is nothing left to read
        self._finished: tuple[str, int] | None = None

    def _allowed(self) -> bool:
        return self._app.settings.llm.read_ahead == "auto"

    def _wanted(self) -> bool:
        import psutil

        # since it was asked last; the first time there is nothing to compare with, and it says 0
        at_work = psutil.cpu_percent()
        return bool(self._engine and self._engine.loaded) and at_work < _BUSY and self._key() != self._finished

    def _key(self) -> tuple[str, int] | None:
        """What there is to read, and by which model; None while that is not known."""
        try:
            newest = self._app.catalog.rows("SELECT coalesce(max(id), 0) FROM documents")
            return self._app.model_pair().key, int(newest[0][0])
        except (RagappError, OSError):
            return None

    def _work(self) -> None:
        key, engine, assistant = self._key(), self._app.engine(), self._app.assistant
        begun, stopped = assistant.asked_at, False

        def cancelled() -> bool:
            nonlocal stopped
            stopped = stopped or self._interrupted(engine, assistant, begun) or self._busy()
            return stopped

        def tell(at: ReadingProgress) -> None:
            nonlocal stopped
            self.state = at
            stopped = stopped or not idle_job.on_mains()

        self.running = True
        try:
            self.state = read_ahead(
                engine,
                self._app.catalog,
                self._app.settings,
                asked_about=self._app.conversations.asked_about(),
                cancelled=cancelled,
                progress=tell,
            )
            if not stopped:
                self._finished = key
        except RagappError:  # told where somebody asks
            self._finished = key
        finally:
            self.running = False
