"""The page: ask, read the answer as it is written, see its sources, see what is indexed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import gradio as gr

from ragapp.answer.assistant import Delta, Stage, Thought
from ragapp.answer.result import Answer
from ragapp.app import App
from ragapp.errors import CancelledError, RagappError
from ragapp.web.ingest_job import IngestJob, JobState
from ragapp.web.ui import render

_STAGES = {
    "searching": "Searching …",
    "waiting": "Waiting for {1} other questions …",
    "reading": "Reading {0} passages …",
    "writing": "Writing …",
}
_POLL_S = 0.5


class Page:
    """Builds the page of one :class:`App`; what belongs to a visitor is kept by session, never shared.

    Args:
        app: open for writing.
        job: takes in the drop folder.
    """

    stylesheet = Path(__file__).with_name("style.css")

    def __init__(self, app: App, job: IngestJob):
        self._app = app
        self._job = job
        self._stops: dict[str, threading.Event] = {}
        self._shown: dict[str, JobState] = {}

    def theme(self):
        """A theme with the system's own fonts: nothing is fetched from elsewhere."""
        return gr.themes.Base(
            primary_hue="blue", neutral_hue="slate",
            font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"],
        )  # fmt: skip

    def build(self):
        """The Gradio blocks."""
        with gr.Blocks(title="ragapp", analytics_enabled=False) as blocks:
            gr.HTML(
                "<h1>ragapp</h1><p>Ask your documents. Everything stays on this computer.</p>", elem_classes="title"
            )
            with gr.Row():
                with gr.Column(scale=3, min_width=320):
                    question = gr.Textbox(
                        label="Question", placeholder="Ask in your own language", lines=1, max_lines=5, autofocus=True,
                        submit_btn=True, stop_btn=False, elem_id="question",
                    )  # fmt: skip
                    stop = gr.Button("Stop", visible=False, size="sm", variant="stop", elem_id="stop")
                    status = gr.HTML(elem_id="status")
                    answer = gr.HTML(elem_id="answer")
                    sources = gr.HTML(elem_id="sources")
                with gr.Column(scale=2, min_width=280):
                    gr.HTML("<h3>Documents</h3>")
                    documents = gr.HTML(elem_id="documents")
                    ingest_status = gr.HTML(elem_id="ingest-status")
                    rescan = gr.Button("Take in the drop folder", size="sm", elem_id="rescan")
            shown = [status, answer, sources, stop]
            question.submit(self.ask, question, shown, show_progress="hidden", api_visibility="private")
            # not queued: it must get through while the answer is being written
            stop.click(self.stop, None, None, queue=False, api_visibility="private")
            listed = [ingest_status, documents, rescan]
            quiet = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": None}
            rescan.click(self.start_ingest, None, listed, **quiet)
            blocks.load(self.show_ingest, None, listed, **quiet)
            # files that are dropped while the page is open
            gr.Timer(_POLL_S).tick(self.follow_ingest, None, listed, queue=False, **quiet)
            blocks.unload(self.forget)
        return blocks

    def ask(self, question: str, request: gr.Request) -> Iterator[tuple]:
        """Answer a question: yields status, answer, sources and the stop button, as they change."""
        stopped = self._stops[request.session_hash] = threading.Event()
        written = thought = ""
        try:
            for event in self._app.assistant.ask(question, cancelled=stopped.is_set):
                if isinstance(event, Stage):
                    text = _STAGES[event.name].format(event.passages, event.ahead)
                    yield render.render_status(text), "", "", gr.Button(visible=True)
                elif isinstance(event, Thought):
                    thought += event.text
                    yield gr.skip(), render.render_thought(thought), gr.skip(), gr.skip()
                elif isinstance(event, Delta):
                    written += event.text
                    yield gr.skip(), render.render_partial(written), gr.skip(), gr.skip()
                elif isinstance(event, Answer):
                    yield (
                        render.render_figures(event), render.render_answer(event), render.render_sources(event),
                        gr.Button(visible=False),
                    )  # fmt: skip
        except CancelledError:
            yield render.render_status("Stopped."), "", "", gr.Button(visible=False)
        except RagappError as error:
            yield render.render_status(str(error), error=True), "", "", gr.Button(visible=False)

    def stop(self, request: gr.Request) -> None:
        """Stop this visitor's answer."""
        if stopped := self._stops.get(request.session_hash):
            stopped.set()

    def forget(self, request: gr.Request) -> None:
        """Stop and forget a visitor who has left."""
        self._shown.pop(request.session_hash, None)
        if stopped := self._stops.pop(request.session_hash, None):
            stopped.set()

    def start_ingest(self, request: gr.Request) -> tuple:
        """Take in the drop folder now."""
        self._job.start()
        return self.show_ingest(request)

    def show_ingest(self, request: gr.Request) -> tuple:
        """A status line of the job, the list of documents, and the button."""
        state = self._shown[request.session_hash] = self._job.state
        return (
            render.render_status(state.text, error=state.failed), self._documents(),
            gr.Button(interactive=not state.running),
        )  # fmt: skip

    def follow_ingest(self, request: gr.Request) -> tuple:
        """What has changed of :meth:`show_ingest` since this visitor last saw it."""
        before, state = self._shown.get(request.session_hash), self._job.state
        if state == before:
            return gr.skip(), gr.skip(), gr.skip()
        status, documents, button = self.show_ingest(request)
        return status, documents if before is None or state.changes != before.changes else gr.skip(), button

    def _documents(self) -> str:
        try:
            catalog = self._app.library.catalog
        except RagappError as error:
            return render.render_status(str(error), error=True)
        return render.render_documents(catalog.documents(), catalog.unread())
