"""Bounds that a sentence names: "due before 8 May" is not stated by a line that says the 8th."""

from __future__ import annotations

import re

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


def _bound(ahead: str) -> bool:
    return bool(_BEFORE.search(ahead) or _AFTER.search(ahead))


def _order(day: Date, year: int) -> int:
    return (day.year or year) * 10_000 + day.month * 100 + day.day
