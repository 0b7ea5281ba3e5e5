"""EPUB books."""

from __future__ import annotations

import posixpath
import re
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from ragapp.errors import ReadingError
from ragapp.reading.blocks import LONGEST, BlockBuilder, cut, split_long
from ragapp.reading.document import DEFAULT_OPTIONS, Document, ReadOptions, Unit
from ragapp.reading.html.css import on_screen
from ragapp.reading.html.reader import add_html, decode_markup
from ragapp.reading.left_out import LeftOut
from ragapp.reading.package import given_title, open_package, xml_root
from ragapp.reading.text import AGAIN, clean

_CONTAINER = "META-INF/container.xml"
_LINK = re.compile(r"<link\b[^>]*>", re.IGNORECASE)
_HREF = re.compile(r"""href\s*=\s*["']([^"'#?]+)""", re.IGNORECASE)
_MEDIA = re.compile(r"""media\s*=\s*["']([^"']*)""", re.IGNORECASE)
_IMPORT = re.compile(r"""@import\s+(?:url\(\s*)?["']?([^"'()\s;]+)["']?\s*\)?([^;{}]*);""", re.IGNORECASE)
_MOST_IMPORTS = 2  # one in another
_HEAD = 20_000  # characters in which a chapter names its style sheets
_LONGEST_SHEET, _MOST_SHEETS = 500_000, 10
_PAGES = ("application/xhtml+xml", "text/html", "application/x-dtbook+xml", "image/svg+xml")


def read_epub(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """Read a book, one unit a chapter of its spine; the table of contents is left out, very long chapters are cut."""
    with open_package(path, ".epub", options) as data, zipfile.ZipFile(data) as package:
        names = set(package.namelist())
        main = xml_root(package.read(_CONTAINER)).find(".//{*}rootfile")
        if main is None or main.get("full-path", "") not in names:
            raise ReadingError("the book does not say where its content is", AGAIN)
        root = main.get("full-path")
        book = xml_root(package.read(root))
        locked = package.read("META-INF/encryption.xml") if "META-INF/encryption.xml" in names else b""
        notes: list[str] = []
        units: list[Unit] = []
        left_out = LeftOut()
        for member in _chapters(book, posixpath.dirname(root)):
            if member.encode() in locked:
                raise ReadingError("the book is locked by copy protection (DRM)", "Get a copy without it.")
            if member not in names:
                notes.append(f"The chapter {member} is missing in the file.")
                continue
            text, remarks = decode_markup(package.read(member))
            notes += remarks
            sheets = _sheets(package, names, text, posixpath.dirname(member))
            units += _units(text, sheets, member, len(units) + 1, left_out)
        title = given_title(book.findtext(".//{http://purl.org/dc/elements/1.1/}title")) or path.stem
        return Document(title, units or [Unit(1, "section")], warnings=list(dict.fromkeys(notes)) + left_out.warnings())


def _chapters(book: Any, folder: str) -> list[str]:
    """The members that the spine names, in order, without the table of contents."""
    items = {
        item.get("id"): item
        for item in book.iterfind(".//{*}manifest/{*}item")
        if "nav" not in item.get("properties", "").split() and item.get("media-type") in _PAGES
    }
    wanted = [items.get(reference.get("idref")) for reference in book.iterfind(".//{*}spine/{*}itemref")]
    paths = [unquote(item.get("href", "").split("#")[0]) for item in wanted if item is not None]
    return list(dict.fromkeys(posixpath.normpath(posixpath.join(folder, path)) for path in paths if path))


def _sheets(package: zipfile.ZipFile, names: set[str], chapter: str, folder: str) -> str:
    """The text of the style sheets that a chapter refers to."""
    sheets: list[str] = []
    left = set(names)  # each is read once, also where sheets import each other
    for link in _LINK.findall(chapter[:_HEAD])[:_MOST_SHEETS]:
        href, media, words = _HREF.search(link), _MEDIA.search(link), link.lower()
        if href and "stylesheet" in words and "alternate" not in words and on_screen(media[1] if media else ""):
            sheets += _sheet(package, left, posixpath.join(folder, unquote(href[1])))
    return "\n".join(sheets)


def _sheet(package: zipfile.ZipFile, left: set[str], path: str, depth: int = 0) -> list[str]:
    """A style sheet of those that are ``left`` to be read, after those that it imports."""
    path = posixpath.normpath(path)
    if path not in left or package.getinfo(path).file_size > _LONGEST_SHEET or depth > _MOST_IMPORTS:
        return []
    left.discard(path)
    text = package.read(path).decode("utf-8", "replace")
    imported: list[str] = []
    for href, media in _IMPORT.findall(text[:_HEAD])[:_MOST_SHEETS]:
        if on_screen(media):
            imported += _sheet(package, left, posixpath.join(posixpath.dirname(path), unquote(href)), depth + 1)
    return [*imported, text]


def _units(text: str, sheets: str, member: str, first: int, left_out: LeftOut) -> list[Unit]:
    out = BlockBuilder()
    title = add_html(out, text, left_out, sheets)
    blocks = list(split_long(out.blocks))
    heading = next((block.text for block in blocks if block.kind == "heading"), "")
    label = clean(heading or title or posixpath.splitext(posixpath.basename(member))[0])[:80]
    if sum(len(block.text) for block in blocks) <= LONGEST:
        return [Unit(first, "section", label, blocks)]
    return [
        Unit(number, "section", f"{label}: {part}" if part and not part.startswith(label) else part or label, piece)
        for number, (part, piece) in enumerate(cut(blocks, LONGEST), start=first)
    ]
