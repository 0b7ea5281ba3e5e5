"""Boxes of forms: of options that stand in one row, only the ticked ones hold.

A small model takes ``☐ yes ☒ no`` for a yes, and both words stand in the passage; so it is shown ``no`` alone, and the
other word is no evidence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise

_TICKED = re.compile(r"[☒☑🗹🗷⊠◉⦿✔✓■]|(?<!\w)\[[xX✓✔]\]|(?<!\w)\([xX✓✔]\)")
_BOX = re.compile(rf"{_TICKED.pattern}|[☐□❏❑🗆○◯⬜]|(?<!\w)\[[ _]?\]|(?<!\w)\([ _]\)")
# the cells of a row of a table, or a line
_PART = re.compile(r"[^\n|]+")

# the two answers of forms, and what else denies, in the languages of the prompts
_YES = frozenset(["yes", "oui", "ja", "sí", "si", "sì", "sim", "tak", "y"])
_NO = frozenset(["no", "non", "nein", "nee", "nej", "não", "nie", "n"])
_DENIES = re.compile(
    r"\b(?:no|not|never|without|cannot|ne|n|pas|aucun|aucune|sans|kein|keine|keinen|nicht|ohne|sin)\b|n['’]t\b"
)
# so many of a row's words in a sentence say that it is about the row
_MOST_SHARED = 0.6

Span = tuple[int, int]


def ticked_only(text: str) -> str:
    """The text with the ticked options alone, without their boxes, in each row that has both kinds."""
    return _PART.sub(lambda part: _ticked_of(part[0]), text) if _TICKED.search(text) else text


def _ticked_of(row: str) -> str:
    spans = list(_in_row(row, 0))
    if not spans:
        return row
    ahead, behind = row[: len(row) - len(row.lstrip())], row[len(row.rstrip()) :]
    for begin, end in reversed(spans):
        row = f"{row[:begin]} {row[end:]}"
    words = " ".join(_TICKED.sub(" , ", row).split()).replace(" ,", ",")
    return ahead + re.sub(r"(^|:),", r"\1", words).strip(", ") + behind


def blank_unticked(text: str) -> str:
    """The text with spaces in place of such options, so that every other character keeps its offset."""
    for begin, end in unticked_spans(text):
        text = text[:begin] + " " * (end - begin) + text[end:]
    return text


def blank_options(text: str) -> str:
    """The text with spaces in place of all options of rows that have a ticked one: a "no" there denies nothing else."""
    for part in _PART.finditer(text):
        spans = list(_in_row(part[0], part.start()))
        if spans:
            first = min(box.start() for box in _BOX.finditer(part[0])) + part.start()
            text = text[:first] + " " * (part.end() - first) + text[part.end() :]
    return text


def denies_ticks(sentence: str, text: str, stems: Callable[[str], Iterable[str]]) -> bool | None:
    """Whether a sentence says yes to what a row of the text ticks as a no, or no to what it ticks as a yes.

    ``stems`` gives the terms of a text, by which a sentence and a row are about the same. None where no row is.
    """
    if not _TICKED.search(text):
        return None
    words = re.findall(r"\w+", sentence.lower())
    says = words[0] in _YES or (words[0] not in _NO and not _DENIES.search(sentence.lower())) if words else True
    said = set(stems(sentence))
    for part in _PART.finditer(text):
        spans = list(_in_row(part[0], 0))
        options = (
            {word.lower() for word in re.findall(r"\w+", _TICKED.sub(" ", _ticked_of(part[0])))} if spans else set()
        )
        label = set(stems(part[0][: min(box.start() for box in _BOX.finditer(part[0]))])) if spans else set()
        holds = bool(options & _YES), bool(options & _NO)
        about = label and len(label & said) >= _MOST_SHARED * len(label)
        if about and holds[0] != holds[1]:
            return holds[0] != says
    return None


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
