"""What a question asks for: one fact, yes or no, several things, a list, a comparison; and its parts.

Read by rules alone (``question_kind.yaml``, seven languages), so a simple question costs nothing more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Literal, NamedTuple

from ragapp.data_files import load_yaml
from ragapp.index.analysis import content_terms
from ragapp.index.sentences import sentence_spans

Kind = Literal["fact", "yes_no", "open", "list", "comparison"]

#: parts of a question that are answered; the rest is told
MOST_PARTS = 6
# a part with fewer words of its own is understood with the first part
STANDS_ALONE_WORDS = 3
# of a longer question no more is read for its kind
_MOST_CHARACTERS = 3000
# words of a clause before the question proper ("If I lose my badge, …") at the most
_CLAUSE_WORDS = 25

_RULES: Mapping[str, Mapping[str, str]] = load_yaml("question_kind.yaml", __file__)
_OTHER = "en"  # read by for languages without rules
_NUMBERED = re.compile(r"(?:^|(?<=[\s:;,]))(?:\(?(?:\d{1,2}|[a-h])\)|\d{1,2}\.|[-*•])\s+(?=\S)")
_BULLET = re.compile(r"^[-*•]")
# what joins a question to the clause before it
_THEN = re.compile(
    r"(?:so|then|but|donc|alors|mais|also|dann|aber|entonces|pero|allora|ma|dus|maar|então|mas)\s+", re.IGNORECASE
)
_ENDS = " \t\n?.!,;:¿¡"


@dataclass(frozen=True, slots=True)
class Part:
    """One of several things that a question asks for.

    Attributes:
        words: in the question's own words.
        question: what stands alone, with what the part takes from the others.
        kind: what it asks for.
        several: whether more than one sentence may be needed.
    """

    words: str
    question: str
    kind: Kind = "fact"
    several: bool = False


@dataclass(frozen=True, slots=True)
class QuestionKind:
    """What a question asks for.

    Attributes:
        kind: of the question as a whole.
        several: whether the answer may need more than one sentence.
        parts: two at least where it asks for several things, else none.
        parts_left_out: parts beyond those that are answered.
        items: what is compared, two at least; else none.
        aspect: in what they are compared; empty where the question does not say.
    """

    kind: Kind = "fact"
    several: bool = False
    parts: tuple[Part, ...] = ()
    parts_left_out: int = 0
    items: tuple[str, ...] = ()
    aspect: str = ""


def question_kind(question: str, language: str = "") -> QuestionKind:
    """Read a question in a language (ISO 639-1; those without rules are read as English)."""
    rules = _rules(language if language in _RULES else _OTHER)
    question = question[:_MOST_CHARACTERS].strip()
    text = " ".join(rules.bare(question).split())
    if not text:
        return QuestionKind()
    if compared := rules.compared(text):
        return compared
    parts = _parts(rules, question)
    if len(parts) > 1:
        kept = _standing_alone(rules, parts[:MOST_PARTS])
        several = any(part.several for part in kept)
        return QuestionKind("open", several, kept, len(parts) - len(kept))
    # what is told first ("We move in May. Do I have to …?") says nothing of what is asked for
    asked = f"{parts[0].words}?" if parts and question.endswith("?") else parts[0].words if parts else text
    kind, several = rules.kind(asked)
    return QuestionKind(kind, several)


class _Asked(NamedTuple):
    """A part as it was found: in its own words, as a question, and whether that stands alone."""

    words: str
    question: str
    alone: bool = False


def _parts(rules: _Rules, question: str) -> list[_Asked]:
    """The things that a question asks for, each with the context that stands before them; one where it is no more."""
    numbered = [piece.strip(_ENDS) for piece in _NUMBERED.split(question)]
    if len(numbered) > 2:
        # what stands before the first number introduces them
        intro, pieces = numbered[0], [piece for piece in numbered[1:] if piece]
        bullets = any(_BULLET.match(found[0]) for found in _NUMBERED.finditer(question))
        if len(pieces) > 1 and ("\n" in question or not bullets):
            return [_Asked(piece, f"{intro}: {piece}" if intro else piece) for piece in pieces]
    context: list[str] = []
    asked: list[_Asked] = []
    for line in question.splitlines():
        for begin, end in sentence_spans(line):
            sentence = line[begin:end].strip()
            bare = rules.bare(sentence)
            if rules.asks(bare) or rules.requests(bare) or (sentence.endswith(("?", "？")) and not asked):
                asked.extend(rules.clauses(bare, told=bare != sentence))
            elif bare.strip(_ENDS):
                context.append(sentence)
    if len(asked) > 1 and context:
        lead = " ".join(context)
        return [one._replace(question=f"{lead} {one.question}") for one in asked]
    return asked


def _standing_alone(rules: _Rules, parts: list[_Asked]) -> tuple[Part, ...]:
    first = parts[0].question.strip(_ENDS)
    found = []
    for number, part in enumerate(parts):
        kind, several = rules.kind(part.question)
        question = f"{part.question.strip(_ENDS)}?"
        if number and not part.alone and rules.leans(part.words):
            question = f"{question} ({first})"
        found.append(Part(part.words.strip(_ENDS), question, kind, several))
    return tuple(found)


class _Rules:
    """The rules of one language."""

    def __init__(self, language: str, rules: Mapping[str, str]):
        self._language = language
        self._patterns = {name: rule.replace("\n", "") for name, rule in rules.items()}
        p = self._patterns
        flags = re.IGNORECASE
        self._asks = re.compile(rf"\W{{0,4}}(?:{p['asks']})(?![\w])", flags)
        self._yes_no = re.compile(rf"\W{{0,4}}(?:{p['yes_no']})", flags)
        self._within = re.compile(p["within"], flags)
        self._any = re.compile(rf"\W{{0,4}}(?:{p['any']})", flags)
        self._polite = re.compile(rf"\W{{0,4}}(?:{p['polite']})", flags)
        self._open = re.compile(rf"\W{{0,4}}(?:{p['open']})", flags)
        self._list = re.compile(rf"\W{{0,4}}(?:{p['list']})", flags)
        self._comparison = re.compile(rf"\W{{0,4}}(?:{p['comparison']})", flags)
        self._clause = re.compile(rf"(?:{p['clause']})", flags)
        self._joint = re.compile(rf"(?P<comma>[,;]\s*)?(?<!\w)(?P<and>{p['and']})\s+|[,;]\s+", flags)
        self._indirect = re.compile(rf"(?:{p['indirect']})\b", flags)
        self._relative = re.compile(rf"(?:{p['relative']})\b", flags)
        self._shared = re.compile(
            rf"(?P<head>\W{{0,4}})(?P<one>{p['shares']})\s+(?:{p['and']})\s+(?P<other>{p['shares']})\s+(?P<rest>.+)",
            flags,
        )
        self._between = re.compile(rf"\b(?:{p['between']})\b", flags)
        self._or = re.compile(rf"\b(?:{p['or']})\b", flags)
        # the last word before "the" may be an elided article: no space behind it
        det, prep, conj = p["determiner"], p["preposition"], p["and"]
        self._and = re.compile(rf"\W{{0,4}}(?:{conj})\s+(?=\w)", flags)
        contracted = p.get("contracted", "(?!)")
        self._never = re.compile(p.get("never", "(?!)"), flags)
        self._declared = re.compile(p.get("declared", "(?!)"), flags)
        self._inner = re.compile(rf"(?<![\w])(?:{p['asks']})(?![\w])", flags)
        self._things = re.compile(
            rf"(?P<head>(?:{p['asks']})\s+(?:{p['be']})\s+)(?P<first>(?:{det})\s?\S[^,;]*?)"
            rf"(?P<more>(?:,\s*(?:{det})\s?\S[^,;]*?)*),?\s+(?:{conj})\s+(?P<last>(?:{det})\s?\S[^,;]*)$",
            flags,
        )
        self._places = re.compile(
            rf"(?P<head>.+?\S)\s(?P<prep>{p['places']})\s(?P<first>[^,;]+?)\s+(?:{conj})\s+(?P=prep)\s(?P<last>[^,;]+)$",
            flags,
        )
        self._determined = re.compile(rf"(?:{det})\s", flags)
        self._preposed = re.compile(rf"\s(?:{prep})(?:\b|(?<=['’])).*$", flags)
        self._preposed_thing = re.compile(rf"\s(?:(?:{prep})\s?(?:{det})(?:\b|(?<=['’]))|(?:{contracted})\b)", flags)
        self._pronoun = re.compile(rf"\b(?:{p['pronoun']})\b", flags)

    def bare(self, question: str) -> str:
        """A question without greetings, "can you tell me" and an "and" at its beginning."""
        text = question.strip()
        if joined := self._and.match(text):
            text = text[joined.end() :]
        for _ in range(3):
            polite = self._polite.match(text)
            if not polite or not text[polite.end() :].strip(_ENDS):
                break
            text = text[polite.end() :]
        return text

    def asks(self, text: str) -> bool:
        """Whether a text begins as a question does."""
        return bool(self._asks.match(text) or self._yes_no.match(text))

    def requests(self, text: str) -> bool:
        """Whether a text asks by an imperative."""
        return bool(self._open.match(text) or self._list.match(text) or self._comparison.match(text))

    def compared(self, text: str) -> QuestionKind | None:
        """The comparison that a question asks for, if it does."""
        found = self._comparison.match(text.rstrip(_ENDS))
        if not found:
            return None
        groups = {name: value for name, value in found.groupdict().items() if value}
        items = [value for name, value in groups.items() if name[0] in "ab"]
        aspect = next((value for name, value in groups.items() if name[0] == "c"), "")
        items = [item.strip(_ENDS) for item in items]
        if len(items) != 2 or not all(items) or any(len(item.split()) > 14 for item in items):
            return None
        last = items[1].split()
        every = [part.strip() for part in items[0].split(",") if part.strip()] + [items[1]]
        # "the 2024 and the 2025 travel policy": both are travel policies
        named = last[1:] if self._determined.match(items[1]) else last
        for place, item in enumerate(every[:-1]):
            own = item.split()[1:] if self._determined.match(item) else item.split()
            if len(own) == 1 and len(named) > 1:
                every[place] = " ".join([item, *named[1:]])
        return QuestionKind("comparison", True, items=tuple(every), aspect=aspect.strip(_ENDS))

    def kind(self, text: str) -> tuple[Kind, bool]:
        """What a text without parts asks for, and whether more than one sentence may be needed."""
        text = self._proper(self.bare(text))
        if self._within.search(text):
            return "yes_no", False
        if self._yes_no.match(text) and not self._asks.match(text) and not self._never.search(text):
            if self._or.search(text) and self._alternatives(text):
                return "fact", False
            return "yes_no", bool(self._any.match(text))
        if self._list.match(text):
            return "list", True
        if self._open.match(text):
            return "open", True
        return ("yes_no" if self._is_declared(text) else "fact"), False

    def _is_declared(self, text: str) -> bool:
        """Whether a text states something and asks whether it is so: "Elle a le droit d'y aller sans adulte ?"."""
        is_plain = bool(self._declared.search(text)) and not self._never.search(text) and not self._inner.search(text)
        return is_plain and not (self._or.search(text) and self._alternatives(text))

    def leans(self, words: str) -> bool:
        """Whether a part is understood only with another: it has few words of its own, or a pronoun for the rest."""
        own = set(content_terms(words, self._language))
        return len(own) < STANDS_ALONE_WORDS or (
            bool(self._pronoun.search(words)) and len(own) < 2 * STANDS_ALONE_WORDS
        )

    def clauses(self, sentence: str, told: bool) -> list[_Asked]:
        """The questions in a sentence; ``told`` where it began with "tell me", so they may be indirect."""
        sentence = sentence.strip().rstrip(_ENDS)
        if shared := self._shared.match(sentence):
            both = [f"{word} {shared['rest']}" for word in (shared["one"], shared["other"])]
            return [_Asked(one, one, True) for one in both]
        cuts = list(self._cuts(sentence, told))
        bounds = [(0, 0), *cuts, (len(sentence), len(sentence))]
        pieces = [sentence[end:begin].strip(_ENDS) for (_, end), (begin, _) in pairwise(bounds)]
        if len(pieces) > 1 and not all(content_terms(piece, self._language) for piece in pieces):
            pieces = [sentence]  # "when, where and by whom" ask for one thing
        return [part for piece in pieces if piece for part in self._objects(piece)]

    def _cuts(self, sentence: str, told: bool) -> Iterator[tuple[int, int]]:
        """Where further questions begin: offsets of the words that join them."""
        joints = list(self._joint.finditer(sentence))
        told = told or self.requests(sentence)
        begins = [
            joint
            for joint in joints
            if self._clause.match(sentence, joint.end())
            or (told and joint["and"] and self._indirect.match(sentence, joint.end()))
        ]
        if not any(joint["and"] for joint in begins):
            return
        last = 0
        for joint in begins:
            before = sentence[last : joint.start()]
            if not (told or self.asks(self._proper(before)) or self.requests(before)):
                continue  # a clause that only leads to the question
            word = self._relative.match(sentence, joint.end())
            if word and re.search(rf"(?<=\w)\W+{re.escape(word[0])}\b", before, re.IGNORECASE):
                continue  # a second relative clause: "people who … and who …"
            yield joint.start(), joint.end()
            last = joint.end()

    def _objects(self, clause: str) -> list[_Asked]:
        """A question about two things as one about each: "the notice period and the holiday", "for A and for B"."""
        whole = [_Asked(clause, clause)]
        if self._between.search(clause) or not self._asks.match(clause):
            return whole
        if things := self._things.match(clause):
            others = [piece for piece in re.split(r",\s*", things["more"]) if piece]
            every = [things["first"], *others, things["last"]]
            # "the role of the finance and the HR manager" is one thing
            inside = any(self._preposed_thing.search(thing) for thing in every[:-1])
            if inside or any(self._relative.search(thing) for thing in every[:-1]):
                return whole
            tail = self._preposed.search(every[-1])
            shared = tail[0] if tail and not any(self._preposed.search(thing) for thing in every[:-1]) else ""
            ends = [*[shared] * (len(every) - 1), ""]
            return [
                _Asked(thing, f"{things['head']}{thing}{end}", True) for thing, end in zip(every, ends, strict=True)
            ]
        if (places := self._places.match(clause)) and self.kind(clause)[0] != "list":
            both = [f"{places['head']} {places['prep']} {places[which]}" for which in ("first", "last")]
            return [_Asked(one, one, True) for one in both]
        return whole

    def _proper(self, text: str) -> str:
        """A question without the clause before it: "If I lose my badge, whom do I tell?"."""
        text = text.strip()
        if self.asks(text) or self.requests(text):
            return text
        for comma in re.finditer(r",\s+", text):
            rest = _THEN.sub("", text[comma.end() :])
            if len(text[: comma.start()].split()) > _CLAUSE_WORDS:
                break
            if self.asks(rest) or self.requests(rest):
                return rest
        return text

    def _alternatives(self, text: str) -> bool:
        """Whether "or" offers a choice, to which neither yes nor no is an answer: "is it paid weekly or monthly"."""
        before, after = self._or.split(text, maxsplit=1)[:2]
        near = before.split()[-1:] + after.split()[:1]
        return len(after.split()) <= 4 and all(len(word.strip(_ENDS)) > 1 for word in near)


@lru_cache
def _rules(language: str) -> _Rules:
    return _Rules(language, _RULES[language])
