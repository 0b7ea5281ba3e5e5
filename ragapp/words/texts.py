"""The languages, and the texts that have a key: labels, buttons, stages; one YAML file a language.

A file of a language has its ``name``, its ``texts`` by key, its ``messages`` by the English that is in the code, and
``page``, what the page says in place of a message of the terminal (see :mod:`ragapp.words.messages`); for the terminal
``results``, what commands print, and ``help``, both by the English that is in the code.  What a language lacks is
English.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast

from ragapp.data_files import parse_yaml
from ragapp.words.forms import local_figures, number

_FOLDER = Path(__file__).parent
#: in the code and in the files; another one needs nothing but its file
ENGLISH = "en"
_FIELD = re.compile(r"{(\w+)}")
# where a section of a file begins
_SECTION = re.compile(r"^(\w+):", re.MULTILINE)
# what the units of a long sheet are called
_ROWS = re.compile(r"(?:(.*), )?rows? (\d+)(?:-(\d+))?", re.DOTALL)
# languages in which nothing is singular, too
_ZERO_IS_ONE = frozenset({"fr", "pt"})


@cache
def words_of(language: str) -> dict[str, Any]:
    """What the file of a language holds; KeyError where there is none."""
    return _parsed(_text_of(language))


@cache
def section_of(language: str, name: str) -> dict[str, str]:
    """One section of the file of a language, empty where it has none; KeyError where there is no such language.

    No other is parsed: a command needs few of the words, and ``ragapp --help`` must not wait for all.
    """
    text = _text_of(language)
    begins = [*_SECTION.finditer(text)]
    for at, following in zip(begins, [*begins[1:], None], strict=True):
        if at[1] == name:
            section = _parsed(text[at.start() : following.start() if following else None])
            return cast(dict[str, str], section[name] or {})
    return {}


def _text_of(language: str) -> str:
    if language not in codes():
        raise KeyError(language)
    return (_FOLDER / f"{language}.yaml").read_text(encoding="utf-8")


def _parsed(text: str) -> dict[str, Any]:
    return cast(dict[str, Any], parse_yaml(text))


@cache
def codes() -> tuple[str, ...]:
    """The languages by code, English first."""
    others = sorted(file.stem for file in _FOLDER.glob("*.yaml") if file.stem != ENGLISH)
    return ENGLISH, *others


@cache
def languages() -> dict[str, str]:
    """The languages by code, English first, each by its own name."""
    return {code: str(words_of(code)["name"]) for code in codes()}


@cache
def texts_in(language: str) -> dict[str, str]:
    """The texts of a language by key, English where it has none."""
    own = words_of(language)["texts"] if language in codes() else {}
    return {**words_of(ENGLISH)["texts"], **own}


def choose_language(wanted: str) -> str:
    """The language that a list such as ``fr-CA,fr;q=0.9,en;q=0.8``, ``fr_FR.UTF-8`` or ``fr`` asks for first.

    English where it asks for none that is there.
    """
    ranked = []
    for place, one in enumerate(wanted.split(",")):
        tag, _, weight = one.partition(";")
        found = re.search(r"q=([\d.]+)", weight)
        try:
            share = float(found.group(1)) if found else 1.0
        except ValueError:
            share = 0.0
        code = re.split(r"[-_.@]", tag.strip())[0].lower()
        if code in codes() and share > 0:
            ranked.append((-share, place, code))
    return min(ranked)[2] if ranked else ENGLISH


def is_one(count: float, language: str) -> bool:
    """Whether a noun behind this number is in the singular."""
    return count == 1 or (language in _ZERO_IS_ONE and -2 < count < 2)


def tr(language: str, key: str, **values: Any) -> str:
    """A text in a language, English where it has none; what stands in braces is filled in.

    Numbers are written as the language writes them.
    """
    text = texts_in(language)[key]
    if not values:
        return text
    return _form(text, values, language).format(**{name: _shown(value, language) for name, value in values.items()})


def phrase(language: str, english: str, **values: str | int | float) -> str:
    """A text that a command prints, by its English in the code; what stands in braces is filled in.

    Args:
        english: of two forms, parted by a bar, the first is for one.
        values: numbers are written as the language writes them; a text may be a name or a document's own, and stays as
            it is.
    """
    text = section_of(language, "results").get(english) if language in codes() and language != ENGLISH else None
    if not values:  # of a name that is no text of ours, too
        return text or english
    form = _form(text, values, language) if text is not None else _form(english, values, ENGLISH)
    return form.format(**{name: one if isinstance(one, str) else number(one, language) for name, one in values.items()})


def place_in(language: str, kind: str, number: int, label: str) -> str:
    """How a unit of a document is pointed at: ``p. 4 (iv)``, ``slide 3``, ``feuille Budget, lignes 2-201``.

    The arguments are those of :class:`ragapp.reading.document.Unit`; empty for a unit that is the whole file. Names and
    headings stay what they are.
    """
    if kind == "page":
        return f"p. {number} ({label})" if label else f"p. {number}"
    if kind == "sheet" and (rows := _ROWS.fullmatch(label)):
        name, first, last = rows.groups()
        told = tr(language, "place.rows", first=first, last=last) if last else tr(language, "place.row", row=first)
        return f"{tr(language, 'place.sheet', name=name)}, {told}" if name else told
    if kind in ("slide", "sheet") or (kind == "section" and not label):
        return tr(language, f"place.{kind}", name=label or str(number))
    return label


def step_in(language: str, step: str, done: int, total: int) -> str:
    """What is being done to a file; the arguments are those of :class:`ragapp.contract.ingestion.FileStep`."""
    counted = total > 0 and step != "loading"
    return tr(language, f"step.{step}_of" if counted else f"step.{step}", done=done, total=total)


def _form(text: str, values: Mapping[str, Any], language: str) -> str:
    """The form for one or for many: "1 of 3 documents" is "1 document sur 3", so the number beside the noun decides."""
    one, _, many = text.partition("|")
    if not many:
        return one
    numbers = [values[name] for name in _FIELD.findall(one) if not isinstance(values[name], str)]
    return one if is_one(numbers[-1 if language == ENGLISH else 0], language) else many


def _shown(value: Any, language: str) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number(value, language)
    return local_figures(value, language) if isinstance(value, str) else value
