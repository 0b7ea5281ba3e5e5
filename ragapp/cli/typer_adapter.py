"""What is used of Typer beyond its documented surface: help, errors of usage, and what a word could go on as.

``pyproject.toml`` bounds its versions; ``tests/cli/test_usage.py`` says what to look at when it has changed.
"""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup

from ragapp.errors import UsageError
from ragapp.plain_words import any_of, needs_of

#: what people call our commands elsewhere
OTHER_NAMES = {
    "add": "ingest", "import": "ingest", "index": "ingest", "load": "ingest", "upload": "ingest", "sync": "ingest",
    "query": "ask", "question": "ask", "prompt": "ask", "summarize": "ask --summarize",
    "find": "search", "grep": "search",
    "serve": "ui", "server": "ui", "web": "ui", "start": "ui", "run": "ui", "open": "ui", "gui": "ui", "page": "ui",
    "ls": "documents list", "list": "documents list", "files": "documents list", "docs": "documents list",
    "rm": "documents remove", "delete": "documents remove", "remove": "documents remove", "del": "documents remove",
    "purge": "documents remove --purge", "show": "documents show", "info": "documents show",
    "model": "models", "pull": "models pull", "download": "models pull", "tune": "models tune",
    "history": "conversations list", "chats": "conversations list", "export": "conversations export",
    "status": "doctor", "check": "doctor", "health": "doctor", "fix": "doctor --fix", "rebuild": "doctor --fix",
    "test": "eval", "evaluate": "eval", "help": "--help", "version": "--version", "completions": "completion",
}  # fmt: skip
_TYPES = {
    "<str>": "TEXT",
    "<int>": "N",
    "<int range>": "N",
    "<float>": "N",
    "<float range>": "N",
    "<path>": "PATH",
    "<list[str]>": "TEXT",
    "<list[path]>": "PATH",
    "<list[int]>": "N",
}


# names of arguments and of what options take
_CAPITALS = re.compile(r"\b[A-Z]{2,}\b")
# what Typer puts behind the help of a parameter
_FACTS = re.compile(r"\[([^\[\]]*)\]$")


class _Plain:
    """Help whose names are written as everywhere else: ARGUMENT, ``--option TEXT``, ``[default: 5; 1 to 200]``."""

    #: puts a word or a sentence of the help into a language
    said: ClassVar[Callable[[str], str]] = staticmethod(str)

    def format_usage(self, context: Any, formatter: Any) -> None:
        pieces = " ".join(self.collect_usage_pieces(context))
        formatter.write_usage(context.command_path, pieces, prefix=f"{_Plain.said('Usage:')} ")

    def collect_usage_pieces(self, context: Any) -> list[str]:
        pieces: list[str] = super().collect_usage_pieces(context)  # type: ignore[misc]
        return [
            _argument(piece) if piece[:1] in "[{" and piece != "[OPTIONS]" else _Plain.said(piece) for piece in pieces
        ]

    def format_options(self, context: Any, formatter: Any) -> None:
        kinds: dict[str, list[tuple[str, str]]] = {"argument": [], "option": []}
        for param in self.get_params(context):  # type: ignore[attr-defined]
            if record := param.get_help_record(context):
                name, told = record
                if param.param_type_name == "argument":
                    name = _argument(param.display_name_raw)
                else:
                    name = re.sub(r"<[^>]*>", lambda kind: _TYPES.get(kind[0], kind[0].strip("<>")), name)
                    name = _CAPITALS.sub(lambda word: _Plain.said(word[0]), name)
                kinds[param.param_type_name].append((name, _FACTS.sub(_facts, told)))
        for title, rows in (("Arguments:", kinds["argument"]), ("Options:", kinds["option"])):
            if rows:
                with _section(formatter, title):
                    formatter.write_dl(rows)

    def format_epilog(self, context: Any, formatter: Any) -> None:
        if epilog := getattr(self, "epilog", None):
            formatter.write_paragraph()
            with formatter.indentation():
                formatter.write_text(_Plain.said(inspect.cleandoc(epilog)))


def say_help_by(said: Callable[[str], str]) -> None:
    """Have the words of the help put into a language by a function."""
    _Plain.said = staticmethod(said)  # type: ignore[assignment]


def _facts(found: re.Match[str]) -> str:
    """``[default: 5; 1<=x<=200; required]`` in words; what has to be given needs no mark, as the usage has it."""
    facts = []
    for fact in found[1].split("; "):
        if match := re.fullmatch(r"default: (.*)", fact):
            facts.append(_Plain.said("default: {value}").format(value=match[1]))
        elif match := re.fullmatch(r"(-?[\d.]+)<=x<=(-?[\d.]+)", fact):
            facts.append(_Plain.said("{low} to {high}").format(low=match[1], high=match[2]))
        elif match := re.fullmatch(r"x>=(-?[\d.]+)", fact):
            facts.append(_Plain.said("at least {low}").format(low=match[1]))
        elif fact != "required":
            facts.append(fact)
    return f"[{_Plain.said('; ').join(facts)}]" if facts else ""


def _section(formatter: Any, title: str) -> AbstractContextManager[None]:
    """A section of the help; the formatter puts a colon of its own behind the title."""
    section: AbstractContextManager[None] = formatter.section(_Plain.said(title).removesuffix(":"))
    return section


def _argument(piece: str) -> str:
    """``{query}`` as QUERY, ``[paths]...`` as [PATHS]..."""
    return _CAPITALS.sub(lambda word: _Plain.said(word[0]), piece.replace("{", "").replace("}", "").upper())


class Command(_Plain, TyperCommand):  # type: ignore[misc]
    """A command with plain help."""


