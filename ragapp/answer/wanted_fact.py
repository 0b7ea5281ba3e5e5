"""The kind of fact that a question wants: a number for "how many", an amount for "what does it cost", a name for "what
is the name of"."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ragapp.answer.facts import dimensions, names, normalise_number, number_spans, numbers, quantities
from ragapp.answer.weekdays import weekdays
from ragapp.data_files import load_yaml
from ragapp.index.analysis import stop_list
from ragapp.index.dates import is_month

_RULES: Mapping[str, Mapping[str, str]] = load_yaml("wanted_fact.yaml", __file__)
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
_WORD = r"(?<![^\W_])", r"(?![^\W_])"
_AMOUNT = _compiled("amounts", *_WORD)
_MONEY, _TIME, _TIMES = _compiled("money", _ASKS), _compiled("time", _ASKS), _compiled("times", _ASKS)
_DEFINED = _compiled("defined", "")
_PRICED, _LASTING, _REPEATED = (_compiled(rule, *_WORD) for rule in ("priced", "lasting", "repeated"))
# the word behind a number, which says what there are so many of
_COUNTED = re.compile(r"[\s\u00a0\u202f-]*([^\W\d_]{2,})")
# number words that are articles as well
_ARTICLES = {"a", "an", "un", "une"}
# letters that words of one root share
_STEM = 4


def lacks_wanted_fact(text: str, question: str, language: str) -> bool:
    """Whether a text, a sentence or a row, cannot answer a question, since it gives no fact of the kind that is wanted.

    Only what can be told is judged: a number, or a word for one or for none, where the question asks how many or how
    much; one of money where it asks for a price, of time where it asks how many days, of repetition where it asks how
    often; and a name that the question does not give where it asks for one.  In languages without rules
    (``wanted_fact.yaml``) nothing lacks anything.
    """
    if language not in _RULES:
        return False
    if _lacks_measure(text, question, language):
        return True
    if asks_quantity(question, language):
        return not numbers(text) and not _AMOUNT[language].search(text)
    if asks_name(question, language):
        given = question.casefold()
        # the first word has a capital in any case, and may be a name
        told = [one for one in names(f"- {text}") if not _is_no_name(one, language)]
        return all(one.casefold() in given for one in told) and not _QUOTED.search(text)
    return False


def _is_no_name(word: str, language: str) -> bool:
    """Whether a word with a capital is a day, a month, a word of every text, or one that contracts define."""
    plain = word.lower()
    known = plain in stop_list(language) or bool(_DEFINED[language].fullmatch(word))
    return known or is_month(plain) or bool(weekdays(plain))


def _lacks_measure(text: str, question: str, language: str) -> bool:
    """Whether a sentence has numbers of other things only than the money, time or repetition that is asked for."""
    if "|" in text:  # a row is read with the head of its table
        return False
    figures = number_spans(text)
    if _TIMES[language].search(question):
        spelled = [match.span() for match in _AMOUNT[language].finditer(text) if match[0].lower() not in _ARTICLES]
        # "two renewals", where it is asked how often something may be renewed
        asked = {word[:_STEM].casefold() for word in re.findall(r"[^\W\d_]{2,}", question)}
        return not _REPEATED[language].search(text) and _count_others(text, [*figures, *spelled], asked, language)
    if _MONEY[language].search(question):
        told = bool(dimensions(text) & {"money", "share", "scale"} or _PRICED[language].search(text))
    elif _TIME[language].search(question):
        told = "time" in dimensions(text) or bool(_LASTING[language].search(text))
    else:
        return False
    return bool(figures) and not told and _count_others(text, figures, set(), language)


def _count_others(text: str, counts: Sequence[tuple[int, int]], asked: set[str], language: str) -> bool:
    """Whether each number of a text, by its offsets, is of something that stands behind it and is not asked for."""
    measured = {number for number, _ in quantities(text)}
    for start, end in counts:
        if normalise_number(text[start:end]) in measured:
            continue
        counted = _COUNTED.match(text, end)
        word = counted[1].lower() if counted else ""
        if not word or word in stop_list(language) or word[:_STEM] in asked:
            return False
    return True


def asks_quantity(question: str, language: str) -> bool:
    """Whether a question wants to be told a number."""
    return language in _RULES and bool(_QUANTITY[language].search(question))


def asks_name(question: str, language: str) -> bool:
    """Whether a question wants to be told a name."""
    return language in _RULES and bool(_NAME[language].search(question))


def asks_who(question: str, language: str) -> bool:
    """Whether a question wants to be told who."""
    return language in _RULES and bool(_WHO[language].search(question))
