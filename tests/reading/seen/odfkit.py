"""Writers of small OpenDocument files, as packages or flat, of pieces of their XML."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

_ODF = "urn:oasis:names:tc:opendocument:xmlns:"
_NAMES = {
    "office": "office",
    "text": "text",
    "table": "table",
    "style": "style",
    "meta": "meta",
    "draw": "drawing",
    "fo": "xsl-fo-compatible",
    "svg": "svg-compatible",
    "number": "datastyle",
    "presentation": "presentation",
    "form": "form",
    "chart": "chart",
}
NAMESPACES = " ".join(
    [
        *(f'xmlns:{prefix}="{_ODF}{name}:1.0"' for prefix, name in _NAMES.items()),
        'xmlns:dc="http://purl.org/dc/elements/1.1/"',
        'xmlns:xlink="http://www.w3.org/1999/xlink"',
        'xmlns:loext="urn:org:documentfoundation:names:experimental:office:xmlns:loext:1.0"',
        'xmlns:field="urn:openoffice:names:experimental:ooo-ms-interop:xmlns:field:1.0"',
        'xmlns:chartooo="http://openoffice.org/2010/chart"',
        'xmlns:drawooo="http://openoffice.org/2010/draw"',
    ]
)
MIME = "application/vnd.oasis.opendocument."
_KINDS = {".odt": "text", ".ods": "spreadsheet", ".odp": "presentation"}

Build = Callable[[Path], None]


def package(
    body: str, automatic: str = "", styles: str = "", masters: str = "", parts: dict[str, str | bytes] | None = None
) -> Build:
    """A writer of a package; ``styles`` are the common ones, ``masters`` the master styles, ``parts`` further parts.

    A part with an empty text is left out.
    """

    def build(path: Path) -> None:
        kind = _KINDS[path.suffix]
        members: dict[str, str | bytes] = {
            "mimetype": f"{MIME}{kind}",
            "content.xml": f"<office:document-content {NAMESPACES}><office:automatic-styles>{automatic}"
            f"</office:automatic-styles><office:body><office:{kind}>{body}</office:{kind}></office:body>"
            "</office:document-content>",
            "styles.xml": f"<office:document-styles {NAMESPACES}><office:styles>{styles}</office:styles>"
            f"<office:master-styles>{masters}</office:master-styles></office:document-styles>",
            "META-INF/manifest.xml": "<manifest/>",
        }
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            for name, text in (members | (parts or {})).items():
                if text:
                    file.writestr(name, text)

    return build


def flat(kind: str, body: str, automatic: str = "", styles: str = "", head: str = "") -> Build:
    """A writer of a flat file; ``head`` stands before its root element."""

    def build(path: Path) -> None:
        path.write_text(
            f'{head}<office:document {NAMESPACES} office:version="1.3" office:mimetype="{MIME}{kind}">'
            f"<office:styles>{styles}</office:styles><office:automatic-styles>{automatic}</office:automatic-styles>"
            f"<office:body><office:{kind}>{body}</office:{kind}></office:body></office:document>",
            encoding="utf-8",
        )

    return build


def p(text: str, style: str = "") -> str:
    """A paragraph."""
    return f'<text:p text:style-name="{style}">{text}</text:p>' if style else f"<text:p>{text}</text:p>"


def span(text: str, style: str) -> str:
    """A span of a style."""
    return f'<text:span text:style-name="{style}">{text}</text:span>'


def style(name: str, family: str, properties: str = "", attributes: str = "") -> str:
    """A style with text properties."""
    return (
        f'<style:style style:name="{name}" style:family="{family}" {attributes}>'
        f"<style:text-properties {properties}/></style:style>"
    )


def items(*texts: str, attributes: str = "") -> str:
    """A list; an item is a text, or begins with ``<``."""
    inner = "".join(f"<text:list-item>{text if text.startswith('<') else p(text)}</text:list-item>" for text in texts)
    return f"<text:list {attributes}>{inner}</text:list>"


def level(number: int, num_format: str = "1", attributes: str = "") -> str:
    """A level of a list style."""
    return f'<text:list-level-style-number text:level="{number}" style:num-format="{num_format}" {attributes}/>'


def cell(text: str = "", attributes: str = "", more: str = "") -> str:
    """A cell with a paragraph, unless the text is empty."""
    return f"<table:table-cell {attributes}>{more}{p(text) if text else ''}</table:table-cell>"


def row(*cells: str, attributes: str = "") -> str:
    """A row; a cell is a text, or begins with ``<``."""
    inner = "".join(text if text.startswith("<") else cell(text) for text in cells)
    return f"<table:table-row {attributes}>{inner}</table:table-row>"


def sheet(*rows: str, name: str = "S", attributes: str = "") -> str:
    """A table of rows."""
    return f'<table:table table:name="{name}" {attributes}>{"".join(rows)}</table:table>'
