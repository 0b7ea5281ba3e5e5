"""Question to checked answer: retrieve, pack, ask whether it is answerable, write, ground."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from ragapp.answer.grounding import ground
from ragapp.answer.prompts import ABSTENTION, PROMPTS, PromptSet, answer_messages, probe_messages, prompts_for, render_passage
from ragapp.answer.result import Answer
from ragapp.index.analysis import detect_language
from ragapp.llm.engine import Engine
from ragapp.retrieval.context import Context, pack
from ragapp.retrieval.retriever import Retriever
from ragapp.settings import Settings

# room in the window for system text, question and instruction
FRAME_TOKENS = 400


@dataclass(frozen=True, slots=True)
class Stage:
    """What the person is waiting for."""

    name: Literal["searching", "reading", "writing"]
    passages: int = 0


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of the answer, as the model writes it."""

    text: str


Event = Stage | Delta | Answer


class Assistant:
    """Answers questions from a library.

    Args:
        retriever: finds passages.
        engine: gives the language model; called when the first passages are there, so that a question without
            documents costs no loading.
        settings: numbers of passages and tokens, the threshold for abstaining.
    """

    def __init__(self, retriever: Retriever, engine: Callable[[], Engine], settings: Settings):
        self._retriever = retriever
        self._engine = engine
        self._settings = settings

    def ask(
        self, question: str, *, within: str = "", cancelled: Callable[[], bool] = lambda: False
    ) -> Iterator[Event]:
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
        passages = self._retriever.search(question, self._settings.retrieval.passages, within)
        language = detect_language(question, PROMPTS)
        prompts = prompts_for(language)
        retrieved = time.monotonic()
        engine = self._engine()
        context = self._pack(engine, passages)
        yield Stage("reading", len(context.passages))
        answer = Answer(question, "", True, 0.0, passages=list(context.passages), model=engine.name)
        answer.timings["retrieve_s"] = _since(started, retrieved)
        # the clock of the answer starts when the model is there: loading is a cost of the first question alone
        loaded = time.monotonic()
        messages = probe_messages(prompts, question, context.passages, engine.escape)
        answer.confidence = engine.choose(messages, (prompts.yes, prompts.no), cancelled)[0] if context.passages else 0.0
        answer.timings["probe_s"] = _since(loaded)
        if answer.confidence >= self._settings.answer.threshold:
            yield Stage("writing", len(context.passages))
            yield from self._write(engine, prompts, answer, cancelled)
            answer.timings["first_token_s"] = round(
                answer.timings["probe_s"] + engine.stats.first_token_s, 3
            )
            answer.timings["answer_tokens"] = engine.stats.answer_tokens
            self._check(answer, language)
        if answer.abstained:
            answer.answer = prompts.not_found
        answer.context = {
            "window": engine.window,
            "prompt_tokens": len(engine.prompt_tokens(messages)),
            "passages_used": len(context.passages),
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

    def _pack(self, engine: Engine, passages) -> Context:
        room = engine.window - FRAME_TOKENS - self._settings.answer.max_tokens
        budget = min(self._settings.retrieval.context_tokens, room)
        return pack(passages, lambda n, p: engine.escape(render_passage(n, p)), engine.count, budget)

    def _write(self, engine: Engine, prompts: PromptSet, answer: Answer, cancelled) -> Iterator[Event]:
        messages = answer_messages(prompts, answer.question, answer.passages, engine.escape)
        written = ""
        for piece in engine.generate(
            messages,
            max_tokens=self._settings.answer.max_tokens,
            temperature=self._settings.llm.temperature,
            cancelled=cancelled,
        ):
            written += piece
            # nothing is shown while the text may still turn out to be the refusal
            if not ABSTENTION.startswith(written.strip()[: len(ABSTENTION)].upper()):
                yield Delta(written[len(answer.answer) :])
                answer.answer = written
        answer.answer = written.strip()

    def _check(self, answer: Answer, language: str) -> None:
        """Ground what was written; a refusal or an empty answer is an abstention."""
        if not answer.answer or ABSTENTION in answer.answer.upper():
            return
        answer.sentences, answer.citations = ground(answer.answer, answer.question, answer.passages, language)
        if answer.sentences:
            answer.abstained = False
            answer.answer = " ".join(sentence.text for sentence in answer.sentences)


def _since(start: float, end: float | None = None) -> float:
    return round((end or time.monotonic()) - start, 3)
