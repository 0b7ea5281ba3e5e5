"""The documents that a search is restricted to: one filter, which every surface writes as the lines of a text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import date

from ragapp.errors import PathError, UsageError
from ragapp.index.analysis import plain
from ragapp.index.facts import TYPES
from ragapp.index.patterns import path_matcher
from ragapp.index.records import DocumentRow
from ragapp.reading.formats import READERS

#: kinds of conditions, as a line that is one begins
CONDITIONS = ("collection", "tag", "type", "author", "year", "after", "before")
_CONDITION = re.compile(rf"\s*({'|'.join(CONDITIONS)})\s*:\s*(.*?)\s*", re.IGNORECASE | re.DOTALL)
_DAY = re.compile(r"(\d{4})(?:-(\d{1,2}))?(?:-(\d{1,2}))?")
_YEAR = re.compile(r"\d{4}")


@dataclass(frozen=True, slots=True)
class Filter:
    """Conditions on documents. A document must meet one of each kind that has any, and every tag.

    As a text (:meth:`parse`, :meth:`__str__`) it is a line each: ``travel*``, ``tag:draft``, ``after:2024-01-01``.

    Attributes:
        within: names, shell patterns, folders, or names of collections.
        collections: names of collections.
        tags: of which a document must have all.
        types: families of formats (:data:`ragapp.index.facts.TYPES`), or suffixes without their dot.
        authors: of whose names a part is enough; capitals and accents do not matter.
        years: that a document's name or title states, or, where they state none, that its day lies in.
        after: the first day, ISO 8601; empty for any.
        before: the day behind the last one, ISO 8601; empty for any.
    """

    within: tuple[str, ...] = ()
    collections: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    years: tuple[str, ...] = ()
    after: str = ""
    before: str = ""

    @classmethod
    def parse(cls, text: str) -> Filter:
        """The filter that some lines write; of several first or last days the narrowest holds.

        Raises:
            UsageError: a condition has no value, or one that is no day, year or type.
        """
        kinds: dict[str, list[str]] = {name: [] for name in (*_KINDS.values(), "within", "after", "before")}
        for line in text.split("\n"):
            if not line.strip():
                continue
            match = _CONDITION.fullmatch(line)
            if not match:
                kinds["within"].append(line)
                continue
            kind, value = match[1].lower(), " ".join(match[2].split())
            kinds[_KINDS.get(kind, kind)].append(_checked(kind, value))
        days = max(kinds.pop("after"), default=""), min(kinds.pop("before"), default="")
        return cls(
            **{name: tuple(dict.fromkeys(values)) for name, values in kinds.items()}, after=days[0], before=days[1]
        )

    def __str__(self) -> str:
        return "\n".join([*self.within, *self.conditions()])

    def __bool__(self) -> bool:
        return any(getattr(self, field.name) for field in fields(self))

    def conditions(self) -> list[str]:
        """All but the names and patterns, a line each."""
        lines = [f"{kind}:{value}" for kind, name in _KINDS.items() for value in getattr(self, name)]
        return lines + [f"{kind}:{day}" for kind in ("after", "before") if (day := getattr(self, kind))]

    def matching(self, rows: Iterable[DocumentRow]) -> list[DocumentRow]:
        """The documents that meet all conditions, in their order.

        Raises:
            PathError: none does; the message names the first condition that none of those left met.
        """
        every = left = list(rows)
        for told, meets in self._tests():
            found = [row for row in left if meets(row)]
            if not found and told == "\n".join(self.within):
                raise PathError(f"No document or folder matches {told!r}.", "See: ragapp documents list")
            if not found and not any(map(meets, every)):
                raise PathError(f"No document fits {told!r}.", "See: ragapp documents list")
            if not found:
                raise PathError(
                    f"None of the documents that fit the other conditions fits {told!r}.",
                    "Leave out one of the conditions.",
                )
            left = found
        return left

    def _tests(self) -> list[tuple[str, Callable[[DocumentRow], bool]]]:
        """What each condition is called, and what tells whether a document meets it."""
        tests: list[tuple[str, Callable[[DocumentRow], bool]]] = []
        if self.within:
            tests.append(("\n".join(self.within), _within(self.within)))

        def add(kind: str, values: Sequence[str], meets: Callable[[DocumentRow, str], bool]) -> None:
            if values:
                told = ", ".join(f"{kind}:{value}" for value in values)
                tests.append((told, lambda row: any(meets(row, value) for value in values)))

        add("collection", self.collections, lambda row, name: _has_name(row.collections, name))
        for tag in self.tags:
            add("tag", [tag], lambda row, name: _has_name(row.tags, name))
        add("type", self.types, _is_of_type)
        add("author", self.authors, lambda row, name: plain(name) in plain(row.author))
        add("year", self.years, lambda row, year: int(year) in row.years)
        add("after", [self.after] if self.after else [], lambda row, day: row.day >= day)
        add("before", [self.before] if self.before else [], lambda row, day: row.day < day)
        return tests


# what a condition is called in a line, and the field that holds it
_KINDS = {"collection": "collections", "tag": "tags", "type": "types", "author": "authors", "year": "years"}


def matching_documents(rows: Iterable[DocumentRow], scope: str) -> list[int]:
    """Ids of the documents that a filter lets through, which is written as :meth:`Filter.parse` reads it.

    Raises:
        PathError: no document fits.
        UsageError: a condition cannot be read.
    """
    chosen = Filter.parse(scope)
    if not chosen:
        chosen = Filter((scope,))
    return [row.id for row in chosen.matching(rows)]


def joined_filter(
    within: str = "",
    tags: Iterable[str] = (),
    types: Iterable[str] = (),
    authors: Iterable[str] = (),
    after: str = "",
    before: str = "",
) -> str:
    """A filter as a text, of what a program or a command line says apart; empty for all documents.

    Raises:
        UsageError: a condition has no value, or one that is no day or type.
    """
    lines = [within]
    lines += [
        f"{kind}:{value}" for kind, values in (("tag", tags), ("type", types), ("author", authors)) for value in values
    ]
    lines += [f"{kind}:{day}" for kind, day in (("after", after), ("before", before)) if day]
    return str(Filter.parse("\n".join(lines)))


def _within(patterns: Sequence[str]) -> Callable[[DocumentRow], bool]:
    """Whether a document is in one of some folders or collections, or has one of some names.

    The name of a collection goes before that of a file or folder; ``name/`` is the folder.
    """

    def meets(row: DocumentRow) -> bool:
        return matches(row.path) or any(_has_name(row.collections, one) for one in patterns)

    matches = path_matcher(patterns)
    return meets


def _has_name(names: Iterable[str], wanted: str) -> bool:
    return wanted.strip().casefold() in (name.casefold() for name in names)


def _is_of_type(row: DocumentRow, wanted: str) -> bool:
    return row.type == wanted if wanted in TYPES else row.name.lower().endswith(f".{wanted}")


def _checked(kind: str, value: str) -> str:
    """The value of a condition, as documents are held against it."""
    if not value:
        raise UsageError(f"The condition {kind + ':'!r} has no value.", "Example: --after 2024-01-01")
    if kind in ("after", "before"):
        return _day(value)
    if kind == "year" and not _YEAR.fullmatch(value):
        raise UsageError(f"{value!r} is not a year.", "Write it with four figures: 2024")
    if kind == "type":
        named = value.lower().lstrip(".")
        if named not in TYPES and f".{named}" not in READERS:
            raise UsageError(f"{value!r} is not a type of documents.", f"Known are: {', '.join(TYPES)}, and suffixes.")
        return named
    return value


def _day(value: str) -> str:
    """A day, ISO 8601, of a day, a month or a year, which stand for their first day."""
    if match := _DAY.fullmatch(value):
        year, month, day = (int(part or 1) for part in match.groups())
        with suppress(ValueError):  # there is no such day
            return date(year, month, day).isoformat()
    raise UsageError(f"{value!r} is not a day.", "Write it so: 2024-01-31, or 2024-01, or 2024")
