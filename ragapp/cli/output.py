"""How commands speak: results on stdout, everything else on stderr."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from ragapp.cli.language import phrase, spoken, terminal_language
from ragapp.errors import PathError, RagappError, UsageError
from ragapp.plain_words import reason_of
from ragapp.terminal_text import sanitize_json, sanitize_text
from ragapp.words.texts import place_in

if TYPE_CHECKING:
    from ragapp.contract import Place

# exit code when whoever reads the output has gone, as of a program that SIGPIPE ends
CLOSED_PIPE = 141
# a text in wider lines is hard to read
TEXT_WIDTH = 100


def say(text: str = "", *, end: str = "\n") -> None:
    """Print a result to stdout, as it is: what is said by ragapp comes from :func:`ragapp.cli.language.phrase`."""
    with _writing(sys.stdout):
        sys.stdout.write(sanitize_text(text) + end)
        sys.stdout.flush()


def note(text: str, *, end: str = "\n") -> None:
    """Print to stderr what is not a result, in the language of the terminal."""
    with _writing(sys.stderr):
        sys.stderr.write(sanitize_text(spoken(text)) + end)
        sys.stderr.flush()


def say_text(text: str, indent: str = "") -> None:
    """Print a result that is a text: on a terminal in lines that are broken between words."""
    from ragapp.cli.table import wrapped

    width = min(terminal_width(), TEXT_WIDTH) if sys.stdout.isatty() else sys.maxsize
    say("\n".join(wrapped(sanitize_text(text), width, indent)))


def say_json(value: Any) -> None:
    """Print one JSON document to stdout."""
    with _writing(sys.stdout):
        sys.stdout.write(sanitize_json(json.dumps(value, ensure_ascii=False, indent=2)) + "\n")
        sys.stdout.flush()


def say_error(error: RagappError, as_json: bool) -> None:
    """Print why a command could not do it, and what to do next: to stderr, and to stdout where it is asked for JSON."""
    if as_json:
        from ragapp.web.api_errors import problem_json

        say_json(problem_json(error))
        if sys.stdout.isatty():
            return
    note(f"ragapp: {error}")


@contextmanager
def _writing(stream: TextIO) -> Iterator[None]:
    """End quietly when whoever read the output has gone; go on without stderr. Raises PathError: the disk is full."""
    try:
        yield
    except BrokenPipeError:
        _discard(stream)
        if stream is sys.stdout:
            raise SystemExit(CLOSED_PIPE) from None
    except OSError as error:
        _discard(stream)
        if stream is sys.stdout:
            raise PathError(f"The output cannot be written: {reason_of(error)}.") from None


def _discard(stream: TextIO) -> None:
    """Send what is written from now on nowhere; Python would complain about the rest in the buffer when it ends."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def open_missing_streams() -> None:
    """Give a process that was started without stdin, stdout or stderr an empty one; take and give UTF-8."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 - for the whole process
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")


def terminal_width() -> int:
    """Cells in a line of the terminal: by COLUMNS, else as it says, else 80."""
    return max(1, shutil.get_terminal_size().columns)


def ask_secret(what: str) -> str:
    """What the person types twice, unseen; without a terminal the first line of stdin.

    Raises UsageError: nothing came in.
    """
    if sys.stdin.isatty():
        return _asked_twice(what)
    secret = sys.stdin.readline().rstrip("\r\n")
    if not secret:
        told = f"{what}: nothing came in, and there is no terminal to ask on."
        raise UsageError(told, "Run it in a terminal, or give the password as the first line of stdin.")
    return secret


def _asked_twice(what: str) -> str:
    """A secret that is the same both times; Typer's own second question would be in English."""
    import typer

    shown: dict[str, Any] = {"hide_input": True, "err": True, "prompt_suffix": ""}
    while True:
        first = str(typer.prompt(phrase("{what}: ", what=spoken(what)), **shown))
        if str(typer.prompt(phrase("Once more: "), **shown)) == first:
            return first
        note("The two are not the same.")


def say_json_line(record: Any) -> None:
    """Print a record of :mod:`ragapp.contract` as JSON on one line of stdout, at once."""
    from ragapp.contract.codec import to_values

    sys.stdout.write(sanitize_json(json.dumps(to_values(record), ensure_ascii=False)) + "\n")
    sys.stdout.flush()


def say_record(record: Any) -> None:
    """Print a record of :mod:`ragapp.contract` as one JSON document to stdout."""
    from ragapp.contract.codec import to_values

    say_json(to_values(record))


def say_understood(understood: str, question: str) -> None:
    """Print how a question was understood, where that is not as it was asked."""
    if understood and understood != " ".join(question.split()):
        say(phrase("(understood as: {question})", question=understood))


def place_of(place: Place) -> str:
    """A document and the unit in it, as a person would point at it: ``a.pdf, p. 3``."""
    unit = place_in(terminal_language(), place.kind, place.page, place.label)
    return f"{place.document}, {unit}" if unit else place.document


def shown_path(path: str) -> str:
    """A path on one line, relative to the working folder where it lies below it."""
    with suppress(ValueError):
        path = str(Path(path).relative_to(Path.cwd()))
    return one_line(path)


def one_line(text: str) -> str:
    """A text that stands on one line, whatever is in it."""
    return sanitize_text(text.replace("\n", "\\n").replace("\t", "\\t"))


def say_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    drop: Sequence[str] = (),
    below: str = "",
    whole: Sequence[str] = (),
) -> None:
    """Print a table of ragapp's own to stdout; ``columns`` are phrases, by which ``drop``, ``below`` and ``whole`` name
    them."""
    say_rows(
        [phrase(name) for name in columns],
        rows,
        drop=[phrase(name) for name in drop],
        below=phrase(below),
        whole=[phrase(name) for name in whole],
    )


def say_rows(
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    drop: Sequence[str] = (),
    below: str = "",
    whole: Sequence[str] = (),
) -> None:
    """Print a table to stdout: on a terminal as wide as that is, see :func:`ragapp.cli.table.fitted` for how; piped,
    every column, with tabs between them.

    Where no column has a name there is no header.
    """
    from ragapp.cli.table import fitted, plain

    names = [sanitize_text(column) for column in columns]
    texts = [[sanitize_text(str(value)) for value in row] for row in rows]
    if not sys.stdout.isatty():
        header: list[str] = []
        lines = plain(names, texts)
    else:
        header, lines = fitted(names, texts, terminal_width(), drop, below, whole)
    for line in header:
        say_coloured(line)
    for line in lines:
        say(line)


def say_coloured(text: str, colour: str = "") -> None:
    """Print a result in bold and a colour, where the terminal has any and NO_COLOR is not set."""
    from rich.console import Console
    from rich.text import Text

    if sys.stdout.isatty():
        with _writing(sys.stdout):
            Console(file=sys.stdout).print(Text(sanitize_text(text), style=f"bold {colour}".strip()), soft_wrap=True)
    else:
        say(text)
