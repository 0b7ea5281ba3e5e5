"""Taking documents out again by hand: their files stay, and are left alone until they change or are named."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ragapp.index.library import Library
from ragapp.index.records import DocumentRow, UnreadFile
from ragapp.ingest.conditions import conditions_of
from ragapp.settings import Ingest

#: the reason that is kept for a file whose document was removed by hand
REMOVED = "removed by hand"
HINT = "To take it in again: ragapp ingest FILE"


def remove_by_hand(library: Library, ids: Sequence[int], settings: Ingest) -> list[DocumentRow]:
    """Remove documents from the library; files that are still there are not taken in again by themselves.

    Args:
        library: open for writing.
        ids: of the documents.
        settings: by which files are read.

    Returns:
        What was removed.

    Raises:
        StoreError: a document is not there (any more).
    """
    rows = []
    conditions = conditions_of(settings)
    for document_id in ids:
        row = library.remove(document_id)
        rows.append(row)
        # what is in the list of files that were left out, unchanged since, is not tried again
        if Path(row.path).is_file():
            library.catalog.put_unread(
                UnreadFile(row.path, "skipped", REMOVED, HINT, "", row.size, row.mtime_ns, conditions)
            )
    return rows
