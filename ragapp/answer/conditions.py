"""Conditions and exceptions, which belong to what holds under them: "the balance is due" is not all that "if you leave
before you have repaid it, the balance is due" says."""

from __future__ import annotations

import re
from collections.abc import Callable

from ragapp.data_files import load_yaml

# share of a condition's words that a sentence, with its question, has where it says it
KEPT_SHARE = 0.5

_END = r"(?:[,;:.!?()–—]\s|[,;:.!?()–—]?\Z)"
# from the word that begins a condition to the sign that ends it
_CONDITION = {
    code: re.compile(rf"(?<![^\W_])(?:{pattern})(?![^\W_]).*?(?={_END})", re.IGNORECASE | re.DOTALL)
    for code, pattern in load_yaml("conditions.yaml", __file__).items()
}
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
    conditions = _CONDITION.get(language)
    if conditions is None or not conditions.search(quote):
        return False
    own, said = terms(sentence), terms(f"{sentence} {question}")
    part = max(_PARTS.split(quote), key=lambda part: len(terms(part) & own))
    for condition in map(terms, conditions.findall(part)):
        if condition and len(condition & said) < KEPT_SHARE * len(condition):
            return True
    return False


def without_conditions(text: str, language: str) -> str:
    """A text in a language (ISO 639-1) without its conditions and exceptions."""
    conditions = _CONDITION.get(language)
    return conditions.sub("", text) if conditions else text
