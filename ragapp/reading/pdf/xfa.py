"""Forms by the XML Forms Architecture (XFA) in a PDF, whose pages a viewer makes from a template and data.

Their own page only asks the reader to wait.  What was filled in is in the packet ``datasets``, the captions of the
fields are in the packet ``template`` (XFA Specification 3.3, "Template" and "Data"; ISO 32000-1, 12.7.8).
"""

from __future__ import annotations

import ctypes
import re
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pypdfium2 import PdfDocument
from pypdfium2 import raw as pdfium

from ragapp.reading.text import one_line

if TYPE_CHECKING:
    from lxml import etree

_MAX_BYTES = 20_000_000
_MAX_DEPTH = 60
_WAITS = re.compile(
    r"^(?:please wait|veuillez patienter|bitte warten|espere|attendere|aguarde)|"
    r"(?:if this (?:message|text)|your (?:pdf )?viewer may not|adobe\.com/go/reader|cannot show this kind)",
    re.IGNORECASE | re.MULTILINE,
)


def says_wait(text: str) -> bool:
    """Whether the text of a page only stands in for a form that a viewer has to make."""
    return len(text) < 3000 and len(_WAITS.findall(text)) > 0 and bool(_WAITS.match(text.strip()))


def form_data(pdf: PdfDocument) -> list[str]:
    """The filled-in fields, ``caption: value`` each, in the order of the data; empty where there are none."""
    packets = dict(_packets(pdf))
    whole = b"".join(packets.values()) if "" in packets or "template" not in packets else b""
    template = _parsed(packets.get("template", b"")) if not whole else _parsed(whole)
    data = _parsed(packets.get("datasets", b"")) if not whole else template
    if data is None:
        return []
    root = next((one for one in data.iter() if _name(one) == "data" and "xfa-data" in str(one.tag)), None)
    if root is None:
        return []
    captions, shown = _fields(template)
    return list(_values(root, captions, shown, 0))


def _packets(pdf: PdfDocument) -> Iterator[tuple[str, bytes]]:
    left = _MAX_BYTES
    for index in range(max(pdfium.FPDF_GetXFAPacketCount(pdf), 0)):
        size = ctypes.c_ulong()
        if not pdfium.FPDF_GetXFAPacketContent(pdf, index, None, 0, size) or not 0 < size.value <= left:
            continue
        buffer = ctypes.create_string_buffer(size.value)
        if pdfium.FPDF_GetXFAPacketContent(pdf, index, buffer, size.value, size):
            left -= size.value
            yield _packet_name(pdf, index), buffer.raw[: size.value]


def _packet_name(pdf: PdfDocument, index: int) -> str:
    size = pdfium.FPDF_GetXFAPacketName(pdf, index, None, 0)
    buffer = ctypes.create_string_buffer(max(size, 1))
    pdfium.FPDF_GetXFAPacketName(pdf, index, buffer, size)
    return buffer.value.decode("utf-8", errors="replace")


def _parsed(data: bytes) -> etree._Element | None:
    from lxml import etree

    if data[:2] == b"\x1f\x8b":
        data = zlib.decompressobj(47).decompress(data, _MAX_BYTES)
    try:
        return etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True, recover=True))
    except etree.XMLSyntaxError:
        return None


def _name(element: Any) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _fields(template: etree._Element | None) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """By the name of each field: its caption, and the text that is shown for each value of a choice."""
    captions: dict[str, str] = {}
    shown: dict[str, dict[str, str]] = {}
    for field in template.iter() if template is not None else ():
        if _name(field) not in ("field", "exclGroup") or not field.get("name"):
            continue
        name = str(field.get("name"))
        for part in field:
            if _name(part) == "caption" and part.get("presence") not in ("hidden", "invisible", "inactive"):
                captions.setdefault(name, one_line(" ".join(str(text) for text in part.itertext())).rstrip(": "))
        lists = [[one_line("".join(one.itertext())) for one in part] for part in field if _name(part) == "items"]
        if len(lists) == 2 and len(lists[0]) == len(lists[1]):
            saved = next((i for i, part in enumerate(p for p in field if _name(p) == "items") if part.get("save")), 1)
            shown.setdefault(name, dict(zip(lists[saved], lists[1 - saved], strict=True)))
        if _name(field) == "exclGroup":
            for option in field:
                on = [one_line("".join(one.itertext())) for part in option if _name(part) == "items" for one in part]
                told = [" ".join(part.itertext()) for part in option if _name(part) == "caption"]
                if on and told:
                    shown.setdefault(name, {})[on[0]] = one_line(told[0])
        elif any(_name(one) == "checkButton" for one in field.iter()) and lists and name not in shown:
            shown[name] = {value: mark for value, mark in zip(lists[0], ("☒", "☐", "☐"), strict=False)}
    return captions, shown


def _values(element: Any, captions: dict[str, str], shown: dict[str, dict[str, str]], depth: int) -> Iterator[str]:
    if depth > _MAX_DEPTH:
        return
    for child in element:
        name = _name(child)
        if not name:
            continue
        if len(child) and not _is_rich(child):
            yield from _values(child, captions, shown, depth + 1)
            continue
        value = one_line(" ".join(str(text) for text in child.itertext()))
        value = shown.get(name, {}).get(value, value)
        if value and not child.get("href"):
            yield f"{captions.get(name) or name}: {value}"


def _is_rich(element: Any) -> bool:
    """Whether the value is formatted text, which is XHTML."""
    return all("xhtml" in str(child.tag) for child in element)
