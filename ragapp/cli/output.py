"""How commands speak: results on stdout, everything else on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ragapp.contract import IngestProgress, Place, ProgressListener
from ragapp.terminal_text import sanitize_json, sanitize_text, shown_seconds

# without a terminal, seconds between two lines on how far something is
LINE_S = 15


def say(text: str = "", *, end: str = "\n") -> None:
    """Print a result to stdout."""
    sys.stdout.write(sanitize_text(text) + end)
    sys.stdout.flush()


def note(text: str, *, end: str = "\n") -> None:
    """Print to stderr what is not a result."""
    sys.stderr.write(sanitize_text(text) + end)
    sys.stderr.flush()


def say_json(value: Any) -> None:
    """Print one JSON document to stdout."""
    sys.stdout.write(sanitize_json(json.dumps(value, ensure_ascii=False, indent=2)) + "\n")


def say_record(record: Any) -> None:
    """Print a record of :mod:`ragapp.contract` as one JSON document to stdout."""
    from ragapp.contract.codec import to_values

    say_json(to_values(record))


def say_understood(understood: str, question: str) -> None:
    """Print how a question was understood, where that is not as it was asked."""
    if understood and understood != " ".join(question.split()):
        say(f"(understood as: {understood})")


def place_of(place: Place) -> str:
    """A document and the unit in it, as a person would point at it: ``a.pdf, p. 3``."""
    from ragapp.reading.document import place_name

    unit = place_name(place.kind, place.page, place.label)
    return f"{place.document}, {unit}" if unit else place.document


def shown_path(path: str) -> str:
    """A path on one line, relative to the working folder where it lies below it."""
    with suppress(ValueError):
        path = str(Path(path).relative_to(Path.cwd()))
    return _one_line(path)


def _one_line(text: str) -> str:
    return sanitize_text(text.replace("\n", "\\n").replace("\t", "\\t"))


def say_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print a table to stdout; columns are as wide as the terminal allows, whole when piped."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(sanitize_text(str(value))) for value in row))
    console = Console(file=sys.stdout)
    if not sys.stdout.isatty():
        console = Console(file=sys.stdout, width=10_000, no_color=True)
    console.print(table)


@contextmanager
def ingest_bar(what: str = "files") -> Iterator[ProgressListener]:
    """A bar on stderr that shows files (or what else is counted), pages or chunks, rate, time left and the file in
    hand; silent when it is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.text import Text

    bar = Progress(
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn(what),
        TextColumn("{task.fields[figures]}"),
        TextColumn("{task.description}", table_column=None),
        console=Console(file=sys.stderr),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    with bar:
        task = bar.add_task("", total=None, figures="")

        def listen(at: IngestProgress) -> None:
            rate = f"{at.chunks / at.seconds:.0f} chunks/s" if at.chunks and at.seconds else ""
            left = f"{shown_seconds(at.seconds_left)} left" if at.seconds_left is not None else ""
            chunks = f"{at.chunks:,} chunks" if at.chunks else ""  # of a rebuild, which reads no pages
            units = f"{at.units} pages" if at.units else chunks
            hand = f"{Path(at.path).name} {at.stage}" if at.path else ""
            bar.update(
                task,
                completed=at.files_done,
                total=at.files,
                description=Text(_one_line(hand)).markup,
                figures=" · ".join(part for part in (units, rate, left) if part),
            )

        yield listen


@contextmanager
def rebuild_progress() -> Iterator[ProgressListener]:
    """The bar for documents that are rebuilt; without a terminal a line now and then, as it may take hours."""
    if sys.stderr.isatty():
        with ingest_bar("documents") as listen:
            yield listen
        return
    told_at = -float(LINE_S)

    def tell(at: IngestProgress) -> None:
        nonlocal told_at
        if at.seconds - told_at < LINE_S or not at.seconds:
            return
        told_at = at.seconds
        left = f", {shown_seconds(at.seconds_left)} left" if at.seconds_left is not None else ""
        rate = f", {at.chunks:,} chunks, {at.chunks / at.seconds:.0f} chunks/s" if at.chunks else ""
        note(f"{at.files_done:,} of {at.files:,} documents{rate}{left}")

    yield tell
