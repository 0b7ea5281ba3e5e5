"""Documents of the store with their coverage, and files that could not be read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Document:
    """A document of the store.

    Attributes:
        document: file name.
        path: of the file.
        title: of the document, the file's name where it has none.
        language: ISO 639-1; empty where it is unknown.
        size: of the file in bytes.
        units: pages, slides, sheets, sections.
        units_without_text: how many have none, because there is none or because it is in a picture.
        units_ocr: how many units' text was recognised by OCR.
        units_needing_ocr: how many are pictures whose text was not recognised.
        chunks: stored of it.
        warnings: of the reading.
        ingested_at: ISO 8601, UTC.
        day: when it was written, ISO 8601.
        day_from: where that is from: the document's ``properties``, its ``text``, or its ``file``.
        author: who wrote it; empty where it is unknown.
        type: pdf, word, excel, powerpoint, mail, web, image or text.
        tags: words that people have put on it.
        collections: names of those that it belongs to.
    """

    id: int
    document: str
    path: str
    title: str
    language: str
    size: int
    units: int
    units_without_text: int
    units_ocr: int
    units_needing_ocr: int
    chunks: int
    warnings: tuple[str, ...]
    ingested_at: str
    day: str = ""
    day_from: str = ""
    author: str = ""
    type: str = ""
    tags: tuple[str, ...] = ()
    collections: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UnitCoverage:
    """How well one unit was read.

    Attributes:
        number: 1-based position in the file.
        kind: page, slide, sheet, section, …
        label: printed label, where it differs from the number.
        characters: of its text.
        coverage: where the text comes from, or why there is none; see :data:`ragapp.reading.document.Coverage`.
        confidence: of OCR, 0 to 1; None where the text was not recognised.
    """

    number: int
    kind: str
    label: str
    characters: int
    coverage: str
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class DocumentDetails(Document):
    """A document with the coverage of each unit."""

    units_list: tuple[UnitCoverage, ...] = ()


@dataclass(frozen=True, slots=True)
class UnreadFile:
    """A file that is not in the store as it lies there now.

    Attributes:
        reason: why, without a full stop.
        hint: what helps, a sentence; may be empty.
        tried_at: ISO 8601, UTC.
        size: of the file when it was tried, in bytes.
    """

    path: str
    reason: str
    hint: str = ""
    tried_at: str = ""
    size: int = -1


@dataclass(frozen=True, slots=True)
class DocumentList:
    """All documents, the files that failed, and those that there is no reader for."""

    documents: tuple[Document, ...]
    failures: tuple[UnreadFile, ...]
    skipped: tuple[UnreadFile, ...]


@dataclass(frozen=True, slots=True)
class Removal:
    """What was removed from the store.

    Attributes:
        removed: the documents, as they were.
        purged: whether their bytes were erased from the store's files, too.
        answers_forgotten: kept answers that were deleted because they showed removed documents.
        files_kept: paths of the documents' own files, which stay.
    """

    removed: tuple[Document, ...]
    purged: bool = False
    answers_forgotten: int = 0
    files_kept: tuple[str, ...] = ()
