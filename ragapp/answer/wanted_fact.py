"""The kind of fact that a question wants: a number for "how many", a name for "what is the name of"."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ragapp.answer import load_yaml
from ragapp.answer.facts import names, numbers
from ragapp.index.analysis import stop_list

_RULES: Mapping[str, Mapping[str, str]] = load_yaml("wanted_fact.yaml")
# where the sentence begins that asks; what is told before it says nothing of what is wanted
_ASKS = r"(?:^|[.!?]\s)\W*"
_QUOTED = re.compile(r"[«“\"„]\s?\w")


def _compiled(rule: str, before: str, behind: str = "") -> dict[str, re.Pattern[str]]:
    """A rule of each language, with what must stand before and behind it."""
    return {
        code: re.compile(before + f"(?:{rules[rule]})".replace("\n", "") + behind, re.IGNORECASE)
        for code, rules in _RULES.items()
    }


_QUANTITY, _NAME, _WHO = _compiled("quantity", _ASKS), _compiled("name", _ASKS), _compiled("who", _ASKS, r"(?![^\W_])")
_AMOUNT = _compiled("amounts", r"(?<![^\W_])", r"(?![^\W_])")


def lacks_wanted_fact(text: str, question: str, language: str) -> bool:
    """Whether a text, a sentence or a row, cannot answer a question, since it gives no fact of the kind that is wanted.

    Only what can be told is judged: a number, or a word for one or for none, where the question asks how many or how
    much, and a name that the question does not give where it asks for one.  In languages without rules
    (``wanted_fact.yaml``) nothing lacks anything.
    """
    if language not in _RULES:
        return False
    if asks_quantity(question, language):
        return not numbers(text) and not _AMOUNT[language].search(text)
    if asks_name(question, language):
        given = question.casefold()
        # the first word has a capital in any case, and may be a name
        told = [one for one in names(f"- {text}") if one.lower() not in stop_list(language)]
        return all(one.casefold() in given for one in told) and not _QUOTED.search(text)
    return False


def asks_quantity(question: str, language: str) -> bool:
    """Whether a question wants to be told a number."""
    return language in _RULES and bool(_QUANTITY[language].search(question))


def asks_name(question: str, language: str) -> bool:
    """Whether a question wants to be told a name."""
    return language in _RULES and bool(_NAME[language].search(question))


def asks_who(question: str, language: str) -> bool:
    """Whether a question wants to be told who."""
    return language in _RULES and bool(_WHO[language].search(question))
