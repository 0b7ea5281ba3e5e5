"""What processes that parse strangers' files share: nobody to talk to, little memory, an end with their parent."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from contextlib import contextmanager

MIB = 1024 * 1024


@contextmanager
def interrupts_blocked() -> Iterator[None]:
    """Ctrl-C reaches the whole process group; a child inherits that it is deaf to it, and its parent ends it."""
    import signal

    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def shut_in(memory_mb: int) -> None:
    """Give up the network and all memory but so many MiB beyond what is used now; called first, in the child.

    Args:
        memory_mb: see above; where the system cannot limit it, the parent must watch.
    """
    import signal
    import threading

    from ragapp.guard.seal import forbid_network

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    forbid_network()  # before there is another thread
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _limit_memory(memory_mb)


def _end_with_parent() -> None:
    """Nobody waits for the child of a process that was killed."""
    multiprocessing.parent_process().join()
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
