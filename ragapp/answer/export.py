"""A conversation as Markdown: text from documents and models is shown, and never is Markdown itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ragapp.answer.rows import spell_out_rows
from ragapp.index.conversations import ConversationRow, Turn, shortened, understood_as
from ragapp.reading.document import place_name

PASSAGE_CHARACTERS = 300
# what programs make links of by itself: addresses; a code span is left alone by all of them
_ADDRESS = re.compile(r"\S*(?:@|://|\bwww\.|\bmailto:)\S*", re.IGNORECASE)
_MARKUP = re.compile(r"[\\`*_{}\[\]<>()#!|~&$=+^:-]")
_NUMBERED = re.compile(r"^(\d+)\.")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Entry:
    """A question of an export.

    Attributes:
        question: as the person asked it.
        answer: as :meth:`ragapp.answer.result.Answer.as_json` gives it, or ``answer`` alone: why there is none.
        understood: what was answered, where that is another question; else empty.
    """

    question: str
    answer: Mapping[str, Any]
    understood: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """What an export says itself, in one language.

    Attributes:
        understood: with ``{question}``.
        unsupported: behind a sentence that no passage states.
        sources: above the quotes.
        nearest: above the passages of an abstention.
        place: what a unit is called: its kind, number and label.
    """

    understood: str = "Understood as: {question}"
    unsupported: str = "not found in the passages"
    sources: str = "Sources:"
    nearest: str = "Nearest passages:"
    place: Callable[[str, int, str], str] = place_name


def as_markdown(row: ConversationRow, turns: Sequence[Turn]) -> str:
    """A stored conversation as one Markdown document.

    Args:
        row: title and dates.
        turns: in order.
    """
    entries = [Entry(turn.question, turn.answer, understood_as(turn.question, turn.standalone)) for turn in turns]
    return entries_as_markdown(row.title, entries, f"{row.created_at[:10]}, {_counted(len(turns))}")


def entries_as_markdown(title: str, entries: Iterable[Entry], told: str = "", words: Words = Words()) -> str:
    """Questions and answers as one Markdown document.

    Args:
        title: above all.
        entries: in order.
        told: a line below the title; may be empty.
        words: of the reader's language.

    Returns:
        Each question, how it was understood where that differs, the answer with its numbered marks, and the quotes with
        document and page.
    """
    lines = [f"# {inert(title)}", *(["", told] if told else [])]
    for n, entry in enumerate(entries, 1):
        lines += ["", f"## {n}. {inert(entry.question)}", ""]
        if entry.understood:
            lines += [words.understood.format(question=inert(entry.understood)), ""]
        lines += _answer(entry.answer, words)
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


def _answer(answer: Mapping[str, Any], words: Words) -> Iterator[str]:
    sentences = answer.get("sentences") or []
    if sentences:
        for sentence in sentences:
            missing = "" if sentence.get("supported", True) else f" *({words.unsupported})*"
            yield f"{inert(sentence['text'])}{missing}"
    else:
        yield inert(str(answer.get("answer", "")))
    if note := answer.get("note"):
        yield from ("", inert(str(note)))
    if citations := answer.get("citations"):
        yield from ("", words.sources, "")
        for citation in citations:
            yield f"- \\[{citation['n']}\\] {_place(citation, words)}: “{inert(citation['quote'])}”"
    elif answer.get("abstained") and (passages := answer.get("passages")):
        yield from ("", words.nearest, "")
        for passage in passages:
            text = shortened(spell_out_rows(passage["text"]), PASSAGE_CHARACTERS)
            yield f"- {_place(passage, words)}: “{inert(text)}”"


def _place(source: Mapping[str, Any], words: Words) -> str:
    place = words.place(source.get("kind", "page"), source["page"], source.get("label", ""))
    return f"{inert(source['document'])}{', ' if place else ''}{inert(place)}"


def _counted(turns: int) -> str:
    return "1 question" if turns == 1 else f"{turns} questions"
