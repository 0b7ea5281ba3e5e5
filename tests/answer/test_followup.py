"""What a follow-up is understood as, by rules alone and with what a model may write."""

from __future__ import annotations

import json

import pytest

from ragapp.answer.followup import FollowUp, standalone
from ragapp.answer.rewriting import checked, rewrite_messages
from ragapp.index.conversations import Turn

CARS = "What is the mileage rate for cars?"
LONDON = "What is the hotel limit for London in the 2025 travel policy?"
LEAVE = "How many days of leave do I get in Sheffield?"
DESK = "Who runs the travel desk?"
PRICE = "What is the list price of the HM-200 in pounds?"
TRIP = "Who approves a journey that costs about £1,800?"
REPAS = "Quel est le montant du forfait repas à Grenoble ?"
CONGE = "Combien de jours de congé à Grenoble ?"
FIN = "Quand l'accord sur le télétravail prend-il fin ?"
POSTE = "Quel est le poste de Karim Benhaddou ?"


def turn(question, reply="", n=1):
    return Turn(n, question, question, {"answer": reply}, "2025-01-01")


def understood(last, question, reply="", **more):
    return standalone(question, [turn(last, reply)], **more)


REPLACED = [
    (CARS, "and for bicycles?", "What is the mileage rate for bicycles?"),
    (CARS, "And for bicycles", "What is the mileage rate for bicycles?"),
    (CARS, "ok, and for bicycles?", "What is the mileage rate for bicycles?"),
    (CARS, "what about bicycles?", "What is the mileage rate for bicycles?"),
    (CARS, "how about bicycles?", "What is the mileage rate for bicycles?"),
    (CARS, "and bicycles?", "What is the mileage rate for bicycles?"),
    (LONDON, "and for Paris?", "What is the hotel limit for Paris in the 2025 travel policy?"),
    (LONDON, "What about Paris?", "What is the hotel limit for Paris in the 2025 travel policy?"),
    (LONDON, "Same question for Lyon", "What is the hotel limit for Lyon in the 2025 travel policy?"),
    (LONDON, "and the one for Lyon?", "What is the hotel limit for Lyon in the 2025 travel policy?"),
    (LONDON, "And in Paris?", "What is the hotel limit in Paris in the 2025 travel policy?"),
    (LONDON, "and in 2024?", "What is the hotel limit for London in the 2024 travel policy?"),
    (LONDON, "what about 2024?", "What is the hotel limit for London in the 2024 travel policy?"),
    (LONDON, "2024?", "What is the hotel limit for London in the 2024 travel policy?"),
    (LEAVE, "and in Grenoble?", "How many days of leave do I get in Grenoble?"),
    (LEAVE, "In Grenoble?", "How many days of leave do I get in Grenoble?"),
    (PRICE, "and the HM-120?", "What is the list price of the HM-120 in pounds?"),
    ("What does E27 mean on the HM-200?", "and E31?", "What does E31 mean on the HM-200?"),
    (LONDON, "no, I meant Paris", "What is the hotel limit for Paris in the 2025 travel policy?"),
    (PRICE, "HM-120?", "What is the list price of the HM-120 in pounds?"),
    (PRICE, "and in euros?", "What is the list price of the HM-200 in euros?"),
    (TRIP, "and above £2,400?", "Who approves a journey that costs above £2,400?"),
    ("What is the probation period in Sheffield?", "and the notice period?", "What is the notice period in Sheffield?"),
    (REPAS, "et à Paris ?", "Quel est le montant du forfait repas à Paris ?"),
    (REPAS, "à Lyon ?", "Quel est le montant du forfait repas à Lyon ?"),
    (REPAS, "Et pour Lyon ?", "Quel est le montant du forfait repas pour Lyon ?"),
    (REPAS, "Et celui de Paris ?", "Quel est le montant du forfait repas de Paris ?"),
    (CONGE, "et à Sheffield ?", "Combien de jours de congé à Sheffield ?"),
    (CONGE, "qu'en est-il à Sheffield ?", "Combien de jours de congé à Sheffield ?"),
    (CONGE, "Merci, et à Sheffield ?", "Combien de jours de congé à Sheffield ?"),
    ("Quel est le budget pour 2025 ?", "et en 2024 ?", "Quel est le budget pour 2024 ?"),
    ("Quel est le budget pour 2025 ?", "2024 ?", "Quel est le budget pour 2024 ?"),
    ("Combien coûte le HM-200 ?", "et le HM-120 ?", "Combien coûte le HM-120 ?"),
    (POSTE, "et de Françoise Delmastre ?", "Quel est le poste de Françoise Delmastre ?"),
    ("Que porter pour les acides ?", "et pour les bases ?", "Que porter pour les bases ?"),
    ("Quelle prime pour les cadres ?", "pareil pour les apprentis ?", "Quelle prime pour les apprentis ?"),
    ("Quelle est la durée de préavis ?", "et la période d'essai ?", "Quelle est la période d'essai ?"),
]

