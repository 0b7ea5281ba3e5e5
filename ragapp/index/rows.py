"""How documents, units and chunks are asked for in SQL, and what the rows stand for."""

from __future__ import annotations

import json

from ragapp.index.records import DocumentRow, StoredChunk
from ragapp.reading.document import Block, Unit

DOCUMENTS = (
    "SELECT d.id, d.identity_id, d.path, d.name, d.title, d.language, d.size, d.mtime_ns, d.sha256, d.warnings,"
    " d.ingested_at, d.units, d.units_without_text, d.units_ocr, d.units_needing_ocr, d.chunks,"
    " d.conditions FROM documents d"
)

CHUNKS = (
    'SELECT c.unit, c.headings, c.text, c.start, c."end", c.id, c.document_id, d.name, d.title, d.path, d.language,'
    " u.label, u.kind FROM chunks c JOIN documents d ON d.id = c.document_id"
    " JOIN units u ON u.document_id = c.document_id AND u.number = c.unit"
)

UNITS = "SELECT number, kind, label, text, blocks, coverage, confidence FROM units"


def unit_of(row: tuple) -> tuple[Unit, str]:
    """A row of :data:`UNITS` as a unit and its text."""
    number, kind, label, text, blocks, coverage, confidence = row
    parts = [Block(text[start:end], k, tuple(headings)) for k, start, end, headings in json.loads(blocks)]
    return Unit(number, kind, label, parts, coverage, confidence), text


def chunk_of(row: tuple) -> StoredChunk:
    """A row of :data:`CHUNKS`."""
    headings = row[1]
    return StoredChunk(row[0], () if headings == "[]" else tuple(json.loads(headings)), *row[2:])


def document_of(row: tuple) -> DocumentRow:
    """A row of :data:`DOCUMENTS`."""
    return DocumentRow(*row[:9], tuple(json.loads(row[9])), *row[10:])
