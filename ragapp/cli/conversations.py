"""``ragapp conversations``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ragapp.cli.ask import say_citation
from ragapp.cli.documents import Json
from ragapp.cli.output import say, say_json, say_record, say_table, say_understood
from ragapp.cli.parts import settings_of
from ragapp.contract import Conversation, ConversationDetails, ConversationList, Sentence, Turn
from ragapp.errors import PathError

if TYPE_CHECKING:
    from ragapp.app import App

Id = Annotated[int, typer.Argument(help="See: ragapp conversations list")]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    group = typer.Typer(
        help="Conversations that are kept: listed, shown, renamed, removed, exported.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    group.command("list", epilog='Example: ragapp conversations list --search "hotel"')(list_conversations)
    group.command(epilog="Example: ragapp conversations show 3")(show)
    group.command(epilog='Example: ragapp conversations rename 3 "Travel to Paris"')(rename)
    group.command(epilog="Example: ragapp conversations remove 3 4")(remove)
    group.command(epilog="Example: ragapp conversations export 3 --out travel.md")(export)
    app.add_typer(group, name="conversations")


def list_conversations(
    context: typer.Context,
    search: Annotated[str, typer.Option(help="Only those in which all these words occur.")] = "",
    as_json: Json = False,
) -> None:
    """List the conversations, the newest first."""
    with _app(context) as app:
        rows = app.conversations.list(search)
    if as_json:
        say_record(ConversationList(tuple(rows)))
        return
    say_conversations(rows, search)


def show(context: typer.Context, id: Id, as_json: Json = False) -> None:
    """Show a conversation with its answers and their sources."""
    with _app(context) as app:
        row, turns = app.conversations.get(id), app.conversations.turns(id)
    if as_json:
        say_record(ConversationDetails(**asdict(row), turns_list=tuple(turns)))
        return
    say(f"{row.title}\n{row.created_at[:10]}")
    for turn in turns:
        say_turn(turn)


def rename(
    context: typer.Context, id: Id, title: Annotated[str, typer.Argument(help="The new title.")], as_json: Json = False
) -> None:
    """Give a conversation another title."""
    with _app(context) as app:
        row = app.conversations.rename(id, title)
    if as_json:
        say_record(row)
    else:
        say(f"renamed {row.id}: {row.title}")


def remove(
    context: typer.Context,
    ids: Annotated[list[int], typer.Argument(help="See: ragapp conversations list")],
    as_json: Json = False,
) -> None:
    """Remove conversations with all their questions and answers."""
    with _app(context) as app:
        for conversation_id in ids:
            app.conversations.get(conversation_id)  # an id that is wrong removes nothing
        removed = [app.conversations.delete(conversation_id) for conversation_id in dict.fromkeys(ids)]
    if as_json:
        say_json({"removed": [asdict(row) for row in removed]})
        return
    for row in removed:
        say(f"removed {row.id}: {row.title}")


def export(
    context: typer.Context,
    id: Id,
    out: Annotated[Path | None, typer.Option(help="Write it here; default: stdout.")] = None,
    as_json: Json = False,
) -> None:
    """Write a conversation as Markdown, with the quotes of its sources."""
    from ragapp.answer.export import conversation_markdown

    with _app(context) as app:
        row, turns = app.conversations.get(id), app.conversations.turns(id)
    text = conversation_markdown(row, turns)
    if out:
        write_new(out, text)
    if as_json:
        say_json({**asdict(row), "file": str(out) if out else None, "markdown": text})
    elif out:
        say(f"written: {out}")
    else:
        say(text, end="")


def write_new(path: Path, text: str) -> None:
    """Write a file that is not there yet. Raises PathError: it is there, or cannot be written."""
    try:
        with open(path, "x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        raise PathError(f"{path} is there already.", "Choose another name, or delete it first.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise PathError(f"{path} cannot be written: {reason}.", "Choose another folder.") from None


def say_conversations(rows: Sequence[Conversation], search: str = "") -> None:
    """Print a list of conversations."""
    if not rows:
        say(f"No conversation has {search!r}." if search else "There are no conversations yet. Begin one: ragapp chat")
        return
    say_table(
        ("id", "title", "questions", "changed"),
        [(row.id, row.title, row.turns, row.changed_at[:16].replace("T", " ")) for row in rows],
    )


def say_turn(turn: Turn) -> None:
    """Print a turn that is kept."""
    answer = turn.answer
    say(f"\n> {turn.question}")
    say_understood(turn.standalone, turn.question)
    for sentence in answer.sentences or [Sentence(answer.answer, True, ())]:
        say(sentence.text if sentence.supported else f"{sentence.text} (not found in the passages)")
    for citation in answer.citations:
        say_citation(citation)


def _app(context: typer.Context) -> App:
    """The parts, of which these commands need the catalog alone."""
    from ragapp.app import App

    return App(settings_of(context))
