"""OpenDocument texts, spreadsheets and presentations, in zip packages and as flat XML.

The XML is walked here: what libraries there are give either bare text or a copy of the XML's own objects.
Source of the element names: OASIS OpenDocument 1.3, part 3.
"""

from __future__ import annotations

from pathlib import Path

from ragapp.errors import ReadingError
from ragapp.reading.blocks import BlockBuilder, page_units
from ragapp.reading.document import DEFAULT_OPTIONS, Document, Reader, ReadOptions, Unit
from ragapp.reading.odf.context import OdfContext
from ragapp.reading.odf.furniture import page_furniture
from ragapp.reading.odf.names import DRAW
from ragapp.reading.odf.package import OdfParts, open_odf
from ragapp.reading.odf.sheet import add_sheets
from ragapp.reading.odf.slides import is_hidden_slide, read_slide
from ragapp.reading.odf.text import TextReader, text_reader_of
from ragapp.reading.sheets.units import SheetUnits


def read_odt(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """Read an OpenDocument text: its body, notes and comments; by pages where it says where they begin, else sections.

    Raises:
        ReadingError: the file is damaged, protected, of another kind, or not safe to open.
    """
    with open_odf(path, ".odt", options) as parts:
        if parts.is_flat and (other := _other_kind(parts, "text")):
            return _read_as(other, path, options)
        out = BlockBuilder()
        context = _context(parts, options)
        context.place = lambda: _heading_above(out)
        headers, footers = page_furniture(context)
        for line in headers:
            out.text(line)
        TextReader(context, out).container(parts.body("text"))
        out.end_list()
        for line in (*context.notes, *context.take_comments(), *footers):
            out.text(line)
        units = page_units(out, parts.stated_pages)
        return Document(parts.title or out.title or path.stem, units, warnings=_warnings(context))


def read_odp(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """Read an OpenDocument presentation: one unit a slide that is shown, with its speaker notes.

    Raises:
        ReadingError: the file is damaged, protected, of another kind, or not safe to open.
    """
    with open_odf(path, ".odp", options) as parts:
        if parts.is_flat and (other := _other_kind(parts, "presentation")):
            return _read_as(other, path, options)
        context = _context(parts, options)
        units, title = [], ""
        furniture: set[str] = set()
        presentation = parts.body("presentation")
        pages = list(presentation.iterchildren(f"{DRAW}page")) if presentation is not None else []
        for number, page in enumerate(pages, start=1):
            place = f"slide {number}"
            if is_hidden_slide(page, context):
                context.left_out.add("hidden slide", "hidden slides", place)
                continue
            context.place = lambda place=place: place  # type: ignore[misc]
            context.slide = number
            out = read_slide(page, presentation, context, furniture)
            title = title or out.title
            units.append(Unit(number, "slide", blocks=out.blocks))
        title = parts.title or title or path.stem
        return Document(title, units or [Unit(1, "slide")], warnings=_warnings(context))


def read_ods(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """Read an OpenDocument spreadsheet: its visible sheets, values as shown.

    Raises:
        ReadingError: the file is damaged, protected, of another kind, or not safe to open.
    """
    with open_odf(path, ".ods", options) as parts:
        if parts.is_flat and (other := _other_kind(parts, "spreadsheet")):
            return _read_as(other, path, options)
        context = _context(parts, options)
        sheets = SheetUnits()
        add_sheets(context, sheets, page_furniture(context))
        return sheets.document(parts.title or path.stem, _warnings(context))


def read_flat(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """Read a flat OpenDocument file by what is in it, whatever its suffix.

    Raises:
        ReadingError: it holds no text, spreadsheet or presentation, or is damaged.
    """
    with open_odf(path, "", options) as parts:
        kind = _other_kind(parts, "")
    if not kind:
        raise ReadingError("the file is an OpenDocument file of a kind that is not read", "Export it as PDF.")
    return _READERS[kind](path, options)


_READERS: dict[str, Reader] = {"text": read_odt, "spreadsheet": read_ods, "presentation": read_odp}
_CALLED = {kind: f"an OpenDocument {kind}" for kind in _READERS}


def _other_kind(parts: OdfParts, kind: str) -> str:
    """The kind of document that a file holds; empty where that is the one that it is read as, or none is found."""
    if kind and parts.body(kind) is not None:
        return ""
    return next((other for other in _READERS if parts.body(other) is not None), "")


def _read_as(kind: str, path: Path, options: ReadOptions) -> Document:
    """Read a flat file that holds another kind of document than its suffix says, and say so."""
    document = read_flat(path, options)
    document.warnings.insert(0, f"The file holds {_CALLED[kind]}; it was read as that.")
    return document


def _context(parts: OdfParts, options: ReadOptions) -> OdfContext:
    context = OdfContext(parts, options)
    context.text_of = text_reader_of(context)
    return context


def _warnings(context: OdfContext) -> list[str]:
    return [*context.parts.warnings, *context.left_out.warnings()]


def _heading_above(out: BlockBuilder) -> str:
    return out.blocks[-1].headings[-1] if out.blocks and out.blocks[-1].headings else ""
