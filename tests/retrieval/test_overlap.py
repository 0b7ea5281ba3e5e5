from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragapp.retrieval.overlap import ORDERED_WINDOW, UNORDERED_WINDOW, Overlap, QueryTerms


def _asked(*words: str | tuple[str, ...], chunks: int = 100, **frequencies: int) -> QueryTerms:
    groups = [word if isinstance(word, tuple) else (word,) for word in words]
    return QueryTerms(groups, frequencies, chunks)


def _gap(one: str, other: str, distance: int) -> list[str]:
    return [one, *["x"] * (distance - 1), other]


@pytest.mark.parametrize(
    ("context", "body", "coverage"),
    [
        ([], ["rare", "common"], 1.0),
        ([], ["common", "x", "rare"], 1.0),
        (["rare"], ["common"], 1.0),
        (["rare", "common"], [], 1.0),
        (["rare"], ["rare"], 0.82),
        ([], ["rare"], 0.82),
        ([], ["common", "common"], 0.18),
        ([], ["x"], 0.0),
        ([], [], 0.0),
    ],
)
def test_coverage_weighs_rare_words(context: list[str], body: list[str], coverage: float) -> None:
    overlap = _asked("rare", "common", rare=1, common=40).overlap(context, body)
    assert overlap.coverage == pytest.approx(coverage, abs=0.005)


def test_coverage_is_the_share_of_inverse_document_frequencies() -> None:
    rare, common = (math.log(1 + (100 - n + 0.5) / (n + 0.5)) for n in (2, 60))
    overlap = _asked("rare", "common", rare=2, common=60).overlap([], ["common"])
    assert overlap.coverage == pytest.approx(common / (rare + common))


@pytest.mark.parametrize(
    ("body", "proximity"),
    [
        (["notice", "period"], 1.0),
        (_gap("notice", "period", ORDERED_WINDOW), 1.0),
        (_gap("notice", "period", ORDERED_WINDOW + 1), 0.5),
        (_gap("notice", "period", UNORDERED_WINDOW), 0.5),
        (_gap("notice", "period", UNORDERED_WINDOW + 1), 0.0),
        (["period", "notice"], 0.5),
        (_gap("period", "notice", UNORDERED_WINDOW), 0.5),
        (_gap("period", "notice", UNORDERED_WINDOW + 1), 0.0),
        ([*_gap("notice", "period", 50), "notice", "x", "period"], 1.0),
        (["notice"], 0.0),
        (["notice", "notice"], 0.0),
        ([], 0.0),
    ],
)
def test_proximity_of_two_words(body: list[str], proximity: float) -> None:
    assert _asked("notice", "period", notice=3, period=3).overlap([], body).proximity == pytest.approx(proximity)


def test_words_of_the_context_stand_near_nothing() -> None:
    asked = _asked("notice", "period", notice=3, period=3)
    assert asked.overlap(["notice", "period"], []) == Overlap(1.0, 0.0)
    assert asked.overlap(["notice"], ["period"]) == Overlap(1.0, 0.0)


def test_only_neighbours_of_the_question_are_pairs_and_each_weighs_as_its_more_frequent_word() -> None:
    asked = _asked("a", "b", "c", a=1, b=1, c=60)
    whole = asked.overlap([], ["a", "b", "c"]).proximity
    assert whole == pytest.approx(1)
    rare, common = (math.log(1 + (100 - n + 0.5) / (n + 0.5)) for n in (1, 60))
    assert asked.overlap([], ["a", "b"]).proximity == pytest.approx(rare / (rare + common))
    assert asked.overlap([], ["b", "c"]).proximity == pytest.approx(common / (rare + common))
    assert asked.overlap([], ["a", "c"]).proximity == 0


@pytest.mark.parametrize("body", [["nation", "polici"], ["national", "politiqu"], ["nation", "politiqu"]])
def test_a_words_terms_in_two_languages_are_one_word(body: list[str]) -> None:
    asked = _asked(("nation", "national"), ("polici", "politiqu"), nation=2, polici=2)
    assert asked.overlap([], body) == Overlap(1.0, 1.0)
    assert asked.overlap([], [body[0]]).coverage == asked.overlap([], [body[0], "national", "nation"]).coverage < 0.6


def test_a_word_is_as_rare_as_its_most_frequent_term() -> None:
    asked = _asked(("nation", "national"), "budget", nation=80, budget=3)
    alone = _asked("nation", "budget", nation=80, budget=3)
    assert asked.overlap([], ["national"]) == alone.overlap([], ["nation"])


@pytest.mark.parametrize("words", [[], [("only",)]])
def test_a_question_without_pairs(words: list[tuple[str, ...]]) -> None:
    overlap = QueryTerms(words, {}, 10).overlap(["only"], ["only", "only"])
    assert overlap == Overlap(1.0 if words else 0.0, 0.0)


@pytest.mark.parametrize("frequency", [0, 1, 50, 100])
def test_any_frequency_counts_above_nothing(frequency: int) -> None:
    asked = _asked("a", "b", a=frequency, b=frequency)
    assert asked.overlap([], ["a"]).coverage == pytest.approx(0.5)


_terms = st.sampled_from("abcdefgx")


@given(st.lists(_terms, unique=True, max_size=6), st.lists(_terms, max_size=4), st.lists(_terms, max_size=30))
def test_more_text_never_has_less_of_it(words: list[str], context: list[str], body: list[str]) -> None:
    asked = QueryTerms([(word,) for word in words], dict.fromkeys(words, 2), 20)
    found, more = asked.overlap(context, body), asked.overlap([*context, "a"], [*body, "b"])
    for overlap in (found, more):
        assert 0 <= overlap.coverage <= 1 + 1e-9
        assert 0 <= overlap.proximity <= 1 + 1e-9
    assert more.coverage >= found.coverage - 1e-9
    assert more.proximity >= found.proximity - 1e-9
