"""Small Word files of raw XML with any parts beside the document, for what python-docx cannot write."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from xml.sax.saxutils import quoteattr

_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006"
_DRAWING = "http://schemas.openxmlformats.org/drawingml/2006"
_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
SPACES = " ".join(
    f'xmlns:{prefix}="{uri}"'
    for prefix, uri in {
        "w": "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
        "r": f"{_OFFICE}/relationships",
        "m": f"{_OFFICE}/math",
        "mc": "http://schemas.openxmlformats.org/markup-compatibility/2006",
        "wp": f"{_DRAWING}/wordprocessingDrawing",
        "a": f"{_DRAWING}/main",
        "c": f"{_DRAWING}/chart",
        "pic": f"{_DRAWING}/picture",
        "dgm": f"{_DRAWING}/diagram",
        "v": "urn:schemas-microsoft-com:vml",
        "o": "urn:schemas-microsoft-com:office:office",
        "w14": "http://schemas.microsoft.com/office/word/2010/wordml",
    }.items()
)
# id -> the kind of relationship, its target, and the content of that part, None for one that is not there
Related = Mapping[str, tuple[str, str, str | bytes | None]]


def docx_bytes(body: str, styles: str = "", related: Related | None = None, types: str = "") -> bytes:
    """A Word file of the content of ``w:body``, of styles, and of parts that the document refers to.

    A target with ``://`` is an address. ``types`` are more elements of the content types.
    """
    related = {"rIdStyles": ("styles", "styles.xml", f"<w:styles {SPACES}>{styles}</w:styles>"), **(related or {})}
    members: dict[str, str | bytes] = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        f'<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{_WORD}.document.main+xml"/>{types}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="d" '
        f'Type="{_OFFICE}/relationships/officeDocument" Target="word/document.xml"/></Relationships>',
        "word/document.xml": f"<w:document {SPACES}><w:body>{body}</w:body></w:document>",
    }
    relations = ""
    for name, (kind, target, content) in related.items():
        external = ' TargetMode="External"' if ":" in target else ""
        relations += (
            f'<Relationship Id="{name}" Type="{_OFFICE}/relationships/{kind}" Target={quoteattr(target)}{external}/>'
        )
        if content is not None:
            members[f"word/{target}"] = content
    members["word/_rels/document.xml.rels"] = (
        f'<Relationships xmlns="{_PACKAGE}/relationships">{relations}</Relationships>'
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in members.items():
            package.writestr(name, content)
    return file.getvalue()


def docx(body: str, styles: str = "", related: Related | None = None, types: str = "") -> Callable[[Path], None]:
    """What writes such a file at a path, for a table of cases."""

    def build(path: Path) -> None:
        path.write_bytes(docx_bytes(body, styles, related, types))

    return build


def r(text: str, properties: str = "") -> str:
    """A run of text."""
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def p(*content: str, properties: str = "") -> str:
    """A paragraph of runs, or of plain texts."""
    runs = "".join(part if part.startswith("<") else r(part) for part in content)
    return f"<w:p><w:pPr>{properties}</w:pPr>{runs}</w:p>"


def sym(font: str, code: str) -> str:
    """A run of one sign."""
    return f'<w:r><w:sym w:font="{font}" w:char="{code}"/></w:r>'


def style(name: str, properties: str = "", kind: str = "character", based_on: str = "") -> str:
    """A style that is called as its id."""
    base = f'<w:basedOn w:val="{based_on}"/>' if based_on else ""
    return (
        f'<w:style w:type="{kind}" w:styleId="{name.replace(" ", "")}"><w:name w:val="{name}"/>{base}'
        f"<w:rPr>{properties}</w:rPr></w:style>"
    )


def tc(text: str, properties: str = "") -> str:
    """A cell of one paragraph, or of the elements given."""
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{text if text.startswith('<') else p(text)}</w:tc>"


def tr(*cells: str, properties: str = "") -> str:
    """A row of cells, or of plain texts."""
    return (
        f"<w:tr><w:trPr>{properties}</w:trPr>"
        f"{''.join(cell if cell.startswith('<w:tc') else tc(cell) for cell in cells)}</w:tr>"
    )


def tbl(*rows: str) -> str:
    """A table of rows."""
    return f"<w:tbl>{''.join(rows)}</w:tbl>"


def control(properties: str, content: str) -> str:
    """A content control."""
    return f"<w:sdt><w:sdtPr>{properties}</w:sdtPr><w:sdtContent>{content}</w:sdtContent></w:sdt>"


def form_field(data: str, code: str, result: str = "") -> str:
    """A field of an older form with its data."""
    return (
        f'<w:r><w:fldChar w:fldCharType="begin"><w:ffData>{data}</w:ffData></w:fldChar></w:r>'
        f"<w:r><w:instrText> {code} </w:instrText></w:r>"
        f'<w:r><w:fldChar w:fldCharType="separate"/></w:r>{result}<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    )


def field(code: str, result: str) -> str:
    """A field that is no form field, with its result."""
    return form_field("", code, r(result)).replace("<w:ffData></w:ffData>", "")


def math(content: str) -> str:
    """A formula."""
    return f"<m:oMath>{content}</m:oMath>"


def mr(text: str) -> str:
    """A run of a formula."""
    return f"<m:r><m:t>{text}</m:t></m:r>"


def me(*content: str, name: str = "e") -> str:
    """A part of a formula, of texts and of elements."""
    return f"<m:{name}>{''.join(one if one.startswith('<') else mr(one) for one in content)}</m:{name}>"
