"""What settings say about reading a file, and whether a file would be read in the same way again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, fields

from ragapp.ingest.worker import Limits
from ragapp.reading.document import OcrMode, ReadOptions
from ragapp.reading.ocr import chosen_engine
from ragapp.reading.registry import READERS_VERSION
from ragapp.settings import Ingest


def limits_of(settings: Ingest) -> Limits:
    """What reading one file may take."""
    return Limits(settings.timeout_s, settings.ocr_timeout_s, settings.memory_mb, settings.max_text_mb)


def options_of(settings: Ingest, ocr: OcrMode | None = None) -> ReadOptions:
    """How files are read; ``ocr`` instead of ``ingest.ocr``."""
    return ReadOptions(
        passwords=tuple(settings.passwords),
        ocr=ocr or settings.ocr,
        ocr_engine=settings.ocr_engine,
        ocr_languages=tuple(settings.ocr_languages),
    )


def conditions_of(settings: Ingest, ocr: OcrMode | None = None) -> str:
    """What a reading depends on besides the file, as a short digest.

    While it stays the same, a file that failed is not tried again, and pages that need OCR are not looked at again.

    Args:
        settings: limits and options.
        ocr: instead of ``ingest.ocr``.
    """
    options = options_of(settings, ocr)
    engine, _ = chosen_engine(options)
    chosen = {item.name: getattr(options, item.name) for item in fields(options) if item.name != "tick"}
    told = json.dumps(
        [READERS_VERSION, asdict(limits_of(settings)), chosen, settings.max_file_mb, engine], sort_keys=True
    )
    # cut short, since it also stands for the passwords
    return hashlib.sha256(told.encode()).hexdigest()[:8]
