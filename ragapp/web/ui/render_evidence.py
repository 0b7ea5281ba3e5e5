"""Evidence as inert HTML: the page with its words marked, or the stored text."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from ragapp.contract import Answer, Citation
from ragapp.reading.tables import row_cells
from ragapp.web.evidence import Block, Evidence
from ragapp.web.ui.render import act, render_passage, render_place, table_box
from ragapp.web.ui.translations import tr
from ragapp.web.visitors import Choice

# a unit's text longer than this is shown around its quote
SHOWN_CHARACTERS = 8000


def render_empty(language: str) -> str:
    """What stands in the evidence column before there is any."""
    return f'<div class="evidence-empty"><p>{tr(language, "evidence.empty")}</p></div>'


def render_evidence(answer: Answer, choice: Choice, shown: Evidence | None, language: str) -> str:
    """The evidence column of one answer: its citations, the chosen one, and what else was found."""
    chips = "".join(_chip(citation, choice, language) for citation in answer.citations)
    sources = escape(tr(language, "evidence.sources"))
    chips = f'<div class="chips" role="group" aria-label="{sources}">{chips}</div>' if chips else ""
    view = render_view(shown, language, "pick", turn=choice.exchange, kind=choice.kind, n=choice.n) if shown else ""
    used = {(citation.path, citation.page) for citation in answer.citations}
    others = [p for p in answer.passages if (p.path, p.page) not in used or answer.abstained]
    rest = "".join(f"<li>{render_passage(p, choice.exchange, language, score=True)}</li>" for p in others)
    title = tr(language, "evidence.nearest" if answer.abstained else "evidence.others", n=len(others))
    opened = " open" if answer.abstained else ""
    more = f'<details class="others"{opened}><summary>{escape(title)}</summary><ul class="near">{rest}</ul></details>'
    return f'<div class="evidence">{chips}{view}{more if rest else ""}</div>'


def render_view(shown: Evidence, language: str, leaf: str, **values: Any) -> str:
    """One unit of a document; the buttons to the units before and behind do ``leaf`` with ``values`` and the page."""
    source = shown.source
    place = render_place(source, language)
    path = " › ".join(shown.headings)
    heading = f'<div class="heading-path">{escape(path)}</div>' if path else ""
    title = f'<div class="view-title"><strong>{escape(source.document)}</strong> <span>{escape(place)}</span></div>'
    body = _picture(shown, language) if shown.picture else _text(shown)
    return (
        f'<article class="view">{title}{heading}{_bar(shown, language, leaf, values)}'
        f"{_notes(shown, language)}{body}</article>"
    )


def _chip(citation: Citation, choice: Choice, language: str) -> str:
    place = render_place(citation, language)
    chosen = choice.kind == "citation" and choice.n == citation.n
    where = f"{citation.document} {place}".strip()
    inner = f'<span class="n">{citation.n}</span> {escape(where)}'
    label = tr(language, "answer.source", n=citation.n, where=where)
    css = "chip chosen" if chosen else "chip"
    return act("pick", label, inner=inner, css=css, turn=choice.exchange, kind="citation", n=citation.n)


def _bar(shown: Evidence, language: str, leaf: str, values: Mapping[str, Any]) -> str:
    page, units = shown.source.page, shown.units
    parts = []
    if units > 1:
        back = act(leaf, tr(language, "evidence.back"), inner="‹", css="leaf", page=page - 1, **values)
        on = act(leaf, tr(language, "evidence.on"), inner="›", css="leaf", page=page + 1, **values)
        parts.append(back if page > 1 else '<span class="leaf off"></span>')
        parts.append(f'<span class="at">{tr(language, "evidence.at", page=page, units=units)}</span>')
        parts.append(on if page < units else '<span class="leaf off"></span>')
    if shown.id and shown.file != "gone":
        anchor = f"#page={page}" if shown.source.kind == "page" else ""
        parts.append(
            f'<a class="open" href="/ui/file/{shown.id}{anchor}" target="_blank" rel="noopener noreferrer">'
            f"{tr(language, 'evidence.open')}</a>"
        )
    return f'<div class="view-bar">{"".join(parts)}</div>' if parts else ""


def _notes(shown: Evidence, language: str) -> str:
    notes = []
    if not shown.id:
        notes.append("evidence.removed")
    elif shown.file != "same":
        notes.append(f"evidence.{shown.file}")
    if shown.ocr:
        notes.append("evidence.ocr")
    marked = shown.boxes if shown.picture else shown.found
    if shown.source.quote and shown.id and not marked and not shown.ocr:
        notes.append("evidence.unmarked")
    told = "".join(f'<p class="note">{tr(language, note)}</p>' for note in notes)
    if shown.source.quote and shown.picture and not shown.boxes:
        told += f'<blockquote class="quote">{escape(" ".join(shown.source.quote.split()))}</blockquote>'
    return told


def _picture(shown: Evidence, language: str) -> str:
    source = shown.source
    boxes = "".join(
        f'<span class="box" style="left:{100 * box.left:.2f}%;top:{100 * box.top:.2f}%;'
        f'width:{100 * box.width:.2f}%;height:{100 * box.height:.2f}%"></span>'
        for box in shown.boxes
    )
    label = tr(language, "evidence.picture", document=source.document, page=source.page)
    return (
        f'<div class="sheet" style="aspect-ratio:1/{shown.ratio:.4f}">'
        f'<img src="/ui/page/{shown.id}/{source.page}.jpg" alt="{escape(label)}">{boxes}</div>'
    )


def _text(shown: Evidence) -> str:
    blocks = "".join(_block(block) for block in _around(shown.blocks))
    return f'<div class="unit-text">{blocks}</div>' if blocks else ""


def _around(blocks: tuple[Block, ...]) -> list[Block]:
    """The blocks about the quote, as many as may be shown."""
    sizes = [sum(len(text) for text, _ in block.pieces) for block in blocks]
    if sum(sizes) <= SHOWN_CHARACTERS:
        return list(blocks)
    marked = [n for n, block in enumerate(blocks) if any(mark for _, mark in block.pieces)] or [0]
    first, last, room = marked[0], marked[-1], SHOWN_CHARACTERS
    room -= sum(sizes[first : last + 1])
    while room > 0 and (first > 0 or last < len(blocks) - 1):
        if first > 0:
            first -= 1
            room -= sizes[first]
        if last < len(blocks) - 1 and room > 0:
            last += 1
            room -= sizes[last]
    shown = list(blocks[first : last + 1])
    more = Block("text", (("…", False),))
    return [more] * (first > 0) + shown + [more] * (last < len(blocks) - 1)


def _block(block: Block) -> str:
    if block.kind == "table":
        return _table(block)
    inner = "".join(f"<mark>{escape(text)}</mark>" if marked else escape(text) for text, marked in block.pieces)
    return f'<p class="block {"title" if block.kind == "heading" else ""}">{inner}</p>'


def _table(block: Block) -> str:
    """Markdown rows as a table; a row that the quote touches is marked."""
    rows: list[tuple[str, bool]] = [("", False)]
    for text, marked in block.pieces:
        first, *others = text.split("\n")
        line, touched = rows[-1]
        rows[-1] = line + first, touched or (marked and bool(first.strip(" |")))
        rows += [(other, marked and bool(other.strip(" |"))) for other in others]
    shown: list[str] = []
    touching = [n for n, (_, marked) in enumerate(rows) if marked]
    near = touching[0] if touching else 0
    for number, (line, marked) in enumerate(rows):
        cells = row_cells(line)
        if not line.strip() or all(set(cell) <= set("-: ") for cell in cells):
            continue
        if number > 2 and not near - 15 <= number <= (touching[-1] if touching else 0) + 25:
            continue
        tag = "th" if not shown else "td"
        texts = (f"<mark>{escape(cell)}</mark>" if marked and cell else escape(cell) for cell in cells)
        shown.append(f"<tr>{''.join(f'<{tag}>{text}</{tag}>' for text in texts)}</tr>")
    return table_box("table", f"<table>{''.join(shown)}</table>")
