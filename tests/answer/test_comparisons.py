import pytest

from ragapp.answer.comparisons import gives_other_bound, misses_bound, misses_quarter, turns_bound
from ragapp.answer.grounding import own_sentences
from tests.answer.answerkit import passage


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


@pytest.mark.parametrize(
    ("sentence", "quote", "shown", "misses"),
    [
        ("The pool opens in the second quarter of 2026.", "| Pool | 3 November 2026 |", "Plans, Q2 2026", True),
        ("The pool opens in the second quarter of 2026.", "| Pool | 3 May 2026 |", "", False),
        ("The pool opens in the second quarter of 2026.", "| Pool | Q2 2026 |", "", False),
        ("The pool opens in the second quarter of 2026.", "| Pool | open |", "Plans for the 2nd quarter", False),
        ("The pool opens in Q2 2026.", "| Pool | open |", "Plans for 2026", True),
        ("La piscine ouvre au deuxième trimestre 2026.", "Ouverture : 3 novembre 2026", "", True),
        ("La piscine ouvre au T2 2026.", "Ouverture le 3 mai 2026", "", False),
        ("The pool opens on 3 November 2026.", "| Pool | 3 November 2026 |", "Plans, Q2 2026", False),
        ("It takes form T2.", "Form: T2, sent on 3 November", "", False),
        ("A quarter of the fee is paid first.", "paid on 3 November", "", False),
    ],
)
def test_a_quarter_in_which_the_quoted_day_does_not_lie(sentence, quote, shown, misses):
    assert misses_quarter(sentence, quote, shown, "When does the pool open?") is misses


def test_a_quarter_that_the_question_names_is_no_claim():
    assert not misses_quarter("In Q2 it was open on 3 May.", "Open on 3 November", "", "Was it open in Q2?")


@pytest.mark.parametrize(
    ("question", "language", "text", "quoted"),
    [
        ("Which bills are due before 9 June 2025?", "en", "Bill of 2 May 2025\nBill due: 9 June 2025", False),
        ("Which bills are due before 9 June 2025?", "en", "Bill of 2 May 2025\nBill due: 8 June 2025", True),
        (
            "Quelle facture est due avant le 9 juin 2025 ?",
            "fr",
            "Facture du 2 mai 2025\nFacture due : 9 juin 2025",
            False,
        ),
        ("When are bills due?", "en", "Bill of 2 May 2025\nBill due: 9 June 2025", True),
    ],
)
def test_own_words_that_do_not_meet_the_bound_of_the_question_are_not_quoted(question, language, text, quoted):
    found = own_sentences(question, passage(text, "bill.txt", language=language), language)
    assert (found is not None) is quoted


@pytest.mark.parametrize(
    ("sentence", "quote", "turned"),
    [
        ("The grant is at least 300 euros.", "Up to 300 euros are paid at once.", True),
        ("The grant is at least 300 euros.", "Above 300 euros a contract is signed.", True),
        ("The grant is at least 300 euros.", "The least grant is 300 euros.", False),
        ("The grant is at least 300 euros.", "A minimum of 300 euros is paid, and up to 900.", False),
        ("Leave is at most 2 months.", "Whoever is ill for more than 2 months is written to.", True),
        ("Leave is up to 2 months.", "Leave is 2 months at the most.", False),
        ("Leave is up to 2 months.", "Leave of 2 months or more is announced.", True),
        ("Le prêt est de 12 livres au plus.", "Jusqu'à 12 livres sont prêtés.", False),
        ("Le prêt est d'au moins 12 livres.", "Le prêt est limité : 12 livres au plus.", True),
        ("Man zahlt mindestens 40 Euro.", "Man zahlt höchstens 40 Euro.", True),
        ("It costs 300 euros.", "Up to 300 euros are paid.", False),
        ("At most 300 euros are paid.", "The sum may not exceed 300 euros.", False),
        ("On paie 300 euros au plus.", "La somme ne dépasse pas 300 euros.", False),
    ],
)
def test_the_least_is_not_the_most(sentence, quote, turned):
    assert turns_bound(sentence, quote) is turned


@pytest.mark.parametrize(
    ("question", "text", "other"),
    [
        ("What is the minimum stake?", "The stake is at most 40 euros.", True),
        ("What is the minimum stake?", "The stake is at least 5 euros.", False),
        ("What is the minimum stake?", "The stake is 5 euros, and at most 40.", False),
        ("What is the maximum stake?", "The stake is at least 5 euros.", True),
        ("What is the maximum stake?", "The stake is 40 euros.", False),
        ("Up to how much can I stake?", "The stake is at least 5 euros.", True),
        ("What are the minimum and the maximum stake?", "The stake is at most 40 euros.", False),
        ("Quel est le montant minimal de l'aide ?", "L'aide ne dépasse ni 900 € ni 45 % du prix.", True),
        ("Quel est le montant maximal de l'aide ?", "L'aide ne dépasse ni 900 € ni 45 % du prix.", False),
        ("What is the stake?", "The stake is at most 40 euros.", False),
    ],
)
def test_the_least_is_no_answer_to_a_question_for_the_most(question, text, other):
    assert gives_other_bound(text, question) is other
