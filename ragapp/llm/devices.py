"""The GPUs that this build of llama.cpp sees, and their memory."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass

from ragapp.llm.runtime import import_llama

_GPU = 1  # GGML_BACKEND_DEVICE_TYPE_GPU: one with memory of its own
# Apple's GPUs work in the machine's own memory
_SHARED = ("Metal", "MTL")


@dataclass(frozen=True, slots=True)
class Gpu:
    """A GPU with memory of its own.

    Attributes:
        name: as the backend calls it, such as CUDA0.
        description: as its maker calls it.
        free: bytes.
    """

    name: str
    description: str
    free: int


def gpus() -> list[Gpu]:
    """The GPUs with memory of their own; none where this build of llama.cpp has no backend for one."""
    llama_cpp = import_llama()
    from llama_cpp._ggml import libggml

    if not llama_cpp.llama_supports_gpu_offload():
        return []
    pointer, size = ctypes.c_void_p, ctypes.c_size_t
    libggml.ggml_backend_dev_count.restype = size
    libggml.ggml_backend_dev_get.restype, libggml.ggml_backend_dev_get.argtypes = pointer, [size]
    libggml.ggml_backend_dev_type.argtypes = [pointer]
    for told in (libggml.ggml_backend_dev_name, libggml.ggml_backend_dev_description):
        told.restype, told.argtypes = ctypes.c_char_p, [pointer]
    libggml.ggml_backend_dev_memory.argtypes = [pointer, ctypes.POINTER(size), ctypes.POINTER(size)]
    libggml.ggml_backend_dev_memory.restype = None
    found = []
    for number in range(libggml.ggml_backend_dev_count()):
        device = libggml.ggml_backend_dev_get(number)
        name = libggml.ggml_backend_dev_name(device).decode("utf-8", "replace")
        if libggml.ggml_backend_dev_type(device) != _GPU or name.startswith(_SHARED):
            continue
        free, total = size(), size()
        libggml.ggml_backend_dev_memory(device, ctypes.byref(free), ctypes.byref(total))
        description = libggml.ggml_backend_dev_description(device).decode("utf-8", "replace")
        found.append(Gpu(name, description, free.value))
    return found
