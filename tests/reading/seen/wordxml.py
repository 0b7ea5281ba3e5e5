"""Small Word files of raw XML, for what python-docx cannot write."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006"
_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml"
NAMESPACES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    f'xmlns:r="{_OFFICE}/relationships" xmlns:m="{_OFFICE}/math" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"'
)
_HEADINGS = {
    f"Heading{level}": f'<w:style w:type="paragraph" w:styleId="Heading{level}"><w:name w:val="heading {level}"/>'
    "</w:style>"
    for level in (1, 2, 3)
}
# the parts that may stand beside the document, with their root elements
_ROOTS = {
    "numbering": "numbering",
    "styles": "styles",
    "settings": "settings",
    "footnotes": "footnotes",
    "endnotes": "endnotes",
    "comments": "comments",
}


def write_docx(path: Path, body: str, **parts: str) -> Path:
    """A Word file of these paragraphs, with the content of other parts by their names (``numbering``, ``styles``)."""
    parts = {"styles": ""} | parts
    parts["styles"] += "".join(style for name, style in _HEADINGS.items() if f'"{name}"' not in parts["styles"])
    types, relations = [], []
    members = {"word/document.xml": f"<w:document {NAMESPACES}><w:body>{body}</w:body></w:document>"}
    for name, content in parts.items():
        members[f"word/{name}.xml"] = f"<w:{_ROOTS[name]} {NAMESPACES}>{content}</w:{_ROOTS[name]}>"
        types.append(f'<Override PartName="/word/{name}.xml" ContentType="{_WORD}.{name}+xml"/>')
        relations.append(f'<Relationship Id="{name}" Type="{_OFFICE}/relationships/{name}" Target="{name}.xml"/>')
    members["[Content_Types].xml"] = (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{_WORD}.document.main+xml"/>{"".join(types)}</Types>'
    )
    relationships = "http://schemas.openxmlformats.org/package/2006/relationships"
    members["_rels/.rels"] = (
        f'<Relationships xmlns="{relationships}"><Relationship Id="document" '
        f'Type="{_OFFICE}/relationships/officeDocument" Target="word/document.xml"/></Relationships>'
    )
    members["word/_rels/document.xml.rels"] = (
        f'<Relationships xmlns="{relationships}">{"".join(relations)}</Relationships>'
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in members.items():
            package.writestr(name, f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>{content}')
    return path


def run(text: str, properties: str = "") -> str:
    """A run of text."""
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def paragraph(content: str, *, number: tuple[int, int] | None = None, style: str = "", properties: str = "") -> str:
    """A paragraph of text or of runs; ``number`` is its list and its level."""
    inner = f'<w:pStyle w:val="{style}"/>' if style else ""
    if number:
        inner += f'<w:numPr><w:ilvl w:val="{number[1]}"/><w:numId w:val="{number[0]}"/></w:numPr>'
    content = content if content.startswith("<") or not content else run(content)
    return f"<w:p><w:pPr>{inner}{properties}</w:pPr>{content}</w:p>"


def level(number: int, text: str, style: str = "decimal", start: int = 1, more: str = "") -> str:
    """A level of a list."""
    return (
        f'<w:lvl w:ilvl="{number}"><w:start w:val="{start}"/><w:numFmt w:val="{style}"/>{more}'
        f'<w:lvlText w:val="{text}"/></w:lvl>'
    )


def definition(number: int, *levels: str, more: str = "") -> str:
    """The definition of a list."""
    return f'<w:abstractNum w:abstractNumId="{number}">{more}{"".join(levels)}</w:abstractNum>'


def use(number: int, of: int, overrides: str = "") -> str:
    """The use of a definition by paragraphs."""
    return f'<w:num w:numId="{number}"><w:abstractNumId w:val="{of}"/>{overrides}</w:num>'


def start_override(number: int, start: int) -> str:
    """Where a use of a list begins one of its levels."""
    return f'<w:lvlOverride w:ilvl="{number}"><w:startOverride w:val="{start}"/></w:lvlOverride>'


def field(code: str, result: str | None = None) -> str:
    """A complex field, its code and its result being text or runs; without the mark between them if there is none."""
    codes = code if code.startswith("<") else f'<w:r><w:instrText xml:space="preserve"> {code} </w:instrText></w:r>'
    saved = "" if result is None else f"{_mark('separate')}{result if result.startswith('<') else run(result)}"
    return f"{_mark('begin')}{codes}{saved}{_mark('end')}"


def _mark(kind: str) -> str:
    return f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>'


def docx(body: str, **parts: str) -> Any:
    """What builds such a file at a path, for a table of cases."""
    return lambda path: write_docx(path, body, **parts)
