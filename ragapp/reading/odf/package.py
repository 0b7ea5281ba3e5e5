"""The parts of an OpenDocument file, whether it is a zip package or one flat XML file.

Only ``content.xml`` is needed; what else is missing or damaged is done without, and told where that may be seen.
"""

from __future__ import annotations

import base64
import io
import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from lxml import etree

from ragapp.errors import ReadingError
from ragapp.reading.document import ReadOptions
from ragapp.reading.odf.names import DC, MATH, META, OFFICE, XLINK, elements
from ragapp.reading.package import given_title, open_package, reading_errors, xml_root
from ragapp.reading.text import AGAIN, read_bytes, whole_number, wrong_format

_MANIFEST = "META-INF/manifest.xml"
# the parts of one file that are objects inside it, each with its own content
_MAX_OBJECTS = 500
_DOCTYPE = b"<!DOCTYPE"
_HEAD = 4096


@dataclass
class OdfParts:
    """The root elements of a file's parts; ``content`` and ``styles`` are one element in a flat file."""

    content: Any
    styles: Any
    meta: Any
    warnings: list[str] = field(default_factory=list)
    _package: zipfile.ZipFile | None = None
    _objects: dict[str, Any] = field(default_factory=dict)

    def body(self, kind: str) -> Any:
        """The element ``office:text``, ``office:spreadsheet`` or ``office:presentation``; None where it is missing."""
        return self.content.find(f"{OFFICE}body/{OFFICE}{kind}")

    def embedded(self, element: Any) -> Any:
        """The content of the object that a ``draw:object`` holds or names; None where it is no XML or is missing."""
        for inner in elements(element):
            if inner.tag in (f"{OFFICE}document", f"{MATH}math"):
                return inner
        name = posixpath.normpath(unquote(element.get(f"{XLINK}href", "")).removeprefix("./"))
        if name not in self._objects and len(self._objects) < _MAX_OBJECTS:
            self._objects[name] = self._read(name)
        return self._objects.get(name)

    def _read(self, name: str) -> Any:
        for part in (f"{name}/content.xml", name):
            try:
                return xml_root(self._package.read(part)) if self._package is not None else None
            except (KeyError, etree.XMLSyntaxError, zipfile.BadZipFile, zlib.error, OSError, NotImplementedError):
                continue
        return None

    def picture(self, element: Any) -> bytes | None:
        """The bytes of the picture that a ``draw:image`` holds or names; None where they are not in the file."""
        held = element.findtext(f"{OFFICE}binary-data")
        if held:
            try:
                return base64.b64decode(held)
            except ValueError:
                return None
        name = posixpath.normpath(unquote(element.get(f"{XLINK}href", "")).removeprefix("./"))
        try:
            return self._package.read(name) if self._package is not None else None
        except (KeyError, zipfile.BadZipFile, zlib.error, OSError, NotImplementedError):
            return None

    @property
    def is_flat(self) -> bool:
        """Whether the file is one XML file."""
        return self._package is None

    @property
    def title(self) -> str:
        """The title in the file's properties, empty where it has none."""
        return given_title(self.meta.findtext(f".//{DC}title")) if self.meta is not None else ""

    @property
    def stated_pages(self) -> int:
        """How many pages the program counted that saved the file; 0 where it did not."""
        statistic = self.meta.find(f".//{META}document-statistic") if self.meta is not None else None
        return whole_number(statistic.get(f"{META}page-count", ""), 0, digits=6) if statistic is not None else 0


@contextmanager
def open_odf(path: Path, suffix: str, options: ReadOptions) -> Iterator[OdfParts]:
    """The parts of a file of the kind with this usual suffix.

    Raises:
        ReadingError: the file is damaged, protected, of another kind, or not safe to open.
    """
    data = read_bytes(path)
    if data.startswith(b"PK"):
        with open_package(path, suffix, options) as stream, zipfile.ZipFile(stream) as package:
            yield _package_parts(package)
    else:
        with reading_errors():
            yield _flat_parts(data, suffix)


def _package_parts(package: zipfile.ZipFile) -> OdfParts:
    names = set(package.namelist())
    if _MANIFEST in names and b"encryption-data" in package.read(_MANIFEST):
        hint = "Open it in LibreOffice and save it without a password; passwords are tried on Office and PDF files."
        raise ReadingError("the file is password-protected", hint)
    if "content.xml" not in names:
        raise ReadingError("the file is truncated or damaged (it has no content.xml)", AGAIN)
    parts = OdfParts(xml_root(package.read("content.xml")), None, None, _package=package)
    for name, told in (
        ("styles.xml", "hidden, raised and struck-out text may be read as plain text"),
        ("meta.xml", ""),
    ):
        try:
            root = xml_root(package.read(name)) if name in names else None
        except (etree.XMLSyntaxError, zipfile.BadZipFile, zlib.error, NotImplementedError):
            root = None
            if told:
                parts.warnings.append(f"The part {name} is damaged; {told}.")
        if name == "styles.xml":
            parts.styles = root
        else:
            parts.meta = root
    return parts


def _flat_parts(data: bytes, suffix: str) -> OdfParts:
    if _DOCTYPE in data[:_HEAD]:
        raise ReadingError("the file declares a DOCTYPE, which is not safe to read", AGAIN)
    if b"<" not in data[:_HEAD]:
        raise wrong_format(data, f"an OpenDocument file ({suffix})")
    # pictures stand inside a flat file, each as one long text
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=len(data) < (512 << 20), remove_comments=True
    )
    root = etree.parse(io.BytesIO(data), parser).getroot()
    if root.tag != f"{OFFICE}document":
        raise ReadingError("the file is XML of another kind, not a flat OpenDocument file", "Give it the suffix .xml.")
    return OdfParts(root, root, root)
