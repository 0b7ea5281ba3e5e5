"""A value belongs to the thing of which the passage states it, where a like statement gives the other one its own."""

import pytest
from answerkit import passage

from ragapp.answer.grounding import ground

ROOMS = "Booth 3 costs £45 a day. Booth 7 costs £80 a day."
POSTS = "The bursar of the guild is Ada Holm. The warden of the guild is Nils Brandt."
LEASES = "The lease of the North Dock ends on 4 May 2029. The lease of Quay House ends on 9 July 2030."
LEAVE = "Drivers may take 12 days a year. Porters may take 8 days a year."
RENTS = "The rent in 2021 was €700. The rent in 2022 was €760."
AGES = "Rhea Lund is 41 and Tom Vance is 29."
SHARES = "You pay 3%, the fund pays 7.5%."
LOCAUX = "Le loyer du local A est de 900 euros. Le loyer du local B est de 1 200 euros."
DUTY = "Porters work in turns: the desk is staffed from 8:00 to 14:30, and the yard is open from 5:15 to 20:00."
HOURS = "The sauna opens at 7. The bath opens at 10."

CASES = [
    ("How much is booth 7?", ROOMS, "Booth 7 costs £45 a day.", False),
    ("How much is booth 7?", ROOMS, "It costs £45 a day.", False),
    ("How much is booth 7?", ROOMS, "It costs £80 a day.", True),
    ("How much is booth 3?", ROOMS, "Booth 3 costs £45 a day.", True),
    ("Who is the warden of the guild?", POSTS, "The warden of the guild is Ada Holm.", False),
    ("Who is the warden of the guild?", POSTS, "The warden of the guild is Nils Brandt.", True),
    ("When does the lease of Quay House end?", LEASES, "The lease of Quay House ends on 4 May 2029.", False),
    ("When does the lease of Quay House end?", LEASES, "The lease of Quay House ends on 9 July 2030.", True),
    ("How many days may porters take?", LEAVE, "Porters may take 12 days a year.", False),
    ("How many days?", LEAVE, "Drivers may take 12 days a year, porters 8 days.", True),
    ("What was the rent in 2022?", RENTS, "The rent in 2022 was €700.", False),
    ("What was the rent?", RENTS, "The rent was €700 in 2021 and €760 in 2022.", True),
    ("How old is Tom Vance?", AGES, "Tom Vance is 41.", False),
    ("How old is Rhea Lund?", AGES, "Rhea Lund is 29.", False),
    ("How old is Tom Vance?", AGES, "Tom Vance is 29.", True),
    ("What does the fund pay?", SHARES, "The fund pays 3%.", False),
    ("What does the fund pay?", SHARES, "The fund pays 7.5%.", True),
    ("Quel est le loyer du local B ?", LOCAUX, "Le loyer du local B est de 900 euros.", False),
    ("Quel est le loyer du local B ?", LOCAUX, "Le loyer du local B est de 1 200 euros.", True),
    ("When do porters work at the desk?", DUTY, "Porters work at the desk from 5:15 to 20:00.", False),
    ("When do porters work at the desk?", DUTY, "Porters work at the desk from 8:00 to 14:30.", True),
    ("When is the yard open?", DUTY, "The yard is open from 5:15 to 20:00.", True),
    ("When does the bath open?", HOURS, "The bath opens at 7.", False),
    ("When do both open?", HOURS, "The sauna opens at 7 and the bath at 10.", True),
]


@pytest.mark.parametrize(("question", "text", "said", "stated"), CASES)
def test_a_value_is_not_told_of_the_other_one(question, text, said, stated):
    language = "fr" if "loyer" in text else "en"
    sentences, _ = ground(said, question, [passage(text, language=language)], language)
    assert [sentence.supported for sentence in sentences] == [stated]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        # a later clause or point leaves out what was said before it
        ("The fund pays 4% for glasses and 9% for teeth.", "The fund pays 9% for teeth."),
        (
            "Bonus\n\n- Both targets met: 5% of pay\n- One target met: 2%",
            "The bonus is 2% of pay where one target is met.",
        ),
        # what it lacks stands before it, and the other statement is about something else
        (
            "Cyclists can claim mileage. The rate is 20p a mile. Walkers can claim 5p a mile.",
            "Cyclists claim 20p a mile.",
        ),
        ("Booth 7 is by the door. The fee is £30. Booth 7 has a deposit of £90.", "The fee for booth 7 is £30."),
        # the same in other words
        (POSTS, "Nils Brandt is warden of the guild."),
        # it holds of both
        ("Booth 3 costs £45 a day. Booth 7 costs £45 a day.", "Booth 7 costs £45 a day."),
    ],
)
def test_what_is_stated_of_it_in_its_place_stays(text, said):
    sentences, _ = ground(said, "", [passage(text)], "en")
    assert [sentence.supported for sentence in sentences] == [True]


def test_the_year_of_the_document_goes_for_all_that_it_says():
    text = "Cars are paid 45p a mile. From January 2024 bicycles are paid 20p a mile."
    question = "What is paid for cars by the 2024 policy?"
    for name, stated in (("travel-policy-2024.pdf", True), ("travel-policy.pdf", False)):
        sentences, _ = ground("Cars are paid 45p a mile.", question, [passage(text, name)], "en")
        assert sentences[0].supported is stated


@pytest.mark.parametrize(
    ("said", "stated"),
    [("Jonas Weller dirige le club.", False), ("Ada Holm dirige la guilde.", True), ("Elle dirige le club.", True)],
)
def test_somebody_who_is_not_in_a_passage_of_another_language_is_not_taken_from_there(said, stated):
    sentences, _ = ground(
        said, "Qui dirige la guilde ?", [passage(POSTS)], "fr", lambda text, others: [0.8 for _ in others]
    )
    assert [sentence.supported for sentence in sentences] == [stated]
