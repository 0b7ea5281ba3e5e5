"""Query term overlap beyond BM25: coverage of the question's rare words, and proximity of its neighbouring words.

After the sequential dependence model (Metzler, Croft: A Markov Random Field Model for Term Dependencies, 2005), with
shares in place of language model probabilities, so that the figures mean the same for every question.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

# windows of the model, in words: an ordered pair within the first counts in full, an unordered one within the second
# counts half
ORDERED_WINDOW = 3
UNORDERED_WINDOW = 8


@dataclass(frozen=True, slots=True)
class Overlap:
    """What of a question's words a chunk has.

    Attributes:
        coverage: share of the question's words that occur, weighted by inverse document frequency; 0 to 1.
        proximity: share of its pairs of neighbouring words that are near each other, weighted likewise; 0 to 1.
    """

    coverage: float = 0.0
    proximity: float = 0.0


class QueryTerms:
    """A question's words with their weights.

    ``words`` are those of :func:`ragapp.index.analysis.question_words`; ``frequencies`` says in how many of all
    ``chunks`` a term occurs.
    """

    def __init__(self, words: Sequence[tuple[str, ...]], frequencies: Mapping[str, int], chunks: int) -> None:
        self._weights = [_idf(max(frequencies.get(term, 0) for term in word), chunks) for word in words]
        self._pairs = [(n, n + 1, min(pair)) for n, pair in enumerate(pairwise(self._weights))]
        # in two languages, a term may stand for two of the words
        self._places: dict[str, list[int]] = {}
        for place, word in enumerate(words):
            for term in word:
                self._places.setdefault(term, []).append(place)

    def overlap(self, context: Sequence[str], body: Sequence[str]) -> Overlap:
        """Overlap with a chunk, by the index terms of its context (name, title, headings) and of its text, in order."""
        if not self._weights:
            return Overlap()
        places = self._places
        found: dict[int, list[int]] = {}
        # this runs over every word of a hundred chunks: nearly none is one of the question's
        for position, term in [pair for pair in enumerate(body) if pair[1] in places]:
            for place in places[term]:
                found.setdefault(place, []).append(position)
        covered = found.keys() | {place for term in context for place in places.get(term, ())}
        coverage = sum(self._weights[place] for place in covered) / sum(self._weights)
        near = sum(
            weight * _nearness(found[one], found[two])
            for one, two, weight in self._pairs
            if one in found and two in found
        )
        all_pairs = sum(weight for _, _, weight in self._pairs)
        return Overlap(coverage, near / all_pairs if all_pairs else 0.0)


def _idf(frequency: int, chunks: int) -> float:
    return math.log(1 + (chunks - frequency + 0.5) / (frequency + 0.5))


def _nearness(one: Sequence[int], two: Sequence[int]) -> float:
    ordered = any(0 < b - a <= ORDERED_WINDOW for a in one for b in two)
    unordered = any(abs(b - a) <= UNORDERED_WINDOW for a in one for b in two)
    return (ordered + unordered) / 2
