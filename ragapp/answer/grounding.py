"""Holding an answer against its passages: which passage states each sentence, and in which words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from ragapp.answer.result import Citation, Sentence
from ragapp.index.analysis import content_terms
from ragapp.retrieval.passage import Passage

MARK = re.compile(r"\s*\[(\d{1,2}(?:\s*[,;]\s*\d{1,2})*)\]")
_LEADING_MARKS = re.compile(rf"(?:{MARK.pattern})+\s*")
# share of what a sentence adds that the passage must hold
SUPPORT_SHARE = 0.5
# by how much another passage must hold more of a sentence to take a citation over
CITED_MARGIN = 0.34
MAX_QUOTE_CHARACTERS = 400
FIGURE_WEIGHT = 3
LONG_STATEMENT_CHARACTERS = 240

# not behind an abbreviation's or an ordinal's dot
_SENTENCE_END = re.compile(
    r"(?<=[.!?…])(?<!\b[A-Za-z]\.)(?<!\be\.g\.)(?<!\bi\.e\.)(?<!\bNo\.)(?<!\bart\.)\s+(?=[^\W\d_]|[\"«“(\[\d])"
)
_NUMBER = re.compile(r"\d+(?:[.,   ]\d+)*")


@dataclass(frozen=True, slots=True)
class _Statement:
    """A sentence or a row of a passage."""

    start: int
    end: int
    terms: frozenset[str]


def ground(
    answer: str, question: str, passages: Sequence[Passage], language: str
) -> tuple[list[Sentence], list[Citation]]:
    """Tie each sentence of an answer to the passage that states it.

    A sentence is supported when every number in it, and most of the words that it does not share with the question,
    occur in the passage.  A citation to a passage that does not support the sentence is moved to one that does, or
    dropped.

    Args:
        answer: as the model wrote it, with marks such as ``[1]``.
        question: words that the sentence merely repeats prove nothing.
        passages: in the order of their numbers in the prompt.
        language: ISO 639-1 code of the answer.

    Returns:
        The sentences with corrected marks, and one citation for each passage that is cited, in order of appearance.
    """
    sentences: list[Sentence] = []
    citations: dict[int, Citation] = {}
    for raw in split_sentences(answer):
        cited = [int(n) for group in MARK.findall(raw) for n in re.findall(r"\d+", group)]
        text = MARK.sub("", raw).strip()
        if not text.strip(" .,;:!?"):
            continue
        order = [n for n in dict.fromkeys(cited) if 1 <= n <= len(passages)]
        found = _supporting(text, question, passages, language, order)
        if found is None:
            sentences.append(Sentence(text, False, ()))
            continue
        citations.setdefault(found, _cite(found, text, question, passages[found - 1], language))
        sentences.append(Sentence(f"{text} [{found}]", True, (found,)))
    return sentences, list(citations.values())


def split_sentences(text: str) -> list[str]:
    """Sentences of an answer; a mark behind the full stop stays with its sentence, a line break ends one."""
    sentences: list[str] = []
    for line in text.splitlines():
        parts = _SENTENCE_END.split(line.strip())
        for number, part in enumerate(parts):
            marks = _LEADING_MARKS.match(part)
            if number and marks:
                sentences[-1] += f" {marks[0].strip()}"
                part = part[marks.end() :]
            if part:
                sentences.append(part)
    return sentences


def numbers(text: str) -> list[str]:
    """Numbers of a text in one form: ``1,250.00``, ``1 250,00`` and ``1250`` are the same.

    Leading zeros stay: they belong to codes and telephone numbers.
    """
    return [_plain_number(found) for found in _NUMBER.findall(text)]


def _plain_number(text: str) -> str:
    compact = re.sub(r"[   ]", "", text)
    whole, decimals = compact, ""
    match = re.fullmatch(r"(.*)[.,](\d{1,2})", compact)
    if match:
        whole, decimals = match.groups()
    whole = re.sub(r"[.,]", "", whole)
    decimals = decimals.rstrip("0")
    return f"{whole}.{decimals}" if decimals else whole


def _supporting(
    text: str, question: str, passages: Sequence[Passage], language: str, cited: Sequence[int]
) -> int | None:
    """Number of the passage that states a sentence: a cited one if any does, else the one that holds most of it.

    Between passages that hold as much of the sentence, the one that holds more of the question wins: two versions of
    a policy share many sentences, and the question says which is meant.
    """
    asked = set(content_terms(question, language))
    scores = {}
    for n, passage in enumerate(passages, 1):
        held = _held_terms(passage, language)
        echoed = len(asked & held) / len(asked) if asked else 0.0
        scores[n] = (_support(text, question, passage, held, language), n in cited, echoed, -n)
    best = max(scores, key=scores.__getitem__, default=None)
    for n in cited:
        # the model's own choice stands unless another passage holds clearly more
        if scores[n][0] >= SUPPORT_SHARE and scores[best][0] - scores[n][0] < CITED_MARGIN:
            return n
    return best if best is not None and scores[best][0] >= SUPPORT_SHARE else None


def _held_terms(passage: Passage, language: str) -> set[str]:
    """Terms of a passage with its title and headings, stemmed in its own language and in the answer's."""
    shown = _shown(passage)
    return set(content_terms(shown, passage.chunk.language)) | set(content_terms(shown, language))


