import pytest

from ragapp.answer.question import has_figure, wants_figure, wants_list


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("How many days of leave do I get?", True),
        ("how much is it", True),
        ("When did it end?", True),
        ("In which year was it founded?", True),
        ("What percentage of staff works from home?", True),
        ("Combien de jours ?", True),
        ("Quelle est la date limite ?", True),
        ("Quel est le montant de l'indemnité ?", True),
        ("À quelle heure ferme le bureau ?", True),
        ("Quand faut-il rendre le badge ?", True),
        ("Wie viele Tage?", True),
        ("¿Cuántos días?", True),
        ("Who approves trips?", False),
        ("What is a per diem?", False),
        ("Qui valide la demande ?", False),
        ("Quelle est la procédure ?", False),
        ("", False),
    ],
)
def test_questions_that_want_a_figure(question, wanted):
    assert wants_figure(question) is wanted


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("List all the public holidays", True),
        ("list the offices", True),
        ("Name all suppliers.", True),
        ("What are all the exceptions?", True),
        ("Which services are eligible?", True),
        ("Give me all the phone numbers", True),
        ("Liste les services éligibles", True),
        ("Énumère toutes les sanctions.", True),
        ("Quelles sont les sanctions possibles ?", True),
        ("Quels sont tous les jours fériés ?", True),
        ("Donne la liste des sites", True),
        ("Which service is responsible?", False),
        ("What is on the price list?", False),
        ("Quel est le tarif ?", False),
        ("Where is the list kept?", False),
        ("", False),
    ],
)
def test_questions_that_want_a_list(question, wanted):
    assert wants_list(question) is wanted


@pytest.mark.parametrize(
    ("text", "has"),
    [("25 days", True), ("twice a year", True), ("trois jours", True), ("a few days", False), ("", False)],
)
def test_figures_in_digits_and_words(text, has):
    assert has_figure(text) is has