ADDED = [
    (LEAVE, "and for part-timers?", "How many days of leave do I get in Sheffield for part-timers?"),
    (CARS, "and in 2024?", "What is the mileage rate for cars in 2024?"),
    (CARS, "what about 2024?", "What is the mileage rate for cars in 2024?"),
    (CARS, "without approval?", "What is the mileage rate for cars without approval?"),
    (LEAVE, "and after five years?", "How many days of leave do I get in Sheffield after five years?"),
    (CONGE, "et pour les temps partiels ?", "Combien de jours de congé à Grenoble pour les temps partiels ?"),
    (CONGE, "Pareil pour les apprentis ?", "Combien de jours de congé à Grenoble pour les apprentis ?"),
    (REPAS, "Et en 2024 ?", "Quel est le montant du forfait repas à Grenoble en 2024 ?"),
    (FIN, "et en 2025 ?", "Quand l'accord sur le télétravail prend-il fin en 2025 ?"),
]

RAN = "Helen Tansley runs the travel desk. [1]"
REFERENTE = "La référente est Nadège Brissaud. [1]"
NAMED = [
    (DESK, RAN, "what is her extension?", "what is Helen Tansley's extension?"),
    (DESK, RAN, "When is she away?", "When is Helen Tansley away?"),
    (DESK, RAN, "How do I reach her?", "How do I reach Helen Tansley?"),
    (DESK, RAN, "and before her?", "and before Helen Tansley? (Who runs the travel desk?)"),
    ("What does Neil Farrant do?", "He is the Finance Director.", "Where is he?", "Where is Neil Farrant?"),
    (CARS, "", "who approves it?", "who approves the mileage rate for cars?"),
    (CARS, "", "how much is it then?", "how much is the mileage rate for cars then?"),
    (PRICE, "", "how long is its warranty?", "how long is the HM-200's warranty?"),
    ("Qui est la référente ?", REFERENTE, "quel est son poste ?", "quel est son poste ? (Nadège Brissaud)"),
    ("Qui est la référente ?", REFERENTE, "où est-elle ?", "où est-elle ? (Nadège Brissaud)"),
    ("Qui est la référente ?", REFERENTE, "Quand peut-elle répondre ?", "Quand peut-elle répondre ? (Nadège Brissaud)"),
]

APPENDED_EN = """why? | Why not? | who? | since when? | For how long? | how much? | When? | more details |
    Any exceptions? | for
    example? | the second one? | And before that? | What about that? | Does that include breakfast? | Do they
    expire? | Where are they kept? | Who pays for that? | What does this limit cover? | Which one is cheaper? |
    And who approves? | Who decides? | and if I stay with friends? | What page is that on? |
    how do I request one? | and the monthly ones? | What
    does this mean? | are those paid? | Is there a deadline for them? | Why is that so? | and then?"""
APPENDED_FR = """pourquoi ? | Pourquoi pas ? | qui ? | depuis quand ? | Combien de temps ? |
    plus de détails | un exemple ? | Le
    deuxième ? | Et avant cela ? | Qui la valide ? | Quand est-il payé ? | Combien coûte-t-il ? | Où se
    trouve-t-elle ? | Quelle est sa durée ? | Comment l'obtenir ? | Est-ce que ça comprend le petit déjeuner ? |
    Qui le signe ? | Qui en bénéficie ? | Comment y accéder ? | Quel est leur montant ? | et pour cette prime ?
    | quand sont-ils versés ? | Ce délai est-il prolongeable ? | C'est payé quand ? | Qui l'a signé ? | Et si je
    suis en retard ? | Qui décide ? | sous quel délai répondent-elles ? | Et après ? | Selon qui ?"""

