"""How much of a question's wording a chunk has, beyond BM25: its rare words, and words that stand together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

# two words that follow each other in the question are taken as one expression where they follow each other so closely
# in the chunk, and as half of one where they are so near, in whatever order
FOLLOWS = 3
NEAR = 8


@dataclass(frozen=True, slots=True)
class Wording:
    """What of a question's wording a chunk has.

    Attributes:
        coverage: share of the question's words that occur, each weighed by how rare it is; 0 to 1.
        proximity: share of its pairs of neighbouring words that stand together, weighed likewise; 0 to 1.
    """

    coverage: float = 0.0
    proximity: float = 0.0


class QuestionWording:
    """A question's words with their rarity.

    After the sequential dependence model (Metzler, Croft: A Markov Random Field Model for Term Dependencies, 2005),
    with shares in place of language model probabilities, so that the figures mean the same for every question.

    Args:
        words: of the question, each with the terms that stand for it in one language or another; see
            :func:`ragapp.index.analysis.question_words`.
        frequencies: in how many chunks a term occurs.
        chunks: how many chunks there are.
    """

    def __init__(self, words: Sequence[tuple[str, ...]], frequencies: Mapping[str, int], chunks: int):
        self._words = words
        rarities = [_rarity(max(frequencies.get(term, 0) for term in word), chunks) for word in words]
        self._rarities = rarities
        self._all = sum(rarities)
        self._pairs = [(n, n + 1, min(pair)) for n, pair in enumerate(pairwise(rarities))]
        self._all_pairs = sum(weight for _, _, weight in self._pairs)
        # in two languages, a term may stand for two of the words
        self._places: dict[str, list[int]] = {}
        for place, word in enumerate(words):
            for term in word:
                self._places.setdefault(term, []).append(place)

    def of(self, context: Sequence[str], body: Sequence[str]) -> Wording:
        """What a chunk has of it.

        Args:
            context: index terms of its document's name, title and headings.
            body: index terms of its text, in order.
        """
        if not self._words:
            return Wording()
        places = self._places
        found: dict[int, list[int]] = {}
        # this runs over every word of a hundred chunks: nearly none is one of the question's
        for position, term in [pair for pair in enumerate(body) if pair[1] in places]:
            for place in places[term]:
                found.setdefault(place, []).append(position)
        covered = found.keys() | {place for term in context for place in self._places.get(term, ())}
        coverage = sum(self._rarities[place] for place in covered) / self._all
        together = sum(
            weight * _togetherness(found[one], found[two])
            for one, two, weight in self._pairs
            if one in found and two in found
        )
        return Wording(coverage, together / self._all_pairs if self._all_pairs else 0.0)


def _rarity(frequency: int, chunks: int) -> float:
    return math.log(1 + (chunks - frequency + 0.5) / (frequency + 0.5))


def _togetherness(one: Sequence[int], two: Sequence[int]) -> float:
    follows = any(0 < b - a <= FOLLOWS for a in one for b in two)
    near = any(abs(b - a) <= NEAR for a in one for b in two)
    return (follows + near) / 2