class Group(_Plain, TyperGroup):  # type: ignore[misc]
    """Commands with plain help, each with the whole first sentence of its own."""

    #: titles of the help, with the commands below each; those of no title come last
    sections: ClassVar[dict[str, tuple[str, ...]]] = {}

    def format_options(self, context: Any, formatter: Any) -> None:
        super().format_options(context, formatter)
        left = {name: command for name, command in self.commands.items() if not command.hidden}
        parts = [(title, [name for name in names if name in left]) for title, names in self.sections.items()]
        named = {name for _, names in parts for name in names}
        parts.append(("Commands:" if not named else "More:", [name for name in left if name not in named]))
        widest = max(map(len, left))
        for title, names in parts:
            if names:
                with _section(formatter, title):
                    # all sections have their texts at the same column
                    formatter.write_dl([(f"{name:<{widest}}", first_line(left[name])) for name in names])


def first_line(command: Any) -> str:
    """What a command does, in the first paragraph of its help."""
    return " ".join((command.help or "").partition("\n\n")[0].split())


def usage_error(error: Exception) -> UsageError:
    """An error of Typer in our words: what is wrong, what may have been meant, where the help is."""
    context: Any = getattr(error, "ctx", None)
    path = context.command_path if context else "ragapp"
    told = str(getattr(error, "message", "")) or str(error)
    see = f"See: {path} --help"
    if hasattr(error, "option_name") and told.startswith("No such option"):
        known = [name for param in context.command.params for name in param.opts] if context else []
        return UsageError(
            f"There is no option {error.option_name} of {path}.", _meant("", error.option_name, known) or see
        )
    if match := re.match(r"No such command '(.*?)'\.", told):
        return _no_such_command(path, match[1], context)
    if match := re.match(r"Got unexpected extra arguments?(?:\(s\))? \((.*)\)$", told):
        return UsageError(
            f"{path} does not know what to do with {match[1]!r}.", _quoted(path, context, match[1]) or see
        )
    if told == "Missing command.":
        return UsageError(f"{path} needs a command.", see)
    param = getattr(error, "param", None)
    if type(error).__name__ == "MissingParameter" and param is not None:
        return UsageError(f"{path} needs {param.display_name_raw.upper()}.", context.command.epilog or see)
    if param is not None:
        name = param.opts[0] if param.param_type_name == "option" else param.display_name_raw.upper()
        problems = getattr(error.__cause__, "errors", None)
        why = needs_of(problems()) if problems else told[:1].lower() + told[1:].rstrip(".")
        return UsageError(f"{name}: {why}.", see)
    if match := re.match(r"Option '(.*?)' requires (?:an argument|\d+ arguments)", told):
        return UsageError(f"{match[1]} needs a value behind it.", see)
    if match := re.match(r"Option '(.*?)' does not take a value", told):
        return UsageError(f"{match[1]} takes no value.", see)
    return UsageError(f"{told[:1].upper()}{told[1:].rstrip('.')}.", see)


def _no_such_command(path: str, name: str, context: Any) -> UsageError:
    known = list(context.command.commands) if context else []
    top = path == "ragapp"
    told = f"There is no command {name!r}{'' if top else f' of {path}'}."
    if top and (" " in name.strip() or name.endswith("?")):
        return UsageError(told, f"To ask a question: ragapp ask {_in_quotes(name)}")
    if top and name.lower() in OTHER_NAMES:
        return UsageError(told, f"Did you mean: ragapp {OTHER_NAMES[name.lower()]}")
    if meant := _meant(f"{path} ", name.lower(), known):
        return UsageError(told, meant)
    with suppress(OSError, ValueError):
        if top and ("." in name or "/" in name) and Path(name).exists():
            return UsageError(told, f"To add documents: ragapp ingest {_in_quotes(name) if ' ' in name else name}")
    return UsageError(told, f"See: {path} --help")


def _meant(before: str, name: str, known: Sequence[str]) -> str:
    bare = {other.lstrip("-"): other for other in known}
    typed = name.lstrip("-")
    near = difflib.get_close_matches(typed, bare, n=2, cutoff=0.6)
    if not near and len(typed) > 1:  # a part of one, or one that goes on
        near = [other for other in bare if other.startswith(typed) or typed.startswith(other)][:2]
    return f"Did you mean: {any_of(before + bare[other] for other in near)}" if near else ""


def _quoted(path: str, context: Any, extra: str) -> str:
    """A hint for a question that was typed without quotes."""
    if path not in ("ragapp ask", "ragapp search") or context is None:
        return ""
    # a newer Typer may not keep what was read so far
    first = next(iter(getattr(context, "params", {}).values()), None) or "…"
    return f"Put the words into quotes: {path} {_in_quotes(f'{first} {extra}' if isinstance(first, str) else extra)}"


def _in_quotes(text: str) -> str:
    return '"' + text.replace('"', '\\"') + '"'


def with_plain_help(app: typer.Typer) -> None:
    """Give an application's commands and groups the help of this module."""
    app.info.cls = Group
    for command in app.registered_commands:
        command.cls = Command
    for group in app.registered_groups:
        if group.typer_instance:
            with_plain_help(group.typer_instance)


def continuations(command: Any, words: Sequence[str], begun: str) -> list[tuple[str, str]]:
    """What the word that is ``begun`` could become behind other words, each with what it does; nothing for a path."""
    from typer._click.shell_completion import _resolve_context, _resolve_incomplete

    context = _resolve_context(command, {}, "ragapp", list(words))
    what, begun = _resolve_incomplete(context, list(words), begun)
    found = [item for item in what.shell_complete(context, begun) if item.type == "plain" and item.value]
    if isinstance(what, Group):
        return [
            (item.value, first_line(what.commands[item.value]) if item.value in what.commands else "") for item in found
        ]
    return [(item.value, item.help or "") for item in found]
