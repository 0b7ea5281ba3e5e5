"""Blocks of text: collecting them with their headings, and cutting them into sections or pages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import TypeVar

from ragapp.reading.document import Block, BlockKind, SheetRows, Unit
from ragapp.reading.tables import markdown_table, split_titles, tidy_rows
from ragapp.reading.text import clean, one_line

# characters; below this a document is read at a glance and stays one unit
SHORT = 3000
# a section longer than this (about four pages) is cut at the headings inside it
LONG = 12_000
# without headings to cut at, parts are this long at the most, unless one table is longer
LONGEST = 24_000
_LONGEST_LABEL = 80

_Piece = tuple[str, list[Block]]  # label, blocks
_T = TypeVar("_T")


class BlockBuilder:
    """Collects blocks in reading order and keeps the path of headings above them."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.title = ""  # the first heading of level 0 or 1
        self.page_starts: list[int] = []  # for each page but the first, how many blocks stand before it
        self.base_level = 0  # added to the level of every heading, for a document inside another
        self._path: list[tuple[int, str]] = []
        self._items: list[str] = []

    def heading(self, level: int, text: str) -> None:
        """Add a heading; level 1 is outermost, 0 is the title of the whole document."""
        self.end_list()
        level, text = level + self.base_level, one_line(text)
        if not text:
            return
        self.end_headings(level - self.base_level)
        self._path.append((level, text))
        if level <= 1 and not self.title:
            self.title = text
        self._add(text, "heading")

    def end_headings(self, level: int) -> None:
        """Let what follows stand below no heading of this level or a deeper one."""
        self.end_list()
        while self._path and self._path[-1][0] >= level + self.base_level:
            self._path.pop()

    def text(self, text: str) -> None:
        """Add a run of text, unless it is blank."""
        self.end_list()
        text = clean(text).strip("\n")
        if text and not text.isspace():
            self._add(text, "text")

    def list_item(self, text: str) -> None:
        """Add an item, its mark included, to the list that the next block of another kind ends."""
        self._items.append(text)

    def end_list(self) -> None:
        """Add the items of the list, if there are any, as one run of text."""
        if self._items:
            items, self._items = self._items, []
            self.text("\n".join(items))

    def paragraphs(self, text: str) -> None:
        """Add text whose paragraphs are separated by blank lines."""
        for paragraph in re.split(r"\n{2,}", clean(text)):
            self.text(paragraph)

    def table(self, rows: list[list[str]]) -> None:
        """Add a table; titles above its header, and a table of one cell, become text."""
        self.end_list()
        titles, rows = split_titles(tidy_rows(rows))
        for title in titles:
            self.text(title)
        if len(rows) == 1 and len(rows[0]) == 1:
            self.text(rows[0][0])
        elif rows:
            self._add(markdown_table(rows), "table")

    def add_table(self, markdown: str, rows: SheetRows | None = None) -> None:
        """Add a table that is Markdown already, with what is known of its ``rows``."""
        self._add(markdown, "table", rows)

    def page_break(self) -> None:
        """Begin a new page."""
        self.end_list()
        self.page_starts.append(len(self.blocks))

    def take(self) -> list[Block]:
        """Remove and return the blocks so far; the next ones go on below the same headings."""
        taken, self.blocks = self.blocks, []
        return taken

    def _add(self, text: str, kind: BlockKind, rows: SheetRows | None = None) -> None:
        self.blocks.append(Block(text, kind, tuple(title for _, title in self._path), rows))


def section_units(out: BlockBuilder) -> list[Unit]:
    """The blocks of a short document as one unit of kind ``document``, those of a longer one as ``section`` units."""
    blocks = list(split_long(out.blocks))
    if _length(blocks) < SHORT:
        return [Unit(1, "document", blocks=blocks)]
    return [Unit(number, "section", *piece) for number, piece in enumerate(cut(blocks, LONG), start=1)]


