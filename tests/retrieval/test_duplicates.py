from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from passagekit import passage_of

from ragapp.retrieval.passage import ScoredChunk
from ragapp.retrieval.postprocess import without_duplicates


def _passages(*texts: str) -> list[ScoredChunk]:
    return [passage_of(text, n, f"{n}.txt", 1 / n) for n, text in enumerate(texts, start=1)]


def _kept(*texts: str) -> list[int]:
    return [passage.chunk.id for passage in without_duplicates(_passages(*texts))]


LEAVE = "Staff may carry over 5 days of annual leave to Ann Lee's team."


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (LEAVE, LEAVE),
        (LEAVE, LEAVE.upper()),
        (LEAVE, "Staff may  carry\nover 5 days\n\nof annual leave to Ann Lee’s team"),
        (LEAVE, "• Staff may carry over 5 days; of annual leave — to “Ann Lee's” team!"),
        (LEAVE, "Staff may carry over 5 days of an-\nnual leave to Ann Lee's team."),
        ("Staff may carry over 5 days of an-\nnual leave to Ann Lee's team.", LEAVE),
        ("Home\u00adworking is co-ordinated.", "Homeworking is coordinated."),
        ("Les congés payés durent l'été.", "Les conges payes durent l’ete."),
        ("cafe\u0301 au lait", "café au lait"),
        (LEAVE, "annual leave to Ann Lee's team"),
        (LEAVE, "Staff may carry over 5 days"),
        (LEAVE, "carry over"),
        ("有給休暇は年に二十日です。", "有給休暇は年に二十日です"),
        ("ＦＵＬＬ width", "full width"),
    ],
)
def test_what_a_better_passage_says_already_is_left_out(better: str, worse: str) -> None:
    (passage,) = without_duplicates(_passages(better, worse))
    assert passage.chunk.text == better
    assert [chunk.text for chunk in passage.also_in] == [worse]
    assert [chunk.document for chunk in passage.also_in] == ["2.txt"]


@pytest.mark.parametrize(
    "other",
    [
        LEAVE.replace("5", "6"),
        LEAVE.replace("5 days", "5.5 days"),
        LEAVE.replace("may", "may not"),
        LEAVE.replace("may", "must"),
        LEAVE.replace("Ann", "Anna"),
        LEAVE.replace("Lee", "Leigh"),
        LEAVE.replace("days", "hours"),
        LEAVE + " It is paid.",
        "Note: " + LEAVE,
        "annual leave of days 5",
        "Staff may carry over annual leave",
        "arry over",
        "Staff may carry ov",
        "Something else.",
    ],
)
def test_what_says_anything_else_stays(other: str) -> None:
    assert _kept(LEAVE, other) == [1, 2]
    assert all(passage.also_in == () for passage in without_duplicates(_passages(LEAVE, other)))


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ("at ≤ 5 bar", "at ≥ 5 bar"),
        ("at = 5 bar", "at ≠ 5 bar"),
        ("it costs €500", "it costs $500"),
        ("kept at -5 °C", "kept at 5 °C"),
        ("kept at \u22125 °C", "kept at 5 °C"),
        ("pages 10-15", "pages 1015"),
        ("costs 1 250 euros", "costs 1"),
        ("costs 1,250 euros", "costs 1"),
        ("costs 12.50 euros", "costs 12"),
        ("5 % more", "5 more"),
    ],
)
def test_a_sign_or_a_digit_makes_another_passage(better: str, worse: str) -> None:
    assert _kept(better, worse) == [1, 2]


@pytest.mark.parametrize(
    ("texts", "kept", "stands_for"),
    [
        (["a b c", "x y", "b c", "A B C", "y", "c d"], [1, 2, 6], {1: [3, 4], 2: [5], 6: []}),
        (["b", "a b c", "b"], [1, 2], {1: [3], 2: []}),
        (["a b", "c d", "b c"], [1, 2, 3], {1: [], 2: [], 3: []}),
        ([], [], {}),
    ],
)
def test_many(texts: list[str], kept: list[int], stands_for: dict[int, list[int]]) -> None:
    found = without_duplicates(_passages(*texts))
    assert [passage.chunk.id for passage in found] == kept
    assert {p.chunk.id: [chunk.id for chunk in p.also_in] for p in found} == stands_for


@pytest.mark.parametrize(("enough", "kept"), [(None, [1, 3, 4]), (9, [1, 3, 4]), (3, [1, 3, 4]), (2, [1, 3]), (1, [1])])
def test_no_more_than_are_wanted(enough: int | None, kept: list[int]) -> None:
    passages = _passages("one", "One!", "two", "three")
    assert [passage.chunk.id for passage in without_duplicates(iter(passages), enough)] == kept


def test_scores_and_earlier_finds_are_kept() -> None:
    first, second = _passages("The same.", "the same")
    earlier = passage_of("THE SAME", 9).chunk
    (found,) = without_duplicates([ScoredChunk(first.chunk, 0.8, 0.7, 0.6, 0.5, (earlier,)), second])
    assert (found.score, found.dense, found.lexical, found.coverage) == (0.8, 0.7, 0.6, 0.5)
    assert [chunk.id for chunk in found.also_in] == [9, 2]


@given(st.lists(st.text("ab c-\n", max_size=8), max_size=8))
def test_nothing_is_lost_and_the_order_is_kept(texts: list[str]) -> None:
    found = without_duplicates(_passages(*texts))
    ids = [passage.chunk.id for passage in found]
    assert ids == sorted(ids)
    everything = ids + [chunk.id for passage in found for chunk in passage.also_in]
    assert sorted(everything) == list(range(1, len(texts) + 1))
    assert [passage.chunk.id for passage in without_duplicates(found)] == ids


@pytest.mark.parametrize(
    ("longer", "shorter", "kept"),
    [
        ("Before. The price is 100 euros. After.", "The price is 100 euros.", 2),
        ("The price is 100 euros.", "the price is 100 euros", 1),
        (f"Before. {LEAVE} After.", LEAVE, 1),
    ],
)
def test_a_few_words_of_another_document_stay(longer: str, shorter: str, kept: int) -> None:
    passages = [
        replace(passage, chunk=replace(passage.chunk, document_id=passage.chunk.id))
        for passage in _passages(longer, shorter)
    ]
    assert len(without_duplicates(passages)) == kept
