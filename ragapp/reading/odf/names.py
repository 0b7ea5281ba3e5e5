"""Names of OpenDocument's elements and attributes, and how its attributes hold numbers.

Source: OASIS OpenDocument 1.3, part 3, and the namespaces that LibreOffice adds to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ragapp.reading.text import whole_number

_NS = "urn:oasis:names:tc:opendocument:xmlns:"
OFFICE, TABLE, TEXT, STYLE, DRAW, FO, PRESENTATION, META, NUMBER, FORM, CHART, SVG = (
    f"{{{_NS}{name}:1.0}}"
    for name in (
        "office",
        "table",
        "text",
        "style",
        "drawing",
        "xsl-fo-compatible",
        "presentation",
        "meta",
        "datastyle",
        "form",
        "chart",
        "svg-compatible",
    )
)
DC = "{http://purl.org/dc/elements/1.1/}"
XLINK = "{http://www.w3.org/1999/xlink}"
XML = "{http://www.w3.org/XML/1998/namespace}"
MATH = "{http://www.w3.org/1998/Math/MathML}"
# extensions that LibreOffice and OpenOffice write
LOEXT = "{urn:org:documentfoundation:names:experimental:office:xmlns:loext:1.0}"
CALCEXT = "{urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}"
FIELD = "{urn:openoffice:names:experimental:ooo-ms-interop:xmlns:field:1.0}"
CHARTOOO = "{http://openoffice.org/2010/chart}"
DRAWOOO = "{http://openoffice.org/2010/draw}"

MAX_REPEATS = 1000


def count(element: Any, name: str, most: int = MAX_REPEATS) -> int:
    """A positive number that an attribute holds; 1 where it is missing or absurd, ``most`` where it is larger."""
    return max(1, min(whole_number(element.get(name, ""), 1), most))


def elements(parent: Any) -> Iterator[Any]:
    """The child elements of an element, which may be None, without comments and processing instructions."""
    return (child for child in parent if isinstance(child.tag, str)) if parent is not None else iter(())
