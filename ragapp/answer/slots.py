"""Putting a follow-up's phrase into the last question, in the place of what it takes the place of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from ragapp.answer.followup_words import FollowUpWords

YEAR = re.compile(r"\b(?:19|20)\d\d\b")
# HM-200, E27, QF-118
CODE = re.compile(r"\b(?=[\w-]*[^\W\d_])(?=[\w-]*\d)[A-Z0-9][\w-]*\b")
AMOUNT = re.compile(
    r"(?:\b(?:about|around|over|above|under|below|up to|less than|more than|at least|environ|"
    r"plus de|moins de|jusqu'à)\s+)?"
    r"(?:[£$€]\s?\d[\d.,]*|\b(?:CHF|EUR|GBP|USD)\s?\d[\d.,]*|\b\d[\d.,]*\d?\s?(?:[£$€%]|euros?|pounds?|francs?))"
)
PROPER = re.compile(r"[A-ZÀ-Þ][\w’'-]*(?:[ -](?:de |d'|du )?[A-ZÀ-Þ][\w’'-]*)*")

Kind = Literal["year", "code", "amount", "proper", "common"]


@dataclass(frozen=True, slots=True)
class Phrase:
    """A noun phrase with the preposition in front of it, within a question.

    Attributes:
        preposition: in small letters; empty where there is none.
        text: the noun phrase.
        start: offset of the preposition, or of the phrase where there is none.
        inner: offset of the noun phrase.
        end: offset behind it.
    """

    preposition: str
    text: str
    start: int
    inner: int
    end: int


def kind_of(text: str, words: FollowUpWords) -> Kind:
    """What a noun phrase names, by its form."""
    bare = without_determiner(text, words)
    if YEAR.fullmatch(bare):
        return "year"
    if AMOUNT.fullmatch(text):
        return "amount"
    if CODE.fullmatch(bare):
        return "code"
    return "proper" if PROPER.fullmatch(bare) else "common"


def without_determiner(text: str, words: FollowUpWords) -> str:
    """A noun phrase without its article."""
    found = words.determiners.match(text.lower())
    return text[found.end() :].strip() if found else text.strip()


def leading_preposition(text: str, words: FollowUpWords) -> Phrase | None:
    """A text that begins with a preposition, taken apart; None where it does not."""
    found = words.prepositions.match(text.lower())
    if not found or not text[found.end() :].strip():
        return None
    inner = found.end() + len(text[found.end() :]) - len(text[found.end() :].lstrip())
    return Phrase(found[0], text[inner:].strip(), 0, inner, len(text))


def phrases(question: str, words: FollowUpWords) -> list[Phrase]:
    """The phrases of a question that begin with a preposition, in order."""
    low = question.lower()
    ends = [m.start() for m in re.finditer(r"\s*[,;:?!()]|\s*\.(?:\s|$)", low)]
    ends += [m.start() for m in words.question.finditer(low)] + [len(low)]
    found = list(words.prepositions.finditer(low))
    spans = []
    for n, match in enumerate(found):
        inner = match.end() + len(low[match.end() :]) - len(low[match.end() :].lstrip())
        stops = [end for end in ends if end >= inner] + [later.start() for later in found[n + 1 :]]
        end = min(stops, default=len(low))
        end = inner + len(question[inner:end].rstrip())
        if end > inner:
            spans.append(Phrase(match[0], question[inner:end], match.start(), inner, end))
    return spans


def fill(question: str, fragment: str, words: FollowUpWords) -> str | None:
    """The question with the fragment in the place of the phrase of its kind.

    Args:
        question: one that stands alone.
        fragment: "for part-timers", "in Grenoble", "2024", "bicycles".
        words: of the language of both.

    Returns:
        None where nothing in the question is clearly what the fragment takes the place of.
    """
    said = leading_preposition(fragment, words) or Phrase("", fragment, 0, 0, len(fragment))
    kind = kind_of(said.text, words)
    if kind in ("year", "code", "amount"):
        pattern = {"year": YEAR, "code": CODE, "amount": AMOUNT}[kind]
        places = [match for match in pattern.finditer(question) if kind != "code" or not YEAR.fullmatch(match[0])]
        if kind == "code" and len(places) > 1:  # E27 and HM-200 are not of one kind
            places = [match for match in places if _shape(match[0]) == _shape(without_determiner(said.text, words))]
        if len(places) != 1:
            return None
        new = said.text if kind == "year" else fragment if kind == "amount" else without_determiner(said.text, words)
        return question[: places[0].start()] + new + question[places[0].end() :]
    if kind == "proper":
        return _fill_proper(question, said, words)
    return _fill_common(question, said, words)


def _shape(code: str) -> str:
    return re.sub(r"[^\W\d_]+", "A", re.sub(r"\d+", "0", code))


def _fill_proper(question: str, said: Phrase, words: FollowUpWords) -> str | None:
    places = []
    for phrase in phrases(question, words):
        bare = without_determiner(phrase.text, words)
        run = PROPER.match(bare)
        if run and not CODE.match(bare):
            begin = phrase.inner + len(phrase.text) - len(bare)
            places.append((phrase, begin, begin + run.end()))
    same = [place for place in places if place[0].preposition == said.preposition]
    if len(same) == 1:
        places = same
    if not places and not said.preposition:
        inside = [m for m in PROPER.finditer(question) if m.start() and not CODE.match(m[0])]
        if len(inside) == 1:
            return question[: inside[0].start()] + said.text + question[inside[0].end() :]
    if len(places) != 1:
        return None
    phrase, begin, end = places[0]
    if said.preposition and said.preposition != phrase.preposition:
        return question[: phrase.start] + f"{said.preposition} {said.text}" + question[end:]
    return question[:begin] + said.text + question[end:]


def _fill_common(question: str, said: Phrase, words: FollowUpWords) -> str | None:
    def determined(text: str) -> bool:
        return bool(words.determiners.match(text.lower()))

    def fits(place: Phrase) -> bool:
        if determined(said.text):
            return determined(place.text)
        # "du" and "aux" hold an article
        return not determined(place.text) and not words.determiners.fullmatch(place.preposition)

    places = [p for p in phrases(question, words) if kind_of(p.text, words) == "common"]
    if said.preposition:
        places = [p for p in places if _alike(p.preposition, said.preposition, words)]
    else:
        places = [p for p in places if fits(p)]
    if len(places) > 1:
        places = [p for p in places if fits(p)]
    if len(places) == 1:
        place = places[0]
        if said.preposition and said.preposition != place.preposition:
            return question[: place.start] + f"{said.preposition} {said.text}" + question[place.end :]
        return question[: place.inner] + said.text + question[place.end :]
    if not said.preposition and determined(said.text):
        return _fill_subject(question, said.text, words)
    return None


def _fill_subject(question: str, text: str, words: FollowUpWords) -> str | None:
    """ "What is the probation period in Sheffield?" and "the notice period" """
    found = words.copula.fullmatch(question.lower())
    if not found:
        return None
    begin, end = found.span("subject")
    if _is_plural(question[begin:]) != _is_plural(text):
        return None
    for phrase in phrases(question, words):
        if phrase.start > begin and phrase.preposition not in ("of", "de", "du", "des", "d'"):
            end = min(end, phrase.start)
    return (
        question[:begin] + text + " " + question[end:].lstrip()
        if question[end:].strip(" ?.")
        else (question[:begin] + text + question[end:])
    )


def _is_plural(phrase: str) -> bool:
    """By its French article; an English one does not tell."""
    return bool(re.match(r"(?:les|des|mes|nos|vos|ses|leurs)\b", phrase.lower()))


def _alike(one: str, other: str, words: FollowUpWords) -> bool:
    return one == other or any({one, other} <= group for group in words.same_place)


def add(question: str, phrase: str) -> str:
    """The question with a phrase at its end."""
    body = question.rstrip(" ?.!…\u00a0\u202f")
    return f"{body} {phrase}{question[len(body) :]}"
