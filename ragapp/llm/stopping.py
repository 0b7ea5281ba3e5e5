"""Stopping llama.cpp in the middle of a computation, and waiting for one's turn."""

from __future__ import annotations

import ctypes
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ragapp.errors import CancelledError

_POLL_S = 0.05

# asked whether to stop
Cancelled = Callable[[], bool]


class AbortFlag:
    """Ends a computation of one llama.cpp context where it is.

    llama.cpp asks a C function between two operations, hundreds of times a token.  One written in Python would have to
    wait for the interpreter's lock each time, so it is the C library's own ``strlen``, on a text of one byte: it says
    0, go on, while the byte is zero, and 1, stop, as soon as it is not.

    Args:
        context: llama.cpp's context.
    """

    def __init__(self, context):
        import llama_cpp

        self._text = ctypes.create_string_buffer(2)
        library = ctypes.CDLL("msvcrt" if sys.platform == "win32" else None)
        self._callback = ctypes.cast(library.strlen, llama_cpp.ggml_abort_callback)
        llama_cpp.llama_set_abort_callback(context, self._callback, ctypes.cast(self._text, ctypes.c_void_p))

    @property
    def raised(self) -> bool:
        """Whether the computation is being stopped."""
        return self._text[0] != b"\0"

    @contextmanager
    def watching(self, cancelled: Cancelled | None) -> Iterator[None]:
        """While inside, what is computed ends soon after ``cancelled`` says so."""
        if cancelled is None:
            yield
            return
        over = threading.Event()

        def watch() -> None:
            while not over.wait(_POLL_S):
                if cancelled():
                    self._text[0] = b"\1"
                    return

        watcher = threading.Thread(target=watch, name="ragapp-stop", daemon=True)
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()
            self._text[0] = b"\0"


class Turns:
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
        """Wait for one's turn, and have it while inside.

        Raises:
            CancelledError: ``cancelled`` said so while waiting.
        """
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
