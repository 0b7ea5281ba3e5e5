from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragapp.retrieval.fusion import BM25_SHARE, COVERAGE_SHARE, PROXIMITY_SHARE, Candidate, fuse
from ragapp.retrieval.overlap import Overlap

NONE = Overlap()
ALL = Overlap(1.0, 1.0)


def _fused(dense: dict, lexical: dict, overlaps: dict, weight: float, spread: float) -> dict[int, float]:
    candidates = {
        chunk_id: Candidate(cosine, lexical.get(chunk_id, 0.0), overlaps.get(chunk_id, NONE))
        for chunk_id, cosine in dense.items()
    }
    return fuse(candidates, weight, spread)


@pytest.mark.parametrize(
    ("dense", "weight", "spread", "expected"),
    [
        ({1: 0.9, 2: 0.7, 3: 0.4, 4: -0.2}, 1.0, 0.5, {1: 1.0, 2: 0.6, 3: 0.0, 4: 0.0}),
        ({1: 0.9, 2: 0.7, 3: 0.4}, 1.0, 1.0, {1: 1.0, 2: 0.8, 3: 0.5}),
        ({1: 0.9, 2: 0.89}, 1.0, 0.02, {1: 1.0, 2: 0.5}),
        ({1: -0.2, 2: -0.4}, 0.4, 0.4, {1: 0.4, 2: 0.2}),
        ({1: 0.1, 2: 0.9}, 0.5, 0.5, {2: 0.5, 1: 0.0}),
        ({7: 0.3, 4: 0.3, 5: 0.3}, 0.4, 0.5, {4: 0.4, 5: 0.4, 7: 0.4}),
        ({7: 0.3, 4: 0.9}, 0.0, 0.5, {4: 0.0, 7: 0.0}),
        ({}, 0.4, 0.5, {}),
    ],
)
def test_the_dense_side(dense: dict, weight: float, spread: float, expected: dict) -> None:
    fused = _fused(dense, {}, {}, weight, spread)
    assert list(fused) == list(expected)
    assert fused == pytest.approx(expected)


@pytest.mark.parametrize(
    ("lexical", "overlaps", "expected"),
    [
        ({1: 4.0, 2: 1.0}, {}, {1: 0.2, 2: 0.05, 3: 0.0}),
        ({1: 0.004, 2: 0.001}, {}, {1: 0.2, 2: 0.05, 3: 0.0}),
        ({}, {2: Overlap(1.0, 0.0), 3: Overlap(0.5, 0.0)}, {2: 0.5, 3: 0.25, 1: 0.0}),
        ({}, {2: Overlap(0.0, 0.5), 3: Overlap(0.0, 1.0)}, {3: 0.3, 2: 0.15, 1: 0.0}),
        ({3: 5.0}, {3: ALL, 1: NONE}, {3: 1.0, 1: 0.0, 2: 0.0}),
        ({1: 5.0, 2: 5.0}, {1: Overlap(0.5, 0.0), 2: Overlap(1.0, 0.0)}, {2: 0.7, 1: 0.45, 3: 0.0}),
    ],
)
def test_the_lexical_side(lexical: dict, overlaps: dict, expected: dict) -> None:
    fused = _fused({1: 0.5, 2: 0.5, 3: 0.5}, lexical, overlaps, 0.0, 0.5)
    assert list(fused) == list(expected)
    assert fused == pytest.approx(expected)


def test_both_sides_by_their_weight() -> None:
    fused = _fused({1: 0.9, 2: 0.65}, {2: 3.0}, {2: ALL}, 0.4, 0.5)
    assert fused == pytest.approx({2: 0.6 + 0.2, 1: 0.4})
    assert pytest.approx(1) == BM25_SHARE + COVERAGE_SHARE + PROXIMITY_SHARE


def test_little_differences_where_nothing_is_near_stay_little() -> None:
    fused = _fused({1: 0.11, 2: 0.10, 3: 0.09}, {3: 1.0}, {}, 0.5, 0.5)
    assert next(iter(fused)) == 3
    assert fused[1] - fused[2] == pytest.approx(0.01)


_ids = st.integers(1, 30)
_cosines = st.dictionaries(_ids, st.floats(-1, 1), min_size=1)
_bm25 = st.dictionaries(_ids, st.floats(1e-6, 50))
_shares = st.floats(0, 1)
_overlaps = st.dictionaries(_ids, st.builds(Overlap, _shares, _shares))
_spreads = st.floats(0.02, 1)


