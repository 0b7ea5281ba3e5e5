"""The comments of a Word document, each with the passage that it is about (ISO/IEC 29500-1, 17.13.4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ragapp.reading.text import one_line
from ragapp.reading.word.looks import W

_LONGEST_PASSAGE = 120
_PARAGRAPH_ID = "{http://schemas.microsoft.com/office/word/2010/wordml}paraId"
_W15 = "{http://schemas.microsoft.com/office/word/2012/wordml}"


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment.

    Attributes:
        element: that holds its paragraphs.
        author: its author's name, empty where it has none.
        passage: the beginning of what it is about, empty where it is about a point.
        resolved: whether it is marked as done.
    """

    element: Any
    author: str
    passage: str
    resolved: bool

    @property
    def heading(self) -> str:
        """How its text is introduced: ``Comment (Ada) on "30 days"``."""
        who = ", ".join(filter(None, [self.author, "resolved" if self.resolved else ""]))
        about = f' on "{self.passage}"' if self.passage else ""
        return f"Comment{f' ({who})' if who else ''}{about}"


def read_comments(root: Any, comments: Mapping[str, Any], extended: Any = None) -> list[Comment]:
    """The comments on a document in the order in which they begin in it.

    Args:
        root: of the document.
        comments: the elements of the comments by their ids.
        extended: the root element of what later versions of Word note of comments.
    """
    if not comments:
        return []
    done = {
        one.get(f"{_W15}paraId")
        for one in (extended.iterchildren(f"{_W15}commentEx") if extended is not None else ())
        if one.get(f"{_W15}done") in ("1", "true")
    }
    found: list[Comment] = []
    for number, passage in _passages(root).items():
        element = comments.get(number)
        if element is None:
            continue
        identifiers = {paragraph.get(_PARAGRAPH_ID) for paragraph in element.iter(f"{W}p")} - {None}
        resolved = bool(identifiers & done)
        found.append(Comment(element, one_line(element.get(f"{W}author", "")), passage, resolved))
    return found


def _passages(root: Any) -> dict[str, str]:
    """The passages that comments are about, by the comments' ids."""
    pieces: dict[str, list[str]] = {}
    running: dict[str, int] = {}  # with the number of characters so far
    for node in root.iter(f"{W}commentRangeStart", f"{W}commentRangeEnd", f"{W}commentReference", f"{W}t", f"{W}p"):
        number = node.get(f"{W}id", "")
        if node.tag == f"{W}commentRangeStart":
            pieces.setdefault(number, [])
            running[number] = 0
        elif node.tag == f"{W}commentRangeEnd":
            running.pop(number, None)
        elif node.tag == f"{W}commentReference":
            pieces.setdefault(number, [])
        elif text := " " if node.tag == f"{W}p" else node.text or "":
            for each in list(running):
                pieces[each].append(text)
                running[each] += len(text)
                if running[each] > _LONGEST_PASSAGE:  # enough of it
                    del running[each]
    return {number: _shortened(one_line("".join(texts))) for number, texts in pieces.items()}


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_PASSAGE else text[:_LONGEST_PASSAGE].rsplit(" ", 1)[0].rstrip() + "…"
