"""What is known before an answer is written that tells whether the documents hold one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from ragapp.answer import facts
from ragapp.answer.judging import Judged, likeliest_first
from ragapp.answer.question import has_figure, wants_figure
from ragapp.index.analysis import content_terms

# a probability is never so certain that its logarithm outweighs everything else
_LEAST = 0.002


@dataclass(frozen=True, slots=True)
class Signals:
    """Figures about a question and the passages that were found for it.

    Attributes:
        probe: log-odds that the likeliest passage states the answer, by the language model.
        score: fused score of the best passage of the search, 0 to 1.
        dense: its cosine with the question.
        coverage: share of the question's words, rare ones counting more, that the likeliest passage has.
        figures: 1 where a number or name of the question is missing in the likeliest passage.
        wanted: 1 where the question wants a figure and the likeliest passage has none.
    """

    probe: float
    score: float
    dense: float
    coverage: float
    figures: float
    wanted: float

    def values(self) -> list[float]:
        """The figures in order."""
        return list(asdict(self).values())


NAMES = tuple(Signals.__dataclass_fields__)


def read_signals(question: str, judged: Sequence[Judged], language: str) -> Signals:
    """The signals of a question.

    Args:
        question: what was asked.
        judged: the passages that the model judged, at least one.
        language: of the question, ISO 639-1.
    """
    likeliest = likeliest_first(judged)[0]
    best = likeliest.passage
    shown = " ".join((best.chunk.document, best.chunk.title, *best.chunk.headings, best.chunk.text))
    return Signals(
        probe=_log_odds(likeliest.likelihood),
        score=min(1.0, max(one.passage.score for one in judged)),
        dense=max(one.passage.dense for one in judged),
        coverage=best.coverage,
        figures=float(_lacks(question, shown, language)),
        wanted=float(wants_figure(question) and not has_figure(best.chunk.text)),
    )


def _lacks(question: str, shown: str, language: str) -> bool:
    held = facts.numbers_and_parts(shown)
    if any(number not in held for number in facts.numbers(question)):
        return True
    return not set(content_terms(" ".join(facts.names(question)), language)) <= set(content_terms(shown, language))


def _log_odds(p: float) -> float:
    p = min(max(p, _LEAST), 1 - _LEAST)
    return math.log(p / (1 - p))
