"""What reading a file depends on besides the file, and documents that were removed by hand.

While the conditions and the file stay the same, a file that was not read is not tried again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path

from ragapp.index.catalog import Catalog
from ragapp.index.records import DocumentRow, UnreadRow
from ragapp.index.store import Store
from ragapp.ingest.worker import Limits
from ragapp.reading.document import READERS_VERSION, OcrMode, ReadOptions
from ragapp.reading.pages.ocr import chosen_engine
from ragapp.settings import Ingest

#: the reason that is kept for a file whose document was removed by hand
REMOVED = "removed by hand"
# options that only tell how far a reader is
_TOLD = ("tick", "found")
_HINT = "To ingest it again: ragapp ingest FILE"


def limits_of(settings: Ingest) -> Limits:
    """What reading one file may take."""
    return Limits(settings.timeout_s, settings.ocr_timeout_s, settings.memory_mb, settings.max_text_mb)


def options_of(settings: Ingest, ocr: OcrMode | None = None) -> ReadOptions:
    """How files are read; ``ocr`` overrides ``ingest.ocr``."""
    return ReadOptions(
        passwords=tuple(settings.passwords),
        ocr=ocr or settings.ocr,
        ocr_engine=settings.ocr_engine,
        ocr_languages=tuple(settings.ocr_languages),
    )


def reading_digest(settings: Ingest, ocr: OcrMode | None = None) -> str:
    """Digest of limits, options and readers, 8 hexadecimal digits; ``ocr`` overrides ``ingest.ocr``."""
    options = options_of(settings, ocr)
    engine, _ = chosen_engine(options)
    chosen = {item.name: getattr(options, item.name) for item in fields(options) if item.name not in _TOLD}
    told = json.dumps(
        [READERS_VERSION, asdict(limits_of(settings)), chosen, settings.max_file_mb, engine], sort_keys=True
    )
    # cut short, since it also stands for the passwords
    return hashlib.sha256(told.encode()).hexdigest()[:8]


def readings_to_renew(catalog: Catalog) -> tuple[list[Path], int]:
    """Files of documents that an earlier version of the readers read, and how many more of these have no file now."""
    older = [Path(row.path) for row in catalog.documents() if row.readers < READERS_VERSION]
    there = [path for path in older if path.is_file()]
    return there, len(older) - len(there)


def remove_by_hand(store: Store, ids: Sequence[int], settings: Ingest) -> list[DocumentRow]:
    """Remove documents from a store open for writing; their files are left out until they change or are named.

    Raises:
        StoreError: a document is not there (any more).
    """
    rows = []
    conditions = reading_digest(settings)
    for document_id in ids:
        row = store.remove(document_id)
        rows.append(row)
        if Path(row.path).is_file():
            store.catalog.put_unread(
                UnreadRow(row.path, "skipped", REMOVED, _HINT, "", row.size, row.mtime_ns, conditions)
            )
    return rows
