"""``ragapp mcp``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from ragapp.cli.output import note
from ragapp.cli.parts import settings_of
from ragapp.errors import PathError, UsageError


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command(epilog="Example: ragapp mcp --write --folder ~/contracts")(mcp)


def mcp(
    context: typer.Context,
    write: Annotated[
        bool, typer.Option("--write", help="Offer the tools that ingest, remove and label, too; default: mcp.write.")
    ] = False,
    folder: Annotated[
        list[Path] | None,
        typer.Option(
            "--folder", metavar="FOLDER", help="With --write, ingest from here as well as from the drop folder."
        ),
    ] = None,
) -> None:
    """Let another program on this machine search, ask and read by MCP, on stdin and stdout; it starts this itself.

    What that program does with what it gets is its own matter: it may send it on. ragapp itself sends nothing.

    A page that runs serves the same at /mcp.
    """
    from ragapp.mcp.stdio import serve_stdio

    settings = settings_of(context)
    write = write or settings.mcp.write
    if folder and not write:
        raise UsageError("--folder says where may be ingested from, which --write allows.", "Add --write.")
    for one in folder or ():
        if not one.expanduser().is_dir():
            raise PathError(f"There is no folder {one}.", "Name one that is there: --folder FOLDER")
        settings.mcp.folders.append(Path(os.path.abspath(one.expanduser())))
    note(
        "ragapp serves its tools by MCP on stdin and stdout. What the program at the other end does with what it gets"
        " is that program's own matter; ragapp itself sends nothing."
    )
    serve_stdio(settings, write=write, tell=note)
