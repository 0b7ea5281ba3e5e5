"""Where the sample documents lie."""

from __future__ import annotations

from pathlib import Path

import ragapp
from ragapp.errors import PathError


def sample_docs() -> Path:
    """The folder of the sample documents: in the package when installed, beside it in a checkout.

    Raises:
        PathError: it is in neither place.
    """
    package = Path(ragapp.__file__).resolve().parent
    for folder in (package / "sample_docs", package.parent / "sample_docs"):
        if folder.is_dir():
            return folder
    raise PathError("The sample documents are missing.", "Run the demo from a clone of ragapp.")
