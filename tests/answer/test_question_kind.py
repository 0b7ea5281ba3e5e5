"""What questions ask for, in many wordings of people."""

import pytest

from ragapp.answer.question_kind import MOST_PARTS, question_kind


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("What is the hotel limit for London?", "en"),
        ("How many days of leave do I get?", "en"),
        ("Who approves trips to Austria that cost more than £1,800?", "en"),
        ("When will the new boiler arrive?", "en"),
        ("notice period", "en"),
        ("What was sold between March and May?", "en"),
        ("Who leads R&D?", "en"),
        ("Who is the head of research and development?", "en"),
        ("Where do I find the Terms and Conditions?", "en"),
        ("Which form do I fill in before I return a meter that was used and cleaned?", "en"),
        ("Is the salary paid weekly or monthly?", "en"),
        ("If I drive my own car and sleep at a friend's, what can I claim?", "en"),
        ("Can you tell me how long the warranty is?", "en"),
        ("How long is the break and rest room open?", "en"),
        ("Which employees who live in Leeds and who have a car get the allowance?", "en"),
        ("When was St. Anne's clinic opened?", "en"),
        ("Which office did George W. Marsh hold?", "en"),
        ("The levy is paid on paper, ink, and what?", "en"),
        ("Ink and which other goods are taxed?", "en"),
        ("What is the extension of the finance and the HR manager?", "en"),
        ("Who are the chair and his deputies?", "en"),
        ("What is the share of water and of salt?", "en"),
        ("Quel était le poste de M. Verdier ?", "fr"),
        ("À quelle date la caution est-elle rendue ?", "fr"),
        ("Auprès de qui la demande doit-elle être faite ?", "fr"),
        ("Quand, où et par qui fut signé le bail ?", "fr"),
        ("Quel est le nom des voisins du gardien et ses horaires ?", "fr"),
        ("Quel est le montant de la prime ?", "fr"),
        ("Combien de jours entre le 1er mars et le 15 mai ?", "fr"),
        ("Qui dirige la recherche et le développement ?", "fr"),
        ("Mot de passe wifi ?", "fr"),
        ("La piscine ouvre à quelle heure ?", "fr"),
        ("Mon chef a dit oui. On s'adresse à qui ?", "fr"),
        ("Pouvez-vous me dire quel est le plafond pour Paris ?", "fr"),
        ("Wie lange gilt die Garantie?", "de"),
        ("¿Cuánto cuesta la tarjeta?", "es"),
        ("Quanto costa la tessera?", "it"),
        ("Hoeveel kost de kaart?", "nl"),
        ("Quanto custa o cartão?", "pt"),
        ("", "en"),
        ("???", "xx"),
    ],
)
def test_one_fact(question, language):
    asked = question_kind(question, language)
    assert (asked.kind, asked.several, asked.parts) == ("fact", False, ())


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Is overtime paid?", "en"),
        ("Does the policy cover dogs and cats?", "en"),
        ("May apprentices work from home?", "en"),
        ("If I lose my badge, do I have to pay?", "en"),
        ("Are there any exceptions?", "en"),
        ("Smoking is allowed on the balcony, right?", "en"),
        ("Les stagiaires peuvent-ils voyager en première classe ?", "fr"),
        ("Est-ce que le café est gratuit ?", "fr"),
        ("Un visiteur peut-il circuler seul ?", "fr"),
        ("Doit-on fournir une facture ?", "fr"),
        ("Y a-t-il des exceptions ?", "fr"),
        ("Mon fils a onze ans. Il a le droit de nager seul ?", "fr"),
        ("Les chiens sont admis ?", "fr"),
        ("C'est gratuit ?", "fr"),
        ("My lease ends in May. Do I have to paint the walls?", "en"),
        ("My lease ends in May, so do I have to paint the walls?", "en"),
        ("Ist Hundehaltung erlaubt?", "de"),
        ("¿Está cubierto el motor?", "es"),
        ("È coperto il motore?", "it"),
        ("Is het motorblok gedekt?", "nl"),
        ("Está coberto o motor?", "pt"),
    ],
)
def test_yes_or_no(question, language):
    assert question_kind(question, language).kind == "yes_no"


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("What are the conditions for a refund?", "en"),
        ("How does the loan of tools work?", "en"),
        ("How do I report an accident?", "en"),
        ("What happens if I lose my key?", "en"),
        ("I leave with a loan still open. What becomes of it?", "en"),
        ("Mon chef a refusé ma demande. Qu'est-ce que je peux faire ?", "fr"),
        ("Please explain the appeal procedure.", "en"),
        ("What is covered under dental care?", "en"),
        ("What does the basic plan include?", "en"),
        ("Why was the test stopped?", "en"),
        ("Comment résilier le contrat ?", "fr"),
        ("Que se passe-t-il en cas de retard ?", "fr"),
        ("Dans quelles conditions peut-on sous-louer ?", "fr"),
        ("Expliquez la procédure de réclamation.", "fr"),
        ("Wie funktioniert die Ausleihe?", "de"),
        ("¿Qué pasa si pierdo la llave?", "es"),
        ("Come funziona il prestito?", "it"),
        ("Hoe werkt het lenen?", "nl"),
        ("Como funciona o empréstimo?", "pt"),
    ],
)
def test_several_things(question, language):
    asked = question_kind(question, language)
    assert (asked.kind, asked.several, asked.parts) == ("open", True, ())


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("List all suppliers of paint from Spain.", "en"),
        ("Which lifts are out of order?", "en"),
        ("Liste les agences de Bretagne.", "fr"),
        ("Quelles sont les sanctions possibles ?", "fr"),
        ("Nenne alle Lieferanten aus Polen.", "de"),
    ],
)
def test_lists(question, language):
    assert question_kind(question, language).kind == "list"


