"""Child processes that parse strangers' files: no network, little memory, an end with their parent."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

MIB = 1024 * 1024
_START_S = 120
_READY = "ready"


class Child:
    """A child process that answers over a pipe, whose parent's end is ``connection``.

    ``target`` runs in the child with its end of the pipe and ``arguments``, which are picklable; it calls
    :func:`serve`.

    Raises:
        ChildProcessError: it does not start.
    """

    def __init__(self, name: str, target: Callable[..., None], *arguments: object) -> None:
        # spawn: a fork would copy this process's threads' locks and its model into the child
        context = multiprocessing.get_context("spawn")
        self.connection, other = context.Pipe()
        self.process = context.Process(target=target, args=(other, *arguments), daemon=True, name=name)
        with _interrupts_blocked():
            self.process.start()
        other.close()
        try:
            ready = self.connection.poll(_START_S) and self.connection.recv() == _READY
        except (EOFError, OSError):
            ready = False
        if not ready:
            self.close()
            raise ChildProcessError(f"{name} does not start")

    def used_bytes(self) -> int:
        """Its resident memory in bytes, 0 where that is not known."""
        import psutil

        try:
            return int(psutil.Process(self.process.pid).memory_info().rss)
        except psutil.Error:
            return 0

    def close(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.join()
        self.connection.close()


def serve(connection: Connection[Any, Any], memory_mb: int, answer: Callable[[Any], Any]) -> None:
    """In the child: give up the network and most memory, then answer requests until the parent is gone.

    ``memory_mb`` is MiB beyond what is used now; where the system cannot limit it, the parent must watch.  Requests and
    answers are picklable, and ``answer`` raises nothing.
    """
    import signal
    import threading

    from ragapp.guard.seccomp import deny_network

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    deny_network()  # before there is another thread
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _limit_memory(memory_mb)
    try:
        connection.send(_READY)
        while True:
            connection.send(answer(connection.recv()))
    except (EOFError, OSError):
        return


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Ctrl-C reaches the whole process group; a child that is started here ignores it, and its parent ends it."""
    import signal

    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_with_parent() -> None:
    """Nobody waits for the child of a process that was killed."""
    if parent := multiprocessing.parent_process():
        parent.join()
    os._exit(1)


def _limit_memory(memory_mb: int) -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    used = 0
    if os.path.exists("/proc/self/statm"):
        with open("/proc/self/statm", encoding="ascii") as stream:
            used = int(stream.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    limit = used + memory_mb * MIB
    try:
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    except (ValueError, OSError):
        return  # macOS refuses RLIMIT_AS; the parent watches
