"""Days of the week that a text names, alone, as a range or as a group: "Tuesday to Friday", "le week-end"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from ragapp.data_files import load_yaml

_DATA: Mapping[str, str] = load_yaml("weekdays.yaml", __file__)
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_GROUPS: Mapping[str, frozenset[int]] = {
    "every": frozenset(range(7)),
    "working": frozenset(range(5)),
    "weekend": frozenset((5, 6)),
}
_NAMED = "|".join(f"(?P<{name}>{_DATA[name]})" for name in (*_DAYS, *_GROUPS))
_DAY = re.compile(rf"(?<![^\W_])(?:{_NAMED})(?![^\W_])", re.IGNORECASE)
_TO = re.compile(rf"[\s,.]*(?:{_DATA['to']})\s*(?:{_DATA['article']})?\s*", re.IGNORECASE)


@lru_cache(maxsize=512)
def weekdays(text: str) -> frozenset[int]:
    """The days of the week in a text in any of the languages of the prompts, 0 for Monday; those within ranges, too."""
    found: set[int] = set()
    before: tuple[int, int] | None = None  # the last single day, and where it ends
    for match in _DAY.finditer(text):
        name = match.lastgroup or ""
        if name in _GROUPS:
            found |= _GROUPS[name]
            before = None
            continue
        day = _DAYS.index(name)
        if before and _TO.fullmatch(text, before[1], match.start()):
            found |= {number % 7 for number in range(before[0], day + 7 * (day < before[0]) + 1)}
            before = None
        else:
            before = (day, match.end())
        found.add(day)
    return frozenset(found)
