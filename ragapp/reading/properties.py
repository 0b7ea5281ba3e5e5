"""Who wrote a file and when, by its properties: Office, OpenDocument, EPUB, PDF, web pages, pictures, old Excel."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from ragapp.errors import ReadingError
from ragapp.reading.document import ReadOptions
from ragapp.reading.text import decode, one_line, read_bytes

# a part with properties is a few hundred bytes
_MOST_BYTES = 1 << 20
_HEAD_BYTES = 1 << 16
_LONGEST_AUTHOR = 200
_DAY = re.compile(r"(?:D:)?((?:19|20)\d\d)[-:/]?(0[1-9]|1[0-2])[-:/]?(0[1-9]|[12]\d|3[01])(?!\d{4}[-:/])")
# days that systems and programs count from, or write where the same file is to come out again
_NO_DAYS = ("1601-01-01", "1904-01-01", "1970-01-01", "1980-01-01", "2000-01-01")
# what python-docx and python-pptx leave of their templates
_OF_TEMPLATES = ("2013-12-23T23:15:00Z", "2013-01-27T09:14:16Z")
# names that programs give where nobody has told them one
_NOBODY = {
    *("python-docx", "openpyxl", "anonymous", "unknown", "user", "admin", "administrator", "microsoft office user"),
    *("(anonymous)", "none", "utilisateur", "auteur", "author", "steve canny", "un-named", "(unspecified)"),
}
_PACKAGES = ("docProps/core.xml", "meta.xml")
_EXIF_DATE, _EXIF_ARTIST, _EXIF_TAKEN, _EXIF_PART = 306, 315, 36867, 0x8769


@dataclass(frozen=True, slots=True)
class Properties:
    """What a file says of itself; ``day`` is ISO 8601.  What it does not say is empty."""

    author: str = ""
    day: str = ""


def read_properties(path: Path, suffix: str, options: ReadOptions) -> Properties:
    """The properties of a file of the format with a usual suffix; nothing where it has none, or they are damaged."""
    readers: dict[str, Callable[[Path, ReadOptions], Properties]] = {
        ".pdf": _of_pdf,
        ".xls": _of_ole,
        ".html": _of_page,
        ".htm": _of_page,
        ".xhtml": _of_page,
        **dict.fromkeys((".jpg", ".jpeg", ".tif", ".tiff", ".png", ".webp"), _of_picture),
    }
    try:
        return readers.get(suffix, _of_package)(path, options)
    except Exception:  # the text was read; what libraries raise over damaged properties takes nothing away from it
        return Properties()


def day_of(*stamps: str) -> str:
    """The first day, ISO 8601, that some stamps of file formats give (``D:20240131…``, ``2024-01-31T…``)."""
    for stamp in stamps:
        match = _DAY.match(stamp.strip()) if stamp not in _OF_TEMPLATES else None
        if match and (day := "-".join(match.groups())) not in _NO_DAYS:
            return day
    return ""


def author_of(*names: str) -> str:
    """The first of some names that is somebody's."""
    for name in names:
        told = one_line(name)[:_LONGEST_AUTHOR]
        if told and told.lower() not in _NOBODY:
            return told
    return ""


def _of_package(path: Path, options: ReadOptions) -> Properties:
    from ragapp.reading.formats import is_encrypted_package
    from ragapp.reading.package import decrypted, xml_root

    with path.open("rb") as stream:
        head = stream.read(8)
    if not head.startswith((b"PK", b"\xd0\xcf\x11\xe0")):
        return Properties()
    data = read_bytes(path)
    if is_encrypted_package(data):
        data = decrypted(data, options.passwords)
    with zipfile.ZipFile(BytesIO(data)) as package:
        names = package.namelist()
        part = next((name for name in names if name in _PACKAGES or name.lower().endswith(".opf")), "")
        if not part or package.getinfo(part).file_size > _MOST_BYTES:
            return Properties()
        told = _by_local_name(xml_root(package.read(part)).iter())
    created, modified = told("created", "creation-date"), told("modified", "date")
    return Properties(
        author_of(told("initial-creator"), told("creator"), told("lastModifiedBy")), day_of(created, modified)
    )


def _by_local_name(elements: Iterable[Any]) -> Callable[..., str]:
    found: dict[str, str] = {}
    for element in elements:
        if isinstance(element.tag, str) and element.text:
            found.setdefault(element.tag.rpartition("}")[2], element.text.strip())
    return lambda *names: next((found[name] for name in names if name in found), "")


def _of_pdf(path: Path, options: ReadOptions) -> Properties:
    from pypdfium2 import PdfiumError

    from ragapp.reading.pdf.opening import open_pdf

    try:
        with closing(open_pdf(path, options.passwords)) as pdf:
            told = pdf.get_metadata_dict()
    except (PdfiumError, ReadingError):
        return Properties()
    return Properties(author_of(told.get("Author", "")), day_of(told.get("CreationDate", ""), told.get("ModDate", "")))


def _of_ole(path: Path, options: ReadOptions) -> Properties:
    import olefile

    with olefile.OleFileIO(path) as ole:
        told = ole.get_metadata()
    author = told.author or b""
    text = author.decode("utf-8", "replace") if isinstance(author, bytes) else str(author)
    return Properties(author_of(text), day_of(*(str(one) for one in (told.create_time, told.last_saved_time) if one)))


def _of_page(path: Path, options: ReadOptions) -> Properties:
    from lxml import etree

    with path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    # up to a whole tag, so that no letter is cut in two
    text = decode(head[: head.rfind(b">") + 1])[0]
    root = etree.fromstring(text.encode("utf-8", "replace"), etree.HTMLParser(no_network=True, encoding="utf-8"))
    metas = {
        (one.get("name") or one.get("property") or "").lower(): one.get("content") or "" for one in root.iter("meta")
    }
    stamps = (metas.get(name, "") for name in ("article:published_time", "dcterms.created", "dc.date", "date"))
    return Properties(author_of(metas.get("author", ""), metas.get("dc.creator", "")), day_of(*stamps))


def _of_picture(path: Path, options: ReadOptions) -> Properties:
    from PIL import Image

    with Image.open(path) as picture:
        exif = picture.getexif()
        taken = exif.get_ifd(_EXIF_PART).get(_EXIF_TAKEN)
    return Properties(
        author_of(str(exif.get(_EXIF_ARTIST) or "")), day_of(str(taken or ""), str(exif.get(_EXIF_DATE) or ""))
    )
