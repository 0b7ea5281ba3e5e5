from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragapp.retrieval.fusion import Fused, fuse


@pytest.mark.parametrize(
    ("dense", "lexical", "weight", "expected"),
    [
        ({1: 0.9, 2: 0.5, 3: 0.1}, {2: 4.0, 3: 1.0}, 0.4, {2: 0.8, 1: 0.4, 3: 0.15}),
        ({1: 0.9, 2: 0.5, 3: 0.1}, {2: 4.0, 3: 1.0}, 1.0, {1: 1.0, 2: 0.5, 3: 0.0}),
        ({1: 0.9, 2: 0.5, 3: 0.1}, {2: 4.0, 3: 1.0}, 0.0, {2: 1.0, 3: 0.25, 1: 0.0}),
        ({1: -0.2, 2: -0.6}, {}, 0.4, {1: 0.4, 2: 0.0}),
        ({5: 0.3}, {5: 2.0}, 0.4, {5: 1.0}),
        ({5: 0.3}, {}, 0.4, {5: 0.4}),
        ({7: 0.3, 4: 0.3, 5: 0.3}, {}, 0.4, {4: 0.4, 5: 0.4, 7: 0.4}),
        ({2: 1.0, 1: 0.0}, {1: 3.0}, 0.5, {1: 0.5, 2: 0.5}),
        ({}, {}, 0.4, {}),
    ],
)
def test_the_formula(dense: dict, lexical: dict, weight: float, expected: dict) -> None:
    fused = fuse(dense, lexical, weight)
    assert list(fused) == list(expected)
    assert {chunk_id: scores.score for chunk_id, scores in fused.items()} == pytest.approx(expected)


def test_the_sides_own_scores_are_kept() -> None:
    assert fuse({1: 0.9, 2: -0.1}, {2: 7.5}, 0.0) == {2: Fused(1.0, -0.1, 7.5), 1: Fused(0.0, 0.9, 0.0)}


_ids = st.integers(1, 30)
_cosines = st.dictionaries(_ids, st.floats(-1, 1), min_size=1)
_bm25 = st.dictionaries(_ids, st.floats(1e-6, 50))


@given(_cosines, _bm25, st.floats(0, 1))
def test_what_is_better_on_both_sides_is_never_worse(dense: dict, lexical: dict, weight: float) -> None:
    lexical = {chunk_id: score for chunk_id, score in lexical.items() if chunk_id in dense}
    fused = fuse(dense, lexical, weight)
    assert fused.keys() == dense.keys()
    assert list(fused) == sorted(fused, key=lambda chunk_id: (-fused[chunk_id].score, chunk_id))
    for one in fused:
        assert -1e-9 <= fused[one].score <= 1 + 1e-9
        for other in fused:
            if dense[one] >= dense[other] and lexical.get(one, 0.0) >= lexical.get(other, 0.0):
                assert fused[one].score >= fused[other].score - 1e-9
