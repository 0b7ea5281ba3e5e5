"""Questions that wait for each other: the first that came is answered first."""

from __future__ import annotations

from collections.abc import Generator, Iterator

from ragapp.contract import Event
from ragapp.llm.fair_lock import Ticket


class Asked(Iterator[Event]):
    """The events of a question that has its place in the queue from when it was asked, whoever hears of it first.

    The place is given up when the events have ended, are closed, or nobody holds them any more.
    """

    def __init__(self, events: Generator[Event, None, None], ticket: Ticket):
        self._events, self._ticket = events, ticket

    def __next__(self) -> Event:
        try:
            return next(self._events)
        except BaseException:  # the end among them
            self._ticket.leave()
            raise

    def close(self) -> None:
        """Stop; what was under way ends."""
        self._events.close()
        self._ticket.leave()

    def __del__(self) -> None:
        self._ticket.leave()
