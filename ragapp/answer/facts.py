"""Facts that an answer must not change: numbers with their units, dates, names and negation."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache

from ragapp.answer import load_yaml
from ragapp.index.dates import dates

_SPACES = " \u00a0\u202f"
_NUMBER = re.compile(rf"\d+(?:[.,{_SPACES}]\d+)*")
_SEPARATOR = re.compile(rf"[.,{_SPACES}]")

_DATA = load_yaml("facts.yaml")

_UNITS: dict[str, dict[str, str]] = _DATA["units"]
_DIMENSION = {unit: dimension for dimension, units in _UNITS.items() for unit in units}
_ANY_UNIT = "|".join(f"(?P<{unit}>{pattern})" for units in _UNITS.values() for unit, pattern in units.items())
_UNIT_BEHIND = re.compile(rf"[{_SPACES}-]?(?:{_ANY_UNIT})(?![^\W_])", re.IGNORECASE)
_CURRENCY_BEFORE = {"£": "pound", "€": "euro", "$": "dollar", "¥": "yen"}

_NEGATION: dict[str, dict[str, str]] = _DATA["negation"]


def numbers(text: str) -> list[str]:
    """The numbers of a text, normalised: ``1,250.00``, ``1 250,00`` and ``1250`` are the same.

    Leading zeros stay, as they belong to codes and telephone numbers.
    """
    return [normalise_number(found) for found in _NUMBER.findall(text)]


def normalise_number(text: str) -> str:
    """A normalised number; see :func:`numbers`."""
    compact = re.sub(rf"[{_SPACES}]", "", text)
    whole, decimals = compact, ""
    match = re.fullmatch(r"(.*)[.,](\d{1,2})", compact)
    if match:
        whole, decimals = match.groups()
    whole = re.sub(r"[.,]", "", whole)
    decimals = decimals.rstrip("0")
    return f"{whole}.{decimals}" if decimals else whole


def number_variants(text: str) -> set[str]:
    """The numbers of a text, whole and in parts, since a space may separate two numbers as well as thousands."""
    found = set(numbers(text))
    for run in _NUMBER.findall(text):
        found.update(normalise_number(piece) for piece in re.split(rf"[{_SPACES}]", run))
        found.update(_SEPARATOR.split(run))
    return found


def quantities(text: str) -> set[tuple[str, str]]:
    """The numbers that have a known unit, with it: ``£1,250`` is ``("1250", "pound")``."""
    found = set()
    for match in _NUMBER.finditer(text):
        number = normalise_number(match[0])
        before = text[: match.start()].rstrip(_SPACES)[-1:]
        if unit := _CURRENCY_BEFORE.get(before):
            found.add((number, unit))
        behind = _UNIT_BEHIND.match(text, match.end())
        if behind and behind.lastgroup:
            found.add((number, behind.lastgroup))
    return found


def has_unsupported_figure(statement: str, source: str, given: str = "") -> bool:
    """Whether a statement has a number, quantity or date that its source and a ``given`` text, the question, lack."""
    rest, _ = blank_shared_dates(statement, f"{source}\n{given}")
    if not number_variants(source) | number_variants(given) >= set(numbers(rest)):
        return True
    units: dict[str, set[str]] = {}
    for number, unit in quantities(f"{source}\n{given}"):
        units.setdefault(number, set()).add(unit)
    for number, unit in quantities(rest):
        others = units.get(number, set())
        # a number that has no unit in the source, as in a table's column, may have any
        if unit not in others and any(_DIMENSION[other] == _DIMENSION[unit] for other in others):
            return True
    return False


def blank_shared_dates(statement: str, source: str) -> tuple[str, int]:
    """A statement with the dates blanked that its source has too, however written, and their number."""
    known = [date for date, _ in dates(source)]
    rest, shared = list(statement), 0
    for date, (begin, end) in dates(statement):
        if any(date.agrees(other) for other in known):
            rest[begin:end] = " " * (end - begin)
            shared += 1
    return "".join(rest), shared


def names(text: str) -> list[str]:
    """Capitalised words that begin no sentence, line or quotation."""
    return [
        match[1]
        for match in re.finditer(r"(?<![.!?:…«“\"(\[\n*•–-])(?<!^)[ \u00a0]((?:[A-ZÀ-ÖØ-Þ][\w’'-]*\w))", text)
        if not match[1].isdigit()
    ]


def negates(statement: str, source: str, language: str, stems: Callable[[str], Iterable[str]]) -> bool:
    """Whether a statement negates its source, or the other way round.

    Only clear cases count, in languages whose negations are known: one has a negation right beside terms (by ``stems``)
    that both share, and the other has nothing that may express one in other words ("excluded" for "not included").
    """
    if language not in _NEGATION:
        return False
    strict, forbids, broad = _negation_patterns(language)
    for one, other in ((statement, source), (source, statement)):
        if broad.search(other):
            continue
        shared = set(stems(other))
        beside = [one[match.end() :].split()[:3] for match in strict.finditer(one)]
        beside += [one[: match.start()].split()[-4:] for match in forbids.finditer(one)]
        if any(shared & set(stems(" ".join(words))) for words in beside):
            return True
    return False


@lru_cache
def _negation_patterns(language: str) -> tuple[re.Pattern[str], ...]:
    words = _NEGATION[language]
    every = (words["negates"], words["forbids"], "|".join(words.values()))
    return tuple(re.compile(rf"\b(?:{pattern})(?![^\W_])", re.IGNORECASE) for pattern in every)
