"""What a question asks of a table, by its words alone: the figure, dates and numbers that values are compared with."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

from ragapp.data_files import load_yaml
from ragapp.index.analysis import fold, known_terms, stop_list
from ragapp.index.table_query import Operator
from ragapp.reading.typed.currencies import CODES, CURRENCY
from ragapp.reading.typed.values import day_of, number_of

Wanted = Literal["average", "largest", "smallest", "sum", "count", "list", "value"]

# of a longer question nothing is read
MOST_CHARACTERS = 400
_WANTED: tuple[Wanted, ...] = ("average", "largest", "smallest", "sum", "count", "list", "value")
_WORD = re.compile(r"\w+(?:[.'’&/-]\w+)*")
_ELIDED = re.compile(r"^(?:[ldnsmtjc]|qu)['’](?=\w)", re.IGNORECASE)
_FIGURE = (
    rf"(?:(?-i:{CURRENCY})\s?)?\d[\d.,'’\u00a0\u202f]*(?: \d{{3}}(?!\d))*"
    # a code in small letters is mostly another word: try, mad
    rf"(?:\s?(?:%|(?-i:{CURRENCY})(?!\w)|(?:kg|km|g|t|cm|mm|m|h|l|EUR|GBP|USD|CHF)\b))?"
)
_DAYS = (
    r"\d{4}-\d\d-\d\d|\d{1,2}[./]\d{1,2}[./]\d{4}|\d{1,2}(?:er|st|nd|rd|th)?\s(?:of\s)?[^\W\d]{3,9}\.?\s\d{4}"
    r"|[^\W\d]{3,9}\s\d{1,2}(?:st|nd|rd|th)?,?\s\d{4}|[^\W\d]{3,9}\s\d{4}"
)
# characters that may stand before the word that asks for a list
_OPENING = 8
_YEAR = re.compile(r"(?<![\w.,/-])(?:19|20)\d\d(?![\w/-]|[.,]\d)")


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a question, with what it is matched by: its folded form and its index terms."""

    text: str
    start: int
    end: int
    keys: frozenset[str]


@dataclass(frozen=True, slots=True)
class Period:
    """Days that a question names: from the first (ISO 8601) up to the one behind the last; None where it is open.

    ``year`` is that which alone was named, else 0.
    """

    start: int
    end: int
    first: str | None
    behind: str | None
    year: int = 0
    bound: str = ""  # the word that makes it open: before, after, …


@dataclass(frozen=True, slots=True)
class Bound:
    """A number that values are compared with."""

    start: int
    end: int
    operator: Operator
    value: float | int
    unit: str = ""


@dataclass(slots=True)
class AskedTable:
    """A question, read for what it may ask of a table.

    Attributes:
        wanted: kinds of figures that it names, with where.
        periods: days that it names.
        bounds: numbers that it compares with.
        rules: the patterns of its language.
    """

    question: str
    language: str
    words: list[Word]
    wanted: dict[Wanted, tuple[int, int]]
    periods: list[Period] = field(default_factory=list)
    bounds: list[Bound] = field(default_factory=list)

    @property
    def rules(self) -> dict[str, Any]:
        """The words of the question's language, see ``table_words.yaml``."""
        return table_rules()[self.language]

    def spans(self, name: str) -> list[tuple[int, int]]:
        """Where words of a kind stand."""
        return [found.span() for found in _pattern(self.language, name).finditer(self.question)]


@lru_cache(maxsize=1)
def table_rules() -> dict[str, dict[str, Any]]:
    """The words of each language in which questions to tables are read."""
    rules: dict[str, dict[str, Any]] = load_yaml("table_words.yaml", __file__)
    return rules


@lru_cache(maxsize=200)
def _pattern(language: str, name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{table_rules()[language][name]})(?!\w)", re.IGNORECASE)


