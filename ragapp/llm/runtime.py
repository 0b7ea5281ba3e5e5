"""llama.cpp's library, brought in so that its threads sleep where they wait for each other."""

from __future__ import annotations

import os
from functools import cache
from types import ModuleType

_POLICY = "OMP_WAIT_POLICY"


@cache
def import_llama() -> ModuleType:
    """The module ``llama_cpp``.

    OpenMP's runtime reads its variable once, when it is loaded.  By default its threads turn in a loop while they wait,
    and there is a wait after every operation: as soon as another program wants a core, too, each of them costs a slice
    of the system's time, and the model becomes up to ten times slower.  A person's own choice of the policy stays.
    """
    before = os.environ.get(_POLICY)
    os.environ.setdefault(_POLICY, "PASSIVE")
    try:
        import llama_cpp
    finally:
        if before is None:
            del os.environ[_POLICY]
    return llama_cpp
