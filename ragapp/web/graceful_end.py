"""How a server ends that a service manager stops (SIGTERM): answers under way are finished, what waits is told."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import uvicorn

    from ragapp.web.app_state import AppState

_POLL_S = 0.05
# so long what was said last, or that it was cut off, may take on its way to a browser
_LAST_WORDS_S = 1.0
# and so long a model takes to notice that it is to stop
_CUT_S = 5.0


def let_finish(state: AppState, seconds: float) -> None:
    """Let nobody in any more, and wait until the answers under way are there, or cut them off after so many seconds.

    Who waited in the queue, and who comes now, is told to ask again. An answer that is cut off keeps what was proved.
    """
    questions = state.app.questions
    busy = bool(questions.callers)
    questions.end()
    if not _until_empty(state, seconds):
        questions.cut = True
        _until_empty(state, _CUT_S)
    if busy:
        time.sleep(_LAST_WORDS_S)


def make_graceful(server: uvicorn.Server, finish: Callable[[], None]) -> uvicorn.Server:
    """Have a server call ``finish``, on a thread, when it is told to terminate, and serve on until that returns.

    A second signal, or Ctrl-C, ends it without. It ends in order, with exit code 0, and not by the signal.
    """
    ordinary = server.handle_exit

    def end() -> None:
        try:
            finish()
        finally:
            server.should_exit = True

    # a second signal may come while the first is handled: what it calls must take no lock that the first may hold
    first = [end]

    def handle(number: int, frame: FrameType | None) -> None:
        if number != signal.SIGTERM:
            ordinary(number, frame)
            return
        try:
            work = first.pop()
        except IndexError:
            server.should_exit = True
        else:
            threading.Thread(target=work, name="ragapp-end", daemon=True).start()

    server.handle_exit = handle  # type: ignore[method-assign, assignment]
    return server


def _until_empty(state: AppState, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while state.app.questions.callers:
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True
