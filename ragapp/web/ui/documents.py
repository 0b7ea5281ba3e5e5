"""The documents: put files in, see what became of each, look at them, remove them, ingest them again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from ragapp.contract import FileState, IngestState, RebuildNeed
from ragapp.errors import RagappError
from ragapp.index.analysis import fold
from ragapp.index.records import DocumentRow, UnreadRow
from ragapp.ingest.conditions import REMOVED
from ragapp.terminal_text import shown_seconds
from ragapp.web.app_state import AppState, sample_docs
from ragapp.web.evidence import Source
from ragapp.web.ui.render import act, job_box, size, table_box
from ragapp.web.ui.render_evidence import render_view
from ragapp.web.ui.tab import UNQUEUED, Tab, Updates
from ragapp.web.ui.translations import tr
from ragapp.web.visitors import ROWS, Listing, Visitor

if TYPE_CHECKING:
    from gradio.events import Dependency

# files of a run that are named
_FILES = 8


class DocumentsTab(Tab):
    """The drop zone, what is being ingested, the table of documents, and a preview."""

    name = "documents"
    at_load = True

    def build(self) -> None:
        with gr.Row(elem_id="documents-row"):
            with gr.Column(scale=3, min_width=320):
                self.drop = self.html("drop")
                self.job = self.html("job")
                self.confirm = self.html("confirm")
                self.search = self.search_box("documents-search", "documents.search")
                self.table = self.html("documents")
                self.failures = self.html("failures")
            with gr.Column(scale=2, min_width=320, elem_id="preview-column"):
                self.preview = self.html("preview")

    def wire(self, loaded: Dependency) -> None:
        self.on_button("documents", self.act, self.outputs, "multiple")
        self.search.change(self.find, self.search, self.table, trigger_mode="always_last", **UNQUEUED)

    def show(self, visitor: Visitor) -> Updates:
        """Drop zone, job, table and failures, as they are now."""
        visitor.forget("job", "running", "documents")
        return self.follow(visitor)

    def follow(self, visitor: Visitor) -> Updates:
        """What of these has changed."""
        job, language = self._state.job.state, visitor.language
        updates: Updates = {}
        if visitor.is_new("job", told := render_job(job, language)):
            updates[self.job] = told
        if visitor.is_new("running", job.running):
            updates[self.drop] = render_drop(self._state, language)
        if visitor.is_new("documents", self._state.listing_version):
            documents, unread = self._state.documents()
            updates[self.table] = render_table(documents, visitor.listing, language, visitor.preview[0])
            updates[self.failures] = render_failures(unread, language)
        return updates

    def find(self, words: str, request: gr.Request) -> str:
        """List the documents that have some words in their names."""
        visitor = self.visitor(request)
        visitor.listing = replace(visitor.listing, search=words)
        documents, _ = self._state.documents()
        return render_table(documents, visitor.listing, visitor.language, visitor.preview[0])

    def act(self, visitor: Visitor, values: dict[str, Any]) -> Updates:
        """Do what a button says."""
        try:
            done = {self.confirm: "", **self._do(visitor, str(values.get("what", "")), values)}
        except RagappError as error:
            done = {self.confirm: f'<div class="problem" role="alert">{escape(str(error))}</div>'}
        except (KeyError, ValueError, TypeError):  # a page of another version
            done = {}
        return {**self.show(visitor), **done}

    def _do(self, visitor: Visitor, what: str, values: dict[str, Any]) -> Updates:
        job, language = self._state.job, visitor.language
        if what == "sort":
            column, before = str(values["column"]), visitor.listing
            down = column == before.column and not before.down
            visitor.listing = replace(before, column=column, down=down)
        elif what == "more":
            visitor.listing = replace(visitor.listing, rows=visitor.listing.rows + 5 * ROWS)
        elif what == "preview":
            visitor.preview = int(values["id"]), int(values.get("page", 1))
            return {self.preview: self.show_preview(visitor)}
        elif what == "ask-remove":
            rows = self._rows(values)
            return {self.confirm: render_confirmation(rows, language) if rows else ""}
        elif what == "remove":
            names = job.remove([row.id for row in self._rows(values)])
            visitor.preview = 0, 1
            told = tr(language, "documents.removed_now", names=", ".join(names[:5]))
            return {self.confirm: job_box(escape(told)), self.preview: ""}
        elif what == "again":
            paths = [Path(path) for path in self._known(values)]
            job.run([path for path in paths if path.is_file()], force=True)
        elif what == "samples":
            job.run([sample_docs()])
        elif what == "look":
            job.start()
        elif what == "rebuild":
            job.rebuild()
        elif what == "pause":
            job.pause()
        return {}

    def show_preview(self, visitor: Visitor) -> str:
        """One unit of the document that the visitor has chosen."""
        catalog = self._state.app.catalog
        document_id, page = visitor.preview
        row = catalog.document(document_id)
        if row is None:
            return ""
        unit = catalog.unit(row.id, page)
        source = Source(row.name, row.path, page, *((unit.label, unit.kind) if unit else ()))
        return render_view(self._state.evidence.show(source), visitor.language, "documents", what="preview", id=row.id)

    def _rows(self, values: dict[str, Any]) -> list[DocumentRow]:
        wanted = {int(one) for one in values.get("ids", [])}
        return [row for row in self._state.documents()[0] if row.id in wanted]

    def _known(self, values: dict[str, Any]) -> list[str]:
        """Paths that are on the lists: the page can't ask for any file of the machine."""
        paths = set(values.get("paths", []))
        unread = [file.path for file in self._state.documents()[1] if file.path in paths]
        return [row.path for row in self._rows(values)] + unread