def asked_of_table(question: str, language: str) -> AskedTable | None:
    """What a question may ask of a table; None where it asks for no figure and no list, or in another language."""
    if language not in table_rules() or len(question) > MOST_CHARACTERS:
        return None
    question = " ".join(question.split())
    wanted: dict[Wanted, tuple[int, int]] = {}
    for kind in _WANTED:
        if found := _pattern(language, kind).search(question):
            wanted[kind] = found.span()
    if not wanted:
        return None
    if {"largest", "smallest"} <= wanted.keys():  # "le plus petit" holds "le plus"
        first, other = wanted["largest"], wanted["smallest"]
        if first[0] < other[1] and other[0] < first[1]:
            del wanted["largest" if first[1] - first[0] < other[1] - other[0] else "smallest"]
    asked = AskedTable(question, language, words_of(question, language), wanted)
    asked.periods = _periods(asked)
    asked.bounds = _bounds(asked)
    for kind, (begin, end) in list(wanted.items()):
        # "at least 35" asks for no least; "the list price", "in which office" ask for no list
        if any(one.start <= begin and end <= one.end for one in asked.bounds) or (kind == "list" and begin > _OPENING):
            del wanted[kind]
    return asked if wanted else None


def words_of(text: str, language: str) -> list[Word]:
    """The words of a text; what is elided before one (l'agence) is no part of it."""
    words = []
    for found in _WORD.finditer(text):
        begin = found.start()
        if elided := _ELIDED.match(found[0]):
            begin += elided.end()
        words.append(Word(text[begin : found.end()], begin, found.end(), keys_of(text[begin : found.end()], language)))
    return words


@lru_cache(maxsize=5000)
def keys_of(word: str, language: str) -> frozenset[str]:
    """What a word is matched by."""
    folded = fold(word.lower())
    keys = {folded, *known_terms(word, language)}
    if len(folded) > 3 and folded[-1] in "sx":
        keys.add(folded[:-1])
    return frozenset(keys)


@lru_cache(maxsize=5000)
def chooses_nothing(word: str, language: str) -> bool:
    """Whether a word says nothing of what is asked for."""
    lowered = word.lower().replace("’", "'")
    if lowered in stop_list(language) or fold(lowered) in {fold(one) for one in stop_list(language)}:
        return True
    rules = table_rules()[language]
    return word in CODES or re.fullmatch(f"{rules['generic']}|{rules['unitwords']}", lowered) is not None


def _periods(asked: AskedTable) -> list[Period]:
    found: list[Period] = []
    taken: list[tuple[int, int]] = []

    def is_free(span: tuple[int, int]) -> bool:
        return all(span[1] <= begin or end <= span[0] for begin, end in taken)

    def add(span: tuple[int, int], first: str, behind: str, year: int = 0) -> None:
        taken.append(span)
        found.append(Period(*span, first, behind, year))

    for match in _pattern(asked.language, "quarter").finditer(asked.question):
        year = re.match(r"\s*(\d{4})", asked.question[match.end() :])
        groups = match.groupdict()
        said = groups.get("a") or ""
        number = int(said) if said else _ordinal(groups.get("b") or "", asked)
        if year and number:
            first = f"{year[1]}-{3 * number - 2:02}"
            behind = f"{int(year[1]) + (number == 4):04}-{(3 * number) % 12 + 1:02}"
            add((match.start(), match.end() + year.end()), first, behind)
    for match in re.finditer(rf"(?<![\w])(?:{_DAYS})(?!\w)", asked.question, re.IGNORECASE):
        day = day_of(match[0].replace(" of ", " "))
        iso = day.read("day") if day else None
        if iso and is_free(match.span()):
            add(match.span(), iso, _behind(iso))
    for match in _YEAR.finditer(asked.question):
        if is_free(match.span()):
            year_number = int(match[0])
            add(match.span(), match[0], str(year_number + 1), year_number)
    found.sort(key=lambda one: one.start)
    return _bounded(asked, found)


