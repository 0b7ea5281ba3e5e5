"""Facts that an answer must not change: numbers with their units, dates, names and negation."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache

from ragapp.data_files import load_yaml
from ragapp.index.dates import dates

_SPACES = " \u00a0\u202f"
_NUMBER = re.compile(rf"\d+(?:[.,{_SPACES}]\d+|['’]\d{{3}}(?!\d))*")
_ONE_NUMBER = re.compile(r"\d+(?:[.,]\d+)?|\d{1,3}(?:(?:,\d{3})+(?:\.\d+)?|(?:\.\d{3})+(?:,\d+)?)")
_SEPARATOR = re.compile(rf"[.,{_SPACES}]")

_DATA = load_yaml("facts.yaml", __file__)

_UNITS: dict[str, dict[str, str]] = _DATA["units"]
_DIMENSION = {unit: dimension for dimension, units in _UNITS.items() for unit in units}
_ANY_UNIT = "|".join(f"(?P<{unit}>{pattern})" for units in _UNITS.values() for unit, pattern in units.items())
_UNIT_BEHIND = re.compile(rf"[{_SPACES}-]?(?:{_ANY_UNIT})(?![^\W_])", re.IGNORECASE)
_UNIT = re.compile(rf"(?<![^\W_])(?:{_ANY_UNIT})(?![^\W_])", re.IGNORECASE)
_CURRENCY_BEFORE = re.compile(
    r"(?:(?P<pound>£|gbp)|(?P<euro>€|eur)|(?P<australian_dollar>a\$|aud)|(?P<canadian_dollar>ca?\$|cad)|(?P<real>r\$|brl)"
    r"|(?P<dollar>\$|usd|us\$)|(?P<yen>¥|jpy)|(?P<franc>chf|fr\.)|(?P<rupee>₹|inr|(?<![^\W_])rs\.?)|(?P<zloty>pln)"
    r"|(?P<krone>(?<![^\W_])kr\.?|sek|nok|dkk)|(?P<won>₩|krw)|(?P<rouble>₽|rub)|(?P<yuan>cny|rmb))\s?\Z",
    re.IGNORECASE,
)
# "a mile", "per week", "/km", "par kilomètre" behind an amount
_RATE = re.compile(
    rf"[{_SPACES}]?(?:(?:{_ANY_UNIT.replace('?P<', '?P<m_')})(?![^\W_])[{_SPACES}]?)?"
    r"(?:/|(?:an?|per|each|every|par|le|la|pro|je|im|in der|por|al|a la|all['’]|il|per il|ao|à)(?![^\W_]))"
    rf"[{_SPACES}]?(?:{_ANY_UNIT})(?![^\W_])",
    re.IGNORECASE,
)

_NEGATION: dict[str, dict[str, str]] = _DATA["negation"]


def numbers(text: str) -> list[str]:
    """The numbers of a text, normalised: ``1,250.00``, ``1 250,00`` and ``1250`` are the same.

    Leading zeros stay, as they belong to codes and telephone numbers.
    """
    return [normalise_number(found) for found in _NUMBER.findall(text)]


def number_spans(text: str) -> list[tuple[int, int]]:
    """Where the numbers of a text stand: offsets of the first character and behind the last."""
    return [match.span() for match in _NUMBER.finditer(text)]


def normalise_number(text: str) -> str:
    """A normalised number; see :func:`numbers`."""
    compact = re.sub(rf"[{_SPACES}'’]", "", text)
    whole, decimals = compact, ""
    match = re.fullmatch(r"(.*)[.,](\d{1,2})", compact)
    if match:
        whole, decimals = match.groups()
    whole = re.sub(r"[.,]", "", whole)
    decimals = decimals.rstrip("0")
    return f"{whole}.{decimals}" if decimals else whole


def number_variants(text: str) -> set[str]:
    """The numbers of a text, whole, and the parts of what is no single number: ``1,2,3``, ``31.03.2025``, ``12 15``.

    A space may separate two numbers as well as thousands; 19 is no part of 19.40.
    """
    found = set(numbers(text))
    for run in _NUMBER.findall(text):
        for piece in re.split(rf"[{_SPACES}]", run):
            found.add(normalise_number(piece))
            if not _ONE_NUMBER.fullmatch(piece):
                found.update(_SEPARATOR.split(piece))
    return found


def quantities(text: str) -> set[tuple[str, str]]:
    """The numbers that have a known unit, with it: ``£1,250`` is ``("1250", "pound")``."""
    found = set()
    for match in _NUMBER.finditer(text):
        number = normalise_number(match[0])
        before = _CURRENCY_BEFORE.search(text, max(0, match.start() - 5), match.start())
        if before and before.lastgroup:
            found.add((number, before.lastgroup))
        behind = _UNIT_BEHIND.match(text, match.end())
        if behind and behind.lastgroup:
            found.add((number, behind.lastgroup))
    return found


def rates(text: str) -> set[tuple[str, str]]:
    """The numbers that are an amount for each of a unit, with it: ``£24 a week`` is ``("24", "week")``."""
    found = set()
    for match in _NUMBER.finditer(text):
        behind = _RATE.match(text, match.end())
        if behind and behind.lastgroup:
            found.add((normalise_number(match[0]), behind.lastgroup))
    return found


def dimensions(text: str) -> set[str]:
    """What the units measure that a text names, beside a number or not: ``time``, ``money``, ``length``, ..."""
    return {_DIMENSION[unit] for unit in units(text)} | {_DIMENSION[unit] for _, unit in quantities(text)}


def units(text: str) -> set[str]:
    """The units that a text names, beside a number or not; of one letter only beside a number or in brackets."""
    named = {
        match.lastgroup
        for match in _UNIT.finditer(text)
        if match.lastgroup and (len(match[0]) > 1 or not match[0].isalpha() or text[match.start() - 1 :][:1] in "([")
    }
    return named | {unit for _, unit in quantities(text)}


def has_unsupported_figure(statement: str, source: str, given: str = "", around: str = "") -> bool:
    """Whether a statement has a number, quantity or date that its source and a ``given`` text, the question, lack.

    A unit belongs to the number that it stands beside.  A number that has none in the source may have one that is named
    in the source or ``around`` it, as a table's column, its caption or the text beside it do.  A currency, or a
    million, that stands nowhere is invented.
    """
    rest, _ = blank_shared_dates(statement, f"{source}\n{given}")
    if not number_variants(source) | number_variants(given) >= set(numbers(rest)):
        return True
    whole = f"{source}\n{given}"
    return _changed(quantities(rest), quantities(whole), units(f"{whole}\n{around}")) or _changed(
        rates(rest), rates(whole), None
    )


def _changed(said: set[tuple[str, str]], stated: set[tuple[str, str]], named: set[str] | None) -> bool:
    """Whether a number is said with another unit than the one it is stated with, or with one that is not ``named``."""
    beside: dict[str, set[str]] = {}
    for number, unit in stated:
        beside.setdefault(number, set()).add(unit)
    for number, unit in said:
        others = {other for other in beside.get(number, set()) if _DIMENSION[other] == _DIMENSION[unit]}
        if unit in others:
            continue
        if others:
            return True
        if named is not None and unit not in named:
            alike = any(_DIMENSION[other] == _DIMENSION[unit] for other in named)
            if alike or _DIMENSION[unit] in ("money", "scale"):
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
    return negates_alone(statement, source, language, stems) or negates_alone(source, statement, language, stems)


def negates_alone(one: str, other: str, language: str, stems: Callable[[str], Iterable[str]]) -> bool:
    """Whether the first of two texts negates, in the sense of :func:`negates`, what the second one does not."""
    if language not in _NEGATION:
        return False
    strict, forbids, broad = _negation_patterns(language)
    if broad.search(other):
        return False
    shared = set(stems(other))
    beside = [one[match.end() :].split()[:3] for match in strict.finditer(one)]
    beside += [one[: match.start()].split()[-4:] for match in forbids.finditer(one)]
    return any(shared & set(stems(" ".join(words))) for words in beside)


@lru_cache
def _negation_patterns(language: str) -> tuple[re.Pattern[str], ...]:
    words = _NEGATION[language]
    every = (words["negates"], words["forbids"], "|".join(words.values()))
    return tuple(re.compile(rf"\b(?:{pattern})(?![^\W_])", re.IGNORECASE) for pattern in every)


def denies(text: str, language: str) -> bool:
    """Whether a text in a language whose negations are known negates or forbids something."""
    if language not in _NEGATION:
        return False
    strict, forbids, _ = _negation_patterns(language)
    return bool(strict.search(text) or forbids.search(text))


def restrictions(text: str, language: str) -> set[str]:
    """The words of a text, in a language whose negations are known, that negate, forbid or restrict something."""
    if language not in _NEGATION:
        return set()
    return {found[0].lower() for found in _negation_patterns(language)[2].finditer(text)}


def negates_across(statement: str, language: str, source: str, source_language: str) -> bool:
    """Whether one of two texts in different languages negates, and the other has nothing that may express that."""
    if language not in _NEGATION or source_language not in _NEGATION:
        return False
    first = denies(statement, language) and not _negation_patterns(source_language)[2].search(source)
    return first or (denies(source, source_language) and not _negation_patterns(language)[2].search(statement))
