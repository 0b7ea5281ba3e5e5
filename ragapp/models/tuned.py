"""What was measured to be fastest for a model on this machine, remembered in the models folder."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ragapp.errors import ModelError
from ragapp.llm.options import CACHE_TYPES, can_offload, usable_processors

FILE_NAME = ".tuning.json"
MAX_FILE = 1 << 20


@dataclass(frozen=True, slots=True)
class Tuned:
    """The fastest options found.

    Attributes:
        threads: of the processor.
        batch: tokens of a prompt that are read at a time.
        flash_attention: whether attention is computed without holding all scores.
        cache_type: of keys and values.
        day: when it was measured, as YYYY-MM-DD.
        gain: how much faster than without tuning, as a share: 0.1 is a tenth.
    """

    threads: int
    batch: int
    flash_attention: bool
    cache_type: str
    day: str
    gain: float


@cache
def machine() -> str:
    """This machine, as far as the speed of a model depends on it."""
    gpu = ", GPU build" if can_offload() else ""
    return f"{_processor()}, {usable_processors()} processors, llama-cpp-python {version('llama-cpp-python')}{gpu}"


def read_tuned(models_dir: Path, model: Path) -> Tuned | None:
    """What was measured for a model file on this machine; None where nothing was, or the file is another since.

    Args:
        models_dir: the models folder, in which it is remembered.
        model: the GGUF file.
    """
    entry = _read(models_dir / FILE_NAME).get(_key(model))
    found = entry.get(machine()) if isinstance(entry, dict) else None
    if not isinstance(found, dict):
        return None
    try:
        tuned = Tuned(**found)
        plain = isinstance(tuned.flash_attention, bool) and isinstance(tuned.day, str) and float(tuned.gain) >= 0
        sound = 1 <= tuned.threads <= 1024 and 1 <= tuned.batch <= 8192 and tuned.cache_type in CACHE_TYPES
    except (TypeError, ValueError):
        return None
    needs_flash = tuned.cache_type != "f16" and not tuned.flash_attention
    return tuned if plain and sound and not needs_flash else None


def write_tuned(models_dir: Path, model: Path, tuned: Tuned) -> Path:
    """Remember what was measured, in the place of what was.

    Returns:
        The file that it stands in.

    Raises:
        ModelError: it cannot be written.
    """
    file = models_dir / FILE_NAME
    tree = _read(file)
    name, key = f"{model.name} ", _key(model)
    # what was measured for an earlier file of the same name is of no use any more
    tree = {other: entry for other, entry in tree.items() if other == key or not other.startswith(name)}
    entry = tree.get(key)
    tree[key] = {**(entry if isinstance(entry, dict) else {}), machine(): asdict(tuned)}
    staged = file.with_suffix(".part")
    try:
        models_dir.mkdir(parents=True, exist_ok=True)
        staged.write_text(json.dumps(tree, indent=1, ensure_ascii=False), encoding="utf-8")
        os.replace(staged, file)
    except OSError as error:
        raise ModelError(
            f"What was measured cannot be written to {file}: {error.strerror or error}.", "Check paths.models."
        ) from None
    return file


def _key(model: Path) -> str:
    state = model.stat()
    return f"{model.name} {state.st_size} {state.st_mtime_ns}"


def _read(file: Path) -> dict[str, Any]:
    try:
        if file.stat().st_size > MAX_FILE:
            return {}
        tree = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return tree if isinstance(tree, dict) else {}


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:  # not Linux
        pass
    return platform.processor() or platform.machine()
