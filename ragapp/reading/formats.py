"""The formats that are read, one entry each in :data:`FORMATS`, and which of them the content of a file is."""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

from ragapp.errors import ReadingError
from ragapp.reading.text import decode

_UNPACK = "Unpack it and take the files in."
_IWORK = "Export it from its Apple program as PDF or as an Office file."
_AS_DOCX = "Save it as .docx, in bulk with: soffice --headless --convert-to docx FILE."
_AS_PPTX = "Save it as .pptx, in bulk with: soffice --headless --convert-to pptx FILE."
_AS_XLSX = "Save it as .xlsx, in bulk with: soffice --headless --convert-to xlsx FILE."
_AS_PDF = "Export it as PDF."
_WRITE_DOWN = "Write down what is said in it and take that in."
_PROGRAM = "Leave it out; there is nothing to read in it."
_ODF = "application/vnd.oasis.opendocument."
_START = rb"(?:\xef\xbb\xbf)?\s*"  # what may stand before the mark of a format that is text in part
_HTML = rb"(?i)" + _START + rb"(?:<\?xml[^>]*>)?(?:\s|<!--.*?-->)*<(?:!doctype\s+html|html\b)"
_WORKBOOK_XML = rb"\s*<\?xml.*urn:schemas-microsoft-com:office:spreadsheet"
_MIME = rb"(?i)(?:[\w-]+:[^\n]*\n(?:[ \t][^\n]*\n)*)*?MIME-Version:"
_HEAD = 8192


@dataclass(frozen=True, slots=True)
class Format:
    """A file format, with the function that reads it, or what helps where there is none.

    Attributes:
        name: in words, with its article (``a PDF``).
        reader: ``module:function`` in this package, a :data:`ragapp.reading.document.Reader`; imported when the first
            such file is read.
        suffixes: in lower case with spaces between them, the usual one first.
        magic: pattern that the first 8 KiB match from their start; None where content does not tell.
        package: of a zip package, the folder of its main part (``word/``) or its ``mimetype``.
        streams: of an OLE file, the names of streams that only this format has.
        is_text: it is text in some syntax, so only a binary signature speaks against its suffix.
        hint: what to do with a file that has no reader.
    """

    name: str
    reader: str = ""
    suffixes: str = ""
    magic: bytes | None = None
    package: str = ""
    streams: tuple[str, ...] = ()
    is_text: bool = False
    hint: str = ""

    @property
    def suffix(self) -> str:
        """The usual suffix; empty for a format without a reader."""
        return self.suffixes.partition(" ")[0]


