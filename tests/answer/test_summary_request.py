from types import SimpleNamespace

import pytest

from ragapp.answer.question_kind import question_kind
from ragapp.answer.summary_request import load_rules, summary_request

DOCUMENTS = [
    SimpleNamespace(name="offer-07.docx", title="Offer"),
    SimpleNamespace(name="offer-08.docx", title="Offer"),
    SimpleNamespace(name="house_rules.pdf", title="House rules 2025"),
    SimpleNamespace(name="plage.md", title="Règlement de la plage"),
    SimpleNamespace(name="parking.md", title="Parking"),
]


def named(question, documents=DOCUMENTS):
    found = summary_request(question, lambda: documents)
    return [row.name for row in found.documents] if found else []


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("Summarise the document offer-07.docx", "offer-07.docx"),
        ("Summarise “offer-07.docx”.", "offer-07.docx"),
        ("Please summarize offer-08", "offer-08.docx"),
        ("Summarise offer 08 for me, please", "offer-08.docx"),
        ("Can you give me a short summary of the House rules 2025?", "house_rules.pdf"),
        ("I'd like a summary of the document house_rules.pdf", "house_rules.pdf"),
        ("Provide a brief summary of the house rules in three sentences", "house_rules.pdf"),
        ("house_rules.pdf: summary", "house_rules.pdf"),
        ("TL;DR offer-07.docx", "offer-07.docx"),
        ("What is offer-07.docx about?", "offer-07.docx"),
        ("What is in offer-07.docx?", "offer-07.docx"),
        ("Give me the main points of offer-08", "offer-08.docx"),
        ("Sum the house rules up", "house_rules.pdf"),
        ("Summarise in French the document offer-07.docx", "offer-07.docx"),
        ("Résume le document offer-07.docx", "offer-07.docx"),
        ("Fais-moi un résumé du fichier house_rules.pdf", "house_rules.pdf"),
        ("Pouvez-vous me résumer le règlement de la plage, s'il vous plaît ?", "plage.md"),
        ("Je voudrais une synthèse du reglement de la plage", "plage.md"),
        ("Résume en deux phrases le règlement", "plage.md"),
        ("De quoi parle le règlement de la plage ?", "plage.md"),
        ("Que dit le fichier plage.md ?", "plage.md"),
        ("Fasse das Dokument offer-08.docx zusammen", "offer-08.docx"),
        ("Können Sie mir offer-08.docx kurz zusammenfassen?", "offer-08.docx"),
        ("Resume el documento offer-07.docx", "offer-07.docx"),
        ("Riassumi il documento house rules", "house_rules.pdf"),
        ("Vat het document offer-08.docx samen", "offer-08.docx"),
        ("Resuma o documento offer-07.docx", "offer-07.docx"),
    ],
)
def test_the_document_that_is_to_be_summarised(question, name):
    assert named(question) == [name]


@pytest.mark.parametrize(
    "question",
    [
        "Summarise the prices of offer-07.docx",
        "What does the summary of offer-07.docx say?",
        "Summarise offer-09.docx",
        "Summarise the rules for dogs",
        "Résume les règles de la piscine",
        # the name of a file that is also a word says nothing of a document
        "What does the parking say about bikes?",
        "What is parking?",
        "What is in the parking?",
        "Give me an overview of the rules",
        "",
    ],
)
def test_what_is_no_request_for_the_summary_of_a_document(question):
    assert named(question) == []


def test_where_several_may_be_meant_all_are_told():
    assert named("Summarise the offer") == ["offer-07.docx", "offer-08.docx"]
    assert named("Résume ce document") == [row.name for row in DOCUMENTS]


def test_the_document_is_the_only_one_that_there_is():
    assert named("Summarise this document for me", DOCUMENTS[3:4]) == ["plage.md"]
    assert named("Summarise this document for me", []) == []
    assert named("Summarise this for me", DOCUMENTS[3:4]) == []


@pytest.mark.parametrize(
    ("question", "language", "sentences"),
    [
        ("Summarise offer-07.docx", "", 0),
        ("Summarise offer-07.docx in French", "fr", 0),
        ("Summarise offer-07.docx in five bullet points, please", "", 5),
        ("Résume offer-07.docx en anglais, en 4 phrases", "en", 4),
        ("Fasse offer-07.docx in drei Sätzen zusammen", "", 3),
        ("Summarise offer-07.docx in 100 words", "", 5),
    ],
)
def test_what_is_said_of_the_summary(question, language, sentences):
    found = summary_request(question, lambda: DOCUMENTS)
    assert (found.language, found.sentences) == (language, sentences)


def test_documents_are_listed_only_for_a_question_that_asks_for_a_summary():
    def listed():
        raise AssertionError("they need not be listed")

    assert summary_request("How long is the notice period?", listed) is None


def test_each_language_has_all_rules():
    assert {frozenset(rules) for rules in load_rules().values()} == {frozenset(load_rules()["en"])}
    assert {frozenset(rules["languages"]) for rules in load_rules().values()} == {frozenset(load_rules())}


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Summarise the rules for dogs", "en"),
        ("Can you give me an overview of the prices?", "en"),
        ("Pouvez-vous me résumer les règles de la piscine ?", "fr"),
        ("Donne-moi un résumé des règles de la piscine", "fr"),
        ("Fasse die Regeln zusammen", "de"),
    ],
)
def test_the_summary_of_a_subject_has_more_than_one_sentence(question, language):
    asked = question_kind(question, language)
    assert (asked.kind, asked.several) == ("open", True)
