"""Which reader reads which file: that of its suffix, unless its content is surely something else."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path

from ragapp.errors import ReadingError
from ragapp.reading.document import DEFAULT_OPTIONS, Document, Reader, ReadOptions
from ragapp.reading.formats import NO_READER, READERS, TEXT_SUFFIXES, UNREAD, Format, content_format, looks_like_text
from ragapp.reading.properties import read_properties

SUFFIXES = frozenset(READERS)

_QUESTION_BYTES = 1 << 20
_QUESTION_KEYS = frozenset(("answers", "answerable", "pages", "expected"))
_TABLES = (".xls", ".xlsx", ".ods")


def read_file(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """Read a regular file; ReadingError if there is no reader for it, or it is damaged, protected or empty."""
    suffix = path.suffix.lower()
    if unread := reason_unread(path):
        raise ReadingError(*unread)
    if path.stat().st_size == 0:
        raise ReadingError("the file is empty (0 bytes)", "Check the original and copy it again.")
    other = _other_format(path, suffix)
    if other and not other.suffix:
        raise ReadingError(f"the file is {other.name}, which is not read", other.hint)
    if other and other.suffix not in READERS:
        raise ReadingError(f"the file is named {suffix} but is {other.name}", f"Give it the suffix {other.suffix}.")
    if not other and READERS[suffix] == NO_READER:
        raise ReadingError("the file is damaged, or of a kind that is not read", "Save it as PDF, DOCX or PPTX.")
    module, function = READERS[other.suffix if other else suffix]
    reader: Reader = getattr(import_module(module), function)
    document = reader(path, options)
    told = read_properties(path, other.suffix if other else suffix, options)
    document.author, document.day = told.author, told.day
    if other:
        document.warnings.insert(0, f"The file is named {suffix} but is {other.name}; it was read as that.")
    return document


def reason_unread(path: Path) -> tuple[str, str] | None:
    """Why a file is left out, and what would help, as a :class:`ReadingError` has them; None for one that is read.

    Where the suffix has no reader, the content is looked at.
    """
    suffix = path.suffix.lower()
    if suffix in READERS:
        # its answers would be found in place of those in the documents
        if suffix in (".jsonl", ".ndjson") and _is_question_file(path):
            return "it holds questions for `ragapp eval`, or their results", ""
        return None
    named = f"no reader for {suffix or 'files without a suffix'}"
    if suffix in UNREAD:
        what, hint = UNREAD[suffix]
        return (f"the file {what}" if what else named), hint
    try:
        found = content_format(path)
        if found and found.suffix:
            return f"{named}, but it is {found.name}", f"Give it the suffix {found.suffix}."
        if found:
            return f"{named}, and it is {found.name}", found.hint
        if looks_like_text(path):
            return f"{named}, but it is text", "Give it the suffix .txt if it should be read."
    except OSError:
        pass
    return named, "Convert it to PDF, DOCX or text."


def _other_format(path: Path, suffix: str) -> Format | None:
    """What a file surely is, where that is not what its suffix says."""
    found = content_format(path)
    if found and found.is_text and suffix in TEXT_SUFFIXES:
        # a page with the suffix .txt is shown as it is; a page saved with its parts is not HTML
        return found if found.suffix == ".eml" and READERS[suffix] == READERS[".html"] else None
    if found:
        return None if found.suffix and READERS.get(found.suffix) == READERS[suffix] else found
    if suffix in TEXT_SUFFIXES or not looks_like_text(path) or (suffix == ".pdf" and _has_pdf_objects(path)):
        return None
    return Format("plain text", suffixes=(".csv" if suffix in _TABLES else ".txt",))


def _has_pdf_objects(path: Path) -> bool:
    """Whether a file without the signature of a PDF is a PDF all the same."""
    with path.open("rb") as stream:
        head = stream.read(8192)
    return b"%PDF-" in head or b" 0 obj" in head


def _is_question_file(path: Path) -> bool:
    """Whether JSON Lines are what ``ragapp eval`` reads or writes, by their first line."""
    try:
        with path.open("rb") as stream:
            first = json.loads(stream.readline(_QUESTION_BYTES))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(first, dict) and "question" in first and not _QUESTION_KEYS.isdisjoint(first)
