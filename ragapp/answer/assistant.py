"""Question to checked answer: retrieve, pack, judge each passage, write from the best, ground."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from ragapp.answer.grounding import ground
from ragapp.answer.prompts import (
    PROMPTS,
    PromptSet,
    answer_messages,
    probe_messages,
    prompts_for,
    render_passage,
)
from ragapp.answer.result import Answer
from ragapp.errors import UsageError
from ragapp.index.analysis import detect_language
from ragapp.llm.engine import Engine
from ragapp.llm.templates import Message
from ragapp.retrieval.context import Context, pack
from ragapp.retrieval.passage import Passage
from ragapp.retrieval.retriever import Retriever
from ragapp.settings import Settings

# a prompt is tokenized as a whole, which may cost a token more than its parts at each seam
SEAM_TOKENS = 16
# tokens of passages where nothing is known of the machine
USUAL_TOKENS = 900
# a passage is used beside the best one when the model finds it nearly as likely to state the answer
KEEP_SHARE = 0.9


@dataclass(frozen=True, slots=True)
class Stage:
    """What the person is waiting for.

    Attributes:
        passages: how many are read, or written from.
        ahead: how many questions are answered before this one.
    """

    name: Literal["searching", "waiting", "reading", "writing"]
    passages: int = 0
    ahead: int = 0


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
        settings: numbers of passages and tokens, the threshold for abstaining.
        budget: tokens of passages for an engine, asked where ``retrieval.context_tokens`` is ``auto``.
    """

    def __init__(
        self, retriever: Retriever, engine: Callable[[], Engine], settings: Settings,
        budget: Callable[[Engine], int] = lambda engine: USUAL_TOKENS,
    ):  # fmt: skip
        self._retriever = retriever
        self._engine = engine
        self._settings = settings
        self._budget = budget

    def ask(self, question: str, *, within: str = "", cancelled: Callable[[], bool] = lambda: False) -> Iterator[Event]:
        """Answer one question, telling what goes on.

        Args:
            question: in any language; English and French have prompts of their own.
            within: shell pattern that restricts the documents.
            cancelled: asked often; True stops the work.

        Yields:
            Stages and pieces of text, and one :class:`Answer` at the end.

        Raises:
            RagappError: no documents, no model, stopped while reading.
        """
        started = time.monotonic()
        question = question.strip()
        yield Stage("searching")
        found = self._retriever.search(question, self._settings.retrieval.passages, within)
        language = detect_language(question, PROMPTS)
        prompts = prompts_for(language)
        retrieved = time.monotonic()
        engine = self._engine()
        context = self._pack(engine, prompts, question, found.passages)
        if engine.ahead:
            yield Stage("waiting", ahead=engine.ahead)
        yield Stage("reading", len(context.passages))
        answer = Answer(question, prompts.not_found, True, 0.0, model=engine.name)
        answer.timings["retrieve_s"] = _since(started, retrieved)
        read = time.monotonic()
        judged = self._judge(engine, prompts, question, context.passages, cancelled)
        answer.passages = [passage for passage, _ in judged]
        answer.confidence = judged[0][1] if judged else 0.0
        answer.timings["probe_s"] = _since(read)
        used = [passage for passage, p in judged if p >= KEEP_SHARE * answer.confidence]
        messages = answer_messages(prompts, question, used, engine.escape)
        if used and answer.confidence >= self._settings.answer.threshold:
            yield Stage("writing", len(used))
            written = ""
            for piece in self._write(engine, messages, cancelled):
                answer.timings.setdefault("first_token_s", _since(started))
                if isinstance(piece, Delta):
                    written += piece.text
                yield piece
            answer.timings["answer_tokens"] = engine.stats.answer_tokens
            _check(answer, written, used, language)
        answer.context = {
            "window": engine.window,
            "prompt_tokens": len(engine.prompt_tokens(messages)),
            "passages_used": len(used),
            "passages_dropped": context.dropped,
        }
        answer.timings["total_s"] = _since(started)
        yield answer

    def answer(self, question: str, *, within: str = "") -> Answer:
        """The answer alone; see :meth:`ask`."""
        for event in self.ask(question, within=within):
            if isinstance(event, Answer):
                return event
        raise AssertionError("ask() ends with an Answer")

    def _pack(self, engine: Engine, prompts: PromptSet, question: str, passages: Sequence[Passage]) -> Context:
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

    def _judge(
        self,
        engine: Engine,
        prompts: PromptSet,
        question: str,
        passages: Sequence[Passage],
        cancelled: Callable[[], bool],
    ) -> list[tuple[Passage, float]]:
        """Each passage with the model's probability that it, alone, states the answer; the likeliest first.

        A small model that reads one passage at a time is not led astray by the others, and says much more clearly
        whether the answer is there.  The best of the search is read last, so that it is still in the model's cache
        when the answer is written, as it is from that passage most of the time.
        """
        judged = []
        for passage in reversed(passages):
            messages = probe_messages(prompts, question, [passage], engine.escape)
            judged.append((passage, engine.choose(messages, (prompts.yes, prompts.no), cancelled)[0]))
        judged.reverse()
        return sorted(judged, key=lambda pair: -pair[1])

    def _write(
        self, engine: Engine, messages: Sequence[Message], cancelled: Callable[[], bool]
    ) -> Iterator[Thought | Delta]:
        llm = self._settings.llm
        limits = {
            "max_tokens": self._settings.answer.max_tokens, "temperature": llm.temperature, "cancelled": cancelled
        }  # fmt: skip
        if not llm.thinking:
            yield from map(Delta, engine.generate(messages, **limits))
            return
        for piece in engine.generate_pieces(messages, **limits, thinking=True):
            yield Thought(piece.text) if piece.kind == "thinking" else Delta(piece.text)


def _check(answer: Answer, written: str, used: Sequence[Passage], language: str) -> None:
    """Ground what was written; when no passage states any of it, the answer stays an abstention."""
    sentences, citations = ground(written, answer.question, used, language)
    if any(sentence.supported for sentence in sentences):
        answer.abstained = False
        answer.sentences, answer.citations = sentences, citations
        answer.answer = " ".join(sentence.text for sentence in sentences)


def _since(start: float, end: float | None = None) -> float:
    return round((end or time.monotonic()) - start, 3)
