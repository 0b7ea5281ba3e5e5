"""Layers of a PDF that are switched off: optional content by ISO 32000-1, 8.11.

pdfium's text page takes the text of all layers, and its names do not tell two of one name apart.  So pypdf works out
which groups are hidden, names these alike in a copy of the file, and empties the drawings (XObjects) that belong to
them; pdfium's objects with that name are then removed from each page.
"""

from __future__ import annotations

import ctypes
import io
import mmap
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pypdfium2 import PdfPage
from pypdfium2 import raw as pdfium

from ragapp.reading.text import clean

if TYPE_CHECKING:
    from pypdf import PdfWriter

_HIDDEN = "ragapp:hidden"  # the name that hidden groups get in the copy
_KEY = b"/OCProperties"
_MAX_DEPTH = 12  # of drawings in drawings, and of expressions
_MAX_OBJECTS = 500_000  # drawings looked at
_MAX_UNPACKED = 50_000_000  # bytes of packed objects searched for the catalog's entry
_PACKED = re.compile(rb"/ObjStm\b[^\0]{0,400}?stream\r?\n")


@dataclass(frozen=True, slots=True)
class Hidden:
    """A copy of a file in which hidden layers are marked, and their names."""

    data: bytes
    names: list[str]


def find_hidden(path: Path, passwords: Sequence[str]) -> Hidden | None:
    """The layers that a viewer does not show when it opens the file; None where all are shown, or there are none."""
    if not _may_have_layers(path):
        return None
    import pypdf

    # pypdf raises many kinds of errors on broken files, which pdfium may well read
    with suppress(Exception):
        reader = pypdf.PdfReader(path)
        if reader.is_encrypted:
            any(reader.decrypt(password) for password in ("", *passwords))
        properties = reader.root_object.get("/OCProperties")
        if properties is None or not _Groups(_dict(properties)).off:
            return None  # a copy costs far more than this look
        writer = pypdf.PdfWriter(clone_from=reader)
        return _marked(writer)
    return None


def remove_hidden(page: PdfPage) -> None:
    """Remove what is in hidden layers from a page of the copy."""
    items = [pdfium.FPDFPage_GetObject(page, index) for index in range(pdfium.FPDFPage_CountObjects(page))]
    for item in items:
        if _is_hidden(item):
            if pdfium.FPDFPage_RemoveObject(page, item):
                pdfium.FPDFPageObj_Destroy(item)
        elif pdfium.FPDFPageObj_GetType(item) == pdfium.FPDF_PAGEOBJ_FORM:
            _remove_within(item, 0)


def _remove_within(form: Any, depth: int) -> None:
    items = [pdfium.FPDFFormObj_GetObject(form, index) for index in range(pdfium.FPDFFormObj_CountObjects(form))]
    for item in items:
        if _is_hidden(item):
            if pdfium.FPDFFormObj_RemoveObject(form, item):
                pdfium.FPDFPageObj_Destroy(item)
        elif depth < _MAX_DEPTH and pdfium.FPDFPageObj_GetType(item) == pdfium.FPDF_PAGEOBJ_FORM:
            _remove_within(item, depth + 1)


def _is_hidden(item: Any) -> bool:
    for index in range(max(pdfium.FPDFPageObj_CountMarks(item), 0)):
        mark = pdfium.FPDFPageObj_GetMark(item, index)
        size = ctypes.c_ulong()
        buffer = (ctypes.c_ushort * 64)()
        told = pdfium.FPDFPageObjMark_GetParamStringValue(mark, b"Name", buffer, 128, size)
        if told and size.value <= 128:
            name = bytes(buffer)[: max(size.value - 2, 0)].decode("utf-16-le", errors="replace")
            if name == _HIDDEN:
                return True
    return False


def _may_have_layers(path: Path) -> bool:
    """Whether the catalog's entry for layers is in the file, as it is or packed; a look that costs little."""
    with path.open("rb") as file:
        try:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (ValueError, OSError):
            return False
        with data:
            if data.find(_KEY) >= 0 or data.find(b"/Encrypt") >= 0:
                return True
            left = _MAX_UNPACKED
            for start in _PACKED.finditer(data):
                unpacked = zlib.decompressobj()
                try:
                    end = data.find(b"endstream", start.end())
                    text = unpacked.decompress(data[start.end() : end if end > 0 else None], left)
                except zlib.error:
                    return True  # packed in another way
                if _KEY in text:
                    return True
                left -= len(text)
                if left <= 0:
                    return True
    return False


# --- which groups are hidden, by pypdf


