"""Question to checked answer: retrieve, pack, judge each passage, decide, write from the best, ground, compare."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

from ragapp.answer.calibration import Calibration, calibration_for
from ragapp.answer.grounding import MARK, Similarity, ground
from ragapp.answer.judging import Judge, to_answer_from
from ragapp.answer.orders import holds_orders
from ragapp.answer.prompts import (
    DEFAULT_LANGUAGE,
    PROMPTS,
    PromptSet,
    answer_messages,
    opening_messages,
    prompts_for,
    render_passage,
)
from ragapp.answer.question import wants_list
from ragapp.answer.result import Answer, Sentence
from ragapp.answer.versions import disagree, document_date, other_versions
from ragapp.caution import Caution
from ragapp.errors import UsageError
from ragapp.index.analysis import detect_language
from ragapp.index.catalog import Catalog
from ragapp.llm.interface import LanguageModel
from ragapp.llm.templates import Message
from ragapp.retrieval.passage import Passage
from ragapp.retrieval.postprocess import Context, pack
from ragapp.retrieval.retriever import Retriever
from ragapp.settings import Settings

# a prompt is tokenized as a whole, which may cost a token more than its parts at each seam
SEAM_TOKENS = 16
# tokens of passages where nothing is known of the machine
USUAL_TOKENS = 900
# so many passages of the search are looked at for versions of the one that is answered from
VERSIONS_AMONG = 10


@dataclass(frozen=True, slots=True)
class Stage:
    """What the person is waiting for.

    Attributes:
        passages: how many are read, or written from.
        ahead: how many questions are answered before this one.
        part: which part of a document is summarised, 1-based.
        parts: how many there are.
    """

    name: Literal["searching", "waiting", "reading", "writing", "comparing", "summarising"]
    passages: int = 0
    ahead: int = 0
    part: int = 0
    parts: int = 0


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of the answer, as the model writes it."""

    text: str


@dataclass(frozen=True, slots=True)
class Thought:
    """A piece of what a reasoning model thinks before it answers; never grounded, cited or kept."""

    text: str


