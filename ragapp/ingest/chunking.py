"""Splitting units into chunks by the embedder's own tokenizer.

A chunk never crosses a unit, a heading or a title that stands in the text (`titles.py`), and never exceeds what the
embedder reads, prompt included, so no part of it is invisible.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, zip_longest
from typing import TYPE_CHECKING

from ragapp.index.catalog_writes import context_line
from ragapp.index.chunk_text import EmbeddedText
from ragapp.index.lead_in import lead_in
from ragapp.index.records import Chunk
from ragapp.ingest.titles import Part, PartKind, titled_parts
from ragapp.reading.document import Document, Unit

if TYPE_CHECKING:
    from ragapp.index.model_folder import EmbedderTokenizer

# part of a store's identity: raise it when the same document would be split in another way
CHUNKER_VERSION = 5
# what is longer without a space or a mark that scripts without spaces divide by is no word, and is split by characters
MAX_WORD_CHARACTERS = 400
# characters of a line that introduces a list, which is repeated in front of its rest
MAX_LEAD_IN = 200
_SPACE = re.compile(r"\s*")
_MARKS = "。！？；，、।॥։።"
_UNBROKEN = re.compile(rf"[^\s{_MARKS}]{{{MAX_WORD_CHARACTERS},}}")
SEPARATORS = ["\n\n", "\n", ". ", "! ", "? ", *_MARKS[:3], *_MARKS[6:], "; ", "；", ", ", "，", "、", " ", ""]
# rows of figures stay with the title above them, whatever gap is between
ROW_SEPARATORS = SEPARATORS[1:]


@dataclass(frozen=True, slots=True)
class _Section:
    """Consecutive parts of one unit under one heading path."""

    headings: tuple[str, ...]
    start: int
    text: str
    kind: PartKind

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
        parts = titled_parts(document.units)
        chunks = [
            chunk for unit, own in zip(document.units, parts, strict=True) for chunk in self._split_unit(unit, own)
        ]
        # tokens do not add up, and the prompt may join with a text: what the model really reads is counted in the end
        counts = self._counter.passage_tokens([chunk.text for chunk in chunks])
        limit = self._counter.max_tokens
        return [
            piece
            for chunk, count in zip(chunks, counts, strict=True)
            for piece in ([chunk] if count <= limit else self._cut(chunk))
        ]

    def embedded_text(self, chunk: Chunk, title: str, name: str) -> EmbeddedText:
        """What the embedder reads for a chunk; neither part exceeds its window."""
        line = context_line(name, title, chunk.headings)
        while line and self._counter.passage_tokens([line])[0] > self._counter.max_tokens:
            # the end of the path is the most specific, so the front is cut
            line = line[max(1, len(line) // 8) :].lstrip()
        return EmbeddedText(line, chunk.text)

    @property
    def _room(self) -> int:
        return self._counter.max_tokens - self._counter.special_tokens

    def _cut(self, chunk: Chunk) -> Iterator[Chunk]:
        """A chunk that is too long, in pieces that the model reads whole; a header repeated in front is left out."""
        own = chunk.text[len(chunk.text) - (chunk.end - chunk.start) :]
        for start, piece in self._halves(own, self._counter.max_tokens, self._counter.passage_tokens):
            begin = chunk.start + start
            yield Chunk(chunk.unit, chunk.headings, piece, begin, begin + len(piece))

    def _halves(
        self, text: str, limit: int, count: Callable[[Sequence[str]], list[int]], start: int = 0
    ) -> Iterator[tuple[int, str]]:
        """A text cut in halves, at a space where there is one, until each has no more than ``limit`` tokens."""
        bare = text.strip()
        start += len(text) - len(text.lstrip())
        if len(bare) < 2 or count([bare])[0] <= limit:
            if bare:
                yield start, bare
            return
        middle = len(bare) // 2
        cut = bare.rfind(" ", len(bare) // 4, middle) + 1 or middle
        yield from self._halves(bare[:cut], limit, count, start)
        yield from self._halves(bare[cut:], limit, count, start + cut)

    def _split_unit(self, unit: Unit, parts: Sequence[Part]) -> Iterator[Chunk]:
        sections = list(_sections(unit.text, parts))
        size = min(self._tokens, self._room)
        for section, following in zip_longest(sections, sections[1:]):
            if following and section.is_heading_of(following):
                continue
            if section.kind == "table":
                yield from self._split_table(section, unit.number, size)
            else:
                yield from self._text_chunks(section, unit.number, size, section.text, section.start)

    def _text_chunks(self, section: _Section, unit: int, size: int, text: str, begin: int) -> Iterator[Chunk]:
        """Pieces of a text; one that begins within a list has the line that introduces that in front."""
        for start, piece in self._split_text(text, size, ROW_SEPARATORS if section.kind == "rows" else SEPARATORS):
            lead = lead_in(text, start)
            shown = f"{lead}:\n{piece}" if lead and len(lead) <= MAX_LEAD_IN else piece
            yield Chunk(unit, section.headings, shown, begin + start, begin + start + len(piece))

    def _split_text(self, text: str, size: int, separators: list[str]) -> Iterator[tuple[int, str]]:
        """Pieces of a text with their offsets in it."""
        begin = 0
        for unbroken in _UNBROKEN.finditer(text):
            yield from self._split_words(text, begin, unbroken.start(), size, separators)
            # no word: base64, a drawn line; a tokenizer may take all of it for one unknown token
            for start in range(unbroken.start(), unbroken.end(), MAX_WORD_CHARACTERS):
                piece = text[start : min(start + MAX_WORD_CHARACTERS, unbroken.end())]
                yield from self._halves(piece, size, self._counter.count_tokens, start)
            begin = unbroken.end()
        yield from self._split_words(text, begin, len(text), size, separators)

    def _split_words(
        self, whole: str, begin: int, end: int, size: int, separators: list[str]
    ) -> Iterator[tuple[int, str]]:
        from langchain_text_splitters import RecursiveCharacterTextSplitter

        text = whole[begin:end]
        overlap = min(self._overlap, size // 4)
        splitter = RecursiveCharacterTextSplitter(
            chunk_size=size,
            chunk_overlap=overlap,
            length_function=lambda part: self._counter.count_tokens([part])[0],
            separators=separators,
            keep_separator="end",
            strip_whitespace=True,
        )
        # add_start_index of the splitter takes the overlap, which is in tokens, for characters
        start, stop = -1, 0
        for part in splitter.split_text(text):
            if not part.strip():
                continue
            # text that repeats itself: the last place that leaves no gap, so the end is reached
            rest = _SPACE.match(text, stop)
            place = text.rfind(part, start + 1, (rest.end() if rest else stop) + len(part))
            if place < 0:
                place = text.find(part, start + 1)
            if place < 0:
                continue  # the text ends with it, and is covered
            start, stop = place, place + len(part)
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


def _sections(text: str, parts: Sequence[Part]) -> Iterator[_Section]:
    """Runs of a unit's parts that may share a chunk; a table stands alone."""
    run: list[Part] = []
    for part in parts:
        if run and ("table" in (part.kind, run[-1].kind) or run[-1].headings != part.headings):
            yield _joined(text, run)
            run = []
        run.append(part)
    if run:
        yield _joined(text, run)


def _joined(text: str, run: Sequence[Part]) -> _Section:
    start, end = run[0].start, run[-1].end
    return _Section(run[0].headings, start, text[start:end], run[-1].kind)