class _Groups:
    """The state of each group by the default configuration (8.11.4.3) for viewing."""

    def __init__(self, properties: Any) -> None:
        config = _dict(properties.get("/D"))
        self.known = _references(properties.get("/OCGs"))
        self.off = set() if config.get("/BaseState") != "/OFF" else set(self.known)
        self.off -= set(_references(config.get("/ON")))
        self.off |= set(_references(config.get("/OFF")))
        self._groups = {_number(one): _dict(one) for one in _list(properties.get("/OCGs"))}
        for usage in _list(config.get("/AS")):
            self._apply(_dict(usage))
        intents = set(_names(config.get("/Intent"))) or {"/View"}
        if "/All" not in intents:
            for number, group in self._groups.items():
                if not (set(_names(group.get("/Intent"))) or {"/View"}) & intents:
                    self.off.discard(number)

    def _apply(self, usage: Any) -> None:
        """Groups that are switched by what the document is used for (8.11.4.4): here it is viewed."""
        if usage.get("/Event") != "/View" or "/View" not in _names(usage.get("/Category")):
            return
        for number in _references(usage.get("/OCGs")):
            state = _dict(_dict(self._groups.get(number, {}).get("/Usage")).get("/View")).get("/ViewState")
            if state == "/OFF":
                self.off.add(number)
            elif state == "/ON":
                self.off.discard(number)

    def names(self) -> list[str]:
        """Of the groups that are hidden."""
        found = (clean(str(self._groups.get(number, {}).get("/Name", ""))).strip() for number in self.known)
        return [name or "without a name" for number, name in zip(self.known, found, strict=True) if number in self.off]

    def hides(self, item: Any) -> bool:
        """Whether a group, or a membership dictionary (8.11.2.2), is hidden."""
        entry = _dict(item)
        if entry.get("/Type") != "/OCMD":
            return _number(item) in self.off
        expression = _list(entry.get("/VE"))
        if expression:
            return not self._holds(expression, 0)
        given = entry.get("/OCGs")
        groups = [one for one in _list(given) or ([entry.raw_get("/OCGs")] if _dict(given) else []) if _dict(one)]
        if not groups:
            return False
        on = [_number(one) not in self.off for one in groups]
        policy = entry.get("/P", "/AnyOn")
        shown = {"/AllOn": all(on), "/AnyOff": not all(on), "/AllOff": not any(on)}.get(policy, any(on))
        return not shown

    def _holds(self, expression: list[Any], depth: int) -> bool:
        if depth > _MAX_DEPTH:
            return True
        operator, *operands = expression
        held = [self._holds(_list(one), depth + 1) if _list(one) else not self.hides(one) for one in operands]
        if _resolved(operator) == "/Not":
            return not held[0] if held else True
        return any(held) if _resolved(operator) == "/Or" else all(held)


def _marked(writer: PdfWriter) -> Hidden | None:
    from pypdf.generic import NameObject, NumberObject, TextStringObject

    groups = _Groups(_dict(writer.root_object.get("/OCProperties")))
    if not groups.off:
        return None
    names = groups.names()
    for entry in _entries(writer):
        if entry.get("/Type") in ("/OCG", "/OCMD"):
            continue
        layer = entry.raw_get("/OC") if "/OC" in entry else None
        if layer is None or not groups.hides(layer):
            continue
        if "/Subtype" in entry and "/Rect" in entry:
            entry[NameObject("/F")] = NumberObject(int(entry.get("/F", 0)) | 2)
        elif hasattr(entry, "set_data"):
            for key in ("/Filter", "/DecodeParms", "/SMask", "/Mask", "/ImageMask"):
                entry.pop(NameObject(key), None)
            entry[NameObject("/Subtype")] = NameObject("/Form")
            entry.setdefault(NameObject("/BBox"), writer._add_object(_empty_box()))
            entry._data = b""
    # named last, because a name decides nothing above
    for entry in list(_entries(writer)):
        if entry.get("/Type") in ("/OCG", "/OCMD") and groups.hides(_itself(entry)):
            entry[NameObject("/Name")] = TextStringObject(_HIDDEN)
    buffer = io.BytesIO()
    writer.write(buffer)
    return Hidden(buffer.getvalue(), names)


def _itself(entry: Any) -> Any:
    """The reference to an entry, or the entry where it is part of another."""
    return getattr(entry, "indirect_reference", None) or entry


def _empty_box() -> Any:
    from pypdf.generic import ArrayObject, NumberObject

    return ArrayObject([NumberObject(0)] * 4)


def _entries(writer: PdfWriter) -> Iterator[Any]:
    """All dictionaries of the file that stand by themselves, and the properties that resources hold within them."""
    from pypdf.generic import DictionaryObject

    for count, item in enumerate(writer._objects):
        if count > _MAX_OBJECTS:
            return
        if isinstance(item, DictionaryObject):
            yield item
            for holder in (item, _dict(item.get("/Resources"))):
                properties = _dict(_dict(holder).get("/Properties"))
                yield from (one for one in properties.values() if isinstance(one, DictionaryObject))


def _resolved(item: Any) -> Any:
    return item.get_object() if hasattr(item, "get_object") else item


def _dict(item: Any) -> Any:
    found = _resolved(item)
    return found if hasattr(found, "raw_get") else {}


def _list(item: Any) -> list[Any]:
    """The items of an array, as they are: references stay references."""
    found = _resolved(item)
    return list(found) if isinstance(found, list) else []


def _names(item: Any) -> list[str]:
    found = _resolved(item)
    return [str(_resolved(one)) for one in found] if isinstance(found, list) else [str(found)] if found else []


def _number(item: Any) -> int:
    reference = item if hasattr(item, "idnum") else getattr(item, "indirect_reference", None)
    return int(reference.idnum) if reference is not None else -1


def _references(item: Any) -> list[int]:
    return [number for one in _list(item) if (number := _number(one)) >= 0]
