"""Documents, models and conversations by what a person types: found by a part of a name, and completed by the shell."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ragapp.cli.language import phrase, spoken
from ragapp.cli.output import shown_path
from ragapp.errors import StoreError, UsageError
from ragapp.plain_words import counted

if TYPE_CHECKING:
    from ragapp.app import App
    from ragapp.index.records import DocumentRow
    from ragapp.settings import Settings

# so many documents are named where a name fits several
MOST_NAMED = 10


def document_number(app: App, text: str, *, part: bool = True) -> int:
    """The number of the one document that is meant by its number, path or name, or by a part of these or of its title
    if ``part``.

    Raises:
        StoreError: there is none.
        UsageError: several fit; the message names them.
    """
    rows = app.catalog.documents()
    wanted = text.strip().casefold()
    ways: list[Callable[[DocumentRow], bool]] = [
        lambda row: str(row.id) == wanted,
        lambda row: row.path in (text, str(Path(text).absolute())),
        lambda row: row.name.casefold() == wanted,
    ]
    if part and wanted:
        ways += [lambda row: wanted in row.name.casefold(), lambda row: wanted in row.path.casefold()]
        ways.append(lambda row: wanted in row.title.casefold())
    for fits in ways:
        found = [row for row in rows if fits(row)]
        if len(found) == 1:
            return found[0].id
        if found:
            named = [f"\n  {row.id}: {shown_path(row.path)}" for row in found[:MOST_NAMED]]
            more = f"\n  and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
            told = f"{counted(len(found), 'document')} fit {text!r}; name one by its number:"
            raise UsageError(told + "".join(named) + more)
    such = difflib.get_close_matches(wanted, [row.name.casefold() for row in rows], n=1)
    near = next((row for row in rows if such and row.name.casefold() == such[0]), None)
    kind = "document" if wanted.isdecimal() else "document named"
    hint = f"Did you mean {near.name} (number {near.id})?" if near else "See: ragapp documents list"
    raise StoreError(f"There is no {kind} {text.strip() or repr(text)}.", hint)


def document_names(context: typer.Context, incomplete: str) -> Iterator[tuple[str, str]]:
    """Names of documents that begin so, each with where it lies."""
    with suppress(Exception):  # whoever presses Tab wants no error
        for row in _stored(context).catalog.documents():
            if row.name.startswith(incomplete):
                yield row.name, shown_path(row.path)


def collection_names(context: typer.Context, incomplete: str) -> Iterator[tuple[str, str]]:
    """Names of collections that begin so, each with what it is made of."""
    with suppress(Exception):
        for row in _stored(context).catalog.labels.collections():
            if row.name.lower().startswith(incomplete.lower()):
                yield row.name, ", ".join(map(shown_path, row.patterns))


def tag_names(context: typer.Context, incomplete: str) -> Iterator[tuple[str, str]]:
    """Tags that begin so, each with how many documents have it."""
    with suppress(Exception):
        for tag, count in _stored(context).catalog.labels.tag_counts().items():
            if tag.lower().startswith(incomplete.lower()):
                yield tag, counted(count, "document")


def conversation_numbers(context: typer.Context, incomplete: str) -> Iterator[tuple[str, str]]:
    """Numbers of conversations that begin so, each with its title."""
    with suppress(Exception):
        for row in _stored(context).conversations.list():
            if str(row.id).startswith(incomplete):
                yield str(row.id), row.title


def model_names(context: typer.Context, incomplete: str) -> Iterator[tuple[str, str]]:
    """Names of models that are here, and of packs that can be fetched, that begin so."""
    with suppress(Exception):
        from ragapp.models.discovery import list_models
        from ragapp.models.packs import PACKS

        told = {name: spoken(pack.description) for name, pack in PACKS.items()}
        told |= {model.name: phrase("here") for model in list_models(_settings(context).paths.models)}
        for name, what in told.items():
            if name.startswith(incomplete):
                yield name, what


def _stored(context: typer.Context) -> App:
    """The parts for a store that is there; none is made."""
    from ragapp.app import App
    from ragapp.index.store import CATALOG_NAME

    settings = _settings(context)
    if not (settings.paths.data / CATALOG_NAME).is_file():
        raise StoreError("There is no store.")
    return App(settings)


def _settings(context: typer.Context) -> Settings:
    from ragapp.settings import load_settings

    return load_settings(context.find_root().params.get("settings"))
