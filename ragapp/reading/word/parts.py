"""What stands beside the text of a Word document: text boxes, charts, diagrams, pictures, embedded objects, chunks.

Source: ISO/IEC 29500-1, 20.4 (drawings), 17.3.3.19 (objects), 17.17.2 (chunks of other formats); 29500-4, 19.1 (VML).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from lxml import etree

from ragapp.errors import ReadingError
from ragapp.reading.blocks import BlockBuilder
from ragapp.reading.left_out import LeftOut
from ragapp.reading.office.open_xml import OpenPackage, Part, root_of
from ragapp.reading.package import MAX_EXPANDED, embedded_package
from ragapp.reading.pages.pictures import PictureReader
from ragapp.reading.text import decode
from ragapp.reading.word.looks import W
from ragapp.reading.word.runs import MC, chosen_alternative

_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_V = "{urn:schemas-microsoft-com:vml}"
_O = "{urn:schemas-microsoft-com:office:office}"
_DGM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}"
_WP = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}"
_CHARTS = (
    "{http://schemas.openxmlformats.org/drawingml/2006/chart}chart",
    "{http://schemas.microsoft.com/office/drawing/2014/chartex}chart",
)
_LEAST_SIDE = 360_000  # EMU, one centimetre: smaller pictures are icons and lines
_MAX_DEPTH = 4  # of documents inside documents
_MAX_CHUNKS = 500
_OBJECT_HINT = "Open the document in Word and save what is embedded as files of their own."
_CHART_HINT = "Save the document as PDF."
_CHUNK_HINT = "Open the document in Word and save it again."
_PICTURE_HINT = "Pictures that are not in the file: insert them into the document."
_WORD_TYPES = ("application/vnd.openxmlformats-officedocument.wordprocessingml", "application/vnd.ms-word")


@dataclass(slots=True)
class Shared:
    """What one file has in common, however deep its documents stand in each other."""

    left_out: LeftOut
    pictures: PictureReader
    depth: int = 0
    expanded: int = 0  # bytes of the packages inside it
    chunks: int = 0


class PartReader:
    """Reads what the elements beside the text of one part refer to.

    Args:
        part: in which the elements stand.
        out: takes what is read.
        shared: by the whole file.
        container: reads the paragraphs and tables of a text box.
        place: the heading below which the reader stands.
    """

    def __init__(
        self, part: Part, out: BlockBuilder, shared: Shared, container: Callable[[Any], None], place: Callable[[], str]
    ) -> None:
        self._part = part
        self._out = out
        self._shared = shared
        self._container = container
        self._place = place

    def read(self, element: Any) -> None:
        """Read a drawing, a VML picture, an embedded object or a text box at its place."""
        for found in self.shown(element):
            tag = found.tag
            if tag == f"{W}txbxContent":
                self._out.end_list()
                self._container(found)
                self._out.end_list()
            elif tag in _CHARTS:
                self._chart(found)
            elif tag == f"{_DGM}relIds":
                self._diagram(found)
            elif tag == f"{_V}textpath":
                self._out.text(found.get("string", ""))
            elif tag == f"{_A}txBody":
                self._shape_text(found)
            elif tag == f"{_O}OLEObject":
                self._object(found)
            else:
                self._picture(found)

    def chunk(self, element: Any, read_package: Callable[[OpenPackage], None]) -> None:
        """Read what ``w:altChunk`` brings in from another format; ``read_package`` reads a Word document."""
        relation = self._part.rels.get(element.get(f"{_R}id", ""))
        part = relation.target_part if relation is not None else None
        shared = self._shared
        shared.chunks += 1
        try:
            if part is None or shared.chunks > _MAX_CHUNKS or shared.depth >= _MAX_DEPTH:
                raise ReadingError("a part of the document is not there, or is nested too deep", _CHUNK_HINT)
            data = part.blob
            shared.expanded += len(data)
            if shared.expanded > MAX_EXPANDED:
                raise ReadingError("the document expands too far", _CHUNK_HINT)
            self._add_chunk(part, data, read_package)
        except (ReadingError, etree.XMLSyntaxError, ValueError, OSError):
            shared.left_out.add("embedded document", "embedded documents", self._place(), hint=_CHUNK_HINT)

    def _add_chunk(self, part: Part, data: bytes, read_package: Callable[[OpenPackage], None]) -> None:
        kind = part.content_type.partition(";")[0].strip()
        suffix = part.name.lower().rpartition(".")[2]
        head = data[:200].lstrip(b"\xef\xbb\xbf \r\n\t").lower()
        if data.startswith(b"PK\x03\x04") or kind.startswith(_WORD_TYPES):
            content, expanded = embedded_package(data, ".docx")
            self._shared.expanded += expanded
            if self._shared.expanded > MAX_EXPANDED:
                raise ReadingError("the document expands too far", _CHUNK_HINT)
            self._shared.depth += 1
            try:
                read_package(OpenPackage(content))
            finally:
                self._shared.depth -= 1
        elif head.startswith(b"{\\rtf"):
            from ragapp.reading.rtf.reader import add_rtf

            add_rtf(self._out, data, self._shared.left_out)
        elif kind == "message/rfc822" or suffix in ("mht", "mhtml", "eml") or head.startswith(b"mime-version:"):
            _add_web_archive(self._out, data)
        elif "html" in kind or suffix in ("htm", "html", "xhtml") or head.startswith((b"<html", b"<!doctype html")):
            _add_web_page(self._out, data)
        elif kind == "text/plain" or suffix == "txt":
            self._out.paragraphs(decode(data)[0])
        else:
            raise ReadingError(f"the part {part.name} is of a kind that is not read", _CHUNK_HINT)

    def _chart(self, element: Any) -> None:
        from ragapp.reading.office.charts import add_chart

        part = self._target(element, f"{_R}id")
        try:
            if part is None:
                raise ValueError("no part")
            add_chart(self._out, part.blob, self._shared.left_out, self._place())
        except (etree.XMLSyntaxError, ValueError, OSError):
            self._shared.left_out.add("chart", "charts", self._place(), hint=_CHART_HINT)

    def _diagram(self, element: Any) -> None:
        from ragapp.reading.office.diagrams import diagram_text

        part = self._target(element, f"{_R}dm")
        try:
            if part is None:
                raise ValueError("no part")
            drawn = self._drawn(part)
            diagram = diagram_text(part.blob, drawn.blob if drawn is not None else None)
            self._out.text(diagram.text)
        except (etree.XMLSyntaxError, ValueError, OSError):
            self._shared.left_out.add("diagram", "diagrams", self._place(), hint=_CHART_HINT)

    def _drawn(self, data: Part) -> Part | None:
        """The part with the last drawing of a diagram ([MS-ODRAWXML] 2.3.1.1)."""
        root = root_of(data)
        named = next(root.iter("{*}dataModelExt"), None) if root is not None else None
        relation = self._part.rels.get(named.get("relId", "")) if named is not None else None
        return relation.target_part if relation is not None else None

    def _shape_text(self, body: Any) -> None:
        from ragapp.reading.office.drawingml import TextContext, body_text, text_body

        context = TextContext(left_out=self._shared.left_out, place=self._place())
        self._out.text(body_text(text_body(body, context)))

    def _object(self, element: Any) -> None:
        program = element.get("ProgID", "")
        kind = (
            ("formula", "formulas") if program.startswith("Equation") else ("embedded document", "embedded documents")
        )
        self._shared.left_out.add(*kind, self._place(), hint=_CHART_HINT if kind[0] == "formula" else _OBJECT_HINT)

    def _picture(self, element: Any) -> None:
        """Add the text that is recognised in a picture."""
        part = self._target(element, f"{_R}embed") or self._target(element, f"{_R}id")
        if _is_small(element):
            return
        if part is not None:
            self._out.text(self._shared.pictures.text(part.blob, self._place()))
        elif any(element.get(f"{_R}{name}") for name in ("embed", "id", "link", "href")):
            self._shared.left_out.add("picture", "pictures", self._place(), hint=_PICTURE_HINT)

    def shown(self, element: Any) -> Iterator[Any]:
        """What a drawing shows, in order: text boxes, charts, diagrams, words as art, embedded objects and pictures.

        What stands in a text box is not looked into, and the preview of an embedded object is no picture.
        """
        if element.tag in _SHOWN:
            yield element
            return
        embedded = element.find(f"{_O}OLEObject") if element.tag == f"{W}object" else None
        if embedded is not None:
            yield embedded
            return
        for child in element:
            if child.tag == f"{MC}AlternateContent":
                chosen = chosen_alternative(child)
                if chosen is not None:
                    yield from self.shown(chosen)
            elif not isinstance(child.tag, str) or child.tag in _NOT_SHOWN:
                continue
            elif _is_hidden(child):
                self._shared.left_out.add("hidden shape", "hidden shapes", self._place())
            else:
                yield from self.shown(child)

    def _target(self, element: Any, attribute: str) -> Part | None:
        relation = self._part.rels.get(element.get(attribute, ""))
        return relation.target_part if relation is not None else None


def _is_hidden(element: Any) -> bool:
    """Whether a drawing, a shape or a picture is hidden, as the selection pane of Word does it (20.4.2.5, hidden)."""
    if "visibility:hidden" in element.get("style", "").replace(" ", "").lower():
        return True
    names = (name for name in element if isinstance(name.tag, str) and name.tag.endswith(("}docPr", "}cNvPr")))
    name = next(names, None)
    if name is None and (about := element.find("{*}nvPicPr")) is not None:
        name = about.find("{*}cNvPr")
    return name is not None and name.get("hidden", "0") in ("1", "true")


_SHOWN = frozenset(
    (f"{W}txbxContent", *_CHARTS, f"{_DGM}relIds", f"{_V}textpath", f"{_A}txBody", f"{_A}blip", f"{_V}imagedata")
)
# fills are decoration
_NOT_SHOWN = frozenset((f"{_A}blipFill", f"{_V}fill", f"{W}control"))


def _is_small(picture: Any) -> bool:
    """Whether a picture is too small to hold text, by the size of its drawing."""
    drawing = next(picture.iterancestors(f"{W}drawing"), None)
    extent = next(drawing.iter(f"{_WP}extent"), None) if drawing is not None else None
    sides = (extent.get("cx", ""), extent.get("cy", "")) if extent is not None else ()
    return any(side.isdecimal() and int(side[:12]) < _LEAST_SIDE for side in sides)


def _add_web_page(out: BlockBuilder, data: bytes) -> None:
    from ragapp.reading.html.reader import add_html, decode_markup

    add_html(out, decode_markup(data)[0])


def _add_web_archive(out: BlockBuilder, data: bytes) -> None:
    """Add the page of a web archive (MHTML, RFC 2557)."""
    import email

    message = email.message_from_bytes(data)
    parts = [part for part in message.walk() if part.get_content_type() in ("text/html", "application/xhtml+xml")]
    if not parts:
        raise ReadingError("the web archive has no page", _CHUNK_HINT)
    content = parts[0].get_payload(decode=True)
    if not isinstance(content, bytes):
        raise ReadingError("the web archive has no page", _CHUNK_HINT)
    charset = parts[0].get_content_charset()
    from ragapp.reading.html.reader import add_html, decode_markup

    add_html(out, decode(content, charset)[0] if charset else decode_markup(content)[0])
