"""Plain text, and markup that reads well as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ragapp.reading.blocks import SHORT, BlockBuilder, batches, split_long
from ragapp.reading.document import DEFAULT_OPTIONS, Block, Document, ReadOptions, Unit
from ragapp.reading.text import clean, decode, read_bytes

# a unit of a long text is about as long as two pages, and whole paragraphs
_UNIT = 6000


def read_plain(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """Read plain text of any encoding, one block a paragraph."""
    text, notes = decode(read_bytes(path))
    return Document(path.stem, plain_units(text), warnings=notes)


def plain_units(text: str) -> list[Unit]:
    """Units of kind ``page`` between form feeds, else one ``document`` or, of a long text, ``section`` units of lines.

    A section is labelled ``lines 1-120``.
    """
    pages = text.rstrip("\f\n\r ").split("\f")
    if len(pages) > 1:
        return [Unit(number, "page", blocks=_paragraphs(page)) for number, page in enumerate(pages, start=1)]
    text = clean(text).rstrip("\n")
    if len(text) < SHORT:
        return [Unit(1, "document", blocks=_paragraphs(text))]
    return _line_units(text)


def _paragraphs(text: str) -> list[Block]:
    out = BlockBuilder()
    out.paragraphs(text)
    return list(split_long(out.blocks))


def _line_units(text: str) -> list[Unit]:
    groups = batches(_numbered(text), _UNIT, lambda numbered: len(numbered[2].text))
    if len(groups) < 2:
        return [Unit(1, "document", blocks=[block for group in groups for _, _, block in group])]
    units: list[Unit] = []
    for number, group in enumerate(groups, start=1):
        first, last = group[0][0], group[-1][1]
        label = f"lines {first}-{last}" if last > first else f"line {first}"
        units.append(Unit(number, "section", label, [block for _, _, block in group]))
    return units


def _numbered(text: str) -> Iterator[tuple[int, int, Block]]:
    """The paragraphs of a text, each with its first and last line."""
    line = 1
    for piece in re.split(r"(\n{2,})", text):
        if piece.strip("\n"):
            for start, part in _at_lines(piece):
                for block in _paragraphs(part):
                    yield line + start, line + start + part.count("\n"), block
        line += piece.count("\n")


def _at_lines(paragraph: str) -> list[tuple[int, str]]:
    """A paragraph with the line, from 0, that it begins with; one longer than a unit is cut between lines."""
    if len(paragraph) <= _UNIT:
        return [(0, paragraph)]
    parts = batches(enumerate(paragraph.split("\n")), _UNIT + 1, lambda line: len(line[1]) + 1)
    return [(part[0][0], "\n".join(line for _, line in part)) for part in parts]
