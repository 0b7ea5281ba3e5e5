"""Bounds of days and numbers: "due before 8 May" is not stated by a line that says the 8th, "in the first quarter" by
one that says 15 September, nor "at least 300" by one that says "up to 300"."""

from __future__ import annotations

import re

from ragapp.answer.facts import normalise_number, number_spans
from ragapp.index.dates import Date, dates

_BEFORE = re.compile(
    r"(?:\b(?:before|earlier than|prior to|avant(?: le)?|vor(?: dem)?|antes del?(?: día)?|prima del?|vóór|voor)\s+)\Z",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"(?:\b(?:after|later than|après(?: le)?|nach(?: dem)?|después del?(?: día)?|dopo il|depois de|na)\s+)\Z",
    re.IGNORECASE,
)
_LONGEST = 20
# what stands before a number that is the least or the most of something, and what behind it
_LEAST = re.compile(
    r"\b(?:at least|no(?:t)? less than|(?:a )?minimum(?: of)?|au moins|(?:au |un )?minimum(?: de)?|mindestens"
    r"|al menos|almeno|minstens|pelo menos)\s\W?\Z",
    re.IGNORECASE,
)
_MOST = re.compile(
    r"\b(?:at (?:the )?most|up to|no(?:t)? more than|not (?:to )?exceed(?:ing)?|(?:a )?maximum(?: of)?|limited to"
    r"|au plus|(?:au |un )?maximum(?: de)?|jusqu['’]à(?: concurrence de)?|plafonnée?s? à|dans la limite de"
    r"|dépass\w+ (?:pas|ni)|ni|sans dépasser|höchstens|bis zu|como máximo|hasta|al massimo|fino a|hoogstens"
    r"|no máximo|até)"
    r"\s\W?\Z",
    re.IGNORECASE,
)
_ABOVE = re.compile(
    r"\b(?:more than|over|above|beyond|exceed\w*|plus d[e’']|au-dessus de|au-delà de|supérieure?s? à|dépass\w+"
    r"|mehr als|über|más de|più di|meer dan|mais de)\s\W?\Z",
    re.IGNORECASE,
)
_OR_MORE = re.compile(
    r"\W?\s?(?:\w+\s){0,2}?(?:or (?:more|over)|at least|au moins|(?:au )?minimum|ou plus|et plus)\b", re.IGNORECASE
)
_OR_LESS = re.compile(
    r"\W?\s?(?:\w+\s){0,2}?(?:or (?:less|fewer)|at (?:the )?most|au plus|(?:au )?maximum|ou moins)\b", re.IGNORECASE
)
# a question for the least or the most of something
_ASKS_LEAST = re.compile(
    r"\b(?:minimum|minimal\w*|mindest\w*|mínim\w+|minim[oa]|(?:how|what) .{0,40}at least|combien .{0,40}au moins)\b",
    re.IGNORECASE,
)
_ASKS_MOST = re.compile(
    r"\b(?:maximum|maximal\w*|at (?:the )?most|up to (?:how|what)|jusqu['’]à (?:combien|quel\w*)|au plus|höchst\w*"
    r"|máxim\w+|massim[oa]|maximaal|hoogstens)\b",
    re.IGNORECASE,
)
_ORDINALS = (
    "1st|first|1er|premier|erste[ns]?|prim(?:er|o)|primeiro|eerste",
    "2nd|second|2e|2[eè]me|deuxi[eè]me|zweite[ns]?|segundo|secondo|tweede",
    "3rd|third|3e|3[eè]me|troisi[eè]me|dritte[ns]?|tercer|terzo|terceiro|derde",
    "4th|fourth|4e|4[eè]me|quatri[eè]me|vierte[ns]?|cuarto|quarto|vierde",
)
_QUARTER = "(?:quarter|trimestre|quartal|quartaal|kwartaal)"
_QUARTERS = [
    re.compile(
        rf"(?<!\w)(?:(?:{ordinal})[ \u00a0]{_QUARTER}|q{number}|t{number}[ -]?(?:19|20)\d\d)(?!\w)", re.IGNORECASE
    )
    for number, ordinal in enumerate(_ORDINALS, 1)
]


def misses_bound(sentence: str, quote: str) -> bool:
    """Whether a sentence says that something is before or after a day, and its quote gives days that are not.

    A quote that has the same bound in words states it; one without any full date says nothing about it.
    """
    stated = dates(quote)
    for day, (begin, _) in dates(sentence):
        ahead = sentence[max(0, begin - _LONGEST) : begin]
        sign = -1 if _BEFORE.search(ahead) else 1 if _AFTER.search(ahead) else 0
        if not sign or day.year is None:
            continue
        given = [other for other, (start, _) in stated if not _bound(quote[max(0, start - _LONGEST) : start])]
        if len(given) < len(stated):
            continue
        if given and not any(_order(other, day.year) * sign > _order(day, day.year) * sign for other in given):
            return True
    return False


def turns_bound(sentence: str, quote: str) -> bool:
    """Whether a sentence gives a number as the least of something that its quote gives only as the most, or above which
    something else holds, or the other way round."""
    stated: dict[str, set[str]] = {}
    for begin, end in number_spans(quote):
        stated.setdefault(normalise_number(quote[begin:end]), set()).add(_side(quote, begin, end))
    for begin, end in number_spans(sentence):
        said = _side(sentence, begin, end)
        sides = stated.get(normalise_number(sentence[begin:end]), set())
        if said in ("least", "most") and sides and sides <= {"least", "most", "above"} - {said}:
            return True
    return False


def gives_other_bound(text: str, question: str) -> bool:
    """Whether a question asks for the least of something and a text gives only the most, or the other way round."""
    least, most = bool(_ASKS_LEAST.search(question)), bool(_ASKS_MOST.search(question))
    if least == most:  # neither, or both
        return False
    return {_side(text, begin, end) for begin, end in number_spans(text)} == {"most" if least else "least"}


def _side(text: str, begin: int, end: int) -> str:
    """What a number is there: the least, the most, that above which something holds, or none of these."""
    before, behind = text[max(0, begin - _LONGEST) : begin], text[end : end + _LONGEST]
    if _MOST.search(before) or _OR_LESS.match(behind):
        return "most"
    if _LEAST.search(before) or _OR_MORE.match(behind):
        return "least"
    return "above" if _ABOVE.search(before) else ""


def misses_quarter(sentence: str, quote: str, shown: str, question: str) -> bool:
    """Whether a sentence names a quarter of a year in which what is quoted for it does not lie.

    Where the quote says nothing of days, the quarter may stand anywhere in what is ``shown`` of its passage.
    """
    said = _quarters(sentence) - _quarters(question)
    stated = _quarters(quote) | {(day.month + 2) // 3 for day, _ in dates(quote)}
    return not said <= (stated or _quarters(shown))


def _quarters(text: str) -> set[int]:
    return {number for number, quarter in enumerate(_QUARTERS, 1) if quarter.search(text)}


def _bound(ahead: str) -> bool:
    return bool(_BEFORE.search(ahead) or _AFTER.search(ahead))


def _order(day: Date, year: int) -> int:
    return (day.year or year) * 10_000 + day.month * 100 + day.day
