"""Answers and documents as inert HTML: every text that comes from a document, a question or a model is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from ragapp.answer.grounding import MARK
from ragapp.answer.result import Answer, Citation
from ragapp.index.records import DocumentRow, UnreadFile
from ragapp.reading.document import place_name
from ragapp.retrieval.passage import Passage

# skipped files that are named
_NAMED = 3


def render_partial(text: str) -> str:
    """An answer that is still being written; its marks come when they are checked."""
    return f'<div class="answer">{escape(MARK.sub("", text))}<span class="cursor"></span></div>'


def render_thought(text: str) -> str:
    """What a model thinks before it answers, folded."""
    return f'<details class="thought"><summary>Thinking …</summary><p>{escape(text)}</p></details>'


def render_answer(answer: Answer) -> str:
    """A checked answer: marks for its sources, sentences without support marked as such."""
    if answer.abstained:
        return f'<div class="answer abstained">{escape(answer.answer)}</div>'
    parts = []
    for sentence in answer.sentences:
        text = escape(MARK.sub("", sentence.text))
        marks = "".join(f'<sup class="mark">{n}</sup>' for n in sentence.citations)
        if sentence.supported:
            parts.append(f"<span>{text}{marks}</span>")
        else:
            parts.append(f'<span class="unsupported" title="Not found in the passages">{text} (not found)</span>')
    return f'<div class="answer">{" ".join(parts)}</div>'


def render_sources(answer: Answer) -> str:
    """The quotes that an answer rests on, or the nearest passages when the documents do not say."""
    if answer.abstained:
        shown = "".join(_passage(passage) for passage in answer.passages)
        return f'<h3>Nearest passages</h3><ol class="sources">{shown}</ol>' if shown else ""
    shown = "".join(_citation(citation) for citation in answer.citations)
    return f'<h3>Sources</h3><ol class="sources">{shown}</ol>' if shown else ""


def render_status(text: str, *, error: bool = False) -> str:
    """A line that says what goes on."""
    return f'<div class="status{" error" if error else ""}" role="status">{escape(text)}</div>'


def render_figures(answer: Answer) -> str:
    """Model and seconds of an answer."""
    timings = answer.timings
    first = f" · first word after {timings['first_token_s']:.1f} s" if "first_token_s" in timings else ""
    return render_status(f"{answer.model} · {timings['total_s']:.1f} s{first}")


def render_documents(documents: Sequence[DocumentRow], unread: Sequence[UnreadFile]) -> str:
    """What the assistant can see, and what it can't, with the reason."""
    if not documents and not unread:
        return '<p class="empty">No documents yet. Put files into the drop folder.</p>'
    rows = "".join(
        f"<li><strong>{escape(row.name)}</strong> <small>{row.units} "
        f"{'page' if row.units == 1 else 'pages'}, {row.chunks} passages{_gap(row)}</small></li>"
        for row in documents
    )
    failed = "".join(
        f'<li class="failed"><strong>{escape(Path(file.path).name)}</strong> '
        f"<small>{escape(file.reason)}. {escape(file.hint)}</small></li>"
        for file in unread
        if file.status == "failed"
    )
    return f'<ul class="documents">{failed}{rows}</ul>{_skipped([f for f in unread if f.status == "skipped"])}'


def _skipped(files: Sequence[UnreadFile]) -> str:
    """A line for all files that have no reader: there may be thousands."""
    if not files:
        return ""
    names = ", ".join(escape(Path(file.path).name) for file in files[:_NAMED])
    more = f" and {len(files) - _NAMED} more" if len(files) > _NAMED else ""
    return f'<p class="skipped"><small>Skipped, not of a kind that is read: {names}{more}</small></p>'


def _gap(row: DocumentRow) -> str:
    without = f", {row.units_without_text} without text" if row.units_without_text else ""
    return without + (f", {row.units_ocr} by OCR" if row.units_ocr else "")


def _citation(citation: Citation) -> str:
    place = _place(citation.document, citation.kind, citation.page, citation.label)
    quote = escape(" ".join(citation.quote.split()))
    return f'<li value="{citation.n}"><div class="place">{place}</div><blockquote>{quote}</blockquote></li>'


def _passage(passage: Passage) -> str:
    chunk = passage.chunk
    place = _place(chunk.document, chunk.kind, chunk.unit, chunk.label)
    return f'<li><div class="place">{place}</div><blockquote>{escape(chunk.text)}</blockquote></li>'


def _place(document: str, kind: str, page: int, label: str) -> str:
    return f"{escape(document)} <small>{escape(place_name(kind, page, label))}</small>"
