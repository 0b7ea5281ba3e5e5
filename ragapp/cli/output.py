"""How commands speak: results on stdout, everything else on stderr."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# a file's text must not drive the terminal: no control characters but tab and line feed
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def say(text: str = "", *, end: str = "\n") -> None:
    """Print a result to stdout."""
    sys.stdout.write(plain(text) + end)
    sys.stdout.flush()


def note(text: str, *, end: str = "\n") -> None:
    """Print to stderr what is not a result."""
    sys.stderr.write(plain(text) + end)
    sys.stderr.flush()


def say_json(value: Any) -> None:
    """Print one JSON document to stdout."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def plain(text: str) -> str:
    """Text without terminal control characters."""
    return _CONTROL.sub("", text)


def shown_path(path: str) -> str:
    """A path relative to the working folder where it lies below it."""
    try:
        return str(Path(path).relative_to(Path.cwd()))
    except ValueError:
        return path


def say_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print a table to stdout; columns are as wide as the terminal allows, whole when piped."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(plain(str(value))) for value in row))
    console = Console(file=sys.stdout)
    if not sys.stdout.isatty():
        console = Console(file=sys.stdout, width=10_000, no_color=True)
    console.print(table)


@contextmanager
def ingest_bar() -> Iterator[Any]:
    """A bar on stderr that shows files, rate, time left and the file in hand; silent when stderr is no terminal.

    Yields:
        An :data:`ragapp.ingest.pipeline.IngestProgress`.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("files"),
        TimeRemainingColumn(), TextColumn("{task.fields[name]}"),
        console=Console(file=sys.stderr), transient=True, disable=not sys.stderr.isatty(),
    )  # fmt: skip
    with bar:
        task = bar.add_task("Ingesting", total=None, name="")

        def progress(done: int, total: int, path: str, share: float) -> None:
            bar.update(task, completed=done + (share if path else 0), total=total, name=plain(Path(path).name))

        yield progress