@given(_cosines, _bm25, _overlaps, _shares, _spreads)
def test_what_is_better_on_both_sides_is_never_worse(
    dense: dict, lexical: dict, overlaps: dict, weight: float, spread: float
) -> None:
    lexical = {chunk_id: score for chunk_id, score in lexical.items() if chunk_id in dense}
    fused = _fused(dense, lexical, overlaps, weight, spread)
    assert fused.keys() == dense.keys()
    assert list(fused) == sorted(fused, key=lambda chunk_id: (-fused[chunk_id], -dense[chunk_id], chunk_id))

    def sides(chunk_id: int) -> tuple[float, ...]:
        overlap = overlaps.get(chunk_id, NONE)
        return dense[chunk_id], lexical.get(chunk_id, 0.0), overlap.coverage, overlap.proximity

    for one in fused:
        assert -1e-9 <= fused[one] <= 1 + 1e-9
        for other in fused:
            if all(a >= b for a, b in zip(sides(one), sides(other), strict=True)):
                assert fused[one] >= fused[other] - 1e-9


@given(_cosines, _bm25, _overlaps, _shares, _spreads, st.sets(_ids))
def test_a_score_depends_on_no_other_candidates_than_the_nearest_and_the_best_match(
    dense: dict, lexical: dict, overlaps: dict, weight: float, spread: float, left_out: set[int]
) -> None:
    best = {max(side, key=side.__getitem__) for side in (dense, {n: lexical.get(n, 0.0) for n in dense})}
    fewer = {chunk_id: cosine for chunk_id, cosine in dense.items() if chunk_id in best or chunk_id not in left_out}
    every, some = (_fused(given, lexical, overlaps, weight, spread) for given in (dense, fewer))
    assert some == {chunk_id: score for chunk_id, score in every.items() if chunk_id in fewer}


@given(_cosines, _bm25, _overlaps, _shares, _spreads, st.sets(_ids))
def test_chunks_in_another_language_only_gain_and_the_others_keep_their_scores_to_the_last_bit(
    dense: dict, lexical: dict, overlaps: dict, weight: float, spread: float, others: set[int]
) -> None:
    candidates = {
        chunk_id: Candidate(cosine, lexical.get(chunk_id, 0.0), overlaps.get(chunk_id, NONE))
        for chunk_id, cosine in dense.items()
    }
    foreign = {
        chunk_id: replace(one, foreign=1.0) if chunk_id in others else one for chunk_id, one in candidates.items()
    }
    before, after = fuse(candidates, weight, spread), fuse(foreign, weight, spread)
    for chunk_id in candidates:
        if chunk_id in others and weight > 0:
            assert before[chunk_id] <= after[chunk_id] <= 1 + 1e-9
        else:
            assert before[chunk_id] == after[chunk_id]


def test_a_near_chunk_in_another_language_comes_before_chance_words_in_the_own() -> None:
    chance = Candidate(0.7, 5.0, Overlap(0.2, 0.0))
    answer = Candidate(0.9, 0.0, NONE, foreign=1.0)
    assert list(fuse({1: chance, 2: answer}, 0.3, 0.5)) == [2, 1]
    # as it would be if nothing were known of languages
    assert list(fuse({1: chance, 2: replace(answer, foreign=0.0)}, 0.3, 0.5)) == [1, 2]


def test_a_question_that_its_own_language_answers_gives_nothing_to_another() -> None:
    own = Candidate(0.9, 5.0, Overlap(0.9, 0.5))
    other = Candidate(0.85, 1.0, Overlap(0.1, 0.0))
    expected = fuse({1: own, 2: other}, 0.5, 0.5)
    assert fuse({1: own, 2: replace(other, foreign=1.0)}, 0.5, 0.5) == expected


def test_names_and_figures_tell_chunks_of_another_language_apart() -> None:
    named = Candidate(0.8, 3.0, Overlap(0.3, 0.0), foreign=1.0)
    unnamed = Candidate(0.81, 0.0, NONE, foreign=1.0)
    assert list(fuse({1: unnamed, 2: named}, 0.7, 0.2)) == [2, 1]


def test_half_sure_counts_half() -> None:
    scores = [
        fuse({1: Candidate(0.9, 0.0, NONE, sure), 2: Candidate(0.5, 1.0, NONE)}, 0.5, 0.5)[1] for sure in (0, 0.5, 1)
    ]
    assert scores[1] == pytest.approx((scores[0] + scores[2]) / 2)
    assert scores[0] < scores[1]
