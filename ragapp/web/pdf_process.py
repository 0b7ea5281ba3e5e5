"""The process in which pdfium draws: it can reach nobody, has little memory and time, and costs only itself.

A hostile file that hangs pdfium, crashes it or takes it over would otherwise do so to the page, which holds the store.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ragapp.errors import ReadingError
from ragapp.ingest.child import Child, serve
from ragapp.plain_words import reason_of

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

# what one page may take
TIMEOUT_S = 20.0
MEMORY_MB = 1024

# methods of :class:`ragapp.web.pdf_pages.PdfPages`
Question = Literal["draw", "find", "sizes", "layer", "words", "count"]


class PdfProcess:
    """A process that is started when it is needed, and anew when it has died; one thread at a time.

    ``memory_mb`` is beyond what the process has at start; ``timeout_s`` is for one page.
    """

    def __init__(self, passwords: Sequence[str] = (), timeout_s: float = TIMEOUT_S, memory_mb: int = MEMORY_MB):
        self._passwords, self._memory_mb = passwords, memory_mb
        self._known: tuple[str, ...] = ()
        self._timeout_s = timeout_s
        self._child: Child | None = None

    def ask(self, what: Question, *arguments: Any) -> Any:
        """What this method of :class:`ragapp.web.pdf_pages.PdfPages` gives; the first argument is the file.

        Raises ReadingError: the file or the page cannot be shown, takes too long or crashes what shows it.
        """
        name = arguments[0].name
        child = self.start()
        try:
            child.connection.send((what, arguments))
            if not child.connection.poll(self._timeout_s):
                self.close()
                raise ReadingError(f"{name} cannot be shown (it takes longer than {self._timeout_s:g} s)")
            done, value = child.connection.recv()
        except (EOFError, OSError):
            self.close()
            raise ReadingError(f"{name} cannot be shown (what draws it crashed)") from None
        if not done:
            raise value
        return value

    def start(self) -> Child:
        """Start it if it is not there. Raises ReadingError: it does not start."""
        # a password may have been added since it was started
        if self._child and self._child.process.is_alive() and self._known == tuple(self._passwords):
            return self._child
        self.close()
        self._known = tuple(self._passwords)
        try:
            self._child = Child("ragapp-pdf", _serve, self._known, self._memory_mb)
        except OSError:
            raise ReadingError("the process that draws pages does not start", "Is the machine out of memory?") from None
        return self._child

    def close(self) -> None:
        """End it at once."""
        if self._child:
            self._child.close()
            self._child = None


# --- in the process


def _serve(connection: Connection[Any, Any], passwords: tuple[str, ...], memory_mb: int) -> None:
    from ragapp.web import pdf_pages

    pages = pdf_pages.PdfPages(passwords)

    def answer(request: tuple[str, tuple[Path, ...]]) -> tuple[bool, Any]:
        what, arguments = request
        try:
            return True, getattr(pages, what)(*arguments)
        except ReadingError as error:
            return False, ReadingError(error.message, error.hint)
        except Exception as error:  # whatever the file does to it is that file's problem
            return False, ReadingError(f"{arguments[0].name} cannot be shown ({reason_of(error)})")

    serve(connection, memory_mb, answer)
