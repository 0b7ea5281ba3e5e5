"""Options that restrict a command to some documents, the same for all commands that have them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from ragapp.cli.names import collection_names, document_names, tag_names

if TYPE_CHECKING:
    from collections.abc import Sequence

_TYPES = ("pdf", "word", "excel", "powerpoint", "mail", "web", "image", "text")


def _types(incomplete: str) -> Iterator[str]:
    yield from (name for name in _TYPES if name.startswith(incomplete))


def _named(context: typer.Context, incomplete: str) -> Iterator[tuple[str, str]]:
    yield from collection_names(context, incomplete)
    yield from document_names(context, incomplete)


Scope = Annotated[
    str,
    typer.Option(
        "--in",
        metavar="NAME",
        help="Only these documents: a name, a pattern, a folder or a collection.",
        autocompletion=_named,
    ),
]
Tags = Annotated[
    list[str] | None,
    typer.Option(
        "--tag", metavar="TAG", help="Only documents with this tag; with all of several.", autocompletion=tag_names
    ),
]
Types = Annotated[
    list[str] | None,
    typer.Option(
        "--type",
        metavar="TYPE",
        help="Only this type: pdf, word, excel, powerpoint, mail, web, image, text, or a suffix.",
        autocompletion=_types,
    ),
]
Authors = Annotated[
    list[str] | None,
    typer.Option("--author", metavar="NAME", help="Only documents of this author; a part of the name."),
]
After = Annotated[
    str,
    typer.Option("--after", metavar="DAY", help="Only documents of this day or later: 2024-01-31, 2024-01 or 2024."),
]
Before = Annotated[str, typer.Option("--before", metavar="DAY", help="Only documents of before this day.")]


def scope_of(
    within: str,
    tags: Sequence[str] | None,
    types: Sequence[str] | None,
    authors: Sequence[str] | None,
    after: str,
    before: str,
) -> str:
    """The filter that these options make; empty for all documents.

    Raises:
        UsageError: one has a value that is no day or type.
    """
    if not (tags or types or authors or after or before):
        return within
    from ragapp.retrieval.scope import joined_filter

    return joined_filter(within, tags or (), types or (), authors or (), after, before)
