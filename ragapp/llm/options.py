"""How llama.cpp is to work: threads, batches, attention, the cache's type, the GPU, an adapter."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ragapp.errors import SettingsError
from ragapp.llm.runtime import import_llama

# tokens of the prompt that are worked on at a time, where nothing was measured
BATCH_TOKENS = 256
# numbers of ggml's types
CACHE_TYPES = {"f16": 1, "q8_0": 8, "q4_0": 2}


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """How llama.cpp is to work on this machine.

    Attributes:
        threads: 0 for the number of physical cores.
        batch: tokens of the prompt that are worked on at a time.
        flash_attention: whether attention is computed without holding all scores; a cache in 8 or 4 bits needs it.
        cache_type: of keys and values: f16, q8_0 or q4_0.
        gpu_layers: layers on the GPU, -1 for all; auto for all where this build of llama.cpp can.
        lora: a GGUF file with an adapter, None for none.
        lora_scale: how strongly it counts.

    Raises:
        SettingsError: the values do not go together.
    """

    threads: int = 0
    batch: int = BATCH_TOKENS
    flash_attention: bool = False
    cache_type: str = "f16"
    gpu_layers: int | Literal["auto"] = "auto"
    lora: Path | None = None
    lora_scale: float = 1.0

    def __post_init__(self) -> None:
        if self.cache_type != "f16" and not self.flash_attention:
            raise SettingsError(
                f"llm.cache_type {self.cache_type} needs flash attention, which llm.flash_attention turns off.",
                "Set llm.flash_attention to auto, or llm.cache_type to f16.",
            )

    @property
    def threads_used(self) -> int:
        """How many threads that comes to."""
        return self.threads or physical_cores()

    def for_llama(self) -> dict[str, Any]:
        """Arguments of :class:`llama_cpp.Llama`."""
        return {
            "n_batch": self.batch,
            "n_ubatch": self.batch,
            "n_threads": self.threads_used,
            "n_threads_batch": self.threads_used,
            "n_gpu_layers": self.layers_wanted(),
            "flash_attn": self.flash_attention,
            "type_k": CACHE_TYPES[self.cache_type],
            "type_v": CACHE_TYPES[self.cache_type],
        }

    def layers_wanted(self) -> int:
        """Layers for the GPU, -1 for all."""
        if self.gpu_layers != "auto":
            return self.gpu_layers
        return -1 if can_offload() else 0

    def __str__(self) -> str:
        lora = f" lora {self.lora.name} {self.lora_scale:g}" if self.lora else ""
        flash = " flash" if self.flash_attention else ""
        return (
            f"threads {self.threads_used} batch {self.batch}{flash} {self.cache_type} gpu {self.layers_wanted()}{lora}"
        )


def can_offload() -> bool:
    """Whether this build of llama.cpp can use a GPU."""
    llama_cpp = import_llama()

    return bool(llama_cpp.llama_supports_gpu_offload())


def physical_cores() -> int:
    """Cores that this process may use, the second threads of one core not counted."""
    import psutil

    usable = usable_processors()
    return min(psutil.cpu_count(logical=False) or usable, usable)


def usable_processors() -> int:
    """Processors that this process may use, as the system counts them."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
