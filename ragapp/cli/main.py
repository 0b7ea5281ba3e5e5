"""The ``ragapp`` command: options common to all, and how errors reach the person."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ragapp import __version__, guard
from ragapp.cli import ask, chat, conversations, documents, maintenance, models
from ragapp.cli.output import note
from ragapp.errors import RagappError
from ragapp.privacy import protect

app = typer.Typer(
    name="ragapp",
    help=(
        "Ask your own documents. Everything stays on this machine.\n\n"
        'Start with: ragapp demo. Then: ragapp ingest ./docs; ragapp ask "…"; ragapp ui'
    ),
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
documents.register(app)
ask.register(app)
chat.register(app)
conversations.register(app)
models.register(app)
maintenance.register(app)


def _show_version(value: bool) -> None:
    if value:
        typer.echo(f"ragapp {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    context: typer.Context,
    settings: Annotated[
        Path | None, typer.Option(help="Settings file; default: settings.yaml of this folder or of the checkout.")
    ] = None,
    version: Annotated[bool, typer.Option("--version", callback=_show_version, is_eager=True)] = False,
) -> None:
    context.obj = settings


def run() -> None:
    """Entry point of the console script.

    Exit codes: 0 done; 1 could not run; 2 wrong usage; 3 finished, but some files failed.
    """
    protect()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        app()
    except RagappError as error:
        note(f"ragapp: {error}")
        sys.exit(error.exit_code)
    finally:
        _tell_refused()


def _tell_refused() -> None:
    """A library may hide that it was refused; the person is told all the same."""
    for place, by in dict.fromkeys((attempt["address"], attempt["by"]) for attempt in guard.report()["refused"]):
        note(f"Note: {by} tried to reach {place}; it was refused.")
