"""Importing sentence-transformers: quiet, and without what it takes for functions that are not called here."""

from __future__ import annotations

import importlib
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from types import ModuleType

from ragapp.native import threads_that_sleep

_PACKAGE, _MODULE = "sklearn", "sklearn.metrics"


class _StandIn(ModuleType):
    """A module whose functions are looked up in the real one when they are called."""

    def __init__(self, name: str):
        super().__init__(name)
        # who looks whether scikit-learn is installed finds that it is
        self.__spec__ = ModuleSpec(name, None)
        self.__path__: list[str] = []

    def __getattr__(self, name: str):
        if name.startswith("__"):
            raise AttributeError(name)
        module = self.__name__

        def call(*arguments, **named):
            return getattr(importlib.import_module(module), name)(*arguments, **named)

        return call


def sentence_transformers() -> ModuleType:
    """The library.

    It takes one function from scikit-learn, for the Manhattan distance of vectors, and everything behind that costs a
    second and 65 MiB.  So a stand-in is there while it is imported; the function works all the same, its first call
    imports scikit-learn.
    """
    logging.getLogger("sentence_transformers").setLevel(logging.ERROR)
    with threads_that_sleep():
        try:
            with _stand_ins():
                library = importlib.import_module("sentence_transformers")
        except ImportError:  # another version, which needs more of it
            library = importlib.import_module("sentence_transformers")
        importlib.import_module("transformers").utils.logging.disable_progress_bar()
    return library


@contextmanager
def _stand_ins() -> Iterator[None]:
    if _PACKAGE in sys.modules:
        yield
        return
    stand_ins = {name: _StandIn(name) for name in (_PACKAGE, _MODULE)}
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name, module in stand_ins.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]
