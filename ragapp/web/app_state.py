"""What all tabs of the page share: the parts of ragapp, the work under way, the visitors."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import ragapp
from ragapp.app import App
from ragapp.contract import Caution, Event, RebuildNeed, Turn
from ragapp.errors import PathError, RagappError
from ragapp.index.records import DocumentRow, UnreadRow
from ragapp.models.discovery import list_models
from ragapp.settings import Settings
from ragapp.web.calibration_job import CalibrationJob
from ragapp.web.document_list import DocumentLister
from ragapp.web.evidence import EvidenceFinder
from ragapp.web.ingest_job import IngestJob
from ragapp.web.metrics import Metrics
from ragapp.web.model_job import ModelJob
from ragapp.web.pdf_view import PdfView
from ragapp.web.places import Places
from ragapp.web.reading_job import ReadingJob
from ragapp.web.runs import AnswerRun, Exchange
from ragapp.web.scopes import scope_name
from ragapp.web.visitors import Choice, Visitor, Visitors

# the models folder is looked through again after so long, while a model is missing
_MODELS_S = 5.0
# more documents than this are not listed anew for each file that is ingested, but at the end
_MANY = 2000


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether questions can be answered."""

    missing: tuple[str, ...]  # names of models that are not here
    documents: int  # how many there are
    rebuild: RebuildNeed | None = None  # what has to be done first, where another embedder made the documents
    rebuilding: bool = False  # whether that is being done

    @property
    def ready(self) -> bool:
        """Whether nothing is missing."""
        return not self.missing and self.documents > 0 and not self.rebuild


