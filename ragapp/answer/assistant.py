"""Question to checked answer: retrieve, pack, find what is asked for, have it answered, grade."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from glob import escape
from typing import Literal

from ragapp.answer.about_itself import AboutItself, is_about_itself
from ragapp.answer.asked import Asked
from ragapp.answer.calibration import Calibration
from ragapp.answer.calibration_file import general_calibration
from ragapp.answer.comparison import answer_comparison
from ragapp.answer.disagreement import tell_other_versions
from ragapp.answer.draft import Draft
from ragapp.answer.followup import standalone
from ragapp.answer.grading import grade_of
from ragapp.answer.grounding import Similarity
from ragapp.answer.listing import answer_list
from ragapp.answer.prompt_injection import has_injection
from ragapp.answer.prompts import (
    DEFAULT_LANGUAGE,
    PromptSet,
    answer_messages,
    long_question_note,
    opening_messages,
    passage_messages,
    prompts_for,
    render_passage,
)
from ragapp.answer.proposed_filter import propose_filter
from ragapp.answer.question_kind import QuestionKind, question_kind
from ragapp.answer.rewriting import rewriter
from ragapp.answer.several_parts import answer_parts
from ragapp.answer.single import answer_single
from ragapp.answer.subjects import Subjects
from ragapp.answer.summary import ENOUGH_SENTENCES, Summarizer
from ragapp.answer.summary_request import SummaryRequest, summary_request
from ragapp.answer.table_answer import answer_from_tables
from ragapp.answer.writing import Workbench
from ragapp.contract import (
    Answer,
    AnswerContext,
    Caution,
    DocumentWarnings,
    Event,
    Filters,
    Grade,
    Proved,
    Stage,
    Turn,
    Understood,
)
from ragapp.errors import CancelledError, PathError, RagappError, UsageError
from ragapp.index.catalog import Catalog
from ragapp.index.records import DocumentRow, StoredChunk
from ragapp.llm.fair_lock import FairLock, Ticket
from ragapp.llm.interface import LanguageModel
from ragapp.retrieval.passage import RetrievalResult, ScoredChunk
from ragapp.retrieval.postprocess import Context, pack
from ragapp.retrieval.question_language import spoken_language
from ragapp.retrieval.retriever import Retriever
from ragapp.retrieval.scope import Filter
from ragapp.settings import Settings

# a prompt is tokenized as a whole, which may cost a token more than its parts at each seam
SEAM_TOKENS = 16
# the budget of passages in tokens where nothing is known of the machine
USUAL_TOKENS = 900
# passages of the search among which other versions are looked for
VERSIONS_AMONG = 10
# documents that are named where a question does not say which of them is to be summarised
MOST_NAMED = 5
# questions that are remembered with how they were understood
REMEMBERED = 1000
# who waits is asked whether to stop, and told of the place in the queue, so often
_POLL_S = 0.05
# waiting that is worth telling in seconds
_WAITED_S = 0.1


class Assistant:
    """Answers questions from a store.

    Args:
        engine: gives the language model; called once passages are found.
        budget: tokens of passages for an engine, asked where ``retrieval.context_tokens`` is ``auto``.
        catalog: dates and languages of documents; None where neither is known.
        similar: for grounding; see :func:`ragapp.answer.grounding.ground`.
        calibration: gives that of an engine with the embedder in use; see :mod:`ragapp.answer.calibration_file`.
        queue: in which questions wait for each other.

    Attributes:
        asked_at: when a question came in last, by the monotonic clock; at first when this was made.
    """

    def __init__(
        self,
        retriever: Retriever,
        engine: Callable[[], LanguageModel],
        settings: Settings,
        budget: Callable[[LanguageModel], int] = lambda engine: USUAL_TOKENS,
        *,
        catalog: Catalog | None = None,
        similar: Similarity | None = None,
        calibration: Callable[[LanguageModel], Calibration] = lambda engine: general_calibration(),
        queue: FairLock | None = None,
    ):
        self._retriever = retriever
        self._engine = engine
        self._settings = settings
        self._budget = budget
        self._catalog = catalog
        self._similar = similar
        self._calibration = calibration
        self._queue = queue or FairLock()
        self.asked_at = time.monotonic()
        # how questions were understood, for chat programs, which send a conversation as bare texts
        self._understood: dict[tuple[str, ...], Understood] = {}

    def prepare(self, language: str = DEFAULT_LANGUAGE) -> None:
        """Load the model and warm its prompt cache with what every question in a language (ISO 639-1) begins with.

        Raises:
            ModelError: the model cannot be used.
        """
        engine, opening = self._engine(), opening_messages(prompts_for(language, self._settings.answer.prompts))
        engine.prefill(opening)
        engine.keep(opening)

    def ask(
        self,
        question: str,
        turns: Sequence[Turn] = (),
        *,
        scope: str = "",
        caution: Caution | None = None,
        standalone: str | None = None,
        cancelled: Callable[[], bool] = lambda: False,
        ticket: Ticket | None = None,
    ) -> Asked:
        """Answer one question of a conversation, for every door: command line, page, API.

        Questions are answered one at a time (with a model server, ``llm.parallel`` at a time), in the order in which
        this was called, or their tickets were taken. Nothing is told as an answer that is not proved; who stops it gets
        what was proved until then.

        Args:
            question: in any language.
            turns: the conversation so far, the oldest first; a follow-up is understood by them.
            scope: restricts the documents, see :class:`ragapp.retrieval.scope.Filter`; where it is empty, the question
                itself may name them.
            caution: instead of that of the settings.
            standalone: how the question is to be understood, where that is known; nothing is rewritten then.
            cancelled: asked often; True stops the work.
            ticket: the place in the queue of this assistant; None takes the last one.

        Returns:
            How the question was understood, stages, each sentence as soon as it is proved, and one :class:`Answer` at
            the end. What follows is raised by the iteration.

        Raises:
            RagappError: no documents, no model, stopped before anything was proved; StoppingError: nothing is answered
                any more, as the server ends.
        """
        asked = self.asked_at = time.monotonic()
        ticket = ticket or self._queue.ticket()

        def stopped() -> bool:
            return self._queue.cut or cancelled()

        return Asked(self._ask(question, turns, scope, caution, standalone, stopped, asked, ticket), ticket)

    def _ask(
        self,
        question: str,
        turns: Sequence[Turn],
        scope: str,
        caution: Caution | None,
        standalone: str | None,
        cancelled: Callable[[], bool],
        asked: float,
        ticket: Ticket,
    ) -> Generator[Event, None, None]:
        shown = 0
        while not ticket.wait(0 if not shown else _POLL_S):
            if cancelled():
                raise CancelledError("Stopped.")
            if (ahead := ticket.ahead) and ahead != shown:
                shown = ahead
                yield Stage("waiting", ahead=ahead)
        waited = time.monotonic() - asked
        summary = self._summary_request(question, scope)
        if summary and len(summary.documents) == 1:
            yield from self._summarized(question, summary, cancelled, ticket)
            return
        if told := self._about_itself(question, scope):
            yield Understood(question, "unchanged")
            ticket.leave()
            yield told
            return
        if standalone is None:
            understood = self.understand(question, [turn for turn in turns if not is_about_itself(turn)], cancelled)
        else:
            understood = Understood(standalone, "unchanged" if standalone == " ".join(question.split()) else "model")
        yield understood

        drafts: list[tuple[Workbench, Draft]] = []

        def answered(within: str) -> Iterator[Event]:
            return self._answer(understood.question, within, caution, cancelled, asked, waited, drafts)

        try:
            for event in self._answer_within(understood.question, scope, answered):
                if isinstance(event, Answer):
                    dropped = understood.turns_dropped
                    event = replace(event, question=question, standalone=understood.question, turns_dropped=dropped)
                    if summary:
                        event = replace(event, note=f"{event.note} {self._which_document(event, summary)}".strip())
                    ticket.leave()  # whoever hears of it may take long to ask for more
                yield event
        finally:  # behind the answer, which would wait for the model else
            with suppress(RagappError):
                for bench, draft in drafts:
                    self._keep_readings(bench, draft)

    def _summary_request(self, question: str, scope: str) -> SummaryRequest | None:
        """The summary that a question asks for of documents within a scope."""
        catalog = self._catalog
        if not catalog:
            return None

        def documents() -> Sequence[DocumentRow]:
            rows = catalog.documents()
            try:
                return Filter.parse(scope).matching(rows)
            except PathError:  # the search says so
                return []

        return summary_request(question, documents)

    def _summarized(
        self, question: str, summary: SummaryRequest, cancelled: Callable[[], bool], ticket: Ticket
    ) -> Iterator[Event]:
        """The summary of the one document that is asked for."""
        assert self._catalog
        yield Understood(question, "unchanged")
        summarizer = Summarizer(self._catalog, self._engine, self._settings, self._similar)
        (row,) = summary.documents
        language = summary.language or spoken_language(question, self._catalog.languages())
        most = summary.sentences or ENOUGH_SENTENCES
        for event in summarizer.summarize(escape(row.path), cancelled, language=language, most=most):
            if isinstance(event, Answer):
                if event.abstained and cancelled():
                    raise CancelledError("Stopped.")
                event = replace(event, question=question, standalone=question, stopped=cancelled())
                ticket.leave()
            yield event

    def _which_document(self, answer: Answer, summary: SummaryRequest) -> str:
        """What is told where a summary was asked for and several documents may have been meant."""
        names = sorted({row.name for row in summary.documents})
        named = ", ".join([*names[:MOST_NAMED], *(["…"] if len(names) > MOST_NAMED else [])])
        return prompts_for(answer.language, self._settings.answer.prompts).which_document.format(documents=named)

    def _about_itself(self, question: str, scope: str) -> Answer | None:
        """The answer to small talk, or to a question about ragapp or its list of documents; None for any other."""
        if not self._catalog:
            return None
        told = AboutItself(self._catalog, lambda text, k: self._search(text, k, scope).passages)
        return told.answer(question, spoken_language(question, self._catalog.languages()))

    def answer(
        self, question: str, turns: Sequence[Turn] = (), *, scope: str = "", caution: Caution | None = None
    ) -> Answer:
        """The answer alone; see :meth:`ask`."""
        return answer_of(self.ask(question, turns, scope=scope, caution=caution))

    def understand(
        self, question: str, turns: Sequence[Turn] = (), cancelled: Callable[[], bool] = lambda: False
    ) -> Understood:
        """The question as it is searched for and answered; a follow-up is made to stand alone.

        Turns, the oldest first, that do not say how they were understood (chat programs send texts alone) are
        understood first.

        Raises:
            RagappError: the model was needed, and cannot be used.
        """
        earlier: list[Turn] = []
        for turn in turns:
            if not turn.standalone:
                asked = turn.question
                known = self._understood.get(_key(asked, earlier)) or self._understand(asked, earlier, cancelled)
                turn = replace(turn, standalone=known.question)
            earlier.append(turn)
        return self._understand(question, earlier, cancelled)

    def _understand(self, question: str, turns: Sequence[Turn], cancelled: Callable[[], bool]) -> Understood:
        def covered(text: str) -> float:
            return self._retriever.coverage(text, self._settings.retrieval.passages)

        def rewrite(text: str, earlier: Sequence[Turn]) -> tuple[str, int]:
            return rewriter(self._engine(), cancelled)(text, earlier)

        understood = standalone(question, turns, covered=covered, rewrite=rewrite)
        if len(self._understood) >= REMEMBERED:
            self._understood.clear()
        self._understood[_key(question, turns)] = understood
        return understood

    def _answer_within(self, question: str, scope: str, answered: Callable[[str], Iterator[Event]]) -> Iterator[Event]:
        """The answer within the scope, or, where there is none, among the documents that the question itself names.

        Where those do not answer, all are asked, and the answer says so. ``answered`` answers it within a scope.
        """
        proposed: tuple[str, ...] = ()
        if not scope and self._catalog:
            collections = [one.name for one in self._catalog.labels.collections()]
            proposed = propose_filter(question, self._catalog.documents, collections)
        used = "\n".join(proposed) or scope
        for event in answered(used):
            if isinstance(event, Answer):
                if proposed and event.abstained:
                    break
                yield self._filtered(event, used, proposed)
                return
            yield event
        for event in answered(""):
            yield self._filtered(event, "", proposed) if isinstance(event, Answer) else event

    def _filtered(self, answer: Answer, used: str, proposed: tuple[str, ...]) -> Answer:
        """An answer with what its documents were restricted to, which its note says where the question proposed it."""
        filters, note = Filters(tuple(filter(str.strip, used.split("\n"))), proposed), answer.note
        if proposed:
            prompts = prompts_for(answer.language, self._settings.answer.prompts)
            told = prompts.searched_only if used else prompts.searched_all
            named = ", ".join(one.partition(":")[2] for one in proposed)
            note = f"{told.format(filter=named)} {note}".strip()
        return replace(answer, filters=filters, note=note)

    def _answer(
        self,
        question: str,
        scope: str,
        caution: Caution | None,
        cancelled: Callable[[], bool],
        asked: float,
        waited: float,
        drafts: list[tuple[Workbench, Draft]],
    ) -> Iterator[Event]:
        yield Stage("searching")
        search = self._search(question, max(self._settings.retrieval.passages, VERSIONS_AMONG), scope)
        bench, dropped = self._prepared(question, search, scope, caution, cancelled, asked)
        bench.timings["retrieve_s"] = round(bench.timings["retrieve_s"] - waited, 3)
        if waited > _WAITED_S:
            bench.timings["waited_s"] = round(waited, 3)
        yield Stage("reading", len(bench.passages))
        draft, cut_off = Draft(question, bench.prompts.not_found, bench.language), False
        drafts.append((bench, draft))
        try:
            for event in self._drafted(bench, draft, scope):
                if isinstance(event, Proved):
                    grade = self._grade(draft, bench.calibration, caution)
                    event = replace(event, grade=grade, doubt=_doubt(bench.prompts, draft, grade))
                yield event
        except RagappError as error:  # what was proved is not lost
            if draft.abstained:
                raise
            cut_off = True
            if not isinstance(error, CancelledError):
                draft.notes.append(str(error))
        if draft.abstained and cancelled():  # what was cut off says nothing of what the documents hold
            raise CancelledError("Stopped.")
        # here the draft is complete: its sentences, citations and the confidence in their passages
        grade = "not_found" if draft.abstained else self._grade(draft, bench.calibration, caution)
        answer = self._finished(bench, draft, search, dropped, grade)
        yield replace(answer, stopped=cut_off or bench.cancelled())

    def _keep_readings(self, bench: Workbench, draft: Draft) -> None:
        """Have what was read of each passage kept, for other questions about it."""
        for passage in (one.passage for one in draft.judged):
            if source := self._source(passage.chunk):
                bench.engine.keep(passage_messages(bench.prompts, passage, bench.engine.escape), [source])

    def _source(self, chunk: StoredChunk) -> str:
        """The document that a chunk is of, as its readings name it; empty where it was removed or read anew since."""
        if not self._catalog:
            return ""
        row, now = self._catalog.document(chunk.document_id), self._catalog.chunks([chunk.id]).get(chunk.id)
        # a passage may be several chunks together
        return row.reading_source if row and now and now.text in chunk.text else ""

    def _search(self, question: str, k: int, scope: str) -> RetrievalResult:
        return self._retriever.search(question, k, scope)

    def _prepared(
        self,
        question: str,
        search: RetrievalResult,
        scope: str,
        caution: Caution | None,
        cancelled: Callable[[], bool],
        started: float,
    ) -> tuple[Workbench, int]:
        """What is needed to answer a question, and how many passages did not fit the model."""
        language = spoken_language(question, self._catalog.languages() if self._catalog else ())
        subjects = Subjects(question, language, self._catalog)
        found = subjects.first(search.passages)
        prompts = prompts_for(language, self._settings.answer.prompts)
        timings: dict[str, int | float] = {"retrieve_s": _since(started)}
        engine = self._engine()
        context, budget, beyond = self._pack(engine, prompts, question, found[: self._settings.retrieval.passages])
        calibration = self._calibration(engine).for_language(language)
        bench = Workbench(
            question=question,
            engine=engine,
            prompts=prompts,
            settings=self._settings,
            calibration=calibration,
            language=language,
            enough=self._enough(calibration, caution),
            passages=context.passages,
            found=found,
            search=lambda text, k: self._search(text, k, scope),
            budget=budget,
            cancelled=cancelled,
            catalog=self._catalog,
            similar=self._similar,
            subjects=subjects,
            started=started,
            timings=timings,
            beyond=beyond,
        )
        return bench, context.dropped

    def _drafted(self, bench: Workbench, draft: Draft, scope: str) -> Iterator[Event]:
        """Answer by what the question asks for; a part or a comparison that finds nothing is answered as a whole."""
        asked = question_kind(draft.question, bench.language)
        if asked.parts_left_out:
            count = len(asked.parts) + asked.parts_left_out
            draft.notes.append(bench.prompts.many_parts.format(count=count, read=len(asked.parts)))
        if not asked.parts and (yield from answer_from_tables(bench, draft, scope)):
            return
        yield from self._drafted_from_passages(bench, draft, asked)
        if draft.abstained and not asked.parts and not bench.cancelled():
            yield from answer_from_tables(bench, draft, scope, by_model=True)

    def _drafted_from_passages(self, bench: Workbench, draft: Draft, asked: QuestionKind) -> Iterator[Event]:
        done = False
        if bench.passages and asked.parts:
            done = yield from answer_parts(bench, draft, asked.parts)
        elif bench.passages and asked.kind == "comparison":
            done = yield from answer_comparison(bench, draft, asked)
        if done and not asked.parts:
            return
        if asked.kind == "list":
            yield from answer_list(bench, draft)
            return
        if not done:
            yield from answer_single(bench, draft, asked.kind, asked.several)
        if not (draft.abstained or bench.cancelled()):
            yield from tell_other_versions(bench, draft, bench.found)

    def _finished(self, bench: Workbench, draft: Draft, search: RetrievalResult, dropped: int, grade: Grade) -> Answer:
        prompts, engine = bench.prompts, bench.engine
        suggested: Caution | Literal[""] = ""
        if draft.judged and draft.abstained and draft.confidence < bench.enough:
            suggested = bench.calibration.caution_for(draft.confidence)
        read = [one.passage for one in draft.judged]
        dropped -= sum(passage in bench.beyond for passage in read)
        signals = tuple({name: round(value, 4) for name, value in asdict(one.signals).items()} for one in draft.judged)
        places = {passage.chunk.id: n for n, passage in enumerate(draft.passages, 1)}
        bench.timings.setdefault("probe_s", 0.0)
        bench.timings["total_s"] = _since(bench.started)
        return Answer(
            draft.question,
            draft.text,
            draft.abstained,
            round(draft.confidence, 4),
            tuple(draft.sentences),
            tuple(draft.citations),
            tuple(passage.described(n) for n, passage in enumerate(draft.passages, 1)),
            engine.name,
            AnswerContext(engine.window, draft.prompt_tokens, len(draft.used), dropped),
            bench.timings,
            signals,
            _note(prompts, search, read, draft.notes),
            bench.language,
            suggested,
            suggested,
            warnings=self._warnings([draft.passages[one.n - 1] for one in draft.citations] or read),
            grade=grade,
            doubt=_doubt(prompts, draft, grade),
            not_stated=() if draft.abstained else tuple(draft.not_stated),
            judged=tuple(places[passage.chunk.id] for passage in read),
            query=draft.query,
            rows=tuple(draft.rows),
            rows_found=draft.rows_found,
        )

    def _warnings(self, passages: Sequence[ScoredChunk]) -> tuple[DocumentWarnings, ...]:
        """What is known of how the passages' documents were read, each document once."""
        ids = dict.fromkeys(passage.chunk.document_id for passage in passages)
        rows = [self._catalog.document(document_id) for document_id in ids] if self._catalog else []
        return tuple(DocumentWarnings(row.id, row.name, row.path, row.warnings) for row in rows if row and row.warnings)

    def _pack(
        self, engine: LanguageModel, prompts: PromptSet, question: str, passages: Sequence[ScoredChunk]
    ) -> tuple[Context, int, list[ScoredChunk]]:
        """The passages that the model may read, how many tokens those have at the most, and further passages of which
        each fits the window."""
        frame = engine.prompt_tokens(answer_messages(prompts, question, [], engine.escape))
        room = engine.window - self._settings.answer.max_tokens - len(frame) - SEAM_TOKENS
        if room < 0:
            raise UsageError(
                f"The question is too long: nothing else fits the model's window of {engine.window} tokens.",
                "Ask a shorter question, or raise llm.context.",
            )
        wished = self._settings.retrieval.context_tokens
        budget = min(self._budget(engine) if wished == "auto" else wished, room)

        def render(n: int, passage: ScoredChunk) -> str:
            return engine.escape(render_passage(n, passage))

        context = pack(passages, render, engine.count, budget)
        taken = {passage.chunk.id for passage in context.passages}
        beyond = [passage for passage in passages if passage.chunk.id not in taken]
        return context, budget, [passage for passage in beyond if engine.count(render(1, passage)) <= room]

    def _enough(self, calibration: Calibration, caution: Caution | None) -> float:
        """The confidence below which nothing is answered."""
        settings = self._settings.answer
        if caution is None and settings.threshold is not None:
            return settings.threshold
        return calibration.thresholds[caution or settings.caution]

    def _grade(self, draft: Draft, calibration: Calibration, caution: Caution | None) -> Grade:
        """The grade of something that is shown; where the threshold is set by hand, that alone decides."""
        if draft.doubt:
            return "likely"
        if caution is None and self._settings.answer.threshold is not None:
            return "likely" if draft.own_words else "answered"
        grade = grade_of(calibration, caution or self._settings.answer.caution, draft.confidence, draft.own_words)
        # what is stated of things that are compared is there, however the model judges a passage of one of them
        return "likely" if grade == "not_found" else grade


def answer_of(events: Iterator[Event]) -> Answer:
    """The answer at the end of some events."""
    for event in events:
        if isinstance(event, Answer):
            return event
    raise AssertionError("the events end with an Answer")


def _doubt(prompts: PromptSet, draft: Draft, grade: Grade) -> str:
    """Why an answer is to be checked; empty where its grade does not say so."""
    if draft.doubt:
        return draft.doubt
    return (prompts.own_words if draft.own_words else prompts.unsure) if grade == "likely" else ""


def _key(question: str, turns: Sequence[Turn]) -> tuple[str, ...]:
    return (*(text for turn in turns for text in (turn.question, turn.standalone)), question)


def _note(prompts: PromptSet, search: RetrievalResult, read: Sequence[ScoredChunk], notes: Sequence[str]) -> str:
    """What the person should know beside the answer, with what some steps of it had to say."""
    told = [*notes, *([long_question_note(prompts, search)] if search.cut else [])]
    speaking = dict.fromkeys(passage.chunk.document for passage in read if has_injection(passage))
    return " ".join([*told, *(prompts.orders.format(document=document) for document in speaking)])


def _since(start: float) -> float:
    return round(time.monotonic() - start, 3)
