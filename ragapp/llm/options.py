"""How llama.cpp is to work on this machine, and the processors and GPUs that it has for that."""

from __future__ import annotations

import ctypes
import logging
import os
import platform
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Literal

from ragapp.c_runtime import passive_openmp_wait
from ragapp.errors import SettingsError

#: tokens of a prompt that are computed at a time, where nothing was measured
BATCH_TOKENS = 256
#: types of the KV cache, with ggml's numbers for them
CACHE_TYPES = {"f16": 1, "q8_0": 8, "q4_0": 2}
# turns of the waiting loop: longer than a wait where every thread has a core of its own, far shorter than a time slice
# of the system (figures: benchmarks/README.md)
_SPIN_COUNT = 20_000
# names that systems have for x86
_X86 = ("x86_64", "amd64")
_GPU = 1  # GGML_BACKEND_DEVICE_TYPE_GPU: one with memory of its own
_SHARED = ("Metal", "MTL")  # Apple's GPUs work in the machine's own memory


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """How llama.cpp is to work on this machine; raises SettingsError where the values do not go together."""

    threads: int = 0  # 0 for the number of physical cores
    batch: int = BATCH_TOKENS  # tokens of the prompt that are computed at a time
    flash_attention: bool = False  # attention without holding all scores; a cache in 8 or 4 bits needs it
    cache_type: str = "f16"  # of keys and values, one of CACHE_TYPES
    gpu_layers: int | Literal["auto"] = "auto"  # -1 for all; auto for all where this build of llama.cpp can
    lora: Path | None = None  # a GGUF file with an adapter
    lora_scale: float = 1.0  # how strongly it counts
    #: whether weights are laid out anew for the processor's kernels; auto as is usually faster, see `repacking_pays`
    repack: bool | Literal["auto"] = "auto"

    def __post_init__(self) -> None:
        if self.cache_type != "f16" and not self.flash_attention:
            message = f"llm.cache_type {self.cache_type} needs flash attention, which llm.flash_attention turns off."
            raise SettingsError(message, "Set llm.flash_attention to auto, or llm.cache_type to f16.")

    @property
    def threads_used(self) -> int:
        """How many threads that comes to."""
        return self.threads or physical_cores()

    def layers_wanted(self) -> int:
        """Layers for the GPU, -1 for all."""
        if self.gpu_layers != "auto":
            return self.gpu_layers
        return -1 if can_offload() else 0

    def repacks(self) -> bool:
        """Whether weights are laid out anew, which takes time while they are loaded, and as much memory again."""
        return can_repack() and (repacking_pays() if self.repack == "auto" else self.repack)

    def __str__(self) -> str:
        flash = " flash" if self.flash_attention else ""
        lora = f" lora {self.lora.name} {self.lora_scale:g}" if self.lora else ""
        cache = f"batch {self.batch}{flash} {self.cache_type}"
        repacked = " repacked" if self.repacks() else ""
        return f"threads {self.threads_used} {cache}{repacked} gpu {self.layers_wanted()}{lora}"


@dataclass(frozen=True, slots=True)
class Gpu:
    """A GPU with memory of its own: its name for the backend, and the free bytes."""

    name: str
    free: int


@cache
def import_llama() -> ModuleType:
    """The module ``llama_cpp``, its backends ready.

    OpenMP's threads would turn in a loop while they wait for each other; with other programs running that makes
    llama.cpp up to ten times slower, so they are told to sleep instead.
    """
    with passive_openmp_wait(_SPIN_COUNT):
        import llama_cpp
    logging.getLogger("llama-cpp-python").setLevel(logging.ERROR)  # or it writes llama.cpp's log to the terminal
    llama_cpp.llama_backend_init()
    return llama_cpp


def can_repack() -> bool:
    """Whether llama.cpp may lay out weights anew here.

    On some machines that announce AMX, its kernels for that end the whole process with an illegal instruction; the
    weights stay as they are in the file then, for the other kernels.
    """
    return b"AMX_INT8 = 1" not in import_llama().llama_print_system_info()


def repacking_pays() -> bool:
    """Whether weights that are laid out anew are usually read faster here, where nothing was measured.

    On x86 without AVX-512 they were read more slowly than as they are in the file (benchmarks/README.md).
    """
    x86 = platform.machine().lower() in _X86
    return can_repack() and (not x86 or b"AVX512 = 1" in import_llama().llama_print_system_info())


def can_offload() -> bool:
    """Whether this build of llama.cpp can use a GPU."""
    return bool(import_llama().llama_supports_gpu_offload())


def gpus() -> list[Gpu]:
    """The GPUs with memory of their own; none where this build of llama.cpp has no backend for one."""
    if not can_offload():
        return []
    store = ggml()
    found = []
    for device in map(store.ggml_backend_dev_get, range(store.ggml_backend_dev_count())):
        name = store.ggml_backend_dev_name(device).decode("utf-8", "replace")
        if store.ggml_backend_dev_type(device) == _GPU and not name.startswith(_SHARED):
            free, total = ctypes.c_size_t(), ctypes.c_size_t()
            store.ggml_backend_dev_memory(device, ctypes.byref(free), ctypes.byref(total))
            found.append(Gpu(name, free.value))
    return found


@cache
def ggml() -> ctypes.CDLL:
    """The library below llama.cpp, with the types of the functions that list devices.

    llama-cpp-python has it in a private module, and tells the memory of a GPU nowhere else. This is the one place where
    its internals are used; pyproject.toml bounds the version, and a test looks for what is used here.
    """
    import_llama()
    from llama_cpp._ggml import libggml

    pointer, size = ctypes.c_void_p, ctypes.c_size_t
    libggml.ggml_backend_dev_count.restype = size
    libggml.ggml_backend_dev_get.restype, libggml.ggml_backend_dev_get.argtypes = pointer, [size]
    libggml.ggml_backend_dev_type.argtypes = [pointer]
    libggml.ggml_backend_dev_name.restype, libggml.ggml_backend_dev_name.argtypes = ctypes.c_char_p, [pointer]
    libggml.ggml_backend_dev_memory.argtypes = [pointer, ctypes.POINTER(size), ctypes.POINTER(size)]
    libggml.ggml_backend_dev_memory.restype = None
    store: ctypes.CDLL = libggml
    return store


def physical_cores() -> int:
    """Cores that this process may use, the second threads of one core not counted."""
    import psutil

    usable = usable_processors()
    return min(psutil.cpu_count(logical=False) or usable, usable)


def usable_processors() -> int:
    """Processors that this process may use, as the system counts them."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
