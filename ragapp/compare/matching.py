"""Which section and which statement of one document is which of the other."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from ragapp.compare.sections import Section, Statement, heading_key

# likeness from which two statements are one that was changed, in sections that belong together, and elsewhere
ALIKE, ALIKE_ELSEWHERE = 0.5, 0.6
# share of weighted words that two sections with different headings have in common, to be one
ALIKE_SECTIONS = 0.45
# so many pairs of statements are compared in order at the most; beyond it equal ones are paired wherever they stand
_MOST_IN_ORDER = 4_000_000
# statements that are looked at for one, those with its rarest words
_MOST_CANDIDATES = 60
# words of more statements than this name none of them
_TOO_FREQUENT = 400

Pair = tuple[Statement, Statement]


@dataclass(slots=True)
class Matched:
    """What became of the statements of two documents.

    Attributes:
        same: pairs with the same words in sections that belong together.
        changed: pairs of which one became the other.
        moved: pairs with the same words in other sections, or in another order.
        removed: statements of the first document alone.
        added: statements of the second one alone.
        sections: pairs of sections that belong together.
    """

    same: list[Pair] = field(default_factory=list)
    changed: list[Pair] = field(default_factory=list)
    moved: list[Pair] = field(default_factory=list)
    removed: list[Statement] = field(default_factory=list)
    added: list[Statement] = field(default_factory=list)
    sections: list[tuple[Section, Section]] = field(default_factory=list)


def match(before: Sequence[Section], after: Sequence[Section]) -> Matched:
    """Pair the sections of two documents, by their headings, else by their words, and then their statements."""
    weights = _Weights([*before, *after])
    found = Matched(sections=_matched_sections(before, after, weights))
    left, right = [], []
    paired_before = {id(one) for one, _ in found.sections}
    paired_after = {id(other) for _, other in found.sections}
    for one, other in found.sections:
        rest = _match_statements(one.statements, other.statements, found)
        changed, mine, theirs = _alike(*rest, weights, ALIKE)
        found.changed += changed
        left += mine
        right += theirs
    left += [statement for one in before if id(one) not in paired_before for statement in one.statements]
    right += [statement for one in after if id(one) not in paired_after for statement in one.statements]
    moved, left, right = _equal(left, right)
    for pair in moved:  # a table's head says where its rows are, not something of its own
        (found.moved if pair[0].kind != "row" or pair[0].row_label else found.same).append(pair)
    changed, found.removed, found.added = _alike(left, right, weights, ALIKE_ELSEWHERE)
    found.changed += changed
    return found


class _Weights:
    """How much a word tells: the more, the fewer statements have it. Figures tell little of what a statement is."""

    def __init__(self, sections: Iterable[Section]):
        counts: Counter[str] = Counter()
        total = 0
        for section in sections:
            for statement in section.statements:
                counts.update(set(statement.words))
                total += 1
        self._total, self._counts = max(total, 1), counts

    def __getitem__(self, word: str) -> float:
        if word[0].isdigit():
            return 0.3
        return math.log(1 + self._total / max(1, self._counts[word]))

    def likeness(self, one: Iterable[str], other: Iterable[str]) -> float:
        """Weighted Dice coefficient of two bags of words, 0 to 1."""
        first, second = Counter(one), Counter(other)
        total = sum(self[word] * count for bag in (first, second) for word, count in bag.items())
        shared = sum(self[word] * min(count, second[word]) for word, count in first.items() if word in second)
        return 2 * shared / total if total else 0.0


def _matched_sections(
    before: Sequence[Section], after: Sequence[Section], weights: _Weights
) -> list[tuple[Section, Section]]:
    pairs: list[tuple[int, int]] = []
    taken: set[int] = set()
    by_heading: dict[str, list[int]] = defaultdict(list)
    for number, section in enumerate(after):
        by_heading[heading_key(section.title)].append(number)
    open_ones: list[int] = []
    for number, section in enumerate(before):
        path = [heading_key(heading) for heading in section.headings]
        free = [other for other in by_heading[heading_key(section.title)] if other not in taken]
        if not free or (not section.title and len(after) > 1 < len(before)):
            open_ones.append(number)
            continue
        # of several with one heading that with the most headings above it in common
        best = max(
            free, key=lambda other: (len({*map(heading_key, after[other].headings)} & {*path}), -abs(other - number))
        )
        taken.add(best)
        pairs.append((number, best))
    rest = [number for number in range(len(after)) if number not in taken]
    words = {number: [w for s in after[number].statements if s.kind != "heading" for w in s.words] for number in rest}
    places: dict[str, set[int]] = defaultdict(set)
    for number, own in words.items():
        for word in own:
            places[word].add(number)
    for number in open_ones:
        own = [word for s in before[number].statements if s.kind != "heading" for word in s.words]
        votes: Counter[int] = Counter()
        for word in set(own):
            if len(places[word]) <= _TOO_FREQUENT:
                votes.update(places[word] - taken)
        likely = [other for other, _ in votes.most_common(_MOST_CANDIDATES)]
        scored = [(weights.likeness(own, words[other]), -other) for other in likely]
        if scored and max(scored)[0] >= ALIKE_SECTIONS:
            other = -max(scored)[1]
            taken.add(other)
            pairs.append((number, other))
    return [(before[one], after[other]) for one, other in sorted(pairs)]


def _match_statements(
    before: Sequence[Statement], after: Sequence[Statement], found: Matched
) -> tuple[list[Statement], list[Statement]]:
    """Note the statements that two sections both have, and return what is left of each."""
    left, right = list(before), list(after)
    if len(left) * len(right) <= _MOST_IN_ORDER:
        blocks = SequenceMatcher(
            None, [one.key for one in left], [one.key for one in right], autojunk=False
        ).get_matching_blocks()
        same = [(block.a + n, block.b + n) for block in blocks for n in range(block.size)]
        found.same += [(left[a], right[b]) for a, b in same]
        gone, there = {a for a, _ in same}, {b for _, b in same}
        left = [one for n, one in enumerate(left) if n not in gone]
        right = [one for n, one in enumerate(right) if n not in there]
        moved, left, right = _equal(left, right)
        found.moved += moved
    else:
        same_pairs, left, right = _equal(left, right)
        found.same += same_pairs
    headings = [next((one for one in side if one.kind == "heading"), None) for side in (left, right)]
    if headings[0] and headings[1]:  # the sections are one, so it is their heading that has another name
        found.changed.append((headings[0], headings[1]))
        left.remove(headings[0])
        right.remove(headings[1])
    return left, right


def _equal(
    before: Sequence[Statement], after: Sequence[Statement]
) -> tuple[list[Pair], list[Statement], list[Statement]]:
    """The pairs with the same words, and what is left of each side."""
    places: dict[str, list[int]] = defaultdict(list)
    for number, statement in enumerate(after):
        places[statement.key].append(number)
    pairs: list[Pair] = []
    left: list[Statement] = []
    taken: set[int] = set()
    for numbers in places.values():
        numbers.reverse()
    for statement in before:
        if places.get(statement.key):
            number = places[statement.key].pop()
            taken.add(number)
            pairs.append((statement, after[number]))
        else:
            left.append(statement)
    return pairs, left, [one for number, one in enumerate(after) if number not in taken]


def _alike(
    before: Sequence[Statement], after: Sequence[Statement], weights: _Weights, least: float
) -> tuple[list[Pair], list[Statement], list[Statement]]:
    """The pairs of which one surely became the other, the likest first, and what is left of each side."""
    places: dict[str, list[int]] = defaultdict(list)
    rows: dict[str, list[int]] = defaultdict(list)
    for number, statement in enumerate(after):
        for word in set(statement.words):
            places[word].append(number)
        if statement.row_label:
            rows[statement.row_label].append(number)
    scored: list[tuple[float, int, int]] = []
    for number, statement in enumerate(before):
        votes: Counter[int] = Counter()
        rarest = sorted(set(statement.words), key=lambda word: (len(places[word]), word))
        for word in rarest:
            if len(places[word]) <= _TOO_FREQUENT:
                votes.update(dict.fromkeys(places[word], 1))
        likely = [other for other, _ in votes.most_common(_MOST_CANDIDATES)]
        for other in dict.fromkeys([*likely, *rows.get(statement.row_label, ())[:_MOST_CANDIDATES]]):
            if (statement.kind == "heading") != (after[other].kind == "heading"):
                continue
            likeness = weights.likeness(statement.words, after[other].words)
            if statement.row_label and statement.row_label == after[other].row_label:
                likeness = 1 + likeness  # a row is what its first cell names
            if likeness >= least:
                scored.append((likeness, number, other))
    scored.sort(key=lambda one: (-one[0], abs(one[1] - one[2]), one[1]))
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for _, number, other in scored:
        if number not in pairs and other not in taken:
            pairs[number] = other
            taken.add(other)
    left = [one for number, one in enumerate(before) if number not in pairs]
    right = [one for number, one in enumerate(after) if number not in taken]
    return [(before[one], after[other]) for one, other in sorted(pairs.items())], left, right
