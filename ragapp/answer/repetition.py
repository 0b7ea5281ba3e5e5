"""A model that repeats itself: where its text begins to go round in circles."""

from __future__ import annotations

import re

# characters at the end of a text in which a loop is looked for, and those that a loop has at least
_TAIL, _LEAST = 400, 40
# characters that what is repeated has at the most
_LONGEST = 91
_LOOP = re.compile(r"(?P<unit>\w.{1,90}?|\w)(?P=unit){3,}.{0,90}\Z", re.DOTALL)
_UNIT = re.compile(r"[^\n.!?…]+(?:[.!?…]+|\n|\Z)")
# a sentence or line that comes so often is a loop
_TIMES = 3


def loop_start(text: str) -> int:
    """Where a text begins to repeat itself, behind the first time that it says so; -1 where it does not.

    A loop is a sentence or line for the third time, or anything that stands four times in a row at the end.
    """
    seen: dict[str, list[int]] = {}
    for found in _UNIT.finditer(text):
        words = _words(found[0])
        if not words:
            continue
        starts = seen.setdefault(words, [])
        starts.append(found.start())
        if len(starts) == _TIMES:
            return starts[1]
    tail = max(0, len(text) - _TAIL)
    loop = _LOOP.search(text, tail)
    if loop:
        unit = loop["unit"]
        run = re.match(rf"(?:{re.escape(unit)}){{4,}}", loop[0])
        rest = loop[0][run.end() :] if run else "x"
        if run and len(run[0]) >= _LEAST and unit.startswith(rest[: len(unit)]):
            return loop.start() + len(unit)
    return -1


def stands(text: str, end: int) -> bool:
    """Whether a growing text keeps what stands before the end of a sentence, even if it goes round in circles later.

    :func:`loop_start` would cut in front of it where it says something again, or where all that follows repeats it.
    """
    seen: set[str] = set()
    for found in _UNIT.finditer(text):
        if found.start() >= end:
            break
        if found.end() == len(text) and found[0][-1] not in ".!?…\n":
            return False  # it goes on
        words = _words(found[0])
        if words and words in seen:
            return False
        seen.add(words)
    # a cut in the middle of a word goes back to the space before it
    space = text.find(" ", end)
    rest = text[space:]
    return space >= 0 and not any(
        text[space - period : len(text) - period] == rest for period in range(1, min(_LONGEST, space) + 1)
    )


def _words(unit: str) -> str:
    """The words of a sentence or line; nothing where they are too few to tell a loop by."""
    words = " ".join(re.findall(r"\w+", unit.lower()))
    return words if len(words) >= 3 else ""
