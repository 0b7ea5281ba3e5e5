"""The one module that imports sentence-transformers, and loads a model from a local folder with it."""

from __future__ import annotations

import importlib
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from ragapp.c_runtime import passive_openmp_wait
from ragapp.errors import ModelError


def load_embedding_model(folder: Path) -> Any:
    """Load a ``SentenceTransformer``; see :func:`load_model`."""
    return load_model("SentenceTransformer", folder, "embedder", f"Run: ragapp models pull {folder.name}").eval()


def load_model(kind: Literal["SentenceTransformer", "CrossEncoder"], folder: Path, role: str, hint: str) -> Any:
    """Load a model from safetensors, offline, without running code from its folder.

    Errors name the ``role`` of the model, and the ``hint`` says what a person may do.

    Raises:
        ModelError: it cannot be loaded.
    """
    store = sentence_transformers()
    from safetensors import SafetensorError

    try:
        return getattr(store, kind)(
            str(folder), local_files_only=True, trust_remote_code=False, model_kwargs={"use_safetensors": True}
        )
    except (OSError, ValueError, KeyError, RuntimeError, TypeError, SafetensorError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelError(f"The {role} in {folder} cannot be loaded: {reason}.", hint) from None


def sentence_transformers() -> ModuleType:
    """Import the library, silenced and without scikit-learn.

    At import it takes one function from ``sklearn.metrics``, for the Manhattan distance of sparse vectors, which is
    never called here; all that comes with it costs a second and 65 MiB.  The library has no option to leave it out, so
    scikit-learn is replaced while the import runs, and pyproject.toml admits only tested versions.
    """
    logging.getLogger("sentence_transformers").setLevel(logging.ERROR)
    with passive_openmp_wait():
        try:
            with _deferred_sklearn():
                store = importlib.import_module("sentence_transformers")
        except ImportError:  # a version that needs more of scikit-learn
            store = importlib.import_module("sentence_transformers")
        importlib.import_module("transformers").utils.logging.disable_progress_bar()
    return store


class _DeferredModule(ModuleType):
    """Its functions import the module of the same name when they are called."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        # to who looks for it, it is an installed package that has no further modules
        self.__spec__ = ModuleSpec(name, None)
        self.__path__: list[str] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *args, **kwargs: getattr(importlib.import_module(self.__name__), name)(*args, **kwargs)


@contextmanager
def _deferred_sklearn() -> Iterator[None]:
    if "sklearn" in sys.modules:
        yield
        return
    deferred = {name: _DeferredModule(name) for name in ("sklearn", "sklearn.metrics")}
    sys.modules.update(deferred)
    try:
        yield
    finally:
        for name, module in deferred.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]
