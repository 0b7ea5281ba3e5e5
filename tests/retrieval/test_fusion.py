from __future__ import annotations

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
        ({1: 4.0, 2: 1.0}, {}, {1: 0.5, 2: 0.125, 3: 0.0}),
        ({1: 0.004, 2: 0.001}, {}, {1: 0.5, 2: 0.125, 3: 0.0}),
        ({}, {2: Overlap(1.0, 0.0), 3: Overlap(0.5, 0.0)}, {2: 0.3, 3: 0.15, 1: 0.0}),
        ({}, {2: Overlap(0.0, 0.5), 3: Overlap(0.0, 1.0)}, {3: 0.2, 2: 0.1, 1: 0.0}),
        ({3: 5.0}, {3: ALL, 1: NONE}, {3: 1.0, 1: 0.0, 2: 0.0}),
        ({1: 5.0, 2: 5.0}, {1: Overlap(0.5, 0.0), 2: Overlap(1.0, 0.0)}, {2: 0.8, 1: 0.65, 3: 0.0}),
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
