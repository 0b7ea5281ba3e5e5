"""Errors, warnings and notices in another language: the English that is in the code is found again in what is shown.

A message is written in English where it is raised, as an f-string like any other; it goes through processes, the
catalog and JSON as the text that it is, and is put into a language where a person sees it.  So what was stored by any
version, and what another process or a running page has told, is translated like what has just happened, and code that
raises an error need know of no language.  ``tests/words`` finds every message in the code by its syntax tree and holds
it against the files; one that could not be told from another fails there.

Each file of a language has the messages by their English: ``{name}`` is any text, which is translated, too, where it is
a message itself; ``{n:d}`` a whole number, ``{n:f}`` one with decimals; of two forms, parted by a bar, the first is for
one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache

from ragapp.words.forms import local_figures, local_number
from ragapp.words.texts import ENGLISH, codes, is_one, words_of

_FIELD = re.compile(r"{(\w+)(?::([df]))?}")
_KINDS = {"d": r"-?\d[\d,]*", "f": r"-?\d[\d,]*(?:\.\d+)?", "": r".+?"}
# between sentences, or between an error and its hint
_BREAK = re.compile(r"(?<=[.!?…:;])[ \n]+|\n+")
# what is filled in by these names may be an error with its hint
_TOLD = frozenset({"error", "hint", "warning", "why", "told", "detail"})
# so many breaks one message has at the most
_MOST_BREAKS = 8
_QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"")


@dataclass(frozen=True, slots=True)
class _Template:
    """A message with values in it.

    Attributes:
        chunk: its longest literal part; what does not contain it does not match.
        weight: how many characters are literal; of two that match, the heavier is meant.
        english: one of its forms.
        translated: its forms in the language.
    """

    chunk: str
    weight: int
    english: str
    translated: str


class Messages:
    """The messages of one language; ``page``: as the page says them."""

    def __init__(self, language: str, page: bool):
        words = words_of(language)
        known: dict[str, str] = dict(words.get("page", {})) if page else {}
        instead = set(map(shape, known))
        known |= {text: shown for text, shown in words.get("messages", {}).items() if shape(text) not in instead}
        self._language = language
        self._exact: dict[str, str] = {}
        self._templates: list[_Template] = []
        self._places = [_template(*pair) for pair in words.get("places", {}).items()]
        self._places.sort(key=lambda one: -one.weight)
        for english, translated in known.items():
            for form in english.split("|"):
                if _FIELD.search(form):
                    self._templates.append(_template(form, translated))
                else:
                    self._exact[_unescaped(form)] = _unescaped(translated)
        self._templates.sort(key=lambda one: -one.weight)

    def whole(self, text: str) -> str | None:
        """The translation of a text that is one message; None for one that is not."""
        weight, shown = self._weighed(text)
        return shown if weight else None

    def _filled(self, templates: list[_Template], text: str) -> tuple[int, str]:
        """The template that says most of a text, itself and by what it is filled with."""
        best = 0, text
        for template in templates:
            if template.chunk not in text or not (found := _pattern(template.english).fullmatch(text)):
                continue
            values, weight, shown = found.groupdict(), template.weight, {}
            for name, kind in dict(_FIELD.findall(template.english)).items():
                if kind:
                    shown[name] = local_number(values[name], self._language)
                else:
                    known, shown[name] = self._value(values[name], name in _TOLD)
                    weight += known
            if weight > best[0]:
                best = weight, _fill(_form(template.translated, values, self._language), shown)
        return best

    def _value(self, text: str, told: bool = False) -> tuple[int, str]:
        """What is filled in: a message itself, places one behind the other, something in quotes, or what it is.

        ``told``: it may be several messages one behind the other.
        """
        for known in (self._weighed(text), self._filled(self._places, text)):
            if known[0]:
                return known
        for sign, shown in (("; ", "\u202f; "), (", ", ", ")):
            parts = text.split(sign)
            if len(parts) > 1:
                values = [self._value(part) for part in parts]
                if weight := sum(known for known, _ in values):
                    return weight, shown.join(value for _, value in values)
        if told and _BREAK.search(text):
            pieces = self.pieces(text)
            if weight := sum(len(shown.strip()) for shown, known in pieces if known):
                # rather than in another message they stand behind it
                return weight // 2, "".join(shown for shown, _ in pieces)
        if told and text.endswith(":"):
            return 0, self._with_colon(text)
        quoted = _QUOTED.fullmatch(text)
        if quoted and self._language == "fr":
            return 0, f"«\u202f{quoted.group(1) or quoted.group(2) or ''}\u202f»"
        return 0, local_figures(text, self._language)

    def pieces(self, text: str) -> list[tuple[str, bool]]:
        """A text of several messages: each in the language, and whether it is known; between them what parts them.

        It is cut so that as much of it as can be is what messages say, and as little what is filled in.
        """
        breaks = [(0, 0), *(at.span() for at in _BREAK.finditer(text)), (len(text), len(text))]
        # how much is known up to a break, and the pieces until there
        best: list[tuple[int, list[tuple[str, bool]]]] = [(0, [])]
        for last in range(1, len(breaks)):
            ways = []
            for first in range(max(0, last - _MOST_BREAKS), last):
                start, end = breaks[first][1], breaks[last][0]
                weight, shown = self._sentence(text[start:end])
                before = [(text[slice(*breaks[first])], True)] if first else []
                piece = (shown, weight > 0)
                ways.append((best[first][0] + weight, -last + first, [*best[first][1], *before, piece]))
            weight, _, pieces = max(ways, key=lambda way: way[:2])
            best.append((weight, pieces))
        return best[-1][1]

    def _sentence(self, text: str) -> tuple[int, str]:
        weight, shown = self._weighed(text)
        if text.endswith("."):  # a reason, which the person is shown as a sentence
            without, reason = self._weighed(text[:-1])
            if without >= weight and without:
                return without, f"{reason}."
        return weight, shown if weight else self._with_colon(shown)

    def _with_colon(self, text: str) -> str:
        """A text with the space that French has before a colon at its end."""
        if self._language != "fr" or not text.endswith(":") or text[-2:-1].isspace():
            return text
        return f"{text[:-1]}\u00a0:"

    def _weighed(self, text: str) -> tuple[int, str]:
        """A message in the language with how much of it is literal, 0 for a text that is none."""
        if text in self._exact:
            return len(text), self._exact[text]
        return self._filled(self._templates, text)


def in_language(text: str, language: str, *, page: bool = False) -> str:
    """A message, or several one behind the other, in a language; what is not known stays as it is.

    ``page``: say what can be done on the page, where the terminal is told a command.
    """
    if not text or (language == ENGLISH and not page) or language not in codes():
        return text
    return _shown(text, language, page)


@lru_cache(maxsize=8192)
def _shown(text: str, language: str, page: bool) -> str:
    return "".join(piece for piece, _ in _messages(language, page).pieces(text))


def unknown(text: str, language: str) -> list[str]:
    """The parts of a message, or of several, that a language has nothing for."""
    return [piece for piece, known in _messages(language, False).pieces(text) if not known]


@cache
def _messages(language: str, page: bool) -> Messages:
    return Messages(language, page)


def shape(template: str) -> str:
    """A template without the names of its fields, by which two are the same."""
    return _FIELD.sub("{}", template)


@cache
def _pattern(english: str) -> re.Pattern[str]:
    parts, seen, end = [], set(), 0
    for field in _FIELD.finditer(english):
        name, kind = field.groups()
        parts.append(re.escape(_unescaped(english[end : field.start()])))
        parts.append(f"(?P={name})" if name in seen else f"(?P<{name}>{_KINDS[kind or '']})")
        seen.add(name)
        end = field.end()
    parts.append(re.escape(_unescaped(english[end:])))
    return re.compile("".join(parts), re.DOTALL)


def _template(english: str, translated: str) -> _Template:
    literal = [_unescaped(one) for one in _FIELD.sub("\0", english).split("\0")]
    return _Template(max(literal, key=len), sum(map(len, literal)), english, translated)


def _form(translated: str, values: dict[str, str], language: str) -> str:
    one, _, many = translated.partition("|")
    if not many:
        return one
    named = [name for name, _ in _FIELD.findall(one)] or list(values)
    figure = next((values[name] for name in named if values.get(name, "").replace(",", "").isdigit()), "2")
    return one if is_one(int(figure.replace(",", "")), language) else many


def _fill(form: str, values: dict[str, str]) -> str:
    filled = re.sub(r"(?<!{){(\w+)}(?!})", lambda field: values.get(field[1], field[0]), form)
    return _unescaped(filled)


def _unescaped(text: str) -> str:
    return text.replace("{{", "{").replace("}}", "}")
