"""Files that are on their way into the drop folder, and what is left of them when the power goes."""

from __future__ import annotations

import secrets
from pathlib import Path

# the dot hides it from ingestion, whatever the ignore rules say
_STAGED = ".ragapp-upload-"


def staged_path(target: Path) -> Path:
    """Where a file is put together before it gets its name: beside it, so that it need not be copied then."""
    return target.with_name(f"{_STAGED}{secrets.token_hex(8)}.part")


def clear_leftovers(folder: Path) -> int:
    """Delete what was never put together to the end.

    Args:
        folder: the drop folder; nothing is being put into it.

    Returns:
        How many files were deleted.
    """
    left = [path for path in folder.rglob(f"{_STAGED}*") if path.is_file() and not path.is_symlink()]
    for path in left:
        path.unlink(missing_ok=True)
    return len(left)
