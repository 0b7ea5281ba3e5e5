"""Questions that ask for a summary of one document, read by rules (``summary_request.yaml``, seven languages).

Documents are known by their names and titles, whatever stands between the words of these (``contract_02.docx``,
"contract 02"). A part of a title is enough where one document alone has it and a word says that a document is meant
("summarise the handbook").
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from ragapp.data_files import load_yaml
from ragapp.index.analysis import plain
from ragapp.index.records import DocumentRow
from ragapp.reading.spelled_numbers import cardinal_words

# no request is longer
_MOST_CHARACTERS = 240
# numbers that are read in words, and words of a sentence where a summary may have so many words
_COUNTED = 20
_WORDS_OF_A_SENTENCE = 20
# how much of a document's name a request must give: a part of its title, or all of that, or the name of its file
_Whole = Literal["", "title", "file"]
_ENDS = " \t\n?.!,;:…¿¡"
_WORD = re.compile(r"[^\W_]+")
_NUMBERS = {
    **{cardinal_words(n, language): n for language in ("en", "fr") for n in range(1, _COUNTED + 1)},
    **{word: n for n, words in enumerate(("ein einem", "zwei dos due twee dois duas", "drei tres tre drie",
        "vier cuatro quattro quatro", "funf cinco cinque vijf", "sechs seis sei zes", "sieben siete sette zeven sete",
        "acht ocho otto oito", "neun nueve nove negen", "zehn diez dieci tien dez"), 1) for word in words.split()},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class SummaryRequest:
    """A summary that is asked for.

    Attributes:
        documents: those that may be meant: one is to be summarised; of several the question does not say which.
        language: that the summary is to be written in, ISO 639-1; empty where the question does not say.
        sentences: how many it may have; 0 where the question does not say.
    """

    documents: tuple[DocumentRow, ...]
    language: str = ""
    sentences: int = 0


def summary_request(question: str, documents: Callable[[], Sequence[DocumentRow]]) -> SummaryRequest | None:
    """The summary of a document that a question asks for; None where it asks something else, or names no document.

    ``documents`` lists those that may be meant, which is only done for a question that asks for a summary.
    """
    if len(question) > _MOST_CHARACTERS:
        return None
    text = " ".join(plain(question).replace("’", "'").split()).strip(_ENDS)
    rows: Sequence[DocumentRow] | None = None
    for rules, asked, whole in _requests(text):
        rows = documents() if rows is None else rows
        if found := rules.named(asked["name"], rows, whole):
            return SummaryRequest(tuple(found), asked["language"], int(asked["sentences"] or 0))
    return None


def _requests(text: str) -> Iterator[tuple[_Rules, dict[str, str], _Whole]]:
    """The ways in which a plain text may be read as a request, and how much of a name it must give."""
    for rules in map(_rules, load_rules()):
        bare, said = rules.bare(text)
        for pattern, whole in rules.patterns:
            if found := pattern.fullmatch(bare):
                yield rules, {"name": found["name"], **said}, whole


class _Rules:
    """The rules of one language."""

    def __init__(self, rules: dict[str, Any]):
        self._languages: dict[str, str] = rules["languages"]
        behind = rules["behind"].replace("{languages}", "|".join(self._languages.values()))
        self._ahead = re.compile(rf"(?:{rules['ahead']})(?:[\s,:]+|(?<='))")
        self._within = re.compile(rf"(?P<verb>\S+)\s+(?:{behind}),?\s+(?=\S)")
        self._behind = re.compile(rf"[\s,]+(?:{behind})(?=(?:\s+(?:{rules['last'] or '(?!)'}))?\Z)")
        self._beside = re.compile(rules["beside"])
        self._documents = re.compile(rules["documents"])
        self._nouns = re.compile(rules["nouns"])
        kinds: tuple[tuple[str, _Whole], ...] = (("asks", ""), ("of_title", "title"), ("of_file", "file"))
        self.patterns = [
            (re.compile(one.replace("{name}", r"(?P<name>\S.*?)", 1)), whole)
            for kind, whole in kinds
            for pattern in rules[kind]
            for one in _alternatives(pattern)
        ]

    def bare(self, text: str) -> tuple[str, dict[str, str]]:
        """A request without what stands ahead of it and behind it or its verb, and what that says of the summary."""
        said = {"language": "", "sentences": ""}
        while (ahead := self._ahead.match(text)) and ahead.end() < len(text):
            text = text[ahead.end() :]
        if within := self._within.match(text):
            self._say(within, said)
            text = f"{within['verb']} {text[within.end() :]}"
        while behind := self._behind.search(text):
            self._say(behind, said)
            text = f"{text[: behind.start()]}{text[behind.end() :]}".strip(_ENDS)
        return text, said

    def _say(self, found: re.Match[str], said: dict[str, str]) -> None:
        if spoken := found["language"]:
            said["language"] = next(c for c, names in self._languages.items() if re.fullmatch(names, spoken))
        if counted := found["count"]:
            said["sentences"] = str(int(counted) if counted.isdecimal() else _NUMBERS.get(counted, 0))
        if words := found["words"]:
            said["sentences"] = str(max(1, int(words) // _WORDS_OF_A_SENTENCE))

    def named(self, text: str, rows: Sequence[DocumentRow], whole: _Whole) -> list[DocumentRow]:
        """The documents that some words name: by their whole names or titles, else by a part where that may do."""
        asked = self._key(text)
        for wanted in self._variants(asked):
            files = [row for row in rows if wanted in (self._key(row.name), self._key(row.name.rpartition(".")[0]))]
            if whole == "file":
                files = [row for row in files if plain(row.name) in text]
            titled = [row for row in rows if wanted == self._key(row.title)] if whole != "file" else []
            if found := files or titled:
                return found
        own = {word for word in asked if not self._documents.fullmatch(word)}
        if not own:  # "the document"; a mere "this" may be what was said before
            return list(rows) if asked and not whole else []
        if whole or not (len(own) < len(asked) or any(map(self._nouns.fullmatch, own))):
            return []  # nothing says that a document is meant
        return [row for row in rows if own <= {*self._key(row.name), *self._key(row.title)}]

    def _variants(self, asked: tuple[str, ...]) -> list[tuple[str, ...]]:
        """Words of a name, with and without those that say what kind of document it is."""
        named = tuple(word for word in asked if not self._documents.fullmatch(word))
        variants = (asked, named, tuple(word for word in named if not self._nouns.fullmatch(word)))
        return [one for one in variants if one]

    def _key(self, text: str) -> tuple[str, ...]:
        """The words of a name that say which document it is."""
        return tuple(word for word in _WORD.findall(plain(text)) if not self._beside.fullmatch(word))


def _alternatives(pattern: str) -> list[str]:
    """A pattern cut at the bars that stand in no group, as each alternative has the group ``name``."""
    found, depth, begin = [], 0, 0
    for at, sign in enumerate(pattern):
        depth += (sign == "(") - (sign == ")")
        if sign == "|" and not depth:
            found.append(pattern[begin:at])
            begin = at + 1
    return [*found, pattern[begin:]]


@lru_cache(maxsize=1)
def load_rules() -> dict[str, dict[str, Any]]:
    """The rules by language, as they stand in the file."""
    rules: dict[str, dict[str, Any]] = load_yaml("summary_request.yaml", __file__)
    return rules


@lru_cache
def _rules(language: str) -> _Rules:
    return _Rules(load_rules()[language])
