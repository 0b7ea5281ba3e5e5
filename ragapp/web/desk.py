"""What all tabs of the page share: the parts of ragapp, what is under way, and who looks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ragapp.answer.assistant import Event
from ragapp.answer.followup import FollowUp
from ragapp.app import App
from ragapp.contract import Caution
from ragapp.errors import RagappError
from ragapp.index.catalog import Catalog
from ragapp.index.conversations import Conversations
from ragapp.index.library import CATALOG_NAME
from ragapp.index.records import DocumentRow, UnreadFile
from ragapp.models.discovery import list_models
from ragapp.web.evidence import EvidenceDesk
from ragapp.web.ingest_job import IngestJob
from ragapp.web.model_job import ModelJob
from ragapp.web.pdf_view import PdfView
from ragapp.web.runs import AnswerRun, Exchange
from ragapp.web.visitors import Choice, Visitor, Visitors

# how long what was found of the models stands
_MODELS_S = 5.0


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether questions can be answered.

    Attributes:
        missing: names of models that are not here.
        documents: how many there are.
    """

    missing: tuple[str, ...]
    documents: int

    @property
    def ready(self) -> bool:
        """Whether nothing is wanting."""
        return not self.missing and self.documents > 0


class Desk:
    """The parts that the tabs and the API work with.

    Args:
        app: open for writing.
        job: takes documents in.
        settings_file: of the command line, None for the usual one.
    """

    def __init__(self, app: App, job: IngestJob, settings_file: Path | None = None):
        self.app = app
        self.job = job
        self.settings_file = settings_file
        self.visitors = Visitors()
        self.models = ModelJob(app, settings_file, ready=job.start)
        self.view = PdfView(app.settings.ingest.passwords)
        self.evidence = EvidenceDesk(lambda: self.catalog, self.view)
        self._missing: tuple[float, tuple[str, ...]] = (0.0, ())
        self._listed: tuple[int, list[DocumentRow], list[UnreadFile]] = (-1, [], [])

    def close(self) -> None:
        """Stop what is under way."""
        self.visitors.stop_all()
        self.models.close()
        self.view.close()
        if "catalog" in self.__dict__:
            self.catalog.close()

    @cached_property
    def catalog(self) -> Catalog:
        """The catalog, by a connection of its own: what is stored can be seen while the store is opened, which takes
        seconds, and also where a model is missing.

        Raises:
            StoreError: it cannot be opened.
        """
        return Catalog(self.app.settings.paths.data / CATALOG_NAME)

    @cached_property
    def conversations(self) -> Conversations:
        """The conversations that are kept."""
        return Conversations(self.catalog)

    def documents(self) -> tuple[list[DocumentRow], list[UnreadFile]]:
        """All documents, and the files that are none; read anew when something has changed."""
        changes = self.job.state.changes
        if self._listed[0] != changes:
            with suppress(RagappError):
                self._listed = changes, self.catalog.documents(), self.catalog.unread()
        return self._listed[1], self._listed[2]

    def readiness(self) -> Readiness:
        """Whether questions can be answered."""
        since, missing = self._missing
        if not since or (missing and time.monotonic() - since > _MODELS_S):
            missing = missing_models(self.app.settings)
            self._missing = time.monotonic(), missing
        return Readiness(missing, len(self.documents()[0]))

    def ask(
        self,
        visitor: Visitor,
        question: str,
        within: str = "",
        scope: str = "",
        named: str = "",
        caution: Caution | None = None,
    ) -> AnswerRun:
        """Begin to answer a visitor's question in the conversation that is open.

        Args:
            visitor: who asks.
            question: as it was asked.
            within: restricts the documents, see :meth:`ragapp.answer.assistant.Assistant.ask`.
            scope: the same as it was chosen.
            named: the same for people.
            caution: for this question, instead of that of the settings.
        """
        exchanges = visitor.exchanges  # a new conversation has a list of its own

        def done(exchange: Exchange) -> None:
            exchanges.append(exchange)
            if exchange.answer:
                self.models.note_answer(exchange.answer)

        def ask(cancelled: Callable[[], bool]) -> Iterator[FollowUp | Event]:
            if visitor.dialogue is None:
                visitor.dialogue = self.app.dialogue(visitor.conversation)
            return visitor.dialogue.ask(question, within=within, caution=caution, cancelled=cancelled)

        self.view.prepare()  # while the answer is made; its sources are looked at next
        visitor.run = AnswerRun(question, ask, done, scope, named)
        return visitor.run

    def open(self, visitor: Visitor, conversation_id: int) -> None:
        """Go on with a conversation that is kept.

        Raises:
            StoreError: there is no such conversation.
        """
        turns = self.conversations.turns(conversation_id)
        self.close_conversation(visitor)
        visitor.conversation = conversation_id
        visitor.exchanges = [
            Exchange(turn.question, {**turn.answer, "standalone": turn.standalone, "question": turn.question})
            for turn in turns
        ]

    def close_conversation(self, visitor: Visitor) -> None:
        """Begin anew: what is under way is stopped."""
        if visitor.run:
            visitor.run.stop()
        visitor.exchanges, visitor.choice = [], Choice()
        visitor.conversation = visitor.dialogue = visitor.run = None


def missing_models(settings) -> tuple[str, ...]:
    """Names of the models of the settings that are not on this machine; nothing is hashed."""
    wanted = [settings.embedding.model] + ([settings.llm.model] if settings.llm.mode == "local" else [])
    found = list_models(settings.paths.models)
    here = {name for model in found if model.status != "incomplete" for name in (model.name, model.path.name)}
    return tuple(name for name in wanted if name not in here and not Path(name).expanduser().exists())
