"""The documents: put files in, see what became of each, look at them, remove them, ingest them again."""

from __future__ import annotations

from concurrent.futures import Future, wait
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from ragapp.errors import RagappError
from ragapp.index.listing import COLUMNS, STATES, Query
from ragapp.retrieval.scope import Filter
from ragapp.web.app_state import sample_docs
from ragapp.web.evidence import Source, mark_spans
from ragapp.web.ui.comparison import ComparisonView
from ragapp.web.ui.documents_forms import render_confirmation, render_password_form, render_paste_form, render_removed
from ragapp.web.ui.documents_job import render_drop, render_job, render_rebuild
from ragapp.web.ui.documents_labels import LabelsForm, as_values, narrowed, render_narrowing
from ragapp.web.ui.documents_table import render_filters, render_table
from ragapp.web.ui.render import act, job_box
from ragapp.web.ui.render_evidence import render_view
from ragapp.web.ui.tab import UNQUEUED, Tab, Updates, in_turn
from ragapp.web.ui.translations import told, tr
from ragapp.web.visitors import ROWS, Listing, Visitor

if TYPE_CHECKING:
    from gradio.events import Dependency

__all__ = ["DocumentsTab", "render_rebuild"]

# more documents than this are removed when what is under way has let go
_AT_ONCE = 50
# what takes less time is told in the same reply
_SOON_S = 2.0


