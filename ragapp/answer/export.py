"""A conversation as Markdown: text from documents and models is shown, and never is Markdown itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from ragapp.answer.table_text import linearize_tables
from ragapp.contract import Answer, Conversation, Place, Turn
from ragapp.index.conversations import shortened
from ragapp.reading.document import place_name

PASSAGE_CHARACTERS = 300
# what programs make links of by itself: addresses; a code span is left alone by all of them
_ADDRESS = re.compile(r"\S*(?:@|://|\bwww\.|\bmailto:)\S*", re.IGNORECASE)
_MARKUP = re.compile(r"[\\`*_{}\[\]<>()#!|~&$=+^:-]")
_NUMBERED = re.compile(r"^(\d+)\.")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Words:
    """The fixed texts of an export, in one language."""

    understood: str = "Understood as: {question}"
    unsupported: str = "not found in the passages"  #: behind a sentence that no passage states
    sources: str = "Sources:"
    reading: str = "How {document} was read:"  #: above what was not read of it
    nearest: str = "Nearest passages:"  #: above the passages of an abstention
    place: Callable[[Place], str] = lambda place: place_name(place.kind, place.page, place.label)


def conversation_markdown(conversation: Conversation, turns: Sequence[Turn]) -> str:
    """A kept conversation as one Markdown document."""
    told = f"{conversation.created_at[:10]}, {'1 question' if len(turns) == 1 else f'{len(turns)} questions'}"
    return entries_markdown(conversation.title, [(turn.question, turn.answer) for turn in turns], told)


def entries_markdown(
    title: str, entries: Iterable[tuple[str, Answer | str]], told: str = "", words: Words = Words()
) -> str:
    """Questions and answers as one Markdown document.

    Args:
        entries: questions, each with its answer or with why there is none.
        told: a line below the title; may be empty.
    """
    lines = [f"# {escape_markdown(title)}", *(["", told] if told else [])]
    for n, (question, answer) in enumerate(entries, 1):
        lines += ["", f"## {n}. {escape_markdown(question)}", ""]
        lines += [escape_markdown(answer)] if isinstance(answer, str) else _answer(answer, words)
    return "\n".join(lines) + "\n"


def escape_markdown(text: str) -> str:
    """Text on one line that every Markdown reader shows as it is: no links, pictures, HTML or formatting."""
    text = " ".join(_CONTROL.sub(" ", text).split())
    parts, end = [], 0
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


def _answer(answer: Answer, words: Words) -> Iterator[str]:
    if answer.understood_as:
        yield from (words.understood.format(question=escape_markdown(answer.understood_as)), "")
    for sentence in answer.sentences:
        yield escape_markdown(sentence.text) + ("" if sentence.supported else f" *({words.unsupported})*")
    if not answer.sentences:
        yield escape_markdown(answer.answer)
    if answer.note:
        yield from ("", escape_markdown(answer.note))
    for read in answer.warnings:
        yield from ("", words.reading.format(document=escape_markdown(read.document)), "")
        yield from (f"- {escape_markdown(warning)}" for warning in read.warnings)
    if answer.citations:
        yield from ("", words.sources, "")
        for citation in answer.citations:
            yield f"- \\[{citation.n}\\] {_place(citation, words)}: “{escape_markdown(citation.quote)}”"
    elif answer.abstained and answer.passages:
        yield from ("", words.nearest, "")
        for passage in answer.passages:
            text = shortened(linearize_tables(passage.text), PASSAGE_CHARACTERS)
            yield f"- {_place(passage, words)}: “{escape_markdown(text)}”"


def _place(place: Place, words: Words) -> str:
    return ", ".join(escape_markdown(part) for part in (place.document, words.place(place)) if part)
