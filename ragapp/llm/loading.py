"""Loading a GGUF file; what llama.cpp says meanwhile is kept for messages instead of written to the terminal."""

from __future__ import annotations

import ctypes
from collections import deque
from functools import cache
from pathlib import Path

from ragapp.errors import ModelError

_ERROR = 4  # GGML_LOG_LEVEL_ERROR
_lines: deque[str] = deque(maxlen=20)


@cache
def keep_log() -> None:
    """From now on keep llama.cpp's errors, and drop the rest."""
    import llama_cpp

    @llama_cpp.llama_log_callback
    def keep(level: int, text: bytes, data: ctypes.c_void_p) -> None:
        if level == _ERROR and text.strip():
            _lines.append(text.decode("utf-8", "replace").strip())

    keep_log.callback = keep  # llama.cpp calls it as long as the process lives
    llama_cpp.llama_log_set(keep, ctypes.c_void_p(0))


def load_llama(path: Path, **options):
    """Load a GGUF file, or its vocabulary alone.

    Args:
        path: of the file.
        options: of :class:`llama_cpp.Llama`.

    Raises:
        ModelError: llama.cpp cannot; the message says why, as far as it told.
    """
    import llama_cpp

    keep_log()
    _lines.clear()
    try:
        return llama_cpp.Llama(str(path), verbose=False, **options)
    except (ValueError, RuntimeError, OSError, AssertionError, MemoryError) as error:
        # the first line says what is wrong, those behind it what could not be done for it
        reason = _lines[0] if _lines else str(error).strip() or type(error).__name__
        raise ModelError(
            f"llama.cpp cannot load {path}: {reason.rstrip('.')}.",
            "It may be damaged, too large for the memory, or of an unknown kind. See: ragapp models list",
        ) from None
