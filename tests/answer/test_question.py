import pytest

from ragapp.answer.prompts import wants_list


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
