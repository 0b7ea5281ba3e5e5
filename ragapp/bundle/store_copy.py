"""A person's documents for a bundle: the store as it is at one moment, while others may be writing it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

from ragapp import file_permissions
from ragapp.backup import snapshot
from ragapp.errors import StoreError
from ragapp.index.replacement import CATALOG_NAME, SIDE_FILES
from ragapp.plain_words import reason_of


def copy_store(data: Path, target: Path, work: Path, listen: Callable[[int, int], None]) -> None:
    """Copy what a backup of a store has, too, but no conversations: the bundle is perhaps for somebody else.

    Args:
        data: folder of the store.
        target: folder of the copy.
        work: a folder for what is needed in passing.
        listen: gets bytes that are copied, and all.

    Raises:
        StoreError: there is no store, it is damaged, or of a later ragapp.
    """
    source = data / CATALOG_NAME
    if not source.is_file():
        raise StoreError(f"There is no store in {data}.", "Leave --with-data out, or name the settings of another one.")
    file_permissions.make_private_folder(target)
    copy, compact = work / "catalog", target / CATALOG_NAME
    for file in (copy, compact):
        file.unlink(missing_ok=True)
        file_permissions.make_private_file(file)
    try:
        snapshot.copy_catalog(source, copy, listen)
        snapshot.check_whole(copy, source)
        snapshot.strip(copy, compact, conversations=False)
    except sqlite3.Error as error:
        if snapshot.is_damage(error):
            raise snapshot.damaged(source, reason_of(error)) from None
        raise StoreError(f"The catalog {source} cannot be copied: {reason_of(error)}.", "Run it again.") from None
    copy.unlink()
    for name in SIDE_FILES:
        if (data / name).is_file():
            file_permissions.make_private_file(target / name)
            (target / name).write_bytes((data / name).read_bytes())
