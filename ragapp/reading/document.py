"""What a reader makes of a file: a document of units, a unit of blocks.

A *unit* is what a person would point at (a page, a slide, a sheet, a section, a mail).  A *block* is a run of
text of one kind below one heading path.  The text of a unit is its blocks joined by :data:`BLOCK_BREAK`, so every
character of every block has one offset in its unit, and a quote can be located to the character.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

BLOCK_BREAK = "\n\n"

BlockKind = Literal["text", "heading", "table"]
UnitKind = Literal["page", "slide", "sheet", "section", "mail", "document"]


@dataclass(frozen=True, slots=True)
class Block:
    """A run of text of one kind.

    Attributes:
        text: the text; never empty.  A table is Markdown rows, its first two lines the header and the rule.
        kind: what the text is.
        headings: the titles that the block stands below, outermost first (a heading's own path includes itself).
    """

    text: str
    kind: BlockKind = "text"
    headings: tuple[str, ...] = ()


@dataclass(slots=True)
class Unit:
    """A page, slide, sheet, section or mail.

    Attributes:
        number: 1-based position in the file; this is what ``page`` means everywhere.
        kind: what the unit is called.
        label: the printed label, where it differs from the number (``iv``, ``A-3``, a sheet's name).
        blocks: in reading order.
    """

    number: int
    kind: UnitKind = "page"
    label: str = ""
    blocks: list[Block] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The text of the unit, its blocks joined."""
        return BLOCK_BREAK.join(block.text for block in self.blocks)


@dataclass(slots=True)
class Document:
    """A file as it was read.

    Attributes:
        title: the document's own title; the file's stem where it has none.
        units: in order, at least one.
        language: ISO 639-1 code, set by the pipeline; empty when unknown.
        warnings: what a person should know about this reading, one sentence each.
    """

    title: str
    units: list[Unit]
    language: str = ""
    warnings: list[str] = field(default_factory=list)
