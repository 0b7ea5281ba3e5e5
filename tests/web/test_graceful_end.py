"""A server that is told to end, by signals that come at any moment."""

import signal
import sys
import threading
from types import SimpleNamespace

import pytest

from ragapp.web.graceful_end import make_graceful


@pytest.mark.skipif(sys.platform == "win32", reason="no such signals there")
@pytest.mark.timeout(60)
@pytest.mark.parametrize("step", range(40))
def test_a_second_signal_may_come_while_the_first_is_handled(step):
    finished = threading.Event()
    server = make_graceful(SimpleNamespace(handle_exit=lambda number, frame: None, should_exit=False), finished.set)
    steps = 0

    def trace(frame, event, argument):
        nonlocal steps
        if event == "line":
            steps += 1
            if steps == step + 1:
                signal.raise_signal(signal.SIGTERM)
        return trace

    before = signal.signal(signal.SIGTERM, server.handle_exit)
    traced = sys.gettrace()
    try:
        sys.settrace(trace)
        signal.raise_signal(signal.SIGTERM)
    finally:
        sys.settrace(traced)
        signal.signal(signal.SIGTERM, before)
    assert finished.wait(10)
    assert server.should_exit or steps <= step + 1
