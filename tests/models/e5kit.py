"""A small file of 4-bit weights in the form E5S1, written as the format's description says."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

import numpy as np

SHAPE = (32, 2, 4, 64, 40, 16, 2)  # hidden, layers, heads, feed-forward, vocabulary, positions, types


def tensor_sizes(shape: tuple[int, ...] = SHAPE) -> dict[str, tuple[int, bool]]:
    """Names of the tensors, how many weights each has, and whether they are in four bits."""
    hidden, layers, _, wide, vocabulary, positions, types = shape
    sizes = {
        "emb.word": (vocabulary * hidden, True),
        "emb.pos": (positions * hidden, False),
        "emb.type": (types * hidden, False),
        "emb.ln.w": (hidden, False),
        "emb.ln.b": (hidden, False),
    }
    for n in range(layers):
        for part in ("q", "k", "v", "ao", "fi", "fo"):
            out, into = (wide, hidden) if part == "fi" else (hidden, wide) if part == "fo" else (hidden, hidden)
            sizes |= {f"l{n}.{part}.w": (out * into, True), f"l{n}.{part}.b": (out, False)}
        for part in ("aln", "oln"):
            sizes |= {f"l{n}.{part}.w": (hidden, False), f"l{n}.{part}.b": (hidden, False)}
    return sizes


def four_bits(weights: np.ndarray) -> bytes:
    """Whole weights from -8 to 7 times a scale of their own for each block of 32, packed."""
    out = b""
    for number, block in enumerate(weights.reshape(-1, 32)):
        scale = np.float16((number % 7 + 1) / 64)
        halves = (block + 8).astype(np.uint8)
        out += scale.tobytes() + bytes(low | high << 4 for low, high in zip(halves[:16], halves[16:], strict=True))
    return out


@dataclass
class SmallE5:
    """What goes into the file; change it before :meth:`build` to spoil it."""

    shape: tuple[int, ...] = SHAPE
    magic: bytes = b"E5S1"
    version: int = 1
    epsilon: float = 1e-12
    block: int = 32
    names: list[str] = field(default_factory=list)
    entries: dict[str, tuple] = field(default_factory=dict)  # type, weights, offset, bytes; in place of the true ones
    weights: dict[str, np.ndarray] = field(default_factory=dict)  # what the tensors hold, in plain numbers

    def build(self) -> bytes:
        rng = np.random.default_rng(5)
        head = self.magic + struct.pack("<I7ifi", self.version, *self.shape, self.epsilon, self.block)
        pieces = [b"<pad>", b"a", "é".encode()]
        offsets = np.cumsum([0, *map(len, pieces)]).astype("<u4").tobytes()
        text = b"".join(pieces)
        head += struct.pack("<5iQ", len(pieces), 0, 2, 1, 3, len(text)) + offsets + bytes(4 * len(pieces)) + text
        head += struct.pack("<iI", 2, 7) + b"mapping"
        sizes = tensor_sizes(self.shape)
        names = self.names or list(sizes)
        start = len(head) + 4 + sum(2 + len(name.encode()) + 21 for name in names)
        listing, data = b"", b""
        for name in names:
            count, small = sizes.get(name, (32, False))
            if small:
                whole = rng.integers(-8, 8, count)
                scales = np.repeat([(n % 7 + 1) / 64 for n in range(count // 32)], 32)
                raw, self.weights[name] = four_bits(whole), whole * scales
            else:
                self.weights[name] = rng.normal(size=count).astype("<f4")
                raw = self.weights[name].tobytes()
            entry = self.entries.get(name, (int(small), count, start + len(data), len(raw)))
            listing += struct.pack("<H", len(name.encode())) + name.encode() + struct.pack("<BIQQ", *entry)
            data += raw
        return head + struct.pack("<i", len(names)) + listing + data
