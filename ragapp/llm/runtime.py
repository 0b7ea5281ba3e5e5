"""llama.cpp's library, brought in so that its threads do not hold the processor where they wait for each other."""

from __future__ import annotations

from functools import cache
from types import ModuleType

from ragapp.native import threads_that_sleep

# longer than a wait where every thread has a core of its own, far shorter than a slice of the system's time (figures:
# benchmarks/README.md)
_TURNS = 20_000


@cache
def import_llama() -> ModuleType:
    """The module ``llama_cpp``; with threads that turn all the time, other programs make it up to ten times slower."""
    with threads_that_sleep(_TURNS):
        import llama_cpp
    return llama_cpp
