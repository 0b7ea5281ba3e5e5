"""A conversation as a file to keep: its name and heading, and one HTML file with pictures of the cited pages in it."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import Path

from ragapp.answer.layout import Block, Items, Paragraph, lay_out
from ragapp.answer.table_text import as_prose
from ragapp.contract import Answer, Citation, Sentence
from ragapp.errors import RagappError
from ragapp.web.evidence import Evidence, EvidenceFinder, source_of
from ragapp.web.pdf_view import PdfView
from ragapp.web.runs import Exchange
from ragapp.web.ui.render import render_place
from ragapp.web.ui.render_answer import scope_told
from ragapp.web.ui.translations import told, tr
from ragapp.web.visitors import Visitor

#: pages are drawn for so many sources of a conversation; the others stand in it with their quotes alone
MOST_PICTURES = 60
NAME_CHARACTERS = 80
_STYLE = Path(__file__).parent / "export.css"
# what a file's name may not have in one system or another
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*\u2028\u2029\u202a-\u202e\u2066-\u2069]+')


@dataclass(frozen=True, slots=True)
class Heading:
    """Title and day of a conversation, ``2026-05-01``."""

    title: str
    day: str

    def file_name(self, suffix: str) -> str:
        """The name of its file in any system: ``Hotel limits 2026-05-01.md``."""
        title = " ".join(_FORBIDDEN.sub(" ", self.title).split())[:NAME_CHARACTERS].strip(" .")
        return f"{title or 'ragapp'} {self.day}{suffix}"


def heading_of(visitor: Visitor) -> Heading:
    """Title and day of the conversation that a tab shows; the first question where it is not kept."""
    kept = None
    with suppress(RagappError):  # deleted elsewhere
        kept = visitor.session.conversation if visitor.session else None
    asked = visitor.exchanges[0].question if visitor.exchanges else ""
    title = (kept.title if kept else "") or " ".join(asked.split()) or tr(visitor.language, "export.title")
    day = _day(kept.created_at) if kept else datetime.now().astimezone().date().isoformat()
    return Heading(title, day)


def content_disposition(name: str) -> str:
    """The header that has a browser store a file under a name, which may have any letters."""
    from urllib.parse import quote

    plain = name.encode("ascii", "replace").decode().replace("?", "_").replace('"', "'")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def export_html(
    heading: Heading, exchanges: Sequence[Exchange], language: str, evidence: EvidenceFinder, view: PdfView
) -> str:
    """A conversation as one HTML file that needs nothing else: no scripts, no addresses, pictures within it."""
    pictures = _Pictures(evidence, view, language)
    body = "".join(_exchange(exchange, number, language, pictures) for number, exchange in enumerate(exchanges, 1))
    below = f"{heading.day} · {tr(language, 'export.questions', n=len(exchanges))}"
    return html_file(heading.title, below, body, language)


def html_file(title: str, below: str, body: str, language: str) -> str:
    """One HTML file that needs nothing else; ``body`` is HTML, the title and the line ``below`` it are plain text."""
    return (
        f'<!doctype html>\n<html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:;'
        " style-src 'unsafe-inline'\">"
        f"<title>{escape(title)}</title><style>{_STYLE.read_text(encoding='utf-8')}</style></head><body><main>"
        f'<header><h1>{escape(title)}</h1><p class="told">{escape(below)}</p></header>{body}'
        "</main></body></html>\n"
    )


class _Pictures:
    """The pages that were cited, each drawn once."""

    def __init__(self, evidence: EvidenceFinder, view: PdfView, language: str):
        self._evidence, self._view, self._language = evidence, view, language
        self._drawn: dict[tuple[str, int], str] = {}

    def of(self, citation: Citation) -> str:
        """The page of a citation with its words marked; empty where there is none, or too many were drawn."""
        try:
            shown = self._evidence.show(source_of(citation))
            if not shown.picture:
                return ""
            key = citation.path, citation.page
            if key not in self._drawn:
                if len(self._drawn) >= MOST_PICTURES:
                    return ""
                drawn = self._view.picture(Path(citation.path), citation.page)
                self._drawn[key] = base64.b64encode(drawn).decode("ascii")
        except RagappError:
            return ""
        return _sheet(shown, self._drawn[key], self._language)


def _sheet(shown: Evidence, picture: str, language: str) -> str:
    boxes = "".join(
        f'<span class="box" style="left:{100 * box.left:.2f}%;top:{100 * box.top:.2f}%;'
        f'width:{100 * box.width:.2f}%;height:{100 * box.height:.2f}%"></span>'
        for box in shown.boxes
    )
    alt = tr(language, "evidence.picture", document=shown.source.document, page=shown.source.page)
    return f'<div class="sheet"><img src="data:image/jpeg;base64,{picture}" alt="{escape(alt)}">{boxes}</div>'


def _exchange(exchange: Exchange, number: int, language: str, pictures: _Pictures) -> str:
    within = f'<p class="told">{escape(scope_told(exchange, language))}</p>' if exchange.scope else ""
    head = f"<h2>{number}. {escape(exchange.question)}</h2>{within}"
    if exchange.answer is None:
        why = told(exchange.error, language) or tr(language, "chat.stopped")
        return f"<section>{head}<p>{escape(why)}</p></section>"
    return f"<section>{head}{_answer(exchange.answer, language, pictures)}</section>"


def _answer(answer: Answer, language: str, pictures: _Pictures) -> str:
    parts = []
    if answer.understood_as:
        parts.append(f'<p class="told">{escape(tr(language, "answer.understood", question=answer.understood_as))}</p>')
    if answer.basis == "documents":
        parts.append(f'<p class="grade {answer.grade}">{escape(tr(language, f"grade.{answer.grade}"))}</p>')
    if answer.doubt:
        parts.append(f'<p class="told">{escape(answer.doubt)}</p>')
    parts += [_block(block, language) for block in lay_out(answer)]
    if answer.not_stated:
        left = tr(language, "answer.between_parts").join(answer.not_stated)
        parts.append(f"<p>{escape(tr(language, 'answer.not_stated', parts=left))}</p>")
    if answer.note:
        parts.append(f'<p class="told">{escape(answer.note)}</p>')
    for read in answer.warnings:
        items = "".join(f"<li>{escape(told(warning, language))}</li>" for warning in read.warnings)
        title = escape(tr(language, "export.reading", document=read.document))
        parts.append(f'<p class="told">{title}</p><ul>{items}</ul>')
    if answer.citations:
        sources = "".join(_source(citation, language, pictures) for citation in answer.citations)
        parts.append(f"<h3>{escape(tr(language, 'evidence.sources'))}</h3>{sources}")
    elif answer.abstained and answer.passages:
        near = "".join(
            f"<li>{escape(passage.document)} {escape(render_place(passage, language))}</li>"
            for passage in answer.passages[:3]
        )
        parts.append(f'<p class="told">{escape(tr(language, "abstained.nearest"))}</p><ul>{near}</ul>')
    return "".join(parts)


def _source(citation: Citation, language: str, pictures: _Pictures) -> str:
    where = f"{citation.document} {render_place(citation, language)}".strip()
    quote = as_prose(citation.quote)
    return (
        f"<figure><figcaption><strong>[{citation.n}] {escape(where)}</strong><blockquote>{escape(quote)}</blockquote>"
        f"</figcaption>{pictures.of(citation)}</figure>"
    )


def _block(block: Block, language: str) -> str:
    if isinstance(block, Paragraph):
        return f"<p>{_sentences(block.sentences, language)}</p>"
    if isinstance(block, Items):
        tag = "ul" if any(item.number is None for item in block.items) else "ol"
        items = ""
        for item in block.items:
            value = f' value="{item.number}"' if tag == "ol" else ""
            items += f"<li{value}>{_sentences(item.sentences, language)}</li>"
        return f"<{tag}>{items}</{tag}>"
    head = "".join(f"<th>{escape(cell)}</th>" for cell in block.header)
    rows = ""
    for row in block.rows:
        *cells, last = map(escape, row.cells)
        flagged = [*cells, last + _flag(row.supported, language)]
        rows += f"<tr>{''.join(f'<td>{cell}</td>' for cell in flagged)}</tr>"
    return f"<table>{f'<thead><tr>{head}</tr></thead>' if head else ''}<tbody>{rows}</tbody></table>"


def _sentences(sentences: Iterable[Sentence], language: str) -> str:
    return " ".join(escape(one.text) + _flag(one.supported, language) for one in sentences)


def _flag(supported: bool, language: str) -> str:
    return "" if supported else f" <em>({escape(tr(language, 'answer.unsupported'))})</em>"


def _day(stamp: str) -> str:
    """The day of a time in UTC, where the machine stands."""
    try:
        return datetime.fromisoformat(stamp).astimezone().date().isoformat()
    except ValueError:
        return stamp[:10]


def question_file(lines: Iterable[object]) -> str:
    """Lines of a question file."""
    return "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines)
