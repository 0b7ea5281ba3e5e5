"""How the C libraries in this process wait and keep memory."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_POLICY, _TURNS = "OMP_WAIT_POLICY", "GOMP_SPINCOUNT"
# glibc's names for them, in malloc.h
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
ARENAS = 2


@contextmanager
def threads_that_sleep(turns: int = 0) -> Iterator[None]:
    """What is imported inside has threads that sleep where they wait for each other.

    OpenMP's runtime reads its variables once, when it is loaded.  By default its threads turn in a loop while they
    wait, and there is a wait after every operation: as soon as another program wants a core, too, each of them costs a
    slice of the system's time.  A person's own choice stays.

    Args:
        turns: of the loop before a thread sleeps, where GNU's runtime is used.
    """
    wanted = {_POLICY: "PASSIVE"} | ({_TURNS: str(turns)} if turns else {})
    added = {} if {_POLICY, _TURNS} & os.environ.keys() else wanted
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]


def keep_freed_memory() -> None:
    """Have glibc keep what a forward pass freed for the next one, in few pools.

    By default it gives it back to the system each time and takes it again page by page, which was a third of the
    time.  And it would keep a pool for each of up to eight threads a processor, in each of which something is left.
    """
    if mallopt := _of_glibc("mallopt"):
        mallopt(_M_MMAP_THRESHOLD, 32 << 20)
        mallopt(_M_TRIM_THRESHOLD, 256 << 20)
        mallopt(_M_ARENA_MAX, ARENAS)


def give_freed_memory_back() -> None:
    """Have glibc give back to the system what is free anywhere in its pools; a matter of milliseconds."""
    if trim := _of_glibc("malloc_trim"):
        trim(0)


def _of_glibc(name: str):
    """A function of the C library, None where it is another one."""
    if sys.platform != "linux":
        return None
    with suppress(OSError):
        return getattr(ctypes.CDLL(None), name, None)
    return None
