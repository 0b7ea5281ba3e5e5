"""Leaving no trace of removed documents: in the store and those that a restore put aside, in conversations, in the
questions that were written to calibrate, in what the language model has read, in what uploads have left behind."""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from pathlib import Path

from ragapp.errors import StoreError
from ragapp.evaluation.outcomes import OutcomeFile
from ragapp.index.conversations import Conversations
from ragapp.index.replacement import asides
from ragapp.index.store import Store
from ragapp.ingest.watch import delete_partial_uploads
from ragapp.llm.prompt_store import FOLDER_NAME, forget_all_but
from ragapp.privacy import UPLOADS_NAME


def erase(store: Store, drop_folder: Path, *, idle_s: float = 0.0) -> int:
    """Erase what was removed from the library, now or before, wherever ragapp has put it.

    Unfinished uploads are deleted to which nothing was added for ``idle_s`` seconds; others may be under way.
    The files that the person gave stay: they are the person's own.  Returns how many answers were deleted from
    conversations because they showed a removed document.

    Raises:
        StoreError: another process reads the store, a Chroma server may still hold vectors, or a file can't be written.
    """
    forgotten = Conversations(store.catalog).forget_removed()
    store.catalog.labels.forget_removed()
    left = store.catalog.documents()
    OutcomeFile(store.folder).keep({row.sha256 for row in left})
    try:
        forget_all_but(store.folder / FOLDER_NAME, {row.reading_source for row in left})
        for aside in asides(store.folder):
            shutil.rmtree(aside)
    except OSError as error:
        raise StoreError(f"{error.filename} cannot be deleted: {error.strerror}.") from None
    for file in store.catalog.unread():
        path = Path(file.path)
        # its name is all that is known of it; where the folder is missing, too, a drive may not be connected
        if path.parent.is_dir() and not path.exists():
            store.catalog.remove_unread(file.path)
    delete_partial_uploads(drop_folder, idle_s)
    _delete_uploads(store.folder / UPLOADS_NAME, idle_s)
    store.purge()  # last, as it is told when a server still holds something
    return forgotten


def _delete_uploads(folder: Path, age_s: float) -> None:
    """Delete what the browser sent that is older than that; each upload has a folder of its own."""
    if not age_s:
        shutil.rmtree(folder, ignore_errors=True)
        return
    with suppress(OSError):
        for upload in folder.iterdir():
            if upload.stat().st_mtime <= time.time() - age_s:
                shutil.rmtree(upload, ignore_errors=True)
