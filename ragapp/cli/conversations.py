"""``ragapp conversations``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ragapp.cli.ask import say_citation, say_graded
from ragapp.cli.documents import Json
from ragapp.cli.language import day_of, moment, phrase, spoken, terminal_language
from ragapp.cli.names import conversation_numbers
from ragapp.cli.output import say, say_json, say_record, say_table, say_understood
from ragapp.cli.parts import settings_of
from ragapp.errors import PathError, UsageError
from ragapp.plain_words import reason_of
from ragapp.words.texts import place_in

if TYPE_CHECKING:
    from ragapp.app import App
    from ragapp.contract import Conversation, Turn

Id = Annotated[int, typer.Argument(help="See: ragapp conversations list", autocompletion=conversation_numbers)]


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
    group.command(epilog="Example: ragapp conversations questions --out mine.jsonl")(questions)
    app.add_typer(group, name="conversations")


def list_conversations(
    context: typer.Context,
    search: Annotated[str, typer.Option(help="Only those in which all these words occur.")] = "",
    as_json: Json = False,
) -> None:
    """List the conversations, the newest first."""
    from ragapp.contract import ConversationList

    with _app(context) as app:
        rows = app.conversations.list(search)
    if as_json:
        say_record(ConversationList(tuple(rows)))
        return
    say_conversations(rows, search)


def show(context: typer.Context, id: Id, as_json: Json = False) -> None:
    """Show a conversation with its answers and their sources."""
    from ragapp.contract import ConversationDetails

    with _app(context) as app:
        row, turns = app.conversations.get(id), app.conversations.turns(id)
    if as_json:
        say_record(ConversationDetails(**asdict(row), turns_list=tuple(turns)))
        return
    say(f"{row.title}\n{day_of(row.created_at)}")
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
        say(phrase("renamed {id}: {title}", id=str(row.id), title=row.title))


def remove(
    context: typer.Context,
    ids: Annotated[
        list[int], typer.Argument(help="See: ragapp conversations list", autocompletion=conversation_numbers)
    ],
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
        say(phrase("removed {id}: {title}", id=str(row.id), title=row.title))


def export(
    context: typer.Context,
    id: Id,
    out: Annotated[Path | None, typer.Option(help="Write it here; default: stdout.")] = None,
    as_json: Json = False,
) -> None:
    """Write a conversation as Markdown, with the quotes of its sources."""
    with _app(context) as app:
        row, turns = app.conversations.get(id), app.conversations.turns(id)
    text = exported(row, turns)
    if out:
        write_new(out, text)
    if as_json:
        say_json({**asdict(row), "file": str(out) if out else None, "markdown": text})
    elif out:
        say(phrase("written: {name}", name=str(out)))
    else:
        say(text, end="")


def exported(conversation: Conversation, turns: Sequence[Turn]) -> str:
    """A conversation as Markdown, in the language of the terminal."""
    from ragapp.answer.export import Words, conversation_markdown

    words = Words(
        answered=phrase("Answered"),
        likely=phrase("Likely: check the page"),
        not_found=phrase("Not in your documents"),
        not_stated=phrase("Not stated: {parts}"),
        between_parts=phrase("; "),
        understood=phrase("Understood as: {question}"),
        unsupported=phrase("not found in the passages"),
        sources=phrase("Sources:"),
        quoted=phrase("{where}: “{quote}”"),
        reading=phrase("How {document} was read:"),
        nearest=phrase("Nearest passages:"),
        place=lambda place: place_in(terminal_language(), place.kind, place.page, place.label),
        told=spoken,
    )
    told = phrase("{day}, {n} question|{day}, {n} questions", day=day_of(conversation.created_at), n=len(turns))
    return conversation_markdown(conversation, turns, words, told)


def questions(
    context: typer.Context,
    out: Annotated[Path | None, typer.Option(help="Write them here; default: stdout.")] = None,
    as_json: Json = False,
) -> None:
    """Write the answers that were rated on the page as a question file, for: ragapp eval FILE --calibrate"""
    from json import dumps

    from ragapp.evaluation.rated_answers import rated_questions

    with _app(context) as app:
        rated = rated_questions(app.conversations.rated())
    text = "".join(f"{dumps(line, ensure_ascii=False)}\n" for line in rated.lines)
    if not rated.lines and not as_json:
        raise UsageError(
            "No answer was rated in a way that says what would be right.",
            "Rate answers on the page with thumbs up or down, and say what the right answer is.",
        )
    if out:
        write_new(out, text)
    if as_json:
        file = str(out) if out else None
        say_json({"questions": list(rated.lines), "left_out": rated.left_out, "file": file})
    elif out:
        say(phrase("written: {name}", name=str(out)))
        say(phrase("{n} question|{n} questions", n=len(rated.lines)))
        if rated.left_out:
            say(phrase("{n} left out, as the right answer is not known", n=rated.left_out))
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
        raise PathError(f"{path} cannot be written: {reason_of(error)}.", "Choose another folder.") from None


def say_conversations(rows: Sequence[Conversation], search: str = "") -> None:
    """Print a list of conversations."""
    if not rows:
        none = phrase("There are no conversations yet. Begin one: ragapp chat")
        say(phrase("No conversation has '{words}'.", words=search) if search else none)
        return
    say_table(
        ("id", "title", "questions", "changed"),
        [(row.id, row.title, row.turns, moment(row.changed_at)) for row in rows],
        drop=("questions",),
        whole=("changed",),
    )


def say_turn(turn: Turn) -> None:
    """Print a turn that is kept."""
    answer = turn.answer
    say(f"\n> {turn.question}")
    say_understood(turn.standalone, turn.question)
    say_graded(answer)
    for citation in answer.citations:
        say_citation(citation)


def _app(context: typer.Context) -> App:
    """The parts, of which these commands need the catalog alone."""
    from ragapp.app import App

    return App(settings_of(context))
