"""The parts of an Open XML package (ISO/IEC 29500-2) by name and by relationship; a bad part costs itself only."""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import unquote

from lxml import etree

from ragapp.plain_words import reason_of


@dataclass(frozen=True, slots=True)
class Relation:
    """A relationship from one part to another, or to an address outside the file."""

    id: str
    kind: str  # the last word of its type: worksheet, sharedStrings, hyperlink
    target: str  # a part's name, or the address
    external: bool


class Parts:
    """The parts of a package that is open; ``warnings`` names those that are missing or damaged."""

    def __init__(self, package: zipfile.ZipFile) -> None:
        self.warnings: list[str] = []
        self._package = package
        # part names are equal without regard to case (part 2, 6.2.2.3), and some producers write backslashes
        self._names = {_plain(name): name for name in package.namelist()}

    def read(self, name: str) -> bytes | None:
        """The content of a part; None, with a warning, where it is missing or cannot be unpacked."""
        stored = self._names.get(_plain(name))
        if stored is None:
            self._warn(f"The part {name} is missing from the file; the rest was read.")
            return None
        try:
            return self._package.read(stored)
        except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, ValueError) as error:
            self._warn(f"The part {name} can't be unpacked ({reason_of(error)}); the rest was read.")
        except Exception as error:  # zlib.error and its kind have no common class
            self._warn(f"The part {name} is damaged ({reason_of(error)}); the rest was read.")
        return None

    def root(self, name: str, *, told: bool = True) -> Any:
        """The root element of a part, None where there is none; one that is not well-formed as far as it can be read.

        ``told`` warns of that.
        """
        data = self.read(name)
        if data is None:
            return None
        try:
            return etree.fromstring(data, _parser(recover=False))
        except etree.XMLSyntaxError:
            if told:
                self._warn(f"The part {name} is damaged; what could be read of it was.")
        try:
            return etree.fromstring(data, _parser(recover=True))
        except etree.XMLSyntaxError:
            return None

    def relations(self, name: str) -> dict[str, Relation]:
        """The relationships of a part (that of the package itself for an empty name) by their ids."""
        folder, base = posixpath.split(name)
        rels = posixpath.join(folder, "_rels", base + ".rels")
        if _plain(rels) not in self._names:
            return {}
        root = self.root(rels)
        found: dict[str, Relation] = {}
        for element in () if root is None else root.iter("{*}Relationship"):
            target = element.get("Target") or ""
            external = element.get("TargetMode") == "External"
            if not external:
                target = posixpath.normpath(posixpath.join("/", folder, unquote(target).replace("\\", "/")))[1:]
            kind = (element.get("Type") or "").rstrip("/").rsplit("/", 1)[-1]
            relation = Relation(element.get("Id") or "", kind, target, external)
            found.setdefault(relation.id, relation)
        return found

    def related(self, name: str, *kinds: str) -> Iterator[str]:
        """Names of the parts that a part refers to by a relationship of these kinds, each once, in order."""
        seen = set()
        for relation in self.relations(name).values():
            if relation.kind in kinds and not relation.external and relation.target not in seen:
                seen.add(relation.target)
                yield relation.target

    def _warn(self, warning: str) -> None:
        if warning not in self.warnings:
            self.warnings.append(warning)


def local(element: Any) -> str:
    """An element's name without its namespace; empty for a comment or an instruction."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def relation_id(element: Any) -> str:
    """The ``r:id`` of an element, whatever the prefix and the variant of its namespace."""
    return next((value for key, value in element.attrib.items() if key.endswith("relationships}id")), "")


def is_on(value: str | None) -> bool:
    """A boolean of XML Schema; missing is false."""
    return value in ("1", "true", "on")


@cache
def _parser(*, recover: bool) -> Any:
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=recover, huge_tree=False)


def _plain(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").lower()