class AppState:
    """The parts that the tabs and the API work with; ``settings_file`` is the command line's, if named."""

    def __init__(self, app: App, job: IngestJob, settings_file: Path | None = None):
        self.app = app
        self.job = job
        self.settings_file = settings_file
        self.visitors = Visitors()
        self.models = ModelJob(app, settings_file, ready=self._models_came)
        self.reading = ReadingJob(app, busy=lambda: self._working or self.calibration.state.running)
        self.calibration = CalibrationJob(app, busy=lambda: self._working or self.reading.running)
        self.view = PdfView(app.settings.ingest.passwords)
        self.lister = DocumentLister(app, job)
        self.metrics = Metrics()
        #: of the questions of programs, whichever way they come
        self.places = Places(app.settings.server.waiting)
        job.listen(self.metrics.count_files)
        self.evidence = EvidenceFinder(lambda: app.catalog, self.view)
        self._missing: tuple[float, tuple[str, ...]] = (0.0, ())
        self._listed: tuple[object, list[DocumentRow], list[UnreadRow]] = (None, [], [])
        self._counted = -1, 0
        self._listing_version = 0
        #: whether the sample documents are to be ingested as soon as the models are here
        self.samples_wanted = False

    def add_samples(self) -> None:
        """Ingest the sample documents, now or as soon as the models are here. Raises PathError: they are not there."""
        folder = sample_docs()
        self.samples_wanted = bool(missing_models(self.app.settings))
        if not self.samples_wanted:
            self.job.run([folder])

    def _models_came(self) -> None:
        self._missing = (0.0, ())
        if self.samples_wanted and not missing_models(self.app.settings):
            self.add_samples()
        self.job.start()

    def close(self) -> None:
        """Stop what is under way."""
        self.visitors.stop_all()
        self.reading.close()
        self.calibration.close()
        self.models.close()
        self.view.close()

    @property
    def _working(self) -> bool:
        """Whether documents are being ingested, or something is done with the models."""
        return self.job.state.running or bool(self.models.state.what)

    def documents(self) -> tuple[list[DocumentRow], list[UnreadRow]]:
        """All documents, and the files that could not be read; looked up again when something has changed."""
        with suppress(RagappError):
            version = self.job.state.changes, self.lister.labels_version
            if self._listed[0] != version:
                self._listed = version, self.app.catalog.documents(), self.app.catalog.unread()
        return self._listed[1], self._listed[2]

    def document_count(self) -> int:
        """How many documents there are; counted again when something has changed."""
        changes = self.job.state.changes
        if self._counted[0] != changes:
            with suppress(RagappError):
                self._counted = changes, self.app.catalog.document_count()
        return self._counted[1]

    @property
    def listing_version(self) -> int:
        """Changes whenever the documents should be listed anew; seldom while many of them are being ingested."""
        job = self.job.state
        if not job.running or self.document_count() < _MANY:
            self._listing_version = job.changes
        return self._listing_version

    def readiness(self) -> Readiness:
        """Whether questions can be answered."""
        since, missing = self._missing
        if not since or (missing and time.monotonic() - since > _MODELS_S):
            missing = missing_models(self.app.settings)
            self._missing = time.monotonic(), missing
        job = self.job.state
        return Readiness(missing, self.document_count(), job.rebuild, bool(job.rebuild) and job.running)

    def warm_up(self) -> None:
        """Load what the first question needs, where there is something to ask about and the models are here.

        What is wrong is told to whoever asks.
        """
        app = self.app
        with suppress(RagappError):
            if not self.readiness().ready:
                return
            app.retriever.search("ragapp", 1)
            if app.settings.llm.mode == "local":
                app.assistant.prepare()

    def ask(
        self,
        visitor: Visitor,
        asked: Exchange,
        caution: Caution | None = None,
        *,
        at: int | None = None,
        standalone: str | None = None,
    ) -> AnswerRun:
        """Begin to answer a visitor's question in the conversation that is open.

        Args:
            caution: for this question, instead of that of the settings.
            at: number of the exchange in whose place it is asked. That and all behind it go when there is an answer to
                keep, and stay when there is none; None asks behind the last.
            standalone: how it is to be understood, where that is known.
        """
        session = visitor.session = visitor.session or self.app.chat()
        ticket = self.app.questions.ticket()  # here, not on the run's thread: first come, first served
        came = time.monotonic()
        gone = [] if at is None else visitor.exchanges[at:]
        exchanges = visitor.exchanges = visitor.exchanges[:at]  # a new conversation has a list of its own
        before = next((one.turn for one in gone if one.turn), None)
        replacing = [one.turn for one in gone if one.turn]
        visitor.suggested = (-1, ())
        session.replaced = None

        def done(exchange: Exchange) -> None:
            kept = bool(exchange.answer) and bool(session.turns)
            if kept:
                exchange = replace(exchange, turn=session.turns[-1].id)
                visitor.lost = False
            else:
                exchanges.extend(one for one in gone if one.turn)
            exchanges.append(exchange)
            if exchange.answer:
                self.models.note_answer(exchange.answer)

        def ask(cancelled: Callable[[], bool]) -> Iterator[Event]:
            try:
                events = session.ask(
                    asked.question,
                    scope=asked.scope,
                    caution=caution,
                    standalone=standalone,
                    before=before,
                    replacing=replacing,
                    cancelled=cancelled,
                    ticket=ticket,
                )
                yield from self.metrics.watched(events, "page", came)
            finally:
                ticket.leave()

        self.view.prepare()  # its sources are likely to be looked at next
        visitor.run = AnswerRun(asked, ask, done)
        return visitor.run

    def open_conversation(self, visitor: Visitor, conversation_id: int) -> None:
        """Go on with a conversation that is kept. Raises StoreError: there is no such conversation."""
        session = self.app.chat(conversation_id)
        kept = session.conversation
        self.close_conversation(visitor)
        visitor.session, visitor.scope = session, kept.scope if kept else ""
        visitor.exchanges = [self._exchange(turn) for turn in session.turns]

    def close_conversation(self, visitor: Visitor) -> None:
        """Stop what is under way and begin a new conversation."""
        if visitor.run:
            visitor.run.stop()
        visitor.exchanges, visitor.choice, visitor.suggested = [], Choice(), (-1, ())
        visitor.session = visitor.run = None
        visitor.scope, visitor.lost = "", False

    def refresh(self, visitor: Visitor) -> bool:
        """Take in what other tabs and programs did to the open conversation; returns whether it looks different now."""
        session = visitor.session
        if session is None or session.id is None or visitor.answering:
            return False
        if not session.refresh():
            new, visitor.lost = not visitor.lost, True
            return new
        before, turns = visitor.exchanges, {turn.id: turn for turn in session.turns}
        merged: list[tuple[int, Exchange]] = []
        last = 0
        for exchange in before:
            if exchange.turn in turns:
                last = exchange.turn
                merged.append((last, replace(exchange, feedback=turns.pop(last).feedback)))
            elif not exchange.turn:  # not kept anywhere: it stays where it stands
                merged.append((last, exchange))
        merged += [(turn.id, self._exchange(turn)) for turn in turns.values()]
        visitor.exchanges = [exchange for _, exchange in sorted(merged, key=lambda one: one[0])]
        new = visitor.lost or visitor.exchanges != before
        visitor.lost = False
        return new

    def keep(self, visitor: Visitor) -> None:
        """Keep a conversation that was deleted elsewhere after all, as it stands in the tab, as a new one."""
        conversations = self.app.conversations
        kept = [exchange for exchange in visitor.exchanges if exchange.turn and exchange.answer]
        if not kept:
            return
        conversation_id = conversations.create()
        for exchange in kept:
            assert exchange.answer
            turn = conversations.add_turn(conversation_id, exchange.answer, exchange.scope)
            if exchange.feedback:
                conversations.rate(turn.id, exchange.feedback)
        self.open_conversation(visitor, conversation_id)

    def _exchange(self, turn: Turn) -> Exchange:
        name = scope_name(turn.scope, self.app.settings.paths.ingest)
        return Exchange(
            turn.question,
            turn.answer,
            stopped=turn.answer.stopped,
            scope=turn.scope,
            scope_name=name,
            turn=turn.id,
            feedback=turn.feedback,
        )


def missing_models(settings: Settings) -> tuple[str, ...]:
    """Names of the models of the settings that are not on this machine; nothing is hashed."""
    wanted = [settings.embedding.model] + ([settings.llm.model] if settings.llm.mode == "local" else [])
    found = list_models(settings.paths.models)
    here = {name for model in found if model.status != "incomplete" for name in (model.name, model.path.name)}
    return tuple(name for name in wanted if name not in here and not Path(name).expanduser().exists())


def sample_docs() -> Path:
    """The folder of the sample documents: in the package when installed, beside it in a checkout.

    Raises PathError: it is in neither place.
    """
    package = Path(ragapp.__file__).resolve().parent
    for folder in (package / "sample_docs", package.parent / "sample_docs"):
        if folder.is_dir():
            return folder
    raise PathError("The sample documents are missing.", "Run the demo from a clone of ragapp.")
