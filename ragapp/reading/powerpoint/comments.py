"""Comments on slides: those of old (ISO/IEC 29500-1, 19.4) and threads ([MS-PPTX] 2.6.3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ragapp.reading.left_out import LeftOut
from ragapp.reading.office.drawingml import TextContext, child, local, plain_text
from ragapp.reading.office.open_xml import Part
from ragapp.reading.package import BAD_PART
from ragapp.reading.text import one_line


def comment_authors(presentation: Part) -> dict[str, str]:
    """The names of authors by their ids."""
    names: dict[str, str] = {}
    for kind in ("commentAuthors", "authors"):
        for part in presentation.related(kind):
            try:
                authors = part.root
            except BAD_PART:
                continue
            names |= {
                node.get("id", ""): one_line(node.get("name", "")) for node in authors if isinstance(node.tag, str)
            }
    return names


def slide_comments(slide: Part, authors: dict[str, str], left_out: LeftOut, place: str) -> list[str]:
    """The comments on a slide, each with its author, replies below."""
    lines: list[str] = []
    for part in slide.related("comments"):
        try:
            root = part.root
        except BAD_PART:
            left_out.add("comment", "comments", place)
            continue
        for comment in root.iterchildren("{*}cm"):
            lines += [line for line in _thread(comment, authors) if line not in lines]
    return lines


def _thread(comment: Any, authors: dict[str, str]) -> Iterator[str]:
    resolved = comment.get("status", "") == "resolved"
    yield from _line("Resolved comment" if resolved else "Comment", comment, authors)
    for reply in comment.iterfind("{*}replyLst/{*}reply"):
        yield from _line("Reply", reply, authors)


def _line(kind: str, comment: Any, authors: dict[str, str]) -> Iterator[str]:
    body = child(comment, "txBody")
    text = plain_text(body, TextContext()) if body is not None else _old_text(comment)
    name = authors.get(comment.get("authorId", ""), "")
    if text.strip():
        yield f"{kind}{f' by {name}' if name else ''}: {text.strip()}"


def _old_text(comment: Any) -> str:
    return next((node.text or "" for node in comment if local(node) == "text"), "")
