"""What is shown for a citation: a picture of the page with the quote marked, or the stored text of the unit."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from ragapp.contract import Citation, Passage, Place
from ragapp.errors import ReadingError
from ragapp.index.catalog import Catalog
from ragapp.index.records import DocumentRow
from ragapp.reading.document import BLOCK_BREAK, Unit
from ragapp.web.highlight import quote_spans
from ragapp.web.pdf_pages import Box
from ragapp.web.pdf_view import PdfView

FileCondition = Literal["same", "changed", "gone"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source(Place):
    """A unit of a document that is to be shown."""

    quote: str = ""  # words to mark; empty for none
    start: int = 0  # offset of the quote in the unit's stored text


@dataclass(frozen=True, slots=True)
class Block:
    """A run of the unit's text: its kind, and its pieces with whether they are marked."""

    kind: str
    pieces: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a person sees of a source."""

    source: Source  # what was asked for; its page may be another one than the quote's
    id: int = 0  # of the document in the catalog, 0 where it has gone
    headings: tuple[str, ...] = ()  # above the quote
    units: int = 0  # of the document
    file: FileCondition = "gone"  # whether the file is still as it was when it was ingested
    picture: bool = False  # whether the page can be shown as a picture
    boxes: tuple[Box, ...] = ()  # around the quote on the picture
    ratio: float = 1.414  # height of the picture by its width
    blocks: tuple[Block, ...] = ()  # the stored text, the quote marked
    found: bool = False  # whether the quote was found in what is shown
    ocr: bool = False  # whether the text was recognised in a picture


class EvidenceFinder:
    """Finds evidence: in the catalog, which ``catalog`` gives, and on pages of PDFs."""

    def __init__(self, catalog: Callable[[], Catalog], view: PdfView):
        self._catalog = catalog
        self._view = view

    def show(self, source: Source) -> Evidence:
        """The evidence of a source; a file that has gone or changed is no error."""
        catalog = self._catalog()
        row = catalog.document_at(source.path)
        if row is None:
            kept = (Block("text", ((source.quote, True),)),) if source.quote else ()
            return Evidence(source, blocks=kept)
        unit = catalog.unit(row.id, source.page)
        text = unit.text if unit else ""
        span = _span(text, source)
        file, blocks = file_condition(row), _blocks(unit, span) if unit else ()
        ocr = bool(unit and unit.coverage == "ocr")
        known = row.id, _headings(unit, span), row.units, file
        shown = Evidence(source, *known, blocks=blocks, found=span is not None, ocr=ocr)
        if file == "same" and Path(row.path).suffix.lower() == ".pdf":
            near = source.start / len(text) if text else 0.0
            with suppress(ReadingError):  # the stored text is shown in place of the picture
                placed = self._view.place(Path(row.path), source.page, source.quote, near)
                return replace(shown, picture=True, boxes=placed.boxes, ratio=placed.ratio)
        return shown


def file_condition(row: DocumentRow) -> FileCondition:
    """Whether a document's file is as it was when it was ingested; by size and time, as ingestion sees it."""
    try:
        state = Path(row.path).stat()
    except OSError:
        return "gone"
    return "same" if (state.st_size, state.st_mtime_ns) == (row.size, row.mtime_ns) else "changed"


def source_of(found: Citation | Passage) -> Source:
    """What to show for a citation or a passage."""
    quote, start = (found.quote, found.start) if isinstance(found, Citation) else (found.text, 0)
    return Source(found.document, found.path, found.page, found.label, found.kind, quote=quote, start=start)


def _span(text: str, source: Source) -> tuple[int, int] | None:
    """Where the quote stands in the unit's text; None where it does not (any more)."""
    if not source.quote:
        return None
    end = source.start + len(source.quote)
    if text[source.start : end] == source.quote:
        return source.start, end
    spans = quote_spans(text, source.quote, source.start / len(text) if text else 0.0)
    return (spans[0][0], spans[-1][1]) if spans else None


def _headings(unit: Unit | None, span: tuple[int, int] | None) -> tuple[str, ...]:
    at = 0
    for block in unit.blocks if unit else ():
        end = at + len(block.text)
        if span is None or span[0] < end:
            return block.headings
        at = end + len(BLOCK_BREAK)
    return ()


def _blocks(unit: Unit, span: tuple[int, int] | None) -> tuple[Block, ...]:
    blocks = []
    at = 0
    start, end = span or (-1, -1)
    for block in unit.blocks:
        text = block.text
        begin, stop = max(0, min(len(text), start - at)), max(0, min(len(text), end - at))
        pieces = (text[:begin], False), (text[begin:stop], True), (text[stop:], False)
        cut = pieces if stop > begin else ((text, False),)
        blocks.append(Block(block.kind, tuple(piece for piece in cut if piece[0])))
        at += len(text) + len(BLOCK_BREAK)
    return tuple(blocks)
