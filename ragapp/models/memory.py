"""How much memory a language model takes, worked out from its file's header, and whether this machine has it.

The parts are those that llama.cpp allocates on a processor; checked against its own report for the packs at 2,048,
8,192 and 32,768 tokens (within 3 %).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ragapp.errors import ModelError
from ragapp.models.gguf import GgufHeader
from ragapp.terminal_text import shown_size

Window = int | Literal["auto"]

_MIB = 1 << 20
# matrices that llama.cpp keeps a second time, in the order that a processor with AVX2 or better reads fastest
_REPACKED = ("Q4_0", "Q4_K", "Q2_K", "IQ4_NL")
# bytes of one value in the cache of keys and values
CACHE_BYTES = {"f16": 2.0, "q8_0": 34 / 32, "q4_0": 18 / 32}
# what stays for everything else that runs on the machine
SPARE = 256 * _MIB
SMALLEST_CONTEXT = 512
# more is of no use to questions, whose passages take a thousand tokens, and costs memory
AUTO_CONTEXT = 8192


@dataclass(frozen=True, slots=True)
class MemoryNeed:
    """Memory that a model takes, in bytes."""

    weights: int  # as in the file
    repacked: int  # matrices that are kept a second time
    cache: int  # keys and values of the context
    compute: int  # what one batch needs while it is worked on

    @property
    def total(self) -> int:
        return self.weights + self.repacked + self.cache + self.compute

    def __str__(self) -> str:
        parts = {"weights": self.weights + self.repacked, "context": self.cache, "working memory": self.compute}
        told = ", ".join(f"{name} {shown_size(size)}" for name, size in parts.items())
        return f"{shown_size(self.total)}: {told}"


def memory_need(
    info: GgufHeader, context: int, batch: int, cache_type: str = "f16", flash: bool = False, repack: bool = True
) -> MemoryNeed:
    """Memory for a model with a window of ``context`` tokens, of which ``batch`` are worked on at a time.

    Keys and values are kept as ``cache_type`` (f16, q8_0, q4_0); flash attention never holds all attention scores;
    ``repack`` keeps some matrices a second time.
    """
    architecture, numbers = info.architecture, info.metadata
    layers, width, heads = info.block_count or 1, info.embedding_length or 1, info.head_count or 1
    per_head = width // heads
    keys = int(_number(numbers.get(f"{architecture}.attention.key_length"), per_head))
    values = int(_number(numbers.get(f"{architecture}.attention.value_length"), per_head))
    key_value_heads = _each(numbers.get(f"{architecture}.attention.head_count_kv"), layers, heads)
    cells = -(-context // 256) * 256
    cache = sum(count * (keys + values) for count in key_value_heads) * cells * CACHE_BYTES[cache_type]
    vocabulary = info.lengths.get("tokenizer.ggml.tokens", 0)
    scores = cells if flash else (heads + 1) * cells
    compute = 4 * batch * max(vocabulary + 2 * width, scores + 5 * width)
    repacked = sum(info.matrices.get(kind, 0) for kind in _REPACKED) if repack else 0
    return MemoryNeed(info.weights_size, repacked, int(cache), compute)


def largest_context(
    info: GgufHeader,
    free: int,
    batch: int,
    cache_type: str = "f16",
    flash: bool = False,
    repack: bool = True,
    limit: int | None = None,
) -> int:
    """The largest window in tokens, a power of two up to ``limit``, that a model was trained for and that fits ``free``
    bytes; 0 where not even the smallest fits.
    """
    most = min(filter(None, (info.context_length, limit)), default=SMALLEST_CONTEXT)
    context = SMALLEST_CONTEXT
    if memory_need(info, context, batch, cache_type, flash, repack).total > free:
        return 0
    while 2 * context <= most and memory_need(info, 2 * context, batch, cache_type, flash, repack).total <= free:
        context *= 2
    return context


def fitting_context(
    info: GgufHeader,
    name: str,
    wished: Window,
    batch: int,
    free: int,
    cache_type: str = "f16",
    flash: bool = False,
    repack: bool = True,
) -> int:
    """The window to load a model with, in tokens: as ``wished``, or ``auto`` for the largest sensible.

    Raises:
        ModelError: the model does not fit into the memory; the message has the numbers and what would fit.
    """
    limit = AUTO_CONTEXT if wished == "auto" else None
    largest = largest_context(info, free, batch, cache_type, flash, repack, limit=limit)
    context = min(wished, info.context_length or wished) if wished != "auto" else max(largest, SMALLEST_CONTEXT)
    need = memory_need(info, context, batch, cache_type, flash, repack)
    if need.total <= free:
        return context
    other = f"Set llm.context to {largest} or less, or close" if largest else "Close"
    message = f"{name} with a context of {context} tokens takes {need}. {shown_size(free)} are free."
    raise ModelError(message, f"{other} other programs, or choose a smaller model: ragapp models list")


def gpu_layers(info: GgufHeader, need: MemoryNeed, free: int) -> int:
    """How many layers fit ``free`` bytes of a GPU, the output layer counted as the last."""
    layers = (info.block_count or 0) + 1
    room = free - need.compute  # which is needed there for any layer at all
    if room <= 0:
        return 0
    # what the processor keeps a second time, a GPU does not
    return min(layers, int(layers * room / max(1, need.weights + need.cache)))


def host_need(info: GgufHeader, need: MemoryNeed, layers: int) -> int:
    """Bytes of the machine's own memory where a GPU has so many layers."""
    share = min(1.0, layers / ((info.block_count or 0) + 1))
    return int((need.total - need.compute) * (1 - share)) + need.compute


def free_memory() -> int:
    """Bytes that a model may take: what the system could give now, less a spare; no more than a container allows."""
    import psutil

    free = psutil.virtual_memory().available
    for limit, used in (
        ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
        ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
    ):
        try:
            free = min(free, int(Path(limit).read_text()) - int(Path(used).read_text()))
        except (OSError, ValueError):  # no container, or no limit ("max")
            continue
    return max(0, free - SPARE)


def _number(value: object, otherwise: float) -> float:
    return value if isinstance(value, int | float) and not isinstance(value, bool) and value > 0 else otherwise


def _each(value: object, layers: int, otherwise: int) -> list[int]:
    """A number for each layer, where the header has one for all, one for each, or none."""
    if isinstance(value, tuple) and len(value) == layers:
        return [int(_number(number, 0)) for number in value]
    return [int(_number(value, otherwise))] * layers