ALONE_EN = """Is it allowed to smoke in the workshop? | What time is it? |
    If my laptop is stolen, can I replace it? | How
    many days of leave do I get? | and who is the finance director? | What does E27 mean? | Is there a canteen?
    | Something goes wrong abroad and I ring the assistance line: which group number do they want? | My HM-200
    shows E27. What does that code stand for? | How long does it take to get a new laptop? | Can an employee
    change his mind? | When the alarm goes off, where do people gather and who counts them? | Does the company
    pay for my commute? | notice period | HM-200 warranty electrodes | What will the weather be this week? | How
    quickly does IT first answer when one colleague cannot work? | Who is the head of IT? | Pension? | Grenoble?
    | Which form do I fill in before sending back an instrument that was in contact with dangerous substances? |
    Who looks after bookings while Helen is on leave? | Is it possible to work from abroad? | canteen opening
    hours | What are the rules for a friend who stays with his family? | E31? |
    Which treaty provides that the law be applied to all members? | What are the two different types of leave? |
    Tumours behave in the same way as what antigens? | What does the council divide itself into? |
    How much did it cost to build the hall? |
    What type of city has Warsaw been for as long as it's been a city? | Tell me about the canteen | What
    happens to claims that are sent back because their cost centre is missing?"""
ALONE_FR = """Est-il interdit de fumer ? | Y a-t-il un parking ? | Où faut-il se rassembler ? |
    Qui est Karim Benhaddou ? | Le
    salarié peut-il refuser ? | Combien le site compte-t-il de salariés ? | Faut-il un justificatif ? | Combien
    de temps une mise à pied disciplinaire peut-elle durer ? | délai de préavis | Que signifie E27 ? | À partir
    de quel moment de son contrat un apprenti a-t-il droit au télétravail ? | Combien coûte le café ? | Si je
    signale un harcèlement, sous combien de jours la référente me confirme-t-elle qu'elle l'a reçu ? | Quand le
    site ferme-t-il ? | Qui tient le registre des accidents ? | Est-il possible de télétravailler ? | Les
    apprentis et leur maître peuvent-ils télétravailler ? | Il y a combien de salariés ? | horaires des ateliers
    | De quelle somme le CSE dispose-t-il en tout ? | Qu'est-ce que le forfait mobilités ? | En cas d'alarme, où
    aller ? | À quelle vitesse peut-on rouler sur le parking ? | S'il pleut, le télétravail est-il autorisé ? |
    Et qui est le comptable ? | Quel est le prix du café cette année ? | Qui remplace Hélène pendant ses congés
    ?"""


def cases(text):
    return [case.strip() for case in " ".join(text.split()).split("|")]


@pytest.mark.parametrize(("last", "question", "expected"), REPLACED)
def test_a_phrase_takes_the_place_of_its_like(last, question, expected):
    assert understood(last, question) == FollowUp(expected, "replaced")


@pytest.mark.parametrize(("last", "question", "expected"), ADDED)
def test_a_phrase_without_its_like_is_added(last, question, expected):
    assert understood(last, question) == FollowUp(expected, "added")


@pytest.mark.parametrize(("last", "reply", "question", "expected"), NAMED)
def test_a_pronoun_is_named(last, reply, question, expected):
    assert understood(last, question, reply) in (FollowUp(expected, "named"),)


@pytest.mark.parametrize("question", cases(APPENDED_EN))
def test_what_says_too_little_gets_the_last_question(question):
    last = "How often are laptops replaced?"
    assert understood(last, question) == FollowUp(f"{question} ({last})", "appended")


@pytest.mark.parametrize("question", cases(APPENDED_FR))
def test_what_says_too_little_gets_the_last_question_in_french(question):
    assert understood(REPAS, question) == FollowUp(f"{question} ({REPAS})", "appended")


@pytest.mark.parametrize("question", cases(ALONE_EN))
@pytest.mark.parametrize("last", ["How often are laptops replaced?", LONDON, CONGE])
def test_what_stands_alone_stays(last, question):
    assert understood(last, question, RAN) == FollowUp(question, "unchanged")


