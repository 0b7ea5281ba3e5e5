"""Question to checked answer: retrieve, pack, judge each passage, decide, write from the best, ground, compare."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Literal

from ragapp.answer.answerability import AnswerabilityJudge, select_sources
from ragapp.answer.calibration import Calibration, calibration_for
from ragapp.answer.followup import standalone
from ragapp.answer.grounding import MARK, Similarity, ground
from ragapp.answer.prompt_injection import has_injection
from ragapp.answer.prompts import (
    DEFAULT_LANGUAGE,
    PROMPTS,
    PromptSet,
    answer_messages,
    long_question_note,
    opening_messages,
    prompts_for,
    render_passage,
    wants_list,
)
from ragapp.answer.rewriting import rewriter
from ragapp.answer.versions import document_date, figures_disagree, other_versions
from ragapp.contract import (
    Answer,
    AnswerContext,
    Caution,
    Citation,
    Delta,
    DocumentWarnings,
    Event,
    Sentence,
    Stage,
    Thought,
    Turn,
    Understood,
)
from ragapp.errors import UsageError
from ragapp.index.analysis import detect_language
from ragapp.index.catalog import Catalog
from ragapp.llm.interface import LanguageModel
from ragapp.llm.templates import Message
from ragapp.retrieval.passage import RetrievalResult, ScoredChunk
from ragapp.retrieval.postprocess import Context, pack
from ragapp.retrieval.retriever import Retriever
from ragapp.settings import Settings

# a prompt is tokenized as a whole, which may cost a token more than its parts at each seam
SEAM_TOKENS = 16
# the budget of passages in tokens where nothing is known of the machine
USUAL_TOKENS = 900
# passages of the search among which other versions are looked for
VERSIONS_AMONG = 10
# questions that are remembered with how they were understood
REMEMBERED = 1000


@dataclass(slots=True)
class _Draft:
    """An answer while it is being made; an abstention until its sentences have been checked."""

    question: str
    text: str
    language: str
    abstained: bool = True
    confidence: float = 0.0
    sentences: list[Sentence] = field(default_factory=list)
    citations: list[Citation] = field(default_factory=list)
    passages: list[ScoredChunk] = field(default_factory=list)


class Assistant:
    """Answers questions from a store.

    Args:
        engine: gives the language model; called once passages are found.
        budget: tokens of passages for an engine, asked where ``retrieval.context_tokens`` is ``auto``.
        catalog: dates and languages of documents; None where neither is known.
        similar: for grounding; see :func:`ragapp.answer.grounding.ground`.
        calibration: file with the person's own calibration; see :func:`calibration_for`.
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
        calibration: Path | None = None,
    ):
        self._retriever = retriever
        self._engine = engine
        self._settings = settings
        self._budget = budget
        self._catalog = catalog
        self._similar = similar
        self._calibration = calibration
        # how questions were understood, for chat programs, which send a conversation as bare texts
        self._understood: dict[tuple[str, ...], Understood] = {}

    def prepare(self, language: str = DEFAULT_LANGUAGE) -> None:
        """Load the model and warm its prompt cache with what every question in a language (ISO 639-1) begins with.

        Raises:
            ModelError: the model cannot be used.
        """
        self._engine().prefill(opening_messages(prompts_for(language, self._settings.answer.prompts)))

    def ask(
        self,
        question: str,
        turns: Sequence[Turn] = (),
        *,
        scope: str = "",
        caution: Caution | None = None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Iterator[Event]:
        """Answer one question of a conversation, for every door: command line, page, API.

        Args:
            question: in any language.
            turns: the conversation so far, the oldest first; a follow-up is understood by them.
            scope: restricts the documents: a name, a shell pattern, or a folder.
            caution: instead of that of the settings.
            cancelled: asked often; True stops the work.

        Yields:
            How the question was understood, stages and pieces of text, and one :class:`Answer` at the end.

        Raises:
            RagappError: no documents, no model, stopped while reading.
        """
        started = time.monotonic()
        understood = self.understand(question, turns, cancelled)
        yield understood
        for event in self._answer(understood.question, scope, caution, cancelled, started):
            if isinstance(event, Answer):
                dropped = understood.turns_dropped
                event = replace(event, question=question, standalone=understood.question, turns_dropped=dropped)
            yield event

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

    def _answer(
        self, question: str, scope: str, caution: Caution | None, cancelled: Callable[[], bool], started: float
    ) -> Iterator[Event]:
        yield Stage("searching")
        shown = self._settings.retrieval.passages
        search = self._retriever.search(question, max(shown, VERSIONS_AMONG), scope)
        found = search.passages
        language = detect_language(question, {*PROMPTS, *(self._catalog.languages() if self._catalog else ())})
        prompts = prompts_for(language, self._settings.answer.prompts)
        timings: dict[str, int | float] = {"retrieve_s": _since(started)}
        engine = self._engine()
        context = self._pack(engine, prompts, question, found[:shown])
        if engine.ahead:
            yield Stage("waiting", ahead=engine.ahead)
        yield Stage("reading", len(context.passages))
        draft = _Draft(question, prompts.not_found, language)
        suggested_caution: Caution | Literal[""] = ""
        read = time.monotonic()
        listing = wants_list(question)
        judge = AnswerabilityJudge(engine, prompts, question, calibration_for(engine.name, self._calibration))
        enough = self._enough(judge.calibration, caution)
        # a list is made from all passages; for one fact the first sure one is enough
        judged = judge.read(context.passages, cancelled, enough=enough, every=listing)
        ranked = [one.passage for one in judged]
        draft.confidence = judged[0].probability if judged else 0.0
        draft.passages = ranked + [one for one in context.passages if one not in ranked]
        timings["probe_s"] = _since(read)
        used = ranked if listing else select_sources(judged)
        messages = answer_messages(prompts, question, used, engine.escape, listing)
        if used and draft.confidence >= enough:
            yield Stage("writing", len(used))
            written = ""
            for piece in self._write(engine, messages, cancelled):
                timings.setdefault("first_token_s", _since(started))
                if isinstance(piece, Delta):
                    written += piece.text
                yield piece
            timings["answer_tokens"] = engine.stats.answer_tokens
            self._check(draft, written, used, listing)
            if not (listing or draft.abstained or cancelled()):
                yield from self._compare(draft, judge, found, cancelled)
        elif used:
            suggested_caution = judge.calibration.caution_for(draft.confidence)
        used_context = AnswerContext(engine.window, len(engine.prompt_tokens(messages)), len(used), context.dropped)
        timings["total_s"] = _since(started)
        yield Answer(
            question,
            draft.text,
            draft.abstained,
            round(draft.confidence, 4),
            tuple(draft.sentences),
            tuple(draft.citations),
            tuple(passage.described(n) for n, passage in enumerate(draft.passages, 1)),
            engine.name,
            used_context,
            timings,
            tuple({name: round(value, 4) for name, value in asdict(one.signals).items()} for one in judged),
            _note(prompts, search, ranked, 0 if draft.abstained or not listing else len(used)),
            language,
            suggested_caution,
            suggested_caution,
            warnings=self._warnings([draft.passages[one.n - 1] for one in draft.citations] or ranked),
        )

    def _warnings(self, passages: Sequence[ScoredChunk]) -> tuple[DocumentWarnings, ...]:
        """What is known of how the passages' documents were read, each document once."""
        ids = dict.fromkeys(passage.chunk.document_id for passage in passages)
        rows = [self._catalog.document(document_id) for document_id in ids] if self._catalog else []
        return tuple(DocumentWarnings(row.id, row.name, row.path, row.warnings) for row in rows if row and row.warnings)

    def _pack(
        self, engine: LanguageModel, prompts: PromptSet, question: str, passages: Sequence[ScoredChunk]
    ) -> Context:
        frame = engine.prompt_tokens(answer_messages(prompts, question, [], engine.escape))
        room = engine.window - self._settings.answer.max_tokens - len(frame) - SEAM_TOKENS
        if room < 0:
            raise UsageError(
                f"The question is too long: nothing else fits the model's window of {engine.window} tokens.",
                "Ask a shorter question, or raise llm.context.",
            )
        wished = self._settings.retrieval.context_tokens
        budget = min(self._budget(engine) if wished == "auto" else wished, room)
        return pack(passages, lambda n, p: engine.escape(render_passage(n, p)), engine.count, budget)

    def _enough(self, calibration: Calibration, caution: Caution | None) -> float:
        """The confidence below which nothing is answered."""
        settings = self._settings.answer
        if caution is None and settings.threshold is not None:
            return settings.threshold
        return calibration.thresholds[caution or settings.caution]

    def _write(
        self, engine: LanguageModel, messages: Sequence[Message], cancelled: Callable[[], bool]
    ) -> Iterator[Thought | Delta]:
        most, heat = self._settings.answer.max_tokens, self._settings.llm.temperature
        if not self._settings.llm.thinking:
            yield from map(Delta, engine.generate(messages, max_tokens=most, temperature=heat, cancelled=cancelled))
            return
        pieces = engine.generate_pieces(messages, max_tokens=most, temperature=heat, cancelled=cancelled, thinking=True)
        for piece in pieces:
            yield Thought(piece.text) if piece.kind == "thinking" else Delta(piece.text)

    def _check(self, draft: _Draft, written: str, used: Sequence[ScoredChunk], listing: bool) -> None:
        """Ground what was written; where no passage states its main sentence, the answer stays an abstention."""
        sentences, citations = ground(written, draft.question, used, draft.language, self._similar)
        # a line that only introduces a list says nothing that could be stated
        main = next((sentence for sentence in sentences if not sentence.text.endswith(":")), None)
        if main and (main.supported or (listing and any(sentence.supported for sentence in sentences))):
            draft.abstained = False
            draft.sentences, draft.citations = sentences, citations
            draft.text = ("\n" if listing else " ").join(sentence.text for sentence in sentences)

    def _compare(
        self, draft: _Draft, judge: AnswerabilityJudge, found: Sequence[ScoredChunk], cancelled: Callable[[], bool]
    ) -> Iterator[Stage]:
        """Add to the answer what another version of its passage says, where that gives other figures."""
        engine, prompts = judge.engine, judge.prompts
        best = draft.passages[draft.citations[0].n - 1]
        versions = other_versions(best, found)
        rows = {row.id: row for row in self._catalog.documents()} if self._catalog and versions else {}
        for passage in versions[:2]:
            row = rows.get(passage.chunk.document_id)
            if row is None or cancelled():
                continue
            yield Stage("comparing", 1)
            if judge.read([passage], cancelled)[0].probability < draft.confidence / 2:
                continue
            messages = answer_messages(prompts, draft.question, [passage], engine.escape)
            text = "".join(piece.text for piece in self._write(engine, messages, cancelled) if isinstance(piece, Delta))
            sentences, citations = ground(text, draft.question, [passage], draft.language, self._similar)
            if not (sentences and sentences[0].supported and figures_disagree(draft.text, text, draft.question)):
                continue
            if passage not in draft.passages:
                draft.passages.append(passage)
            n = draft.passages.index(passage) + 1
            name, other = passage.chunk.document, MARK.sub("", sentences[0].text)
            said = prompts.disagrees.format(document=name, date=document_date(row), answer=other)
            draft.sentences.append(Sentence(f"{said} [{n}]", True, (n,)))
            draft.citations.append(replace(citations[0], n=n))
            draft.text = f"{draft.text} {said} [{n}]"


def answer_of(events: Iterator[Event]) -> Answer:
    """The answer at the end of some events."""
    for event in events:
        if isinstance(event, Answer):
            return event
    raise AssertionError("the events end with an Answer")


def _key(question: str, turns: Sequence[Turn]) -> tuple[str, ...]:
    return (*(text for turn in turns for text in (turn.question, turn.standalone)), question)


def _note(prompts: PromptSet, search: RetrievalResult, read: Sequence[ScoredChunk], listed: int) -> str:
    """What the person should know beside the answer; ``listed`` is the number of passages that a list was made from."""
    notes = [prompts.listed.format(count=listed)] if listed else []
    notes += [long_question_note(prompts, search)] if search.cut else []
    speaking = dict.fromkeys(passage.chunk.document for passage in read if has_injection(passage))
    return " ".join([*notes, *(prompts.orders.format(document=document) for document in speaking)])


def _since(start: float) -> float:
    return round(time.monotonic() - start, 3)
