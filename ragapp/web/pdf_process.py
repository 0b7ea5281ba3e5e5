"""The process in which pdfium draws: it can reach nobody, has little memory and time, and costs only itself.

A hostile file that hangs pdfium, crashes it or takes it over would otherwise do so to the page, which holds the store.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from typing import Any, Literal

from ragapp.errors import ReadingError
from ragapp.ingest.child import interrupts_blocked, shut_in

# what one page may take
TIMEOUT_S = 20.0
MEMORY_MB = 1024
_START_S = 120
_READY = "ready"


class PdfProcess:
    """A process that is started when it is needed, and anew when it has died; one thread at a time.

    Args:
        passwords: tried on protected files.
        timeout_s: seconds that a page may take.
        memory_mb: MiB beyond what the process has at start.
    """

    def __init__(self, passwords: Sequence[str] = (), timeout_s: float = TIMEOUT_S, memory_mb: int = MEMORY_MB):
        self._settings = (tuple(passwords), memory_mb)
        self._timeout_s = timeout_s
        self._process: multiprocessing.process.BaseProcess | None = None
        self._connection: Any = None

    def ask(self, what: Literal["draw", "find"], *arguments: Any) -> Any:
        """What :class:`ragapp.web.pdf_pages.PdfPages` gives.

        Args:
            what: one of its methods.
            arguments: for it; the first is the file.

        Raises:
            ReadingError: the file or the page cannot be shown, takes too long or crashes what shows it.
        """
        name = arguments[0].name
        try:
            self.start()
            self._connection.send((what, arguments))
            if not self._connection.poll(self._timeout_s):
                self.close()
                raise ReadingError(f"{name} cannot be shown (it takes longer than {self._timeout_s:g} s)")
            done, value = self._connection.recv()
        except (EOFError, OSError):
            self.close()
            raise ReadingError(f"{name} cannot be shown (what draws it crashed)") from None
        if not done:
            raise value
        return value

    def start(self) -> None:
        """Start it if it is not there.

        Raises:
            ReadingError: it does not start.
        """
        if self._process is not None and self._process.is_alive():
            return
        self.close()
        # spawn: a fork would copy this process's threads' locks and its model
        context = multiprocessing.get_context("spawn")
        self._connection, other = context.Pipe()
        self._process = context.Process(target=_serve, args=(other, *self._settings), daemon=True, name="ragapp-pdf")
        with interrupts_blocked():
            self._process.start()
        other.close()
        if not self._connection.poll(_START_S) or self._connection.recv() != _READY:
            self.close()
            raise ReadingError("the process that draws pages does not start", "Is the machine out of memory?")

    def close(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._connection.close()
            self._process = None


# --- in the process


def _serve(connection, passwords: tuple[str, ...], memory_mb: int) -> None:
    from ragapp.web import pdf_pages

    shut_in(memory_mb)
    pages = pdf_pages.PdfPages(passwords)
    connection.send(_READY)
    while True:
        try:
            what, arguments = connection.recv()
        except (EOFError, OSError):
            return
        try:
            answer = (True, getattr(pages, what)(*arguments))
        except ReadingError as error:
            answer = (False, ReadingError(error.message, error.hint))
        except Exception as error:  # whatever the file does to it is that file's problem
            answer = (False, ReadingError(f"{arguments[0].name} cannot be shown ({type(error).__name__})"))
        try:
            connection.send(answer)
        except OSError:
            return