_IMAGE, _XML = "image:read_image", "xml:read_xml"
FORMATS = (
    Format("a PDF", "pdf:read_pdf", ".pdf", _START + rb"%PDF-"),
    Format("an RTF document", "rtf:read_rtf", ".rtf", _START + rb"\{\\rtf"),
    Format("a PNG image", _IMAGE, ".png", rb"\x89PNG\r\n\x1a\n"),
    Format("a JPEG image", _IMAGE, ".jpg .jpeg", rb"\xff\xd8\xff"),
    Format("a GIF image", _IMAGE, ".gif", rb"GIF8[79]a"),
    Format("a TIFF image", _IMAGE, ".tif .tiff", rb"II\*\x00|MM\x00\*"),
    Format("a BMP image", _IMAGE, ".bmp", rb"BM.{4}\x00{4}"),
    Format("a WebP image", _IMAGE, ".webp", rb"RIFF.{4}WEBP"),
    Format("a Word document", "word:read_docx", ".docx .docm .dotx .dotm", package="word/"),
    Format("an Excel workbook", "excel:read_xlsx", ".xlsx .xlsm .xltx .xltm", package="xl/"),
    Format("a PowerPoint presentation", "powerpoint:read_pptx", ".pptx .pptm .ppsx .ppsm .potx", package="ppt/"),
    Format("an OpenDocument text", "odf:read_odt", ".odt .ott", package=f"{_ODF}text"),
    Format("an OpenDocument spreadsheet", "odf:read_ods", ".ods .ots", package=f"{_ODF}spreadsheet"),
    Format("an OpenDocument presentation", "odf:read_odp", ".odp .otp", package=f"{_ODF}presentation"),
    Format("an EPUB book", "epub:read_epub", ".epub", package="application/epub+zip"),
    Format("an old binary Word document", streams=("WordDocument",), hint=_AS_DOCX),
    Format("an old binary PowerPoint presentation", streams=("PowerPoint Document",), hint=_AS_PPTX),
    Format("an old Excel workbook", "excel:read_xls", ".xls .xlt", streams=("Workbook", "Book")),
    Format("a mail of Outlook", "mail:read_msg", ".msg", streams=("__properties_version1.0",)),
    Format("a Visio drawing", streams=("VisioDocument",), hint=_AS_PDF),
    Format("an HTML page", "html:read_html", ".html .htm .xhtml", _HTML, is_text=True),
    Format("an Excel workbook in XML", _XML, ".xml", _WORKBOOK_XML, is_text=True),
    Format("XML", _XML, ".xml .rss .atom", is_text=True),
    Format("a web page or mail with its parts (MIME)", "mail:read_eml", ".eml .mht .mhtml", _MIME, is_text=True),
    Format("Markdown", "markdown:read_markdown", ".md .markdown", is_text=True),
    Format("separated values", "csv:read_csv", ".csv .tsv", is_text=True),
    Format("JSON", "json:read_json", ".json", is_text=True),
    Format("JSON Lines", "json:read_json_lines", ".jsonl .ndjson", is_text=True),
    Format("a Jupyter notebook", "notebook:read_notebook", ".ipynb", is_text=True),
    Format("plain text", "plain_text:read_plain", ".txt .text .log .rst .adoc .asciidoc .org .tex", is_text=True),
    Format("a gzip archive", magic=rb"\x1f\x8b", hint=_UNPACK),
    Format("a 7z archive", magic=rb"7z\xbc\xaf\x27\x1c", hint=_UNPACK),
    Format("a RAR archive", magic=rb"Rar!\x1a\x07", hint=_UNPACK),
    Format("a bzip2 archive", magic=rb"BZh", hint=_UNPACK),
    Format("an xz archive", magic=rb"\xfd7zXZ\x00", hint=_UNPACK),
    Format("a Zstandard archive", magic=rb"\x28\xb5\x2f\xfd", hint=_UNPACK),
    Format("a tar archive", magic=rb".{257}ustar", hint=_UNPACK),
    Format("an SQLite database", magic=rb"SQLite format 3\x00", hint="Export what it holds as CSV."),
    Format("a Windows program", magic=rb"MZ", hint=_PROGRAM),
    Format("a program", magic=rb"\x7fELF", hint=_PROGRAM),
)
# old binary files have no reader, but what carries these suffixes is often HTML, RTF or a newer format
NO_READER = ("", "")
# suffix -> (module, function)
READERS: dict[str, tuple[str, str]] = {
    suffix: (f"{__package__}.{module}", function)
    for entry in FORMATS
    for module, _, function in [entry.reader.partition(":")]
    for suffix in entry.suffixes.split()
} | dict.fromkeys((".doc", ".dot", ".ppt", ".pps"), NO_READER)
TEXT_SUFFIXES = frozenset(suffix for entry in FORMATS if entry.is_text for suffix in entry.suffixes.split())
PACKAGES = {entry.package: entry for entry in FORMATS if entry.package}
_MAGIC = [(re.compile(entry.magic, re.DOTALL), entry) for entry in FORMATS if entry.magic]

