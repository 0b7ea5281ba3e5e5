"""Answerability: whether a passage states the answer, by the language model, which reads each alone, and the search."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

from ragapp.answer.calibration import Calibration, Features, features_of
from ragapp.answer.prompts import PromptSet, probe_messages, request_messages
from ragapp.errors import CancelledError
from ragapp.llm.interface import LanguageModel
from ragapp.retrieval.passage import ScoredChunk

# at this probability a passage is answered from at once, and those that the search ranked behind it are not read
SURE = 0.6
# Assumed yes of the model to a passage that it has not read; one that would not be likely enough even so is not read.
# The model gives more to three in eight of the passages that state the answer, but the search seldom ranks those low;
# with .5, one in ten of the passages that are answered from would not be read.
EXPECTED = 0.62
# passages with this share of the highest probability are answered from, too
KEEP_SHARE = 0.9
# Log-odds by which a model says oftener that a passage decides a yes/no question than that it states an answer; with
# the default model, passages that decide one, either way, have .79 or more before this, and others .74 or less.
EITHER_WAY = 1.2


@dataclass(frozen=True, slots=True)
class JudgedPassage:
    """A passage with its features and the probability, 0 to 1, that it alone states the answer."""

    passage: ScoredChunk
    signals: Features
    probability: float


@dataclass(frozen=True, slots=True)
class AnswerabilityJudge:
    """Judges the passages of one question, one at a time, since a small model confuses passages that it reads together.

    The prompts are those of the question's language, and the calibration that of the model.  A yes/no question is put
    in other words: asked whether a passage states the answer, a small model gives the answer itself, and a passage that
    says no would count as one that does not say.
    """

    engine: LanguageModel
    prompts: PromptSet
    question: str
    calibration: Calibration
    yes_or_no: bool = False

    def read(
        self,
        passages: Sequence[ScoredChunk],
        cancelled: Callable[[], bool],
        *,
        enough: float = 0.0,
        every: bool = False,
    ) -> list[JudgedPassage]:
        """Judge passages until one surely states the answer.

        Args:
            passages: in the order of the search.
            enough: required probability; after the first, passages that can hardly reach it are skipped.
            every: judge all, whatever their probability.

        Returns:
            Those that were read, the likeliest first, and among equals in the order of the search.
        """
        reading = self.reading(passages, cancelled, enough=enough, every=every)
        while True:
            try:
                next(reading)
            except StopIteration as ended:
                judged: list[JudgedPassage] = ended.value
                return judged

    def reading(
        self, passages: Sequence[ScoredChunk], cancelled: Callable[[], bool], *, enough: float, every: bool
    ) -> Generator[int, None, list[JudgedPassage]]:
        """As :meth:`read`; yields the place in the search of each passage, 1-based, before that is read."""
        judged: list[JudgedPassage] = []
        for number, passage in enumerate(passages, 1):
            if judged and not every and self.hopeless(passage, enough):
                continue
            yield number
            judged.append(self.read_one(passage, cancelled))
            if judged[-1].probability >= SURE and not every:
                break
        return sorted(judged, key=lambda one: -one.probability)

    def read_one(self, passage: ScoredChunk, cancelled: Callable[[], bool]) -> JudgedPassage:
        """Judge one passage, by one forward pass.

        Raises:
            CancelledError: ``cancelled`` said so.
        """
        if cancelled():  # a short passage may be read before the engine looks
            raise CancelledError("Stopped.")
        return self._weigh(
            passage, self._decided(passage, cancelled) if self.yes_or_no else self._yes(passage, cancelled)
        )

    def hopeless(self, passage: ScoredChunk, enough: float) -> bool:
        """Whether the search thinks so little of a passage that it could hardly reach a probability."""
        return self._weigh(passage, EXPECTED).probability < enough

    def _yes(self, passage: ScoredChunk, cancelled: Callable[[], bool]) -> float:
        messages = probe_messages(self.prompts, self.question, [passage], self.engine.escape)
        return self.engine.choice_probabilities(messages, (self.prompts.yes, self.prompts.no), cancelled)[0]

    def _decided(self, passage: ScoredChunk, cancelled: Callable[[], bool]) -> float:
        """Probability that a passage says that it is so, or that it is not."""
        prompts = self.prompts
        messages = request_messages(prompts, self.question, [passage], self.engine.escape, prompts.whether)
        unknown = self.engine.choice_probabilities(messages, (prompts.yes, prompts.no, prompts.unknown), cancelled)[2]
        odds = (1 - unknown) / max(unknown, 1e-6) / math.exp(EITHER_WAY)
        return odds / (1 + odds)

    def _weigh(self, passage: ScoredChunk, yes: float) -> JudgedPassage:
        signals = features_of(passage, yes)
        return JudgedPassage(passage, signals, self.calibration.probability(signals))


def select_sources(judged: Sequence[JudgedPassage]) -> list[ScoredChunk]:
    """The likeliest passage and those nearly as likely, of some that are sorted by probability."""
    return [one.passage for one in judged if one.probability >= KEEP_SHARE * judged[0].probability]
