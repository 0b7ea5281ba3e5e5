"""Which words of a question are columns, values and names of one table."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from ragapp.answer.table_words import AskedTable, Word, chooses_nothing, words_of
from ragapp.data_files import load_yaml
from ragapp.index.analysis import plain, stop_list
from ragapp.index.tables import StoredTable
from ragapp.reading.typed.records import Column

# words of a value that may be looked for
_LONGEST_VALUE = 8
# digits of a number that may be the key of a row
_LEAST_DIGITS = 4
_UNIT = re.compile(r"[(\[].{1,12}[)\]]\s*$")
_NAMED = re.compile(str(load_yaml("list_words.yaml", __file__)["named"]), re.IGNORECASE)

# gives those of some texts that a column has as values, as they are written there
FindValues = Callable[[StoredTable, Column, Sequence[str]], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Mention:
    """A column that a question names, by the first and last of its words; whether by the whole name."""

    column: Column
    first: int
    last: int
    is_whole: bool


@dataclass(frozen=True, slots=True)
class ValueMention:
    """Values of one column that the same words of a question name."""

    column: Column
    values: tuple[str | int, ...]
    first: int
    last: int


@dataclass(slots=True)
class Links:
    """What the words of a question are in a table, and which are nothing of it.

    Attributes:
        mentions: columns, in the order of the question.
        values: values, in that order.
        names: words that name the table or its document.
        people: words that stand for whoever is in its rows.
        claimed: places of the words that are accounted for.
        periods: places in the question's periods that are the name of a column.
    """

    table: StoredTable
    mentions: list[Mention] = field(default_factory=list)
    values: list[ValueMention] = field(default_factory=list)
    names: set[int] = field(default_factory=set)
    people: set[int] = field(default_factory=set)
    claimed: set[int] = field(default_factory=set)
    periods: set[int] = field(default_factory=set)

    def unclaimed(self, asked: AskedTable) -> list[Word]:
        """The words that say something, and are nothing of the table."""
        return [
            word
            for place, word in enumerate(asked.words)
            if place not in self.claimed and not chooses_nothing(word.text, asked.language)
        ]


def link(asked: AskedTable, table: StoredTable, find: FindValues) -> Links | None:
    """The links of a question to a table; None where a value is one of several columns and nothing decides."""
    links = Links(table)
    spans = [(one.start, one.end) for one in asked.periods] + [(one.start, one.end) for one in asked.bounds]
    figures = {place for place, word in enumerate(asked.words) if _inside(word, spans)}
    columns = _columns(asked, table, links, figures)
    if not _values(asked, table, find, links, figures, columns):
        return None
    for mention in columns:
        if not set(_places(mention)) & {n for value in links.values for n in range(value.first, value.last + 1)}:
            links.mentions.append(mention)
            links.claimed.update(_places(mention))
    links.mentions.sort(key=lambda one: one.first)
    for at, period in enumerate(asked.periods):
        within = {n for n, word in enumerate(asked.words) if _inside(word, [(period.start, period.end)])}
        if within and within & {n for one in links.mentions for n in _named_by(one, asked)} and period.year:
            links.periods.add(at)
    _names(asked, table, links)
    return links


def _inside(word: Word, spans: Sequence[tuple[int, int]]) -> bool:
    return any(begin <= word.start and word.end <= end for begin, end in spans)


def _places(mention: Mention) -> range:
    return range(mention.first, mention.last + 1)


def _named_by(mention: Mention, asked: AskedTable) -> set[int]:
    keys = _name_keys(_own_name(mention.column, ()), asked.language)
    return {n for n, word in enumerate(asked.words) if any(word.keys & one for one in keys)}


@lru_cache(maxsize=2000)
def _name_keys(name: str, language: str) -> tuple[frozenset[str], ...]:
    words = words_of(_UNIT.sub("", name).replace("_", " "), language)
    keys = [one.keys for one in words if one.text.lower() not in stop_list(language)]
    return tuple(keys or [one.keys for one in words])


def _own_name(column: Column, columns: Sequence[Column]) -> str:
    """A column's name without the groups above it and its currency, where no other column has the same then."""
    names = {one.name: one.name.rpartition(" / ")[2] for one in columns}
    own = names.get(column.name, column.name)
    if list(names.values()).count(own) != 1:
        return column.name
    # the currency behind it, where that tells no columns apart
    bare = {
        name: re.sub(rf"\s{re.escape(one.unit)}$", "", names[name]) for name, one in zip(names, columns, strict=True)
    }
    return bare[column.name] if column.unit and list(bare.values()).count(bare[column.name]) == 1 else own


