"""Write docs/commands.md: what `--help` says of every command.

Run it when a command has changed: python scripts/list_commands.py; with --check it only says whether the file is as it
would be written.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from ragapp.cli.main import app
from ragapp.cli.typer_adapter import first_line

FILE = Path(__file__).resolve().parent.parent / "docs" / "commands.md"
HEAD = """# Commands

What `ragapp COMMAND --help` says; this file is written by `scripts/list_commands.py`. Names of documents and models can
be completed by the shell (`ragapp completion`). `--json` gives the records of the API (`api.md`) and of
`import ragapp` (`python.md`); an error is JSON, too, with the same exit code.

| exit code | |
|---|---|
| 0 | done |
| 1 | could not run; the message says what to do |
| 2 | wrong usage |
| 3 | finished, but something failed: some of the files, or a part of a bundle that could not be had |
| 130 | stopped with Ctrl-C; what was done is kept |
| 141 | whoever read the output has gone, as in `ragapp documents list \\| head -1` |
"""


def commands_of(context: typer.Context, command: Any) -> Iterator[tuple[typer.Context, Any]]:
    """A command with its context, and those below it, in the order of the help."""
    yield context, command
    for name, inner in getattr(command, "commands", {}).items():
        if not inner.hidden:
            yield from commands_of(type(context)(inner, info_name=name, parent=context), inner)


def text() -> str:
    """The file."""
    os.environ["COLUMNS"] = "80"
    top = typer.main.get_command(app)
    with top.make_context("ragapp", [], resilient_parsing=True) as context:
        found = list(commands_of(context, top))
        overview = "\n".join(
            f"| [`{inside.command_path}`](#{inside.command_path.replace(' ', '-')}) | {first_line(command)} |"
            for inside, command in found
            if not hasattr(command, "commands")
        )
        parts = [f"## {inside.command_path}\n\n```\n{command.get_help(inside)}\n```\n" for inside, command in found]
    return "\n".join([HEAD, f"| command | |\n|---|---|\n{overview}\n", *parts])


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(0 if FILE.read_text(encoding="utf-8") == text() else f"{FILE} is not as --help: run {sys.argv[0]}")
    FILE.write_text(text(), encoding="utf-8")
