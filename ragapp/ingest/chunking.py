"""Splitting units into chunks by the embedder's own tokenizer.

A chunk never crosses a unit or a heading, and never exceeds what the embedder reads, so no part of it is invisible.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, zip_longest
from typing import TYPE_CHECKING

from ragapp.index.catalog_writes import context_line
from ragapp.index.chunk_text import EmbeddedText
from ragapp.index.records import Chunk
from ragapp.reading.document import BLOCK_BREAK, Block, Document, Unit

if TYPE_CHECKING:
    from ragapp.index.model_folder import EmbedderTokenizer

# part of a store's identity: raise it when the same document would be split in another way
CHUNKER_VERSION = 3
# what is longer without a space is no word, and is split by characters
MAX_WORD_CHARACTERS = 400
_UNBROKEN = re.compile(rf"\S{{{MAX_WORD_CHARACTERS},}}")
SEPARATORS = ["\n\n", "\n", ". ", "! ", "? ", "; ", ", ", " ", ""]


@dataclass(frozen=True, slots=True)
class _Section:
    """Consecutive blocks of one unit under one heading path."""

    headings: tuple[str, ...]
    start: int
    text: str
    is_table: bool

    def is_heading_of(self, following: _Section) -> bool:
        """Whether this is only a heading that the following section has in its path anyway."""
        depth = len(self.headings)
        bare = depth > 0 and self.text.casefold() == self.headings[-1].casefold()
        return bare and following.headings[:depth] == self.headings


class Chunker:
    """Splits documents into chunks of so many tokens by the embedder's tokenizer, less where its window is smaller.

    Consecutive chunks of one section share ``overlap`` tokens.
    """

    def __init__(self, counter: EmbedderTokenizer, tokens: int, overlap: int) -> None:
        self._counter = counter
        self._tokens = tokens
        self._overlap = overlap

    @property
    def signature(self) -> str:
        """Version and parameters, for the store's identity."""
        return f"version {CHUNKER_VERSION}, {self._tokens} tokens, overlap {self._overlap}"

    def split(self, document: Document) -> list[Chunk]:
        """The chunks of a document, in reading order."""
        return [chunk for unit in document.units for chunk in self._split_unit(unit)]

    def embedded_text(self, chunk: Chunk, title: str, name: str) -> EmbeddedText:
        """What the embedder reads for a chunk; neither part exceeds its window."""
        line = context_line(name, title, chunk.headings)
        # a line of so few characters cannot have more tokens
        while len(line) > self._room // 4 and self._counter.count_tokens([line])[0] > self._room:
            # the end of the path is the most specific, so the front is cut
            line = line[max(1, len(line) // 8) :].lstrip()
        return EmbeddedText(line, chunk.text)

    @property
    def _room(self) -> int:
        return self._counter.max_tokens - self._counter.special_tokens

    def _split_unit(self, unit: Unit) -> Iterator[Chunk]:
        sections = list(_sections(unit))
        size = min(self._tokens, self._room)
        for section, following in zip_longest(sections, sections[1:]):
            if following and section.is_heading_of(following):
                continue
            if section.is_table:
                yield from self._split_table(section, unit.number, size)
            else:
                yield from self._text_chunks(section, unit.number, size, section.text, section.start)

    def _text_chunks(self, section: _Section, unit: int, size: int, text: str, begin: int) -> Iterator[Chunk]:
        for start, piece in self._split_text(text, size):
            yield Chunk(unit, section.headings, piece, begin + start, begin + start + len(piece))

    def _split_text(self, text: str, size: int) -> Iterator[tuple[int, str]]:
        """Pieces of a text with their offsets in it."""
        begin = 0
        for unbroken in _UNBROKEN.finditer(text):
            yield from self._split_words(text, begin, unbroken.start(), size)
            # no word: base64, a drawn line; a tokenizer may take all of it for one unknown token
            for start in range(unbroken.start(), unbroken.end(), MAX_WORD_CHARACTERS):
                yield start, text[start : min(start + MAX_WORD_CHARACTERS, unbroken.end())]
            begin = unbroken.end()
        yield from self._split_words(text, begin, len(text), size)

    def _split_words(self, whole: str, begin: int, end: int, size: int) -> Iterator[tuple[int, str]]:
        from langchain_text_splitters import RecursiveCharacterTextSplitter

        text = whole[begin:end]
        overlap = min(self._overlap, size // 4)
        splitter = RecursiveCharacterTextSplitter(
            chunk_size=size,
            chunk_overlap=overlap,
            length_function=lambda part: self._counter.count_tokens([part])[0],
            separators=SEPARATORS,
            keep_separator="end",
            strip_whitespace=True,
        )
        # add_start_index of the splitter takes the overlap, which is in tokens, for characters
        start, stop = -1, 0
        for part in splitter.split_text(text):
            if not part.strip():
                continue
            start = text.find(part, start + 1)
            # text that repeats itself: on to where no more than the overlap is shared
            while start < stop and self._counter.count_tokens([text[start:stop]])[0] > overlap:
                later = text.find(part, start + 1)
                if later < 0:
                    break
                start = later
            stop = start + len(part)
            yield begin + start, part

    def _split_table(self, section: _Section, unit: int, size: int) -> Iterator[Chunk]:
        """Whole rows, the header repeated in front of each chunk but the first, where it stands already."""
        lines = section.text.split("\n")
        header = "\n".join(lines[:2])
        counts = self._counter.count_tokens(lines)
        if len(lines) <= 3 or sum(counts[:2]) > size // 2:
            yield from self._text_chunks(section, unit, size, section.text, section.start)
            return
        offsets = list(accumulate((len(line) + 1 for line in lines), initial=section.start))
        for first, last in _row_ranges(counts, size):
            rows = "\n".join(lines[first:last])
            top = 0 if first == 2 else first
            text = f"{header}\n{rows}"
            if self._counter.count_tokens([text])[0] <= size:
                yield Chunk(unit, section.headings, text, offsets[top], offsets[first] + len(rows))
            else:  # one row that is longer than a chunk is split like text
                yield from self._text_chunks(section, unit, size, "\n".join(lines[top:last]), offsets[top])


def _row_ranges(counts: Sequence[int], size: int) -> Iterator[tuple[int, int]]:
    """Ranges of a table's lines that fit a chunk behind the header, the first two lines; ``counts`` are the lines'
    tokens."""
    header = sum(counts[:2])
    first, tokens = 2, header
    for row in range(2, len(counts)):
        if row > first and tokens + counts[row] > size:
            yield first, row
            first, tokens = row, header
        tokens += counts[row]
    yield first, len(counts)


def _sections(unit: Unit) -> Iterator[_Section]:
    """Runs of blocks that may share a chunk; a table stands alone."""
    offset = 0
    run: list[Block] = []
    run_start = 0
    for block in unit.blocks:
        if run and (block.kind == "table" or run[-1].headings != block.headings):
            yield _joined(run, run_start)
            run = []
        if block.kind == "table":
            yield _Section(block.headings, offset, block.text, True)
        else:
            if not run:
                run_start = offset
            run.append(block)
        offset += len(block.text) + len(BLOCK_BREAK)
    if run:
        yield _joined(run, run_start)


def _joined(run: list[Block], start: int) -> _Section:
    return _Section(run[0].headings, start, BLOCK_BREAK.join(block.text for block in run), False)
