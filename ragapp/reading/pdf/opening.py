"""Opening a PDF: without a password, or with the first that fits."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pypdfium2 import PdfDocument, PdfiumError

from ragapp.errors import ReadingError


def open_pdf(path: Path, passwords: Iterable[str] = ()) -> PdfDocument:
    """The document, opened without a password or with the first that fits.

    Raises:
        ReadingError: it is protected by a password that is not known.
        PdfiumError: it is not a PDF that pdfium reads.
    """
    tried = 0
    for password in (None, *passwords):
        try:
            return PdfDocument(path, password=password)
        except PdfiumError as error:
            if "password" not in str(error).lower():
                raise
        tried += 1
    told = "none of those in ingest.passwords opens it" if tried > 1 else "and none is known"
    hint = "Add its password to ingest.passwords in settings.yaml."
    raise ReadingError(f"the PDF is protected by a password, {told}", hint)
