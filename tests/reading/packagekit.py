"""Writers of small OpenDocument files and EPUB books."""

from __future__ import annotations

import zipfile
from pathlib import Path

ODF = "urn:oasis:names:tc:opendocument:xmlns:"
NAMESPACES = " ".join(
    [
        *(f'xmlns:{name}="{ODF}{name}:1.0"' for name in ("office", "text", "table", "style", "meta", "presentation")),
        f'xmlns:draw="{ODF}drawing:1.0"',
        f'xmlns:fo="{ODF}xsl-fo-compatible:1.0"',
        'xmlns:dc="http://purl.org/dc/elements/1.1/"',
    ]
)
_KINDS = {".odt": "text", ".ods": "spreadsheet", ".odp": "presentation"}


def write_zip(path: Path, members: dict[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in members.items():
            package.writestr(name, content)
    return path


def write_odf(
    path: Path, body: str, styles: str = "", meta: str = "", more: dict[str, str | bytes] | None = None
) -> Path:
    """An OpenDocument file of the kind that its suffix says."""
    kind = _KINDS[path.suffix]
    content = (
        f"<office:document-content {NAMESPACES}><office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:{kind}>{body}</office:{kind}></office:body></office:document-content>"
    )
    members: dict[str, str | bytes] = {
        "mimetype": f"application/vnd.oasis.opendocument.{kind}",
        "content.xml": content,
        "meta.xml": f"<office:document-meta {NAMESPACES}><office:meta>{meta}</office:meta></office:document-meta>",
        "META-INF/manifest.xml": "<manifest/>",
    }
    return write_zip(path, members | (more or {}))


def write_epub(path: Path, chapters: dict[str, str], more: dict[str, str | bytes] | None = None) -> Path:
    """A book of these chapters (name in the book -> XHTML), in this order, with a table of contents."""
    items = "".join(
        f'<item id="c{place}" href="{name}" media-type="application/xhtml+xml"/>' for place, name in enumerate(chapters)
    )
    spine = "".join(f'<itemref idref="c{place}"/>' for place in range(len(chapters)))
    book = (
        '<package xmlns="http://www.idpf.org/2007/opf"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
        "<dc:title>Le livre d’été</dc:title></metadata><manifest>"
        f'<item id="nav" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/>{items}</manifest>'
        f'<spine><itemref idref="nav"/>{spine}</spine></package>'
    )
    members: dict[str, str | bytes] = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="OEBPS/book.opf"/></rootfiles></container>',
        "OEBPS/book.opf": book,
        "OEBPS/nav.xhtml": "<html><body><p>Contents that nobody asks for</p></body></html>",
    }
    members |= {f"OEBPS/{name.replace('%20', ' ')}": text for name, text in chapters.items()}
    return write_zip(path, members | (more or {}))
