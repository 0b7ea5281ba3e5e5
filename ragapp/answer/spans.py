"""Where a passage states a sentence: its sentences and rows as candidates for a quote."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from ragapp.answer.facts import numbers, numbers_and_parts
from ragapp.answer.sentences import DRAWN, sentence_spans
from ragapp.index.analysis import content_terms

MAX_QUOTE_CHARACTERS = 400
FIGURE_WEIGHT = 3
LONG_STATEMENT_CHARACTERS = 240
# space, and lines that are drawn with characters
_DRAWN = re.compile(rf"(?:\s|{DRAWN})*+")


@dataclass(frozen=True, slots=True)
class _Statement:
    """A sentence or a row of a passage."""

    start: int
    end: int
    terms: frozenset[str]


def best_span(passage: str, text: str, question: str, language: str, passage_language: str) -> tuple[int, int]:
    """Where a passage states a sentence: the statement that shares most with it, and with the question.

    Args:
        passage: text of a chunk.
        text: the sentence, without citation marks.
        question: what was asked.
        language: of sentence and question, ISO 639-1.
        passage_language: of the passage.

    Returns:
        Offsets in ``passage``.
    """
    figures = set(numbers(text)) - numbers_and_parts(question)
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
        for begin, end in sentence_spans(passage, *paragraph.span()):
            spans.extend(_cut_long(passage, begin, end))
    statements = []
    for begin, end in spans:
        piece = passage[begin:end]
        begin += _DRAWN.match(piece).end()
        end -= _DRAWN.match(piece[::-1]).end()
        if begin < end:
            piece = passage[begin:end]
            words = (term for language in languages for term in content_terms(piece, language))
            statements.append(_Statement(begin, end, frozenset(words) | numbers_and_parts(piece)))
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
