"""Readers that misbehave, registered in the worker process."""

from __future__ import annotations

import ctypes
import os
import sys
import time
from pathlib import Path

from ragapp.errors import ReadingError
from ragapp.reading import worker
from ragapp.reading.document import Block, Document, Unit
from ragapp.reading.registry import READERS


def serve(connection, memory_mb: int) -> None:
    """Stands in for the worker's own entry point."""
    for name in ("exits", "quits", "segfaults", "hangs", "hungry", "raises", "refuses", "unsendable", "large"):
        READERS[f".{name}"] = ("crashkit", f"read_{name}")
    worker._serve(connection, memory_mb)


def read_exits(path: Path) -> Document:
    os._exit(3)


def read_quits(path: Path) -> Document:
    sys.exit(4)


def read_segfaults(path: Path) -> Document:
    ctypes.string_at(0)


def read_hangs(path: Path) -> Document:
    time.sleep(600)


def read_hungry(path: Path) -> Document:
    return Document("hungry", [Unit(1, "page", "", [Block(" " * (4 << 30))])])


def read_raises(path: Path) -> Document:
    raise KeyError("no such object")


def read_refuses(path: Path) -> Document:
    raise ReadingError("it is a riddle", "Solve it.")


def read_unsendable(path: Path) -> Document:
    return Document(lambda: None, [])


def read_large(path: Path) -> Document:
    return Document("large", [Unit(1, "page", "", [Block("x" * (16 << 20))])])
