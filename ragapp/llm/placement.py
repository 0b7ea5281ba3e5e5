"""Where a model was really put, told from what llama.cpp says while it loads."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

_OFFLOADED = re.compile(r"offloaded (\d+)/(\d+) layers to GPU")
_DEVICE = re.compile(r"using device (\S+) \((.*?)\)(?: \([^()]*\))? - (\d+) MiB free")
_BUFFER = re.compile(r"(\S+)\s+(model|KV|RS|compute|output) buffer size\s*=\s*([\d.]+) MiB")
# memory of the processor, under whatever name: CPU, CPU_Mapped, CPU_REPACK, AMX, and the part of it that a GPU reads
_HOST = re.compile(r"CPU|AMX|.*_Host$|.*HOST$", re.IGNORECASE)
#: a line of llama.cpp's log that is of use here
USEFUL = re.compile(f"{_OFFLOADED.pattern}|{_DEVICE.pattern}|{_BUFFER.pattern}")


@dataclass(frozen=True)
class Placement:
    """Where a model's layers and memory are.

    Attributes:
        devices: names of the GPUs, with what their backend calls them; empty where the processor does everything.
        layers: how many layers the model has, the output layer counted; 0 where llama.cpp did not say.
        offloaded: how many of them a GPU works on.
        buffers: MiB of each kind of memory, by device and kind: ``("CUDA0", "model")``, ``("CPU", "KV")``.
    """

    devices: tuple[str, ...] = ()
    layers: int = 0
    offloaded: int = 0
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


def read_placement(lines: Iterable[str]) -> Placement:
    """The placement that llama.cpp's log tells of.

    Args:
        lines: of the log, while a model and its context were made.
    """
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
