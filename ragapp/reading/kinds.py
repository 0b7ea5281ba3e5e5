"""What a file is by its content: signatures of well-known formats, and the members of packages."""

from __future__ import annotations

import json
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

from ragapp.reading.package import FORMATS, package_suffix
from ragapp.reading.protected import OLE_SIGNATURE, is_encrypted_package

_HEAD = 8192
_QUESTION_BYTES = 1 << 20
_QUESTION_KEYS = frozenset(("answers", "answerable", "pages", "expected"))
UNPACK = "Unpack it and take the files in."


@dataclass(frozen=True, slots=True)
class Kind:
    """What the content of a file is.

    Attributes:
        name: in words, with its article (``a PDF``).
        suffix: whose reader reads it; empty where there is none.
        hint: what to do where there is none.
    """

    name: str
    suffix: str = ""
    hint: str = ""


_SIGNATURES = (
    (b"%PDF-", Kind("a PDF", ".pdf")),
    (b"{\\rtf", Kind("an RTF document", ".rtf")),
    (b"\x89PNG\r\n\x1a\n", Kind("a PNG image", ".png")),
    (b"\xff\xd8\xff", Kind("a JPEG image", ".jpg")),
    (b"GIF87a", Kind("a GIF image", ".gif")),
    (b"GIF89a", Kind("a GIF image", ".gif")),
    (b"II*\x00", Kind("a TIFF image", ".tif")),
    (b"MM\x00*", Kind("a TIFF image", ".tif")),
    (b"\x1f\x8b", Kind("a gzip archive", hint=UNPACK)),
    (b"7z\xbc\xaf\x27\x1c", Kind("a 7z archive", hint=UNPACK)),
    (b"Rar!\x1a\x07", Kind("a RAR archive", hint=UNPACK)),
    (b"BZh", Kind("a bzip2 archive", hint=UNPACK)),
    (b"\xfd7zXZ\x00", Kind("an xz archive", hint=UNPACK)),
    (b"\x28\xb5\x2f\xfd", Kind("a Zstandard archive", hint=UNPACK)),
    (b"SQLite format 3\x00", Kind("an SQLite database", hint="Export what it holds as CSV.")),
    (b"MZ", Kind("a Windows program", hint="Leave it out; there is nothing to read in it.")),
    (b"\x7fELF", Kind("a program", hint="Leave it out; there is nothing to read in it.")),
)
AS_DOCX = "Save it as .docx, in bulk with: soffice --headless --convert-to docx FILE."
_AS_PPTX = "Save it as .pptx, in bulk with: soffice --headless --convert-to pptx FILE."
AS_XLSX = "Save it as .xlsx, in bulk with: soffice --headless --convert-to xlsx FILE."
IWORK = "Export it from its Apple program as PDF or as an Office file."
# stream of an OLE file -> what the file is
_STREAMS = (
    ("WordDocument", Kind("an old binary Word document", hint=AS_DOCX)),
    ("PowerPoint Document", Kind("an old binary PowerPoint presentation", hint=_AS_PPTX)),
    ("Workbook", Kind("an old Excel workbook", ".xls")),
    ("Book", Kind("an old Excel workbook", ".xls")),
    ("__properties_version1.0", Kind("a mail of Outlook", ".msg")),
    ("VisioDocument", Kind("a Visio drawing", hint="Export it as PDF.")),
)
_MARKUP = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>)?(?:\s|<!--.*?-->)*<(!doctype\s+html|html\b)", re.I | re.S)
_MIME = re.compile(rb"(?:[\w-]+:[^\n]*\n(?:[ \t][^\n]*\n)*)*?MIME-Version:", re.IGNORECASE)
_WORKBOOK_XML = b"urn:schemas-microsoft-com:office:spreadsheet"
# an encrypted Office file keeps what it is to itself; its suffix is all there is
_ENCRYPTED_AS = {".doc": ".docx", ".xls": ".xlsx", ".ppt": ".pptx"}


def content_kind(path: Path) -> Kind | None:
    """What a file's content is; None where nothing sure can be said, as with any plain text.

    Raises:
        OSError: the file cannot be opened.
    """
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    for signature, kind in _SIGNATURES:
        if head.startswith(signature) or (signature[:1] in b"%{" and start.startswith(signature)):
            return kind
    if head.startswith(b"BM") and head[6:10] == bytes(4):
        return Kind("a BMP image", ".bmp")
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return Kind("a WebP image", ".webp")
    if head[257:262] == b"ustar":
        return Kind("a tar archive", hint=UNPACK)
    if head.startswith(b"PK\x03\x04") or head.startswith(b"PK\x05\x06"):
        return _zip_kind(path)
    if head.startswith(OLE_SIGNATURE):
        return _ole_kind(path)
    return _markup_kind(head)


def _zip_kind(path: Path) -> Kind | None:
    try:
        with zipfile.ZipFile(path) as package:
            names = set(package.namelist())
            suffix = package_suffix(package)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, EOFError):
        return None  # damaged; its reader says how
    if "xl/workbook.bin" in names:
        return Kind("a binary Excel workbook (XLSB)", hint=AS_XLSX)
    if suffix:
        return Kind(dict(FORMATS.values())[suffix], suffix)
    if any(name.endswith(".iwa") for name in names) or names & {"index.apxl", "index.xml", "Index.zip", "index.xml.gz"}:
        return Kind("an Apple iWork document", hint=IWORK)
    return Kind("a zip archive", hint=UNPACK)


def _ole_kind(path: Path) -> Kind | None:
    data = path.read_bytes()
    if is_encrypted_package(data):
        suffix = path.suffix.lower()
        return Kind("a password-protected Office file", _ENCRYPTED_AS.get(suffix, suffix))
    import olefile

    try:
        with olefile.OleFileIO(data) as ole:
            found = next((kind for stream, kind in _STREAMS if ole.exists(stream)), None)
    except Exception:  # olefile raises anything over a damaged file, and its reader says what is wrong
        return None
    return found or Kind("an old Office file of another kind", hint="Export it as PDF.")


def _markup_kind(head: bytes) -> Kind | None:
    if _MARKUP.match(head):
        return Kind("an HTML page", ".html")
    if head.lstrip().startswith(b"<?xml") and _WORKBOOK_XML in head:
        return Kind("an Excel workbook in XML", ".xml")
    if _MIME.match(head):
        return Kind("a web page or mail with its parts (MIME)", ".eml")
    return None


def looks_like_text(path: Path) -> bool:
    """Whether the beginning of a file is text, by its bytes.

    Raises:
        OSError: the file cannot be opened.
    """
    from ragapp.errors import ReadingError
    from ragapp.reading.text import decode

    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    try:
        decode(head[: head.rfind(b"\n") + 1] or head)
    except ReadingError:
        return False
    return b"\x00" not in head


def is_question_file(path: Path) -> bool:
    """Whether a file of JSON Lines is one that ``ragapp eval`` reads or writes; its first line tells."""
    try:
        with path.open("rb") as stream:
            first = json.loads(stream.readline(_QUESTION_BYTES))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(first, dict) and "question" in first and not _QUESTION_KEYS.isdisjoint(first)
