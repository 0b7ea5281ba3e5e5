"""Leaders: the dots that lead from a title to the number of its page, and pages of contents, which are made of them."""

from __future__ import annotations

import re

LEADERS = re.compile(r"(?:\.\s?){4,}|(?:\s\.){3,}|…{2,}|_{4,}")
# what every leader has, for texts that have none: a search asks it of a hundred passages
_SIGN = re.compile(r"…|\.\s?\.|__")
_DOTS = re.compile(r"[ \t]*(?:(?:\.[ \t]?){6,}|(?:[ \t]\.){4,}|…{2,})[ \t]*")
_ENTRY = re.compile(rf"(?:{LEADERS.pattern}|\s…)\s*(?:[A-Z]{{1,2}}-?)?(?:\d{{1,4}}|[ivxlc]{{1,7}})\W*$")
# entries that make a text a table of contents, where they are half of its lines
_FEWEST = 3


def shortened(text: str) -> str:
    """A text whose rows of dots, which say nothing and fill passages, are one sign each."""
    return _DOTS.sub(" … ", text) if ".." in text or " . " in text or "……" in text else text


def is_contents(text: str) -> bool:
    """Whether a text is a table of contents, or a part of one: it says where something stands, and nothing of it."""
    if not _SIGN.search(text):
        return False
    lines = [line for line in text.split("\n") if line.strip()]
    entries = sum(is_entry(line) for line in lines)
    return bool(entries) and (entries == len(lines) or (entries >= _FEWEST and 2 * entries >= len(lines)))


def is_entry(line: str) -> bool:
    """Whether a line is one of a table of contents: a title, leaders, and the number of a page."""
    return bool(_ENTRY.search(line))
