"""What is known of a passage before an answer is written from it that tells whether it states one."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

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
    """

    probe: float
    score: float
    dense: float

    def values(self) -> list[float]:
        """The figures in the order of :data:`NAMES`."""
        return list(asdict(self).values())


NAMES = tuple(Signals.__dataclass_fields__)


def read_signals(passage: Passage, yes: float) -> Signals:
    """The signals of a passage.

    Args:
        passage: as the search found it.
        yes: the model's probability that the passage states the answer, 0 to 1.
    """
    return Signals(probe=_log_odds(yes), score=min(1.0, passage.score), dense=passage.dense)


def _log_odds(p: float) -> float:
    p = min(max(p, _LEAST), 1 - _LEAST)
    return math.log(p / (1 - p))
