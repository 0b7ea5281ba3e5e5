"""Which reader reads which file: by its suffix, unless its content is surely something else."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from ragapp.errors import ReadingError
from ragapp.reading.document import DEFAULT_OPTIONS, Document, ReadOptions
from ragapp.reading.kinds import AS_DOCX, AS_XLSX, IWORK, UNPACK, Kind, content_kind, is_question_file, looks_like_text

_IMAGE = ("ragapp.reading.image", "read_image")
_PLAIN = ("ragapp.reading.plain", "read_plain")
_HTML = ("ragapp.reading.html", "read_html")
_MARKDOWN = ("ragapp.reading.markdown", "read_markdown")
_CSV = ("ragapp.reading.separated", "read_csv")
_JSON = ("ragapp.reading.jsons", "read_json")
_JSON_LINES = ("ragapp.reading.jsons", "read_json_lines")
_XML = ("ragapp.reading.markup", "read_xml")
_MAIL = ("ragapp.reading.mail", "read_eml")
_DOCX = ("ragapp.reading.word", "read_docx")
_XLSX = ("ragapp.reading.excel", "read_xlsx")
_PPTX = ("ragapp.reading.powerpoint", "read_pptx")
# old binary files have no reader, but what carries these suffixes is often HTML, RTF or a newer format
_OLD = ("", "")

# suffix -> (module, function); modules are imported when a file of theirs is read, so that nothing pays for the rest
READERS: dict[str, tuple[str, str]] = {
    ".pdf": ("ragapp.reading.pdf", "read_pdf"),
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp", ".gif"), _IMAGE),
    **dict.fromkeys((".docx", ".docm", ".dotx", ".dotm"), _DOCX),
    **dict.fromkeys((".xlsx", ".xlsm", ".xltx", ".xltm"), _XLSX),
    **dict.fromkeys((".pptx", ".pptm", ".ppsx", ".ppsm", ".potx"), _PPTX),
    **dict.fromkeys((".xls", ".xlt"), ("ragapp.reading.xls", "read_xls")),
    **dict.fromkeys((".doc", ".dot", ".ppt", ".pps"), _OLD),
    **dict.fromkeys((".odt", ".ott"), ("ragapp.reading.odf", "read_odt")),
    **dict.fromkeys((".ods", ".ots"), ("ragapp.reading.ods", "read_ods")),
    **dict.fromkeys((".odp", ".otp"), ("ragapp.reading.odf", "read_odp")),
    ".rtf": ("ragapp.reading.rtf", "read_rtf"),
    ".epub": ("ragapp.reading.epub", "read_epub"),
    ".msg": ("ragapp.reading.msg", "read_msg"),
    **dict.fromkeys((".eml", ".mht", ".mhtml"), _MAIL),
    **dict.fromkeys((".html", ".htm", ".xhtml"), _HTML),
    **dict.fromkeys((".md", ".markdown"), _MARKDOWN),
    **dict.fromkeys((".csv", ".tsv"), _CSV),
    ".json": _JSON,
    **dict.fromkeys((".jsonl", ".ndjson"), _JSON_LINES),
    ".ipynb": ("ragapp.reading.notebook", "read_notebook"),
    **dict.fromkeys((".xml", ".rss", ".atom"), _XML),
    **dict.fromkeys((".txt", ".text", ".log", ".rst", ".adoc", ".asciidoc", ".org", ".tex"), _PLAIN),
}

SUFFIXES = frozenset(READERS)
_QUESTION_FILES = (".jsonl", ".ndjson")
# raise it when readers take what they refused before: files that failed are tried again
READERS_VERSION = 2

# suffixes that stand for plain text of some form: only a binary signature speaks against them
_TEXTS = frozenset(
    suffix
    for suffix, reader in READERS.items()
    if reader in (_PLAIN, _HTML, _MARKDOWN, _CSV, _JSON, _JSON_LINES, _XML, _MAIL) or suffix == ".ipynb"
)
_TABLES = (".xls", ".xlsx", ".ods")
_TEXT_KINDS = (".html", ".xml", ".eml")
_UNPACK = ("is an archive", UNPACK)
_IWORK = ("is an Apple iWork document", IWORK)
_AS_PDF = ("", "Export it as PDF.")
_NO_TEXT = ("is a sound or a film", "Write down what is said in it and take that in.")
_UNREAD = {
    **dict.fromkeys((".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".zst", ".iso", ".jar"), _UNPACK),
    **dict.fromkeys((".pages", ".numbers", ".key"), _IWORK),
    **dict.fromkeys((".mp3", ".mp4", ".wav", ".m4a", ".avi", ".mov", ".mkv", ".ogg", ".webm", ".flac"), _NO_TEXT),
    ".xlsb": ("is a binary Excel workbook", AS_XLSX),
    **dict.fromkeys((".pst", ".ost"), ("is a mailbox of Outlook", "Save its mails as .msg or .eml files.")),
    ".mbox": ("is a mailbox", "Save its mails as .eml files."),
    **dict.fromkeys((".vsd", ".vsdx", ".pub", ".mpp", ".one", ".xps", ".djvu", ".ps", ".odg"), _AS_PDF),
    **dict.fromkeys((".heic", ".heif", ".avif"), ("", "Convert it to JPEG or PNG.")),
    **dict.fromkeys((".mobi", ".azw", ".azw3"), ("", "Convert it to EPUB, for example with calibre.")),
    ".wpd": ("", AS_DOCX),
}


def read_file(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """Read one file with the reader of its suffix, or of its content where that is surely something else.

    Args:
        path: an existing regular file.
        options: passwords, OCR and the like.

    Returns:
        The document; at least one unit, which may be without text.

    Raises:
        ReadingError: no reader for this file, or it is damaged, encrypted or empty.
    """
    suffix = path.suffix.lower()
    if unread := reason_unread(path):
        raise ReadingError(*unread)
    if path.stat().st_size == 0:
        raise ReadingError("the file is empty (0 bytes)", "Check the original and copy it again.")
    kind = _other_kind(path, suffix)
    if kind and not kind.suffix:
        raise ReadingError(f"the file is {kind.name}, which is not read", kind.hint)
    if not kind:
        if READERS[suffix] == _OLD:
            raise ReadingError("the file is damaged, or of a kind that is not read", "Save it as PDF, DOCX or PPTX.")
        return _reader(suffix)(path, options)
    if kind.suffix not in READERS:
        raise ReadingError(f"the file is named {suffix} but is {kind.name}", f"Give it the suffix {kind.suffix}.")
    document = _reader(kind.suffix)(path, options)
    document.warnings.insert(0, f"The file is named {suffix} but is {kind.name}; it was read as that.")
    return document


def reason_unread(path: Path) -> tuple[str, str] | None:
    """Why a file is left out, and what would help; None for one that is to be read.

    Args:
        path: a file; where its suffix has no reader, its first bytes are looked at.

    Returns:
        Reason and hint, as a :class:`ReadingError` has them.
    """
    suffix = path.suffix.lower()
    if suffix in READERS:
        # its answers would be found in place of those in the documents
        if suffix in _QUESTION_FILES and is_question_file(path):
            return "it holds questions for `ragapp eval`, or their results", ""
        return None
    named = f"no reader for {suffix or 'files without a suffix'}"
    if suffix in _UNREAD:
        what, hint = _UNREAD[suffix]
        return (f"the file {what}" if what else named), hint
    try:
        kind = content_kind(path)
        if kind and kind.suffix:
            return f"{named}, but it is {kind.name}", f"Give it the suffix {kind.suffix}."
        if kind:
            return f"{named}, and it is {kind.name}", kind.hint
        if looks_like_text(path):
            return f"{named}, but it is text", "Give it the suffix .txt if it should be read."
    except OSError:
        pass
    return named, "Convert it to PDF, DOCX or text."


def _reader(suffix: str) -> Callable[[Path, ReadOptions], Document]:
    module, function = READERS[suffix]
    return getattr(import_module(module), function)


def _other_kind(path: Path, suffix: str) -> Kind | None:
    """What a file surely is, where that is not what its suffix says."""
    kind = content_kind(path)
    if kind and kind.suffix in _TEXT_KINDS and suffix in _TEXTS:
        # a page with the suffix .txt is shown as it is; a page saved with its parts is not HTML
        return kind if kind.suffix == ".eml" and READERS[suffix] == _HTML else None
    if kind:
        return None if kind.suffix and READERS.get(kind.suffix) == READERS[suffix] else kind
    if suffix in _TEXTS or not looks_like_text(path) or (suffix == ".pdf" and _has_pdf_objects(path)):
        return None
    return Kind("plain text", ".csv" if suffix in _TABLES else ".txt")


def _has_pdf_objects(path: Path) -> bool:
    """Whether a file without the mark of a PDF at its start is a PDF all the same."""
    with path.open("rb") as stream:
        head = stream.read(8192)
    return b"%PDF-" in head or b" 0 obj" in head
