"""Reading and cutting files in processes of their own: a crash, a hang or a bomb costs one file.

A worker is started once and prepares file after file; it is killed and started anew when it dies, takes too long or has
grown too large.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from ragapp.errors import CancelledError, ReadingError, TransientReadingError
from ragapp.index.analysis import detect_language
from ragapp.index.chunk_text import ChunkText
from ragapp.index.records import Chunk
from ragapp.ingest.child import MIB, interrupts_blocked, shut_in
from ragapp.ingest.chunking import Chunker
from ragapp.reading.discover import unreadable
from ragapp.reading.document import Document, ReadOptions

LANGUAGE_SAMPLE_CHARACTERS = 20_000
_POLL_S = 0.2
_END_S = 5
_START_S = 120
_READY = "ready"
# Python gives memory back rarely; a worker that one large file has made this large is started anew
_RECYCLE_MB = 700

# told while a file is read: (unit in hand, units, whether OCR reads it)
Tick = Callable[[int, int, bool], None]


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
class Prepared:
    """A file that was read and cut.

    Attributes:
        document: what was read, its language set.
        chunks: its chunks.
        texts: what the embedder reads for each chunk.
        seconds: what that took.
    """

    document: Document
    chunks: list[Chunk]
    texts: list[ChunkText]
    seconds: float


class Preparer:
    """One worker process.  Use it as a context manager, or call :meth:`close`; one thread at a time.

    Args:
        chunker: cuts the documents; it goes to the worker process, so it must be picklable.
        limits: what one file may take.
        options: for the readers; the worker sets its ``tick``.
    """

    def __init__(self, chunker: Chunker, limits: Limits, options: ReadOptions):
        self._chunker = chunker
        self._limits = limits
        self._options = options
        self._process: multiprocessing.process.BaseProcess | None = None
        self._connection = None
        self._usage = None
        self._base_bytes = 0

    def __enter__(self) -> Preparer:
        return self

    def __exit__(self, *exception) -> None:
        self.close()

    def prepare(self, path: Path, tick: Tick | None = None, cancelled: Callable[[], bool] = lambda: False) -> Prepared:
        """Read and cut one file.

        Args:
            path: the file.
            tick: told which unit is read.
            cancelled: asked several times a second; the worker is killed when it says so.

        Raises:
            ReadingError: what the reader said, or that the worker died, ran out of memory or took too long.
            CancelledError: ``cancelled`` said so.
        """
        try:
            if self._process is None or not self._process.is_alive():
                self._start()
            started, allowed = time.monotonic(), self._limits.timeout_s
            self._connection.send(path)
            while True:
                while not self._connection.poll(_POLL_S):
                    self._check(started, allowed, cancelled)
                kind, value = self._connection.recv()
                if kind == "tick":
                    allowed += self._limits.ocr_timeout_s * value[2]
                    self._check(started, allowed, cancelled)
                    if tick:
                        tick(*value)
                elif kind == "prepared":
                    break
                else:
                    raise value
        except (EOFError, OSError):
            # the pipe closes before the system has noted how the worker ended
            self._process.join(_END_S)
            code = self._process.exitcode
            self.close()
            raise ReadingError(f"the reader crashed on it (exit {code})", "Convert the file and try again.") from None
        if self._used_bytes() > _RECYCLE_MB * MIB:
            self.close()
        # here, because what knows the languages takes 75 MiB, once instead of in every worker
        document = value.document
        texts = [unit.text for unit in document.units]
        document.language = document.language or detect_language("\n".join(texts)[:LANGUAGE_SAMPLE_CHARACTERS])
        return replace(value, seconds=time.monotonic() - started)

    def close(self) -> None:
        """End the worker at once."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._connection.close()
            self._process = self._usage = None

    def _check(self, started: float, allowed: float, cancelled: Callable[[], bool]) -> None:
        if cancelled():
            self.close()
            raise CancelledError("Stopped.")
        if time.monotonic() - started > allowed:
            self.close()
            raise ReadingError(f"reading took longer than {allowed:g} s", "Raise ingest.timeout_s, or split the file.")
        # the worker limits itself where the system can; this holds everywhere
        if self._used_bytes() - self._base_bytes > self._limits.memory_mb * MIB:
            self.close()
            raise _too_much_memory(self._limits.memory_mb)

    def _used_bytes(self) -> int:
        import psutil

        try:
            if self._usage is None:
                self._usage = psutil.Process(self._process.pid)
            return self._usage.memory_info().rss
        except psutil.Error:
            return 0

    def _start(self) -> None:
        self.close()
        # spawn: a fork would copy this process's threads' locks and its model into the worker
        context = multiprocessing.get_context("spawn")
        connection, other = context.Pipe()
        process = context.Process(
            target=_serve, args=(other, self._chunker, self._limits, self._options), daemon=True, name="ragapp-reader"
        )
        with interrupts_blocked():
            process.start()
        other.close()
        self._process, self._connection = process, connection
        # what a file may take is counted from when the worker is there
        if not self._connection.poll(_START_S) or self._connection.recv() != _READY:
            self.close()
            raise TransientReadingError("the process that reads files does not start", "Is the machine out of memory?")
        self._base_bytes = self._used_bytes()


def _too_much_memory(memory_mb: int) -> ReadingError:
    return ReadingError(f"reading it takes more than {memory_mb} MiB", "Raise ingest.memory_mb, or split the file.")


# --- in the worker process


def _serve(connection, chunker: Chunker, limits: Limits, options: ReadOptions) -> None:
    from ragapp.reading import registry  # noqa: F401  so that it counts as what the worker needs at start

    shut_in(limits.memory_mb)
    connection.send(_READY)
    options = replace(options, tick=lambda *unit: connection.send(("tick", unit)))
    while True:
        try:
            path = connection.recv()
        except (EOFError, OSError):
            return
        try:
            answer = ("prepared", _prepare(path, chunker, limits, options))
        except Exception as error:
            answer = ("error", _as_reading_error(error, limits))
        try:
            connection.send(answer)
        except (BrokenPipeError, OSError):
            return


def _as_reading_error(error: Exception, limits: Limits) -> ReadingError:
    if isinstance(error, ReadingError):
        # without what it came from, which may not survive the way through the pipe
        return type(error)(error.message, error.hint)
    if isinstance(error, MemoryError):
        return _too_much_memory(limits.memory_mb)
    if isinstance(error, RecursionError):
        return ReadingError("it is nested too deeply", "Open it in its own program and save it again.")
    if isinstance(error, OSError):
        return unreadable(error)
    # a parser's own failure on a bad file is that file's problem, told by name
    return ReadingError(f"{type(error).__name__} while reading: {error}", "Open it, save it again, retry.")


def _prepare(path: Path, chunker: Chunker, limits: Limits, options: ReadOptions) -> Prepared:
    from ragapp.reading.registry import read_file

    document = read_file(path, options)
    texts = [unit.text for unit in document.units]
    characters = sum(map(len, texts))
    if characters > limits.max_text_mb * 1_000_000:
        raise ReadingError(
            f"it holds {characters / 1e6:.0f} million characters of text, more than ingest.max_text_mb"
            f" ({limits.max_text_mb})",
            "Raise the limit, or split the file.",
        )
    chunks = chunker.split(document)
    return Prepared(
        document, chunks, [chunker.embedded_text(chunk, document.title, path.name) for chunk in chunks], 0.0
    )
