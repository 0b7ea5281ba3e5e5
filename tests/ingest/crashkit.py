"""Readers that misbehave, registered in the worker process."""

from __future__ import annotations

import ctypes
import os
import sys
import time
from pathlib import Path

from ragapp.errors import ReadingError
from ragapp.ingest import worker
from ragapp.reading.document import Block, Document, ReadOptions, Unit
from ragapp.reading.registry import READERS


def serve(connection, *arguments) -> None:
    """Stands in for the worker's own entry point."""
    for name in [name.removeprefix("read_") for name in globals() if name.startswith("read_")]:
        READERS[f".{name}"] = ("crashkit", f"read_{name}")
    worker._serve(connection, *arguments)


def read_exits(path: Path, options: ReadOptions) -> Document:
    os._exit(3)


def read_quits(path: Path, options: ReadOptions) -> Document:
    sys.exit(4)


def read_segfaults(path: Path, options: ReadOptions) -> Document:
    ctypes.string_at(0)


def read_hangs(path: Path, options: ReadOptions) -> Document:
    time.sleep(600)


def read_hungry(path: Path, options: ReadOptions) -> Document:
    return Document("hungry", [Unit(1, "page", "", [Block(" " * (4 << 30))])])


def read_raises(path: Path, options: ReadOptions) -> Document:
    raise KeyError("no such object")


def read_refuses(path: Path, options: ReadOptions) -> Document:
    raise ReadingError("it is a riddle", "Solve it.")


def read_unsendable(path: Path, options: ReadOptions) -> Document:
    return Document(lambda: None, [])


def read_large(path: Path, options: ReadOptions) -> Document:
    return Document("large", [Unit(1, "page", "", [Block("x" * (16 << 20))])])


def read_slow(path: Path, options: ReadOptions) -> Document:
    """Four pages of half a second that OCR reads."""
    for page in range(1, 5):
        options.tick(page, 4, True)
        time.sleep(0.5)
    return Document("slow", [Unit(1, "page", "", [Block("slow")])])


def read_deep(path: Path, options: ReadOptions) -> Document:
    return read_deep(path, options)


def read_growing(path: Path, options: ReadOptions) -> Document:
    """Grows step by step, and holds what it has."""
    held = []
    while True:
        held.append(bytearray(32 << 20))
        time.sleep(0.05)