def page_units(out: BlockBuilder, pages: int) -> list[Unit]:
    """``page`` units where the page breaks found agree with the stated number of ``pages``, else section units."""
    starts = [0, *out.page_starts, len(out.blocks)]
    if not out.page_starts or len(starts) - 1 != pages:
        return section_units(out)
    return [
        Unit(number, "page", blocks=out.blocks[first:last])
        for number, (first, last) in enumerate(pairwise(starts), start=1)
    ]


def cut(blocks: list[Block], longest: int) -> list[_Piece]:
    """Cut at the outermost headings; pieces longer than ``longest`` characters at the headings inside, and so on.

    Each piece is labelled with its heading; joined they are the blocks.
    """
    pieces: list[_Piece] = []
    pending = [(piece, 0) for piece in reversed(_at_headings(blocks, 0))]
    while pending:
        piece, depth = pending.pop()
        finer = _at_headings(piece, depth + 1) if _length(piece) > longest else [piece]
        if len(finer) > 1:
            deeper = _depth(piece, depth + 1)
            pending += [(inner, deeper) for inner in reversed(finer)]
        else:
            pieces += _parts(piece)
    return pieces


def split_long(blocks: list[Block]) -> Iterator[Block]:
    """The blocks, with texts longer than :data:`LONGEST` cut at a line end, a sentence end or a space."""
    for block in blocks:
        if block.kind != "text" or len(block.text) <= LONGEST:
            yield block
            continue
        start = 0
        while start < len(block.text):
            end = _good_end(block.text, start)
            if text := block.text[start:end].strip("\n "):
                yield Block(text, "text", block.headings)
            start = end


def batches(items: Iterable[_T], longest: int, size: Callable[[_T], int]) -> list[list[_T]]:
    """Runs of items, each of a total size of ``longest`` at the most, or of one item."""
    runs: list[list[_T]] = []
    length = 0
    for item in items:
        if not runs or length + size(item) > longest:
            runs.append([])
            length = 0
        runs[-1].append(item)
        length += size(item)
    return runs


def _good_end(text: str, start: int) -> int:
    end = start + LONGEST
    if end >= len(text):
        return len(text)
    for mark in ("\n", ". ", " "):
        found = text.rfind(mark, start + LONGEST // 2, end)
        if found >= 0:
            return found + len(mark)
    return end


def _length(blocks: list[Block]) -> int:
    return sum(len(block.text) for block in blocks)


def _depth(blocks: list[Block], least: int) -> int:
    """The outermost depth from ``least`` on with two headings or more; ``least`` where there is none."""
    counts = Counter(len(block.headings) for block in blocks if block.kind == "heading")
    return min((depth for depth, count in counts.items() if depth >= least and count > 1), default=least)


def _at_headings(blocks: list[Block], least: int) -> list[list[Block]]:
    depth = _depth(blocks, least)
    pieces: list[list[Block]] = [[]]
    for block in blocks:
        begins = block.kind == "heading" and len(block.headings) <= depth
        # a title alone, or a heading right below another, goes with what follows
        if begins and any(before.kind != "heading" for before in pieces[-1]):
            pieces.append([])
        pieces[-1].append(block)
    return pieces


def _parts(blocks: list[Block]) -> list[_Piece]:
    """The blocks in parts of :data:`LONGEST` characters at the most."""
    label = _label(blocks)
    parts = batches(blocks, LONGEST, lambda block: len(block.text))
    if len(parts) < 2:
        return [(label, blocks)]
    front = f"{label}, " if label else ""
    return [(f"{front}part {number}", part) for number, part in enumerate(parts, start=1)]


def _label(blocks: list[Block]) -> str:
    """The last of the headings that the piece begins with, else the one that it stands below."""
    label = blocks[0].headings[-1] if blocks and blocks[0].headings else ""
    for block in blocks:
        if block.kind != "heading":
            break
        label = block.text
    return label if len(label) <= _LONGEST_LABEL else label[: _LONGEST_LABEL - 1].rstrip() + "…"
