"""Removing documents from a store that no page has open."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ragapp.contract import Removal
from ragapp.index.chroma_server import server_of
from ragapp.index.store import Store
from ragapp.ingest.conditions import remove_by_hand
from ragapp.maintenance.erase import erase
from ragapp.settings import Settings


def remove_documents(settings: Settings, ids: Sequence[int], *, purge: bool = False) -> tuple[Removal, list[str]]:
    """Remove documents by id; with ``purge`` no trace of them is left, nor of what was removed before.

    Returns what was removed, and what a person should know of the store.

    Raises:
        StoreError: a document is not there, or another process has the store.
    """
    with Store(settings.paths.data, write=True, backend=server_of(settings)) as store:
        rows = remove_by_hand(store, ids, settings.ingest)
        store.settle()
        notices = list(store.notices)
        forgotten = erase(store, settings.paths.ingest) if purge else 0
    files_kept = tuple(row.path for row in rows if Path(row.path).exists())
    return Removal(tuple(row.described() for row in rows), purge, forgotten, files_kept), notices
