"""Quantities that are written in words ("eight weeks", "deux fois par an"), held against a source as figures are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from ragapp.answer.facts import number_variants, units
from ragapp.data_files import load_yaml
from ragapp.reading.spelled_numbers import cardinal_words

_RULES: dict[str, dict[str, Any]] = load_yaml("spelled_quantities.yaml", __file__)
# "one" and "un" are articles and pronouns, too; beyond these, figures are written
_NUMBERS = (*range(2, 32), 40, 50, 60, 70, 80, 90, 100)
_BETWEEN = 2  # words between a number and its unit: "two further weeks"


@lru_cache
def _numbers(language: str) -> dict[str, int]:
    """Numbers by their words."""
    return {cardinal_words(number, language): number for number in _NUMBERS}


@lru_cache
def _pattern(language: str) -> re.Pattern[str]:
    words = "|".join(sorted(map(re.escape, _numbers(language)), key=len, reverse=True))
    return re.compile(rf"(?<![\w-])(?:{words})(?![\w-])", re.IGNORECASE)


def _quantities(text: str, language: str) -> Iterator[int]:
    """The numbers in words that count something whose unit is known, or how often something is."""
    rules = _RULES[language]
    for match in _pattern(language).finditer(text):
        behind = " ".join(re.findall(r"[^\W\d_]+|[.;:!?]", text[match.end() :])[: _BETWEEN + 1])
        behind = re.split(r"[.;:!?]", behind)[0]
        if units(behind) or re.match(rf"(?:{rules['counted']})\b", behind, re.IGNORECASE):
            yield _numbers(language)[match[0].lower()]
    for number, words in rules["twice"].items():
        if re.search(rf"\b(?:{words})\b", text, re.IGNORECASE):
            yield int(number)


def lacks_spelled_quantity(statement: str, source: str, language: str) -> bool:
    """Whether a statement says a quantity in words that its source has neither in words nor in figures.

    In languages without rules (``spelled_quantities.yaml``) none is lacking.
    """
    if language not in _RULES:
        return False
    rules = _RULES[language]
    said = set(_quantities(statement, language))
    if said:
        figures = number_variants(source)
        in_words = {_numbers(language)[match[0].lower()] for match in _pattern(language).finditer(source)}
        in_words |= {int(number) for number, words in rules["twice"].items() if re.search(words, source, re.IGNORECASE)}
        if any(number not in in_words and str(number) not in figures for number in said):
            return True
    once = re.search(rules["once"], statement, re.IGNORECASE)
    return bool(once) and not re.search(rules["said_once"], source, re.IGNORECASE)
