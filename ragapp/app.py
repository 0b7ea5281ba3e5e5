"""The composition root: settings to parts, each built when first needed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, overload

from ragapp.errors import ModelError, PathError, RagappError, StoreError
from ragapp.llm.fair_lock import FairLock
from ragapp.settings import Settings

if TYPE_CHECKING:
    from ragapp.answer.assistant import Assistant
    from ragapp.answer.calibration import Calibration
    from ragapp.answer.calibration_file import ModelPair
    from ragapp.answer.chat_session import ChatSession
    from ragapp.answer.summary import Summarizer
    from ragapp.compare.explain import ChangeExplainer
    from ragapp.contract import (
        Answer,
        BackupListener,
        BackupSummary,
        Caution,
        Comparison,
        DocumentDetails,
        DocumentList,
        IngestReport,
        RestoreReport,
        SearchResult,
        Turn,
    )
    from ragapp.index.bert_graph import Precision
    from ragapp.index.catalog import Catalog
    from ragapp.index.conversations import Conversations
    from ragapp.index.embedder import Embedder
    from ragapp.index.records import EmbedderIdentity
    from ragapp.index.store import Store
    from ragapp.ingest.chunking import Chunker
    from ragapp.ingest.pipeline import Pipeline
    from ragapp.llm.interface import LanguageModel
    from ragapp.llm.remote import OpenAIModel
    from ragapp.retrieval.rerank import CrossEncoderReranker
    from ragapp.retrieval.retriever import Retriever


T = TypeVar("T")
# parts that were built on the store as it was when they were built
_OF_STORE = ("store", "catalog", "pipeline", "retriever", "assistant", "summarizer", "conversations")
# explains the drop folder to people; not one of their documents
DROP_FOLDER_README = "README.md"


class _part(Generic[T]):
    """An attribute that is built when it is first asked for, once, even by two threads at the same time."""

    def __init__(self, build: Callable[[Any], T]):
        self._build = build
        self.__doc__ = build.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, app: None, owner: type) -> _part[T]: ...

    @overload
    def __get__(self, app: App, owner: type) -> T: ...

    def __get__(self, app: App | None, owner: type) -> T | _part[T]:
        if app is None:
            return self
        if self._name not in app.__dict__:
            with app._building:
                if self._name not in app.__dict__:
                    app.__dict__[self._name] = self._build(app)
        return cast(T, app.__dict__[self._name])


def dense_weight(settings: Settings) -> float:
    """Weight of the vectors beside the words: that of the settings, or the one that was measured for their embedder."""
    from ragapp.models.packs import known_embedder

    retrieval, known = settings.retrieval, known_embedder(settings.embedding.model)
    measured = known.dense_weight if known and retrieval.dense_weight == "auto" else None
    return retrieval.vector_weight if measured is None else measured


def build_embedder(settings: Settings, kept: Callable[[str], Precision | None] = lambda weights: None) -> Embedder:
    """The embedder of the settings, see there for ``kept``; nothing is loaded yet.

    Raises:
        ModelError: it is missing, damaged or none.
    """
    from ragapp.index.embedder import Embedder
    from ragapp.models.discovery import find_model

    e = settings.embedding
    folder = find_model(e.model, settings.paths.models, "embedder")
    prompts = {"query_prompt": e.query_prompt, "document_prompt": e.document_prompt}
    return Embedder(folder, e.model, e.batch_size, e.precision, device=e.device, kept=kept, **prompts)


def prepare_embedder(settings: Settings, name: str) -> None:
    """Do once, when an embedder's weights have come, what would else be waited for at its first use.

    Everything that fetches weights calls it: ``ragapp models pull`` (the page runs that, too) and ``ragapp demo``.

    Raises:
        ModelError: the weights are not there, or damaged.
    """
    own = settings.model_copy(deep=True)
    own.embedding.model, own.embedding.precision = name, "auto"
    build_embedder(own).prepare()


class App:
    """The parts of one running ragapp.  Use it as a context manager, or call :meth:`close`.

    ``write`` says whether the library will be changed, ``own`` whether it is kept from other processes that would.
    """

    def __init__(self, settings: Settings, *, write: bool = False, own: bool = True):
        self.settings = settings
        self._write, self._own = write, own
        # parts are built out of parts, so the lock must let its own thread in again
        self._building = threading.RLock()
        self.questions = FairLock(settings.llm.places)  # in which questions wait for each other
        self._changing = threading.Lock()

    def __enter__(self) -> App:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the store and the model."""
        if "store" in self.__dict__:
            self.store.close()
        if "_engine" in self.__dict__:
            self._engine.close()
        if "catalog" in self.__dict__:
            self.catalog.close()

    @property
    def notices(self) -> list[str]:
        """What a person should know of the parts in use, one sentence each: what was mended, what is guessed."""
        notices = self.store.notices if "store" in self.__dict__ else []
        return [*notices, *getattr(self.__dict__.get("_engine"), "notices", ())]

    @_part
    def embedder(self) -> Embedder:
        """The embedder of the settings."""
        return build_embedder(self.settings, self._stored_precision)

    def _stored_precision(self, weights_sha256: str) -> Precision | None:
        """The precision of the store's vectors of these weights; None where there are none, or of several."""
        from ragapp.index.identity import stored_precision

        found = {stored_precision(one, weights_sha256) for one in self._stored_identities()} - {None}
        return found.pop() if len(found) == 1 else None

    @_part
    def chunker(self) -> Chunker:
        """The chunker for this embedder."""
        from ragapp.ingest.chunking import Chunker

        ingest = self.settings.ingest
        return Chunker(self.embedder.tokenizer, ingest.chunk_tokens, ingest.chunk_overlap)

    @_part
    def identity(self) -> EmbedderIdentity:
        """What these settings' vectors are made with."""
        from ragapp.index.records import EmbedderIdentity

        embedder, chunks = self.embedder, self.chunker.signature
        return EmbedderIdentity(embedder.name, embedder.dimension, True, embedder.made_with, chunks)

    @_part
    def store(self) -> Store:
        """The library of the settings' data folder."""
        from ragapp.index.chroma_server import server_of
        from ragapp.index.store import Store

        try:
            identity = self.identity
        except ModelError as error:
            raise self._with_way_back(error) from None
        access = {"write": self._write, "own": self._own}
        return Store(self.settings.paths.data, identity, **access, backend=server_of(self.settings))

    def _stored_identities(self) -> list[EmbedderIdentity]:
        """What the documents of the store were made with; nothing where there is no store yet, and none is made."""
        return list(self.catalog.stored_identities().values()) if self._catalog_file.is_file() else []

    def _with_way_back(self, error: ModelError) -> ModelError:
        """An embedder that cannot be used, and the one that made what is stored, which may still be here."""
        wanted = self.settings.embedding.model
        with suppress(RagappError):
            made = {stored.embedder for stored in self._stored_identities()} - {wanted}
            if made:
                back = f"Until then, what is stored can be asked with embedding.model: {min(made)}"
                return ModelError(error.message, f"{error.hint} {back} in settings.yaml.".strip())
        return error

    @_part
    def pipeline(self) -> Pipeline:
        """Takes files into the library."""
        from ragapp.ingest.pipeline import Pipeline

        explained = self.settings.paths.ingest / DROP_FOLDER_README
        return Pipeline(self.store, self.embedder, self.chunker, self.settings.ingest, exclude=[explained])

    @_part
    def retriever(self) -> Retriever:
        """Finds passages in the library."""
        from ragapp.retrieval.retriever import Retriever

        retrieval = self.settings.retrieval.model_copy(update={"dense_weight": dense_weight(self.settings)})
        return Retriever(self.store, self.embedder, retrieval, self.reranker)

    @_part
    def reranker(self) -> CrossEncoderReranker | None:
        """The reranker of the settings, None where they name none."""
        name = self.settings.retrieval.reranker
        if not name:
            return None
        from ragapp.models.discovery import find_model
        from ragapp.retrieval.rerank import CrossEncoderReranker

        return CrossEncoderReranker(find_model(name, self.settings.paths.models, "cross-encoder"), name)

    @_part
    def assistant(self) -> Assistant:
        """Answers questions from the library."""
        from ragapp.answer.assistant import Assistant
        from ragapp.answer.budget import TokenBudget

        catalog, similar = self.store.catalog, self.embedder.scaled_similarities
        parts = self.retriever, self.engine, self.settings, TokenBudget(catalog)
        queue = self.questions
        return Assistant(*parts, catalog=catalog, similar=similar, calibration=self.calibration, queue=queue)

    @_part
    def summarizer(self) -> Summarizer:
        """Summarises documents of the library."""
        from ragapp.answer.summary import Summarizer

        return Summarizer(self.store.catalog, self.engine, self.settings, self.embedder.scaled_similarities)

    @_part
    def explainer(self) -> ChangeExplainer:
        """Puts changes between documents into words."""
        from ragapp.compare.explain import ChangeExplainer

        return ChangeExplainer(self.engine, self.settings, self.embedder.scaled_similarities)

    def document(self, document_id: int) -> DocumentDetails:
        """One document with the coverage of each unit. Raises StoreError: there is no such document."""
        from ragapp.contract import UnitCoverage

        row = self.catalog.document(document_id)
        if row is None:
            raise StoreError(f"There is no document {document_id}.", "See: ragapp documents list")
        units = []
        for unit, text in self.catalog.units(document_id):
            confidence = None if unit.confidence is None else round(unit.confidence, 3)
            units.append(UnitCoverage(unit.number, unit.kind, unit.label, len(text), unit.coverage or "", confidence))
        return row.detailed(units)

    @property
    def calibration_file(self) -> Path:
        """Where ``ragapp calibrate`` and ``ragapp eval --calibrate`` keep what they learnt."""
        from ragapp.answer.calibration_file import FILE_NAME

        return self.settings.paths.data / FILE_NAME

    def model_pair(self, engine: LanguageModel | None = None) -> ModelPair:
        """The embedder in use with a language model, that in use where none is given; nothing is loaded.

        Raises:
            ModelError: one of them is missing or damaged.
        """
        from ragapp.answer.calibration_file import ModelPair

        model, embedder = engine or self._engine, self.embedder
        return ModelPair(model.name, embedder.name, model.identity, embedder.weights_sha256)

    def calibration(self, engine: LanguageModel | None = None) -> Calibration:
        """The calibration that holds for the models in use; see :mod:`ragapp.answer.calibration_file`.

        Raises:
            ModelError: one of the models is missing or damaged.
            StoreError: the person's own file is damaged.
        """
        from ragapp.answer.calibration_file import calibration_for

        return calibration_for(self.model_pair(engine), self.calibration_file, self.former_embedder)

    @property
    def former_embedder(self) -> str:
        """Hash of the weights of the only embedder that this library ever had; empty where it had several, or none.

        A calibration of an earlier ragapp does not say with which embedder it was made.
        """
        from ragapp.index.identity import made_with

        ever = self.catalog.ever_stored() if self._catalog_file.is_file() else []
        made = {made_with(identity).weights for identity in ever}
        return made.pop() if len(made) == 1 else ""

    @_part
    def catalog(self) -> Catalog:
        """The catalog of the settings' data folder, by a connection of its own.

        No model is needed for it, and another process may own the store.
        """
        from ragapp.index.catalog import Catalog

        return Catalog(self._catalog_file)

    @property
    def _catalog_file(self) -> Path:
        from ragapp.index.store import CATALOG_NAME

        return self.settings.paths.data / CATALOG_NAME

    @_part
    def conversations(self) -> Conversations:
        """The conversations that are kept."""
        from ragapp.index.conversations import Conversations

        return Conversations(self.catalog)

    def ask(
        self, question: str, turns: Sequence[Turn] = (), *, scope: str = "", caution: Caution | None = None
    ) -> Answer:
        """The answer to a question; :meth:`ragapp.answer.assistant.Assistant.ask` tells what goes on meanwhile.

        ``turns`` are those of the conversation so far, the oldest first.  ``scope`` restricts the documents: a name, a
        shell pattern, or a folder.  ``caution`` holds for this question, instead of that of the settings.

        Raises:
            RagappError: no documents, no model.
        """
        return self.assistant.answer(question, turns, scope=scope, caution=caution)

    def ingest(self, *paths: str | Path, force: bool = False) -> IngestReport:
        """Add files and folders to the store, or bring it in step with them; without any it is the drop folder.

        ``force`` reads unchanged files again.

        Raises PathError: a path does not exist; IdentityError: the store was made with another embedder.
        """
        return self.pipeline.run([Path(path) for path in paths] or [self.drop_folder()], force=force)

    def search(self, query: str, k: int = 5, scope: str = "") -> SearchResult:
        """The ``k`` best passages for a query, without a language model; those that only repeat another come last.

        Raises EmptyStoreError: there are no documents; PathError: no document is in ``scope``.
        """
        from ragapp.answer.prompts import long_question_note, prompts_for
        from ragapp.contract import SearchResult
        from ragapp.retrieval.question_language import spoken_language

        started = time.monotonic()
        found = self.retriever.search(query, k, scope)
        again = [replace(one, chunk=chunk, also_in=()) for one in found.passages for chunk in one.also_in]
        hits = tuple(passage.described(n) for n, passage in enumerate([*found.passages, *again][:k], 1))
        note = ""
        if found.cut:
            language = spoken_language(query, self.catalog.languages())
            prompts = prompts_for(language, self.settings.answer.prompts)
            note = long_question_note(prompts, found)
        return SearchResult(query, hits, round(time.monotonic() - started, 3), found.seconds, note)

    def compare(self, before: int, after: int, *, about: str = "", explain: bool = False) -> Comparison:
        """What changed from one document to another, by their ids, with the words of both; no language model finds it.

        ``about`` keeps the changes in the sections that are near a topic, which the search finds.  ``explain`` has the
        language model say the most important changes in plain words, see
        :class:`ragapp.compare.explain.ChangeExplainer`, which also tells what goes on meanwhile.

        Raises:
            StoreError: there is no such document.
            UsageError: both are the same document.
            EmptyStoreError: one of them has no text.
            ModelError: the language model is needed and cannot be used.
        """
        from ragapp.compare.comparer import compare_documents
        from ragapp.compare.topic import places_near

        near = (lambda topic, row: places_near(self.retriever, topic, row)) if about.strip() else None
        found = compare_documents(self.catalog, before, after, about=about, near=near)
        if explain:
            from ragapp.compare.explain import explained

            found = explained(self.explainer.explain(found))
        return found

    def documents(self, scope: str = "") -> DocumentList:
        """The documents of the store, and the files that are not in it, with the reason.

        ``scope`` is as for a question; with one, only documents are given.

        Raises PathError: no document is in ``scope``.
        """
        from ragapp.contract import DocumentList

        documents, unread = self.catalog.documents(), self.catalog.unread()
        if scope:
            from ragapp.retrieval.scope import Filter

            documents, unread = Filter.parse(scope).matching(documents), []
        states = ("failed", "skipped")
        failed, skipped = (tuple(file.described() for file in unread if file.status == state) for state in states)
        return DocumentList(tuple(row.described() for row in documents), failed, skipped)

    def backup(
        self,
        out: str | Path,
        *,
        include_conversations: bool = False,
        include_files: bool = False,
        salvage: bool = False,
        force: bool = False,
        progress: BackupListener = lambda at: None,
    ) -> BackupSummary:
        """Write all that is stored into one file, as it is now; see :func:`ragapp.backup.making.make_backup`.

        Raises:
            StoreError: nothing is stored, or the catalog is damaged (``salvage`` takes what can be read of it).
            PathError: the file is there already and ``force`` is not set, or it cannot be written.
        """
        from ragapp.backup.making import Wishes, make_backup

        wishes = Wishes(include_conversations, include_files, salvage, force)
        paths = self.settings.paths
        return make_backup(paths.data, Path(out), wishes, drop_folder=paths.ingest, listen=progress)

    def restore(
        self,
        file: str | Path,
        *,
        moves: Sequence[tuple[str, str | Path]] = (),
        force: bool = False,
        progress: BackupListener = lambda at: None,
    ) -> RestoreReport:
        """Put a backup in the place of what is stored; see :func:`ragapp.backup.restoring.restore_backup`.

        What this App has opened of the store is closed, and opened anew when it is next needed.

        Args:
            moves: folders where documents' files lay, and where they lie here.
            force: put a store aside that has documents or conversations.

        Raises:
            StoreError: the backup is damaged, the store is in use, or has documents and ``force`` is not set.
            PathError: there is no such file, or no room.
        """
        from ragapp.backup.places import Move
        from ragapp.backup.restoring import restore_backup

        with self._building:
            for name in ("store", "catalog"):
                if name in self.__dict__:
                    self.__dict__[name].close()
            for name in _OF_STORE:
                self.__dict__.pop(name, None)
            paths, here = self.settings.paths, [Move(old, Path(new).absolute()) for old, new in moves]
            return restore_backup(
                Path(file), paths.data, moves=here, drop_folder=paths.ingest, force=force, listen=progress
            )

    def chat(self, conversation_id: int | None = None) -> ChatSession:
        """A conversation to go on with; without an id a new one begins, which is kept from its first answer on.

        Raises:
            StoreError: there is no such conversation.
        """
        from ragapp.answer.chat_session import ChatSession

        return ChatSession(lambda: self.assistant, self.conversations, conversation_id)

    def drop_folder(self) -> Path:
        """The folder whose files are ingested without being named; made when missing.

        Raises PathError: it cannot be made.
        """
        folder = self.settings.paths.ingest
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            told = f"The drop folder {folder} cannot be made: {error.strerror}."
            raise PathError(told, "Check paths.ingest.") from None
        return folder

    @_part
    def _engine(self) -> LanguageModel:
        if self.settings.llm.mode == "openai":
            return self._remote_engine(self.settings)
        from ragapp.models.planning import create_engine, plan_engine

        return create_engine(self.settings, plan_engine(self.settings), self._still_there)

    def _still_there(self, sources: Collection[str]) -> bool:
        """Whether documents are here, named by their reading sources; where that cannot be known, none is."""
        try:
            return self.catalog.has_sources(sources)
        except RagappError:
            return False

    def _remote_engine(self, settings: Settings) -> OpenAIModel:
        from ragapp.llm.remote import OpenAIModel

        llm = settings.llm
        return OpenAIModel(
            llm.url,
            llm.model,
            allow=settings.privacy.allow,
            key_variable=llm.api_key_env,
            context=llm.context,
            seed=llm.seed,
            timeout_s=llm.timeout,
            max_seconds=settings.answer.max_seconds,
            thinking_tokens=llm.thinking_tokens,
            places=llm.places,
        )

    def check_llm(self) -> None:
        """Say early what is wrong with the language model of the settings; nothing is loaded and nobody is asked.

        Raises:
            ModelError: its file is missing, damaged, or does not fit the memory.
            SettingsError: the server's address is wrong, or not allowed.
        """
        _ = self._engine

    def load_ahead(self) -> None:
        """Load the language model while the caller goes on with what does not need it, such as the search.

        What is wrong with it is told by whoever needs it.  Raises what :meth:`check_llm` raises.
        """
        engine = self._engine

        def load() -> None:
            with suppress(RagappError):
                engine.load()

        threading.Thread(target=load, name="ragapp-load", daemon=True).start()

    def engine(self) -> LanguageModel:
        """The language model, loaded. Raises ModelError: it cannot be loaded."""
        engine = self._engine
        engine.load()
        return engine

    def use_model(self, name: str) -> LanguageModel:
        """Change to another language model (as ``llm.model`` of the settings, which is changed too), and return it.

        The other one is loaded first, and only then is the old one let go, after what it is doing. Where the memory is
        not enough for both, the old one goes first, and comes back when the other one fails.

        Raises:
            ModelError: it is missing, damaged, no language model, too large, or cannot be loaded; the old one stays.
        """
        with self._changing:
            settings = self.settings.model_copy(deep=True)
            settings.llm.model = name
            old: LanguageModel | None = self.__dict__.get("_engine")
            gives_way = False
            if settings.llm.mode == "openai":
                new: LanguageModel = self._remote_engine(settings)
            else:
                from ragapp.models.planning import create_engine, plan_replacement

                plan, gives_way = plan_replacement(settings, old)
                new = create_engine(settings, plan, self._still_there)
            if old is not None and gives_way:
                old.close()
            try:
                new.load()
            except RagappError:
                new.close()
                if old is not None and gives_way:
                    old.load()
                raise
            with self._building:
                self.__dict__["_engine"] = new
                self.settings.llm.model = name
            if old is not None:
                old.close()
            return new