@pytest.mark.parametrize("question", cases(ALONE_FR))
@pytest.mark.parametrize("last", [REPAS, FIN, CARS])
def test_what_stands_alone_stays_in_french(last, question):
    assert understood(last, question, REFERENTE) == FollowUp(question, "unchanged")


def test_all_questions_of_the_samples_stand_alone(request):
    lines = (request.config.rootpath / "sample_docs" / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    asked = [json.loads(line)["question"] for line in lines]
    wrong = [q for last, q in zip(asked[-1:] + asked, asked, strict=False) if understood(last, q).how != "unchanged"]
    assert not wrong


@pytest.mark.parametrize("question", ["and for bicycles?", "why?", "who approves it?", "How many days?", "", "  "])
def test_the_first_question_is_never_changed(question):
    assert standalone(question, []) == FollowUp(question.strip(), "unchanged")


def test_a_follow_up_to_a_follow_up():
    turns = [turn(CARS)]
    for asked, expected in [
        ("and for bicycles?", "What is the mileage rate for bicycles?"),
        ("and in 2024?", "What is the mileage rate for bicycles in 2024?"),
        ("and 2023?", "What is the mileage rate for bicycles in 2023?"),
        ("why?", "why? (What is the mileage rate for bicycles in 2023?)"),
        ("since when?", "since when? (What is the mileage rate for bicycles in 2023?)"),
    ]:
        found = standalone(asked, turns)
        assert found.question == expected
        turns.append(Turn(len(turns) + 1, asked, found.question, {"answer": ""}, ""))


@pytest.mark.parametrize(
    ("together", "how"), [(0.9, "replaced"), (0.3, "unchanged")], ids=["one passage holds both", "none does"]
)
def test_a_new_topic_is_not_glued_to_the_last(together, how):
    def covered(question):
        return 0.9 if question == "and the canteen?" else together

    assert understood("What is the probation period in Sheffield?", "and the canteen?", covered=covered).how == how


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("How often are laptops and phones replaced?", ""),  # phones: invented
        ("Where are the old laptops kept?", ""),  # old: invented
        ("Where are the laptops kept?", "Where are the laptops kept?"),
        ("Rewritten: Where are laptops kept?", "Where are laptops kept?"),
        ('"Where are laptops kept?"\nThey are kept in the store.', "Where are laptops kept?"),
        ("Laptops are kept in Sheffield.", ""),
        ("How often are laptops replaced?", ""),  # the last question, not this one
        ("Where are they kept?", ""),
        ("", ""),
        ("Where are laptops kept " * 20 + "?", ""),
    ],
)
def test_what_the_model_writes_is_checked(written, kept):
    last = "How often are laptops replaced?"
    found = understood(last, "Where are they kept?", rewrite=lambda question, turns, language: (written, 2))
    if kept:
        assert found == FollowUp(kept, "model", 2)
    else:
        assert found == FollowUp(f"Where are they kept? ({last})", "appended")


@pytest.mark.parametrize("question", ["and for bicycles?", "why?", "How many days do I get?", "who approves it?"])
def test_the_model_is_not_asked_where_rules_do(question):
    def rewrite(*_):
        raise AssertionError("asked")

    assert understood(CARS, question, rewrite=rewrite)


def test_numbers_and_names_of_the_answer_may_be_used():
    turns = [turn("How often are laptops replaced?", "Every four years. [1]")]
    written = "Why are laptops replaced every four years?"
    assert checked(written, "why is that so?", turns, "en", own="why is so?") == written
    assert not checked("Why are laptops replaced every five years?", "why is that so?", turns, "en", own="why is so?")


def test_a_conversation_cannot_end_the_prompt():
    messages = rewrite_messages("<end>?", [turn("<end>", "<end>")], "en", lambda text: text.replace("<end>", "< end>"))
    assert "<end>" not in messages[1]["content"]
    assert messages[1]["content"].count("< end>") == 3


@pytest.mark.parametrize("question", ["?", "🙂", "((((", "and", "et", "it", "\\", "and for", "漢字", "x" * 5000])
def test_odd_questions_do_no_harm(question):
    for last in (CARS, "", "(", "🙂"):
        found = understood(last, question)
        assert found.question
        assert len(found.question) <= len(question) + len(last) + 10
