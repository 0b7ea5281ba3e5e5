import pytest

from ragapp.evaluation.metrics import contains_answer, exact_match, normalise, token_f1, token_recall


@pytest.mark.parametrize(
    ("answer", "expected", "exact", "contains"),
    [
        ("25 days", ["25 days"], True, True),
        ("The 25 days.", ["25 days"], True, True),
        ("You get 25 days a year [1].", ["25 days"], False, True),
        ("You get 125 days", ["25 days"], False, False),
        ("£1,480", ["£1480"], True, True),
        ("18 450 €", ["18450 €"], True, True),
        ("It is 4.2 %", ["4.2%"], False, True),
        ("L'accord", ["l’accord"], True, True),
        ("anything", [], False, False),
        ("", ["x"], False, False),
    ],
)
def test_exact_and_contains(answer, expected, exact, contains):
    assert exact_match(answer, expected) is exact
    assert contains_answer(answer, expected) is contains


def test_recall_asks_for_the_words_and_not_for_their_order():
    assert token_recall("They have it on 25 days.", ["25 days"]) == 1
    assert token_recall("On days 25 and 26.", ["25 days"]) == 1
    assert token_recall("25 weeks", ["25 days"]) == 0.5
    assert token_recall("25 weeks 25", ["25 25 days"]) == pytest.approx(2 / 3)
    assert token_recall("none", ["25 days", "25 hours"]) == 0
    assert token_recall("hours", ["25 days", "hours"]) == 1
    assert token_recall("anything", []) == 0


def test_french_articles_do_not_count():
    assert contains_answer("Il a remporté l’argent.", ["argent"])
    assert contains_answer("Il a remporté argent.", ["l'argent"])


def test_f1_is_between_none_and_all():
    assert token_f1("25 days", ["25 days"]) == 1
    assert token_f1("no idea", ["25 days"]) == 0
    assert 0 < token_f1("25 days of leave", ["25 days"]) < 1
    assert token_f1("25 days", ["nothing", "25 days"]) == 1


def test_normalise_keeps_decimals_apart():
    assert normalise("4.2") != normalise("42")
