"""Answerability: whether a passage states the answer, by the language model, which reads each alone, and the search."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ragapp.answer.calibration import Calibration, Features, features_of
from ragapp.answer.prompts import PromptSet, probe_messages
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


@dataclass(frozen=True, slots=True)
class JudgedPassage:
    """A passage with its features and the probability, 0 to 1, that it alone states the answer."""

    passage: ScoredChunk
    signals: Features
    probability: float


@dataclass(frozen=True, slots=True)
class AnswerabilityJudge:
    """Judges the passages of one question, one at a time, since a small model confuses passages that it reads together.

    The prompts are those of the question's language, and the calibration that of the model.
    """

    engine: LanguageModel
    prompts: PromptSet
    question: str
    calibration: Calibration

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
        judged: list[JudgedPassage] = []
        for passage in passages:
            if judged and not every and self._weigh(passage, EXPECTED).probability < enough:
                continue
            messages = probe_messages(self.prompts, self.question, [passage], self.engine.escape)
            yes = self.engine.choice_probabilities(messages, (self.prompts.yes, self.prompts.no), cancelled)[0]
            judged.append(self._weigh(passage, yes))
            if judged[-1].probability >= SURE and not every:
                break
        return sorted(judged, key=lambda one: -one.probability)

    def _weigh(self, passage: ScoredChunk, yes: float) -> JudgedPassage:
        signals = features_of(passage, yes)
        return JudgedPassage(passage, signals, self.calibration.probability(signals))


def select_sources(judged: Sequence[JudgedPassage]) -> list[ScoredChunk]:
    """The likeliest passage and those nearly as likely, of some that are sorted by probability."""
    return [one.passage for one in judged if one.probability >= KEEP_SHARE * judged[0].probability]
