"""The line that introduces a list: what it says holds for each point below it.

"The plan does not cover:" decides what "• massage and hypnosis" says, which alone denies nothing.
"""

from __future__ import annotations

import re

from ragapp.index.sentences import sentence_spans
from ragapp.reading.bullets import BULLETS

#: the mark of a point at the beginning of a line
POINT = re.compile(rf"[ \t]*(?:\(?(?:\d{{1,2}}|[a-z])[.)]|[{BULLETS}])\s+")
# lines of a list that are looked through, and characters, so that a long text costs no more than a short one
_MOST_LINES = 60
_MOST_CHARACTERS = 20_000
_TITLE_WORDS = 8


def lead_in(text: str, begin: int) -> str:
    """The sentence that introduces the list of which a point begins at an offset, without its colon.

    Lines that are no points themselves go on the point above them. Empty where no point begins there, or where no line
    that ends with a colon stands above the list.
    """
    least = max(0, begin - _MOST_CHARACTERS)
    start = text.rfind("\n", least, begin) + 1 or least
    if not POINT.match(text, start):
        return ""
    lines = text[least:start].split("\n")[bool(least) : -1][-_MOST_LINES:]
    for number in range(len(lines) - 1, -1, -1):
        line = lines[number].rstrip()
        if "|" in line:
            return ""
        if line.endswith(":") and not POINT.match(line):
            return _last_sentence(lines[: number + 1])
    return ""


def introduced(text: str, begin: int, end: int) -> str:
    """What stands between two offsets, a list's point behind the sentence that introduces it."""
    lead = lead_in(text, begin)
    return f"{lead} {text[begin:end]}" if lead else text[begin:end]


def _is_title_of(line: str, following: str) -> bool:
    """Whether a line is a title above a sentence, and not its beginning."""
    return following[0].isupper() and not line.rstrip().endswith((".", ",", ";")) and len(line.split()) <= _TITLE_WORDS


def _last_sentence(lines: list[str]) -> str:
    """The sentence at the end of some lines, which may have begun on earlier ones, without its colon."""
    paragraph: list[str] = []
    for line in reversed(lines):
        if not line.strip() or (paragraph and (POINT.match(line) or _is_title_of(line, paragraph[0]))):
            break
        paragraph.insert(0, line.strip())
    text = " ".join(paragraph)
    *_, (begin, end) = sentence_spans(text)
    return text[begin:end].rstrip(" :")
