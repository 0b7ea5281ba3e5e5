"""Loading a GGUF file; what llama.cpp says meanwhile is kept for messages instead of written to the terminal."""

from __future__ import annotations

import ctypes
import re
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ragapp.errors import ModelError
from ragapp.llm.placement import USEFUL, Placement, read_placement
from ragapp.llm.runtime import import_llama

_ERROR = 4  # GGML_LOG_LEVEL_ERROR
_INFO = 2  # GGML_LOG_LEVEL_INFO
_FUNCTION = re.compile(r"^(?:(?:llama|gguf|ggml)_\w+: )?(?:error loading model: |failed to apply lora adapter: )?")
_UNKNOWN = re.compile(r"unknown model architecture: '([^']*)'")


@dataclass(frozen=True, slots=True)
class Loading:
    """A model on its way into memory.

    Attributes:
        path: of its file.
        share: of its weights that have been read, 0 to 1.
    """

    path: Path
    share: float


_now: Loading | None = None
_lines: deque[str] = deque(maxlen=20)
_facts: deque[str] = deque(maxlen=200)
# the log is one for the whole process: who loads reads his own lines
_loading = threading.Lock()


@cache
def keep_log() -> None:
    """From now on keep llama.cpp's errors and what it says of memory, and drop the rest."""
    llama_cpp = import_llama()

    @llama_cpp.llama_log_callback
    def keep(level: int, text: bytes, data: ctypes.c_void_p) -> None:
        if level == _ERROR and text.strip():
            _lines.append(text.decode("utf-8", "replace").strip())
        elif level <= _INFO and USEFUL.search(line := text.decode("utf-8", "replace")):
            _facts.append(line)

    keep_log.callback = keep  # llama.cpp calls it as long as the process lives
    llama_cpp.llama_log_set(keep, ctypes.c_void_p(0))


def loading_now() -> Loading | None:
    """What is being loaded at this moment and how far that is; one model at a time is."""
    return _now


def _note(now: Loading | None) -> None:
    global _now
    _now = now


def load_llama(path: Path, **options):
    """Load a GGUF file, or its vocabulary alone.

    Args:
        path: of the file.
        options: of :class:`llama_cpp.Llama`.

    Raises:
        ModelError: llama.cpp cannot; the message says why, as far as it told.
    """
    return place_llama(path, **options)[0]


def place_llama(path: Path, **options) -> tuple[object, Placement]:
    """As :func:`load_llama`, and where the model was put."""
    llama_cpp = import_llama()

    keep_log()
    with _loading:
        _lines.clear()
        _facts.clear()
        try:
            # a vocabulary is there at once
            with _no_templates(), nullcontext() if options.get("vocab_only") else _told(path):
                return llama_cpp.Llama(str(path), verbose=False, **options), read_placement(_facts)
        except (ValueError, RuntimeError, OSError, AssertionError, MemoryError) as error:
            # the first line says what is wrong, those behind it what could not be done for it
            reason = _plain(_lines[0]) if _lines else str(error).strip() or type(error).__name__
            if unknown := next(filter(None, map(_UNKNOWN.search, _lines)), None):
                raise ModelError(
                    f"{path} is of an architecture that this llama.cpp does not know: {unknown[1]}.",
                    "Install a newer llama-cpp-python, or choose another model: ragapp models list",
                ) from None
            raise ModelError(
                f"llama.cpp cannot load {path}: {reason.rstrip('.')}.",
                "It may be damaged, too large for the memory, or of an unknown kind. See: ragapp models list",
            ) from None


@contextmanager
def _no_templates() -> Iterator[None]:
    """While inside, llama-cpp-python leaves the file's chat template alone.

    It would compile it in this process, where a broken one raises an error of Jinja's, and a hostile one can compute
    for ever: ``{{ 9 ** (9 ** 9) }}`` is worked out while it is compiled. Nobody uses what comes of it;
    :mod:`ragapp.llm.templates` renders in a process of its own.
    """
    from llama_cpp import llama_chat_format

    own = llama_chat_format.Jinja2ChatFormatter
    llama_chat_format.Jinja2ChatFormatter = _NoFormatter
    try:
        yield
    finally:
        llama_chat_format.Jinja2ChatFormatter = own


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """While inside, llama.cpp tells how far it is.

    :class:`llama_cpp.Llama` has no argument for that, but it begins with the default parameters of llama.cpp.
    """
    own, low = import_llama().llama_model_default_params, import_llama().llama_cpp

    @low.llama_progress_callback
    def tell(share: float, data: ctypes.c_void_p) -> bool:
        _note(Loading(path, share))
        return True  # go on

    def telling():
        parameters = own()
        parameters.progress_callback = tell
        return parameters

    _note(Loading(path, 0.0))
    low.llama_model_default_params = telling
    try:
        yield
    finally:
        low.llama_model_default_params = own
        _note(None)


class _NoFormatter:
    """Takes the place of llama-cpp-python's renderer of chats."""

    def __init__(self, **arguments):
        pass

    def to_chat_handler(self) -> None:
        """There is none."""


def _plain(line: str) -> str:
    """A line of the log without the names of the functions that wrote it."""
    return _FUNCTION.sub("", line)


def attach_adapter(llama, path: Path, scale: float, name: str) -> None:
    """Put an adapter (LoRA) on a loaded model, for as long as it is loaded.

    Args:
        llama: of llama-cpp-python.
        path: a GGUF file.
        scale: how strongly it counts.
        name: of the model, for messages.

    Raises:
        ModelError: it is none, or one for another model.
    """
    llama_cpp = import_llama()

    with _loading:
        _lines.clear()
        adapter = llama_cpp.llama_adapter_lora_init(llama.model, str(path).encode())
        if not adapter:
            reason = f": {_plain(_lines[0]).rstrip('.')}" if _lines else ""
            raise ModelError(
                f"The adapter {path} cannot be put on {name}{reason}.",
                "Choose one that was made for this model, in GGUF form, or empty llm.lora.",
            )
    adapters = (llama_cpp.llama_adapter_lora_p_ctypes * 1)(adapter)
    if llama_cpp.llama_set_adapters_lora(llama.ctx, adapters, 1, (ctypes.c_float * 1)(scale)):
        raise ModelError(f"The adapter {path} cannot be put on {name}.", "Empty llm.lora.")
