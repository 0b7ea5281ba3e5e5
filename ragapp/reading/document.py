"""Documents as readers give them: units of blocks.

A *unit* is what a person would point at (a page, a slide, a sheet, a section, a mail).  A *block* is a run of text of
one kind below one path of headings.  The text of a unit is its blocks joined by :data:`BLOCK_BREAK`, so every character
has one offset in its unit, by which a quote is located.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from ragapp.contract import Place
    from ragapp.reading.typed.records import TypedTable

BLOCK_BREAK = "\n\n"
# raise it when readers give another text than before, or take what they refused: stored documents are read again from
# their files, and files that failed are tried again
READERS_VERSION = 5

BlockKind = Literal["text", "heading", "table"]
UnitKind = Literal["page", "slide", "sheet", "section", "mail", "document"]
# text: it has text of its own; ocr: its text was recognised in a picture; needs_ocr: a picture whose text was not
# recognised; empty: there is nothing on it
Coverage = Literal["text", "ocr", "needs_ocr", "empty"]
OcrMode = Literal["auto", "off", "always"]
OcrEngine = Literal["auto", "rapidocr", "tesseract"]


def _no_tick(unit: int, units: int, ocr: bool) -> None:
    pass


def _not_counted(characters: int) -> None:
    pass


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What a reader may need besides the file."""

    passwords: tuple[str, ...] = ()  # tried in order on protected files, after no password at all
    ocr: OcrMode = "auto"  # which pages are recognised: those without text, none, or all
    ocr_engine: OcrEngine = "auto"  # auto takes RapidOCR, or Tesseract where only that is installed
    # ISO 639-1 codes that Tesseract is told to expect; RapidOCR's model knows the Latin script
    ocr_languages: tuple[str, ...] = ("en", "fr", "de", "es")
    # called before a unit that may take long, with its number, the number of units, and whether it will be recognised
    # by OCR, which has a time limit of its own; 0 of 0 is a picture within the unit in hand
    tick: Callable[[int, int, bool], None] = _no_tick
    # called when a unit of a file that may have many was read, with the number of its characters
    found: Callable[[int], None] = _not_counted


DEFAULT_OPTIONS = ReadOptions()


@dataclass(frozen=True, slots=True)
class SheetRows:
    """What a spreadsheet's reader knows of the rows of a table block, beside their text.

    Attributes:
        table: number of the table in its file; blocks of the same table have the same.
        sheet: name of the sheet; empty where it has none.
        numbers: of the rows below the head, in the file, 1-based.
        columns: places of the columns in the sheet, 0-based; empty where they cannot be named.
        exact: values that are shown rounded, by place of the row among ``numbers`` and of the column.
        is_workbook: whether it is of a file whose cells have types.
        unread: rows behind these that were not read, since the file has too many cells.
    """

    table: int
    sheet: str
    numbers: tuple[int, ...]
    columns: tuple[int, ...] = ()
    exact: dict[int, dict[int, float]] = field(default_factory=dict)
    is_workbook: bool = False
    unread: int = 0


@dataclass(frozen=True, slots=True)
class Block:
    """A run of text of one kind."""

    text: str  # never empty; a table is Markdown rows, its first two lines the header and the rule
    kind: BlockKind = "text"
    headings: tuple[str, ...] = ()  # that it stands below, outermost first; a heading's own path includes itself
    # of a table in a spreadsheet, until its typed tables are made
    rows: SheetRows | None = field(default=None, compare=False, repr=False)


@dataclass(slots=True)
class Unit:
    """A page, slide, sheet, section or mail."""

    number: int  # 1-based position in the file; this is what ``page`` means everywhere
    kind: UnitKind = "page"
    label: str = ""  # the printed label, where it differs from the number (iv, A-3, a sheet's name)
    blocks: list[Block] = field(default_factory=list)  # in reading order
    coverage: Coverage | None = None  # text or empty by the blocks if not given
    confidence: float | None = None  # of OCR, 0 to 1, mean over its characters; None where it was not recognised

    def __post_init__(self) -> None:
        if self.coverage is None:
            self.coverage = "text" if self.blocks else "empty"

    @property
    def text(self) -> str:
        """The text of the unit, its blocks joined."""
        return BLOCK_BREAK.join(block.text for block in self.blocks)


def place_name(kind: str, number: int, label: str) -> str:
    """How a unit is cited: ``p. 4 (iv)``, ``slide 3``, ``sheet Sales, rows 2-201``, ``Holidays``.

    The arguments are those of a :class:`Unit`; the name of a unit that is the whole file is empty.
    """
    if kind == "page":
        return f"p. {number} ({label})" if label else f"p. {number}"
    if kind in ("slide", "sheet"):
        return f"{kind} {label or number}"
    if kind == "section":
        return label or f"section {number}"
    return label


def place_text(place: Place) -> str:
    """A document and the unit in it, as a person would point at it: ``a.pdf, p. 3``."""
    unit = place_name(place.kind, place.page, place.label)
    return f"{place.document}, {unit}" if unit else place.document


@dataclass(slots=True)
class Document:
    """A file as it was read."""

    title: str  # its own; the stem of the file's name where it has none
    units: list[Unit]  # in order, at least one
    language: str = ""  # ISO 639-1 code, set by the pipeline; empty when unknown
    warnings: list[str] = field(default_factory=list)  # what a person should know about this reading, a sentence each
    tables: list[TypedTable] = field(default_factory=list)  # with types, for questions that count and add up
    author: str = ""  # by the file's properties; empty when unknown
    day: str = ""  # when it was written by the file's properties, ISO 8601; empty when unknown

    @property
    def units_without_text(self) -> int:
        """How many units have no text, whether there is none or it was not recognised."""
        return sum(not unit.blocks for unit in self.units)

    def units_covered(self, coverage: Coverage) -> int:
        """How many units have this coverage."""
        return sum(unit.coverage == coverage for unit in self.units)


# The function that reads one format (see formats.py): it gives at least one unit, which may be without text, and raises
# ReadingError for a file that is damaged, protected or of another format.
Reader = Callable[[Path, ReadOptions], Document]
