"""``ragapp token``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from ragapp.cli.documents import Json
from ragapp.cli.language import day_of, phrase
from ragapp.cli.output import note, say, say_json, say_table
from ragapp.cli.parts import settings_of
from ragapp.errors import UsageError

if TYPE_CHECKING:
    from ragapp.web.tokens import Tokens

_DEFAULT = "default"
Name = Annotated[str, typer.Argument(help="What it is called, for example the program that is given it.")]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    group = typer.Typer(
        help="Keys of programs that ask through the running page (/api, /v1, /mcp): shown, made, withdrawn, listed.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    group.command(epilog="Example: ragapp token show")(show)
    group.command(epilog='Example: ragapp token new "Open WebUI"')(new)
    group.command(epilog='Example: ragapp token revoke "Open WebUI"')(revoke)
    group.command("list", epilog="Example: ragapp token list")(list_tokens)
    app.add_typer(group, name="token")


def show(context: typer.Context, as_json: Json = False) -> None:
    """Print the default token; it stays the same until you make another."""
    token = _tokens(context).default()
    if as_json:
        say_json({"name": _DEFAULT, "token": token})
    else:
        say(token)


def new(
    context: typer.Context,
    name: Name = _DEFAULT,
    stdin: Annotated[bool, typer.Option("--stdin", help="Read the token from stdin instead of making one.")] = False,
    as_json: Json = False,
) -> None:
    """Make a token and print it; one with a name is not shown again, and without a name the default one is replaced."""
    token = sys.stdin.readline().strip() if stdin else ""
    if stdin and not token:
        raise UsageError("There was no token on stdin.", "Leave --stdin out, and one is made.")
    made = _tokens(context).new(name, token)
    if as_json:
        say_json({"name": name, "token": made})
        return
    say(made)
    if name == _DEFAULT:
        note("The default token; programs that have the one before must be given it.")
    else:
        note("Keep it: only its hash is stored, so it cannot be shown again.")


def revoke(context: typer.Context, name: Name, as_json: Json = False) -> None:
    """Withdraw a token; a page that runs refuses it from the next request on."""
    _tokens(context).revoke(name)
    if as_json:
        say_json({"revoked": name})
    else:
        say(phrase("withdrawn: {name}", name=name))


def list_tokens(context: typer.Context, as_json: Json = False) -> None:
    """List the tokens, with the days on which they were made and last used."""
    tokens = _tokens(context).all()
    if as_json:
        say_json({"tokens": [{"name": one.name, "made": one.made, "used": one.used or None} for one in tokens]})
    elif tokens:
        rows = [(one.name, day_of(one.made), day_of(one.used) if one.used else phrase("never")) for one in tokens]
        say_table(("name", "made", "last used"), rows)
    else:
        say(phrase("There are no tokens. Make one: ragapp token new"))


def _tokens(context: typer.Context) -> Tokens:
    from ragapp.web.tokens import Tokens

    return Tokens(settings_of(context).paths.data)
