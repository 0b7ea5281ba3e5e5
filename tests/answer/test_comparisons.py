import pytest

from ragapp.answer.comparisons import misses_bound


@pytest.mark.parametrize(
    ("sentence", "quote", "misses"),
    [
        ("Bill 7 is due before 9 June 2025.", "Due: 8 June 2025", False),
        ("Bill 7 is due before 9 June 2025.", "Due: 09/06/2025", True),
        ("Bill 7 is due before 9 June 2025.", "Due: 2 July 2025", True),
        ("It starts after 1 May 2025.", "Start: 1 May 2025", True),
        ("It starts after 1 May 2025.", "Start: 2 May 2025", False),
        ("Claims must arrive before 9 June 2025.", "Claims must arrive before 9 June 2025.", False),
        ("La facture est due avant le 9 juin 2025.", "Échéance : 9 juin 2025", True),
        ("Die Rechnung ist vor dem 9. Juni 2025 fällig.", "Fällig am 8. Juni 2025", False),
        ("Bill 7 is due on 9 June 2025.", "Due: 8 June 2025", False),
        ("Bill 7 is due before 9 June 2025.", "no date", False),
    ],
)
def test_a_bound_that_the_quoted_day_does_not_meet(sentence, quote, misses):
    assert misses_bound(sentence, quote) is misses