def _columns(asked: AskedTable, table: StoredTable, links: Links, figures: set[int]) -> list[Mention]:
    """The columns that the question names: whole names first, the longest first, then what only one column has."""
    found: list[Mention] = []
    taken: set[int] = set()
    named = [(column, _name_keys(_own_name(column, table.columns), asked.language)) for column in table.columns]
    of_table = _table_keys(table, asked.language)
    # "orders" of a table of orders are no column "Ordered on"
    rows = {n for n, word in enumerate(asked.words) if word.keys & of_table}
    for column, keys in sorted(named, key=lambda one: -len(one[1])):
        if not keys:
            continue
        places = []
        for key in keys:
            fitting = (n for n, word in enumerate(asked.words) if n not in taken and word.keys & key)
            place = next(
                (n for n in fitting if n not in rows or len(keys) > 1 or _is_alike(asked.words[n], column)), None
            )
            if place is None:
                break
            places.append(place)
        if len(places) == len(keys) and len(set(places)) == len(places):
            # words that stand apart may be of a name such as "2024 / Revenue", and else of something else
            near = max(places) - min(places) < len(places) + 2 or len(places) > 2
            if near or set(places) & figures:
                spread = (min(places), max(places)) if near else (places[-1], places[-1])
                found.append(Mention(column, *spread, True))
                taken.update(places)
                links.claimed.update(places)
    for n, word in enumerate(asked.words):
        if (
            n in taken
            or n in figures
            or n in rows
            or chooses_nothing(word.text, asked.language)
            or word.text.isdecimal()
        ):
            continue
        having = [column for column, keys in named if len(keys) > 1 and any(word.keys & key for key in keys)]
        if len(having) == 1:
            known = next((one for one in found if one.column == having[0]), None)
            if known is None:
                found.append(Mention(having[0], n, n, False))
            elif not known.is_whole:
                found[found.index(known)] = Mention(known.column, known.first, n, False)
    return found


def _values(
    asked: AskedTable, table: StoredTable, find: FindValues, links: Links, figures: set[int], columns: Sequence[Mention]
) -> bool:
    runs: dict[str, tuple[int, int]] = {}
    count = len(asked.words)
    for length in range(min(_LONGEST_VALUE, count), 0, -1):
        for first in range(count - length + 1):
            last = first + length - 1
            text = asked.question[asked.words[first].start : asked.words[last].end]
            if any(n in figures for n in range(first, last + 1)) or (text.isdecimal() and len(text) < _LEAST_DIGITS):
                continue
            if length == 1 and (len(text) < 2 and not text.isupper()):
                continue
            if length == 1 and chooses_nothing(text, asked.language) and not text[0].isupper():
                continue
            runs.setdefault(text, (first, last))
    texts = list(runs)
    having: dict[str, list[tuple[Column, tuple[str | int, ...]]]] = {}
    for column in table.columns:
        if column.type in ("text", "integer"):
            among = texts if column.type == "text" else [text for text in texts if text.isdecimal()]
            if not among:
                continue
            for text, values in _grouped(find(table, column, among), among).items():
                own = tuple(map(int, values)) if column.type == "integer" else values
                having.setdefault(text, []).append((column, own))
    for text in sorted(having, key=lambda one: -(runs[one][1] - runs[one][0])):
        first, last = runs[text]
        places = set(range(first, last + 1))
        if places & {n for one in links.values for n in range(one.first, one.last + 1)}:
            continue
        # a column's own name that is a value of another one is the column, unless it is written as a name
        if any(one.is_whole and places <= set(_places(one)) for one in columns) and not (first and text[0].isupper()):
            continue
        choices = having[text]
        if len(choices) > 1:
            near = [one for one in choices if any(m.column == one[0] and abs(m.first - first) < 4 for m in columns)]
            if len(near) != 1:
                return False
            choices = near
        links.values.append(ValueMention(*choices[0], first, last))
        links.claimed |= places
    links.values.sort(key=lambda one: one.first)
    return True


def _grouped(values: Sequence[str], texts: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Values by the text that names them: case, accents and an ending of the plural do not matter."""
    by_key: dict[str, list[str]] = {}
    for value in values:
        by_key.setdefault(value_key(value), []).append(value)
    found = {}
    for text in texts:
        for key in (value_key(text), value_key(text).rstrip("s")):
            if key in by_key:
                found[text] = tuple(by_key[key])
                break
    return found


@lru_cache(maxsize=20_000)
def value_key(text: str) -> str:
    """What values and the words of a question are compared by."""
    return " ".join(plain(text).replace("’", "'").split())


def _names(asked: AskedTable, table: StoredTable, links: Links) -> None:
    """Claim the words that name the table, its sheet, or its document, or whoever stands in its rows."""
    keys = _table_keys(table, asked.language)
    has_names = any(_NAMED.fullmatch(column.name) for column in table.columns)
    people = asked.rules["people"]
    for place, word in enumerate(asked.words):
        if place in links.claimed:
            continue
        if word.keys & keys:
            links.names.add(place)
        elif has_names and re.fullmatch(people, word.text, re.IGNORECASE):
            links.people.add(place)
    links.claimed |= links.names | links.people


def _table_keys(table: StoredTable, language: str) -> set[str]:
    """What the words are matched by that name a table, its sheet, or its document."""
    texts = (table.title, table.sheet, table.document_title, re.sub(r"[-_.]", " ", table.document))
    words = (one for text in texts for one in words_of(text, language))
    return {key for word in words if not chooses_nothing(word.text, language) for key in word.keys}


def _is_alike(word: Word, column: Column) -> bool:
    """Whether a word is written as a column's name is, but for an ending of the plural."""
    return plain(word.text).rstrip("s") in {plain(one).rstrip("s") for one in re.findall(r"\w+", column.name)}
