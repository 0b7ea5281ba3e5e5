"""Conditions and exceptions, which belong to what holds under them: "the balance is due" is not all that "if you leave
before you have repaid it, the balance is due" says."""

from __future__ import annotations

import re
from collections.abc import Callable

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
    for match in begins.finditer(part):
        ends = _END.search(part, match.end())
        condition = terms(part[match.start() : ends.start() if ends else len(part)])
        if condition and len(condition & said) < KEPT_SHARE * len(condition):
            return True
    return False
