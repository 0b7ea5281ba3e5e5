"""Whether a value is told of one thing that the passage states of another, where it gives the first a value of its own.

"Room 3 costs £40 a day. Room 4 costs £60 a day." does not state that room 4 costs £40.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ragapp.answer import facts
from ragapp.index.dates import dates

# share of what a statement says, besides names and figures, that another one of the same kind says as well
_ALIKE = 0.5
# so many words tell surely what a statement is about
_TELLING_WORDS = 2
# a capital at the beginning is one of a name where the next word has one, too
_FIRST_NAME = re.compile(r"^\W*([A-ZÀ-ÖØ-Þ][\w’'-]*\w)(?=\s+[A-ZÀ-ÖØ-Þ])")
_TIME = re.compile(r"(?<![\d:])(\d{1,2})\s?[:h]\s?(\d\d)(?![\d:])")
_CLAUSE = re.compile(
    r"[.!?]\s+(?=[A-ZÀ-ÖØ-Þ])"
    r"|[;,]\s(?!(?:which|who|that|where|when|qui|que|dont|où|der|die|das|den|dem|wo|wenn|che|quien|dat|wie|waar)\b)"
    r"|\s(?:and|but|while|whereas|et|mais|tandis que|und|aber|während|y|pero|e|ma|mentre|en|maar|terwijl|mas)\s"
)


@dataclass(frozen=True, slots=True)
class Statement:
    """What a sentence, or a clause of one, says.

    Attributes:
        words: terms without figures.
        named: those of them that are of names.
        values: figures, dates, times of day and names, each with its kind.
    """

    words: frozenset[str]
    named: frozenset[str]
    values: frozenset[tuple[str, str]]

    @property
    def frame(self) -> frozenset[str]:
        """What is said, without who or what it is said of by name."""
        return self.words - self.named


Terms = Callable[[str], Iterable[str]]


def statement(text: str, terms: Terms, more: Iterable[str] = (), *, with_names: bool = True) -> Statement:
    """What a text says, and by ``more`` terms what it refers to; names are told by their capitals."""
    found, rest = dates(text), list(text)
    for _, (begin, end) in found:
        rest[begin:end] = " " * (end - begin)
    times = list(_TIME.finditer("".join(rest)))
    for time in times:
        rest[time.start() : time.end()] = " " * len(time[0])
    names = [*facts.names(text), *_FIRST_NAME.findall(text)] if with_names else []
    values = {("date", str(date)) for date, _ in found}
    values |= {("time", f"{int(time[1])}:{time[2]}") for time in times}
    values |= {("figure", number) for number in facts.numbers("".join(rest))}
    values |= {("name", name.casefold()) for name in names}
    words = {term for term in {*terms(text), *more} if not any(map(str.isdigit, term))}
    return Statement(frozenset(words), frozenset(terms(" ".join(names))), frozenset(values))


def is_of_a_rival(said: Statement, statements: Sequence[Statement], own: Collection[int], given: Statement) -> bool:
    """Whether what is ``said`` takes a value from its ``own`` places for something that another place gives its own.

    All that its own place lacks of the words, labels and years of what is said must stand in the other one, which says
    the like with another value of the kind. A statement may leave out what was said before it ("Two of three: 2.5%"),
    so one before it counts only where its own place has words that are not said.

    Args:
        statements: of the passage, or clauses of a sentence, in order.
        own: numbers of those that have what is said, from 0, one behind the other.
        given: what the question says; no value that is taken.
    """
    here = _together([statements[number] for number in own])
    taken = (said.values & here.values) - given.values
    # the words of names are among the words
    words, values = said.words - here.words, {one for one in said.values - here.values if one[0] != "name"}
    if not taken or not (words or values):
        return False
    complete = not (here.words - said.words or here.values - said.values)
    kinds, first = {kind for kind, _ in taken}, min(own)
    for number, other in enumerate(statements):
        if number in own or (number < first and complete):
            continue
        if not (words <= other.words and values <= other.values) or taken & other.values:
            continue
        frame = here.frame - other.named
        alike = len(frame & other.words) >= _ALIKE * len(frame)
        # or its own place has nothing at all of what is said, and the other one all of it
        foreign = len(words) >= _TELLING_WORDS and words == said.words
        if (alike or foreign) and any(kind in kinds for kind, _ in other.values - said.values):
            return True
    return False


def _together(statements: Sequence[Statement]) -> Statement:
    parts = [(one.words, one.named, one.values) for one in statements]
    words, named, values = (frozenset[Any]().union(*part) for part in zip(*parts, strict=True))
    return Statement(words, named, values)


def clauses(sentence: str) -> list[str]:
    """The clauses of a sentence that may each say something of somebody else; "at 9." may end one, too."""
    return _CLAUSE.split(sentence)
