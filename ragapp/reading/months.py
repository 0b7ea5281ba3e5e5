"""The months by their names, as texts and tables write them in several languages, with and without accents."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from ragapp.data_files import load_yaml


def _numbers(lists: Iterable[str]) -> dict[str, int]:
    numbers = {}
    for number, names in enumerate(lists, 1):
        for name in names.split():
            numbers[name] = number
            numbers[re.sub("[\u0300-\u036f]", "", unicodedata.normalize("NFD", name))] = number
    return numbers


_DATA: dict[str, list[str]] = load_yaml("months.yaml", __file__)
#: the number of a month by an abbreviation that is another word as well, so that it needs a year beside it
ABBREVIATIONS = _numbers(_DATA["abbreviations"])
#: the number of a month by any of its names, lower-case
MONTH_NUMBERS = {**ABBREVIATIONS, **_numbers(_DATA["names"])}
