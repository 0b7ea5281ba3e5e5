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
        ("What is the mileage rate?", "en", "The mileage rate and the limit for hotels have gone up.", True),
        ("What's the evening meal allowance in Leeds?", "en", "The meal allowance in Leeds was reviewed.", True),
        ("What is the mileage rate?", "en", "A mile is paid at 41p.", False),
        ("What is the limit on parcels?", "en", "There is no limit on parcels.", False),
        ("What is the rate card of the printer?", "en", "The rate card hangs in the yard.", False),
        ("How do many people travel?", "en", "They travel by train.", False),
        ("What is the name of the auditor?", "en", "The auditor is chosen every year by the partners.", True),
        ("What is the name of the auditor?", "en", "Veldt & Sons audits the books.", False),
        ("What is the name of the auditor?", "en", "The auditor costs 900 euros.", True),
        ("What is the name of the Tolland project?", "en", "The project is known as Tolland.", True),
        ("What is the name of the auditor?", "en", "The auditor is heard by the Board and the Company.", True),
        ("Quel est le nom du gérant ?", "fr", "Le gérant est nommé par le Conseil de la Société.", True),
        ("What is the new supplier called?", "en", "The new supplier delivers on Mondays.", True),
        ("What is the new supplier called?", "en", "It is Hartwig & Sons.", False),
        ("Comment s'appelle le fournisseur de pain ?", "fr", "Le fournisseur livre à six heures.", True),
        ("Comment s'appelle le fournisseur de pain ?", "fr", "C'est la maison Aubrac.", False),
        # what a thing is called has no capital
        ("What is the loss of heat called?", "en", "The loss of heat is known as dissipation.", False),
        ("Comment s'appelle la perte de chaleur ?", "fr", "La perte de chaleur est une dissipation.", False),
        ("What is the weekly round called?", "en", "It is called “the lap”.", False),
        ("Combien de places compte la salle ?", "fr", "La salle est ouverte aux membres.", True),
        ("Combien de places compte la salle ?", "fr", "La salle compte une vingtaine de places.", False),
        ("Jusqu'à combien de livres puis-je garder ?", "fr", "Les livres se gardent à la maison.", True),
        ("Quel est le nom du gérant ?", "fr", "Le gérant est nommé par le conseil.", True),
        ("Quel est le nom du gérant ?", "fr", "Le gérant est Paul Sernin.", False),
        ("Wie viele Plätze hat der Saal?", "de", "Der Saal ist offen.", False),
        # an amount of money where a price is asked for
        ("What does a mooring cost?", "en", "A mooring costs £40.", False),
        ("What does a mooring cost?", "en", "A mooring is for boats of 12 tonnes at the most.", True),
        ("What does a mooring cost?", "en", "The 30 moorings lie behind the pier.", True),
        ("What does a mooring cost?", "en", "Behind a free test row come 30 moorings.", True),
        ("What does a mooring cost?", "en", "For the 30 members it is free.", False),
        ("What does a mooring cost?", "en", "The fee is 40 and is due in May.", False),
        ("What is the fee for guests?", "en", "It is set by the harbour master.", False),
        ("How much do I pay for hauling?", "en", "You pay 20% of the bill.", False),
        ("How much do I pay for hauling?", "en", "Boat | 12 tonnes", False),
        ("Combien coûte un stage de 10 séances ?", "fr", "Le stage a lieu 4 samedis, après un essai gratuit.", True),
        ("Combien coûte un stage de 10 séances ?", "fr", "Le stage de 10 séances est à 90 €.", False),
        ("Combien coûte un stage de 10 séances ?", "fr", "Pour les 8 apprentis, il est gratuit.", False),
        ("Quel est le montant de la caution ?", "fr", "La caution est rendue après 3 visites.", True),
        # a length of time where that is asked for
        ("How many days does a loan last?", "en", "A loan is of 6 books.", True),
        ("How many days does a loan last?", "en", "A loan lasts three weeks.", False),
        ("How many days does a loan last?", "en", "It is 14 in summer.", False),
        ("How many days does a loan last?", "en", "The 6 books are kept until the fair.", False),
        ("Combien de jours dure le prêt ?", "fr", "Le prêt porte sur 6 documents.", True),
        ("Combien de temps dure le prêt ?", "fr", "Le prêt porte sur 6 documents et dure un mois.", False),
        ("Until what age may one row?", "en", "Rowers enrol before the 5th of October.", True),
        ("Until what age may one row?", "en", "Rowers enrol in 2 boats.", True),
        ("Until what age may one row?", "en", "One may row until the age of 70.", False),
        ("Jusqu'à quel âge peut-on ramer ?", "fr", "Les rameurs s'inscrivent avant le 5 octobre.", True),
        ("Jusqu'à quel âge peut-on ramer ?", "fr", "On rame jusqu'à 70 ans.", False),
        # how often
        ("How often may a loan be renewed?", "en", "A loan runs for 14 days.", True),
        ("How often may a loan be renewed?", "en", "Two renewals are granted.", False),
        ("How many times may a loan be renewed?", "en", "It is renewed once.", False),
        ("Combien de fois peut-on prolonger un prêt ?", "fr", "Un prêt porte sur trois livres.", True),
        ("Combien de fois peut-on prolonger un prêt ?", "fr", "Deux prolongations sont accordées.", False),
        ("Combien de fois peut-on prolonger un prêt ?", "fr", "Il est prolongé 2 fois.", False),
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
