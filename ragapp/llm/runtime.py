"""llama.cpp's library, brought in so that its threads do not hold the processor where they wait for each other."""

from __future__ import annotations

import os
from functools import cache
from types import ModuleType

# GNU's runtime turns this often before a thread sleeps: longer than a wait where every thread has a core of its own,
# far shorter than a slice of the system's time (figures: benchmarks/README.md)
_WAITING = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "20000"}


@cache
def import_llama() -> ModuleType:
    """The module ``llama_cpp``.

    OpenMP's runtime reads its variables once, when it is loaded.  By default its threads turn in a loop while they
    wait, and there is a wait after every operation: as soon as another program wants a core, too, each of them costs a
    slice of the system's time, and the model becomes up to ten times slower.  A person's own choice stays.
    """
    added = {} if any(name in os.environ for name in _WAITING) else _WAITING
    os.environ.update(added)
    try:
        import llama_cpp
    finally:
        for name in added:
            del os.environ[name]
    return llama_cpp
