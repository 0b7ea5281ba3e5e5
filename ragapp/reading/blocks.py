"""Blocks: what every reader of running text collects them with; and the reader of plain text."""

from __future__ import annotations

import re
from pathlib import Path

from ragapp.reading.document import Block, BlockKind, Document, Unit, UnitKind
from ragapp.reading.tables import markdown_table, split_titles, tidy_rows
from ragapp.reading.text import clean, decode, read_bytes


class BlockBuilder:
    """Collects the blocks of a unit and keeps their heading path.

    Attributes:
        blocks: what was added, none of them empty.
        title: the first heading of the topmost level, or empty.
    """

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.title = ""
        self._path: list[tuple[int, str]] = []

    def heading(self, level: int, text: str) -> None:
        """Add a heading; level 1 is outermost (0 is a document's title above them all)."""
        text = " ".join(clean(text).split())
        if not text:
            return
        while self._path and self._path[-1][0] >= level:
            self._path.pop()
        self._path.append((level, text))
        if level <= 1 and not self.title:
            self.title = text
        self._add(text, "heading")

    def text(self, text: str) -> None:
        """Add a run of text, unless it is blank."""
        text = clean(text).strip("\n")
        if text.strip():
            self._add(text, "text")

    def table(self, rows: list[list[str]]) -> None:
        """Add a table; titles above its header, and a table of one cell, become text."""
        titles, rows = split_titles(tidy_rows(rows))
        for title in titles:
            self.text(title)
        if len(rows) == 1 and len(rows[0]) == 1:
            self.text(rows[0][0])
        elif rows:
            self._add(markdown_table(rows), "table")

    def _add(self, text: str, kind: BlockKind) -> None:
        self.blocks.append(Block(text, kind, tuple(title for _, title in self._path)))

    def paragraphs(self, text: str) -> None:
        """Add text whose paragraphs are separated by blank lines."""
        for paragraph in re.split(r"\n{2,}", clean(text)):
            self.text(paragraph)

    def unit(self, kind: UnitKind = "document") -> Unit:
        """The only unit of a file, with these blocks."""
        return Unit(1, kind, blocks=self.blocks)


def read_plain(path: Path) -> Document:
    """Read plain text of any encoding, one block per paragraph.

    Raises:
        ReadingError: the file cannot be opened or is not text.
    """
    text, notes = decode(read_bytes(path))
    out = BlockBuilder()
    out.paragraphs(text)
    return Document(path.stem, [out.unit()], warnings=notes)
