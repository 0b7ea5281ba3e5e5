"""Reading and chunking files in processes of their own: a crash, a hang or a bomb costs one file.

A worker is started once and prepares file after file; it is killed and started anew when it dies, takes too long or has
grown too large.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragapp.errors import CancelledError, ReadingError, TransientReadingError
from ragapp.index.analysis import detect_language
from ragapp.index.chunk_text import EmbeddedText
from ragapp.index.records import Chunk
from ragapp.ingest.child import MIB, Child, serve
from ragapp.ingest.chunking import Chunker
from ragapp.plain_words import reason_of
from ragapp.reading.discover import unreadable
from ragapp.reading.document import Block, Document, ReadOptions, Unit
from ragapp.reading.survey import Survey, survey

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

LANGUAGE_SAMPLE_CHARACTERS = 20_000
_POLL_S = 0.2
_END_S = 5
# a file that is slow to look at is only read
_SURVEY_S = 5.0
# Python gives memory back rarely; a worker that one large file has made this large is started anew
_RECYCLE_MB = 700

# called while a file is read: (current unit, units, whether OCR reads it, characters found so far)
Tick = Callable[[int, int, bool, int], None]


@dataclass(frozen=True, slots=True)
class Limits:
    """What preparing one file may take.

    Attributes:
        timeout_s: seconds, without OCR.
        ocr_timeout_s: seconds more for each page that OCR reads.
        memory_mb: MiB beyond what the worker has at start.
        max_text_mb: million characters of text that a file may hold.
    """

    timeout_s: float = 300
    ocr_timeout_s: float = 60
    memory_mb: int = 2048
    max_text_mb: int = 20


@dataclass(frozen=True, slots=True)
class ChunkedFile:
    """A file that was read and chunked: its document with its language, and what the embedder reads of each chunk."""

    document: Document
    chunks: list[Chunk]
    texts: list[EmbeddedText]
    seconds: float


class Worker:
    """One worker process.  Use it as a context manager, or call :meth:`close`; one thread at a time.

    The chunker goes to the worker process, so it must be picklable; the worker sets the options' ``tick``.
    """

    def __init__(self, chunker: Chunker, limits: Limits, options: ReadOptions) -> None:
        self._chunker = chunker
        self._limits = limits
        self._options = options
        self._child: Child | None = None
        self._base_bytes = 0

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def prepare(
        self, path: Path, tick: Tick | None = None, cancelled: Callable[[], bool] = lambda: False
    ) -> ChunkedFile:
        """Read and chunk one file.

        ``tick`` is called for each unit that may take long; ``cancelled`` is asked several times a second.

        Raises:
            ReadingError: what the reader said, or that the worker died, ran out of memory or took too long.
            CancelledError: ``cancelled`` returned true; the worker was killed.
        """
        started = time.monotonic()
        prepared: ChunkedFile = self._asked("prepare", path, self._limits.timeout_s, tick, cancelled)
        if self._child and self._child.used_bytes() > _RECYCLE_MB * MIB:
            self.close()
        # here, because the language identifier takes 75 MiB, once instead of in every worker
        document = prepared.document
        text = "\n".join(unit.text for unit in document.units)[:LANGUAGE_SAMPLE_CHARACTERS]
        document.language = document.language or detect_language(text)
        return replace(prepared, seconds=time.monotonic() - started)

    def warm(self, cancelled: Callable[[], bool] = lambda: False) -> None:
        """Load what every file needs, so that the first one does not seem to take longer than it does.

        Raises:
            ReadingError: the worker does not start, or died.
            CancelledError: ``cancelled`` returned true; the worker was killed.
        """
        self._asked("warm", Path(), self._limits.timeout_s, None, cancelled)

    def survey(self, path: Path, cancelled: Callable[[], bool] = lambda: False) -> Survey | None:
        """How much there is to read in a file; None where that is not to be had, which its reading will explain.

        Raises:
            CancelledError: ``cancelled`` returned true; the worker was killed.
        """
        try:
            surveyed: Survey = self._asked("survey", path, _SURVEY_S, None, cancelled)
            return surveyed
        except ReadingError:
            return None

    def _asked(self, what: str, path: Path, allowed: float, tick: Tick | None, cancelled: Callable[[], bool]) -> Any:
        """What the worker process answers within so many seconds, and those that OCR has more."""
        child = self._started()
        started = time.monotonic()
        kind: str = "tick"
        value: Any = None
        try:
            child.connection.send((what, path))
            while kind == "tick":
                while not child.connection.poll(_POLL_S):
                    self._check(child, started, allowed, cancelled)
                kind, value = child.connection.recv()
                if kind == "tick":
                    allowed += self._limits.ocr_timeout_s * value[2]
                    self._check(child, started, allowed, cancelled)
                    if tick:
                        tick(*value)
        except (EOFError, OSError):
            # the pipe closes before the system has noted how the worker ended
            child.process.join(_END_S)
            code = child.process.exitcode
            self.close()
            raise ReadingError(f"the reader crashed on it (exit {code})", "Convert the file and try again.") from None
        if kind == "error":
            raise value
        return value

    def close(self) -> None:
        """End the worker at once."""
        if self._child:
            self._child.close()
            self._child = None

    def _check(self, child: Child, started: float, allowed: float, cancelled: Callable[[], bool]) -> None:
        error: ReadingError | CancelledError | None = None
        if cancelled():
            error = CancelledError("Stopped.")
        elif time.monotonic() - started > allowed:
            error = ReadingError(
                f"reading took longer than {allowed:g} s", "Raise ingest.timeout_s, or split the file."
            )
        # the worker limits itself where the system can; this holds everywhere
        elif child.used_bytes() - self._base_bytes > self._limits.memory_mb * MIB:
            error = _too_much_memory(self._limits)
        if error:
            self.close()
            raise error

    def _started(self) -> Child:
        if self._child and self._child.process.is_alive():
            return self._child
        self.close()
        try:
            self._child = Child("ragapp-reader", _serve, self._chunker, self._limits, self._options)
        except OSError:
            raise TransientReadingError(
                "the process that reads files does not start", "Is the machine out of memory?"
            ) from None
        self._base_bytes = self._child.used_bytes()
        return self._child


def _too_much_memory(limits: Limits) -> ReadingError:
    return ReadingError(
        f"reading it takes more than {limits.memory_mb} MiB", "Raise ingest.memory_mb, or split the file."
    )


# --- in the worker process


def _serve(connection: Connection[Any, Any], chunker: Chunker, limits: Limits, options: ReadOptions) -> None:
    from ragapp.reading import registry  # noqa: F401  so that it counts as what the worker needs at start

    characters, place = 0, (1, 1)

    def tick(unit: int, units: int, ocr: bool) -> None:
        nonlocal place
        place = (unit, units) if units else place
        connection.send(("tick", (*place, ocr, characters)))

    def found(more: int) -> None:
        nonlocal characters
        characters += more

    options = replace(options, tick=tick, found=found)

    def answer(asked: tuple[str, Path]) -> tuple[str, ChunkedFile | Survey | ReadingError]:
        nonlocal characters, place
        characters, place = 0, (1, 1)
        what, path = asked
        try:
            if what == "warm":
                return what, _chunked(Document("", [Unit(1, "page", "", [Block("A line of text.")])]), chunker, "")
            return what, survey(path, options) if what == "survey" else _prepare(path, chunker, limits, options)
        except Exception as error:
            return "error", _as_reading_error(error, limits)

    serve(connection, limits.memory_mb, answer)


def _as_reading_error(error: Exception, limits: Limits) -> ReadingError:
    if isinstance(error, ReadingError):
        # without its cause, which may not be picklable
        return type(error)(error.message, error.hint)
    if isinstance(error, MemoryError):
        return _too_much_memory(limits)
    if isinstance(error, RecursionError):
        return ReadingError("it is nested too deeply", "Open it in its own program and save it again.")
    if isinstance(error, OSError):
        return unreadable(error)
    # a parser's own failure on a bad file is that file's problem
    return ReadingError(f"it cannot be read: {reason_of(error)}", "Open it, save it again, retry.")


def _prepare(path: Path, chunker: Chunker, limits: Limits, options: ReadOptions) -> ChunkedFile:
    from ragapp.reading.registry import read_file
    from ragapp.reading.typed.builder import add_tables

    document = read_file(path, options)
    characters = sum(len(unit.text) for unit in document.units)
    if characters > limits.max_text_mb * 1_000_000:
        raise ReadingError(
            f"it holds {characters / 1e6:.0f} million characters of text, more than ingest.max_text_mb"
            f" ({limits.max_text_mb})",
            "Raise the limit, or split the file.",
        )
    add_tables(document)
    return _chunked(document, chunker, path.name)


def _chunked(document: Document, chunker: Chunker, name: str) -> ChunkedFile:
    chunks = chunker.split(document)
    texts = [chunker.embedded_text(chunk, document.title, name) for chunk in chunks]
    return ChunkedFile(document, chunks, texts, 0.0)
