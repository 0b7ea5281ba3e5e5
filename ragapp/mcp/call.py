"""One call of a tool: its work on threads, how far it is, and its end when the program gives up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing
from typing import Any, TypeVar

from ragapp.answer.stages import stage_words
from ragapp.contract import IngestProgress, Proved, Stage
from ragapp.mcp.library import Cancelled, Library
from ragapp.plain_words import counted
from ragapp.web.streaming import events_or_silence

T = TypeVar("T")
# tells (how far, of how much or None, in words)
Report = Callable[[float, float | None, str], Awaitable[None]]


class Call:
    """A call; ``report`` sends progress to the program that wants it."""

    def __init__(self, library: Library, report: Report):
        self.library = library
        self._report = report
        self._reached = 0.0

    async def outcome(self, begin: Callable[[Cancelled], Iterator[Any]], kind: type[T]) -> T:
        """The record of a kind that some work ends with; progress is told meanwhile.

        Where the program gives up, the work is told to stop. Raises what the work raises.
        """
        hung_up = [False]
        async with aclosing(events_or_silence(begin(lambda: hung_up[0]), hung_up)) as events:
            async for event in events:
                if isinstance(event, kind):
                    return event
                await self._tell(event)
        raise AssertionError(f"the events end with {kind.__name__}")

    async def _tell(self, event: Any) -> None:
        """Send progress, whose number must grow each time."""
        if isinstance(event, IngestProgress):
            if event.share > self._reached:
                self._reached = event.share
                files = f"{event.files_done:,} of {counted(event.files, 'file')}, {counted(event.units, 'page')}"
                await self._report(event.share, 1.0, f"{files}, {event.stage}".rstrip(", "))
        elif isinstance(event, Stage | Proved):
            self._reached += 1
            words = stage_words(event) if isinstance(event, Stage) else "a sentence is proved"
            parts = event.parts if isinstance(event, Stage) else 0
            await self._report(self._reached, float(parts) if self._reached <= parts else None, words)
