"""Small work behind the answers, on a thread of its own."""

from __future__ import annotations

import sys
import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Behind(Generic[T]):
    """Does the work on each of some items, in order, never more than one at a time.

    ``work`` must not raise; where it does, that is told on stderr, and the next items are worked on. The thread is
    there only while there is something to do.
    """

    def __init__(self, work: Callable[[T], None]):
        self._work = work
        self._items: deque[T] = deque()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def put(self, item: T) -> None:
        """Have the work done on an item, soon."""
        with self._lock:
            self._items.append(item)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="ragapp-behind", daemon=True)
                self._thread.start()

    def finish(self) -> None:
        """Wait until all is done."""
        with self._lock:
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._items:
                    self._thread = None
                    return
                item = self._items.popleft()
            try:
                self._work(item)
            except Exception:  # a defect must not end what comes behind it
                threading.excepthook(threading.ExceptHookArgs((*sys.exc_info(), threading.current_thread())))
