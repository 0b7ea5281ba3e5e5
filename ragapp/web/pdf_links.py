"""Links on a page of a PDF: to other pages of it, and to addresses elsewhere.

Runs in the process of :mod:`ragapp.web.pdf_process`.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ragapp.web.pdf_text import Box

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage

    from ragapp.reading.pdf.objects import PageSpace

# a page of an index has some hundreds
_MOST = 1_000
_LONGEST_ADDRESS = 2_000
# other schemes run programs or scripts
_SCHEMES = ("http", "https", "mailto")


@dataclass(frozen=True, slots=True)
class Link:
    """A place of a page that leads to another.

    Attributes:
        page: of the same file, from 1; 0 where it leads elsewhere.
        address: where it leads elsewhere, a web page or a mail address; else empty.
    """

    box: Box
    page: int = 0
    address: str = ""


def page_links(pdf: PdfDocument, page: PdfPage, space: PageSpace) -> tuple[Link, ...]:
    """The links of a page, in the file's order; those that lead nowhere that could be shown are left out."""
    from pypdfium2 import raw as pdfium

    rectangle = pdfium.FS_RECTF()
    width, height = space.size
    found = []
    for raw in _raw_links(page):
        number, address = _target(pdf, raw)
        if not (number or address) or not pdfium.FPDFLink_GetAnnotRect(raw, rectangle):
            continue
        sides = sorted((rectangle.left, rectangle.right)), sorted((rectangle.bottom, rectangle.top))
        (left, right), (bottom, top) = sides
        x0, y0, x1, y1 = space.box(left, top, right, bottom)
        x0, x1 = max(0.0, x0), min(width, x1)
        y0, y1 = max(0.0, y0), min(height, y1)
        if x1 > x0 and y1 > y0:
            box = Box(x0 / width, y0 / height, (x1 - x0) / width, (y1 - y0) / height)
            found.append(Link(box, number, address))
    return tuple(found)


def _raw_links(page: PdfPage) -> Iterator[Any]:
    from pypdfium2 import raw as pdfium

    place, link = ctypes.c_int(0), pdfium.FPDF_LINK()
    for _ in range(_MOST):
        if not pdfium.FPDFLink_Enumerate(page.raw, place, link):
            return
        yield link


def _target(pdf: PdfDocument, link: Any) -> tuple[int, str]:
    """Page of the file, from 1, and address; 0 and empty where it has none that is shown."""
    from pypdfium2 import raw as pdfium

    target = pdfium.FPDFLink_GetDest(pdf.raw, link)
    if not target:
        action = pdfium.FPDFLink_GetAction(link)
        kind = pdfium.FPDFAction_GetType(action) if action else pdfium.PDFACTION_UNSUPPORTED
        if kind == pdfium.PDFACTION_URI:
            return 0, _address(pdf, action)
        if kind != pdfium.PDFACTION_GOTO:
            return 0, ""
        target = pdfium.FPDFAction_GetDest(pdf.raw, action)
    index = pdfium.FPDFDest_GetDestPageIndex(pdf.raw, target) if target else -1
    return (index + 1, "") if 0 <= index < len(pdf) else (0, "")


def _address(pdf: PdfDocument, action: Any) -> str:
    from pypdfium2 import raw as pdfium

    size = pdfium.FPDFAction_GetURIPath(pdf.raw, action, None, 0)
    if not 1 < size <= _LONGEST_ADDRESS:
        return ""
    buffer = ctypes.create_string_buffer(size)
    pdfium.FPDFAction_GetURIPath(pdf.raw, action, buffer, size)
    address = buffer.value.decode("utf-8", "replace").strip()
    if address.startswith("www."):
        address = f"https://{address}"
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    usable = parts.scheme.lower() in _SCHEMES and (parts.netloc or parts.scheme.lower() == "mailto")
    return address if usable and address.isprintable() and " " not in address else ""
