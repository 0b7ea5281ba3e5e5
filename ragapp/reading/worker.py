"""Reading in a process of its own: a crash, a hang or a bomb costs one file.

The worker is started once and reads file after file; it is killed and started anew when it dies or takes too long.
"""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

from ragapp.errors import ReadingError
from ragapp.reading.document import Document

_POLL_S = 0.2
_END_S = 5


class Reader:
    """Reads files in a worker process.  Use it as a context manager, or call :meth:`close`.

    Args:
        timeout_s: seconds that one file may take.
        memory_mb: address space that the worker may use beyond what it needs at start, in MiB (where the
            system can limit it).
    """

    def __init__(self, timeout_s: float, memory_mb: int):
        self.timeout_s = timeout_s
        self.memory_mb = memory_mb
        self._process: multiprocessing.process.BaseProcess | None = None
        self._connection = None

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *exception) -> None:
        self.close()

    def read(self, path: Path) -> Document:
        """Read one file.

        Raises:
            ReadingError: what the reader said, or that the worker died, ran out of memory or took too long.
        """
        if self._process is None or not self._process.is_alive():
            self._start()
        self._connection.send(str(path))
        waited = 0.0
        while not self._connection.poll(_POLL_S):
            waited += _POLL_S
            if waited >= self.timeout_s:
                self.close()
                raise ReadingError(
                    f"reading took longer than {self.timeout_s:g} s", "Raise ingest.timeout_s or split the file."
                )
        try:
            kind, value = self._connection.recv()
        except (EOFError, OSError):
            # the pipe closes before the system has noted how the worker ended
            self._process.join(_END_S)
            code = self._process.exitcode
            self.close()
            raise ReadingError(f"the reader crashed on it (exit {code})", "Convert the file and try again.") from None
        if kind == "document":
            return value
        raise ReadingError(*value)

    def close(self) -> None:
        """End the worker at once."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._connection.close()
            self._process = None

    def _start(self) -> None:
        self.close()
        # spawn: a fork would copy this process's threads' locks and its model into the worker
        context = multiprocessing.get_context("spawn")
        self._connection, other = context.Pipe()
        self._process = context.Process(target=_serve, args=(other, self.memory_mb), daemon=True, name="ragapp-reader")
        self._process.start()
        other.close()


def _serve(connection, memory_mb: int) -> None:
    import signal

    from ragapp.reading.registry import read_file

    # Ctrl-C reaches the whole process group; the parent decides what happens to the worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _limit_memory(memory_mb)
    while True:
        try:
            path = Path(connection.recv())
        except (EOFError, OSError):
            return
        try:
            answer = ("document", read_file(path))
        except ReadingError as error:
            answer = ("error", (error.message, error.hint))
        except MemoryError:
            answer = ("error", (f"reading it takes more than {memory_mb} MiB", "Raise ingest.memory_mb or split it."))
        except OSError as error:
            answer = ("error", (f"cannot be read ({error.strerror or error})", "Check the file and its permissions."))
        except Exception as error:  # a parser's own failure on a bad file is that file's problem, told by name
            answer = ("error", (f"{type(error).__name__} while reading: {error}", "Open it, save it again, retry."))
        try:
            connection.send(answer)
        except (BrokenPipeError, OSError):
            return


def _limit_memory(memory_mb: int) -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    used = 0
    if os.path.exists("/proc/self/statm"):
        with open("/proc/self/statm", encoding="ascii") as stream:
            used = int(stream.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    limit = used + memory_mb * 1024 * 1024
    try:
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    except (ValueError, OSError):
        return  # macOS refuses RLIMIT_AS; the time limit still holds
