"""Documents whose files are away for a reason: their drive is not connected, or the store was restored without them.

Drives below the folders of a run are known as such while they are connected, so that their absence removes nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from ragapp.index.catalog import Catalog
from ragapp.index.records import DocumentRow
from ragapp.index.store import RESTORED_WITHOUT_FILE
from ragapp.reading.discover import FoundFile

# fewer documents are soon ingested again; more of them gone at once is rather a drive that is not there
MANY_DOCUMENTS = 10
DRIVES = "drives"


def missing_drives(
    catalog: Catalog, roots: Iterable[Path], found: Iterable[FoundFile], gone: Sequence[DocumentRow]
) -> dict[str, list[DocumentRow]]:
    """Folders that look like drives that are not connected, with the documents that came from each of them.

    Such a folder was a mount point when its documents were stored and is none now (above the roots: and no file of the
    roots is in it); or it is there and empty, and at least :data:`MANY_DOCUMENTS` came from it.  Of folders inside each
    other one is named.
    """
    if not gone:
        return {}
    filled = {str(parent) for file in found for parent in file.path.parents}
    remembered = _remembered(catalog)
    tops = [str(root) for root in roots]
    counts: dict[str, int] = {}
    for row in gone:
        for folder in _folders_up_to(row.path, tops):
            counts[folder] = counts.get(folder, 0) + 1
    away = [
        folder
        for folder, count in counts.items()
        if (folder in remembered and not _is_mount(folder))
        or (count >= MANY_DOCUMENTS and folder not in filled and os.path.isdir(folder))
    ]
    away += [
        drive
        for drive in remembered - counts.keys() - filled  # above the roots
        if any(_is_within(row.path, drive) for row in gone) and not _is_mount(drive)
    ]
    outermost = [folder for folder in away if not any(folder.startswith(f"{other}{os.sep}") for other in away)]
    missing = {}
    for folder in sorted(outermost):
        rows = [row for row in gone if _is_within(row.path, folder)]
        missing[folder if folder in remembered else _innermost([row.path for row in rows])] = rows
    return missing


def remember_drives(catalog: Catalog, roots: Iterable[Path], found: Iterable[FoundFile]) -> None:
    """Remember the mount points that files were found on, be they the roots, below or above them, beside those known
    before.

    One that no stored document came from is forgotten.
    """
    tops = [str(root) for root in roots]
    parents = {str(file.path.parent) for file in found}
    folders = {folder for parent in parents for folder in _folders_up_to(f"{parent}{os.sep}_", tops)}
    used = [top for top in tops if any(_is_within(parent, top) for parent in parents)]
    folders.update(str(above) for top in used for above in Path(top).parents if above.name)
    before = _remembered(catalog)
    drives = before | {folder for folder in folders if _is_mount(folder)}
    if drives == before:
        return
    stored = [row.path for row in catalog.documents()]
    kept = sorted(drive for drive in drives if any(_is_within(path, drive) for path in stored))
    catalog.set_state(DRIVES, json.dumps(kept))


def restored_without_file(catalog: Catalog, rows: Iterable[DocumentRow]) -> list[DocumentRow]:
    """Those of some documents that were restored from a backup, and whose files were never seen since."""
    awaited = _awaited(catalog)
    return [row for row in rows if row.path in awaited]


def note_arrived(catalog: Catalog, found: Iterable[FoundFile]) -> None:
    """Note that files are there now which were not when their documents were restored: from now on they may go."""
    if awaited := _awaited(catalog):
        left = awaited - {str(file.path) for file in found}
        if left != awaited:
            catalog.set_state(RESTORED_WITHOUT_FILE, json.dumps(sorted(left)))


def _awaited(catalog: Catalog) -> set[str]:
    return set(json.loads(catalog.get_state(RESTORED_WITHOUT_FILE) or "[]"))


def _is_within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}{os.sep}")


def _remembered(catalog: Catalog) -> set[str]:
    return set(json.loads(catalog.get_state(DRIVES) or "[]"))


def _folders_up_to(path: str, tops: Sequence[str]) -> list[str]:
    """The folders that a path lies in, from the innermost to the outermost of ``tops`` that it lies below."""
    below = [top for top in tops if path.startswith(f"{top}{os.sep}")]
    if not below:
        return []
    least = min(map(len, below))
    folders = []
    while len(path := os.path.dirname(path)) >= least:
        folders.append(path)
        if path == os.path.dirname(path):
            break
    return folders


def _innermost(paths: Sequence[str]) -> str:
    """The innermost folder that is there and that all the paths lie below."""
    folder = os.path.commonpath([os.path.dirname(path) for path in paths])
    while not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    return folder


def _is_mount(folder: str) -> bool:
    try:
        return os.stat(folder).st_dev != os.lstat(os.path.dirname(folder)).st_dev
    except OSError:
        return False
