"""The documents and what becomes of files, as inert HTML."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from ragapp.index.analysis import fold
from ragapp.index.records import DocumentRow, UnreadFile
from ragapp.ingest.conditions import REMOVED
from ragapp.web.ingest_job import FileState, JobState
from ragapp.web.ui.render import act
from ragapp.web.ui.translations import tr

COLUMNS = ("name", "type", "pages", "coverage", "warnings", "date", "size")
# more rows are shown when they are asked for
ROWS = 100
# files of a run that are named
_FILES = 8


@dataclass(frozen=True, slots=True)
class Listing:
    """How the documents are listed.

    Attributes:
        search: words that name, title or path must have.
        column: one of :data:`COLUMNS`.
        down: whether the largest comes first.
        rows: how many are shown.
    """

    search: str = ""
    column: str = "name"
    down: bool = False
    rows: int = ROWS


def select(documents: Iterable[DocumentRow], listing: Listing) -> list[DocumentRow]:
    """The documents that a listing asks for, in its order."""
    words = _plain(listing.search).split()
    found = [row for row in documents if all(word in _plain(f"{row.name} {row.title} {row.path}") for word in words)]
    keys = {
        "name": lambda row: _plain(row.name),
        "type": lambda row: (suffix(row.name), _plain(row.name)),
        "pages": lambda row: row.units,
        "coverage": coverage,
        "warnings": lambda row: len(row.warnings),
        "date": lambda row: row.ingested_at,
        "size": lambda row: row.size,
    }
    return sorted(found, key=keys.get(listing.column, keys["name"]), reverse=listing.down)


def coverage(row: DocumentRow) -> float:
    """Share of a document's units whose text is known, 0 to 1."""
    return (row.units - row.units_without_text) / row.units if row.units else 0.0


def suffix(name: str) -> str:
    """What a file is called by its name's end: PDF, DOCX, …"""
    return Path(name).suffix.removeprefix(".").upper()


def render_table(documents: Sequence[DocumentRow], listing: Listing, language: str, chosen: int = 0) -> str:
    """The table of documents."""
    if not documents:
        return ""
    rows = select(documents, listing)
    head = "".join(_head(column, listing, language) for column in COLUMNS)
    body = "".join(_row(row, language, chosen) for row in rows[: listing.rows])
    more = ""
    if len(rows) > listing.rows:
        label = tr(language, "documents.more", n=len(rows) - listing.rows)
        more = f'<p class="more">{act("documents", label, what="more")}</p>'
    told = tr(language, "documents.count", n=len(rows), all=len(documents))
    all_label = escape(tr(language, "documents.all"))
    return (
        f'<p class="count" role="status">{told}</p><div class="table-wrap" tabindex="0" role="region"'
        f' aria-label="{escape(tr(language, "documents.table"))}"><table class="documents"><thead><tr>'
        f'<th class="tick"><input type="checkbox" class="tick-all" aria-label="{all_label}"></th>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>{more}"
    )


def render_failures(unread: Sequence[UnreadFile], language: str) -> str:
    """Files that are not in the store, with the reason and what helps."""
    failed = [file for file in unread if file.status == "failed"]
    removed = [file for file in unread if file.reason == REMOVED]
    skipped = [file for file in unread if file.status == "skipped" and file.reason != REMOVED]
    return (
        _group(failed, "documents.failed", language, opened=True)
        + _group(skipped, "documents.skipped", language)
        + _group(removed, "documents.removed", language)
    )


def render_job(job: JobState, language: str) -> str:
    """What is being taken in, file by file."""
    working = [file for file in job.files if file.status == "working"]
    told = escape(job.told)
    if job.phase == "failed":
        return f'<div class="job problem" role="alert">{told}</div>'
    if job.phase == "paused":
        line = tr(language, "job.paused")
    elif job.progress and job.progress.files:
        at = job.progress
        left = tr(language, "job.left", time=seconds(at.seconds_left)) if at.seconds_left is not None else ""
        line = f"{tr(language, 'job.running', done=at.files_done, files=at.files)} {left}"
        share = at.files_done / at.files
        line += f'<progress max="1" value="{share:.3f}" aria-label="{escape(tr(language, "job.progress"))}"></progress>'
    elif job.running:
        line = tr(language, "job.looking")
    else:
        counts = [tr(language, f"job.{status}", n=n) for status, n in job.counts.items() if n]
        line = ", ".join(counts) or tr(language, "job.nothing")
    shown = working + [file for file in job.files if file.status not in ("working", "unchanged", "skipped")]
    files = "".join(_file(file, language) for file in shown[:_FILES])
    listed = f'<ul class="files">{files}</ul>' if files else ""
    return f'<div class="job" role="status"><p>{line}</p>{f"<p>{told}</p>" if told else ""}{listed}</div>'


