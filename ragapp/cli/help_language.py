"""The help of the commands in the language of the terminal, and what Typer says around it."""

from __future__ import annotations

import re
from typing import Any

from ragapp.cli.language import terminal_language
from ragapp.cli.typer_adapter import say_help_by
from ragapp.words.texts import ENGLISH, section_of

# a line that is broken within a paragraph
_BROKEN = re.compile(r"(?<!\n)\n(?!\n)")
_EXAMPLE = "Example:"
# as the callback of the main command has them
_HELP = ["-h", "--help"]


def translate_help(command: Any) -> None:
    """Put the help of a command, and of what is below it, into the terminal's language.

    Errors of usage stay English until they are told: what Typer says becomes ours first, see
    :func:`ragapp.cli.typer_adapter.usage_error`.
    """
    language = terminal_language()
    if language == ENGLISH:
        say_help_by(str)
        return
    known = section_of(language, "help")

    def said(text: str) -> str:
        if text.startswith(_EXAMPLE):
            return known.get(_EXAMPLE, _EXAMPLE) + text.removeprefix(_EXAMPLE)
        return known.get(text, text)

    say_help_by(said)
    _translate(command, known)


def _translate(command: Any, known: dict[str, str]) -> None:
    command.help = _paragraphs(command.help, known)
    command.short_help = _paragraphs(command.short_help, known)
    shown = command.context_class(command, help_option_names=_HELP)
    for one in filter(None, [*command.params, command.get_help_option(shown)]):
        if getattr(one, "help", None):
            one.help = _paragraphs(one.help, known)
    for inner in getattr(command, "commands", {}).values():
        _translate(inner, known)


def _paragraphs(text: str | None, known: dict[str, str]) -> str | None:
    if not text:
        return text
    return "\n\n".join(known.get(one, one) for one in _BROKEN.sub(" ", text).split("\n\n"))
