import pytest
from answerkit import passage

from ragapp.answer.grounding import ground
from ragapp.answer.subjects import missing_particulars, particulars


@pytest.mark.parametrize(
    ("question", "language", "given"),
    [
        ("When does the lease with Hollin Bakery end?", "en", ["Hollin Bakery"]),
        ("What does code E27 of the KM-310 mean?", "en", ["E27", "KM-310"]),
        ("What is the rent of hall 3 in 2024?", "en", ["hall 3", "2024"]),
        ("What changed in version 2.1?", "en", ["version 2.1"]),
        ("How much is bill 2025-0417?", "en", ["2025-0417"]),
        ("What do I get after 5 years for 20 people at 45p a mile?", "en", []),
        ("What is due on 3 March?", "en", []),
        ("Can I fly this year's route on Monday?", "en", []),
        ("Quel est le salaire de Lucie Arnal ?", "fr", ["Lucie Arnal"]),
        ("Wie lange läuft der Vertrag mit Hollin Backwaren?", "de", ["Hollin Backwaren"]),
        ("Wie viele Tage Urlaub bekommt man im ersten Jahr der Ausbildung?", "de", []),
        ("¿Cuánto cuesta la sala 4?", "es", ["sala 4"]),
        ("My lease ends on the 9th of May. Until when may Dr. Anna Holm stay?", "en", ["Anna Holm"]),
        ("We bought it from J. R. Tolland. Who repairs it?", "en", ["J. R. Tolland"]),
        ("", "en", []),
    ],
)
def test_particulars_of_a_question(question, language, given):
    assert [one.text for one in particulars(question, language)] == given


CLAUSE = passage(
    "Either party may end the agreement with a notice of ten weeks. In 2023 the fee was 410.",
    "agreement-treves.docx",
    title="Cleaning agreement",
    headings=("Term of Hall 2",),
)


@pytest.mark.parametrize(
    ("question", "missing"),
    [
        ("What is the notice of the agreement with Treves?", set()),
        ("What is the notice of the agreement with Trèves Garage?", {"Trèves Garage"}),
        ("What is the notice of the agreement with Hollin?", {"Hollin"}),
        ("What is the notice for the Treves' agreement?", set()),
        ("What was the fee in 2023?", set()),
        ("What was the fee in 2021?", {"2021"}),
        ("What was the fee in 2022 and 2023?", set()),
        ("Is the notice the same for Hollin or Treves?", set()),
        ("What is the notice in hall 2?", set()),
        ("What is the notice in hall 5?", {"hall 5"}),
        ("What is the notice of code XR-7?", {"XR-7"}),
        ("What is the notice?", set()),
    ],
)
def test_what_a_passage_lacks_of_them(question, missing):
    assert missing_particulars(question, CLAUSE, "en") == missing


def test_the_beginning_of_a_document_says_whose_it_is():
    question = "What is the notice of the agreement with Trèves Garage?"
    assert missing_particulars(question, CLAUSE, "en", "between Ash Services and Treves Garage (the client)") == set()


def test_spellings_forms_and_ranges():
    shown = passage("The KM310 of the Normans was sold from 2019 to 2024 by the Mountain Rescue Council (MRC).")
    for question in (
        "Who sold the KM-310?",
        "Who sold it in 2021?",
        "Was it sold by the MRC?",
        "Who sold it to the Norman?",
        "Was it sold by the Montain Rescue Council?",
    ):
        assert missing_particulars(question, shown, "en") == set(), question


def test_names_are_asked_of_a_passage_in_another_language_only_where_a_document_has_them():
    shown = passage("Le préavis est de dix semaines.", language="fr")
    question = "What is the notice for Hollin Bakery?"
    assert missing_particulars(question, shown, "en") == set()
    assert missing_particulars(question, shown, "en", spelled=lambda word: True) == {"Hollin Bakery"}
    assert missing_particulars("What is the notice for KM-310?", shown, "en") == {"KM-310"}


def test_a_place_that_no_document_has_may_be_one_of_those_that_a_rule_is_for():
    shown = passage("The head of department approves trips abroad.")
    assert missing_particulars("Who approves a trip to Norway?", shown, "en", spelled=lambda word: False) == set()
    assert missing_particulars("Who approves a trip to Norway?", shown, "en", spelled=lambda word: True) == {"Norway"}


def test_a_sentence_about_one_is_not_stated_by_a_passage_about_another():
    sentence = "The notice is ten weeks."
    for question, stated in (
        ("What is the notice of the agreement with Treves?", True),
        ("What is the notice of the agreement with Hollin?", False),
        ("What is the notice with Hollin, and what is the notice with Treves?", True),
    ):
        assert ground(sentence, question, [CLAUSE], "en")[0][0].supported is stated, question


@pytest.mark.parametrize(
    ("question", "language", "text", "missing"),
    [
        ("Who is the fire safety officer?", "en", "Lena Ott is the fire safety officer.", set()),
        ("Who is the FSO and fire safety officer?", "en", "FSO: Lena Ott", set()),
        ("Who is the data protection officer?", "en", "Lena Ott is the fire safety officer.", {"data protection"}),
        ("Qui est le responsable de la paie ?", "fr", "Le responsable des achats est Luc Arnal.", {"paie"}),
        ("Qui est le responsable des achats ?", "fr", "Le responsable des achats est Luc Arnal.", set()),
        ("Wer ist Datenschutzbeauftragter?", "de", "Brandschutzbeauftragte ist Lena Ott.", {"Datenschutzbeauftragter"}),
        ("Wer ist Brandschutzbeauftragter?", "de", "Brandschutzbeauftragte ist Lena Ott.", set()),
        ("What does the safety officer do?", "en", "The store opens at 8.", set()),
    ],
)
def test_a_role_whose_holder_is_asked_for(question, language, text, missing):
    assert missing_particulars(question, passage(text, language=language), language) - {"FSO"} == missing
