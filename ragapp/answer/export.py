"""A conversation as Markdown: text from documents and models is shown, and never is Markdown itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from ragapp.answer.layout import Items, Paragraph, Table, is_quotation, item_mark, lay_out
from ragapp.answer.table_text import linearize_tables
from ragapp.contract import Answer, Conversation, Grade, Place, Sentence, Turn
from ragapp.index.conversations import shortened
from ragapp.plain_words import counted
from ragapp.reading.document import place_name

PASSAGE_CHARACTERS = 300
# what programs make links of by itself: addresses; a code span is left alone by all of them
_ADDRESS = re.compile(r"\S*(?:@|://|\bwww\.|\bmailto:)\S*", re.IGNORECASE)
_MARKUP = re.compile(r"[\\`*_{}\[\]<>()#!|~&$=+^:-]")
_BAR = re.compile(r"(?<!\\)\|")
_NUMBERED = re.compile(r"^(\d+)\.")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Words:
    """The fixed texts of an export, in one language."""

    answered: str = "Answered"
    likely: str = "Likely: check the page"
    not_found: str = "Not in your documents"
    not_stated: str = "Not stated: {parts}"  #: below an answer, what no passage states of what was asked for
    between_parts: str = "; "  #: of these
    understood: str = "Understood as: {question}"
    unsupported: str = "not found in the passages"  #: behind a sentence that no passage states
    sources: str = "Sources:"
    reading: str = "How {document} was read:"  #: above what was not read of it
    quoted: str = "{where}: “{quote}”"  #: the words of a source
    nearest: str = "Nearest passages:"  #: above the passages of an abstention
    place: Callable[[Place], str] = lambda place: place_name(place.kind, place.page, place.label)
    told: Callable[[str], str] = str  #: a warning of ragapp's own

    def grade(self, grade: Grade) -> str:
        """What a grade is called."""
        return {"answered": self.answered, "likely": self.likely, "not_found": self.not_found}[grade]


def conversation_markdown(
    conversation: Conversation, turns: Sequence[Turn], words: Words = Words(), told: str = ""
) -> str:
    """A kept conversation as one Markdown document; ``told`` below its title, by default its day and how long it is."""
    told = told or f"{conversation.created_at[:10]}, {counted(len(turns), 'question')}"
    return entries_markdown(conversation.title, [(turn.question, turn.answer) for turn in turns], told, words)


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
    doubt = f". {escape_markdown(answer.doubt)}" if answer.doubt else ""
    if answer.basis == "documents":  # the note says what another one rests on
        yield f"**{words.grade(answer.grade)}**{doubt}"
    quoted = "> " if is_quotation(answer) else ""
    for block in _blocks(answer, words):
        yield from ("", *(f"{quoted}{line}" for line in block))
    if answer.not_stated:
        yield from (
            "",
            words.not_stated.format(parts=words.between_parts.join(map(escape_markdown, answer.not_stated))),
        )
    if answer.query:
        yield from ("", *(_code(" ".join(line.split())) for line in answer.query.splitlines()))
    if answer.note:
        yield from ("", escape_markdown(answer.note))
    for read in answer.warnings:
        yield from ("", words.reading.format(document=escape_markdown(read.document)), "")
        yield from (f"- {escape_markdown(words.told(warning))}" for warning in read.warnings)
    if answer.citations:
        yield from ("", words.sources, "")
        for citation in answer.citations:
            yield f"- \\[{citation.n}\\] {_quoted(citation, citation.quote, words)}"
    elif answer.abstained and answer.passages:
        yield from ("", words.nearest, "")
        for passage in answer.passages:
            text = shortened(linearize_tables(passage.text), PASSAGE_CHARACTERS)
            yield f"- {_quoted(passage, text, words)}"


def _quoted(place: Place, quote: str, words: Words) -> str:
    return words.quoted.format(where=_place(place, words), quote=escape_markdown(quote))


def _blocks(answer: Answer, words: Words) -> Iterator[list[str]]:
    """The lines of each block of an answer; paragraphs that follow each other are one, a line a sentence."""
    lines: list[str] = []
    for block in lay_out(answer):
        if isinstance(block, Paragraph):
            lines += _sentences(block.sentences, words)
            continue
        if lines:
            yield lines
            lines = []
        if isinstance(block, Items):
            yield [f"{item_mark(item)} {' '.join(_sentences(item.sentences, words))}" for item in block.items]
        else:
            yield _table(block, words)
    if lines:
        yield lines


def _sentences(sentences: Iterable[Sentence], words: Words) -> list[str]:
    return [escape_markdown(one.text) + _flag(one.supported, words) for one in sentences]


def _flag(supported: bool, words: Words) -> str:
    return "" if supported else f" *({words.unsupported})*"


def _table(table: Table, words: Words) -> list[str]:
    header = table.header or ("",) * len(table.rows[0].cells)
    lines = [[_cell(cell) for cell in header], ["---"] * len(header)]
    for row in table.rows:
        *cells, last = map(_cell, row.cells)
        lines.append([*cells, last + _flag(row.supported, words)])
    return [f"| {' | '.join(cells)} |" for cells in lines]


def _cell(text: str) -> str:
    """A cell's text, escaped; a bar parts cells in code, too, where nothing else is escaped."""
    return _BAR.sub(r"\|", escape_markdown(text))


def _place(place: Place, words: Words) -> str:
    return ", ".join(escape_markdown(part) for part in (place.document, words.place(place)) if part)
