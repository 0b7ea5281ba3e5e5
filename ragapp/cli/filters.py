"""Options that restrict a command to some documents, the same for all commands that have them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from inspect import Parameter, signature
from typing import Annotated, Any

import typer

from ragapp.cli.names import collection_names, document_names, tag_names

_TYPES = ("pdf", "word", "excel", "powerpoint", "mail", "web", "image", "text")


def _types(incomplete: str) -> Iterator[str]:
    yield from (name for name in _TYPES if name.startswith(incomplete))


def _named(context: typer.Context, incomplete: str) -> Iterator[tuple[str, str]]:
    yield from collection_names(context, incomplete)
    yield from document_names(context, incomplete)


def _scope_of(
    scope: Annotated[
        str,
        typer.Option(
            "--in",
            metavar="NAME",
            help="Only these documents: a name, a pattern, a folder or a collection.",
            autocompletion=_named,
        ),
    ] = "",
    tag: Annotated[
        list[str] | None,
        typer.Option(
            "--tag", metavar="TAG", help="Only documents with this tag; with all of several.", autocompletion=tag_names
        ),
    ] = None,
    type: Annotated[
        list[str] | None,
        typer.Option(
            "--type",
            metavar="TYPE",
            help="Only this type: pdf, word, excel, powerpoint, mail, web, image, text, or a suffix.",
            autocompletion=_types,
        ),
    ] = None,
    author: Annotated[
        list[str] | None,
        typer.Option("--author", metavar="NAME", help="Only documents of this author; a part of the name."),
    ] = None,
    after: Annotated[
        str,
        typer.Option(
            "--after", metavar="DAY", help="Only documents of this day or later: 2024-01-31, 2024-01 or 2024."
        ),
    ] = "",
    before: Annotated[str, typer.Option("--before", metavar="DAY", help="Only documents of before this day.")] = "",
) -> str:
    """The filter that these options make; empty for all documents.

    Raises:
        UsageError: one has a value that is no day or type.
    """
    if not (tag or type or author or after or before):
        return scope
    from ragapp.retrieval.scope import joined_filter

    return joined_filter(scope, tag or (), type or (), author or (), after, before)


def restricted(command: Callable[..., None]) -> Callable[..., None]:
    """A command with these options in the place of its parameter ``scope``, which is the filter that they make.

    Typer makes options of what a command's signature says, and calls it by names alone.
    """
    own, options = signature(command, eval_str=True), signature(_scope_of, eval_str=True).parameters

    @wraps(command)
    def with_options(**given: Any) -> None:
        scope = _scope_of(**{name: given.pop(name) for name in options})
        command(scope=scope, **given)

    parameters: list[Parameter] = []
    for one in own.parameters.values():
        parameters += options.values() if one.name == "scope" else [one]
    with_options.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
    return with_options
