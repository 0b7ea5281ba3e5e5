from __future__ import annotations

import pytest

from ragapp.retrieval.question_language import QuestionLanguage, question_language, spoken_language


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("How many days of leave do I have after five years?", "en"),
        ("Who approves the trip when my manager is away?", "en"),
        ("Combien de jours de congé pour un mariage ?", "fr"),
        ("L'indemnité est-elle versée aux apprentis ?", "fr"),
        ("Wie viele Tage Urlaub bekommt man im ersten Jahr?", "de"),
        ("¿Cuántos días de vacaciones tengo en el primer año?", "es"),
        ("Quanti giorni di ferie ho e quando li posso prendere?", "it"),
        ("Hur många semesterdagar får jag varje år?", "sv"),
        ("Πόσες ημέρες άδειας έχω;", "el"),
        ("сколько дней отпуска положено сотруднику", "ru"),
    ],
)
def test_the_language_of_a_question_is_sure(question: str, language: str) -> None:
    assert question_language(question) == QuestionLanguage(language, 1.0)


@pytest.mark.parametrize(
    "question",
    [
        "",
        "?",
        "RTT 2024?",
        "E27",
        "notice period",
        "congés payés",
        "HM-200 price list 2025",
        "T(n) = 7n2 + 15n",
        "😀 🏳️‍🌈",
    ],
)
def test_key_words_and_codes_name_no_language(question: str) -> None:
    assert question_language(question) == QuestionLanguage()


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("When didn't the wage rise?", "en"),
        ("Why didn't the budget of T(n) grow?", "en"),
        ("Was the wage paid to d'Artagnan?", "en"),
        ("What does l'accord say?", "en"),
    ],
)
def test_stray_letters_are_no_words_of_another_language(question: str, language: str) -> None:
    assert question_language(question).code == language


def test_one_word_more_is_half_sure() -> None:
    assert question_language("Who approves travel?") == QuestionLanguage("en", 0.5)


def test_foreign_is_what_is_surely_in_another_language() -> None:
    asked = QuestionLanguage("en", 0.5)
    assert asked.foreign("fr") == 0.5
    assert asked.foreign("en") == 0
    assert asked.foreign("") == 0
    assert QuestionLanguage().foreign("fr") == 0


@pytest.mark.parametrize(
    ("question", "documents", "language"),
    [
        ("Holiday schedule", ["de"], "en"),
        ("Hi there", ["fr"], "en"),
        ("Überstunden?", ["en"], "de"),
        ("Anfahrt Parkplatz", ["en", "fr"], "de"),
        ("Tickets restaurant et congés payés", ["en"], "fr"),
        ("¿Teletrabajo?", ["en"], "es"),
        ("Orari ufficio", ["en"], "it"),
        ("Reiskosten", ["en"], "nl"),
        ("Licença de férias", ["en"], "pt"),
        ("Wie lange läuft der Mietvertrag?", ["en"], "de"),
        ("Hoeveel vakantiedagen krijg ik?", ["en"], "nl"),
        ("Quantos dias de férias tenho?", ["en"], "pt"),
        ("Hur många semesterdagar får jag varje år?", ["en"], "sv"),
        ("E27", ["fr", "en"], "fr"),
        ("HM-200", [], "en"),
        ("12/34 !?", ["en"], ""),
    ],
)
def test_the_language_to_answer_in_is_found_for_every_question(question, documents, language):
    assert spoken_language(question, documents) == language
