"""Zip packages (Office, OpenDocument, EPUB): what must hold before anything inside is opened."""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any
from xml.parsers import expat

from ragapp.errors import ReadingError
from ragapp.reading.document import ReadOptions
from ragapp.reading.protected import OLE_SIGNATURE, decrypted, is_encrypted_package
from ragapp.reading.text import clean, file_kind, read_bytes

MAX_EXPANDED = 512 * 1024 * 1024
MAX_RATIO = 200  # XML rarely shrinks by more than 50
MAX_MEMBERS = 50_000
_RATIO_FLOOR = 16 * 1024 * 1024  # below this, whatever expands does no harm
_CHUNK = 65536
AGAIN = "Open it in its own program and save it again, or get a new copy."
_SUFFIX = "Give it the suffix of what it is."
_ODF = "application/vnd.oasis.opendocument."
# what a package says of itself: the folder of its main part, or its mimetype member -> suffix, what it is
FORMATS = {
    "word/": (".docx", "a Word document"),
    "xl/": (".xlsx", "an Excel workbook"),
    "ppt/": (".pptx", "a PowerPoint presentation"),
    f"{_ODF}text": (".odt", "an OpenDocument text"),
    f"{_ODF}spreadsheet": (".ods", "an OpenDocument spreadsheet"),
    f"{_ODF}presentation": (".odp", "an OpenDocument presentation"),
    "application/epub+zip": (".epub", "an EPUB book"),
}
_NAMES = dict(FORMATS.values())
_GENERIC_TITLES = ("word document", "powerpoint presentation", "présentation powerpoint", "powerpoint-präsentation")


@contextmanager
def open_package(path: Path, suffix: str, options: ReadOptions) -> Iterator[io.BytesIO]:
    """The content of a zip package, decrypted where need be and checked; errors over it become reading errors.

    Args:
        path: the file.
        suffix: what it must be, as a suffix of :data:`FORMATS`.
        options: the passwords to try.

    Raises:
        ReadingError: the file is damaged, protected, something else, or not safe to open.
    """
    data = read_bytes(path)
    with reading_errors():
        if is_encrypted_package(data):
            data = decrypted(data, options.passwords)
        _check_package(data, suffix)
        yield io.BytesIO(data)


@contextmanager
def reading_errors() -> Iterator[None]:
    """Whatever a library raises over a file becomes a reading error, and what it prints and warns of is dropped."""
    try:
        # the libraries warn about features that they skip, none of them text, and openpyxl prints about damaged styles
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    except (ReadingError, MemoryError):
        raise
    except Exception as error:  # the libraries raise anything from KeyError to XMLSyntaxError over bad content
        raise ReadingError(f"the file is truncated or damaged ({type(error).__name__}: {error})", AGAIN) from error


def package_suffix(package: zipfile.ZipFile) -> str:
    """The suffix that a package should have by its members; empty where it is no document that is read."""
    names = set(package.namelist())
    folders = {name.lower().split("/")[0] + "/" for name in names}
    for folder, (suffix, _) in FORMATS.items():
        if folder in folders and "[Content_Types].xml" in names:
            return suffix
    mime = ""
    if "mimetype" in names and package.getinfo("mimetype").file_size < 200:
        mime = package.read("mimetype").decode("ascii", "replace").strip()
    # templates are read like documents, and files of OpenOffice 1 too differ to be read
    return FORMATS.get(mime.removesuffix("-template"), ("",))[0]


def xml_root(data: bytes) -> Any:
    """The root element of XML, parsed without entities, network and DTDs, bounded in depth.

    Raises:
        lxml.etree.XMLSyntaxError: it is not well-formed.
    """
    from lxml import etree

    return etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))


def given_title(title: str | None) -> str:
    """The title that a file's properties hold, unless it is one that programs set by themselves."""
    named = " ".join(clean(title or "").split())
    return "" if named.lower() in _GENERIC_TITLES else named


def _check_package(data: bytes, suffix: str) -> None:
    wanted = _NAMES[suffix]
    if not data.startswith(b"PK\x03\x04"):
        raise _not_a_package(data, wanted, suffix)
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        members = package.infolist()
        if any(member.flag_bits & 1 for member in members):
            raise ReadingError("the file is a password-protected zip archive", "Save it without a password.")
        _check_size(members)
        found = package_suffix(package)
        if found != suffix:
            other = _NAMES.get(found, "a zip archive of another kind")
            raise ReadingError(f"the file is {other}, not {wanted}", _SUFFIX)
        if suffix == ".epub":
            return  # XHTML declares a DOCTYPE, and none is followed
        for member in members:
            # pictures may be SVG, where a DOCTYPE is usual; none is read
            if "/media/" not in member.filename and not member.filename.startswith(("Pictures/", "Object ")):
                _check_no_doctype(package, member)
        if "_rels/.rels" in package.namelist() and b"purl.oclc.org/ooxml" in package.read("_rels/.rels"):
            raise ReadingError("the file is in the Strict Open XML variant", f"Save it as an ordinary {suffix}.")


def _not_a_package(data: bytes, wanted: str, suffix: str) -> ReadingError:
    kind = file_kind(data)
    if data.startswith(OLE_SIGNATURE):
        message = f"the file is password-protected or in the old binary Office format, not {wanted}"
        return ReadingError(message, f"Open it in Office or LibreOffice and save it as {suffix} without a password.")
    return ReadingError(f"the file is {kind or 'no zip archive'}, not {wanted}", _SUFFIX if kind else AGAIN)


def _check_size(members: list[zipfile.ZipInfo]) -> None:
    expanded = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members)
    if expanded > MAX_EXPANDED:
        message = f"the file expands to {expanded >> 20} MB, more than the {MAX_EXPANDED >> 20} MB that are read"
        raise ReadingError(message, "Split it into smaller files.")
    if expanded > _RATIO_FLOOR and expanded > MAX_RATIO * packed:
        message = f"the file expands {expanded // max(packed, 1)} times, as only a decompression bomb does"
        raise ReadingError(message, "Delete it unless you know where it is from.")
    if len(members) > MAX_MEMBERS:
        raise ReadingError(f"the file has {len(members)} parts, more than any document has", AGAIN)


def _check_no_doctype(package: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    """Office never writes a DOCTYPE; one can name files to pull in, or entities that grow without end."""
    reached: list[str] = []
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = lambda *_: reached.append("doctype")
    parser.StartElementHandler = lambda *_: reached.append("element")
    with package.open(member) as part:
        while not reached and (chunk := part.read(_CHUNK)):
            try:
                parser.Parse(chunk)
            except expat.ExpatError:
                break  # not XML, or XML that the library will refuse
    if "doctype" in reached[:1]:
        raise ReadingError(f"the part {member.filename} declares a DOCTYPE, which is not safe to read", AGAIN)
