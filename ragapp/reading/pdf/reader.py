"""PDF by pypdfium2; by pypdf where pdfium refuses the file or finds no text; pages that are scans by OCR."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pypdfium2 import PdfDocument, PdfiumError
from pypdfium2 import raw as pdfium

from ragapp.errors import ReadingError
from ragapp.plain_words import counted
from ragapp.reading.document import DEFAULT_OPTIONS, Block, Coverage, Document, ReadOptions, Unit
from ragapp.reading.leaders import shortened
from ragapp.reading.left_out import LeftOut
from ragapp.reading.pages import ocr
from ragapp.reading.pages.grids import gathered
from ragapp.reading.pages.headers_footers import split_headers_footers
from ragapp.reading.pages.layout import (
    Line,
    beside_prose,
    climbs,
    drawn_by_columns,
    in_reading_order,
    median_line_height,
    merge_rows,
    spans_columns,
)
from ragapp.reading.pages.page_blocks import Flow, page_blocks
from ragapp.reading.pages.paragraphs import HYPHEN, dehyphenate, known_words
from ragapp.reading.pages.type_headings import Above, Cut, heading_types, typed_sections
from ragapp.reading.pdf.layers import find_hidden, remove_hidden
from ragapp.reading.pdf.objects import garbled
from ragapp.reading.pdf.opening import open_pdf
from ragapp.reading.pdf.page import Page, read_page
from ragapp.reading.pdf.recognition import PageRecogniser
from ragapp.reading.pdf.structure import Structure, read_structure, sections
from ragapp.reading.pdf.xfa import form_data, says_wait
from ragapp.reading.text import clean

if TYPE_CHECKING:
    from pypdf import PageObject, PdfReader

_SHOW_LAYERS = "Switch them on in a PDF program and save the file if they are to be read."


@dataclass(slots=True)
class _Reading:
    """One file while it is read."""

    pdf: PdfDocument
    options: ReadOptions
    forms: bool  # whether it has form fields
    layered: bool  # whether it has layers that are switched off
    recogniser: PageRecogniser
    left_out: LeftOut
    warnings: list[str]


def read_pdf(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """Read a PDF, one unit a page."""
    logging.getLogger("pypdfium2").setLevel(logging.ERROR)
    try:
        pdf = open_pdf(path, options.passwords)
        hidden = find_hidden(path, options.passwords)
        if hidden is not None:
            with closing(pdf):
                pdf = PdfDocument(hidden.data)
    except PdfiumError as error:
        return _second_try(path, options, f"not a readable PDF ({_reason(error)})")
    left_out, remarks = LeftOut(), list[str]()
    recogniser = PageRecogniser(len(pdf), options, left_out, remarks)
    reading = _Reading(pdf, options, pdf.get_formtype() != 0, hidden is not None, recogniser, left_out, remarks)
    for name in hidden.names if hidden is not None else []:
        reading.left_out.add("hidden layer", "hidden layers", name, hint=_SHOW_LAYERS)
    with closing(pdf):
        if len(pdf) == 0:
            raise ReadingError("the PDF has no pages", "Check the original.")
        if reading.forms:
            pdf.init_forms()
        structure = read_structure(pdf)
        pages = [_read(reading, index) for index in range(len(pdf))]
        if reading.forms:
            _read_dynamic_form(reading, pages)
        signatures = pdfium.FPDF_GetSignatureCount(pdf)
    if not any(page.lines or page.pictured or page.fields for page in pages):
        try:
            return _second_try(path, options, "no text")
        except ReadingError:
            pass  # empty it is
    units = _units(pages, structure)
    warnings = [*reading.warnings, *reading.left_out.warnings(), *ocr.coverage_warnings(units, options)]
    if structure.attachments:
        warnings.append(f"Attachments were not read: {', '.join(structure.attachments)}.")
    if signatures > 0:
        warnings.append(f"Digital signatures were not checked: {signatures}.")
    return Document(structure.title or path.stem, units, warnings=warnings)


def _read_dynamic_form(reading: _Reading, pages: list[Page]) -> None:
    """Put the data of a form whose pages only a viewer makes (XFA) in the place of the page that asks to wait."""
    first = pages[0]
    if not says_wait("\n".join(line.text for line in first.lines)):
        return
    first.fields, first.lines = form_data(reading.pdf), []
    first.coverage = "text" if first.fields else "empty"
    if not first.fields:
        reading.warnings.append(
            "The form (dynamic XFA) was not read: only Adobe Acrobat and Reader show it. "
            "Open it there and print it to a new PDF."
        )
    else:
        reading.warnings.append(
            "Of the form (dynamic XFA) only what was filled in was read, not its own text. "
            "Print it to a new PDF in Adobe Acrobat or Reader if that is needed."
        )


def _reason(error: Exception) -> str:
    return str(error).removeprefix("Failed to load document ").strip("().")


def _read(reading: _Reading, index: int) -> Page:
    pdf, options = reading.pdf, reading.options
    options.tick(index + 1, len(pdf), False)
    try:
        with closing(pdf[index]) as page:
            if reading.layered:
                remove_hidden(page)
            found = read_page(page, reading.forms, f"p. {index + 1}", reading.left_out)
            recognised = reading.recogniser.read(page, index, found)
            options.found(sum(len(line.text) + 1 for line in found.lines))
            if recognised:
                return found
            found.lines = gathered(_ordered(found.lines), found.grids)
            found.turned = [_ordered(lines) for lines in found.turned]
            return found
    except PdfiumError as error:
        reading.warnings.append(f"Page {index + 1} could not be read ({_reason(error)}).")
        return Page(1.0)


def _ordered(lines: list[Line]) -> list[Line]:
    """The lines in reading order, which is the order of drawing unless that is plainly wrong."""
    em = median_line_height(lines)
    merged = merge_rows(lines, em)
    jumps = climbs(merged)
    by_columns = drawn_by_columns(merged, em)
    if not jumps and not by_columns and not spans_columns(merged, em):
        return merged
    if 4 * sum(line.height > 2 * (line.x1 - line.x0) for line in merged) > len(merged):
        return merged  # signs of a formula, which are taller than wide
    ordered = merge_rows(in_reading_order(merged, em), em)
    if not by_columns and beside_prose(ordered) > beside_prose(merged) + 2:
        return merged  # columns whose gap goes on into something else were taken for rows
    return ordered if climbs(ordered) <= jumps else merged


def _units(pages: list[Page], structure: Structure) -> list[Unit]:
    drawn = [[[line for line in page.lines if grid.has(line)] for grid in page.grids] for page in pages]
    heights = [page.height for page in pages]
    split = split_headers_footers([page.lines for page in pages], heights, structure.labels, drawn)
    texts = [line.text for lines in split.kept for line in lines]
    known = known_words(texts if any(HYPHEN in text for text in texts) else ())
    units = []
    in_tables = [
        [any(grid.has(line) for grid in page.grids) for line in lines]
        for page, lines in zip(pages, split.kept, strict=True)
    ]
    outlined = _outlined(split.kept, structure, heights)
    types = heading_types(split.kept, in_tables)
    if structure.entries:
        cut = zip(split.kept, outlined, strict=True)
        types = types.below(lines[start] for lines, cuts in cut for start, own, _ in cuts if own)
    above = Above()
    flow = Flow()
    for index, (page, lines) in enumerate(zip(pages, split.kept, strict=True)):
        cuts, above = typed_sections(lines, in_tables[index], types, outlined[index], above)
        head, foot = (_told(told, cuts[0][2]) for told in (split.heads.get(index, []), split.feet.get(index, [])))
        running = cuts[-1][2]
        found = _blocks(lines, page, cuts, flow)
        blocks = head + [Block(_told_shortly(block, known), block.kind, block.headings) for block in found]
        blocks += [Block("\n".join(page.fields), "text", running)] if page.fields else []
        for turned in page.turned:
            blocks += page_blocks(turned, [], median_line_height(turned), running)
        blocks += [Block(text, "text", running) for text in page.in_pictures]
        blocks += foot + [Block(note, "text", running) for note in page.notes]
        label = structure.labels.get(index, "")
        units.append(Unit(index + 1, "page", label, blocks, page.coverage, page.confidence))
        if page.coverage == "empty" and blocks:
            units[-1].coverage = "text"
    return units


def _outlined(pages: list[list[Line]], structure: Structure, heights: list[float]) -> list[list[Cut]]:
    """The sections of each page that the outline makes."""
    found: list[list[Cut]] = []
    running: tuple[str, ...] = ()
    for index, (lines, height) in enumerate(zip(pages, heights, strict=True)):
        cuts, running = sections(lines, running, structure.entries.get(index, []), height)
        found.append(cuts)
    return found


def _told_shortly(block: Block, known: Counter[str]) -> str:
    text = dehyphenate(block.text, known)
    return text if block.kind == "table" else shortened(text)


def _told(lines: list[Line], path: tuple[str, ...]) -> list[Block]:
    """A running header or footer, apart from the text of the page."""
    return [Block("\n".join(line.text for line in lines), "text", path)] if lines else []


def _blocks(lines: list[Line], page: Page, cuts: list[Cut], flow: Flow) -> Iterator[Block]:
    em = median_line_height(lines)
    ends = [start for start, _, _ in cuts[1:]] + [len(lines)]
    for (start, heading, path), end in zip(cuts, ends, strict=True):
        if heading:
            flow.table = None
            yield Block(" ".join(line.text for line in lines[start : start + heading]), "heading", path)
        yield from page_blocks(lines[start + heading : end], page.rules, em, path, flow, page.grids)


def _second_try(path: Path, options: ReadOptions, problem: str) -> Document:
    """The plain text by pypdf, which repairs some files that pdfium refuses; ReadingError(``problem``) without any."""
    import pypdf

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    units: list[Unit] = []
    # pypdf raises many kinds of errors on broken files
    try:
        reader = pypdf.PdfReader(path)
        if reader.is_encrypted:
            any(reader.decrypt(password) for password in ("", *options.passwords))
        pages = _pages_of(reader)
        for number, page in enumerate(pages, start=1):
            options.tick(number, len(pages), False)
            try:
                text = clean(page.extract_text()).strip()
            except Exception:
                text = ""
            good = bool(text) and not garbled(text)
            coverage: Coverage = "text" if good else "needs_ocr" if text else "empty"
            units.append(Unit(number, "page", blocks=[Block(text)] if good else [], coverage=coverage))
    except Exception:
        units = []
    if not any(unit.blocks for unit in units):
        raise ReadingError(problem, "Open it in a viewer and save it again.")
    empty = sum(not unit.blocks for unit in units)
    warnings = ["The file is damaged or unusual; its text was read in a simpler way, and some of it may be missing."]
    if empty:
        warnings.append(f"{empty} of {counted(len(units), 'page')} without text that can be read.")
    return Document(path.stem, units, warnings=warnings)


def _pages_of(reader: PdfReader) -> list[PageObject]:
    """The pages by the page tree, or, where that is lost, all page objects in the order of their numbers."""
    import pypdf

    try:
        pages = list(reader.pages)
    except Exception:
        pages = []
    if pages:
        return pages
    for number in sorted(reader.xref.get(0, {})):
        try:
            item = reader.get_object(number)
            if isinstance(item, dict) and item.get("/Type") == "/Page":
                pages.append(pypdf.PageObject(reader, pypdf.generic.IndirectObject(number, 0, reader)))
                pages[-1].update(item)
        except Exception:
            continue
    return pages
