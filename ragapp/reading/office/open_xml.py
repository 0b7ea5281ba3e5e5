"""Open Packaging: the parts of an Office file and how they refer to each other, each read when it is asked for.

Source: ISO/IEC 29500-2 (parts, relationships, content types).
Nothing but the main part has to be there and well-formed: what other parts lack costs that part alone.
"""

from __future__ import annotations

import posixpath
import zipfile
from functools import cached_property
from typing import Any, BinaryIO, NamedTuple
from urllib.parse import unquote

from lxml import etree

from ragapp.errors import ReadingError
from ragapp.reading.package import xml_root
from ragapp.reading.text import AGAIN


class Relationship(NamedTuple):
    """One reference of a part; ``reltype`` is a URI whose last segment is its ``kind``."""

    reltype: str
    target_ref: str  # as it is written: a part's name relative to the source, or an address
    is_external: bool
    target_part: Part | None  # None for addresses, and for a part that the package does not hold

    @property
    def kind(self) -> str:
        """The last segment of the type: ``header``, ``image``, ``hyperlink``."""
        return self.reltype.rsplit("/", 1)[-1]


class Part:
    """A part of a package."""

    def __init__(self, package: OpenPackage, name: str) -> None:
        self.package = package
        self.name = name  # without the slash in front

    @cached_property
    def content_type(self) -> str:
        """The media type that ``[Content_Types].xml`` gives it, in lower case; empty where it gives none."""
        return self.package.content_type(self.name)

    @property
    def blob(self) -> bytes:
        """Its bytes; an error of the zip archive where they are damaged."""
        return self.package.read(self.name)

    @cached_property
    def root(self) -> Any:
        """The root element of its XML; etree.XMLSyntaxError where it is damaged."""
        return xml_root(self.blob)

    @cached_property
    def rels(self) -> dict[str, Relationship]:
        """Its relationships by id; none where they are damaged."""
        folder, base = posixpath.split(self.name)
        return self.package.relationships(posixpath.join(folder, "_rels", f"{base}.rels"), folder)

    def related(self, kind: str) -> list[Part]:
        """The parts of the package to which it refers by a kind of relationship, each once."""
        parts = [relation.target_part for relation in self.rels.values() if relation.kind == kind]
        return list({part.name: part for part in parts if part is not None}.values())


class OpenPackage:
    """An Office file as parts."""

    def __init__(self, content: BinaryIO) -> None:
        self._zip = zipfile.ZipFile(content)
        self._names = {name.lower(): name for name in reversed(self._zip.namelist())}
        self._parts: dict[str, Part] = {}

    def part(self, name: str) -> Part | None:
        """The part of a name, whose case does not count (29500-2, 6.2.2.3); None where there is none."""
        found = self._names.get(name.lstrip("/").lower())
        if found is None:
            return None
        if found not in self._parts:
            self._parts[found] = Part(self, found)
        return self._parts[found]

    def main(self, usual: str) -> Part:
        """The part that the package is about; ``usual`` is its name where no relationship says.

        Raises:
            ReadingError: there is none.
        """
        for relation in self.rels.values():
            if relation.kind == "officeDocument" and relation.target_part is not None:
                return relation.target_part
        found = self.part(usual)
        if found is None:
            raise ReadingError(f"the file is truncated or damaged (it has no part {usual})", AGAIN)
        return found

    @cached_property
    def rels(self) -> dict[str, Relationship]:
        """The relationships of the package itself."""
        return self.relationships("_rels/.rels", "")

    def relationships(self, name: str, folder: str) -> dict[str, Relationship]:
        """The relationships in a part, to targets relative to a folder."""
        root = root_of(self.part(name))
        found = {}
        for element in root.iter("{*}Relationship") if root is not None else ():
            target, external = element.get("Target", ""), element.get("TargetMode") == "External"
            path = unquote(target.replace("\\", "/").partition("#")[0])
            inside = None if external else self.part(posixpath.normpath(posixpath.join("/", folder, path)))
            found[element.get("Id", "")] = Relationship(element.get("Type", ""), target, external, inside)
        return found

    def content_type(self, name: str) -> str:
        """The media type of the part of a name, in lower case."""
        types, suffixes = self._types
        return types.get(name.lower(), suffixes.get(name.lower().rpartition(".")[2], ""))

    def read(self, name: str) -> bytes:
        """The bytes of a member of the archive."""
        return self._zip.read(name)

    @cached_property
    def _types(self) -> tuple[dict[str, str], dict[str, str]]:
        root = root_of(self.part("[Content_Types].xml"))
        types, suffixes = {}, {}
        for element in root.iterchildren("{*}Override", "{*}Default") if root is not None else ():
            kind = element.get("ContentType", "").lower()
            types[element.get("PartName", "").lstrip("/").lower()] = kind
            suffixes[element.get("Extension", "").lower()] = kind
        return types, suffixes


def root_of(part: Part | None) -> Any:
    """The root element of a part that may be missing or damaged; None where it is."""
    try:
        return part.root if part is not None else None
    except (etree.XMLSyntaxError, OSError, ValueError, zipfile.BadZipFile):
        return None
