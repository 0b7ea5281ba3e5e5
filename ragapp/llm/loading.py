"""Loading a GGUF file; what llama.cpp says meanwhile is kept for messages instead of written to the terminal."""

from __future__ import annotations

import ctypes
import re
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from ragapp.errors import ModelError
from ragapp.llm.llamacpp import Context, LoadError, Model
from ragapp.llm.options import EngineOptions, import_llama

_ERROR, _INFO = 4, 2  # GGML_LOG_LEVEL_ERROR, GGML_LOG_LEVEL_INFO
_FUNCTION = re.compile(r"^(?:(?:llama|gguf|ggml)_\w+: )?(?:error loading model: |failed to apply lora adapter: )?")
_UNKNOWN = re.compile(r"unknown model architecture: '([^']*)'")
_OFFLOADED = re.compile(r"offloaded (\d+)/(\d+) layers to GPU")
_DEVICE = re.compile(r"using device (\S+) \((.*?)\)(?: \([^()]*\))? - (\d+) MiB free")
_BUFFER = re.compile(r"(\S+)\s+(model|KV|RS|compute|output) buffer size\s*=\s*([\d.]+) MiB")
# memory of the processor, under whatever name: CPU, CPU_Mapped, CPU_REPACK, AMX, and the part of it that a GPU reads
_HOST = re.compile(r"CPU|AMX|.*_Host$|.*HOST$", re.IGNORECASE)
#: a line of llama.cpp's log that tells of the placement
USEFUL = re.compile(f"{_OFFLOADED.pattern}|{_DEVICE.pattern}|{_BUFFER.pattern}")


@dataclass(frozen=True, slots=True)
class LoadingProgress:
    """A model on its way into memory: its file, and the share of its weights that has been read, 0 to 1."""

    path: Path
    share: float


@dataclass(frozen=True)
class Placement:
    """Where a model's layers and memory are.

    ``buffers`` has the MiB of each kind of memory, by device and kind: ``("CUDA0", "model")``, ``("CPU", "KV")``.
    """

    devices: tuple[str, ...] = ()  # names of the GPUs, with what their backend calls them
    layers: int = 0  # of the model, the output layer counted; 0 where llama.cpp did not say
    offloaded: int = 0  # how many of them a GPU works on
    buffers: dict[tuple[str, str], float] = field(default_factory=dict)

    @property
    def on_gpu(self) -> bool:
        """Whether a GPU does any of the work."""
        return self.offloaded > 0

    @property
    def host_mib(self) -> float:
        """MiB of the machine's own memory."""
        return sum(size for (device, _), size in self.buffers.items() if _HOST.match(device))

    @property
    def gpu_mib(self) -> float:
        """MiB of the GPUs' memory."""
        return sum(self.buffers.values()) - self.host_mib

    def __str__(self) -> str:
        if not self.on_gpu:
            return f"on the processor, {self.host_mib:.0f} MiB"
        layers = "all layers" if self.offloaded >= self.layers else f"{self.offloaded} of {self.layers} layers"
        where = ", ".join(self.devices) or "the GPU"
        return f"{layers} on {where}: {self.gpu_mib:.0f} MiB there, {self.host_mib:.0f} MiB of the machine's own memory"


_now: LoadingProgress | None = None
_errors: deque[str] = deque(maxlen=20)
_facts: deque[str] = deque(maxlen=200)
# the log is one for the whole process: who loads reads the lines of that loading
_loading = threading.Lock()


def loading_progress() -> LoadingProgress | None:
    """What is being loaded at this moment and how far that is; one model at a time is."""
    return _now


def load_model(path: Path, *, gpu_layers: int = 0, repack: bool = False) -> Model:
    """Load a GGUF file; raises ModelError with llama.cpp's reason where it cannot."""
    with _watched(path):
        return _load(path, gpu_layers, repack)


