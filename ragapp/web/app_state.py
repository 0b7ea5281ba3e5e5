"""What all tabs of the page share: the parts of ragapp, the work under way, the visitors."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import ragapp
from ragapp.app import App
from ragapp.contract import Caution, Event, RebuildNeed
from ragapp.errors import PathError, RagappError
from ragapp.index.records import DocumentRow, UnreadRow
from ragapp.models.discovery import list_models
from ragapp.settings import Settings
from ragapp.web.evidence import EvidenceFinder
from ragapp.web.ingest_job import IngestJob
from ragapp.web.model_job import ModelJob
from ragapp.web.pdf_view import PdfView
from ragapp.web.runs import AnswerRun, Exchange
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
        self.models = ModelJob(app, settings_file, ready=job.start)
        self.view = PdfView(app.settings.ingest.passwords)
        self.evidence = EvidenceFinder(lambda: app.catalog, self.view)
        self._missing: tuple[float, tuple[str, ...]] = (0.0, ())
        self._listed: tuple[int, list[DocumentRow], list[UnreadRow]] = (-1, [], [])
        self._listing_version = 0

    def close(self) -> None:
        """Stop what is under way."""
        self.visitors.stop_all()
        self.models.close()
        self.view.close()

    def documents(self) -> tuple[list[DocumentRow], list[UnreadRow]]:
        """All documents, and the files that could not be read; looked up again when something has changed."""
        changes = self.job.state.changes
        if self._listed[0] != changes:
            with suppress(RagappError):
                self._listed = changes, self.app.catalog.documents(), self.app.catalog.unread()
        return self._listed[1], self._listed[2]

    @property
    def listing_version(self) -> int:
        """Changes whenever the documents should be listed anew; seldom while many of them are being ingested."""
        job = self.job.state
        if not job.running or len(self.documents()[0]) < _MANY:
            self._listing_version = job.changes
        return self._listing_version

    def readiness(self) -> Readiness:
        """Whether questions can be answered."""
        since, missing = self._missing
        if not since or (missing and time.monotonic() - since > _MODELS_S):
            missing = missing_models(self.app.settings)
            self._missing = time.monotonic(), missing
        job = self.job.state
        return Readiness(missing, len(self.documents()[0]), job.rebuild, bool(job.rebuild) and job.running)

    def ask(self, visitor: Visitor, asked: Exchange, pattern: str = "", caution: Caution | None = None) -> AnswerRun:
        """Begin to answer a visitor's question in the conversation that is open.

        ``pattern`` is the scope as :meth:`ragapp.answer.assistant.Assistant.ask` takes it; ``caution`` goes for this
        question, instead of that of the settings.
        """
        exchanges = visitor.exchanges  # a new conversation has a list of its own
        session = visitor.session = visitor.session or self.app.chat()

        def done(exchange: Exchange) -> None:
            exchanges.append(exchange)
            if exchange.answer:
                self.models.note_answer(exchange.answer)

        def ask(cancelled: Callable[[], bool]) -> Iterator[Event]:
            return session.ask(asked.question, scope=pattern, caution=caution, cancelled=cancelled)

        self.view.prepare()  # its sources are likely to be looked at next
        visitor.run = AnswerRun(asked, ask, done)
        return visitor.run

    def open_conversation(self, visitor: Visitor, conversation_id: int) -> None:
        """Go on with a conversation that is kept. Raises StoreError: there is no such conversation."""
        session = self.app.chat(conversation_id)
        self.close_conversation(visitor)
        visitor.session = session
        visitor.exchanges = [Exchange(turn.question, turn.answer) for turn in session.turns]

    def close_conversation(self, visitor: Visitor) -> None:
        """Stop what is under way and begin a new conversation."""
        if visitor.run:
            visitor.run.stop()
        visitor.exchanges, visitor.choice = [], Choice()
        visitor.session = visitor.run = None


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
