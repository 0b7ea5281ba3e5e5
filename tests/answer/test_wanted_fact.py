"""Answers that give another kind of fact than the question wants."""

import pytest
from answerkit import passage

from ragapp.answer.grounding import ground, own_sentences
from ragapp.answer.wanted_fact import lacks_wanted_fact


@pytest.mark.parametrize(
    ("question", "language", "text", "lacks"),
    [
        ("How many seats has the board?", "en", "The board is elected by the members.", True),
        ("How many seats has the board?", "en", "The board has eleven seats.", False),
        ("How many seats has the board?", "en", "No seats are kept free.", False),
        ("How many seats has the hall?", "en", "The hall lies beside the canteen.", True),
        ("How many seats has the hall?", "en", "The hall has seventeen-seat rows.", False),
        ("How much of the fare is repaid?", "en", "Fares are repaid in full.", False),
        ("Up to how much is a bicycle insured?", "en", "Bicycles are insured when they are locked.", True),
        ("What percentage of pay is lost?", "en", "Pay is lost during strikes.", True),
        ("We lost our fares. How much of them is repaid?", "en", "Fares are repaid to those who ask.", True),
        ("How do many people travel?", "en", "They travel by train.", False),
        ("What is the name of the auditor?", "en", "The auditor is chosen every year by the partners.", True),
        ("What is the name of the auditor?", "en", "Veldt & Sons audits the books.", False),
        ("What is the name of the auditor?", "en", "The auditor costs 900 euros.", True),
        ("What is the name of the Tolland project?", "en", "The project is known as Tolland.", True),
        ("What is the weekly round called?", "en", "It is called “the lap”.", False),
        ("Combien de places compte la salle ?", "fr", "La salle est ouverte aux membres.", True),
        ("Combien de places compte la salle ?", "fr", "La salle compte une vingtaine de places.", False),
        ("Jusqu'à combien de livres puis-je garder ?", "fr", "Les livres se gardent à la maison.", True),
        ("Quel est le nom du gérant ?", "fr", "Le gérant est nommé par le conseil.", True),
        ("Quel est le nom du gérant ?", "fr", "Le gérant est Paul Sernin.", False),
        ("Wie viele Plätze hat der Saal?", "de", "Der Saal ist offen.", False),
    ],
)
def test_what_a_question_wants_to_be_told(question, language, text, lacks):
    assert lacks_wanted_fact(text, question, language) is lacks


BOARD = passage("The board meets in March. It has nine members. The auditor is chosen by the board.", "club.pdf", 2)


@pytest.mark.parametrize(
    ("question", "written", "supported"),
    [
        ("How many members has the board?", "The board has nine members.", True),
        ("How many members has the board?", "The members of the board meet in March.", False),
        ("What is the name of the auditor?", "The auditor is chosen by the board.", False),
        ("Who is the auditor, and how many members has the board?", "The auditor is chosen by the board.", True),
    ],
)
def test_a_sentence_that_does_not_tell_it_is_not_stated(question, written, supported):
    sentences, _ = ground(written, question, [BOARD], "en")
    assert sentences[0].supported is supported


def test_a_sentence_that_does_not_tell_it_is_not_quoted():
    assert own_sentences("What is the name of the auditor of the board?", BOARD, "en") is None
    _, citation = own_sentences("How many members has the board?", BOARD, "en")
    assert citation.quote == "It has nine members."


BREAKDOWNS = passage(
    "Breakdown pay is 17 euros an hour after a breakdown. If nobody can sleep in the van, a motel is repaid up to 110"
    " euros.",
    "drivers.pdf",
    5,
)


@pytest.mark.parametrize(("written", "supported"), [("It is 17 euros an hour.", False), ("It is 110 euros.", True)])
def test_an_amount_stands_in_the_sentence_that_has_more_of_the_question(written, supported):
    question = "How much of a motel is repaid if nobody can sleep in the van?"
    sentences, _ = ground(written, question, [BREAKDOWNS], "en")
    assert sentences[0].supported is supported


MOVING = passage(
    "Of a move you have to tell the registry within ten days. The landlord reports a death.", "lease.pdf", 3
)


@pytest.mark.parametrize(
    ("written", "supported"),
    [
        ("You have to tell the registry of a move within ten days.", True),
        ("The landlord has to tell the registry of a move within ten days.", False),
        ("The registry is to be told by you within ten days.", True),
    ],
)
def test_who_does_it_stands_where_it_is_said(written, supported):
    sentences, _ = ground(written, "Who has to tell the registry of a move?", [MOVING], "en")
    assert sentences[0].supported is supported
