"""The formats of formats.yaml, and which of them the content of a file is."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ragapp.data_files import load_yaml
from ragapp.errors import ReadingError
from ragapp.reading.text import decode

_HEAD = 8192


@dataclass(frozen=True, slots=True)
class Format:
    """A file format, as formats.yaml describes it."""

    name: str
    reader: str = ""
    suffixes: Sequence[str] = ()
    magic: str | None = None
    package: str = ""
    streams: Sequence[str] = ()
    is_text: bool = False
    hint: str = ""

    @property
    def suffix(self) -> str:
        """The usual suffix; empty for a format without a reader."""
        return next(iter(self.suffixes), "")


def _format(entry: dict[str, Any]) -> Format:
    try:
        return Format(**entry)
    except TypeError as error:
        raise ValueError(f"formats.yaml, {entry.get('name', entry)}: {error}") from None


_DATA = load_yaml("formats.yaml", __file__)
FORMATS = [_format(entry) for entry in _DATA["formats"]]
_NAMED = {entry.name: entry for entry in FORMATS}
NO_READER = ("", "")
# suffix -> (module, function)
READERS: dict[str, tuple[str, str]] = {
    suffix: (f"{__package__}.{module}", function)
    for entry in FORMATS
    for module, _, function in [entry.reader.partition(":")]
    for suffix in entry.suffixes
} | dict.fromkeys(_DATA["no_reader"], NO_READER)
TEXT_SUFFIXES = frozenset(suffix for entry in FORMATS if entry.is_text for suffix in entry.suffixes)
PACKAGES = {entry.package: entry for entry in FORMATS if entry.package}
_MAGIC = [(re.compile(entry.magic.encode("ascii"), re.DOTALL), entry) for entry in FORMATS if entry.magic]
# suffix -> what the file is, which may be empty, and what to do with it
UNREAD = {suffix: (entry["what"], entry["hint"]) for entry in _DATA["unread"] for suffix in entry["suffixes"]}
OLE_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENTRY = re.compile(r"<[^<>]*file-entry[^<>]*>")
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
# an encrypted Office file keeps what it is to itself; its suffix is all there is
_ENCRYPTED_AS = {".doc": ".docx", ".xls": ".xlsx", ".ppt": ".pptx"}


def content_format(path: Path) -> Format | None:
    """The format that signature, container or markup show, or None; OSError if the file cannot be opened."""
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
    if not mime and "content.xml" in names and "META-INF/manifest.xml" in names:
        mime = _manifest_type(package)  # LibreOffice opens packages without the part that names their type
    # templates are read like documents; files of OpenOffice 1 differ too much to be read
    return PACKAGES.get(mime.removesuffix("-template"))


def _manifest_type(package: zipfile.ZipFile) -> str:
    """The type of the whole package that the manifest of an OpenDocument file names (OpenDocument 1.3, part 2, 4.8)."""
    with package.open("META-INF/manifest.xml") as part:
        head = part.read(_HEAD).decode("utf-8", "replace")
    entries = (entry for entry in _ENTRY.findall(head) if re.search(r"""full-path\s*=\s*["']/["']""", entry))
    found = (re.search(r"""media-type\s*=\s*["']([^"']+)["']""", entry) for entry in entries)
    return next((match[1] for match in found if match), "")


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
        return _NAMED["a binary Excel workbook (XLSB)"]
    if found:
        return found
    if any(name.endswith(".iwa") for name in names) or names & {"index.apxl", "index.xml", "Index.zip", "index.xml.gz"}:
        return _NAMED["an Apple iWork document"]
    return _NAMED["a zip archive"]


def _ole_format(path: Path) -> Format | None:
    data = path.read_bytes()
    if is_encrypted_package(data):
        suffix = path.suffix.lower()
        return Format("a password-protected Office file", suffixes=(_ENCRYPTED_AS.get(suffix, suffix),))
    import olefile

    try:
        with olefile.OleFileIO(data) as ole:
            found = next((entry for entry in FORMATS if any(map(ole.exists, entry.streams))), None)
    except Exception:  # olefile raises anything over a damaged file, and its reader says what is wrong
        return None
    return found or _NAMED["an old Office file of another kind"]


def looks_like_text(path: Path) -> bool:
    """Whether the beginning of a file is text, by its bytes; OSError if it cannot be opened."""
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    try:
        decode(head[: head.rfind(b"\n") + 1] or head)
    except ReadingError:
        return False
    return b"\x00" not in head