class DocumentsTab(Tab):
    """The drop zone, what is being ingested, the list of documents, and the one that is looked at."""

    name = "documents"
    at_load = True

    def build(self) -> None:
        self.side_by_side = ComparisonView(self._state, self._i18n)
        with gr.Row(elem_id="documents-row"):
            with gr.Column(scale=3, min_width=320):
                self.side_by_side.build()
                self.drop = self.html("drop")
                self.job = self.html("job")
                self.confirm = self.html("confirm")
                self.search = self.search_box("documents-search", "documents.search")
                self.filters = self.html("documents-filters")
                self.table = self.html("documents")
            with gr.Column(scale=2, min_width=320, elem_id="preview-column"):
                self.preview = self.html("preview")
        self.outputs.extend(self.side_by_side.outputs)

    def wire(self, loaded: Dependency) -> None:
        self.on_button("documents", self.act, self.outputs, "multiple")
        self.side_by_side.wire()
        self.search.change(self.find, self.search, [self.table, self.filters], trigger_mode="always_last", **UNQUEUED)

    def show(self, visitor: Visitor) -> Updates:
        """All of it as it is now, but for what is asked and what is looked at."""
        visitor.forget("job", "running", "documents")
        # a reload comes back to what was looked at
        looked_at: Updates = {self.preview: self.show_preview(visitor)} if visitor.preview[0] else {}
        return {**self.follow(visitor), **self.side_by_side.show(visitor), **looked_at}

    def follow(self, visitor: Visitor) -> Updates:
        """What of these has changed."""
        job, language = self._state.job.state, visitor.language
        updates: Updates = {}
        if visitor.is_new("job", shown := render_job(job, language)):
            updates[self.job] = shown
        if visitor.is_new("running", job.running):
            updates[self.drop] = render_drop(self._state, language)
        if visitor.is_new("documents", self._depends_on(visitor)):
            updates |= self._list(visitor)
        if visitor.errand and visitor.errand.done():
            updates[self.confirm] = self._told_errand(visitor, visitor.errand)
        return updates | self.side_by_side.follow(visitor)

    def find(self, words: str, request: gr.Request) -> Any:
        """List the documents that have some words in their names, titles or folders."""
        visitor = self.visitor(request)
        return in_turn(visitor, lambda: self._found(visitor, words))

    def _found(self, visitor: Visitor, words: str) -> Updates:
        visitor.listing = replace(visitor.listing, search=words, offset=0)
        visitor.is_new("documents", self._depends_on(visitor))
        return self._list(visitor)

    def _depends_on(self, visitor: Visitor) -> object:
        """What the list that a visitor sees depends on."""
        return self._state.lister.version, self._state.job.state.waiting, visitor.listing, visitor.preview

    def _list(self, visitor: Visitor) -> Updates:
        lister, listing, language = self._state.lister, visitor.listing, visitor.language
        counts, page = lister.counts(), lister.page(_query(listing), listing.narrowed)
        table = render_table(
            page,
            counts,
            listing,
            language,
            chosen=visitor.preview[0],
            summaries=lister.summaries(page),
            labels=lister.labels(page),
            outcomes=lister.outcomes() if listing.state == "run" else None,
            drop_folder=self._state.app.settings.paths.ingest,
        )
        narrowing = render_narrowing(lister.choices(), listing.narrowed, language)
        filters = f'<div class="filter-rows">{render_filters(counts, listing, language)}{narrowing}</div>'
        return {self.table: table, self.filters: filters}

    def act(self, visitor: Visitor, values: dict[str, Any]) -> Updates:
        """Do what a button says."""
        try:
            done = self._do(visitor, str(values.get("what", "")), values)
        except RagappError as error:
            done = {self.confirm: f'<div class="problem" role="alert">{escape(told(error, visitor.language))}</div>'}
        except (KeyError, ValueError, TypeError, OverflowError):  # a page of another version
            done = {}
        return {**self.follow(visitor), **done}

    def _do(self, visitor: Visitor, what: str, values: dict[str, Any]) -> Updates:
        language = visitor.language
        if what in ("sort", "filter", "warning", "page", "narrow", "clear"):
            visitor.listing = _listed(visitor.listing, what, values)
        elif what == "preview":
            visitor.preview = int(values["id"]), int(values.get("page", 1))
            visitor.marked = str(values.get("mark", ""))
            return {self.preview: self.show_preview(visitor)}
        elif what == "close":
            visitor.preview = 0, 1
            return {self.preview: ""}
        elif what == "ask-remove":
            return {self.confirm: self._ask_remove(visitor, values)}
        elif what in ("remove", "erase"):
            return self._remove(visitor, self._ids(visitor, values), erase=what == "erase")
        elif what == "ask-labels":
            visitor.labelled = tuple(self._ids(visitor, values))
            return {self.confirm: self._labels_form(visitor)}
        elif what in ("tag", "untag", "collect", "uncollect"):
            return {self.confirm: self._label(visitor, what, str(values["name"]))}
        elif what == "ask-password":
            known = self._known(visitor, values)
            return {self.confirm: render_password_form(known[0], language) if known else ""}
        elif what == "ask-paste":
            return {self.confirm: render_paste_form(language)}
        elif what == "cancel":
            return {self.confirm: ""}
        else:
            return self._run(visitor, what, values)
        return {}

    def _labels_form(self, visitor: Visitor, problem: str = "") -> str:
        form = LabelsForm(self._state.app)
        return form.render(visitor.labelled, self._state.lister.choices(), visitor.language, problem)

    def _label(self, visitor: Visitor, what: str, name: str) -> str:
        """Give or take a tag or a collection; the form stays, with what is wrong where something is."""
        problem = ""
        try:
            LabelsForm(self._state.app).do(what, visitor.labelled, name)
        except RagappError as error:
            problem = told(error, visitor.language)
        self._state.lister.relabelled()
        return self._labels_form(visitor, problem)

    def _run(self, visitor: Visitor, what: str, values: dict[str, Any]) -> Updates:
        """What the job is asked for."""
        job = self._state.job
        if what == "again":
            paths = [Path(path) for path in self._known(visitor, values)]
            there = [path for path in paths if path.is_file()]
            if there:
                job.run(there, force=True)
            elif paths:
                gone = tr(visitor.language, "documents.files_gone", n=len(paths))
                return {self.confirm: job_box(escape(gone), problem=True)}
        elif what == "undo":
            job.run([path for path in map(Path, visitor.undo) if path.is_file()])
            visitor.undo = ()
            return {self.confirm: ""}
        elif what == "samples":
            job.run([sample_docs()])
        elif what == "look":
            job.start()
        elif what == "rebuild":
            job.rebuild()
        elif what == "pause":
            job.pause()
        return {}

    def _ask_remove(self, visitor: Visitor, values: dict[str, Any]) -> str:
        ids = self._ids(visitor, values)
        rows = [row for one in ids[:10] if (row := self._state.app.catalog.document(one))]
        if not rows:
            return ""
        which: dict[str, Any] = {"all": True} if values.get("all") else {"ids": ids}
        names = [row.name for row in rows]
        running = self._state.job.state.running
        return render_confirmation(names, len(ids), visitor.language, running=running, **which)

    def _remove(self, visitor: Visitor, ids: list[int], *, erase: bool) -> Updates:
        job = self._state.job
        if visitor.preview[0] in ids:
            visitor.preview = 0, 1
        shown: Updates = {} if visitor.preview[0] else {self.preview: ""}
        if erase or len(ids) > _AT_ONCE:
            visitor.errand = job.erase(ids) if erase else job.remove_later(ids)
            key = "documents.erasing" if erase else "documents.removing"
            return {self.confirm: job_box(escape(tr(visitor.language, key))), **shown}
        visitor.errand = job.remove_beside(ids)
        wait([visitor.errand], _SOON_S)  # the store may be busy for long
        if visitor.errand.done():
            return {self.confirm: self._told_errand(visitor, visitor.errand), **shown}
        return {self.confirm: job_box(escape(tr(visitor.language, "documents.removing"))), **shown}

    def _told_errand(self, visitor: Visitor, errand: Future[Any]) -> str:
        visitor.errand = None
        try:
            done = errand.result()
        except RagappError as error:
            return f'<div class="problem" role="alert">{escape(told(error, visitor.language))}</div>'
        visitor.undo = () if done.erased else tuple(row.path for row in done.rows if Path(row.path).is_file())
        names = [row.name for row in done.rows]
        kind: dict[str, Any] = {"erased": done.erased, "answers": done.answers}
        return render_removed(names, visitor.language, undo=bool(visitor.undo), **kind)

    def show_preview(self, visitor: Visitor) -> str:
        """One unit of the document that the visitor has chosen."""
        catalog = self._state.app.catalog
        document_id, page = visitor.preview
        row = catalog.document(document_id)
        if row is None:
            return ""
        unit = catalog.unit(row.id, page)
        source = Source(row.name, row.path, page, *((unit.label, unit.kind) if unit else ()))
        spans = mark_spans(visitor.marked)
        finder = self._state.evidence
        view = render_view(finder.at(row, page, spans) if spans else finder.show(source), visitor.language)
        label = tr(visitor.language, "documents.close_view")
        close = act(
            "documents", label, inner=f'<span class="back">{escape(label)}</span>', css="tool close", what="close"
        )
        return f'<div class="preview-bar">{close}</div>{view}'

    def _ids(self, visitor: Visitor, values: dict[str, Any]) -> list[int]:
        """The documents that are asked for: some, or all that the list has."""
        if values.get("all"):
            return self._state.lister.ids(_query(visitor.listing), visitor.listing.narrowed)
        return [int(one) for one in values.get("ids", [])]

    def _known(self, visitor: Visitor, values: dict[str, Any]) -> list[str]:
        """Paths that are on the lists: the page can't ask for any file of the machine."""
        catalog = self._state.app.catalog
        asked = [*values.get("paths", []), *([values["path"]] if "path" in values else [])]
        if asked:
            wanted = set(map(str, asked))
            found = [file.path for file in catalog.unread() if file.path in wanted]
            return found + [row.path for path in sorted(wanted - set(found)) if (row := catalog.document_at(path))]
        rows = map(catalog.document, self._ids(visitor, values))
        return [row.path for row in rows if row]


def _query(listing: Listing) -> Query:
    state, warning = listing.state, listing.warning if listing.state in ("", "warnings") else ""
    return Query(listing.search, state, warning, listing.column, listing.down, listing.offset, ROWS)


def _listed(listing: Listing, what: str, values: dict[str, Any]) -> Listing:
    """The list as it is after a button of it."""
    if what == "sort" and values["column"] in COLUMNS:
        column = str(values["column"])
        return replace(listing, column=column, down=column == listing.column and not listing.down, offset=0)
    if what == "filter" and values["state"] in ("", *STATES):
        return replace(listing, state=str(values["state"]), warning="", offset=0)
    if what == "warning":
        return replace(listing, warning=str(values["kind"]), offset=0)
    if what == "narrow":
        return replace(listing, narrowed=narrowed(listing.narrowed, *as_values(values)), offset=0)
    if what == "clear":
        return replace(listing, narrowed=Filter(), offset=0)
    if what == "page":
        return replace(listing, offset=max(0, int(values["offset"])))
    return listing
