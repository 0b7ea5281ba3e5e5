"""Which reader reads which file."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from ragapp.errors import ReadingError
from ragapp.reading.document import Document

# suffix -> (module, function); modules are imported when a file of theirs is read, so that nothing pays for the rest
READERS: dict[str, tuple[str, str]] = {
    ".pdf": ("ragapp.reading.pdf", "read_pdf"),
    ".txt": ("ragapp.reading.blocks", "read_plain"),
    ".text": ("ragapp.reading.blocks", "read_plain"),
    ".log": ("ragapp.reading.blocks", "read_plain"),
    ".md": ("ragapp.reading.html", "read_markdown"),
    ".markdown": ("ragapp.reading.html", "read_markdown"),
    ".html": ("ragapp.reading.html", "read_html"),
    ".htm": ("ragapp.reading.html", "read_html"),
    ".csv": ("ragapp.reading.tables", "read_csv"),
    ".tsv": ("ragapp.reading.tables", "read_csv"),
    ".docx": ("ragapp.reading.office", "read_docx"),
    ".xlsx": ("ragapp.reading.office", "read_xlsx"),
    ".pptx": ("ragapp.reading.office", "read_pptx"),
    ".eml": ("ragapp.reading.mail", "read_eml"),
}

SUFFIXES = frozenset(READERS)


def read_file(path: Path) -> Document:
    """Read one file with the reader of its suffix.

    Args:
        path: an existing regular file.

    Returns:
        The document; at least one unit, which may be without text.

    Raises:
        ReadingError: no reader for this suffix, or the file is damaged, encrypted or empty.
    """
    suffix = path.suffix.lower()
    if suffix not in READERS:
        raise ReadingError(f"no reader for {suffix or 'files without a suffix'}", "Convert it to PDF, DOCX or text.")
    if path.stat().st_size == 0:
        raise ReadingError("the file is empty (0 bytes)", "Check the original and copy it again.")
    module, function = READERS[suffix]
    return getattr(import_module(module), function)(path)
