"""Conditions and exceptions, which belong to what holds under them: "the balance is due" is not all that "if you leave
before you have repaid it, the balance is due" says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from ragapp.answer import load_yaml

# share of a condition's words that a sentence, with its question, has where it says it
KEPT_SHARE = 0.5

_BEGIN = {
    code: re.compile(rf"(?<![^\W_])(?:{pattern})(?![^\W_])", re.IGNORECASE)
    for code, pattern in load_yaml("conditions.yaml").items()
}
_END = re.compile(r"[,;:.!?()–—]\s|[,;:.!?()–—]?\Z")
# what stands behind these holds by itself
_PARTS = re.compile(r";\s|,\s(?:but|mais|aber|jedoch|pero|sino|ma|però|maar|mas)\s", re.IGNORECASE)


def leaves_out_condition(
    sentence: str, question: str, quote: str, language: str, terms: Callable[[str], set[str]]
) -> bool:
    """Whether a sentence leaves out a condition or an exception that the quote gives which states it.

    A condition that the question gives need not be said again.

    Args:
        language: of the quote, ISO 639-1; of one that has no patterns, nothing is known.
        terms: the words of a text by which it is compared.
    """
    begins = _BEGIN.get(language)
    if begins is None or not begins.search(quote):
        return False
    own, said = terms(sentence), terms(f"{sentence} {question}")
    part = max(_PARTS.split(quote), key=lambda part: len(terms(part) & own))
    for start, end in _spans(part, begins):
        condition = terms(part[start:end])
        if condition and len(condition & said) < KEPT_SHARE * len(condition):
            return True
    return False


def without_conditions(text: str, language: str) -> str:
    """A text in a language (ISO 639-1) without its conditions and exceptions."""
    begins = _BEGIN.get(language)
    for start, end in reversed(list(_spans(text, begins))) if begins else ():
        text = text[:start] + text[end:]
    return text


def _spans(text: str, begins: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    """Where the conditions of a text stand, none in another."""
    at = 0
    while match := begins.search(text, at):
        ends = _END.search(text, match.end())
        at = ends.start() if ends else len(text)
        yield match.start(), at
