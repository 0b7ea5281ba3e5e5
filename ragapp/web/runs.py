"""Answers in the making: each on a thread of its own, so that neither a reload nor a closed tab disturbs it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import count

from ragapp.contract import Answer, Event, Feedback, Proved, Stage, Thought
from ragapp.errors import CancelledError, RagappError

# a run that nobody looks at for so long is stopped: the tab was closed, not reloaded
UNWATCHED_S = 60.0


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question with what came of it."""

    question: str  # as it was asked
    answer: Answer | None = None  # None where there is none
    error: str = ""  # why there is none, in words; empty otherwise
    stopped: bool = False  # whether the person stopped it
    # what it is restricted to: patterns of documents, one a line; empty for all documents
    scope: str = ""
    scope_name: str = ""  # what people call that
    turn: int = 0  # id of the turn that keeps it, 0 where none does
    feedback: Feedback = field(default_factory=Feedback)  # what the person thinks of the answer
    # another one for each: where a question is asked again and answered in the same words, what is shown of it differs,
    # or the browser, which shows a question as asked by itself, would find nothing new in the answer
    number: int = field(default_factory=count(1).__next__, compare=False)


class AnswerRun:
    """A question on its way to an answer.

    ``ask`` is handed a function that says whether to stop; ``done`` is called with the exchange at the end, on the
    run's own thread, before :attr:`running` turns False.
    """

    def __init__(
        self,
        asked: Exchange,
        ask: Callable[[Callable[[], bool]], Iterator[Event]],
        done: Callable[[Exchange], None] = lambda exchange: None,
    ):
        self.asked = asked
        self.stage: Stage | None = None
        self.proved: list[Proved] = []  # what stands so far; no word of it is taken back
        self.thought = ""
        self.running = True
        self.started = time.monotonic()
        self._ask = ask
        self._done = done
        self._stop = threading.Event()
        self._changed = threading.Condition()
        self._version = 0
        self._watched = time.monotonic()
        threading.Thread(target=self._run, name="ragapp-answer", daemon=True).start()

    @property
    def seconds(self) -> float:
        """Since the question was asked."""
        return time.monotonic() - self.started

    @property
    def stopping(self) -> bool:
        """Whether it was told to stop."""
        return self._stop.is_set()

    def stop(self) -> None:
        """End it soon."""
        self._stop.set()
        self._notify()

    def wait(self, version: int, timeout_s: float) -> int:
        """Wait until something has changed since a version, or the time is over; returns the version now."""
        self._watched = time.monotonic()
        with self._changed:
            self._changed.wait_for(lambda: self._version != version or not self.running, timeout_s)
            return self._version

    def _notify(self) -> None:
        with self._changed:
            self._version += 1
            self._changed.notify_all()

    def _cancelled(self) -> bool:
        return self._stop.is_set() or time.monotonic() - self._watched > UNWATCHED_S

    def _run(self) -> None:
        answer, error = None, ""
        try:
            for event in self._ask(self._cancelled):
                if isinstance(event, Stage):
                    self.stage = event
                elif isinstance(event, Proved):
                    self.proved.append(event)
                elif isinstance(event, Thought):
                    self.thought += event.text
                elif isinstance(event, Answer):
                    answer = event
                else:  # how it was understood stands beside the answer
                    continue
                self._notify()
        except CancelledError:
            pass
        except RagappError as problem:
            error = str(problem)
        except Exception as problem:  # a defect must not leave the person waiting for ever
            error = f"{type(problem).__name__}: {problem}"
            raise
        finally:
            stopped = answer.stopped if answer and not answer.abstained else self._cancelled()
            if stopped and answer and answer.abstained:
                answer = None  # what was cut off says nothing of what the documents hold
            self._done(replace(self.asked, answer=answer, error=error, stopped=stopped))
            self.running = False
            self._notify()
