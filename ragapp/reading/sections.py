"""Cutting the blocks of a long document into the units that a person would point at: its sections, or its pages."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from ragapp.reading.blocks import BlockBuilder
from ragapp.reading.document import Block, Unit, UnitKind

# characters; below this a document is read at a glance and stays one unit
SHORT = 3000
# a section longer than this (about four pages) is cut at the headings inside it
LONG = 12_000
# without headings to cut at, parts are this long at the most, unless one table is longer
LONGEST = 24_000
_LONGEST_LABEL = 80

_Piece = tuple[str, list[Block]]  # label, blocks


def section_units(out: BlockBuilder) -> list[Unit]:
    """The units of a document whose only landmarks are headings.

    Args:
        out: all blocks of the document.

    Returns:
        One unit of kind ``document`` for a short document, else units of kind ``section`` whose labels are their
        headings.  At least one unit.
    """
    blocks = list(split_long(out.blocks))
    if _length(blocks) < SHORT:
        return [Unit(1, "document", blocks=blocks)]
    return numbered(cut(blocks, LONG), "section")


def page_units(out: BlockBuilder, pages: int) -> list[Unit]:
    """The units of a document that may say where its pages begin.

    Args:
        out: all blocks of the document and its page breaks.
        pages: how many pages the document itself says that it has; 0 where it does not say.

    Returns:
        One unit of kind ``page`` for each page where the page breaks found are as many as the document says;
        otherwise what :func:`section_units` gives.
    """
    starts = [0, *out.page_starts, len(out.blocks)]
    if not out.page_starts or len(starts) - 1 != pages:
        return section_units(out)
    return [
        Unit(number, "page", blocks=out.blocks[first:last])
        for number, (first, last) in enumerate(pairwise(starts), start=1)
    ]


def numbered(pieces: list[_Piece], kind: UnitKind, first: int = 1) -> list[Unit]:
    """Labelled pieces as units, numbered from ``first``."""
    return [Unit(number, kind, label, blocks) for number, (label, blocks) in enumerate(pieces, start=first)]


def cut(blocks: list[Block], longest: int) -> list[_Piece]:
    """Blocks cut at their outermost headings; pieces longer than ``longest`` at the headings inside, and so on.

    Returns:
        The pieces with the heading that each begins with; joined they are the blocks.
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
    """The blocks; a text without any paragraph for pages on end is cut at a line end, a sentence end or a space."""
    for block in blocks:
        if block.kind != "text" or len(block.text) <= LONGEST:
            yield block
            continue
        start = 0
        while start < len(block.text):
            end = _good_end(block.text, start)
            text = block.text[start:end].strip("\n ")
            if text:
                yield Block(text, "text", block.headings)
            start = end


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
    """The outermost depth from ``least`` at which there are at least two headings; ``least`` where there is none."""
    counts: dict[int, int] = {}
    for block in blocks:
        if block.kind == "heading":
            counts[len(block.headings)] = counts.get(len(block.headings), 0) + 1
    return next((depth for depth in sorted(counts) if depth >= least and counts[depth] > 1), least)


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
    label = _label(blocks)
    parts: list[list[Block]] = [[]]
    length = 0
    for block in blocks:
        if parts[-1] and length + len(block.text) > LONGEST:
            parts.append([])
            length = 0
        parts[-1].append(block)
        length += len(block.text)
    if len(parts) == 1:
        return [(label, blocks)]
    return [
        (f"{label}, part {number}" if label else f"part {number}", part) for number, part in enumerate(parts, start=1)
    ]


def _label(blocks: list[Block]) -> str:
    """The last of the headings that the piece begins with, else the one that it stands below."""
    label = blocks[0].headings[-1] if blocks and blocks[0].headings else ""
    for block in blocks:
        if block.kind != "heading":
            break
        label = block.text
    return label if len(label) <= _LONGEST_LABEL else label[: _LONGEST_LABEL - 1].rstrip() + "…"
