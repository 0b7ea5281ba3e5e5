"""Rows of boxes of which some are ticked, with what is ticked in words: ``☐ yes ☒ no [answer: no]``.

A form says what holds by a sign in front of a word. To a small language model every word of the row is there alike, so
what is ticked is said once more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from ragapp.reading.document import Block

_BOX = re.compile(r"[☐☒☑]|\[[ xX]\]")
_OPEN = ("☐", "[ ]")
_CELL = re.compile(r"(\s*(?<!\\)\|\s*)")  # between the cells of a row
_ENDS = " \t.,;:/–-"
_LONGEST_LABEL = 60
_MOST_BOXES = 20  # a longer row is a table of boxes


def say_ticks(blocks: list[Block]) -> list[Block]:
    """Blocks in which rows of two boxes or more say which of them are ticked; the others as they are."""
    return [replace(block, text=_text(block.text)) if _has_boxes(block.text) else block for block in blocks]


def _has_boxes(text: str) -> bool:
    return "☐" in text or "☒" in text or "☑" in text or "[ ]" in text


def _text(text: str) -> str:
    return "\n".join(
        "".join(part + _said(part) for part in _CELL.split(line)) if _BOX.search(line) else line
        for line in text.split("\n")
    )


def _said(row: str) -> str:
    """What is added to a row of boxes; empty for what is none."""
    boxes = list(_BOX.finditer(row))
    if not 2 <= len(boxes) <= _MOST_BOXES or "[answer:" in row:
        return ""
    labels = list(_labels(row, boxes))
    if not all(0 < len(label) <= _LONGEST_LABEL for label in labels):
        return ""
    ticked = [label for label, box in zip(labels, boxes, strict=True) if box[0] not in _OPEN]
    return f" [answer: {', '.join(ticked) or 'none'}]"


def _labels(row: str, boxes: list[re.Match[str]]) -> Iterator[str]:
    """The label of each box: the words behind it, or those before it where the row ends with a box."""
    if row[boxes[-1].end() :].strip(_ENDS):
        ends = [*(box.start() for box in boxes[1:]), len(row)]
        yield from (row[box.end() : end].strip(_ENDS) for box, end in zip(boxes, ends, strict=True))
    else:
        starts = [0, *(box.end() for box in boxes[:-1])]
        for start, box in zip(starts, boxes, strict=True):
            yield row[start : box.start()].rstrip(_ENDS).rpartition(":")[2].strip(_ENDS)
