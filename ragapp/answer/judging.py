"""Which passage states the answer: the language model's own probability, one passage at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ragapp.answer.prompts import PromptSet, probe_messages
from ragapp.llm.interface import LanguageModel
from ragapp.retrieval.passage import Passage

# a passage that the model is so sure of is answered from at once: what the search found behind it is not read
SURE = 0.65
# a passage is used beside the likeliest one when it is nearly as likely to state the answer
KEEP_SHARE = 0.9


@dataclass(frozen=True, slots=True)
class Judged:
    """A passage and how likely it, alone, states the answer.

    Attributes:
        passage: as the search found it.
        likelihood: the model's probability of yes, 0 to 1.
    """

    passage: Passage
    likelihood: float


def judge(
    engine: LanguageModel,
    prompts: PromptSet,
    question: str,
    passages: Sequence[Passage],
    cancelled: Callable[[], bool],
    sure: float = SURE,
) -> list[Judged]:
    """Have the language model read passages one at a time, until it is sure of one.

    A small model that reads one passage at a time is not led astray by the others, and says much more clearly whether
    the answer is there.

    Args:
        engine: the loaded model.
        prompts: of the question's language.
        question: what was asked.
        passages: the best of the search first.
        cancelled: asked often; True stops the work.
        sure: likelihood at which no further passage is read; above 1 all are.

    Returns:
        Those that were read, in the order of the search.
    """
    judged: list[Judged] = []
    for passage in passages:
        messages = probe_messages(prompts, question, [passage], engine.escape)
        likelihood = engine.choose(messages, (prompts.yes, prompts.no), cancelled)[0]
        judged.append(Judged(passage, likelihood))
        if likelihood >= sure:
            break
    return judged


def likeliest_first(judged: Sequence[Judged]) -> list[Judged]:
    """The likeliest first; of those as likely, the better of the search."""
    return sorted(judged, key=lambda one: -one.likelihood)


def to_answer_from(judged: Sequence[Judged]) -> list[Passage]:
    """The likeliest passage, and those nearly as likely."""
    ordered = likeliest_first(judged)
    return [one.passage for one in ordered if one.likelihood >= KEEP_SHARE * ordered[0].likelihood]
