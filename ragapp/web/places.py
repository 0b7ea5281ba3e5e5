"""How many questions of programs may be answered or wait at a time, whichever way they come: by ``/api``, ``/v1`` or
``/mcp``."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Generator, Iterator
from typing import TypeVar

from ragapp.errors import BusyError

T = TypeVar("T")
# what a question takes, until some were answered; and how much of the newest one counts
_USUAL_S, _WEIGHT = 10.0, 0.3
_LONGEST_S = 300


class Places:
    """``most`` places; who finds none is told when to come back."""

    def __init__(self, most: int):
        self._most = most
        self._taken = 0
        self._usual_s = _USUAL_S
        self._lock = threading.RLock()  # a forgotten place may be given back in the middle of anything

    @property
    def taken(self) -> int:
        """How many are taken now."""
        return self._taken

    def take(self) -> Place:
        """Take a place, which must be given back. Raises BusyError: there is none."""
        with self._lock:
            if self._taken >= self._most:
                wait = min(_LONGEST_S, math.ceil(self._usual_s))
                told = f"{self._taken} questions are being answered or wait already."
                raise BusyError(told, f"Ask again in {wait} s.", wait)
            self._taken += 1
        return Place(self)

    def _give_back(self, seconds: float) -> None:
        with self._lock:
            self._taken -= 1
            self._usual_s += _WEIGHT * (seconds / max(1, self._taken + 1) - self._usual_s)


class Place:
    """A place that was taken; one that is forgotten is given back, too."""

    def __init__(self, places: Places):
        self._places: Places | None = places
        self._since = time.monotonic()

    def give_back(self) -> None:
        """Leave it to somebody else; a second time does nothing."""
        places, self._places = self._places, None
        if places:
            places._give_back(time.monotonic() - self._since)

    def until_end(self, events: Iterator[T]) -> Generator[T, None, None]:
        """Some events; the place is given back behind them, or when they are closed."""
        try:
            yield from events
        finally:
            if close := getattr(events, "close", None):
                close()  # now: what it holds is waited for
            self.give_back()

    def __del__(self) -> None:
        self.give_back()
