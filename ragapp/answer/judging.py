"""Which passage states the answer: what the language model and the search say of each, weighed by the calibration."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ragapp.answer.calibration import Calibration
from ragapp.answer.prompts import PromptSet, probe_messages
from ragapp.answer.signals import Signals, read_signals
from ragapp.llm.interface import LanguageModel
from ragapp.retrieval.passage import Passage

# a passage that so surely states the answer is answered from at once: what the search found behind it is not read
SURE = 0.6
# The yes, as a probability, that the model is taken to say of a passage that it has not read: one that would not be
# enough even so is not read.  It says more of three in eight of the passages that state the answer, but the search
# seldom thinks little of those; with .5, one in ten of the passages that are answered from would not be read.
EXPECTED = 0.62
# a passage is used beside the likeliest one when it is nearly as likely to state the answer
KEEP_SHARE = 0.9


@dataclass(frozen=True, slots=True)
class Judged:
    """A passage that was read, and how likely it, alone, states the answer.

    Attributes:
        passage: as the search found it.
        signals: what is known of it.
        probability: what the calibration makes of them, 0 to 1.
    """

    passage: Passage
    signals: Signals
    probability: float


@dataclass(frozen=True, slots=True)
class Judge:
    """Has the language model read passages for one question, one at a time.

    A small model that reads one passage at a time is not led astray by the others, and says much more clearly whether
    the answer is there.

    Attributes:
        engine: the loaded model.
        prompts: of the question's language.
        question: what was asked.
        calibration: of the model.
    """

    engine: LanguageModel
    prompts: PromptSet
    question: str
    calibration: Calibration

    def read(
        self, passages: Sequence[Passage], cancelled: Callable[[], bool], *, enough: float = 0.0, every: bool = False
    ) -> list[Judged]:
        """Judge passages until one surely states the answer.

        Args:
            passages: the best of the search first.
            cancelled: asked often; True stops the work.
            enough: probability that is asked for; after the first, passages that can hardly reach it are not read.
            every: whether all are read instead, however unlikely or sure.

        Returns:
            Those that were read, the likeliest first; of those as likely, the better of the search.
        """
        judged: list[Judged] = []
        for passage in passages:
            if judged and not every and self._weigh(passage, EXPECTED).probability < enough:
                continue
            messages = probe_messages(self.prompts, self.question, [passage], self.engine.escape)
            yes = self.engine.choose(messages, (self.prompts.yes, self.prompts.no), cancelled)[0]
            judged.append(self._weigh(passage, yes))
            if judged[-1].probability >= SURE and not every:
                break
        return sorted(judged, key=lambda one: -one.probability)

    def _weigh(self, passage: Passage, yes: float) -> Judged:
        signals = read_signals(passage, yes)
        return Judged(passage, signals, self.calibration.probability(signals))


def to_answer_from(judged: Sequence[Judged]) -> list[Passage]:
    """The likeliest passage, and those nearly as likely.

    Args:
        judged: the likeliest first.
    """
    return [one.passage for one in judged if one.probability >= KEEP_SHARE * judged[0].probability]