@pytest.mark.parametrize(
    ("question", "language", "parts"),
    [
        (
            "Which treatments are covered, and what are the exceptions?",
            "en",
            ["Which treatments are covered", "what are the exceptions"],
        ),
        ("What is the notice period and who has to sign?", "en", ["What is the notice period", "who has to sign"]),
        ("When and where is the party?", "en", ["When is the party", "where is the party"]),
        ("What are the excess and the waiting period?", "en", ["the excess", "the waiting period"]),
        (
            "What is the limit for Oslo and for Rome?",
            "en",
            ["What is the limit for Oslo", "What is the limit for Rome"],
        ),
        (
            "What is the fee, who pays it, and when is it due?",
            "en",
            ["What is the fee", "who pays it", "when is it due"],
        ),
        ("Tell me what the ceiling is and when it applies.", "en", ["what the ceiling is", "when it applies"]),
        (
            "I work in Cork. What do I get per mile? And who pays for parking?",
            "en",
            ["What do I get per mile", "who pays for parking"],
        ),
        ("Please answer: 1) the excess 2) the waiting period", "en", ["the excess", "the waiting period"]),
        ("Quel est le plafond et qui doit signer ?", "fr", ["Quel est le plafond", "qui doit signer"]),
        ("Quand et où a lieu la fête ?", "fr", ["Quand a lieu la fête", "où a lieu la fête"]),
        ("Quels sont la franchise et le délai de carence ?", "fr", ["la franchise", "le délai de carence"]),
        ("Wie hoch ist die Miete und wer zahlt sie?", "de", ["Wie hoch ist die Miete", "wer zahlt sie"]),
        ("¿Cuál es el plazo y quién firma?", "es", ["Cuál es el plazo", "quién firma"]),
        ("Qual è il termine e chi firma?", "it", ["Qual è il termine", "chi firma"]),
        ("Wat is de termijn en wie tekent?", "nl", ["Wat is de termijn", "wie tekent"]),
        ("Qual é o prazo e quem assina?", "pt", ["Qual é o prazo", "quem assina"]),
    ],
)
def test_parts(question, language, parts):
    assert [part.words for part in question_kind(question, language).parts] == parts


def test_a_part_that_leans_on_another_is_asked_with_it():
    first, second = question_kind("Which treatments are covered, and what are the exceptions?", "en").parts
    assert first.question == "Which treatments are covered?"
    assert second.question == "what are the exceptions? (Which treatments are covered)"
    excess, waiting = question_kind("What are the excess and the waiting period for dental care?", "en").parts
    assert excess.question == "What are the excess for dental care?"
    assert waiting.question == "What are the waiting period for dental care?"
    mileage, parking = question_kind("I work in Cork. What do I get per mile? And who pays for parking?", "en").parts
    assert mileage.question.startswith("I work in Cork. What")
    assert parking.question.startswith("I work in Cork. who pays")


def test_each_part_has_a_kind_of_its_own():
    parts = question_kind("How long is the warranty, does it cover frost, and what are the exceptions?", "en").parts
    assert [part.kind for part in parts] == ["fact", "yes_no", "open"]


def test_of_twenty_parts_some_are_left_out():
    asked = question_kind(" ".join(f"{n}. Who runs site {n}?" for n in range(1, 21)), "en")
    assert len(asked.parts) == MOST_PARTS
    assert asked.parts_left_out == 20 - MOST_PARTS


@pytest.mark.parametrize(
    ("question", "language", "items", "aspect"),
    [
        (
            "What is the difference between the 2023 and the 2024 tariff for offices?",
            "en",
            ("the 2023 tariff", "the 2024 tariff"),
            "for offices",
        ),
        ("Compare the Alto and the Basso.", "en", ("the Alto", "the Basso"), ""),
        ("How does plan A differ from plan B?", "en", ("plan A", "plan B"), ""),
        (
            "Which has the longer warranty: the Alto or the Basso?",
            "en",
            ("Alto", "Basso"),
            "Which has the longer warranty",
        ),
        ("Quelle est la différence entre un blâme et une mutation ?", "fr", ("un blâme", "une mutation"), ""),
        ("Was ist der Unterschied zwischen Tarif A und Tarif B?", "de", ("Tarif A", "Tarif B"), ""),
    ],
)
def test_comparisons(question, language, items, aspect):
    asked = question_kind(question, language)
    assert asked.kind == "comparison"
    assert (asked.items, asked.aspect) == (items, aspect)


def test_languages_without_rules_are_read_as_english():
    assert question_kind("What is the fee and who pays it?", "fi") == question_kind(
        "What is the fee and who pays it?", "en"
    )


@pytest.mark.parametrize(
    "question", ["a" * 20_000, "and " * 3000, "what is " * 2000, "(1) " * 500, "?" * 5000, "le " * 5000]
)
@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.timeout(10)
def test_odd_questions_cost_little(question, language):
    assert question_kind(question, language).kind


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
    assert ("list" in {question_kind(question, language).kind for language in ("en", "fr")}) is wanted
