"""Leaving no trace of removed documents: in the store, in conversations, in what uploads have left behind."""

from __future__ import annotations

import shutil
from pathlib import Path

from ragapp.index.conversations import Conversations
from ragapp.index.store import Store
from ragapp.ingest.watch import delete_partial_uploads
from ragapp.privacy import UPLOADS_NAME


def erase(store: Store, drop_folder: Path) -> int:
    """Erase what was removed from the library, now or before, wherever ragapp has put it.

    The files that the person gave stay: they are the person's own.  Returns how many answers were deleted from
    conversations because they showed a removed document.

    Raises:
        StoreError: another process reads the store, or a Chroma server may still hold vectors.
    """
    forgotten = Conversations(store.catalog).forget_removed()
    for file in store.catalog.unread():
        path = Path(file.path)
        # its name is all that is known of it; where the folder is missing, too, a drive may not be connected
        if path.parent.is_dir() and not path.exists():
            store.catalog.remove_unread(file.path)
    delete_partial_uploads(drop_folder)
    shutil.rmtree(store.folder / UPLOADS_NAME, ignore_errors=True)
    store.purge()  # last, as it is told when a server still holds something
    return forgotten
