"""What the catalog keeps and gives back: identities, chunks, documents, files that were not read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, Literal

from ragapp import contract
from ragapp.index.facts import file_day, stated_years, type_of
from ragapp.reading.document import READERS_VERSION


@dataclass(frozen=True, slots=True)
class EmbedderIdentity:
    """What made the vectors of a store; vectors of two identities are never compared.

    Attributes:
        embedder: name of the model, for people.
        weights_sha256: hash of the model's weights; what was made of them (``+int8…``) stands behind it.
        chunker: version and parameters of the chunker.
    """

    embedder: str
    dimension: int
    normalised: bool
    weights_sha256: str
    chunker: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """The stored piece of a unit.

    Attributes:
        unit: number of the unit that it lies in.
        headings: heading path, outermost first; titles of page and section and the caption of its table that the text
            alone shows come last.
        text: what is shown; a table's header is repeated in front of its rows.
        start: offset of its first character in the unit's text.
        end: offset behind its last character in the unit's text.
    """

    unit: int
    headings: tuple[str, ...]
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class StoredChunk(Chunk):
    """A chunk with its own id and the names of its document, as the catalog returns it."""

    id: int
    document_id: int
    document: str
    title: str
    path: str
    language: str
    label: str
    kind: str = "page"


@dataclass(frozen=True, slots=True)
class UnitOutline:
    """A unit of a document without its text; ``characters`` is how many that has."""

    number: int
    kind: str
    label: str
    characters: int


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A document as the catalog lists it.

    Attributes:
        units_without_text: how many units have none, because there is none or because it is in a picture.
        units_ocr: how many units' text was recognised by OCR.
        units_needing_ocr: how many are pictures whose text was not recognised.
        conditions: what the reading depended on besides the file (limits, passwords, readers).
        readers: the version of the readers; see :data:`ragapp.reading.document.READERS_VERSION`.
        written: the day that it states itself, ISO 8601; empty where it states none.
        dated_by: where that is from: its properties or its text.
        author: who wrote it, where that is known.
        tags: words that people have put on it.
        collections: names of those that it belongs to.
    """

    id: int
    identity_id: int
    path: str
    name: str
    title: str
    language: str
    size: int
    mtime_ns: int
    sha256: str
    warnings: tuple[str, ...]
    ingested_at: str
    units: int
    units_without_text: int
    units_ocr: int
    units_needing_ocr: int
    chunks: int
    conditions: str
    readers: int = READERS_VERSION
    written: str = ""
    dated_by: str = ""
    author: str = ""
    tags: tuple[str, ...] = ()
    collections: tuple[str, ...] = ()

    @property
    def day(self) -> str:
        """When it was written, ISO 8601: by itself, else by its file."""
        return self.written or file_day(self.mtime_ns)

    @property
    def day_from(self) -> str:
        """Where its day is from."""
        return self.dated_by or "file"

    @property
    def reading_source(self) -> str:
        """Names it where what a language model read of it is kept, for as long as it has this content and name."""
        return f"{self.sha256} {self.path}"

    @property
    def type(self) -> str:
        """The family of formats that it belongs to; see :data:`ragapp.index.facts.TYPES`."""
        return type_of(self.name)

    @property
    def years(self) -> frozenset[int]:
        """The years that it is of: those that its name and title state, or, where they state none, that of its day."""
        return stated_years(self.name, self.title) or frozenset(int(year) for year in [self.day[:4]] if year)

    def described(self) -> contract.Document:
        """The document as it leaves the core."""
        return contract.Document(**self._description())

    def detailed(self, units: Iterable[contract.UnitCoverage]) -> contract.DocumentDetails:
        """The document with the coverage of its units, as it leaves the core."""
        return contract.DocumentDetails(**self._description(), units_list=tuple(units))

    def _description(self) -> dict[str, Any]:
        names = [field.name for field in fields(contract.Document) if field.name != "document"]
        return {"document": self.name} | {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class UnreadRow:
    """A file that is not in the store as it lies there now, with its size (bytes) and time when it was tried.

    Attributes:
        status: ``failed``: it should be read and can't be; ``skipped``: there is no reader for it.
        reason: why, without a full stop.
        hint: what helps, a sentence; may be empty.
        conditions: what else the failure depends on (limits, passwords, readers); it is not tried again while neither
            the file nor this changes.
    """

    path: str
    status: Literal["failed", "skipped"]
    reason: str
    hint: str = ""
    tried_at: str = ""
    size: int = -1
    mtime_ns: int = -1
    conditions: str = ""

    def described(self) -> contract.UnreadFile:
        """The file as it leaves the core."""
        return contract.UnreadFile(self.path, self.reason, self.hint, self.tried_at, self.size)