Event = Stage | Thought | Delta | Answer


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

    def prepare(self, language: str = DEFAULT_LANGUAGE) -> None:
        """Load the language model and have it read what every question begins with, so that the first starts sooner.

        Args:
            language: of the question that is expected, ISO 639-1.

        Raises:
            ModelError: the model cannot be used.
        """
        prompts = prompts_for(language, self._settings.answer.prompts)
        self._engine().warm(opening_messages(prompts))

    def ask(
        self,
        question: str,
        *,
        within: str = "",
        caution: Caution | None = None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Iterator[Event]:
        """Answer one question, telling what goes on.

        Args:
            question: in any language; English and French have prompts of their own.
            within: shell pattern that restricts the documents.
            caution: for this question, instead of that of the settings.
            cancelled: asked often; True stops the work.

        Yields:
            Stages and pieces of text, and one :class:`Answer` at the end.

        Raises:
            RagappError: no documents, no model, stopped while reading.
        """
        started = time.monotonic()
        question = question.strip()
        yield Stage("searching")
        wanted = self._settings.retrieval.passages
        found = self._retriever.search(question, max(wanted, VERSIONS_AMONG), within).passages
        language = detect_language(question, {*PROMPTS, *(self._catalog.languages() if self._catalog else ())})
        prompts = prompts_for(language, self._settings.answer.prompts)
        retrieved = time.monotonic()
        engine = self._engine()
        context = self._pack(engine, prompts, question, found[:wanted])
        if engine.ahead:
            yield Stage("waiting", ahead=engine.ahead)
        yield Stage("reading", len(context.passages))
        answer = Answer(question, prompts.not_found, True, 0.0, model=engine.name, language=language)
        answer.timings["retrieve_s"] = _since(started, retrieved)
        read = time.monotonic()
        listing = wants_list(question)
        judge = Judge(engine, prompts, question, calibration_for(engine.name, self._calibration))
        enough = self._enough(judge.calibration, caution)
        # a list is made from all that is found; for one fact the first sure passage is enough
        judged = judge.read(context.passages, cancelled, enough=enough, every=listing)
        likeliest_first = [one.passage for one in judged]
        answer.signals = [asdict(one.signals) for one in judged]
        answer.confidence = judged[0].probability if judged else 0.0
        answer.passages = likeliest_first + [one for one in context.passages if one not in likeliest_first]
        answer.timings["probe_s"] = _since(read)
        used = likeliest_first if listing else to_answer_from(judged)
        messages = answer_messages(prompts, question, used, engine.escape, listing)
        if used and answer.confidence >= enough:
            yield Stage("writing", len(used))
            written = ""
            for piece in self._write(engine, messages, cancelled):
                answer.timings.setdefault("first_token_s", _since(started))
                if isinstance(piece, Delta):
                    written += piece.text
                yield piece
            answer.timings["answer_tokens"] = engine.stats.answer_tokens
            self._check(answer, written, used, language, listing)
            if not (listing or answer.abstained or cancelled()):
                yield from self._compare(answer, judge, found, cancelled)
        elif used:
            answer.bolder = judge.calibration.caution_for(answer.confidence)
        answer.note = _note(answer, prompts, likeliest_first, len(used) if listing else 0)
        answer.context = {
            "window": engine.window,
            "prompt_tokens": len(engine.prompt_tokens(messages)),
            "passages_used": len(used),
            "passages_dropped": context.dropped,
        }
        answer.timings["total_s"] = _since(started)
        yield answer

    def answer(self, question: str, *, within: str = "", caution: Caution | None = None) -> Answer:
        """The answer alone; see :meth:`ask`."""
        for event in self.ask(question, within=within, caution=caution):
            if isinstance(event, Answer):
                return event
        raise AssertionError("ask() ends with an Answer")

    def _pack(self, engine: LanguageModel, prompts: PromptSet, question: str, passages: Sequence[Passage]) -> Context:
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
        limits = {
            "max_tokens": self._settings.answer.max_tokens,
            "temperature": llm.temperature,
            "cancelled": cancelled,
        }
        if not llm.thinking:
            yield from map(Delta, engine.generate(messages, **limits))
            return
        for piece in engine.generate_pieces(messages, **limits, thinking=True):
            yield Thought(piece.text) if piece.kind == "thinking" else Delta(piece.text)

    def _check(self, answer: Answer, written: str, used: Sequence[Passage], language: str, listing: bool) -> None:
        """Ground what was written; where no passage states its main sentence, the answer stays an abstention."""
        sentences, citations = ground(written, answer.question, used, language, self._similar)
        # a line that only introduces a list says nothing that could be stated
        main = next((sentence for sentence in sentences if not sentence.text.endswith(":")), None)
        if main and (main.supported or (listing and any(sentence.supported for sentence in sentences))):
            answer.abstained = False
            answer.sentences, answer.citations = sentences, citations
            answer.answer = ("\n" if listing else " ").join(sentence.text for sentence in sentences)

    def _compare(
        self, answer: Answer, judge: Judge, found: Sequence[Passage], cancelled: Callable[[], bool]
    ) -> Iterator[Stage]:
        """Where another version of the passage gives other figures, say so beside the answer."""
        engine, prompts = judge.engine, judge.prompts
        best = answer.passages[answer.citations[0].n - 1]
        versions = other_versions(best, found)
        rows = {row.id: row for row in self._catalog.documents()} if self._catalog and versions else {}
        for passage in versions[:2]:
            row = rows.get(passage.chunk.document_id)
            if row is None or cancelled():
                continue
            yield Stage("comparing", 1)
            if judge.read([passage], cancelled)[0].probability < answer.confidence / 2:
                continue
            messages = answer_messages(prompts, answer.question, [passage], engine.escape)
            text = "".join(piece.text for piece in self._write(engine, messages, cancelled) if isinstance(piece, Delta))
            sentences, citations = ground(text, answer.question, [passage], answer.language, self._similar)
            if not (sentences and sentences[0].supported and disagree(answer.answer, text, answer.question)):
                continue
            if passage not in answer.passages:
                answer.passages.append(passage)
            n = answer.passages.index(passage) + 1
            said = prompts.disagrees.format(
                document=passage.chunk.document, date=document_date(row), answer=MARK.sub("", sentences[0].text)
            )
            answer.sentences.append(Sentence(f"{said} [{n}]", True, (n,)))
            answer.citations.append(replace(citations[0], n=n))
            answer.answer = f"{answer.answer} {said} [{n}]"


def _note(answer: Answer, prompts: PromptSet, read: Sequence[Passage], listed: int) -> str:
    """What the person should know beside the answer; ``listed`` is the number of passages that a list was made from."""
    notes = [prompts.listed.format(count=listed)] if listed and not answer.abstained else []
    speaking = dict.fromkeys(passage.chunk.document for passage in read if holds_orders(passage))
    return " ".join([*notes, *(prompts.orders.format(document=document) for document in speaking)])


def _since(start: float, end: float | None = None) -> float:
    return round((end or time.monotonic()) - start, 3)
