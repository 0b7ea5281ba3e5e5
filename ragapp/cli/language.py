"""The language that commands speak: of the settings, or of the environment."""

from __future__ import annotations

import os

from ragapp.words import forms, texts
from ragapp.words.messages import in_language
from ragapp.words.texts import choose_language

_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")
_chosen = ""


def use_language(wanted: str) -> None:
    """Speak a language from now on; ``auto`` for that of the environment."""
    global _chosen
    _chosen = choose_language(wanted) if wanted != "auto" else ""


def terminal_language() -> str:
    """The language of the terminal, by its code."""
    wanted = os.environ.get("RAGAPP_UI__LANGUAGE", "auto")
    if _chosen or wanted != "auto":
        return _chosen or choose_language(wanted)
    # the first that is set decides, also where it says C
    return choose_language(next(filter(None, map(os.environ.get, _VARIABLES)), ""))


def spoken(text: str) -> str:
    """An error, a warning or a notice in the language of the terminal."""
    return in_language(text, terminal_language())


def phrase(english: str, **values: str | int | float) -> str:
    """A text of a result in the language of the terminal, see :func:`ragapp.words.texts.phrase`.

    Numbers of things are given as numbers; what only names something (an id, a port) as a text. Names of states and of
    fields, such as ``indexed``, are phrases, too.
    """
    return texts.phrase(terminal_language(), english, **values)


def figure(value: float, decimals: int = 0) -> str:
    """A number with so many decimals."""
    return forms.number(value, terminal_language(), decimals)


def exact_figure(value: float) -> str:
    """A number with the decimals that it has."""
    return forms.number(value, terminal_language())


def share(value: float) -> str:
    """A share, 0 to 1, as whole per cent."""
    return phrase("{n}%", n=round(100 * value))


def size_of(count: float) -> str:
    """Bytes for people: ``1.2 GB``."""
    return forms.size(int(count), terminal_language())


def moment(when: str) -> str:
    """Day and time of ISO 8601, to the minute."""
    return f"{forms.short_day(when, terminal_language())} {when[11:16]}"


def day_of(when: str) -> str:
    """The day of a moment in ISO 8601, in figures."""
    return forms.short_day(when, terminal_language())
