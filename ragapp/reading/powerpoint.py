"""PowerPoint presentations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pptx.enum.shapes import PP_PLACEHOLDER
from pptx.package import Package

from ragapp.reading.blocks import BlockBuilder
from ragapp.reading.document import DEFAULT_OPTIONS, Document, ReadOptions, Unit
from ragapp.reading.package import given_title, open_package
from ragapp.reading.tables import spread_cells
from ragapp.reading.text import clean

_FURNITURE = (PP_PLACEHOLDER.DATE, PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.SLIDE_NUMBER)
_MAX_LEVEL = 8  # the format knows nine levels of a list; a damaged file may name any number


def read_pptx(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """Read a presentation: one unit a slide, with its speaker notes."""
    with open_package(path, ".pptx", options) as content:
        # pptx.Presentation() itself refuses slide shows and templates, which are the same inside
        deck = Package.open(content).main_document_part.presentation
        units, first_title = [], ""
        for number, slide in enumerate(deck.slides, start=1):
            out = BlockBuilder()
            _read_slide(slide, out)
            first_title = first_title or out.title
            units.append(Unit(number, "slide", blocks=out.blocks))
        title = given_title(deck.core_properties.title) or first_title or path.stem
        return Document(title, units or [Unit(1, "slide")])


def _read_slide(slide: Any, out: BlockBuilder) -> None:
    title = slide.shapes.title
    if title is not None:
        out.heading(1, title.text_frame.text)
    title_id = title.shape_id if title is not None else None
    _read_shapes([shape for shape in slide.shapes if shape.shape_id != title_id], out)
    notes = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
    text = clean(notes.text).strip() if notes is not None else ""
    out.text(f"Notes: {text}" if text else "")


def _read_shapes(shapes: list[Any], out: BlockBuilder) -> None:
    for shape in sorted(shapes, key=lambda shape: (shape.top or 0, shape.left or 0)):
        if hasattr(shape, "shapes"):
            _read_shapes(list(shape.shapes), out)
        for content, reader in (("table", _read_table), ("chart", _read_chart), ("text_frame", _read_frame)):
            if getattr(shape, f"has_{content}", False) and not _is_furniture(shape):
                reader(shape, out)


def _is_furniture(shape: Any) -> bool:
    """Whether a shape repeats on every slide: date, footer, slide number."""
    return shape.is_placeholder and shape.placeholder_format.type in _FURNITURE


def _read_frame(shape: Any, out: BlockBuilder) -> None:
    lines = [
        ("  " * min(paragraph.level - 1, _MAX_LEVEL) + "- " if paragraph.level else "") + paragraph.text.strip()
        for paragraph in shape.text_frame.paragraphs
        if paragraph.text.strip()
    ]
    out.text("\n".join(lines))


def _read_table(shape: Any, out: BlockBuilder) -> None:
    rows = [
        [(cell.text, cell.span_height, cell.span_width) for cell in row.cells if not cell.is_spanned]
        for row in shape.table.rows
    ]
    out.table(spread_cells(rows))


def _read_chart(shape: Any, out: BlockBuilder) -> None:
    chart = shape.chart
    if chart.has_title and chart.chart_title.has_text_frame:
        out.text(chart.chart_title.text_frame.text)
    for plot in chart.plots:
        names = ["", *(series.name for series in plot.series)]
        columns = [[str(category) for category in plot.categories], *map(_series_values, plot.series)]
        rows = [list(row) for row in zip(*columns, strict=False)]
        if rows:
            out.table([names, *rows])


def _series_values(series: Any) -> list[str]:
    return ["" if value is None else f"{value:.15g}" for value in series.values]