def load_vocabulary(path: Path) -> Model:
    """Load the vocabulary of a GGUF file alone; raises as :func:`load_model`."""
    with _watched(path):
        return Model(path, vocab_only=True)


def load_context(path: Path, window: int, options: EngineOptions, gpu_layers: int) -> tuple[Context, Placement]:
    """Load a GGUF file, as :func:`load_model`, and make a context of so many tokens for it; and where they were put.

    The layers for the GPU are those of the argument, not of the options.
    """
    with _watched(path):
        model = _load(path, gpu_layers, options.repacks())
        try:
            return Context(model, window, options), read_placement(_facts)
        except LoadError:
            model.close()
            raise


def attach_adapter(context: Context, path: Path, scale: float, name: str) -> None:
    """Put an adapter (LoRA) with a scale on a loaded model; raises ModelError where it is not made for that model."""
    _keep_log()
    with _loading:
        _errors.clear()
        try:
            context.add_adapter(path, scale)
        except LoadError:
            reason = f": {_reason()}" if _errors else ""
            message = f"The adapter {path} cannot be put on {name}{reason}."
            hint = "Choose one that was made for this model, in GGUF form, or empty llm.lora."
            raise ModelError(message, hint) from None


def read_placement(lines: Iterable[str]) -> Placement:
    """The placement that the lines of llama.cpp's log tell of, from while a model and its context were made."""
    devices: list[str] = []
    layers = offloaded = 0
    buffers: dict[tuple[str, str], float] = {}
    for line in lines:
        if found := _OFFLOADED.search(line):
            offloaded, layers = int(found[1]), int(found[2])
        elif found := _DEVICE.search(line):
            devices.append(f"{found[2]} ({found[1]})")
        elif found := _BUFFER.search(line):
            place = (found[1], found[2])
            buffers[place] = buffers.get(place, 0.0) + float(found[3])
    return Placement(tuple(dict.fromkeys(devices)), layers, offloaded, buffers)


def _load(path: Path, gpu_layers: int, repack: bool) -> Model:
    def told(share: float) -> None:
        _note(LoadingProgress(path, share))

    told(0.0)
    try:
        return Model(path, gpu_layers=gpu_layers, repack=repack, progress=told)
    finally:
        _note(None)


def _note(now: LoadingProgress | None) -> None:
    global _now
    _now = now


@contextmanager
def _watched(path: Path) -> Iterator[None]:
    """While inside, the log is that of one file's loading; a failure becomes a message made of it."""
    _keep_log()
    with _loading:
        _errors.clear()
        _facts.clear()
        try:
            yield
        except (LoadError, MemoryError):
            if unknown := next(filter(None, map(_UNKNOWN.search, _errors)), None):
                message = f"{path} is of an architecture that this llama.cpp does not know: {unknown[1]}."
                hint = "Install a newer llama-cpp-python, or choose another model: ragapp models list"
                raise ModelError(message, hint) from None
            message = f"llama.cpp cannot load {path}: {_reason()}."
            hint = "It may be damaged, too large for the memory, or of an unknown kind. See: ragapp models list"
            raise ModelError(message, hint) from None


@cache
def _keep_log() -> object:
    """From now on keep llama.cpp's errors and what it says of memory, and drop the rest."""
    llama_cpp = import_llama()

    def keep(level: int, text: bytes, data: object) -> None:
        if level == _ERROR and text.strip():
            _errors.append(text.decode("utf-8", "replace").strip())
        elif level <= _INFO and USEFUL.search(line := text.decode("utf-8", "replace")):
            _facts.append(line)

    callback = llama_cpp.llama_log_callback(keep)
    llama_cpp.llama_log_set(callback, ctypes.c_void_p(0))
    return callback  # llama.cpp calls it as long as the process lives, and the cache holds it as long


def _reason() -> str:
    """The first error in the log, without the names of functions; later ones only say what could not be done for it."""
    return _FUNCTION.sub("", _errors[0]).rstrip(".") if _errors else "it did not say why"
