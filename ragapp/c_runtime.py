"""Settings of the C runtime libraries in this process: how threads wait, and how malloc keeps memory."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

_POLICY, _TURNS = "OMP_WAIT_POLICY", "GOMP_SPINCOUNT"
# parameters of glibc's mallopt, from malloc.h
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
ARENAS = 2


@contextmanager
def passive_openmp_wait(turns: int = 0) -> Iterator[None]:
    """Give what is imported inside OpenMP threads that sleep while they wait for each other.

    OpenMP's runtime reads its variables once, when it is loaded.  By default its threads spin while they wait, which
    they do after every operation: as soon as another program wants a core, each wait costs a time slice of the system.
    With GNU's runtime a thread spins ``turns`` times before it sleeps.  A person's own variables are not changed.
    """
    wanted = {_POLICY: "PASSIVE"} | ({_TURNS: str(turns)} if turns else {})
    added = {} if {_POLICY, _TURNS} & os.environ.keys() else wanted
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]


def tune_malloc() -> None:
    """Have glibc keep what a forward pass freed for the next one, in few arenas.

    By default it returns the memory to the system each time and takes it again page by page, which was a third of the
    time, and keeps an arena for each of up to eight threads a processor, in each of which something is left.
    """
    if mallopt := _of_glibc("mallopt"):
        mallopt(_M_MMAP_THRESHOLD, 32 << 20)
        mallopt(_M_TRIM_THRESHOLD, 256 << 20)
        mallopt(_M_ARENA_MAX, ARENAS)


def trim_malloc() -> None:
    """Have glibc return all free memory to the system; takes milliseconds."""
    if trim := _of_glibc("malloc_trim"):
        trim(0)


def _of_glibc(name: str) -> Callable[..., int] | None:
    """A function of glibc; None where the C library is another one."""
    if sys.platform != "linux":
        return None
    with suppress(OSError):
        return getattr(ctypes.CDLL(None), name, None)
    return None