def render_drop(state: AppState, language: str) -> str:
    """Where files are dropped, and what can be done with the documents."""
    settings, what = state.app.settings, "pause" if state.job.state.running else "look"
    tools = [
        act("choose-files", tr(language, "drop.files"), css="primary"),
        act("choose-folder", tr(language, "drop.folder")),
        act("documents", tr(language, f"drop.{what}"), what=what),
        act("ticked", tr(language, "drop.again"), css="needs-tick", what="again"),
        act("ticked", tr(language, "drop.remove"), css="needs-tick danger", what="ask-remove"),
    ]
    where = tr(language, "drop.where", folder=settings.paths.ingest)
    limit = tr(language, "drop.limit", mb=settings.ingest.max_file_mb)
    return (
        f'<div class="drop-zone"><p class="drop-title">{tr(language, "drop.title")}</p>'
        f'<p class="note">{escape(where)} {escape(limit)}</p><ul class="uploads" aria-live="polite"></ul></div>'
        f'<div class="toolbar">{"".join(tools)}</div>'
    )


def select(documents: Iterable[DocumentRow], listing: Listing) -> list[DocumentRow]:
    """The documents that a listing asks for, in its order."""
    words = _plain(listing.search).split()
    found = [row for row in documents if all(word in _plain(f"{row.name} {row.title} {row.path}") for word in words)]
    return sorted(found, key=COLUMNS.get(listing.column, COLUMNS["name"]), reverse=listing.down)


def coverage(row: DocumentRow) -> float:
    """Share of a document's units whose text is known, 0 to 1."""
    return (row.units - row.units_without_text) / row.units if row.units else 0.0


def suffix(name: str) -> str:
    """What a file is called by its name's end: PDF, DOCX, …"""
    return Path(name).suffix.removeprefix(".").upper()


# the columns of the table, and by what each is sorted
COLUMNS: dict[str, Callable[[DocumentRow], Any]] = {
    "name": lambda row: _plain(row.name),
    "type": lambda row: (suffix(row.name), _plain(row.name)),
    "pages": lambda row: row.units,
    "coverage": coverage,
    "warnings": lambda row: len(row.warnings),
    "date": lambda row: row.ingested_at,
    "size": lambda row: row.size,
}


