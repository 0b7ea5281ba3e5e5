"""What a program may have ingested, removed and labelled: what lies in the drop folder, and in those of
``mcp.folders``."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from ragapp.errors import PathError
from ragapp.index.records import DocumentRow
from ragapp.settings import Settings

_HINT = "It may lie in the drop folder, or in a folder that the person names: mcp.folders, or ragapp mcp --folder."


def permitted_paths(settings: Settings, paths: Iterable[str]) -> list[Path]:
    """Files and folders that may be ingested, as the person's disk has them; the drop folder where none is named.

    A relative path is one below the drop folder. Links are followed first, so that none leads out.

    Raises:
        PathError: a path lies elsewhere.
    """
    drop = settings.paths.ingest
    drop.mkdir(parents=True, exist_ok=True)
    allowed = []
    for text in paths:
        path = drop / text
        if "\0" in text or not _is_within(path, _roots(settings)):
            raise PathError(f"{text!r} lies where this program may not ingest from.", _HINT)
        allowed.append(Path(os.path.abspath(path)))
    return allowed or [drop]


def check_changeable(settings: Settings, rows: Sequence[DocumentRow]) -> None:
    """Raises PathError: a document lies where it could not be ingested from again."""
    for row in rows:
        if not _is_within(Path(row.path), _roots(settings)):
            raise PathError(f"{row.name} lies where this program may change nothing.", _HINT)


def _roots(settings: Settings) -> list[Path]:
    return [folder.resolve() for folder in (settings.paths.ingest, *settings.mcp.folders)]


def _is_within(path: Path, roots: Iterable[Path]) -> bool:
    try:
        real = path.resolve()
    except (OSError, RuntimeError, ValueError):  # links that lead in a circle; no path at all
        return False
    return any(real.is_relative_to(root) for root in roots)
