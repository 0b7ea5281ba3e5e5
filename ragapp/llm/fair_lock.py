"""Waiting for one's turn, in the order of asking, until somebody gives up."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ragapp.errors import CancelledError, StoppingError

_POLL_S = 0.05

# asked whether to stop
Cancelled = Callable[[], bool]


class FairLock:
    """So many at a time, in the order of asking; who is inside may leave on another thread.

    Args:
        places: how many may be inside together.

    Attributes:
        cut: whether those inside were told to come to an end.
    """

    def __init__(self, places: int = 1) -> None:
        self.places = places
        self.cut = False
        self._changed = threading.Condition()
        self._queue: deque[Ticket] = deque()
        self._ending = False

    @property
    def callers(self) -> int:
        """How many are inside or wait now."""
        return len(self._queue)

    @property
    def waiting(self) -> int:
        """How many wait now."""
        with self._changed:
            return sum(not self._may_enter(ticket) for ticket in self._queue)

    @property
    def ending(self) -> bool:
        """Whether nobody is let in any more."""
        return self._ending

    def end(self) -> None:
        """Let nobody in any more: whoever waits, or comes later, gets StoppingError. Those inside go on."""
        with self._changed:
            self._ending = True
            self._changed.notify_all()

    def refusal(self) -> StoppingError:
        """What whoever is not let in any more is told."""
        return StoppingError("ragapp is being stopped.", "Ask again in a moment: it may be starting anew.")

    def ticket(self, *, alone: bool = False) -> Ticket:
        """A place at the end of the queue, to be waited with on any thread; whoever has one must leave at last.

        Who is to be ``alone`` inside waits for all before, and all behind wait for it.
        """
        ticket = Ticket(self, alone)
        with self._changed:
            self._queue.append(ticket)
        return ticket

    @contextmanager
    def turn(self, cancelled: Cancelled | None = None, *, alone: bool = False) -> Iterator[None]:
        """Wait for one's turn, and have it while inside; CancelledError where ``cancelled`` says so while waiting."""
        ticket = self.ticket(alone=alone)
        try:
            while not ticket.wait(_POLL_S if cancelled else None):
                if cancelled and cancelled():
                    raise CancelledError("Stopped.")
            yield
        finally:
            ticket.leave()

    def _may_enter(self, ticket: Ticket) -> bool:
        return ticket in self._queue and not self._before(ticket)

    def _before(self, ticket: Ticket) -> int:
        """How many have to leave before it is a ticket's turn."""
        place = self._queue.index(ticket)
        if ticket.alone:
            return place
        behind = max((n + 1 for n, other in enumerate(self._queue) if other.alone and n < place), default=0)
        return max(behind, place - self.places + 1)


class Ticket:
    """A place in the queue of a :class:`FairLock`."""

    def __init__(self, lock: FairLock, alone: bool = False):
        self.alone = alone
        self._lock = lock
        self._begun = False

    @property
    def ahead(self) -> int:
        """How many have to leave before it is one's turn; 0 for one whose turn it is, and for one that has left."""
        with self._lock._changed:
            return self._lock._before(self) if self in self._lock._queue else 0

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait so many seconds (None: as long as it takes) until it is one's turn, or one has left; whether it is.

        Raises:
            StoppingError: nobody is let in any more.
        """
        lock = self._lock
        with lock._changed:
            lock._changed.wait_for(lambda: lock._ending or self not in lock._queue or lock._may_enter(self), timeout_s)
            if lock._ending and not self._begun:
                raise lock.refusal()
            self._begun = self._begun or lock._may_enter(self)
            return lock._may_enter(self)

    def leave(self) -> None:
        """End one's turn, or give up waiting; more than once is once."""
        with self._lock._changed:
            if self in self._lock._queue:
                self._lock._queue.remove(self)
                self._lock._changed.notify_all()
