"""Zip packages (Office, OpenDocument, EPUB): decryption, limits against hostile files, errors of the libraries."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any
from xml.parsers import expat

from lxml import etree

from ragapp.errors import ReadingError
from ragapp.plain_words import reason_of
from ragapp.reading.document import ReadOptions
from ragapp.reading.formats import OLE_SIGNATURE, PACKAGES, is_encrypted_package, package_format
from ragapp.reading.text import AGAIN, SUFFIX, one_line, read_bytes, wrong_format

MAX_EXPANDED = 512 * 1024 * 1024
MAX_RATIO = 200  # XML rarely shrinks by more than 50
MAX_MEMBERS = 50_000
# what reading one part of a package raises where that part alone is damaged, stored in an unknown way, or no XML
BAD_PART = (
    etree.XMLSyntaxError,
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    EOFError,
    ValueError,
    KeyError,
    RuntimeError,  # an encrypted member; NotImplementedError is one of them
)
_RATIO_FLOOR = 16 * 1024 * 1024  # below this, whatever expands does no harm
_CHUNK = 65536
# the names of the Strict variant: http://purl.oclc.org/ooxml/officeDocument/relationships/extendedProperties
_STRICT = re.compile(rb"http://purl\.oclc\.org/ooxml/(\w+)/([\w/]+)")
_CAMEL = re.compile(rb"[A-Z]")
_OPEN_DOCUMENT = (".odt", ".ods", ".odp")
# Excel's own password for workbooks that are protected against changes only
_NO_SECRET = "VelvetSweatshop"
_GENERIC_TITLES = ("word document", "powerpoint presentation", "présentation powerpoint", "powerpoint-präsentation")


@contextmanager
def open_package(path: Path, suffix: str, options: ReadOptions) -> Iterator[io.BytesIO]:
    """The content of a zip package of the format with this usual suffix, decrypted where need be and checked.

    Raises:
        ReadingError: the file is damaged, protected, something else, or not safe to open.
    """
    data = read_bytes(path)
    with reading_errors():
        if is_encrypted_package(data):
            data = decrypted(data, options.passwords)
        _check_package(data, suffix)
        yield io.BytesIO(_transitional(data))


def embedded_package(data: bytes, suffix: str) -> tuple[io.BytesIO, int]:
    """The content of a package inside a file, checked like one on its own, and the bytes to which it expands.

    Raises:
        ReadingError: as for :func:`open_package`; an encrypted one is not opened.
    """
    with reading_errors():
        _check_package(data, suffix)
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            expanded = sum(member.file_size for member in package.infolist())
        return io.BytesIO(_transitional(data)), expanded


@contextmanager
def reading_errors() -> Iterator[None]:
    """Turn whatever a library raises over a file into a ReadingError, and drop what it prints and warns of."""
    try:
        # the libraries warn about features that they skip, none of them text, and some print about damaged parts
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    except (ReadingError, MemoryError):
        raise
    except Exception as error:  # the libraries raise anything from KeyError to XMLSyntaxError over bad content
        raise ReadingError(f"the file is truncated or damaged ({reason_of(error)})", AGAIN) from error


def xml_root(data: bytes) -> Any:
    """The root element of well-formed XML, parsed without entities, network and DTDs, bounded in depth."""
    return etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))


def given_title(title: str | None) -> str:
    """The title in a file's properties, unless it is a default of the program."""
    named = one_line(title or "")
    return "" if named.lower() in _GENERIC_TITLES else named


