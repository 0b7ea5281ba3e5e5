"""How much room files take."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def file_size(file: Path) -> int:
    """Bytes of a file; 0 where there is none."""
    with suppress(OSError):
        return file.stat().st_size if file.is_file() else 0
    return 0


def tree_size(folder: Path) -> int:
    """Bytes of the files below a folder, which other programs may be changing meanwhile."""
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):  # it has just gone
                total += os.lstat(os.path.join(root, name)).st_size
    return total
