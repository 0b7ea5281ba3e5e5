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
from ragapp.retrieval.passage import ScoredChunk
from ragapp.retrieval.postprocess import Context, pack
from ragapp.retrieval.retriever import Retriever
from ragapp.settings import Settings

# a prompt is tokenized as a whole, which may cost a token more than its parts at each seam
SEAM_TOKENS = 16
# tokens of passages where nothing is known of the machine
USUAL_TOKENS = 900
# so many passages of the search are looked at for versions of the one that is answered from
VERSIONS_AMONG = 10
# so many questions are remembered with how they were understood
REMEMBERED = 1000


@dataclass(slots=True)
class _Draft:
    """An answer while it is being made; an abstention until its sentences have been checked."""

    question: str
    text: str
    model: str
    language: str
    abstained: bool = True
    confidence: float = 0.0
    sentences: list[Sentence] = field(default_factory=list)
    citations: list[Citation] = field(default_factory=list)
    passages: list[ScoredChunk] = field(default_factory=list)
    timings: dict[str, int | float] = field(default_factory=dict)
    suggested_caution: Caution | Literal[""] = ""


class Assistant:
    """Answers questions from a library.

    Args:
        retriever: finds passages.
        engine: gives the language model; called when the first passages are there, so that a question without
            documents costs no loading.
        settings: numbers of passages and tokens, caution.
        budget: tokens of passages for an engine, asked where ``retrieval.context_tokens`` is ``auto``.
        catalog: dates of documents and the languages they are in; None where neither is known.
        similar: how near a sentence is to others, for grounding what is said in other words.
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
        """Load the language model and have it read what every question begins with, so that the first starts sooner.

        Args:
            language: of the question that is expected, ISO 639-1.

        Raises:
            ModelError: the model cannot be used.
        """
        prompts = prompts_for(language, self._settings.answer.prompts)
        self._engine().prefill(opening_messages(prompts))

    def ask(
        self,
        question: str,
        turns: Sequence[Turn] = (),
        *,
        scope: str = "",
        caution: Caution | None = None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Iterator[Event]:
        """Answer one question of a conversation, telling what goes on.

        Every door (command line, page, API) comes in here.

        Args:
            question: in any language; English and French have prompts of their own.
            turns: of the conversation so far, the oldest first; a follow-up is understood by them.
            scope: restricts the documents: a name, a shell pattern, or a folder.
            caution: for this question, instead of that of the settings.
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
                yield replace(
                    event, question=question, standalone=understood.question, turns_dropped=understood.turns_dropped
                )
            else:
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

        Args:
            question: as it was asked.
            turns: the oldest first.  Those that do not say how they were understood (chat programs send texts alone)
                are understood first.
            cancelled: asked often; True stops the work.

        Raises:
            RagappError: the model was needed, and cannot be used.
        """
        earlier: list[Turn] = []
        for turn in turns:
            if not turn.standalone:
                known = self._understood.get(_key(turn.question, earlier)) or self._understand(
                    turn.question, earlier, cancelled
                )
                turn = replace(turn, standalone=known.question)
            earlier.append(turn)
        return self._understand(question, earlier, cancelled)

    def _understand(self, question: str, turns: Sequence[Turn], cancelled: Callable[[], bool]) -> Understood:
        def covered(text: str) -> float:
            found = self._retriever.search(text, self._settings.retrieval.passages)
            return max((passage.coverage for passage in found.passages), default=0.0)

        def rewrite(text: str, earlier: Sequence[Turn], language: str) -> tuple[str, int]:
            return rewriter(self._engine(), cancelled)(text, earlier, language)

        understood = standalone(question, turns, covered=covered, rewrite=rewrite)
        if len(self._understood) >= REMEMBERED:
            self._understood.clear()
        self._understood[_key(question, turns)] = understood
        return understood

    def _answer(
        self, question: str, scope: str, caution: Caution | None, cancelled: Callable[[], bool], started: float
    ) -> Iterator[Event]:
        yield Stage("searching")
        wanted = self._settings.retrieval.passages
        found = self._retriever.search(question, max(wanted, VERSIONS_AMONG), scope).passages
        language = detect_language(question, {*PROMPTS, *(self._catalog.languages() if self._catalog else ())})
        prompts = prompts_for(language, self._settings.answer.prompts)
        retrieved = time.monotonic()
        engine = self._engine()
        context = self._pack(engine, prompts, question, found[:wanted])
        if engine.ahead:
            yield Stage("waiting", ahead=engine.ahead)
        yield Stage("reading", len(context.passages))
        draft = _Draft(question, prompts.not_found, engine.name, language)
        draft.timings["retrieve_s"] = _since(started, retrieved)
        read = time.monotonic()
        listing = wants_list(question)
        judge = AnswerabilityJudge(engine, prompts, question, calibration_for(engine.name, self._calibration))
        enough = self._enough(judge.calibration, caution)
        # a list is made from all that is found; for one fact the first sure passage is enough
        judged = judge.read(context.passages, cancelled, enough=enough, every=listing)
        likeliest_first = [one.passage for one in judged]
        draft.confidence = judged[0].probability if judged else 0.0
        draft.passages = likeliest_first + [one for one in context.passages if one not in likeliest_first]
        draft.timings["probe_s"] = _since(read)
        used = likeliest_first if listing else select_sources(judged)
        messages = answer_messages(prompts, question, used, engine.escape, listing)
        if used and draft.confidence >= enough:
            yield Stage("writing", len(used))
            written = ""
            for piece in self._write(engine, messages, cancelled):
                draft.timings.setdefault("first_token_s", _since(started))
                if isinstance(piece, Delta):
                    written += piece.text
                yield piece
            draft.timings["answer_tokens"] = engine.stats.answer_tokens
            self._check(draft, written, used, listing)
            if not (listing or draft.abstained or cancelled()):
                yield from self._compare(draft, judge, found, cancelled)
        elif used:
            draft.suggested_caution = judge.calibration.caution_for(draft.confidence)
        prompt_tokens = len(engine.prompt_tokens(messages))
        draft.timings["total_s"] = _since(started)
        yield Answer(
            question,
            draft.text,
            draft.abstained,
            round(draft.confidence, 4),
            tuple(draft.sentences),
            tuple(draft.citations),
            tuple(passage.described(n) for n, passage in enumerate(draft.passages, 1)),
            engine.name,
            AnswerContext(engine.window, prompt_tokens, len(used), context.dropped),
            draft.timings,
            tuple({name: round(value, 4) for name, value in asdict(one.signals).items()} for one in judged),
            _note(draft.abstained, prompts, likeliest_first, len(used) if listing else 0),
            language,
            draft.suggested_caution,
            draft.suggested_caution,
        )

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
        """The confidence that is asked for before anything is answered."""
        settings = self._settings.answer
        if caution is None and settings.threshold is not None:
            return settings.threshold
        return calibration.thresholds[caution or settings.caution]

    def _write(
        self, engine: LanguageModel, messages: Sequence[Message], cancelled: Callable[[], bool]
    ) -> Iterator[Thought | Delta]:
        llm = self._settings.llm
        most = self._settings.answer.max_tokens
        if not llm.thinking:
            written = engine.generate(messages, max_tokens=most, temperature=llm.temperature, cancelled=cancelled)
            yield from map(Delta, written)
            return
        for piece in engine.generate_pieces(
            messages, max_tokens=most, temperature=llm.temperature, cancelled=cancelled, thinking=True
        ):
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
        """Where another version of the passage gives other figures, say so beside the answer."""
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
            said = prompts.disagrees.format(
                document=passage.chunk.document, date=document_date(row), answer=MARK.sub("", sentences[0].text)
            )
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


def _note(abstained: bool, prompts: PromptSet, read: Sequence[ScoredChunk], listed: int) -> str:
    """What the person should know beside the answer; ``listed`` is the number of passages that a list was made from."""
    notes = [prompts.listed.format(count=listed)] if listed and not abstained else []
    speaking = dict.fromkeys(passage.chunk.document for passage in read if has_injection(passage))
    return " ".join([*notes, *(prompts.orders.format(document=document) for document in speaking)])


def _since(start: float, end: float | None = None) -> float:
    return round((end or time.monotonic()) - start, 3)