def decrypted(data: bytes, passwords: Sequence[str]) -> bytes:
    """The content of an encrypted Office file (DOCX, XLSX, PPTX or XLS); ReadingError if nothing opens it."""
    import msoffcrypto
    from msoffcrypto.exceptions import DecryptionError, InvalidKeyError

    for password in (_NO_SECRET, *passwords):
        content = io.BytesIO()
        try:
            file = msoffcrypto.OfficeFile(io.BytesIO(data))
            # XLS verifies in any case
            file.load_key(password=password, **({"verify_password": True} if file.format == "ooxml" else {}))
            file.decrypt(content)
            return content.getvalue()
        except InvalidKeyError:
            continue
        except DecryptionError as error:
            hint = "Open it with its password and save it without one."
            raise ReadingError(f"the file's encryption can't be opened ({reason_of(error)})", hint) from error
        except MemoryError:
            raise
        except Exception as error:  # olefile and the XML parser raise anything over a damaged file
            message = f"the file is password-protected and truncated or damaged ({reason_of(error)})"
            raise ReadingError(message, "Get a new copy.") from error
    tried = " and no password of ingest.passwords opens it" if passwords else ""
    hint = "Add its password to ingest.passwords in settings.yaml."
    raise ReadingError(f"the file is password-protected{tried}", hint)


def _check_package(data: bytes, suffix: str) -> None:
    wanted = next(entry.name for entry in PACKAGES.values() if entry.suffix == suffix)
    if data.startswith(OLE_SIGNATURE):
        message = f"the file is password-protected or in the old binary Office format, not {wanted}"
        raise ReadingError(message, f"Open it in Office or LibreOffice and save it as {suffix} without a password.")
    if not data.startswith(b"PK\x03\x04"):
        raise wrong_format(data, wanted)
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        members = package.infolist()
        if any(member.flag_bits & 1 for member in members):
            raise ReadingError("the file is a password-protected zip archive", "Save it without a password.")
        _check_size(members)
        found = package_format(package)
        if found is None or found.suffix != suffix:
            name = found.name if found else "a zip archive of another kind"
            raise ReadingError(f"the file is {name}, not {wanted}", SUFFIX)
        if suffix == ".epub":
            return  # XHTML declares a DOCTYPE, and none is followed
        for member in members:
            # of OpenDocument only these parts are read; macros and old manifests beside them usually have one
            if suffix in _OPEN_DOCUMENT and member.filename not in ("content.xml", "styles.xml", "meta.xml"):
                continue
            # pictures may be SVG, where a DOCTYPE is usual; none is read
            if "/media/" not in member.filename:
                _check_no_doctype(package, member)


def _transitional(data: bytes) -> bytes:
    """A package in the Strict variant of Open XML with the usual names in its place; any other as it is.

    ISO/IEC 29500 part 1 gives the namespaces and kinds of relationship names of its own, part 4 the usual ones; the
    elements are the same, and no library knows the strict names.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        if "_rels/.rels" not in package.namelist() or _STRICT.search(package.read("_rels/.rels")) is None:
            return data
        usual = io.BytesIO()
        with zipfile.ZipFile(usual, "w", zipfile.ZIP_STORED) as copy:
            for member in package.infolist():
                content = package.read(member)
                if member.filename.lower().endswith((".xml", ".rels", ".vml")):
                    content = _STRICT.sub(_usual_name, content)
                copy.writestr(member.filename, content)
        return usual.getvalue()


def _usual_name(strict: re.Match[bytes]) -> bytes:
    words = (
        _CAMEL.sub(lambda capital: b"-" + capital[0].lower(), strict[2]) if b"Properties" in strict[2] else strict[2]
    )
    return b"http://schemas.openxmlformats.org/" + strict[1] + b"/2006/" + words


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
    """Refuse a DOCTYPE, which Office never writes: it can include files, or entities that expand without end."""
    reached: list[str] = []
    parser = expat.ParserCreate()
    # that of HTML, which chunks of documents are written in, names no files and no entities
    parser.StartDoctypeDeclHandler = lambda name, _system, _public, has_entities: reached.append(
        "html" if name.lower() == "html" and not has_entities else "doctype"
    )
    parser.StartElementHandler = lambda *_: reached.append("element")
    with package.open(member) as part:
        while not reached and (chunk := part.read(_CHUNK)):
            try:
                parser.Parse(chunk)
            except expat.ExpatError:
                break  # not XML, or XML that the library will refuse
    if "doctype" in reached[:1]:
        raise ReadingError(f"the part {member.filename} declares a DOCTYPE, which is not safe to read", AGAIN)
