"""A conversation as Markdown: text from documents and models is shown, and never is Markdown itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ragapp.index.conversations import ConversationRow, Turn, shortened
from ragapp.reading.document import place_name

PASSAGE_CHARACTERS = 300
# what programs make links of by itself: addresses; a code span is left alone by all of them
_ADDRESS = re.compile(r"\S*(?:@|://|\bwww\.|\bmailto:)\S*", re.IGNORECASE)
_MARKUP = re.compile(r"[\\`*_{}\[\]<>()#!|~&$=+^:-]")
_NUMBERED = re.compile(r"^(\d+)\.")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def as_markdown(row: ConversationRow, turns: Sequence[Turn]) -> str:
    """A conversation as one Markdown document.

    Args:
        row: title and dates.
        turns: in order.

    Returns:
        Each question, how it was understood where that differs, the answer with its numbered marks, and the quotes with
        document and page.
    """
    lines = [f"# {inert(row.title)}", "", f"{row.created_at[:10]}, {_counted(len(turns))}"]
    for n, turn in enumerate(turns, 1):
        lines += ["", f"## {n}. {inert(turn.question)}", ""]
        if turn.standalone.strip() != turn.question.strip():
            lines += [f"Understood as: {inert(turn.standalone)}", ""]
        lines += _answer(turn.answer)
    return "\n".join(lines) + "\n"


def inert(text: str) -> str:
    """Text on one line that every Markdown reader shows as it is: no links, pictures, HTML or formatting."""
    text = " ".join(_CONTROL.sub(" ", text).split())
    parts = []
    end = 0
    for address in _ADDRESS.finditer(text):
        parts += [_escaped(text[end : address.start()]), _code(address[0])]
        end = address.end()
    return _NUMBERED.sub(r"\1\\.", "".join([*parts, _escaped(text[end:])]))


def _escaped(text: str) -> str:
    return _MARKUP.sub(lambda match: f"\\{match[0]}", text)


def _code(text: str) -> str:
    """A code span, with more backticks around it than in it."""
    fence = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    return f"{fence} {text} {fence}" if "`" in text else f"{fence}{text}{fence}"


def _answer(answer: Mapping[str, Any]) -> Iterable[str]:
    sentences = answer.get("sentences") or []
    if sentences:
        for sentence in sentences:
            missing = "" if sentence.get("supported", True) else " *(not found in the passages)*"
            yield f"{inert(sentence['text'])}{missing}"
    else:
        yield inert(str(answer.get("answer", "")))
    if note := answer.get("note"):
        yield from ("", inert(str(note)))
    if citations := answer.get("citations"):
        yield from ("", "Sources:", "")
        for citation in citations:
            yield f"- \\[{citation['n']}\\] {_place(citation)}: “{inert(citation['quote'])}”"
    elif answer.get("abstained") and (passages := answer.get("passages")):
        yield from ("", "Nearest passages:", "")
        for passage in passages:
            yield f"- {_place(passage)}: “{inert(shortened(passage['text'], PASSAGE_CHARACTERS))}”"


def _place(source: Mapping[str, Any]) -> str:
    place = place_name(source.get("kind", "page"), source["page"], source.get("label", ""))
    return f"{inert(source['document'])}{', ' if place else ''}{inert(place)}"


def _counted(turns: int) -> str:
    return "1 question" if turns == 1 else f"{turns} questions"
