"""``ragapp collections``, and tags on documents."""

from __future__ import annotations

from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ragapp.cli.documents import Json
from ragapp.cli.language import phrase
from ragapp.cli.names import collection_names, document_names, document_number
from ragapp.cli.output import say, say_json, say_table, say_text, shown_path
from ragapp.cli.parts import settings_of
from ragapp.errors import RagappError, UsageError

if TYPE_CHECKING:
    from ragapp.app import App
    from ragapp.index.labels import CollectionRow

Name = Annotated[str, typer.Argument(help="Of the collection.", autocompletion=collection_names)]
Members = Annotated[
    list[str] | None,
    typer.Argument(help="Folders, and documents by their names or numbers.", autocompletion=document_names),
]


def register(app: typer.Typer, of_documents: typer.Typer) -> None:
    """Add this module's commands, those for tags to the group ``documents``."""
    group = typer.Typer(
        help="Named sets of folders and documents, to ask in: ragapp ask --in NAME.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    group.command("list", epilog="Example: ragapp collections list")(list_collections)
    group.command(epilog="Example: ragapp collections add Contracts ./contracts lease.pdf")(add)
    group.command(epilog="Example: ragapp collections remove Contracts lease.pdf")(remove)
    group.command(epilog="Example: ragapp collections show Contracts")(show)
    app.add_typer(group, name="collections")
    of_documents.command(epilog="Example: ragapp documents tag travel-policy.pdf travel 2024")(tag)
    of_documents.command(epilog="Example: ragapp documents untag travel-policy.pdf travel")(untag)


def list_collections(context: typer.Context, as_json: Json = False) -> None:
    """List the collections with how many documents each has."""
    with _app(context) as app:
        told = [_told(app, row) for row in app.catalog.labels.collections()]
    if as_json:
        say_json({"collections": told})
    elif told:
        rows = [(one["name"], len(one["documents"]), ", ".join(map(shown_path, one["members"]))) for one in told]
        say_table(("collection", "documents", "of"), rows, below="of")
    else:
        say(phrase("There are no collections yet. Make one: ragapp collections add NAME FOLDER"))


def add(context: typer.Context, name: Name, members: Members = None, as_json: Json = False) -> None:
    """Add folders and documents to a collection, which is made where there is none of this name."""
    if not members:
        raise UsageError("No folder or document is named.", "See: ragapp documents list")
    with _app(context) as app:
        row = app.catalog.labels.add_to_collection(name, [_pattern(app, one) for one in members])
        told = _told(app, row)
    if as_json:
        say_json(told)
    else:
        say_text(_counted(told))


def remove(context: typer.Context, name: Name, members: Members = None, as_json: Json = False) -> None:
    """Remove folders and documents from a collection, or, where none is named, the collection; documents stay."""
    with _app(context) as app:
        row = app.catalog.labels.collection(name)
        patterns = [one if one in row.patterns else _pattern(app, one) for one in members] if members else None
        app.catalog.labels.remove_from_collection(name, patterns)
        told = _told(app, app.catalog.labels.collection(name)) if patterns else None
    if as_json:
        say_json(told or {"removed": row.name})
    elif told:
        say_text(_counted(told))
    else:
        say_text(phrase("removed {name}", name=row.name))


def show(context: typer.Context, name: Name, as_json: Json = False) -> None:
    """Show the folders and documents that a collection is made of, and all documents that it has now."""
    with _app(context) as app:
        told = _told(app, app.catalog.labels.collection(name))
    if as_json:
        say_json(told)
        return
    for member in told["members"]:
        say_text(shown_path(member))
    say(f"\n{_counted(told)}")
    for path in told["documents"]:
        say_text(shown_path(path), "    ")


def tag(
    context: typer.Context,
    document: Annotated[str, typer.Argument(help="Its name, or its number.", autocompletion=document_names)],
    tags: Annotated[list[str], typer.Argument(help="Words to put on it.")],
    as_json: Json = False,
) -> None:
    """Put tags on a document, or on all that a pattern, a folder or a collection names."""
    _change(context, document, tags, as_json, remove=False)


def untag(
    context: typer.Context,
    document: Annotated[str, typer.Argument(help="Its name, or its number.", autocompletion=document_names)],
    tags: Annotated[list[str] | None, typer.Argument(help="Words to take off it; without any, all of them.")] = None,
    as_json: Json = False,
) -> None:
    """Take tags off a document, or off all that a pattern, a folder or a collection names."""
    _change(context, document, tags, as_json, remove=True)


def _change(context: typer.Context, document: str, tags: list[str] | None, as_json: bool, *, remove: bool) -> None:
    with _app(context) as app:
        ids = _documents(app, document)
        labels = app.catalog.labels
        if remove:
            labels.untag(ids, tags)
        else:
            labels.tag(ids, tags or ())
        rows = [row for row in app.catalog.documents() if row.id in ids]
    if as_json:
        say_json({"documents": [{"id": row.id, "document": row.name, "tags": list(row.tags)} for row in rows]})
        return
    for row in rows:
        say_text(f"{shown_path(row.name)}: {', '.join(row.tags) or '-'}")


def _documents(app: App, text: str) -> set[int]:
    """Ids of the document of a name or number, or of all that a pattern names."""
    from ragapp.retrieval.scope import matching_documents

    try:
        return {document_number(app, text, part=False)}
    except RagappError as error:
        try:
            return set(matching_documents(app.catalog.documents(), text))
        except RagappError:
            raise error from None


def _pattern(app: App, text: str) -> str:
    """A member of a collection as its pattern: a folder with all below it, or one document."""
    folder = Path(text).expanduser()
    if folder.is_dir():
        return f"{escape(str(folder.resolve()))}/*"
    if any(sign in text for sign in "*?["):
        return text
    try:
        row = app.catalog.document(document_number(app, text, part=False))
        assert row
        return escape(row.path)
    except RagappError:
        from ragapp.index.patterns import path_matcher

        matches = path_matcher([text])
        if any(matches(row.path) for row in app.catalog.documents()):  # a folder by a part of its path
            return text
        raise


def _told(app: App, row: CollectionRow) -> dict[str, Any]:
    paths = [one.path for one in app.catalog.documents() if row.name in one.collections]
    return {"name": row.name, "members": list(row.patterns), "documents": paths}


def _counted(told: dict[str, Any]) -> str:
    return phrase("{name}: {n} document|{name}: {n} documents", name=told["name"], n=len(told["documents"]))


def _app(context: typer.Context) -> App:
    from ragapp.app import App

    return App(settings_of(context))