def render_table(documents: Sequence[DocumentRow], listing: Listing, language: str, chosen: int = 0) -> str:
    """The table of documents; the one with the id ``chosen`` is previewed."""
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
    every = escape(tr(language, "documents.all"))
    table = (
        '<table class="documents"><thead><tr>'
        f'<th class="tick"><input type="checkbox" class="tick-all" aria-label="{every}"></th>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )
    return f'<p class="count" role="status">{told}</p>{table_box(tr(language, "documents.table"), table)}{more}'


def render_failures(unread: Sequence[UnreadRow], language: str) -> str:
    """Files that are not in the store, with the reason and what helps."""
    failed = [file for file in unread if file.status == "failed"]
    removed = [file for file in unread if file.reason == REMOVED]
    skipped = [file for file in unread if file.status == "skipped" and file.reason != REMOVED]
    groups = (failed, "documents.failed"), (skipped, "documents.skipped"), (removed, "documents.removed")
    return "".join(_group(files, title, language, opened=files is failed) for files, title in groups)


def render_job(job: IngestState, language: str) -> str:
    """What is being ingested, file by file."""
    told, at = escape(job.told), job.progress
    if job.phase == "failed" and job.rebuild:
        return job_box(f"<p>{told}</p>{render_rebuild(job.rebuild, language)}", problem=True)
    if job.phase == "failed":
        return job_box(told, problem=True)
    if job.phase == "paused":
        line = tr(language, "job.paused")
    elif at and at.files:
        left = tr(language, "job.left", time=shown_seconds(at.seconds_left)) if at.seconds_left is not None else ""
        label, share = escape(tr(language, "job.progress")), f"{at.files_done / at.files:.3f}"
        key = "job.rebuilding" if job.rebuild else "job.running"
        line = f"{tr(language, key, done=at.files_done, files=at.files)} {left}"
        line += f'<progress max="1" value="{share}" aria-label="{label}"></progress>'
    elif job.running:
        line = tr(language, "job.looking")
    else:
        counts = [tr(language, f"job.{status}", n=n) for status, n in job.counts.items() if n]
        line = ", ".join(counts) or tr(language, "job.nothing")
    working = [file for file in job.files if file.status == "working"]
    settled = [file for file in job.files if file.status not in ("working", "unchanged", "skipped")]
    files = "".join(_file(file, language) for file in (working + settled)[:_FILES])
    listed = f'<ul class="files">{files}</ul>' if files else ""
    return job_box(f"<p>{line}</p>{f'<p>{told}</p>' if told else ''}{listed}")


def render_rebuild(need: RebuildNeed, language: str) -> str:
    """What it takes to make the documents anew for the embedder in use, and the button that does."""
    parts = [tr(language, "rebuild.help")]
    if need.seconds is not None:
        parts.append(tr(language, "rebuild.takes", n=need.chunks_left, time=shown_seconds(need.seconds)))
    if need.prepared:
        parts.append(tr(language, "rebuild.prepared", n=need.prepared))
    button = act("documents", tr(language, "rebuild.begin"), css="primary", what="rebuild")
    return f"<p>{escape(' '.join(parts))}</p><p>{button}</p>"


def render_confirmation(rows: Sequence[DocumentRow], language: str) -> str:
    """The question before documents are removed."""
    names = "".join(f"<li>{escape(row.name)}</li>" for row in rows[:10])
    more = f"<li>{tr(language, 'documents.and_more', n=len(rows) - 10)}</li>" if len(rows) > 10 else ""
    ids = [row.id for row in rows]
    yes = act("documents", tr(language, "documents.remove_yes", n=len(ids)), css="danger", what="remove", ids=ids)
    no = act("documents", tr(language, "documents.remove_no"), what="cancel")
    return (
        f'<div class="confirm" role="alertdialog" aria-label="{escape(tr(language, "documents.remove_title"))}">'
        f"<p>{tr(language, 'documents.remove_ask', n=len(rows))}</p><ul>{names}{more}</ul>"
        f'<p class="note">{tr(language, "documents.remove_note")}</p><p>{yes} {no}</p></div>'
    )


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
    label = escape(tr(language, "documents.warnings"))
    warned = "".join(f"<li>{escape(warning)}</li>" for warning in row.warnings)
    if warned:
        warned = f'<details><summary aria-label="{label}">{len(row.warnings)}</summary><ul>{warned}</ul></details>'
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


def _group(files: Sequence[UnreadRow], title: str, language: str, *, opened: bool = False) -> str:
    if not files:
        return ""
    again = tr(language, "documents.again")

    def reason(file: UnreadRow) -> str:
        removed = file.reason == REMOVED
        return tr(language, "documents.removed_reason") if removed else f"{file.reason}. {file.hint}".strip()

    rows = "".join(
        f"<li><strong>{escape(Path(file.path).name)}</strong> <span>{escape(reason(file))}</span> "
        f"{act('documents', again, css='tool', tip=file.path, what='again', paths=[file.path])}</li>"
        for file in files[:ROWS]
    )
    summary, css = tr(language, title, n=len(files)), " open" if opened else ""
    return f'<details class="unread"{css}><summary>{summary}</summary><ul>{rows}</ul></details>'


def _file(file: FileState, language: str) -> str:
    working = file.status == "working"
    text = file.text if working or file.status == "failed" else tr(language, f"file.{file.status}")
    name = escape(Path(file.path).name)
    return f'<li class="{escape(file.status)}"><strong>{name}</strong> <span>{escape(text)}</span></li>'