# suffix -> what the file is, where that is worth saying; what to do with it
UNREAD = {
    suffix: (what, hint)
    for suffixes, what, hint in (
        (".zip .tar .gz .tgz .bz2 .xz .7z .rar .zst .iso .jar", "is an archive", _UNPACK),
        (".pages .numbers .key", "is an Apple iWork document", _IWORK),
        (".mp3 .mp4 .wav .m4a .avi .mov .mkv .ogg .webm .flac", "is a sound or a film", _WRITE_DOWN),
        (".xlsb", "is a binary Excel workbook", _AS_XLSX),
        (".pst .ost", "is a mailbox of Outlook", "Save its mails as .msg or .eml files."),
        (".mbox", "is a mailbox", "Save its mails as .eml files."),
        (".vsd .vsdx .pub .mpp .one .xps .djvu .ps .odg", "", _AS_PDF),
        (".heic .heif .avif", "", "Convert it to JPEG or PNG."),
        (".mobi .azw .azw3", "", "Convert it to EPUB, for example with calibre."),
        (".wpd", "", _AS_DOCX),
    )
    for suffix in suffixes.split()
}
OLE_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
# an encrypted Office file keeps what it is to itself; its suffix is all there is
_ENCRYPTED_AS = {".doc": ".docx", ".xls": ".xlsx", ".ppt": ".pptx"}


def content_format(path: Path) -> Format | None:
    """The format that signature, container or markup show; None where they are not sure, as with plain text.

    Raises:
        OSError: the file cannot be opened.
    """
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip_format(path)
    if head.startswith(OLE_SIGNATURE):
        return _ole_format(path)
    return next((entry for magic, entry in _MAGIC if magic.match(head)), None)


def package_format(package: zipfile.ZipFile) -> Format | None:
    """The format of a zip package by its main folder or mimetype; None where it has no reader."""
    names = set(package.namelist())
    if "[Content_Types].xml" in names:
        folders = {name.lower().split("/")[0] + "/" for name in names}
        if mark := next((mark for mark in PACKAGES if mark in folders), ""):
            return PACKAGES[mark]
    mime = ""
    if "mimetype" in names and package.getinfo("mimetype").file_size < 200:
        mime = package.read("mimetype").decode("ascii", "replace").strip()
    # templates are read like documents; files of OpenOffice 1 differ too much to be read
    return PACKAGES.get(mime.removesuffix("-template"))


def is_encrypted_package(data: bytes) -> bool:
    """Whether these bytes are a DOCX, XLSX or PPTX wrapped in encryption."""
    return data.startswith(OLE_SIGNATURE) and _ENCRYPTED in data


def _zip_format(path: Path) -> Format | None:
    try:
        with zipfile.ZipFile(path) as package:
            names = set(package.namelist())
            found = package_format(package)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, EOFError):
        return None  # damaged; its reader says how
    if "xl/workbook.bin" in names:
        return Format("a binary Excel workbook (XLSB)", hint=_AS_XLSX)
    if found:
        return found
    if any(name.endswith(".iwa") for name in names) or names & {"index.apxl", "index.xml", "Index.zip", "index.xml.gz"}:
        return Format("an Apple iWork document", hint=_IWORK)
    return Format("a zip archive", hint=_UNPACK)


def _ole_format(path: Path) -> Format | None:
    data = path.read_bytes()
    if is_encrypted_package(data):
        suffix = path.suffix.lower()
        return Format("a password-protected Office file", suffixes=_ENCRYPTED_AS.get(suffix, suffix))
    import olefile

    try:
        with olefile.OleFileIO(data) as ole:
            found = next((entry for entry in FORMATS if any(map(ole.exists, entry.streams))), None)
    except Exception:  # olefile raises anything over a damaged file, and its reader says what is wrong
        return None
    return found or Format("an old Office file of another kind", hint=_AS_PDF)


def looks_like_text(path: Path) -> bool:
    """Whether the beginning of a file is text, by its bytes.

    Raises:
        OSError: the file cannot be opened.
    """
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    try:
        decode(head[: head.rfind(b"\n") + 1] or head)
    except ReadingError:
        return False
    return b"\x00" not in head
