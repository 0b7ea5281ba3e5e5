"""Brings Gradio in without what only its own developers need, which is more than half of the time of its import."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType


def _no_stubs(module: ModuleType) -> None:
    """No type stubs for editors are written beside Gradio's components: that reads every source file anew."""
    if hasattr(module, "create_or_modify_pyi"):
        module.create_or_modify_pyi = lambda *arguments: None


def _no_texts(module: ModuleType) -> None:
    """The help texts of events keep the gap for their component's name: each would be rendered as a template."""
    if hasattr(module, "EventListener"):
        module.EventListener.set_doc = lambda self, component: None


_CHANGES: dict[str, Callable[[ModuleType], None]] = {"gradio.component_meta": _no_stubs, "gradio.events": _no_texts}


class _Finder(MetaPathFinder):
    """Finds what is to be changed, and has it changed right after it was run."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        change = _CHANGES.get(name)
        spec = PathFinder.find_spec(name, path) if change else None
        if spec and spec.loader:
            spec.loader = _Loader(spec.loader, change)
        return spec


class _Loader(Loader):
    def __init__(self, own: Loader, change: Callable[[ModuleType], None]):
        self._own = own
        self._change = change

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._own.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._own.exec_module(module)
        self._change(module)


@cache
def import_gradio() -> ModuleType:
    """The module ``gradio``; whoever imports it later gets the same."""
    finder = _Finder()
    sys.meta_path.insert(0, finder)
    try:
        import gradio
    finally:
        with suppress(ValueError):
            sys.meta_path.remove(finder)
    return gradio
