"""Questions that miss what the documents say by one name, year or number."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence

from ragapp.answer import facts
from ragapp.answer.subjects import CAPITAL_NOUNS
from ragapp.index.analysis import folded_words

_NUMBER = re.compile(r"(?<![\w.,-])\d{1,6}(?:[.,]\d{1,2})?(?![\w-]|[.,]\d)")
_YEAR = re.compile(r"(?:19|20)\d{2}")
# names and numbers tried for one that the documents do not state
MOST_TRIES = 12
_CONSONANTS, _VOWELS = "bdfgklmnprstv", "aeiou"


def near_miss(
    question: str, language: str, others: Sequence[str], is_stated: Callable[[str, str], bool], seed: object = 0
) -> str:
    """A question with one name, year or number changed, so that nothing answers it any more; empty where none is found.

    Args:
        language: of the question, ISO 639-1; where all nouns are capitalised, names are not changed.
        others: texts of the same collection, whose names are put in.
        is_stated: whether the documents may answer a changed question, which is given with what was put in.
        seed: fixes what is tried first.
    """
    rng = random.Random(f"{seed} {question}")
    for begin, end, wrong in _changes(question, language, others, rng):
        changed = f"{question[:begin]}{wrong}{question[end:]}"
        if not is_stated(changed, wrong):
            return changed
    return ""


def _changes(question: str, language: str, others: Sequence[str], rng: random.Random) -> Iterator[tuple[int, int, str]]:
    """What may be put in place of which part of a question, at most so many."""
    options: list[Iterator[tuple[int, int, str]]] = []
    for match in _NUMBER.finditer(question):
        options.append(_numbers(match, rng))
    if language not in CAPITAL_NOUNS:
        names = [name for text in others for _, _, name in _names(text)]
        for begin, end, name in _names(question):
            options.append(_other_names(begin, end, name, question, names, rng))
    rng.shuffle(options)
    tried = 0
    while options and tried < MOST_TRIES:
        left = []
        for option in options:
            change = next(option, None)
            if change is not None and tried < MOST_TRIES:
                tried += 1
                yield change
                left.append(option)
        options = left


def _numbers(match: re.Match[str], rng: random.Random) -> Iterator[tuple[int, int, str]]:
    """Other years near a year; other numbers of as many digits."""
    given = match[0]
    if _YEAR.fullmatch(given):
        steps = [-1, 1, -2, 2, -5, 6, -9, 11]
        rng.shuffle(steps)
        for step in steps:
            yield match.start(), match.end(), str(int(given) + step)
        return
    for _ in range(MOST_TRIES):
        digits = "".join(rng.choice("123456789") if one.isdigit() else one for one in given)
        if digits != given:
            yield match.start(), match.end(), digits


def _other_names(
    begin: int, end: int, name: str, question: str, names: Sequence[str], rng: random.Random
) -> Iterator[tuple[int, int, str]]:
    """Names of the collection that look like this one, and invented ones, in turn."""
    asked = set(folded_words(question))
    like = (one for one in names if len(one.split()) == len(name.split()) and one.isupper() == name.isupper())
    known = sorted({one for one in like if asked.isdisjoint(folded_words(one))})
    rng.shuffle(known)
    for number in range(MOST_TRIES):
        if number < len(known):
            yield begin, end, known[number]
        yield begin, end, invented(name, rng)


def invented(name: str, rng: random.Random) -> str:
    """A name of nobody, with as many words as another and about as long."""
    words = []
    for word in name.split():
        letters = [rng.choice((_CONSONANTS, _VOWELS)[at % 2]) for at in range(max(4, min(9, len(word))))]
        words.append("".join(letters).capitalize())
    return " ".join(words)


def _names(text: str) -> Iterator[tuple[int, int, str]]:
    """The names in a text with their offsets; words of one name that stand in a row together."""
    at, run = 0, None
    for word in facts.names(text):
        begin = text.index(word, at)
        at = begin + len(word)
        if run and text[run[1] : begin] == " ":
            run = (run[0], at)
            continue
        if run:
            yield *run, text[slice(*run)]
        run = (begin, at)
    if run:
        yield *run, text[slice(*run)]
