"""The ``ragapp`` command: options common to all, and how errors reach the person."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from ragapp import __version__, guard
from ragapp.cli import (
    ask,
    backup,
    bundle,
    calibrate,
    chat,
    collections,
    compare,
    completion,
    conversations,
    documents,
    maintenance,
    mcp,
    models,
    settings,
    token,
)
from ragapp.cli.help_language import translate_help
from ragapp.cli.output import note, open_missing_streams, say, say_error
from ragapp.cli.typer_adapter import Group, usage_error, with_plain_help
from ragapp.defects import defect
from ragapp.errors import CancelledError, ModelError, PathError, RagappError
from ragapp.plain_words import reason_of
from ragapp.privacy import protect

Group.sections = {
    "Ask:": ("ask", "chat", "search", "ui"),
    "Documents:": ("ingest", "documents", "collections", "compare", "conversations"),
    "Models and how sure they are:": ("models", "calibrate", "eval"),
    "This installation:": ("demo", "doctor", "backup", "restore", "bundle", "settings", "token", "mcp", "completion"),
}
app = typer.Typer(
    name="ragapp",
    help=(
        "Ask your own documents. Everything stays on this machine.\n\n"
        "First time: ragapp demo\n\n"
        'Then: ragapp ingest ./docs, and: ragapp ask "…", or in the browser: ragapp ui'
    ),
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
of_documents = documents.register(app)
compare.register(app)
ask.register(app)
calibrate.register(app)
chat.register(app)
collections.register(app, of_documents)
conversations.register(app)
models.register(app)
token.register(app)
mcp.register(app)
settings.register(app)
maintenance.register(app)
backup.register(app)
bundle.register(app)
completion.register(app)
with_plain_help(app)


def _show_version(value: bool) -> None:
    if value:
        say(f"ragapp {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    context: typer.Context,
    settings: Annotated[
        Path | None, typer.Option(help="Settings file; default: settings.yaml of this folder or of the checkout.")
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    context.obj = settings


def run() -> None:
    """Entry point of the console script.

    Exit codes: 0 done; 1 could not run; 2 wrong usage; 3 finished, but some files failed; 130 stopped; 141 whoever read
    the output has gone. With ``--json`` an error is one JSON document on stdout, too.
    """
    protect()
    open_missing_streams()
    if shell := completion.wanted():
        completion.complete(_command(), sys.argv[1:], shell)
        return
    before_dashes = sys.argv[1 : sys.argv.index("--")] if "--" in sys.argv else sys.argv[1:]
    try:
        code = _run(as_json="--json" in before_dashes)
    finally:
        _tell_refused()
    if code:
        sys.exit(code)


def _command() -> Any:
    """All commands, with their help in the language of the terminal."""
    command = typer.main.get_command(app)
    translate_help(command)
    return command


def _run(as_json: bool) -> int:
    try:
        ended = _command().main(prog_name="ragapp", standalone_mode=False)
        code = ended if isinstance(ended, int) else 0
        if code != CancelledError.exit_code:
            return code
        problem: RagappError = CancelledError("Stopped.")  # Ctrl-C, which Typer makes this number of
    except RagappError as error:
        problem = error
    except (typer.Abort, EOFError):  # Ctrl-C or Ctrl-D where something was asked
        problem = CancelledError("Stopped; nothing was changed.")
    except typer.TyperException as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            return _show_help(error, as_json)
        problem = usage_error(error)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        problem = PathError(f"{where}{reason_of(error)}.")
    except MemoryError:
        problem = ModelError("There is not enough memory.", "End other programs, or choose a smaller model.")
    except Exception as error:
        problem = defect(error)
    say_error(problem, as_json)
    return problem.exit_code


def _show_help(error: typer.TyperException, as_json: bool) -> int:
    """Help where nothing was asked; a group without its command is a mistake still."""
    if len(sys.argv) == 1:
        say(error.format_message())
        return 0
    problem = usage_error(type(error).__mro__[1]("Missing command.", error.ctx))  # type: ignore[attr-defined]
    if as_json:
        say_error(problem, as_json)
    else:
        note(error.format_message())
    return problem.exit_code


def _tell_refused() -> None:
    """A library may hide that it was refused; the person is told all the same."""
    for place, by in dict.fromkeys((attempt["address"], attempt["by"]) for attempt in guard.report()["refused"]):
        note(f"Note: {by} tried to reach {place}; it was refused.")
