"""Waiting for one's turn with a language model, until somebody gives up."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ragapp.errors import CancelledError

_POLL_S = 0.05

# asked whether to stop
Cancelled = Callable[[], bool]


class FairLock:
    """One at a time, in the order of asking; who is inside may leave on another thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._queue: deque[object] = deque()

    @property
    def ahead(self) -> int:
        """How many one would have to wait for now."""
        return len(self._queue)

    @contextmanager
    def turn(self, cancelled: Cancelled | None = None) -> Iterator[None]:
        """Wait for one's turn, and have it while inside; CancelledError where ``cancelled`` says so while waiting."""
        ticket = object()
        with self._changed:
            self._queue.append(ticket)
            while self._queue[0] is not ticket:
                self._changed.wait(_POLL_S if cancelled else None)
                if cancelled and self._queue[0] is not ticket and cancelled():
                    self._queue.remove(ticket)
                    raise CancelledError("Stopped.")
        try:
            yield
        finally:
            with self._changed:
                self._queue.popleft()
                self._changed.notify_all()
