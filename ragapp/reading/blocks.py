"""Blocks: what every reader of running text collects them with."""

from __future__ import annotations

import re

from ragapp.reading.document import Block, BlockKind
from ragapp.reading.tables import markdown_table, split_titles, tidy_rows
from ragapp.reading.text import clean


class BlockBuilder:
    """Collects the blocks of a unit and keeps their heading path.

    Attributes:
        blocks: what was added, none of them empty.
        title: the first heading of the topmost level, or empty.
        page_starts: for each page but the first, how many blocks stand before it.
    """

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.title = ""
        self.page_starts: list[int] = []
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
        self._add_clean(clean(text))

    def table(self, rows: list[list[str]]) -> None:
        """Add a table; titles above its header, and a table of one cell, become text."""
        titles, rows = split_titles(tidy_rows(rows))
        for title in titles:
            self.text(title)
        if len(rows) == 1 and len(rows[0]) == 1:
            self.text(rows[0][0])
        elif rows:
            self._add(markdown_table(rows), "table")

    def add_table(self, markdown: str) -> None:
        """Add a table that is written already."""
        self._add(markdown, "table")

    def take(self) -> list[Block]:
        """The blocks so far; the next ones go on below the same headings."""
        taken, self.blocks = self.blocks, []
        return taken

    def _add(self, text: str, kind: BlockKind) -> None:
        self.blocks.append(Block(text, kind, tuple(title for _, title in self._path)))

    def paragraphs(self, text: str) -> None:
        """Add text whose paragraphs are separated by blank lines."""
        for paragraph in re.split(r"\n{2,}", clean(text)):
            self._add_clean(paragraph)

    def _add_clean(self, text: str) -> None:
        text = text.strip("\n")
        if text and not text.isspace():
            self._add(text, "text")

    def page_break(self) -> None:
        """Note that a new page begins here."""
        self.page_starts.append(len(self.blocks))
