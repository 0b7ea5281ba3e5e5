"""What is known of a passage before an answer is written from it that tells whether it states one."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

from ragapp.answer import facts
from ragapp.answer.question import has_figure, wants_figure
from ragapp.index.analysis import content_terms
from ragapp.retrieval.passage import Passage

# a probability is never so certain that its logarithm outweighs everything else
_LEAST = 0.002


@dataclass(frozen=True, slots=True)
class Signals:
    """Figures about a question and a passage that was found for it.

    Attributes:
        probe: log-odds that the passage states the answer, by the language model.
        score: its fused score in the search, 0 to 1.
        dense: its cosine with the question.
        coverage: share of the question's words, rare ones counting more, that it has.
        figures: 1 where a number or name of the question is missing in it.
        wanted: 1 where the question wants a figure and it has none.
    """

    probe: float
    score: float
    dense: float
    coverage: float
    figures: float
    wanted: float

    def values(self) -> list[float]:
        """The figures in the order of :data:`NAMES`."""
        return list(asdict(self).values())


NAMES = tuple(Signals.__dataclass_fields__)


def read_signals(question: str, passage: Passage, yes: float, language: str) -> Signals:
    """The signals of a passage.

    Args:
        question: what was asked.
        passage: as the search found it.
        yes: the model's probability that the passage states the answer, 0 to 1.
        language: of the question, ISO 639-1.
    """
    chunk = passage.chunk
    shown = " ".join((chunk.document, chunk.title, *chunk.headings, chunk.text))
    return Signals(
        probe=_log_odds(yes),
        score=min(1.0, passage.score),
        dense=passage.dense,
        coverage=passage.coverage,
        figures=float(_lacks(question, shown, language)),
        wanted=float(wants_figure(question) and not has_figure(chunk.text)),
    )


def _lacks(question: str, shown: str, language: str) -> bool:
    held = facts.numbers_and_parts(shown)
    if any(number not in held for number in facts.numbers(question)):
        return True
    return not set(content_terms(" ".join(facts.names(question)), language)) <= set(content_terms(shown, language))


def _log_odds(p: float) -> float:
    p = min(max(p, _LEAST), 1 - _LEAST)
    return math.log(p / (1 - p))
