#!/usr/bin/env bash
# One would guess that python-docx passes over parts that it does not know, such as the chunk of another document
# (w:altChunk) that programs put into one with the Open XML SDK, and reads the rest. True: a chunk has the content type of a
# main document, so the package is parsed as XML, and the whole file is refused with an XMLSyntaxError; Word opens it.
# Seen with python-docx 1.2.0 (docx/__init__.py, PartFactory.part_type_for; docx/opc/part.py, XmlPart.load);
# ISO/IEC 29500-1, 11.3.1 says what such a part is, AlternativeFormatImportPartType of the SDK its content type.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet python-docx==1.2.0
"$folder/venv/bin/python" - <<'PY'
import io
from importlib.metadata import version

from docx import Document
from docx.opc.constants import CONTENT_TYPE as CT
from docx.opc.constants import RELATIONSHIP_TYPE as RT
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from lxml.etree import XMLSyntaxError


def saved(document) -> bytes:
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def with_chunk(name: str, kind: str, data: bytes) -> bytes:
    """A document of one paragraph and a chunk of this content type."""
    document = Document()
    document.add_paragraph("Before the chunk")
    part = Part(PackURI(name), kind, data, document.part.package)
    chunk = OxmlElement("w:altChunk")
    chunk.set(qn("r:id"), document.part.relate_to(part, RT.A_F_CHUNK))
    document.element.body.insert(1, chunk)
    return saved(document)


inner = Document()
inner.add_paragraph("In the chunk")
page = with_chunk("/word/chunk.html", "text/html", b"<p>In the chunk</p>")
package = with_chunk("/word/chunk.docx", CT.WML_DOCUMENT_MAIN, saved(inner))
print("python-docx", version("python-docx"))
print("with a chunk of HTML:", [one.text for one in Document(io.BytesIO(page)).paragraphs])
try:
    print("with a chunk of a document:", [one.text for one in Document(io.BytesIO(package)).paragraphs])
except XMLSyntaxError as error:
    print("with a chunk of a document:", type(error).__name__, error)
else:
    raise SystemExit("it is read now")
PY
