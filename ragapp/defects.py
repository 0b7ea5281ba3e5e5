"""Errors that nobody foresaw: what is told of them, and what is kept."""

from __future__ import annotations

from ragapp.errors import RagappError


def defect(error: Exception) -> RagappError:
    """An error that nobody foresaw: where in the code it was goes to a file, for this account alone; none of its words
    does, which may be a document's."""
    import os
    import tempfile
    import traceback

    from ragapp import __version__

    told = "Something went wrong that ragapp did not foresee; this is a defect of ragapp."
    try:
        number, name = tempfile.mkstemp(prefix="ragapp-error-", suffix=".txt", text=True)
        with os.fdopen(number, "w", encoding="utf-8", errors="replace") as file:
            file.write(f"ragapp {__version__}\n")
            file.writelines(traceback.format_tb(error.__traceback__))
            file.write(f"{type(error).__name__}\n")
    except OSError:
        return RagappError(told)
    return RagappError(told, f"Where it was in the code stands in {name}; please send that with what you did.")
