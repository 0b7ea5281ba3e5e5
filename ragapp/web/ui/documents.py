"""The documents: put files in, see what became of each, look at them, remove them, take them in again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import gradio as gr

from ragapp.errors import RagappError
from ragapp.web.desk import Desk
from ragapp.web.evidence import Source
from ragapp.web.ui.render import act
from ragapp.web.ui.render_documents import ROWS, Listing, render_confirmation, render_failures, render_job, render_table
from ragapp.web.ui.render_evidence import render_view
from ragapp.web.ui.tab import QUIET, Tab
from ragapp.web.ui.translations import tr
from ragapp.web.visitors import Visitor


class DocumentsTab(Tab):
    """Builds the tab; :meth:`wire` ties its events to its work."""

    def build(self) -> None:
        """Make the components."""
        text = self._i18n
        with gr.Row(elem_id="documents-row"):
            with gr.Column(scale=3, min_width=320):
                self.drop = gr.HTML(elem_id="drop", js_on_load=None)
                self.job = gr.HTML(elem_id="job", js_on_load=None)
                self.confirm = gr.HTML(elem_id="confirm", js_on_load=None)
                self.search = gr.Textbox(
                    label=text("documents.search"),
                    placeholder=text("documents.search"),
                    show_label=False,
                    elem_id="documents-search",
                    container=False,
                )
                self.table = gr.HTML(elem_id="documents", js_on_load=None)
                self.failures = gr.HTML(elem_id="failures", js_on_load=None)
            with gr.Column(scale=2, min_width=320, elem_id="preview-column"):
                self.preview = gr.HTML(elem_id="preview", js_on_load=None)
        self.wire_box = gr.Textbox(visible="hidden", elem_id="wire-documents", label="documents", show_label=False)

    @property
    def shown(self) -> list:
        """What :meth:`show` fills."""
        return [self.drop, self.job, self.table, self.failures]

    def wire(self) -> None:
        """Tie events to work."""
        quiet = {**QUIET, "queue": False}
        self.wire_box.change(
            self.act, self.wire_box, [*self.shown, self.confirm, self.preview], trigger_mode="multiple", **quiet
        )
        self.search.change(self.find, self.search, self.table, trigger_mode="always_last", **quiet)

    def visitor(self, request: gr.Request) -> Visitor:
        """Who asks."""
        return self._desk.visitors.of(request.session_hash)

    def show(self, visitor: Visitor) -> tuple:
        """Drop zone, job, table and failures, as they are now."""
        documents, unread = self._desk.documents()
        language = visitor.language
        return (
            render_drop(self._desk, language),
            render_job(self._desk.job.state, language),
            render_table(documents, _listing(visitor), language, visitor.preview[0]),
            render_failures(unread, language),
        )

    def find(self, words: str, request: gr.Request) -> str:
        """List the documents that have some words in their names."""
        visitor = self.visitor(request)
        visitor.listing["search"] = words
        documents, _ = self._desk.documents()
        return render_table(documents, _listing(visitor), visitor.language, visitor.preview[0])

    def act(self, wire: str, request: gr.Request) -> tuple:
        """Do what a button says; see :func:`ragapp.web.ui.render.act`."""
        visitor = self.visitor(request)
        try:
            values = json.loads(wire or "{}")
            confirm, preview = self._do(visitor, str(values.get("what", "")), values)
        except RagappError as error:
            confirm, preview = f'<div class="problem" role="alert">{_escaped(error)}</div>', gr.skip()
        except (ValueError, TypeError, AttributeError):  # a page of another version
            confirm, preview = gr.skip(), gr.skip()
        return (*self.show(visitor), confirm, preview)

    def _do(self, visitor: Visitor, what: str, values: dict) -> tuple:
        job, language = self._desk.job, visitor.language
        if what == "sort":
            before = _listing(visitor)
            column = str(values["column"])
            visitor.listing |= {"column": column, "down": column == before.column and not before.down}
        elif what == "more":
            visitor.listing["rows"] = _listing(visitor).rows + 5 * ROWS
        elif what == "preview":
            visitor.preview = int(values["id"]), int(values.get("page", 1))
            return "", self.show_preview(visitor)
        elif what == "ask-remove":
            rows = self._rows(values)
            return (render_confirmation(rows, language) if rows else ""), gr.skip()
        elif what == "remove":
            names = job.remove([row.id for row in self._rows(values)])
            visitor.preview = 0, 1
            told = tr(language, "documents.removed_now", names=", ".join(names[:5]))
            return f'<div class="job" role="status">{_escaped(told)}</div>', ""
        elif what == "again":
            paths = [Path(path) for path in self._known(values)]
            job.run([path for path in paths if path.is_file()], force=True)
        elif what == "samples":
            from ragapp.web.samples import sample_docs

            job.run([sample_docs()])
        elif what == "look":
            job.start()
        elif what == "pause":
            job.pause()
        return "", gr.skip()

    def show_preview(self, visitor: Visitor) -> str:
        """One unit of the document that the visitor has chosen."""
        catalog = self._desk.catalog
        document_id, page = visitor.preview
        row = catalog.document(document_id)
        if row is None:
            return ""
        unit = catalog.unit(row.id, page)
        source = Source(row.path, row.name, page, "", 0, unit.label if unit else "", unit.kind if unit else "page")
        shown = self._desk.evidence.show(source)
        return render_view(shown, visitor.language, "documents", what="preview", id=row.id)

    def _rows(self, values: dict) -> list:
        wanted = {int(one) for one in values.get("ids", [])}
        return [row for row in self._desk.documents()[0] if row.id in wanted]

    def _known(self, values: dict) -> list[str]:
        """Paths that are on the lists: the page can't ask for any file of the machine."""
        documents, unread = self._desk.documents()
        ids = {int(one) for one in values.get("ids", [])}
        paths = set(values.get("paths", []))
        return [row.path for row in documents if row.id in ids] + [f.path for f in unread if f.path in paths]


def render_drop(desk: Desk, language: str) -> str:
    """Where files are dropped, and what can be done with the documents."""
    state = desk.job.state
    tools = [
        act("choose-files", tr(language, "drop.files"), css="primary"),
        act("choose-folder", tr(language, "drop.folder")),
        act(
            "documents",
            tr(language, "drop.pause" if state.running else "drop.look"),
            what="pause" if state.running else "look",
        ),
        act("ticked", tr(language, "drop.again"), css="needs-tick", what="again"),
        act("ticked", tr(language, "drop.remove"), css="needs-tick danger", what="ask-remove"),
    ]
    folder = tr(language, "drop.where", folder=desk.app.settings.paths.ingest)
    limit = tr(language, "drop.limit", mb=desk.app.settings.ingest.max_file_mb)
    return (
        f'<div class="drop-zone"><p class="drop-title">{tr(language, "drop.title")}</p>'
        f'<p class="note">{_escaped(folder)} {_escaped(limit)}</p><ul class="uploads" aria-live="polite"></ul></div>'
        f'<div class="toolbar">{"".join(tools)}</div>'
    )


def _listing(visitor: Visitor) -> Listing:
    return replace(Listing(), **visitor.listing)


def _escaped(text: object) -> str:
    from html import escape

    return escape(str(text))