def _ordinal(word: str, asked: AskedTable) -> int:
    digits = re.match(r"\d", word)
    if digits:
        return int(digits[0])
    names = asked.rules["ordinals"].split()
    return names.index(word.lower()) + 1 if word.lower() in names else 0


def _behind(iso: str) -> str:
    """The day or month behind one, as ISO 8601."""
    from datetime import date, timedelta

    if len(iso) == 7:
        year, month = int(iso[:4]), int(iso[5:])
        return f"{year + month // 12:04}-{month % 12 + 1:02}"
    return (date.fromisoformat(iso[:10]) + timedelta(days=1)).isoformat()


def _bounded(asked: AskedTable, found: list[Period]) -> list[Period]:
    """Periods with the words before them that make them open, two of "between … and …" as one."""
    if len(found) == 2 and (between := _before(asked, "between", found[0].start)) is not None:
        joint = asked.question[found[0].end : found[1].start].strip()
        if re.fullmatch(asked.rules["and"], joint, re.IGNORECASE):
            return [Period(between, found[1].end, found[0].first, found[1].behind)]
    bounded = []
    for one in found:
        for name, first, behind in (
            ("before", None, one.first),
            ("after", one.behind, None),
            ("since", one.first, None),
            ("upto", None, one.behind),
        ):
            if (begin := _before(asked, name, one.start)) is not None:
                bounded.append(Period(begin, one.end, first, behind, one.year, name))
                break
        else:
            bounded.append(one)
    return bounded


def _before(asked: AskedTable, name: str, place: int) -> int | None:
    """Where words of a kind begin that stand right before a place; None where there are none."""
    pattern = rf"(?<!\w)(?:{asked.rules[name]})\s*(?:the |le |la |l'|du |au )?$"
    found = re.search(pattern, asked.question[:place], re.IGNORECASE)
    return found.start() if found else None


def _bounds(asked: AskedTable) -> list[Bound]:
    bounds: list[Bound] = []
    days = [(one.start, one.end) for one in asked.periods if not one.year]
    kinds: tuple[tuple[str, Operator], ...] = (("over", ">"), ("under", "<"), ("atleast", ">="), ("atmost", "<="))
    question = asked.question
    between = (
        rf"(?<!\w)(?:{asked.rules['between']})\s+({_FIGURE})[^\d]{{0,12}}?\s(?:{asked.rules['and']})\s+({_FIGURE})"
    )
    for found in re.finditer(between, question, re.IGNORECASE):
        low, high = (_number(text, asked.language) for text in found.groups())
        if low and high and not any(begin < found.end() and found.start() < end for begin, end in days):
            if _YEAR.fullmatch(found[1]) and _YEAR.fullmatch(found[2]):
                continue
            bounds.append(Bound(found.start(), found.end(), ">=", low[0], low[1] or high[1]))
            bounds.append(Bound(found.start(), found.end(), "<=", high[0], low[1] or high[1]))
    for name, operator in kinds:
        for found in re.finditer(rf"(?<!\w)(?:{asked.rules[name]})\s*({_FIGURE})", question, re.IGNORECASE):
            span = found.span()
            if any(begin < span[1] and span[0] < end for begin, end in days):
                continue
            if any(one.start < span[1] and span[0] < one.end for one in bounds):
                continue
            if _YEAR.fullmatch(found[1].strip()) and name in ("atleast", "atmost"):
                continue
            if number := _number(found[1], asked.language):
                bounds.append(Bound(*span, operator, *number))
    if bounds:  # a year within one is no period
        asked.periods = [
            one for one in asked.periods if all(one.end <= each.start or each.end <= one.start for each in bounds)
        ]
    return bounds


def _number(text: str, language: str) -> tuple[float | int, str] | None:
    number = number_of(text.strip().rstrip(".,"))
    if number is None:
        return None
    value = number.read("comma" if language == "fr" else "point")
    return None if value is None else (value, number.unit)
