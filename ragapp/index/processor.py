"""What Linux says of the processor, as far as 8-bit products depend on it."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

_CPUINFO = Path("/proc/cpuinfo")
_TELLING = ("avx2", "avx512f", "avx_vnni", "avx512_vnni", "amx_int8")


def sums_exactly() -> bool:
    """Whether products of 8-bit numbers are summed in 32 bits, as VNNI and ARM do.

    Other x86 processors sum pairs in 16 bits, and cut off what is larger, unless onnxruntime is told to take a way
    that is twice as slow.
    """
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return True
    return bool({"avx512_vnni", "avx_vnni"} & processor_flags())


@cache
def processor_flags() -> frozenset[str]:
    """The instruction sets of this processor as Linux names them; empty on other systems."""
    return frozenset(next(_values("flags"), "").split())


def processor_name() -> str:
    """The processor's model and those of its instruction sets that matter here."""
    name = next(_values("model name"), platform.processor() or platform.machine())
    return " ".join([name, *(flag for flag in _TELLING if flag in processor_flags())])


def _values(key: str) -> Iterator[str]:
    """What stands behind a key, for each core; nothing on other systems."""
    with suppress(OSError), _CPUINFO.open(encoding="utf-8", errors="replace") as stream:
        for line in stream:
            if line.startswith(key):
                yield line.partition(":")[2].strip()
