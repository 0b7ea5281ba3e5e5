"""Calibrates the models in use on the documents while nobody asks anything."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from ragapp.answer.calibration import Origin
from ragapp.app import App
from ragapp.errors import CancelledError, EmptyStoreError, RagappError, UsageError
from ragapp.evaluation.self_calibration import QUESTIONS, CalibrationProgress, SelfCalibration
from ragapp.web import idle_job
from ragapp.web.idle_job import IdleJob

# so long nobody may have asked, and so often it is looked
IDLE_S = 180.0
LOOK_S = 5.0
# behind each step it rests for as long as that took, so that the machine stays cool and quick; so long at the most
REST_S = 60.0
# and so long after it failed for a reason that may pass
AGAIN_S = 600.0


@dataclass(frozen=True, slots=True)
class CalibrationState:
    """The calibration of the models in use, and the work on it.

    Attributes:
        origin: what it was fitted to; empty while that is not known.
        fitted_on: how many questions.
        running: whether questions are being asked now.
        done: questions that were asked of ``questions``, 0 before the first.
        seconds_left: None where nobody can tell.
        told: why there is none for these models, in words; empty otherwise.
        changes: grows with every change.
    """

    origin: Origin | str = ""
    fitted_on: int = 0
    running: bool = False
    done: int = 0
    questions: int = 0
    seconds_left: float | None = None
    told: str = ""
    changes: int = 0


class CalibrationJob(IdleJob):
    """Calibrates models that have nothing but the general calibration; ``questions`` are asked."""

    def __init__(self, app: App, busy: Callable[[], bool], idle_s: float = IDLE_S, questions: int = QUESTIONS) -> None:
        super().__init__(app, busy, idle_s, LOOK_S)
        self.state = CalibrationState()
        self._questions = questions
        # what could not be calibrated: the models, and how many passages there were
        self._hopeless: set[tuple[str, int]] = set()
        self._rested_until = 0.0

    def look(self) -> CalibrationState:
        """The state, with the calibration that holds now; it may have been changed by a command."""
        if not self.state.running:
            self._know()
        return self.state

    def _know(self) -> None:
        try:
            calibration = self._app.calibration()
        except (RagappError, OSError):  # a model is missing, which is told elsewhere
            self._set(origin="", fitted_on=0)
        else:
            self._set(origin=calibration.origin, fitted_on=calibration.questions)

    def _set(self, **values: object) -> None:
        changed = replace(self.state, **values)  # type: ignore[arg-type]
        if changed != self.state:
            self.state = replace(changed, changes=self.state.changes + 1)

    def _allowed(self) -> bool:
        return self._app.settings.answer.calibrate == "auto"

    def _wanted(self) -> bool:
        self._know()
        try:
            rested = time.monotonic() >= self._rested_until
            return rested and self.state.origin == "general" and self._key() not in self._hopeless
        except (RagappError, OSError):
            return False

    def _key(self) -> tuple[str, int]:
        return self._app.model_pair().key, self._app.catalog.chunk_count()

    def _work(self) -> None:
        self._set(running=True, told="")
        key, worked = self._key(), time.monotonic()
        unplugged = False
        try:
            engine, assistant = self._app.engine(), self._app.assistant
            begun = assistant.asked_at

            def cancelled() -> bool:
                return unplugged or self._busy() or self._interrupted(engine, assistant, begun)

            def tell(at: CalibrationProgress) -> None:
                nonlocal worked, unplugged
                self._set(done=at.done, questions=at.questions, seconds_left=at.seconds_left)
                until = time.monotonic() + min(REST_S, time.monotonic() - worked)
                while time.monotonic() < until and not cancelled():
                    self._closing.wait(min(0.2, max(0.0, until - time.monotonic())))
                unplugged, worked = not idle_job.on_mains(), time.monotonic()

            SelfCalibration(self._app, self._questions, cancelled=cancelled, progress=tell).run()
        except CancelledError:
            pass
        except (UsageError, EmptyStoreError) as error:  # so it is until there are other documents
            self._hopeless.add(key)
            self._set(told=str(error))
        except RagappError as error:  # a model server that is away for now, another ragapp that calibrates
            self._rested_until = time.monotonic() + AGAIN_S
            self._set(told=str(error))
        finally:
            self._set(running=False, seconds_left=None)
            self._know()
