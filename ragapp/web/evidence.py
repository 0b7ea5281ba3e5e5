"""What is shown for a citation: a unit of a document, and which of its words are marked."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
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
from ragapp.web.pdf_text import Box
from ragapp.web.pdf_view import PdfView
from ragapp.web.unit_text import Span, part_at

FileCondition = Literal["same", "changed", "gone"]
# words that stand in more pieces are marked in the longest of them
_MOST_SPANS = 40
_MARK = re.compile(r"\d{1,9}-\d{1,9}(?:,\d{1,9}-\d{1,9}){0,60}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source(Place):
    """A unit of a document that is to be shown."""

    quote: str = ""  # words to mark; empty for none
    start: int = 0  # offset of the quote in the unit's stored text


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a person sees of a source."""

    source: Source
    id: int = 0  # of the document in the catalog, 0 where it has gone
    headings: tuple[str, ...] = ()  # above the quote
    units: int = 0  # of the document
    file: FileCondition = "gone"  # whether the file is still as it was when it was ingested
    picture: bool = False  # whether its pages can be shown as pictures
    boxes: tuple[Box, ...] = ()  # around the quote on the picture
    spans: tuple[Span, ...] = ()  # of the quote in the unit's stored text, in order; empty where it is not there
    part: int = 0  # of that text, from 0, in which the quote begins
    seal: str = ""  # of the words in the spans; see :func:`seal_of`
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
            return Evidence(source)
        unit = catalog.unit(row.id, source.page)
        text = unit.text if unit else ""
        spans = _spans(text, source)
        first = spans[0][0] if spans else 0
        shown = Evidence(
            source,
            row.id,
            _headings(unit, first if spans else None),
            row.units,
            file_condition(row),
            spans=spans,
            part=part_at(text, first),
            seal=seal_of(text, spans),
            ocr=bool(unit and unit.coverage == "ocr"),
        )
        if is_drawn(row, shown.file):
            near = source.start / len(text) if text else 0.0
            with suppress(ReadingError):  # the stored text is shown in place of the picture
                placed = self._view.place(Path(row.path), source.page, source.quote, near)
                return replace(shown, picture=True, boxes=placed.boxes)
        return shown

    def at(self, row: DocumentRow, page: int, spans: tuple[Span, ...] = (), seal: str = "") -> Evidence:
        """A unit of a document, with spans of its stored text marked, unless other words stand there than sealed."""
        unit = self._catalog().unit(row.id, page)
        text = unit.text if unit else ""
        spans = tuple((start, min(end, len(text))) for start, end in spans if start < len(text))
        if seal and seal != seal_of(text, spans):
            spans = ()
        quote = BLOCK_BREAK.join(text[start:end] for start, end in spans)
        place = (unit.label, unit.kind) if unit else ()
        shown = self.show(Source(row.name, row.path, page, *place, quote=quote, start=spans[0][0] if spans else 0))
        if not spans:
            return shown
        return replace(shown, spans=spans, part=part_at(text, spans[0][0]), seal=seal_of(text, spans))


def file_condition(row: DocumentRow) -> FileCondition:
    """Whether a document's file is as it was when it was ingested; by size and time, as ingestion sees it."""
    try:
        state = Path(row.path).stat()
    except OSError:
        return "gone"
    return "same" if (state.st_size, state.st_mtime_ns) == (row.size, row.mtime_ns) else "changed"


def is_drawn(row: DocumentRow, condition: FileCondition) -> bool:
    """Whether pages of a document are shown as pictures, if its file is in this condition."""
    return condition == "same" and Path(row.path).suffix.lower() == ".pdf"


def seal_of(text: str, spans: Iterable[Span]) -> str:
    """Some letters by which words are known again: an address that leads to them may be older than the document."""
    words = BLOCK_BREAK.join(text[start:end] for start, end in spans)
    return hashlib.sha256(words.encode("utf-8", "replace")).hexdigest()[:8] if words else ""


def source_of(found: Citation | Passage) -> Source:
    """What to show for a citation or a passage."""
    quote, start = (found.quote, found.start) if isinstance(found, Citation) else (found.text, 0)
    return Source(found.document, found.path, found.page, found.label, found.kind, quote=quote, start=start)


def mark_spans(mark: str) -> tuple[Span, ...]:
    """Spans of an address: ``12-40,55-60``; none where it is written otherwise."""
    if not _MARK.fullmatch(mark):
        return ()
    pairs = (tuple(map(int, pair.split("-"))) for pair in mark.split(","))
    return tuple((start, end) for start, end in pairs if start < end)


def _spans(text: str, source: Source) -> tuple[Span, ...]:
    """Where the quote stands in the unit's text; empty where it does not (any more)."""
    if not source.quote:
        return ()
    end = source.start + len(source.quote)
    if text[source.start : end] == source.quote:
        return ((source.start, end),)
    joined: list[Span] = []
    for start, end in quote_spans(text, source.quote, source.start / len(text) if text else 0.0):
        # only signs or spaces between two pieces: the words go on
        if joined and not any(map(str.isalnum, text[joined[-1][1] : start])):
            start = joined.pop()[0]
        joined.append((start, end))
    longest = sorted(joined, key=lambda span: span[0] - span[1])[:_MOST_SPANS]
    return tuple(sorted(longest))


def _headings(unit: Unit | None, offset: int | None) -> tuple[str, ...]:
    at = 0
    for block in unit.blocks if unit else ():
        end = at + len(block.text)
        if offset is None or offset < end:
            return block.headings
        at = end + len(BLOCK_BREAK)
    return ()
