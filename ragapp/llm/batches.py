"""Where a prompt is cut into batches, so that reading it gives the same numbers whatever stood in the cache before.

llama.cpp chooses its kernels by the number of rows that it works on: for one to seven tokens others than for eight and
more, on ARM others for an odd number than for an even one, in weights that were repacked others for the last one to
three rows, and in flash attention others below 64. Each of them rounds in its own way, and log-odds move by up to .5.
So a prompt is read in whole groups of tokens, counted from its beginning, and in one last batch that begins at a place
which follows from the prompt's length alone. Only whole groups are ever taken from an earlier reading; what was read in
a last batch, or written token by token, is read anew.

On x86 the kernel of a row follows from its distance to the batch's end at most, so there the last batch and the groups
before it can be read in one: a call less, which is a sixth of the time of a short question.
"""

from __future__ import annotations

import platform
from collections.abc import Collection, Sequence
from typing import NamedTuple

#: fewer tokens than this are never read at a time
LEAST = 8
_GRAIN = 8
# rows of a tile of flash attention on a processor; on a GPU kernels change at several sizes, so every batch is of one
_TILE = 64
# names that systems have for it
_X86 = ("x86_64", "amd64")


class Cutting(NamedTuple):
    """How prompts are cut for one context of llama.cpp; all in tokens, ``most`` a multiple of ``grain``."""

    grain: int  # batches begin at multiples of it, and hold multiples of it, but for the last
    most: int  # of a batch that is not the last
    joined: bool = False  # whether the last batch may hold whole groups before it, too

    @property
    def longest(self) -> int:
        """The longest batch that there may be."""
        return max(self.most, self.grain + LEAST - 1)

    def tail(self, length: int) -> int:
        """Where the last batch of a prompt of so many tokens begins: at least :data:`LEAST` before its end."""
        return self.grain * max(0, (length - LEAST) // self.grain)

    def kept(self, shared: int, length: int) -> int:
        """How many of the ``shared`` first tokens of a prompt of so many may be taken from an earlier reading."""
        return min(shared // self.grain * self.grain, self.tail(length))

    def ends(self, begin: int, length: int, marks: Collection[int] = ()) -> list[int]:
        """Where the batches end in which a prompt is read from ``begin`` on; at ``marks``, multiples of grain, too."""
        tail = self.tail(length)
        places = {*range(0, tail, self.most), *marks, tail}
        ends = sorted(place for place in places if begin < place <= tail)
        if self.joined and ends and ends[-1] not in marks and length - max([begin, *ends[:-1]]) <= self.most:
            del ends[-1]
        return [*ends, length]

    def whole(self, length: int) -> int:
        """How many of so many tokens are in whole groups that are long enough to be a batch of their own."""
        groups = length // self.grain * self.grain
        return groups if groups >= LEAST else 0

    def wholes(self, begin: int, length: int) -> list[int]:
        """Where the batches end in which so many tokens, all in whole groups, are read from ``begin`` on."""
        return [place for place in (*range(0, length, self.most), length) if place > begin]


def choose_cutting(batch: int, *, flash: bool, gpu: bool, machine: str = "") -> Cutting:
    """How prompts are to be cut where ``batch`` tokens are wanted at a time.

    ``flash`` tells of flash attention over a cache in 16 bits: over one in 8 or 4 bits it works row by row.
    ``machine`` is the processor's architecture, this one's by default.
    """
    if gpu:
        return Cutting(_TILE, _TILE)
    grain = _TILE if flash else _GRAIN
    joined = not flash and (machine or platform.machine()).lower() in _X86
    return Cutting(grain, max(grain, batch // grain * grain), joined)


def shared_prefix(one: Sequence[object], other: Sequence[object]) -> int:
    """How many elements two sequences begin with in common."""
    pairs = zip(one, other, strict=False)
    return next((place for place, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