def render_confirmation(rows: Sequence[DocumentRow], language: str) -> str:
    """The question before documents are removed."""
    names = "".join(f"<li>{escape(row.name)}</li>" for row in rows[:10])
    more = f"<li>{tr(language, 'documents.and_more', n=len(rows) - 10)}</li>" if len(rows) > 10 else ""
    yes = act(
        "documents",
        tr(language, "documents.remove_yes", n=len(rows)),
        css="danger",
        what="remove",
        ids=[row.id for row in rows],
    )
    no = act("documents", tr(language, "documents.remove_no"), what="cancel")
    return (
        f'<div class="confirm" role="alertdialog" aria-label="{escape(tr(language, "documents.remove_title"))}">'
        f"<p>{tr(language, 'documents.remove_ask', n=len(rows))}</p><ul>{names}{more}</ul>"
        f'<p class="note">{tr(language, "documents.remove_note")}</p><p>{yes} {no}</p></div>'
    )


def seconds(left: float) -> str:
    """Seconds as a person says them: ``48 s``, ``12 min``."""
    return f"{max(1, round(left))} s" if left < 90 else f"{round(left / 60)} min"


def size(count: int) -> str:
    """Bytes for people."""
    for unit, divisor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= divisor:
            return f"{count / divisor:.1f} {unit}" if count < 100 * divisor else f"{count / divisor:.0f} {unit}"
    return f"{count} B"


def _plain(text: str) -> str:
    return fold(text.casefold())


def _head(column: str, listing: Listing, language: str) -> str:
    chosen = column == listing.column
    arrow = (" ↓" if listing.down else " ↑") if chosen else ""
    sort = f' aria-sort="{"descending" if listing.down else "ascending"}"' if chosen else ""
    label = tr(language, f"documents.{column}")
    button = act("documents", label + arrow, css="sort", what="sort", column=column)
    return f'<th scope="col" class="{column}"{sort}>{button}</th>'


def _row(row: DocumentRow, language: str, chosen: int) -> str:
    tick = escape(tr(language, "documents.tick", name=row.name))
    name = act("documents", row.name, css="name", tip=row.path, what="preview", id=row.id)
    share = coverage(row)
    gaps = [tr(language, "documents.by_ocr", n=row.units_ocr)] if row.units_ocr else []
    gaps += [tr(language, "documents.unread_pages", n=row.units_needing_ocr)] if row.units_needing_ocr else []
    warnings = "".join(f"<li>{escape(warning)}</li>" for warning in row.warnings)
    warned = (
        f'<details><summary aria-label="{escape(tr(language, "documents.warnings"))}">{len(row.warnings)}</summary>'
        f"<ul>{warnings}</ul></details>"
        if warnings
        else ""
    )
    title = row.title if row.title != Path(row.name).stem else ""
    cells = (
        f'<td class="name">{name}<span class="title">{escape(title)}</span></td>'
        f'<td class="type">{escape(suffix(row.name))}</td><td class="pages">{row.units}</td>'
        f'<td class="coverage" title="{escape(", ".join(gaps))}">{share * 100:.0f} %{" *" if gaps else ""}</td>'
        f'<td class="warnings">{warned}</td><td class="date">{escape(row.ingested_at[:10])}</td>'
        f'<td class="size">{size(row.size)}</td>'
    )
    css = ' class="chosen"' if row.id == chosen else ""
    return f'<tr{css}><td class="tick"><input type="checkbox" value="{row.id}" aria-label="{tick}"></td>{cells}</tr>'


def _group(files: Sequence[UnreadFile], title: str, language: str, *, opened: bool = False) -> str:
    if not files:
        return ""
    again = tr(language, "documents.again")
    rows = "".join(
        f"<li><strong>{escape(Path(file.path).name)}</strong> <span>{escape(_reason(file, language))}</span> "
        f"{act('documents', again, css='tool', tip=file.path, what='again', paths=[file.path])}</li>"
        for file in files[:ROWS]
    )
    return (
        f'<details class="unread"{" open" if opened else ""}><summary>{tr(language, title, n=len(files))}</summary>'
        f"<ul>{rows}</ul></details>"
    )


def _reason(file: UnreadFile, language: str) -> str:
    if file.reason == REMOVED:
        return tr(language, "documents.removed_reason")
    return f"{file.reason}. {file.hint}".strip()


def _file(file: FileState, language: str) -> str:
    working = file.status == "working"
    text = file.text if working or file.status == "failed" else tr(language, f"file.{file.status}")
    return (
        f'<li class="{escape(file.status)}"><strong>{escape(Path(file.path).name)}</strong> '
        f"<span>{escape(text)}</span></li>"
    )
