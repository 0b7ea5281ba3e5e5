"""Boxes of forms: of options that stand in one row, only the ticked ones hold.

A small model takes ``☐ yes ☒ no`` for a yes, and both words stand in the passage; so it is shown ``☒ no`` alone, and
the other word is no evidence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

_TICKED = re.compile(r"[☒☑🗹🗷⊠◉⦿✔✓■]|(?<!\w)\[[xX✓✔]\]|(?<!\w)\([xX✓✔]\)")
_BOX = re.compile(rf"{_TICKED.pattern}|[☐□❏❑🗆○◯⬜]|(?<!\w)\[[ _]?\]|(?<!\w)\([ _]\)")
# the cells of a row of a table, or a line
_PART = re.compile(r"[^\n|]+")

Span = tuple[int, int]


def ticked_only(text: str) -> str:
    """The text without the options that are not ticked beside one that is."""
    spans = unticked_spans(text)
    for begin, end in reversed(spans):
        text = f"{text[:begin].rstrip(' ')} {text[end:].lstrip(' ')}"
    return re.sub(r"^ (?=\S)| +$", "", text, flags=re.MULTILINE) if spans else text


def blank_unticked(text: str) -> str:
    """The text with spaces in place of such options, so that every other character keeps its offset."""
    for begin, end in unticked_spans(text):
        text = text[:begin] + " " * (end - begin) + text[end:]
    return text


def unticked_spans(text: str) -> list[Span]:
    """Where options stand that are not ticked, each with its box, in rows that have a ticked one."""
    if not _TICKED.search(text):
        return []
    return [span for part in _PART.finditer(text) for span in _in_row(part[0], part.start())]


def _in_row(row: str, offset: int) -> Iterator[Span]:
    boxes = list(_BOX.finditer(row))
    ticked = [_TICKED.fullmatch(box[0]) is not None for box in boxes]
    if all(ticked) or not any(ticked):
        return
    # a box stands before its words, unless the row ends with one
    behind = not row[boxes[-1].end() :].strip(" .;,")
    if behind:
        first = max(row.rfind(mark, 0, boxes[0].start()) for mark in ":?\t") + 1
        spans = [(first, boxes[0].end())] + [(one.end(), box.end()) for one, box in pairwise(boxes)]
    else:
        ends = [*(box.start() for box in boxes[1:]), len(row)]
        spans = [(box.start(), end) for box, end in zip(boxes, ends, strict=True)]
    if all(any(map(str.isalnum, _BOX.sub("", row[slice(*span)]))) for span in spans):
        yield from ((offset + begin, offset + end) for (begin, end), on in zip(spans, ticked, strict=True) if not on)