def _shown(passage: Passage) -> str:
    chunk = passage.chunk
    return " \n ".join((chunk.title, *chunk.headings, chunk.text))


def _support(text: str, question: str, passage: Passage, held: set[str], language: str) -> float:
    """Share of what a sentence adds to the question that a passage holds; 0 when one of its numbers is missing there.

    A number counts for two words: the same figure in the same passage is seldom chance.
    """
    given = _with_parts(question)
    new_numbers = [number for number in numbers(text) if number not in given]
    held_numbers = _with_parts(_shown(passage))
    if any(number not in held_numbers for number in new_numbers):
        return 0.0
    words = {term for term in content_terms(text, language) if not any(map(str.isdigit, term))}
    own = words - set(content_terms(question, language))
    # an echo of the question adds nothing, so all of it must be in the passage
    own = own if own or new_numbers else words
    weight = len(own) + 2 * len(new_numbers)
    return (len(own & held) + 2 * len(new_numbers)) / weight if weight else 0.0


def _with_parts(text: str) -> set[str]:
    """Numbers of a text, whole and in parts, since a space may separate two numbers as well as thousands."""
    found = set(numbers(text))
    for run in _NUMBER.findall(text):
        pieces = re.split(r"[   ]", run)
        found.update(_plain_number(piece) for piece in pieces)
        found.update(re.split(r"[.,   ]", run))
    return found


def _cite(n: int, text: str, question: str, passage: Passage, language: str) -> Citation:
    chunk = passage.chunk
    begin, end = _best_span(chunk.text, text, question, language, chunk.language)
    quote = chunk.text[begin:end]
    # a table chunk repeats its header: its rows stand in the unit at the end of its span
    shift = chunk.end - len(chunk.text)
    start = max(chunk.start, shift + begin)
    return Citation(
        n, chunk.document, chunk.path, chunk.unit, chunk.label, quote, start, start + len(quote), chunk.kind
    )


def _best_span(passage: str, text: str, question: str, language: str, passage_language: str) -> tuple[int, int]:
    """Where the passage states a sentence: the statement that shares most with it, and with the question."""
    figures = set(numbers(text)) - _with_parts(question)
    wanted = set(content_terms(text, language)) | set(numbers(text))
    asked = set(content_terms(question, language)) - wanted

    def score(statement: _Statement) -> tuple[float, int]:
        shared = len(wanted & statement.terms) + 0.5 * len(asked & statement.terms)
        # a figure that the question did not give is what the person will look for
        shared += FIGURE_WEIGHT * len(figures & statement.terms)
        return shared / (len(statement.terms) + 8) ** 0.25, -statement.start

    best = max(_statements(passage, {language, passage_language}), key=score)
    return best.start, best.end


def _statements(passage: str, languages: set[str]) -> list[_Statement]:
    """Sentences and rows of a passage as candidates for a quote; at least one."""
    spans: list[tuple[int, int]] = []
    for paragraph in re.finditer(r"(?:(?!\n\s*\n).)+", passage, re.DOTALL):
        begin = paragraph.start()
        ends = [match.start() for match in _SENTENCE_END.finditer(paragraph[0])] + [len(paragraph[0])]
        for end in ends:
            spans.extend(_cut_long(passage, begin, paragraph.start() + end))
            begin = paragraph.start() + end
    statements = []
    for begin, end in spans:
        piece = passage[begin:end]
        begin += len(piece) - len(piece.lstrip())
        end -= len(piece) - len(piece.rstrip())
        if begin < end:
            piece = passage[begin:end]
            terms = {term for language in languages for term in content_terms(piece, language)} | _with_parts(piece)
            statements.append(_Statement(begin, end, frozenset(terms)))
    return statements or [_Statement(0, min(len(passage), MAX_QUOTE_CHARACTERS), frozenset())]


def _cut_long(passage: str, begin: int, end: int) -> list[tuple[int, int]]:
    """A table or list has no full stops: its lines, alone and in pairs, are the candidates."""
    text = passage[begin:end]
    if "\n" not in text.strip() or (len(text) <= LONG_STATEMENT_CHARACTERS and "|" not in text):
        return [(begin, min(end, begin + MAX_QUOTE_CHARACTERS))]
    bounds = [begin] + [begin + match.end() for match in re.finditer("\n", text)] + [end]
    lines = [(a, b) for a, b in pairwise(bounds) if passage[a:b].strip()]
    pairs = [(a, d) for (a, _), (_, d) in pairwise(lines) if "|" not in passage[a:d]]
    return lines + pairs
