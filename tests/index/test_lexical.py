from __future__ import annotations

import pytest
from lexicalkit import lexical_table

from ragapp.index import bm25


@pytest.fixture
def table():
    connection = lexical_table()
    yield connection
    connection.close()


@pytest.fixture
def filled(table):
    texts = [
        (1, "travel policy", "mileage is paid by the mile", "en"),
        (2, "travel policy", "hotels are paid by the night", "en"),
        (3, "mileage", "nothing of it in here", "en"),
        (4, "règlement", "les congés payés", "fr"),
        (5, "other", "mileage mileage mileage", "en"),
    ]
    for chunk_id, context, text, language in texts:
        bm25.add(table, chunk_id, context, text, language)
    return table


@pytest.mark.parametrize(
    ("terms", "found"),
    [
        (["mileag"], [5, 1, 3]),
        (["hotel"], [2]),
        (["cong"], [4]),
        (["mileag", "hotel"], [2, 5, 1, 3]),
        (["absent"], []),
        ([], []),
    ],
)
def test_the_best_first_and_any_term_counts(filled, terms: list[str], found: list[int]) -> None:
    scores = bm25.match(filled, terms, 10)
    assert sorted(scores) == sorted(found)
    assert list(scores.values()) == sorted(scores.values(), reverse=True)
    assert all(score > 0 for score in scores.values())


def test_a_term_in_the_text_outweighs_one_in_the_title(filled) -> None:
    scores = bm25.match(filled, ["mileag"], 10)
    assert scores[1] > scores[3]
    assert scores[5] > scores[1]


def test_equal_scores_are_ordered_by_id(table) -> None:
    for chunk_id in (9, 3, 6):
        bm25.add(table, chunk_id, "", "same words here", "en")
    assert list(bm25.match(table, ["word"], 10)) == [3, 6, 9]


@pytest.mark.parametrize(
    ("limit", "within", "found"), [(1, None, [5]), (10, [3, 1], [1, 3]), (10, [], []), (10, [4], [])]
)
def test_limit_and_within(filled, limit: int, within: list[int] | None, found: list[int]) -> None:
    assert list(bm25.match(filled, ["mileag"], limit, within)) == found


def test_within_takes_more_ids_than_a_statement_has_variables(filled) -> None:
    assert set(bm25.match(filled, ["mileag"], 10, range(1, 100_000))) == {1, 3, 5}


def test_within_changes_no_score(filled) -> None:
    every = bm25.match(filled, ["mileag", "paid"], 10)
    for chunk_id, score in every.items():
        assert bm25.match(filled, ["mileag", "paid"], 10, [chunk_id]) == {chunk_id: score}


@pytest.mark.parametrize("term", ["and", "or", "not", "near"])
def test_words_that_fts5_uses_itself_are_words(table, term: str) -> None:
    bm25.add(table, 1, "", "neither and nor or not near", "xx")
    assert set(bm25.match(table, [term], 5)) == {1}
    assert set(bm25.match(table, [term.upper()], 5)) == {1}


def test_removed_chunks_are_not_found_and_unknown_ids_passed_over(filled) -> None:
    bm25.remove(filled, [5, 77])
    assert set(bm25.match(filled, ["mileag"], 10)) == {1, 3}
    bm25.remove(filled, [])


def test_only_the_first_terms_of_a_long_question_count(filled) -> None:
    terms = [f"absent{n}" for n in range(bm25.MAX_QUESTION_TERMS)]
    assert bm25.match(filled, [*terms, "mileag"], 10) == {}
    assert bm25.match(filled, [*terms[1:], "mileag"], 10)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (["mileag"], {"mileag": 3}),
        (["paid", "mileag", "absent", "paid"], {"paid": 2, "mileag": 3}),
        (["polici"], {"polici": 2}),
        (["the"], {"the": 2}),
        (["MILEAG", "mile*", '"', "a b", ""], {}),
        ([], {}),
    ],
)
def test_frequencies_count_chunks_not_occurrences(filled, wanted: list[str], expected: dict[str, int]) -> None:
    assert bm25.frequencies(filled, wanted) == expected


def test_frequencies_follow_what_is_added_and_removed(filled) -> None:
    assert bm25.frequencies(filled, ["mileag"]) == {"mileag": 3}
    bm25.remove(filled, [5, 1])
    assert bm25.frequencies(filled, ["mileag"]) == {"mileag": 1}
    bm25.set_context(filled, 2, "mileage", "en")
    assert bm25.frequencies(filled, ["mileag", "polici"]) == {"mileag": 2}


def test_indexed_terms_are_given_in_order_of_context_and_text(filled) -> None:
    found = bm25.indexed(filled, [3, 1, 99])
    assert found == {
        1: (["travel", "polici"], ["mileag", "is", "paid", "by", "the", "mile"]),
        3: (["mileag"], ["noth", "of", "it", "in", "here"]),
    }
    assert bm25.indexed(filled, []) == {}
    assert len(bm25.indexed(filled, range(1, 50_000))) == 5


def test_sqlite_still_keeps_its_totals_where_they_are_read(filled) -> None:
    bm25.remove(filled, [4])
    filled.execute("CREATE VIRTUAL TABLE temp.every USING fts5vocab(main, lexical, row)")
    ((terms,),) = filled.execute("SELECT SUM(cnt) FROM temp.every")
    assert bm25.scale(filled) == bm25.Bm25Statistics(4, terms / 4), "FTS5 keeps its averages in another form"
