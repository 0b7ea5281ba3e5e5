"""How far something is, on stderr: a line or a bar on a terminal, else a line now and then."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragapp.cli.language import figure, phrase, spoken, terminal_language
from ragapp.cli.output import note, one_line
from ragapp.terminal_text import sanitize_text, shown_seconds
from ragapp.words.texts import step_in

if TYPE_CHECKING:
    from ragapp.contract import IngestProgress, ProgressListener

# without a terminal, seconds between two lines on how far something is
LINE_S = 15


@contextmanager
def progress_line() -> Iterator[Callable[[str], None]]:
    """Tell on stderr how far something is: on one line in a terminal, else by a line now and then."""
    told_at = -float(LINE_S)
    live = sys.stderr.isatty()

    def tell(line: str) -> None:
        nonlocal told_at
        if live:
            note(f"\r{line:<60}", end="")
        elif time.monotonic() - told_at >= LINE_S:
            told_at = time.monotonic()
            note(line)

    try:
        yield tell
    finally:
        if live:
            note("")


class Running:
    """An answer on its way, on a terminal: what is proved of it, the stage and its seconds; gone when it is closed."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live

        # on the terminal that is there: results may go to a file
        stream = sys.stdout if sys.stdout.isatty() else sys.stderr
        self._started = time.monotonic()
        self._proved, self._stage = "", ""
        self._live = Live(console=Console(file=stream), transient=True, refresh_per_second=2, get_renderable=self._show)

    def proved(self, text: str) -> None:
        """Show what stands so far."""
        self._proved = sanitize_text(text)
        self._changed()

    def stage(self, text: str) -> None:
        """Show what is being done."""
        self._stage = one_line(text)
        self._changed()

    def close(self) -> None:
        """Take it off the screen."""
        self._live.stop()

    def _changed(self) -> None:
        if self._live.is_started:
            self._live.refresh()
        else:
            self._live.start(refresh=True)

    def _show(self) -> Any:
        from rich.text import Text

        stage = f"… {self._stage} ({figure(time.monotonic() - self._started)} s)"
        return Text.assemble(self._proved, "\n" if self._proved else "", (stage, "dim"))


def time_left(seconds: float) -> str:
    """How long something will take still, about."""
    return phrase("about {time} left", time=shown_seconds(seconds))


def megabytes(done: float, total: float, decimals: int = 1) -> str:
    """How many bytes of all are there, in MB."""
    return phrase("{done} of {total} MB", done=figure(done / 1e6, decimals), total=figure(total / 1e6, decimals))


def files_of(at: IngestProgress, rebuild: bool) -> str:
    """How many of the files, or of the documents of a rebuild, are done."""
    if rebuild:
        return phrase("{done} of {all} document|{done} of {all} documents", done=at.files_done, all=at.files)
    return phrase("{done} of {all} file|{done} of {all} files", done=at.files_done, all=at.files)


def _step(at: IngestProgress) -> str:
    """What happens to the file in hand."""
    if not at.in_hand or not at.in_hand[0].step:
        return spoken(at.stage)
    file = at.in_hand[0]
    return step_in(terminal_language(), file.step, file.done, file.total)


@contextmanager
def ingest_bar(rebuild: bool = False) -> Iterator[ProgressListener]:
    """A bar on stderr that shows files (documents of a rebuild), pages or chunks, rate, time left and the file in hand;
    silent when it is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn
    from rich.text import Text

    bar = Progress(
        BarColumn(bar_width=24),
        TextColumn("{task.fields[files]}"),
        TextColumn("{task.fields[figures]}"),
        TextColumn("{task.description}", table_column=None),
        console=Console(file=sys.stderr),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    with bar:
        task = bar.add_task("", total=None, files="", figures="")

        def listen(at: IngestProgress) -> None:
            rate = phrase("{n} chunks/s", n=round(at.chunks / at.seconds)) if at.chunks and at.seconds else ""
            # a rebuild reads no pages
            chunks = phrase("{n} chunk|{n} chunks", n=at.chunks) if at.chunks else ""
            units = phrase("{n} page|{n} pages", n=at.units) if at.units else chunks
            left = time_left(at.seconds_left) if at.seconds_left is not None else ""
            read = megabytes(at.bytes_done, at.bytes) if at.bytes else ""
            hand = f"{Path(at.path).name} {_step(at)}" if at.path else ""
            bar.update(
                task,
                completed=at.share,
                total=1.0 if at.files else None,
                files=files_of(at, rebuild) if at.files else "",
                description=Text(one_line(hand)).markup,
                figures=" · ".join(part for part in (units, read, rate, left) if part),
            )

        yield listen


@contextmanager
def rebuild_progress() -> Iterator[ProgressListener]:
    """The bar for documents that are rebuilt; without a terminal a line now and then, as it may take hours."""
    if sys.stderr.isatty():
        with ingest_bar(rebuild=True) as listen:
            yield listen
        return
    told_at = -float(LINE_S)

    def tell(at: IngestProgress) -> None:
        nonlocal told_at
        if at.seconds - told_at < LINE_S or not at.seconds:
            return
        told_at = at.seconds
        parts = [files_of(at, rebuild=True)]
        if at.chunks:
            parts.append(phrase("{n} chunk|{n} chunks", n=at.chunks))
            parts.append(phrase("{n} chunks/s", n=round(at.chunks / at.seconds)))
        if at.seconds_left is not None:
            parts.append(time_left(at.seconds_left))
        note(", ".join(parts))

    yield tell
