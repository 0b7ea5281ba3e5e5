"""What the page does with the models while nobody asks anything."""

from __future__ import annotations

import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable

from ragapp.answer.assistant import Assistant
from ragapp.app import App
from ragapp.llm.interface import LanguageModel

# seconds after a defect until it is tried again
PAUSE_S = 60.0


class IdleJob(ABC):
    """Works on a thread of its own, and lets go of the model as soon as somebody asks.

    Args:
        busy: whether something else works on documents or models.
        idle_s: seconds without a question after which it begins.
        look_s: seconds between two looks whether there is something to do.
    """

    def __init__(self, app: App, busy: Callable[[], bool], idle_s: float, look_s: float) -> None:
        self._app, self._busy, self._idle_s, self._look_s = app, busy, idle_s, look_s
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._made = time.monotonic()

    def start(self) -> None:
        """Look from now on whether there is something to do."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._look_out, name=f"ragapp-{type(self).__name__}", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Stop; what was done is kept."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join(10)

    @abstractmethod
    def _allowed(self) -> bool:
        """Whether the settings want it."""

    @abstractmethod
    def _wanted(self) -> bool:
        """Whether there is something to do; asked only when it is quiet."""

    @abstractmethod
    def _work(self) -> None:
        """Do it."""

    def _look_out(self) -> None:
        while not self._closing.wait(min(self._look_s, self._idle_s)):
            try:
                if self._quiet() and self._wanted():
                    self._work()
            except Exception:  # told on stderr; what stands in the way now may be gone later
                threading.excepthook(threading.ExceptHookArgs((*sys.exc_info(), threading.current_thread())))
                self._closing.wait(PAUSE_S)

    def _quiet(self) -> bool:
        """Whether nobody wants the machine, and it does not run on a battery."""
        if not self._allowed() or self._busy():
            return False
        assistant = self._app.__dict__.get("assistant")
        asked_at = assistant.asked_at if assistant else self._made
        engine = self._engine
        waiting = bool(engine and engine.ahead)
        return not waiting and time.monotonic() - asked_at >= self._idle_s and on_mains()

    @property
    def _engine(self) -> LanguageModel | None:
        """The language model in use, None before the first use of one; it may not be loaded."""
        engine: LanguageModel | None = self._app.__dict__.get("_engine")
        return engine

    def _interrupted(self, engine: LanguageModel, assistant: Assistant, begun: float) -> bool:
        """Whether somebody has asked since ``begun``, waits for the model, or has put another in its place."""
        asked = assistant.asked_at != begun or engine.ahead > 1
        return asked or self._engine is not engine or not self._allowed() or self._closing.is_set()


def on_mains() -> bool:
    """Whether the machine has no battery, or is plugged in; also where that cannot be known."""
    import psutil

    try:
        battery = psutil.sensors_battery()
    except (AttributeError, OSError):  # not known on this system
        return True
    return battery is None or battery.power_plugged is not False
