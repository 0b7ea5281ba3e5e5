"""Evidence as inert HTML; the document itself is shown by ``scripts/viewer.js``, which is told here what to show."""

from __future__ import annotations

import json
from collections.abc import Iterable
from html import escape
from typing import Any

from ragapp.contract import Answer, Citation
from ragapp.web.evidence import Evidence
from ragapp.web.ui.render import act, render_passage, render_place, table_box
from ragapp.web.ui.translations import tr
from ragapp.web.unit_text import Piece, Row, Shown
from ragapp.web.visitors import Choice


def render_empty(language: str) -> str:
    """What stands in the evidence column before there is any."""
    return f'<div class="evidence-empty"><p>{tr(language, "evidence.empty")}</p></div>'


def render_evidence(answer: Answer, choice: Choice, shown: Evidence | None, language: str) -> str:
    """The evidence column of one answer: its citations, the chosen one, and what else was found."""
    chips = "".join(_chip(citation, choice, language) for citation in answer.citations)
    sources = escape(tr(language, "evidence.sources"))
    chips = f'<div class="chips" role="group" aria-label="{sources}">{chips}</div>' if chips else ""
    view = render_view(shown, language) if shown else ""
    used = {(citation.path, citation.page) for citation in answer.citations}
    others = [p for p in answer.passages if (p.path, p.page) not in used or answer.abstained]
    rest = "".join(f"<li>{render_passage(p, choice.exchange, language, score=True)}</li>" for p in others)
    title = tr(language, "evidence.nearest" if answer.abstained else "evidence.others", n=len(others))
    opened = " open" if answer.abstained and not view else ""
    more = f'<details class="others"{opened}><summary>{escape(title)}</summary><ul class="near">{rest}</ul></details>'
    return f'<div class="evidence">{chips}{view}{more if rest else ""}</div>'


def render_view(shown: Evidence, language: str) -> str:
    """A place that the viewer opens a document in; the words themselves where the document has gone."""
    if shown.id:
        data = json.dumps(view_data(shown, language), ensure_ascii=False)
        return f'<div class="view-data" data-view="{escape(data)}"></div>'
    source = shown.source
    quote = f'<blockquote class="quote"><mark>{escape(source.quote)}</mark></blockquote>' if source.quote else ""
    return (
        f'<article class="view gone"><div class="view-title"><strong>{escape(source.document)}</strong> '
        f"<span>{escape(render_place(source, language))}</span></div>"
        f'<p class="note">{tr(language, "evidence.removed")}</p>{quote}</article>'
    )


def view_data(shown: Evidence, language: str) -> dict[str, Any]:
    """What ``scripts/viewer.js`` is told of a document and a place in it; all texts are plain."""
    source = shown.source
    mark = ",".join(f"{start}-{end}" for start, end in shown.spans)
    return {
        "id": shown.id,
        "name": source.document,
        "page": source.page,
        "place": render_place(source, language),
        "path": " › ".join(shown.headings),
        "pictures": shown.picture,
        "boxes": [[round(side, 5) for side in (b.left, b.top, b.width, b.height)] for b in shown.boxes],
        "mark": mark,
        "seal": shown.seal,
        "part": shown.part,
        "notes": _notes(shown, language),
        # words that cannot be marked on the picture stand above it
        "quote": " ".join(source.quote.split()) if shown.picture and not shown.boxes else "",
        "file": f"/ui/file/{shown.id}" if shown.file != "gone" else "",
    }


def render_part(blocks: Iterable[Shown]) -> str:
    """A part of a document's stored text."""
    return "".join(_table(block.rows) if block.kind == "table" else _block(block) for block in blocks)


def _chip(citation: Citation, choice: Choice, language: str) -> str:
    place = render_place(citation, language)
    chosen = choice.kind == "citation" and choice.n == citation.n
    where = f"{citation.document} {place}".strip()
    inner = f'<span class="n">{citation.n}</span> {escape(where)}'
    label = tr(language, "answer.source", n=citation.n, where=where)
    css = "chip chosen" if chosen else "chip"
    return act("pick", label, inner=inner, css=css, turn=choice.exchange, kind="citation", n=citation.n)


def _notes(shown: Evidence, language: str) -> list[str]:
    notes = []
    if shown.file != "same":
        notes.append(f"evidence.{shown.file}")
    if shown.ocr:
        notes.append("evidence.ocr")
    marked = shown.boxes if shown.picture else shown.spans
    if shown.source.quote and not marked and not shown.ocr:
        notes.append("evidence.unmarked")
    return [tr(language, note) for note in notes]


def _block(block: Shown) -> str:
    inner = "".join(map(_piece, block.pieces))
    if block.kind != "heading":
        return f'<p class="block">{inner}</p>'
    return f'<p class="block title" role="heading" aria-level="{min(max(block.level, 1) + 2, 6)}">{inner}</p>'


def _table(rows: Iterable[Row]) -> str:
    lines = []
    for row in rows:
        tag = 'th scope="col"' if row.head else "td"
        cells = "".join(f"<{tag}>{''.join(map(_piece, cell))}</{tag[:2]}>" for cell in row.cells)
        lines.append(f"<tr>{cells}</tr>")
    return table_box("table", f"<table>{''.join(lines)}</table>")


def _piece(piece: Piece) -> str:
    text = escape(piece.text)
    if piece.hit is None:
        return f'<mark class="cited">{text}</mark>' if piece.cited else text
    css = "hit cited" if piece.cited else "hit"
    return f'<mark class="{css}" data-hit="{piece.hit}">{text}</mark>'
