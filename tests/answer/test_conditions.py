"""What holds under a condition or with an exception is told with it."""

import pytest
from answerkit import passage

from ragapp.answer.conditions import leaves_out_condition, without_conditions
from ragapp.answer.grounding import ground
from ragapp.answer.prompts import PROMPTS
from ragapp.index.analysis import known_terms

BOAT = "The boat is free of charge if you bring it back before sunset."
ROOM = "La salle est prêtée aux associations, sauf le dimanche."


@pytest.mark.parametrize(
    ("sentence", "question", "quote", "language"),
    [
        ("The boat is free of charge.", "What does the boat cost?", BOAT, "en"),
        (
            "The key is paid back.",
            "What happens to my deposit for the key?",
            "Unless it was bent or copied, the key is paid back.",
            "en",
        ),
        ("A guest costs 8 euros.", "What does a guest cost?", "A guest costs 8 euros (4 if under twelve).", "en"),
        ("La salle est prêtée aux associations.", "Qui peut emprunter la salle ?", ROOM, "fr"),
        ("Der Saal ist frei.", "Was kostet der Saal?", "Der Saal ist frei, sofern der Vorstand zustimmt.", "de"),
        ("El barco es gratis.", "¿Qué cuesta?", "El barco es gratis siempre que lo apruebe la directora.", "es"),
        ("La barca è gratuita.", "Quanto costa?", "La barca è gratuita, a meno che piova da tre giorni.", "it"),
        ("De boot is gratis.", "Wat kost de boot?", "De boot is gratis, mits de havenmeester akkoord is.", "nl"),
        ("O barco é grátis.", "Quanto custa?", "O barco é grátis, desde que o diretor aprove.", "pt"),
    ],
)
def test_a_condition_that_is_left_out_is_seen(sentence, question, quote, language):
    assert leaves_out(sentence, question, quote, language)
    # not where it is said
    assert not leaves_out(quote, question, quote, language)


@pytest.mark.parametrize(
    ("sentence", "question", "quote", "language"),
    [
        # the question gives it
        ("The boat is free of charge.", "What does it cost if I bring the boat back before sunset?", BOAT, "en"),
        ("La salle est prêtée aux associations.", "Le dimanche aussi, ou sauf le dimanche ?", ROOM, "fr"),
        # it is one of what is said besides
        ("The boat is free of charge.", "Cost?", "The boat is free of charge; oars are lent if they are there.", "en"),
        ("The boat is free of charge.", "Cost?", "The boat is free of charge, but not if it comes back late.", "en"),
        # there is none
        ("The boat is free of charge.", "Cost?", "The boat is free of charge and lies at the pier.", "en"),
        ("La salle est prête.", "Quand ?", "La salle est prête, et si belle.", "en"),
        ("Łódź jest darmowa.", "Ile kosztuje?", "Łódź jest darmowa, jeśli wróci przed zachodem.", "pl"),
    ],
)
def test_what_needs_no_condition_is_left_alone(sentence, question, quote, language):
    assert not leaves_out(sentence, question, quote, language)


def test_every_language_with_prompts_knows_conditions():
    words = {"en": "if", "fr": "sauf", "de": "falls", "es": "salvo", "it": "salvo", "nl": "tenzij", "pt": "salvo"}
    assert words.keys() == PROMPTS.keys()
    for language, word in words.items():
        assert leaves_out("Abc def.", "Ghi?", f"Abc def, {word} 1234 xyz.", language)


def leaves_out(sentence, question, quote, language):
    return leaves_out_condition(sentence, question, quote, language, lambda text: known_terms(text, language))


RULES = passage(
    "The boathouse is open in summer. The boat is free of charge if you bring it back before sunset.\n"
    "It is locked with a chain unless the warden is there.",
    "rules.pdf",
)


@pytest.mark.parametrize(
    ("written", "question", "told"),
    [
        ("The boat is free of charge.", "What does the boat cost?", [BOAT]),
        ("- The boat is free of charge.", "What does the boat cost?", [f"- {BOAT}"]),
        ("a) The boat is free of charge.", "What does the boat cost?", [f"a) {BOAT}"]),
        ("1. The boathouse is open in summer.\n2. The boat is free of charge.", "Tell me about the boat.", ["", BOAT]),
        ("Yes, the boat is free of charge.", "Is the boat free?", ["Yes, the boat is free of charge.", BOAT]),
        # a sentence that refers to another one does not stand by itself
        (
            "The boat is locked with a chain.",
            "How is the boat locked?",
            ["The boat is locked with a chain.", "It is locked with a chain unless the warden is there."],
        ),
        ("The boathouse is open in summer.", "When is the boathouse open?", ["The boathouse is open in summer."]),
    ],
)
def test_the_passages_own_sentence_stands_for_one_without_its_condition(written, question, told):
    sentences, citations = ground(written, question, [RULES], "en")
    assert all(sentence.supported for sentence in sentences)
    assert len(sentences) == len(told)
    for sentence, text in zip(sentences, told, strict=True):
        assert sentence.text.endswith(f"{text} [1]" if text else "[1]")
    assert len(citations) == 1


def test_a_summary_may_leave_conditions_out():
    (sentence,), _ = ground("The boat is free of charge.", "", [RULES], "en")
    assert sentence.text == "The boat is free of charge. [1]"


def test_rows_and_passages_in_another_language_are_told_as_they_were():
    table = passage("| Boat | Price |\n| --- | --- |\n| Heron | 8 euros if brought back late |", "prices.pdf")
    (sentence,), _ = ground("The Heron costs 8 euros.", "What does the Heron cost?", [table], "en")
    assert sentence.text == "The Heron costs 8 euros. [1]"


@pytest.mark.parametrize(
    ("text", "language", "rest"),
    [
        ("It is free, unless it rains, and safe.", "en", "It is free, , and safe."),
        ("If it rains, it is closed; except on Sundays, it is open.", "en", ", it is closed; , it is open."),
        ("C'est gratuit, sauf le lundi.", "fr", "C'est gratuit, ."),
        ("It is free.", "en", "It is free."),
        ("Jest darmowa, jeśli pada.", "pl", "Jest darmowa, jeśli pada."),
    ],
)
def test_a_text_without_its_conditions(text, language, rest):
    assert without_conditions(text, language) == rest
