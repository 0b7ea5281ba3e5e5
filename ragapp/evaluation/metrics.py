"""Comparing an answer with the expected ones, after SQuAD's evaluation: case, punctuation and articles are dropped."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence

_ARTICLES = re.compile(r"\b(?:a|an|the|le|la|les|l|un|une|des)\b")
_MARKS = re.compile(r"\[\d+\]")
# thousands and decimals: a dot or comma between digits is part of the number
_PUNCTUATION = re.compile(r"(?<!\d)[^\w\s]|[^\w\s](?!\d)|_")


def normalise(text: str) -> str:
    """An answer in the form in which answers are compared: without citation marks, case, punctuation and articles."""
    text = _MARKS.sub(" ", unicodedata.normalize("NFKC", text).lower())
    text = re.sub(r"(?<=\d)[ ,](?=\d{3}\b)", "", text)
    return " ".join(_ARTICLES.sub(" ", _PUNCTUATION.sub(" ", text)).split())


def exact_match(answer: str, expected: Sequence[str]) -> bool:
    """Whether the answer is one of the expected ones."""
    return normalise(answer) in {normalise(text) for text in expected}


def contains_answer(answer: str, expected: Sequence[str]) -> bool:
    """Whether one of the expected answers stands in the answer, as whole words."""
    found = f" {normalise(answer)} "
    return any(f" {text} " in found for text in map(normalise, expected) if text)


def token_recall(answer: str, expected: Sequence[str]) -> float:
    """Best share of the tokens of an expected answer that stand in the answer, 0 to 1.

    Of the measures that count words, the one that agrees best with people about answers in whole sentences (Adlakha et
    al., Evaluating Correctness and Faithfulness of Instruction-Following Models for Question Answering, TACL 2024).
    """
    return max((shared / max(1, want) for shared, _, want in _overlaps(answer, expected)), default=0.0)


def token_f1(answer: str, expected: Sequence[str]) -> float:
    """Best harmonic mean of token precision and recall against the expected answers, 0 to 1."""
    # 2 / (1 / precision + 1 / recall), and nothing where nothing is shared
    return max((2 * shared / max(1, got + want) for shared, got, want in _overlaps(answer, expected)), default=0.0)


def _overlaps(answer: str, expected: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    """For each expected answer: tokens that both have, those of the answer, those of the expected one."""
    got = Counter(normalise(answer).split())
    for text in expected:
        want = Counter(normalise(text).split())
        yield (got & want).total(), got.total(), want.total()
