"""Figures for Prometheus: counts, times and sizes; never a word of a question, an answer, or a document, nor a name.

All labels are of fixed sets, so what people ask and call their files cannot come in.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Literal

from ragapp.contract import Answer, Event, FileReport, Proved
from ragapp.errors import CancelledError

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

Surface = Literal["page", "api", "openai", "mcp"]
Outcome = Literal["answered", "likely", "not_found", "stopped", "failed"]
#: seconds; a model server's first word takes less than one, a small processor's whole answer a minute and more
BUCKETS_S = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0, 120.0, 300.0)
SURFACES: tuple[Surface, ...] = ("page", "api", "openai", "mcp")
OUTCOMES: tuple[Outcome, ...] = ("answered", "likely", "not_found", "stopped", "failed")
FILES = ("indexed", "updated", "removed", "failed")


class Metrics:
    """What one running server has done since its start, and how it stands."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector

        self._registry: CollectorRegistry = CollectorRegistry()
        ProcessCollector(registry=self._registry)  # memory, processor time, open files
        told = "Questions that have ended, by where they were asked and by how: the grade of the answer, or none."
        self._questions = Counter("ragapp_questions", told, ("surface", "outcome"), registry=self._registry)
        told = "From the question to the first proved sentence, waiting included."
        self._first = Histogram(
            "ragapp_first_word_seconds", told, ("surface",), buckets=BUCKETS_S, registry=self._registry
        )
        told = "From the question to the whole answer, waiting included."
        self._whole = Histogram("ragapp_answer_seconds", told, ("surface",), buckets=BUCKETS_S, registry=self._registry)
        told = "Files that were ingested or removed, by outcome; one that failed counts each time it is tried."
        self._files = Counter("ragapp_ingested_files", told, ("outcome",), registry=self._registry)
        for surface in SURFACES:  # a rate needs the zero before the first one
            self._first.labels(surface), self._whole.labels(surface)
            for outcome in OUTCOMES:
                self._questions.labels(surface, outcome)
        for status in FILES:
            self._files.labels(status)

    def gauge(self, name: str, told: str, value: Callable[[], float]) -> None:
        """Add a figure that is asked for when somebody looks; NaN is what is not known."""
        from prometheus_client import Gauge

        Gauge(name, told, registry=self._registry).set_function(value)

    def watched(self, events: Iterator[Event], surface: Surface, came: float | None = None) -> Iterator[Event]:
        """The events of a question, counted as they pass; ``came`` is when it was asked, by the monotonic clock."""
        return _Watched(events, self, surface, time.monotonic() if came is None else came)

    def count_files(self, files: Iterable[FileReport]) -> None:
        """Count what became of some files."""
        for file in files:
            if file.status in FILES:
                self._files.labels(file.status).inc()

    def text(self) -> tuple[bytes, str]:
        """All figures in Prometheus's text format, and its content type."""
        from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

        return generate_latest(self._registry), CONTENT_TYPE_LATEST

    def _first_word(self, surface: Surface, seconds: float) -> None:
        self._first.labels(surface).observe(seconds)

    def _ended(self, surface: Surface, outcome: Outcome, seconds: float) -> None:
        self._questions.labels(surface, outcome).inc()
        if outcome not in ("stopped", "failed"):
            self._whole.labels(surface).observe(seconds)


class _Watched(Iterator[Event]):
    """The events of a question; they are closed when this is."""

    def __init__(self, events: Iterator[Event], metrics: Metrics, surface: Surface, came: float):
        self._events, self._metrics, self._surface, self._came = events, metrics, surface, came
        self._spoken = self._over = False

    def __next__(self) -> Event:
        try:
            event = next(self._events)
        except StopIteration:
            raise
        except BaseException as error:
            self._end("stopped" if isinstance(error, CancelledError) else "failed")
            raise
        if isinstance(event, Proved | Answer) and not self._spoken:
            self._spoken = True
            if isinstance(event, Proved) or not (event.abstained or event.stopped):
                self._metrics._first_word(self._surface, self._seconds)
        if isinstance(event, Answer):
            self._end("stopped" if event.stopped else event.grade)
        return event

    def close(self) -> None:
        """Stop; what was under way ends."""
        if close := getattr(self._events, "close", None):
            close()
        self._end("stopped")

    @property
    def _seconds(self) -> float:
        return time.monotonic() - self._came

    def _end(self, outcome: Outcome) -> None:
        if not self._over:
            self._over = True
            self._metrics._ended(self._surface, outcome, self._seconds)
